#!/usr/bin/env bash
# DuckDB reads an S3 Inventory report in CSV.
#
# One would guess: five objects are five rows, whichever columns the inventory was configured with.
# What happens: S3 Inventory writes no header. DuckDB guesses whether there is one: with a column of
#   numbers or times it guesses right; with text only (Bucket, Key, or with StorageClass) it takes the
#   first object for the names of the columns, and it is missing from every count, without a word.
# Whom it hurts: completeness checks of backups by inventory: one object less in each report, and a
#   bucket with one backup looks empty. `header=false` is the cure.
# Version: duckdb 2.0.1 (PyPI). Seen: 2026-11-28.
# Source: found by trying; the guess is described in DuckDB's page "CSV Auto Detection", the format in
#   the user guide of S3 Inventory (fields are named by the manifest's fileSchema, not in the file).
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

pypi duckdb==2.0.1
cat >"$DIR/ask.py" <<'P'
import gzip, sys
import duckdb
folder = sys.argv[1]
fields = {"Key": "dumps/lab-{}.gz", "Size": "{}00", "LastModifiedDate": "2026-11-0{}T03:00:00.000Z", "StorageClass": "STANDARD"}
for schema in (["Key"], ["Key", "StorageClass"], ["Key", "Size"], ["Key", "LastModifiedDate"]):
    path = f"{folder}/inventory.csv.gz"
    with gzip.open(path, "wt") as report:
        for number in range(1, 6):
            report.write(",".join(f'"{f.format(number)}"' for f in ["bucket"] + [fields[name] for name in schema]) + "\n")
    counts = [duckdb.sql(f"SELECT count(*) FROM {source}").fetchall()[0][0]
              for source in (f"'{path}'", f"read_csv('{path}', header=false)")]
    print(*schema, *counts)
P
"$DIR/venv/bin/python" "$DIR/ask.py" "$DIR" >"$DIR/seen"
echo "fields of the inventory beside Bucket | rows of 5 | rows of 5 with header=false"
for expected in "Key 4 5" "Key StorageClass 4 5" "Key Size 5 5" "Key LastModifiedDate 5 5"; do
    read -r got
    saw "  counted" "$expected" "$got"
done <"$DIR/seen"
verdict
