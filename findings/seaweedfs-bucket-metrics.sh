#!/usr/bin/env bash
# SeaweedFS: how many objects its metrics say that a bucket has (SeaweedFS_s3_bucket_object_count).
#
# One would guess: as many as a listing shows, once it has counted.
# What happens: it counts the pieces of files on its volumes. A file of more than 4 MiB is several, one that is deleted or
#   written over stays among them until its volume is compacted.
# Whom it hurts: who watches it instead of a listing: each backup that is written over makes the bucket look fuller, and
#   one from which all was deleted has as many objects as before.
# Version: SeaweedFS 4.48 (PyPI). Seen: 2026-11-30. Source: found by counting.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

METRICS=$(free_port)
seaweedfs_server "-metricsPort=$METRICS"
count() {
    curl -s "http://127.0.0.1:$METRICS/metrics" | sed -n 's/^SeaweedFS_s3_bucket_object_count{bucket="dumps"} //p'
}
is_counted() { [ "$(count)" = "$1" ]; }
listed() { s3 "$SEAWEEDFS" <<<'print(len(keys("dumps")))'; }
s3 "$SEAWEEDFS" <<'P'
s3.create_bucket(Bucket="dumps")
put("dumps", "a", "b", "c", "d", "e")
s3.put_object(Bucket="dumps", Key="large", Body=b"x" * (20 << 20))
P
COUNTED=$(date +%s)
until_counted() { # some minutes at most: it counts about once in one
    while ! is_counted "$1" && [ $(($(date +%s) - COUNTED)) -lt 240 ]; do sleep 2; done
}
until_counted 10
saw "objects in a listing" 6 "$(listed)"
saw "objects by its metric" 10 "$(count)"
s3 "$SEAWEEDFS" <<'P'
for key in "abc":
    s3.delete_object(Bucket="dumps", Key=key)
s3.put_object(Bucket="dumps", Key="large", Body=b"y" * (20 << 20))
P
COUNTED=$(date +%s)
until_counted 15
saw "objects in a listing, after three were deleted and one was written over" 3 "$(listed)"
saw "objects by its metric" 15 "$(count)"
verdict
