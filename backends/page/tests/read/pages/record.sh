#!/usr/bin/env bash
# Records answers of real stores beside this script: starts each with its data in a
# temporary folder, writes a few objects whose keys are hard to spell, lists them with and
# without `encoding-type=url`, and ends it.
#
#   record.sh TOOLS     TOOLS holds `minio` and `weed`, as `tests/install.sh` prints it
set -euo pipefail

tools=${1:?the folder with minio and weed, as tests/install.sh prints it}
here=$(cd "$(dirname "$0")" && pwd)
data=$(mktemp -d)
pid=
stop() { [ -z "$pid" ] || { kill "$pid" && wait "$pid" || true; }; pid=; }
trap 'stop; rm -rf "$data"' EXIT

export user=recorder password=recorder12345

# Keys as a URL spells them. The control character comes last: not every store takes it.
keys=(
    lg69pmx8wf-daily-2026-01-31t03-00-00.db.gz
    qv7f8xk2rd-daily-2026-01-31t03-00-00.db.gz
    'dir/a%20b%2Bc'
    'dir/amp%26lt%3Cgt%3Equot%22apos%27'
    'dir/percent%2525%2541'
    'dir/gr%C3%BC%C3%9Fe-%E2%82%AC-%F0%9F%93%A6'
    'dir/tilde~star%2Aparens%28%29'
    'dir/tab%09end'
    'dir/control%01end'
)

# request URL [OPTION...]
request() {
    local url=$1
    shift
    curl --silent --show-error --aws-sigv4 aws:amz:us-east-1:s3 --user "$user:$password" \
        --header "x-amz-content-sha256: UNSIGNED-PAYLOAD" "$@" "$url"
}

# record NAME PORT
record() {
    local store=http://127.0.0.1:$2/recorded key
    for _ in $(seq 60); do
        request "$store" --fail --request PUT --output /dev/null 2>"$data/put.log" && break
        sleep 0.5
    done
    for key in "${keys[@]}"; do
        request "$store/$key" --fail --request PUT --data-binary "${key:0:20}" --output /dev/null ||
            echo "$1 does not take the key $key" >&2
    done
    request "$store?list-type=2&max-keys=1000" >"$here/$1-plain.xml"
    request "$store?encoding-type=url&list-type=2&max-keys=1000" >"$here/$1-url.xml"
    request "$store?encoding-type=url&list-type=2&max-keys=3" >"$here/$1-truncated.xml"
    request "http://127.0.0.1:$2/nowhere?list-type=2" >"$here/$1-error.xml"
}

# A free port. SeaweedFS takes the one 10,000 above for gRPC too, so it must not be high.
port() {
    python3 -c 'import random, socket
while True:
    port = random.randrange(20000, 30000)
    try: socket.socket().bind(("127.0.0.1", port)); break
    except OSError: pass
print(port)'
}

minio=$(port)
MINIO_ROOT_USER=$user MINIO_ROOT_PASSWORD=$password MINIO_BROWSER=off \
    "$tools/minio" server --quiet --address "127.0.0.1:$minio" "$data/minio" >"$data/minio.log" 2>&1 &
pid=$!
record minio "$minio"
stop

cat >"$data/s3.json" <<JSON
{"identities": [{"name": "$user", "actions": ["Admin", "Read", "Write", "List"],
  "credentials": [{"accessKey": "$user", "secretKey": "$password"}]}]}
JSON
mkdir "$data/weed"
weed=$(port)
"$tools/weed" server -dir="$data/weed" -ip=127.0.0.1 -ip.bind=127.0.0.1 -master.port="$(port)" \
    -volume.port="$(port)" -filer.port="$(port)" -s3 -s3.port.iceberg=0 -s3.port.lance=0 -s3.config="$data/s3.json" -s3.port="$weed" \
    >"$data/weed.log" 2>&1 &
pid=$!
record seaweedfs "$weed"
stop
