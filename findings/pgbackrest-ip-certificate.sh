#!/usr/bin/env bash
# pgBackRest: a store that is named by its IP address, with a certificate for that address.
#
# One would guess: it is trusted, as by curl: the address is in the certificate, and the certificate is
#   in `repo1-storage-ca-file`.
# What happens: the address is looked for among the DNS names alone. For a minute (`io-timeout`) it tries
#   again without a word, then it says "unable to find hostname". With the address written as a DNS
#   name, too, the certificate passes.
# Whom it hurts: who runs MinIO by its address: `stanza-create` and each `archive-push` hang, WAL piles
#   up on the database's disk, and for a minute at a time nothing says why.
# Version: pgbackrest 2.45 (Debian 12), MinIO 2026-02-12 (Go module). Seen: 2026-11-29.
# Source: found by running it.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

debian pgbackrest=2.45-1
go_tool github.com/minio/minio@v0.0.0-20260212201848-7aac2a2c5b7c
ask() { # ALTERNATIVE_NAME: sets $SAID to what curl and pgBackRest say of a store with such a certificate
    local port dir=$DIR/$1
    port=$(free_port)
    mkdir -p "$dir/CAs"
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$dir/private.key" \
        -out "$dir/public.crt" -days 2 -subj /CN=lab -addext "subjectAltName=$1" 2>/dev/null
    start "minio-$1" env MINIO_ROOT_USER=$AWS_ACCESS_KEY_ID MINIO_ROOT_PASSWORD=$AWS_SECRET_ACCESS_KEY MINIO_BROWSER=off \
        "$DIR/bin/minio" server --certs-dir "$dir" --address "127.0.0.1:$port" "$dir/data"
    until_true curl -sk "https://127.0.0.1:$port/minio/health/live"
    SAID="curl $(curl -s --cacert "$dir/public.crt" -o /dev/null -w '%{http_code}' "https://127.0.0.1:$port/minio/health/live")"
    SAID+=", pgbackrest $("$DIR/debian/usr/bin/pgbackrest" repo-ls --repo1-type=s3 --repo1-path=/ --repo1-s3-bucket=lab --repo1-s3-region=us-east-1 \
        --repo1-s3-uri-style=path --repo1-s3-endpoint=127.0.0.1 "--repo1-storage-port=$port" \
        "--repo1-storage-ca-file=$dir/public.crt" --io-timeout=3 --log-level-file=off 2>&1 |
        grep -oE -m 1 'unable to find hostname|NoSuchBucket')" || true
}
export PGBACKREST_REPO1_S3_KEY=$AWS_ACCESS_KEY_ID PGBACKREST_REPO1_S3_KEY_SECRET=$AWS_SECRET_ACCESS_KEY
ask IP:127.0.0.1
saw "certificate for the address" "curl 200, pgbackrest unable to find hostname" "$SAID"
ask IP:127.0.0.1,DNS:127.0.0.1
saw "with the address as a DNS name, too" "curl 200, pgbackrest NoSuchBucket" "$SAID"
verdict
