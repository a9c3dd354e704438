#!/usr/bin/env bash
# pg_restore --list: the usual test of a dump in custom format, on one of which a tenth is left.
#
# One would guess: a dump that is cut short cannot be listed.
# What happens: the table of contents stands at the front. The list is the same as that of the whole dump,
#   with status 0; only reading the data fails.
# Whom it hurts: whoever tests backups by `pg_restore --list`, as many guides do: a dump through a pipe whose
#   producer was killed passes for ever. Read the data (`pg_restore --file /dev/null`), or restore it; from
#   a listing of the bucket, only the size beside the dumps before tells anything.
# Version: PostgreSQL 15.20 (Debian 12). Seen: 2026-11-29. Source: found by trying.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

postgres_server true
"$POSTGRES/psql" --quiet --command \
    'create table t as select n, md5(n::text) from generate_series(1, 100000) n'
"$POSTGRES/pg_dump" --format custom --file "$DIR/whole"
head -c $(($(stat --format %s "$DIR/whole") / 10)) "$DIR/whole" >"$DIR/cut"
restore() { # DUMP OPTION...: prints the status and a checksum of what came
    local status=0
    "$POSTGRES/pg_restore" "${@:2}" "$DIR/$1" >"$DIR/out" 2>/dev/null || status=$?
    echo "status $status, $(cksum <"$DIR/out")"
}
whole=$(restore whole --list)
saw "list of the whole dump" "status 0" "${whole%%,*}"
saw "list of a tenth of it" "$whole" "$(restore cut --list)"
data=$(restore cut --file -)
saw "data of a tenth of it" "status 1" "${data%%,*}"
verdict
