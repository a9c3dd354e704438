#!/usr/bin/env bash
# opendal: start_after on Azure Blob Storage.
#
# One would guess: entries after that key, as on S3; or an error, where a store has no such thing.
# What happens: the option is dropped without a word, and everything comes back. The capability says so
#   (list_with_start_after is false), but nothing compares the two.
# Whom it hurts: whoever goes on with a listing after the last key seen: on Azure all objects are read
#   (and paid for) each time, and what is counted is counted twice.
# Version: opendal 0.47.12 (PyPI; holds the crate), azurite 3.35.0 (npm). Seen: 2026-11-28.
# Source: found by trying one program on several stores.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

pypi opendal==0.47.12
npm install --silent --no-audit --no-fund --prefix "$DIR/npm" azurite@3.35.0
PORT=$(free_port)
start azurite "$DIR/npm/node_modules/.bin/azurite-blob" --inMemoryPersistence --disableTelemetry --skipApiVersionCheck \
    --blobHost 127.0.0.1 --blobPort "$PORT"
until_true answers "$PORT"
cat >"$DIR/ask.py" <<'P'
import base64, datetime, hashlib, hmac, sys, urllib.request
import opendal
# The account that Azurite documents for everybody.
name = "devstoreaccount1"
key = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
endpoint = f"http://127.0.0.1:{sys.argv[1]}/{name}"
now = datetime.datetime.now(datetime.timezone.utc).strftime("%a, %d %b %Y %H:%M:%S GMT")
signed = "PUT" + "\n" * 12 + f"x-ms-date:{now}\nx-ms-version:2021-08-06\n/{name}/{name}/dumps\nrestype:container"
mac = base64.b64encode(hmac.new(base64.b64decode(key), signed.encode(), hashlib.sha256).digest()).decode()
urllib.request.urlopen(urllib.request.Request(f"{endpoint}/dumps?restype=container", method="PUT", headers={
    "x-ms-date": now, "x-ms-version": "2021-08-06", "Authorization": f"SharedKey {name}:{mac}"}))
store = opendal.Operator("azblob", container="dumps", endpoint=endpoint, account_name=name, account_key=key)
for number in range(10):
    store.write(f"lab-{number}", b"x")
print(len(list(store.list("/", recursive=True, start_after="lab-6"))))
print(store.capability().list_with_start_after)
P
"$DIR/venv/bin/python" "$DIR/ask.py" "$PORT" >"$DIR/seen"
{ read -r listed; read -r capable; } <"$DIR/seen"
saw "of 10 blobs, listed with start_after=lab-6 (three follow)" 10 "$listed"
saw "capability list_with_start_after" False "$capable"
verdict
