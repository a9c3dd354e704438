#!/usr/bin/env bash
# duplicity: one volume in the middle of a full backup was deleted, by a lifecycle rule or by hand.
#
# One would guess: `collection-status` says that a set is incomplete, since the manifest beside it says how
#   many volumes there are; an increment on top of it is refused.
# What happens: it says "No orphaned or incomplete backup sets found" with status 0, with and without its
#   cache, and only counts one volume less. An increment is made on top, with status 0. Only a restore or
#   `verify`, which download everything, fail.
# Whom it hurts: whoever watches duplicity by its status. A listing does show it: volumes are numbered from 1,
#   and one of the numbers is lacking.
# Version: duplicity 3.2.1 (PyPI), librsync 2.3.2 (Debian 12). Seen: 2026-11-29. Source: found by trying.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

pypi duplicity==3.2.1
debian librsync2=2.3.2-1+b1
LD_LIBRARY_PATH=$(echo "$DIR"/debian/usr/lib/*-linux-gnu)
export LD_LIBRARY_PATH
mkdir "$DIR/source" "$DIR/store"
head -c 16000000 /dev/urandom >"$DIR/source/file"
duplicity() { # COMMAND [ARGUMENT...]: its output is in $DIR/out, its status is printed
    local status=0
    "$DIR/venv/bin/duplicity" "$1" --no-encryption "${@:2}" >"$DIR/out" 2>&1 || status=$?
    echo "status $status"
}
saw "full backup" "status 0" "$(duplicity full --volsize 5 "$DIR/source" "file://$DIR/store")"
rm "$DIR"/store/*.vol2.*
saw "collection-status" "status 0" "$(duplicity collection-status "file://$DIR/store")"
saw "what it says" "No orphaned or incomplete backup sets found." "$(grep orphaned "$DIR/out")"
rm -r "$HOME/.cache/duplicity"
saw "without its cache" "status 0" "$(duplicity collection-status "file://$DIR/store")"
saw "what it says" "No orphaned or incomplete backup sets found." "$(grep orphaned "$DIR/out")"
echo more >"$DIR/source/another"
saw "increment on top" "status 0" "$(duplicity incremental "$DIR/source" "file://$DIR/store")"
saw "verify" "status 1" "$(duplicity verify "file://$DIR/store" "$DIR/source")"
saw "what it says" "difftar volume 2 not found in backup." "$(grep 'volume 2' "$DIR/out")"
verdict
