#!/usr/bin/env bash
# MinIO: empty buckets that are deleted as soon as it answers after a start.
#
# One would guess: what DeleteBucket answered 204 to is gone; before it is ready for that, it refuses
#   (XMinioServerNotInitialized, as it does to other requests).
# What happens: some of them are back a moment later, empty. While it starts it reads the settings of the buckets that
#   it found, each some 25 to 125 ms later, and makes a bucket anew where it is gone by then. Of a hundred 6, 47 and 71
#   came back.
# Whom it hurts: who removes a bucket from a script that waits for MinIO to be up (a test, a migration, a node that comes
#   back meanwhile): the bucket is there again, and whatever finds buckets by name watches it for ever.
# Version: MinIO 2026-02-12 (Go module). Seen: 2026-11-30. Source: found by deleting; cmd/bucket-metadata-sys.go,
#   concurrentLoad, heals each bucket with "Recreate".
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

minio_server
s3 "$MINIO" <<'P'
for nth in range(100):
    s3.create_bucket(Bucket=f"bucket-{nth:02}")
P
kill "$STARTED"
wait "$STARTED" || true
# It asks before there is anybody to answer.
s3 "$MINIO" >"$DIR/seen" <<'P' &
import time
begun, left, deleted = time.time(), [f"bucket-{nth:02}" for nth in range(100)], 0
while left and time.time() < begun + 60:
    try:
        s3.delete_bucket(Bucket=left[-1])
        left.pop()
        deleted += 1
    except Exception:
        time.sleep(0.001)
time.sleep(3)
there = len(s3.list_buckets()["Buckets"])
print(deleted, "yes" if there > 0 else "no", there)
P
CLIENT=$!
sleep 3
start minio-again env MINIO_ROOT_USER=$AWS_ACCESS_KEY_ID MINIO_ROOT_PASSWORD=$AWS_SECRET_ACCESS_KEY MINIO_BROWSER=off \
    "$DIR/bin/minio" server --address "127.0.0.1:$MINIO" "$DIR/minio"
wait "$CLIENT"
read -r deleted are_back there <"$DIR/seen"
saw "buckets that it says it has deleted" 100 "$deleted"
saw "some are there three seconds later" yes "$are_back"
echo "so many this time: $there"
verdict
