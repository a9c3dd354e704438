#!/usr/bin/env bash
# `mc mirror` without --overwrite, when a file has changed.
#
# One would guess: a tool to mirror brings the new content over, or ends with an error.
# What happens: it says `<ERROR> ... Overwrite not allowed` on standard error, leaves the old object as
#   it is, and ends with 0. New names are still copied, so the bucket does not look dead.
# Whom it hurts: a nightly job that mirrors a dump of always the same name (`latest.sql.gz`): the store
#   keeps the first one for ever, and cron, systemd and Kubernetes call the job a success.
# Version: mc 2025-03-13, MinIO 2026-02-12 (Go modules). Seen: 2026-11-28.
# Source: found by trying; the option is in `mc mirror --help`. Issue 2474 of minio/mc has the status of
#   other errors, which later versions mend one by one.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

minio_server
go_tool github.com/minio/mc@v0.0.0-20250313080218-cf909e1063a9
export MC_HOST_store="http://$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY@127.0.0.1:$MINIO"
mc() { "$DIR/bin/mc" "$@"; }
mc mb --quiet store/dumps >/dev/null
mkdir "$DIR/source"

echo monday >"$DIR/source/latest.sql"
mc mirror --quiet "$DIR/source" store/dumps >/dev/null
echo the dump of tuesday >"$DIR/source/latest.sql"
echo new >"$DIR/source/new.sql"
status=0
mc mirror --quiet "$DIR/source" store/dumps >/dev/null 2>"$DIR/said" || status=$?
saw "the second run says" "Overwrite not allowed" "$(grep -o 'Overwrite not allowed' "$DIR/said" || true)"
saw "and ends with" 0 "$status"
saw "latest.sql in the store" monday "$(mc cat store/dumps/latest.sql)"
saw "new.sql in the store" new "$(mc cat store/dumps/new.sql)"
verdict
