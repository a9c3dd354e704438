#!/usr/bin/env bash
# MinIO: start-after in a folder beside a folder whose name goes on from it.
#
# One would guess: as S3 documents it, the page begins with the first key after start-after.
# What happens: an empty page that says it is the last one, though 35 keys follow. The folder `lab/`
#   comes after `lab-1/` by bytes; the walk of the drive ends before it has come to the keys after
#   `lab/004`. Its own tokens, and the same question with prefix `lab/`, give all of them.
# Whom it hurts: whoever begins a listing in the middle, to divide a large bucket or to go on where an
#   earlier run ended: backups are missing from what is counted, copied or checked, without an error.
# Version: MinIO 2026-02-12 (Go module), one drive. Seen: 2026-11-28.
# Source: found by asking for every start-after of random buckets. Issue 21463 of minio/minio is near
#   (a token that skips a key), and another fault.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

minio_server
s3 "$MINIO" >"$DIR/seen" <<'P'
s3.create_bucket(Bucket="dumps")
put("dumps", *(f"{folder}/{i:03}" for folder in ("lab-1", "lab", "zoo") for i in range(20)))

def ask(**more):
    page = s3.list_objects_v2(Bucket="dumps", MaxKeys=10, **more)
    listed = [o["Key"] for o in page.get("Contents", [])]
    print(len(listed), *listed[:1], "truncated" if page["IsTruncated"] else "last")

ask(StartAfter="lab/004")
ask(StartAfter="lab/004", Prefix="lab/")
pages = s3.get_paginator("list_objects_v2").paginate(Bucket="dumps", PaginationConfig={"PageSize": 10})
print(sum(len(page.get("Contents", [])) for page in pages))
P
{ read -r whole; read -r folder; read -r tokens; } <"$DIR/seen"
saw "start-after=lab/004, 35 keys follow" "0 last" "$whole"
saw "the same with prefix=lab/" "10 lab/005 truncated" "$folder"
saw "all pages by MinIO's own tokens" "60" "$tokens"
verdict
