#!/usr/bin/env bash
# curl's --aws-sigv4, asked for a folder of a bucket.
#
# One would guess: `--aws-sigv4 aws:amz:us-east-1:s3` signs the URL that curl sends, so what the store
#   takes unsigned it takes signed: `prefix=lab/` as `prefix=lab`, and the parameters in any order.
# What happens: curl signs the query as it is written. S3's canonical query has each `/` of a value as
#   %2F and its parameters sorted, so `prefix=lab/`, `prefix=lab%2f` and `prefix=lab&list-type=2` are
#   403 SignatureDoesNotMatch; `list-type=2&prefix=lab%2F` is 200.
# Whom it hurts: whoever asks a store by curl at night whether a folder has backups, and reads the 403
#   as a wrong key. Sorted parameters and %2F in capitals help.
# Version: curl 7.88.1 (Debian 12), MinIO 2026-02-12 (Go module). Seen: 2026-11-29.
# Source: found by recording a store's answers; the canonical query is described in the SigV4 pages of S3.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

debian {curl,libcurl4}=7.88.1-10+deb12u15
minio_server
s3 "$MINIO" <<'P'
s3.create_bucket(Bucket="dumps")
put("dumps", "lab/1.dump")
P
libraries=$(echo "$DIR"/debian/usr/lib/*-linux-gnu)
status() { # QUERY
    LD_LIBRARY_PATH=$libraries "$DIR/debian/usr/bin/curl" --silent --output "$DIR/answer" --write-out '%{http_code}' \
        --aws-sigv4 aws:amz:us-east-1:s3 --user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" \
        "http://127.0.0.1:$MINIO/dumps?$1"
}
saw "list-type=2&prefix=lab" 200 "$(status 'list-type=2&prefix=lab')"
saw "list-type=2&prefix=lab%2F" 200 "$(status 'list-type=2&prefix=lab%2F')"
saw "list-type=2&prefix=lab/" 403 "$(status 'list-type=2&prefix=lab/')"
saw "its code" SignatureDoesNotMatch "$(sed -n 's/.*<Code>\([^<]*\).*/\1/p' "$DIR/answer")"
saw "list-type=2&prefix=lab%2f" 403 "$(status 'list-type=2&prefix=lab%2f')"
saw "prefix=lab&list-type=2" 403 "$(status 'prefix=lab&list-type=2')"
verdict
