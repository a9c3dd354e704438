#!/usr/bin/env bash
# MinIO: what GetBucketPolicyStatus says of a bucket that everybody may read.
#
# One would guess: that its policy is public, as S3 says it.
# What happens: IsPublic is FALSE while a stranger downloads objects, and while everybody may do all.
# Whom it hurts: who looks for buckets that are open to everybody (audits, `aws s3api
#   get-bucket-policy-status`): the dump that the world can read passes.
# Version: MinIO 2026-02-12 (Go module). Seen: 2026-11-30. Source: found by setting a policy.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

minio_server
s3 "$MINIO" <<'P'
s3.create_bucket(Bucket="dumps")
put("dumps", "app.sql.gz")
P
opened() { # ACTION...: what it says of a policy that allows these to everybody
    s3 "$MINIO" <<P
import json
allow = [{"Effect": "Allow", "Principal": {"AWS": ["*"]}, "Action": "$*".split(),
          "Resource": ["arn:aws:s3:::dumps", "arn:aws:s3:::dumps/*"]}]
s3.put_bucket_policy(Bucket="dumps", Policy=json.dumps({"Version": "2012-10-17", "Statement": allow}))
print(s3.get_bucket_policy_status(Bucket="dumps")["PolicyStatus"]["IsPublic"])
P
}
saw "public, where everybody may list and read" False "$(opened s3:ListBucket s3:GetObject)"
saw "what a stranger gets" x "$(curl -s "http://127.0.0.1:$MINIO/dumps/app.sql.gz")"
saw "public, where everybody may do all" False "$(opened 's3:*')"
saw "what a stranger may put" 200 "$(curl -s -o /dev/null -w '%{http_code}' -X PUT -d x "http://127.0.0.1:$MINIO/dumps/planted")"
verdict
