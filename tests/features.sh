#!/usr/bin/env bash
# features.sh FEATURE...: each feature builds alone, and its unit tests pass alone; `none` is none at all.
set -euo pipefail
cd "$(dirname "$0")/.."
cargo=${CARGO:-cargo}
for feature in "$@"; do
    [ "$feature" = none ] && name='' || name=s3-exporter/$feature
    # With what this package alone asks of its dependencies: it is what users build.
    $cargo clippy --package s3-exporter --no-default-features --features "$name" --lib --bins -- -D warnings
    # With what the whole workspace asks of them, so that they are those of `make test`, compiled once.
    said=$($cargo test --workspace --no-default-features --features "$name" --lib --no-run 2>&1) || { echo "$said" >&2 && exit 1; }
    program=$(sed -n 's/^ *Executable unittests src\/lib.rs (\(.*\/s3_exporter-[0-9a-f]*\))$/\1/p' <<<"$said")
    [ -x "$program" ] || { echo "no unit tests were built of $feature: $said" >&2 && exit 1; }
    echo "unit tests with $feature: $program"
    "$program"
done
