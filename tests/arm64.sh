#!/usr/bin/env bash
# Compiles the exporter for arm64 as the build of the image does, with deploy/image/target.sh and what
# that installs, and prints where the program is. It is laid over this machine, and goes with this
# script, but for Rust's standard library for arm64. Needs to be root, on Debian or Ubuntu.
#
# The program is hardly optimised: that would take by far the longest, and no test looks at it.
set -euo pipefail
cd "$(dirname "$0")/.."

if [ "${1:-}" != inside ]; then
    [ "$(id -u)" = 0 ] || { echo "arm64: to lay packages over this machine one has to be root (\`sudo -E make arm64\`)" >&2; exit 1; }
    exec unshare --mount --propagation private tests/arm64.sh inside
fi
mount -t tmpfs tmpfs /mnt
for part in usr etc var; do
    mkdir -p /mnt/$part/{upper,work}
    mount -t overlay overlay -o "lowerdir=/$part,upperdir=/mnt/$part/upper,workdir=/mnt/$part/work" "/$part"
done

export TARGETARCH=arm64 CARGO_PROFILE_DIST_OPT_LEVEL=0 CARGO_PROFILE_DIST_LTO=off CARGO_PROFILE_DIST_CODEGEN_UNITS=256
deploy/image/target.sh install >&2
deploy/image/target.sh cargo build --profile dist --locked --bin s3-exporter
echo "${CARGO_TARGET_DIR:-$PWD/target}/$(deploy/image/target.sh name)/dist/s3-exporter"
