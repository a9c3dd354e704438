#!/usr/bin/env bash
# MinIO: an object `lab` beside the objects `lab/...`.
#
# One would guess: as in S3 both are listed; or, as a store on a file system, it refuses the second.
# What happens: it takes both, gives both back by their keys, and from then on no listing shows
#   `lab/...` any more, with prefix `lab/` neither. Once `lab` is deleted they are listed again.
# Whom it hurts: one stray upload (a folder's name given as the target of one file) hides all backups
#   below it from listing, mirroring, retention and monitoring: the newest backup becomes the stray one.
# Version: MinIO 2026-02-12 (Go module), one drive. Seen: 2026-11-28.
# Source: found by putting the same keys into sixteen servers.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

minio_server
s3 "$MINIO" >"$DIR/seen" <<'P'
s3.create_bucket(Bucket="dumps")
put("dumps", "lab/1.dump", "lab/2.dump", "zoo/1.dump")
print(*keys("dumps"))
put("dumps", "lab")
print(*keys("dumps"))
print(len(keys("dumps", Prefix="lab/")))
print(s3.head_object(Bucket="dumps", Key="lab/1.dump")["ContentLength"])
s3.delete_object(Bucket="dumps", Key="lab")
print(*keys("dumps"))
P
mapfile -t seen <"$DIR/seen"
saw "before" "lab/1.dump lab/2.dump zoo/1.dump" "${seen[0]}"
saw "after a PUT of lab was accepted" "lab zoo/1.dump" "${seen[1]}"
saw "objects listed with prefix lab/" 0 "${seen[2]}"
saw "bytes of lab/1.dump by HEAD" 1 "${seen[3]}"
saw "after lab was deleted" "lab/1.dump lab/2.dump zoo/1.dump" "${seen[4]}"
verdict
