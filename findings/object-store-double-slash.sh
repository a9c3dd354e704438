#!/usr/bin/env bash
# object_store (the crate, by its Python wheel obstore): a bucket with one key that has `//` in it.
#
# One would guess: a key that S3 accepts is listed, or at worst left out.
# What happens: the whole listing fails with InvalidPath, and gives none of the objects of that page.
#   opendal lists all three.
# Whom it hurts: DataFusion, Polars, Lance and all else that lists through object_store: one upload with
#   an empty variable in its key (`$ENV/dump` after a slash) makes a bucket of backups unreadable.
# Version: obstore 0.12.1 (holds object_store 0.14), opendal 0.47.12, moto 5.2.5 (PyPI).
# Seen: 2026-11-28. Source: found by trying; that Path has no empty segments is in its documentation.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

pypi obstore==0.12.1 opendal==0.47.12 'moto[server]==5.2.5'
MOTO=$(free_port)
start moto "$DIR/venv/bin/moto_server" -H 127.0.0.1 -p "$MOTO"
until_true answers "$MOTO"
s3 "$MOTO" <<'P'
s3.create_bucket(Bucket="dumps")
put("dumps", "lab/1.dump", "lab//2.dump", "zoo/1.dump")
P
cat >"$DIR/ask.py" <<'P'
import sys
import obstore, opendal
from obstore.store import S3Store
where = {"endpoint": f"http://127.0.0.1:{sys.argv[1]}", "region": "us-east-1", "access_key_id": "lab", "secret_access_key": "lab"}
print(*sorted(entry.path for entry in opendal.Operator("s3", bucket="dumps", **where).list("/", recursive=True)))
listed = []
try:
    for page in obstore.list(S3Store("dumps", client_options={"allow_http": True}, **where)):
        listed += [entry["path"] for entry in page]
except Exception as error:
    print(len(listed), type(error).__name__)
else:
    print(*listed)
P
"$DIR/venv/bin/python" "$DIR/ask.py" "$MOTO" >"$DIR/seen"
{ read -r by_opendal; read -r by_object_store; } <"$DIR/seen"
saw "opendal" "lab//2.dump lab/1.dump zoo/1.dump" "$by_opendal"
saw "object_store, listed and then" "0 InvalidPathError" "$by_object_store"
verdict
