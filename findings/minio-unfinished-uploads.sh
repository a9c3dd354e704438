#!/usr/bin/env bash
# MinIO: which unfinished multipart uploads ListMultipartUploads shows, by prefix, and after a restart.
#
# One would guess: those whose keys begin with the prefix, as S3 does it; all of the bucket where there is
#   none, for as long as they are there.
# What happens: a prefix shows something only where it is the whole key. Without a prefix all are shown
#   that were begun since the server was started: after a restart none is, though each is still there,
#   is found by its key and can be completed.
# Whom it hurts: who watches or removes what killed backups leave (`aws s3api list-multipart-uploads`,
#   `mc ls --incomplete`, a job that aborts old uploads below its folder): an empty answer says nothing.
# Version: MinIO 2026-02-12 (Go module). Seen: 2026-11-29. Source: found by killing `mc pipe`.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

minio_server
s3 "$MINIO" <<'P'
s3.create_bucket(Bucket="dumps")
upload = s3.create_multipart_upload(Bucket="dumps", Key="pg/app.sql.gz")["UploadId"]
s3.upload_part(Bucket="dumps", Key="pg/app.sql.gz", UploadId=upload, PartNumber=1, Body=b"x")
P
shown() { # how many are shown without a prefix, with that of the folder, and with the key
    s3 "$MINIO" <<'P'
for prefix in "", "pg/", "pg/app.sql.gz":
    print(len(s3.list_multipart_uploads(Bucket="dumps", Prefix=prefix).get("Uploads", [])), end=" ")
P
}
saw "without a prefix, with pg/, with the key" "1 0 1 " "$(shown)"
kill "${PIDS[0]}"
wait "${PIDS[0]}" || true
start again env MINIO_ROOT_USER=$AWS_ACCESS_KEY_ID MINIO_ROOT_PASSWORD=$AWS_SECRET_ACCESS_KEY MINIO_BROWSER=off \
    "$DIR/bin/minio" server --address "127.0.0.1:$MINIO" "$DIR/minio"
until_true curl -sf "http://127.0.0.1:$MINIO/minio/health/live"
saw "the same after a restart" "0 0 1 " "$(shown)"
completed() {
    s3 "$MINIO" <<'P'
of = dict(Bucket="dumps", Key="pg/app.sql.gz")
uploads = s3.list_multipart_uploads(Bucket="dumps", Prefix=of["Key"])["Uploads"]
upload = dict(of, UploadId=uploads[0]["UploadId"])
parts = [{name: part[name] for name in ("ETag", "PartNumber")} for part in s3.list_parts(**upload)["Parts"]]
s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})
print(*keys("dumps"))
P
}
saw "objects, when it is completed then" "pg/app.sql.gz" "$(completed)"
verdict
