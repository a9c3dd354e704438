#!/usr/bin/env bash
# nanio: what a refused PUT leaves behind.
#
# One would guess: nothing.
# What happens: the body stays as an object `.tmp.<32 hex digits>`, which every listing shows with its
#   size and the time of the attempt.
# Whom it hurts: a backup job that fails each night: each try is a fresh object of plausible size, so
#   "newest object" and "bytes" say that all is well. Retention by name never finds them.
# Version: nanio 0.1.7 (PyPI). Seen: 2026-11-28.
# Source: found by putting the same keys into sixteen servers.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

pypi nanio==0.1.7
PORT=$(free_port)
start nanio env NANIO_ACCESS_KEY=$AWS_ACCESS_KEY_ID NANIO_SECRET_KEY=$AWS_SECRET_ACCESS_KEY \
    "$DIR/venv/bin/nanio" serve --host 127.0.0.1 --port "$PORT" --data-dir "$DIR/nanio"
until_true answers "$PORT"
s3 "$PORT" >"$DIR/seen" <<'P'
import re
s3.create_bucket(Bucket="dumps")
put("dumps", "lab/1.dump")
try:
    put("dumps", "lab") # there is a folder of that name
except botocore.exceptions.ClientError as error:
    print(error.response["Error"]["Code"])
print(*(re.sub("[0-9a-f]{32}", "HEX", key) for key in keys("dumps")))
P
{ read -r put; read -r listed; } <"$DIR/seen"
saw "PUT of lab" InternalError "$put"
saw "the listing" ".tmp.HEX lab/1.dump" "$listed"
verdict
