#!/usr/bin/env bash
# Ceph's gateway: how many objects it says that a bucket has (X-RGW-Object-Count of HeadBucket, `num_objects` of
# `radosgw-admin bucket stats`, quotas; all of one count).
#
# One would guess: as many as a listing shows, since its unfinished uploads are counted apart (`rgw.multimeta`).
# What happens: apart is counted that there is an upload. Each part of it is an object of the bucket's (`rgw.main`), with
#   its bytes.
# Whom it hurts: who compares the count with a listing, or watches it instead of one: a backup that is killed again and
#   again in the middle of its upload makes a bucket grow, as one that works does. And whoever has a quota of objects.
# Version: Ceph 16.2.15 (Debian 12). Seen: 2026-11-30. Source: found by counting.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

# With what else apt would install for them here.
VERSION=16.2.15+ds-0+deb12u2
PACKAGES=({radosgw,ceph-mon,ceph-osd,ceph-base,ceph-common}=$VERSION)
mapfile -t NEEDED < <(apt-get install --simulate --no-install-recommends "${PACKAGES[@]}" | sed -n 's/^Inst \([^ ]*\) .*/\1/p')
debian "${NEEDED[@]}"
USR=$DIR/debian/usr
LD_LIBRARY_PATH=$(find "$DIR/debian" -path '*/*-linux-gnu*/lib*.so*' -printf '%h\n' | sort -u | paste -sd:)
LIB=$(dirname "$(find "$USR/lib" -name rados-classes)")
D=$DIR/ceph
CLUSTER=5c1e5a3e-1111-4000-8000-000000000000
OSD=5c1e5a3e-0000-4000-8000-000000000000
CEPH=$(free_port)
MONITORS="[v2:127.0.0.1:$(free_port),v1:127.0.0.1:$(free_port)]"
mkdir -p "$D"/{mon,osd,rgw}
cat >"$D/ceph.conf" <<C
[global]
fsid = $CLUSTER
mon_initial_members = a
mon_host = $MONITORS
public_addr = 127.0.0.1
cluster_addr = 127.0.0.1
ms_bind_ipv6 = false
keyring = $D/keyring
run_dir = $D
log_file =
log_to_stderr = true
admin_socket = $D/\$name.asok
pid_file = $D/\$name.pid
mon_data = $D/mon
mon_data_avail_warn = 1
mon_data_avail_crit = 1
mon_allow_pool_size_one = true
mon_max_pg_per_osd = 1000
osd_data = $D/osd
osd_objectstore = memstore
osd_crush_chooseleaf_type = 0
osd_pool_default_size = 1
osd_pool_default_min_size = 1
osd_pool_default_pg_num = 8
osd_pool_default_pgp_num = 8
osd_pool_default_pg_autoscale_mode = off
osd_class_dir = $LIB/rados-classes
erasure_code_dir = $LIB/ceph/erasure-code
plugin_dir = $LIB/ceph
rgw_data = $D/rgw
rgw_frontends = beast endpoint=127.0.0.1:$CEPH
C
# run PROGRAM ARGUMENT...: one of Ceph's
run() {
    local program=$1
    shift
    env "LD_LIBRARY_PATH=$LD_LIBRARY_PATH" "PYTHONPATH=$USR/lib/python3/dist-packages" "$USR/bin/$program" "$@"
}
ceph() { run ceph -c "$D/ceph.conf" --connect-timeout 5 "$@"; }
# serve PROGRAM ARGUMENT...: one of its servers
serve() { start "$1" env "LD_LIBRARY_PATH=$LD_LIBRARY_PATH" "$USR/bin/$1" -c "$D/ceph.conf" "${@:2}" -f; }
says() { # TEXT ARGUMENT...
    local text=$1
    shift
    ceph "$@" 2>/dev/null | grep -q "$text"
}
{
    run ceph-authtool --create-keyring "$D/keyring" --gen-key -n mon. --cap mon 'allow *'
    for name in client.admin osd.0 client.rgw.a; do
        run ceph-authtool "$D/keyring" --gen-key -n "$name" --cap mon 'allow *' --cap osd 'allow *'
    done
    run monmaptool --create --addv a "$MONITORS" --fsid "$CLUSTER" "$D/monmap"
    run ceph-mon -c "$D/ceph.conf" -i a --mkfs --monmap "$D/monmap" --keyring "$D/keyring"
    serve ceph-mon -i a
    until_true says quorum status
    ceph osd new "$OSD" 0
    run ceph-osd -c "$D/ceph.conf" -i 0 --mkfs --osd-uuid "$OSD" --no-mon-config --keyring "$D/keyring"
    serve ceph-osd -i 0
    until_true says '1 up' osd stat
    run radosgw-admin -c "$D/ceph.conf" user create --uid=lab --display-name=lab \
        --access-key="$AWS_ACCESS_KEY_ID" --secret-key="$AWS_SECRET_ACCESS_KEY"
    serve radosgw -n client.rgw.a
    until_true answers "$CEPH"
} >"$DIR/setup.log" 2>&1 || { tail -n 5 "$DIR/setup.log" >&2; exit 1; }

count() { s3 "$CEPH" <<<'print(s3.head_bucket(Bucket="dumps")["ResponseMetadata"]["HTTPHeaders"]["x-rgw-object-count"])'; }
stats() { # CATEGORY
    run radosgw-admin -c "$D/ceph.conf" bucket stats --bucket=dumps 2>/dev/null |
        python3 -c "import json, sys; print(json.load(sys.stdin)['usage']['$1']['num_objects'])"
}
s3 "$CEPH" <<'P'
s3.create_bucket(Bucket="dumps")
put("dumps", "a", "b", "c")
P
saw "objects by Ceph's count" 3 "$(count)"
s3 "$CEPH" <<'P'
upload = s3.create_multipart_upload(Bucket="dumps", Key="killed")["UploadId"]
for part in (1, 2):
    s3.upload_part(Bucket="dumps", Key="killed", UploadId=upload, PartNumber=part, Body=b"x" * (5 << 20))
P
saw "objects in a listing, with an unfinished upload of two parts" 3 "$(s3 "$CEPH" <<<'print(len(keys("dumps")))')"
saw "objects by Ceph's count" 5 "$(count)"
saw "rgw.main of bucket stats" 5 "$(stats rgw.main)"
saw "rgw.multimeta of bucket stats" 1 "$(stats rgw.multimeta)"
verdict
