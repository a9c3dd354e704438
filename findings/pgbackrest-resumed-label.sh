#!/usr/bin/env bash
# pgBackRest: the label of a full backup that is made after one that was killed.
#
# One would guess: a backup is labelled with the time at which it was started.
# What happens: the next full backup of that stanza goes on with the files of the killed one ("resume",
#   on by default), and keeps its label: a backup made today has the name of the day of the crash.
# Whom it hurts: who takes a backup's age or slot from its label: tonight's backup fills the slot of the
#   night that failed, and tonight's stays empty.
# Version: pgbackrest 2.45 and PostgreSQL 15.20 (Debian 12), a local repository, which has the layout of
#   S3's. Seen: 2026-11-28.
# Source: found by killing it; the option "resume" is in its documents, the label is not.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

debian pgbackrest=2.45-1
mkdir -m 777 "$DIR"/{repository,lock,spool,log}
cat >"$DIR/pgbackrest.conf" <<C
[global]
repo1-path=$DIR/repository
lock-path=$DIR/lock
spool-path=$DIR/spool
log-path=$DIR/log
log-level-console=warn
start-fast=y
repo1-retention-full=2
compress-level=9
[main]
pg1-path=$DIR/postgres/data
pg1-socket-path=$DIR/postgres
pg1-user=lab
C
PROGRAM=$DIR/debian/usr/bin/pgbackrest
postgres_server "$PROGRAM --config=$DIR/pgbackrest.conf --stanza=main archive-push %p"
pgbackrest() { "${AS_USER[@]}" "$PROGRAM" "--config=$DIR/pgbackrest.conf" --stanza=main "$@"; }
"$POSTGRES/psql" --quiet --command 'CREATE TABLE dump AS SELECT md5(n::text) FROM generate_series(1, 300000) n'
pgbackrest stanza-create

files() { find "$DIR"/repository/backup/main/*F -type f 2>/dev/null | wc -l; }
# shellcheck disable=SC2317 # until_true calls it
some() { [ "$(files)" -gt 20 ]; }
start killed setsid "${AS_USER[@]}" "$PROGRAM" "--config=$DIR/pgbackrest.conf" --stanza=main backup --type=full
until_true some
{ kill -KILL -- "-$STARTED"; wait "$STARTED" || true; } 2>/dev/null
until_true flock --nonblock "$DIR/lock/main-backup.lock" true
killed=$(cd "$DIR/repository/backup/main" && echo *F)
echo "killed with $(files) files: $killed"
sleep 2
second=$(date +%Y%m%d-%H%M%SF)
pgbackrest backup --type=full
label=$(cd "$DIR/repository/backup/main" && echo *F)
echo "second backup, started at ${second%F}: $label"
saw "its label is that of the killed one" "$killed" "$label"
saw "and it is complete" "ok" "$(pgbackrest info | sed -n 's/^ *status: //p')"
verdict
