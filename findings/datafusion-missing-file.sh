#!/usr/bin/env bash
# DataFusion: of the files that a table names, one that is not there has no rows.
#
# One would guess: a table over files that are named one by one, as a manifest of S3 Inventory names them, cannot be read
# while one of them is missing.
# What happens: where the table's columns are declared, the file that is not found is taken for a folder with nothing in it.
# The query is answered from the others, with no error and no warning; of a table of that file alone the count is 0. Only
# where the columns are to be inferred, and no file is there to infer them from, is it told.
# Whom it hurts: whoever sums up a report of which a file has expired or is not replicated yet: the totals are too small and
# look right.
# Version: datafusion 55.0.0 (PyPI). Seen: 2026-12-01.
# Source: found by trying.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

pypi datafusion==55.0.0 pyarrow==26.0.1
cd "$DIR"
GOT=$("$DIR/venv/bin/python" - <<'P'
import datafusion, pyarrow, pyarrow.parquet
for name in ("1", "2"):
    rows = {"key": [f"lab-{name}-{n}" for n in range(3)], "size": [1, 2, 3]}
    pyarrow.parquet.write_table(pyarrow.table(rows), f"{name}.parquet")
context = datafusion.SessionContext()
def count(table, columns, *files):
    files = ", ".join(f"'{name}.parquet'" for name in files)
    try:
        context.sql(f"CREATE EXTERNAL TABLE {table} {columns} STORED AS PARQUET LOCATION ({files})")
        return context.sql(f"SELECT count(*) AS rows FROM {table}").to_pydict()["rows"][0]
    except Exception:
        return "an error"
declared = '("key" VARCHAR, size BIGINT)'
print(count("a", declared, "1", "2", "gone"), count("b", declared, "gone"), count("c", "", "gone"))
P
)
read -r SOME NONE INFERRED <<<"$GOT"
saw "rows of two files of three, and a third that is not there" 6 "$SOME"
saw "rows of a file that is not there" 0 "$NONE"
saw "the same, with columns that are to be inferred" "an error" "$INFERRED"
verdict
