#!/usr/bin/env bash
# Packs a built program: what is in the packages is said in Cargo.toml, and what is made from the
# program's flags (manual page, completions) is made here.
#
#   deploy/packages/build.sh PROGRAM FOLDER     writes FOLDER/s3-exporter_*.deb and s3-exporter-*.rpm
#
# PACKAGE_FAST=1 hardly compresses them. For another machine's program, PACKAGE_TARGET=aarch64-unknown-linux-gnu; this machine has to be able
# to run it, or S3_EXPORTER=OTHER names one of the same version that it can.
set -euo pipefail
program=$(realpath "$1")
mkdir -p "$2"
folder=$(realpath "$2")
runs=${S3_EXPORTER:-$program}
cd "$(dirname "$0")/../.."

stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
target=(${PACKAGE_TARGET:+--target "$PACKAGE_TARGET"})
made=$stage/${PACKAGE_TARGET:+$PACKAGE_TARGET/}release
mkdir -p "$made/package"
cp "$program" "$made/s3-exporter"
"$runs" man | gzip -9n >"$made/package/s3-exporter.1.gz"
"$runs" completions bash >"$made/package/s3-exporter"
"$runs" completions zsh >"$made/package/_s3-exporter"
"$runs" completions fish >"$made/package/s3-exporter.fish"

fast=(${PACKAGE_FAST:+--fast})
payload=${PACKAGE_FAST:+none}
export CARGO_TARGET_DIR=$stage
cargo deb --no-build --no-strip --output "$folder/" "${fast[@]}" "${target[@]}" >&2
cargo generate-rpm --payload-compress "${payload:-zstd}" --output "$folder/" "${target[@]}" >&2
ls "$folder"/s3-exporter_*.deb
ls "$folder"/s3-exporter-*.rpm
