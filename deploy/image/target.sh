#!/bin/sh
# Builds for the image's architecture, TARGETARCH (amd64 or arm64; this machine's where it is not
# set), on whatever machine the build runs:
#
#   target.sh install        installs a linker, a C compiler and Rust's standard library for it
#   target.sh COMMAND...     runs a command such as `cargo build` that builds for it
#   target.sh name           prints its name in Rust
set -eu

own=$(dpkg --print-architecture)
arch=${TARGETARCH:-$own}
case $arch in
amd64) cpu=x86_64 gnu=x86-64 ;;
arm64) cpu=aarch64 gnu=aarch64 ;;
*)
    echo "target.sh: TARGETARCH is \"$arch\": expected amd64 or arm64" >&2
    exit 1
    ;;
esac
target=$cpu-unknown-linux-gnu

case ${1:-} in
install)
    [ "$arch" = "$own" ] && exit
    apt-get update
    apt-get install --yes --no-install-recommends "gcc-$gnu-linux-gnu" "libc6-dev-$arch-cross"
    rustup target add "$target"
    ;;
name) echo "$target" ;;
'')
    echo "target.sh: nothing to do: expected install, name or a command" >&2
    exit 1
    ;;
*)
    export CARGO_BUILD_TARGET="$target"
    if [ "$arch" != "$own" ]; then
        # As Cargo and the crates that build C name them.
        upper=$(echo "$target" | tr 'a-z-' 'A-Z_')
        export "CARGO_TARGET_${upper}_LINKER=$cpu-linux-gnu-gcc"
        lower=$(echo "$target" | tr - _)
        export "CC_$lower=$cpu-linux-gnu-gcc" "AR_$lower=$cpu-linux-gnu-ar"
    fi
    exec "$@"
    ;;
esac
