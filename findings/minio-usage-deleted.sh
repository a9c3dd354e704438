#!/usr/bin/env bash
# MinIO: how many objects it says that a bucket with versions has (`mc admin info`, `mc stat`, the metric
# minio_bucket_usage_object_total, all of one count).
#
# One would guess: as many as a listing shows, once its scanner has been round; delete markers are counted apart.
# What happens: objects that were deleted stay among them for as long as their earlier versions do, beside
#   their delete markers. A bucket that is empty to every client counts all that it ever had.
# Whom it hurts: who compares the count with a listing, or watches it instead of one: a bucket of backups whose
#   objects were all deleted looks as full as before.
# Version: MinIO 2026-02-12 and mc 2025-03-13 (Go modules). Seen: 2026-11-30. Source: found by deleting.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

export MINIO_SCANNER_SPEED=fastest MINIO_SCANNER_CYCLE=1s
minio_server
go_tool github.com/minio/mc@v0.0.0-20250313080218-cf909e1063a9
export MC_CONFIG_DIR=$DIR/mc
mc() { "$DIR/bin/mc" --quiet "$@"; }
mc alias set lab "http://127.0.0.1:$MINIO" "$AWS_ACCESS_KEY_ID" "$AWS_SECRET_ACCESS_KEY" >/dev/null
s3 "$MINIO" <<'P'
s3.create_bucket(Bucket="dumps")
s3.put_bucket_versioning(Bucket="dumps", VersioningConfiguration={"Status": "Enabled"})
put("dumps", "a", "b", "c")
for key in "abc":
    s3.delete_object(Bucket="dumps", Key=key)
P
usage() { mc stat --json lab/dumps | python3 -c "import json, sys; print(json.load(sys.stdin)['Usage']['$1'])"; }
all_markers_are_counted() { [ "$(usage deleteMarkersCount)" = 3 ]; }
until_true all_markers_are_counted
saw "objects in a listing" 0 "$(s3 "$MINIO" <<<'print(len(keys("dumps")))')"
saw "delete markers by MinIO's count" 3 "$(usage deleteMarkersCount)"
saw "objects by the same count" 3 "$(usage objectsCount)"
verdict
