#!/usr/bin/env bash
# barman-cloud: a backup made from a pod or host whose time zone is west of that of the earlier ones.
#
# One would guess: names of backups are UTC, or their order is that of the times inside backup.info.
# What happens: a backup is named by the local time of the machine that made it, and "the newest" is the
#   greatest name. `barman-cloud-backup-delete --retention-policy "REDUNDANCY 1"` deletes the backup made
#   just now, and keeps the one before.
# Whom it hurts: a job moved from a host with local time to a container with UTC (or the other way), and
#   each autumn, when the clocks go back: for an hour new backups are older than the last one. Whoever
#   reads the time from the name is wrong by hours.
# Version: barman 3.19.1 (PyPI), PostgreSQL 15.20 (Debian 12), MinIO 2026-02-12 (Go module).
# Seen: 2026-11-28. Source: found by running it with another TZ.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

minio_server
pypi 'barman[cloud]==3.19.1' psycopg2-binary==2.9.13 boto3==1.44.8
s3 "$MINIO" <<<'s3.create_bucket(Bucket="dumps")'
postgres_server true # WAL is not what this is about
barman() { # COMMAND [OPTION...]
    "$DIR/venv/bin/barman-cloud-$1" --endpoint-url "http://127.0.0.1:$MINIO" "${@:2}" s3://dumps main
}
names() {
    s3 "$MINIO" <<'P'
infos = [o for o in s3.list_objects_v2(Bucket="dumps")["Contents"] if o["Key"].endswith("backup.info")]
print(*(o["Key"].split("/")[2] for o in sorted(infos, key=lambda o: o["LastModified"])))
P
}
TZ=UTC barman backup --host "$PGHOST" --user lab --immediate-checkpoint
sleep 2
TZ=America/New_York barman backup --host "$PGHOST" --user lab --immediate-checkpoint
read -r first second < <(names)
echo "first, with TZ=UTC: $first; then, with TZ=America/New_York: $second"
barman backup-delete --retention-policy 'REDUNDANCY 1'
saw "kept is the first" "$first" "$(names)"
verdict
