#!/usr/bin/env bash
# A folder whose objects are all deleted, in a versioned bucket, listed with delimiter=/.
#
# One would guess: the folder is gone from CommonPrefixes, since none of its keys is listed.
# What happens: MinIO goes on to name it, for as long as the old versions are kept, and so does moto,
#   which many test with; SeaweedFS does not.
# Whom it hurts: tools that take each folder for a backup. Expired ones seem to be there for ever, "the
#   newest" may be one that was deleted (pgBackRest based an increment on it and failed), and counts of
#   folders never fall. Count keys.
# Version: MinIO 2026-02-12 (Go module), moto 5.2.5, SeaweedFS 4.48 (PyPI). Seen: 2026-11-28.
# Source: found when pgBackRest kept its repository in such a bucket.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

minio_server
seaweedfs_server
pypi 'moto[server]==5.2.5'
MOTO=$(free_port)
start moto "$DIR/venv/bin/moto_server" -H 127.0.0.1 -p "$MOTO"
until_true answers "$MOTO"

folders() { # PORT
    s3 "$1" <<'P'
s3.create_bucket(Bucket="repository")
s3.put_bucket_versioning(Bucket="repository", VersioningConfiguration={"Status": "Enabled"})
put("repository", "2026-11-01/dump", "2026-11-02/dump")
s3.delete_object(Bucket="repository", Key="2026-11-02/dump")
page = s3.list_objects_v2(Bucket="repository", Delimiter="/")
print(*keys("repository"), "|", *(p["Prefix"] for p in page["CommonPrefixes"]))
P
}
saw "MinIO, keys | folders" "2026-11-01/dump | 2026-11-01/ 2026-11-02/" "$(folders "$MINIO")"
saw "moto, keys | folders" "2026-11-01/dump | 2026-11-01/ 2026-11-02/" "$(folders "$MOTO")"
saw "SeaweedFS, keys | folders" "2026-11-01/dump | 2026-11-01/" "$(folders "$SEAWEEDFS")"
verdict
