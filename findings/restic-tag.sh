#!/usr/bin/env bash
# `restic tag`: what it does to the objects of a repository, and which backup is the newest.
#
# One would guess: a tag is written to the snapshots that get it, or beside them; backups keep their age.
# What happens: a snapshot's object is named by its contents, so each tagged one is written anew under
#   another name and the old one is deleted: all of `snapshots/` was last modified just now, though the
#   time inside, and so `restic snapshots`, is the old one.
# Whom it hurts: who watches the newest object below `snapshots/`, the only place that tells a backup
#   from a prune: after `tag` (and `rewrite`) a job that died weeks ago has a fresh backup. The count
#   does not rise: that is how to tell.
# Version: restic 0.18.1 (Go module), a local repository, which has the layout of S3's. Seen: 2026-11-28.
# Source: found by listing a bucket after each command.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

go_tool github.com/restic/restic/cmd/restic@v0.18.1
export RESTIC_PASSWORD=lab RESTIC_REPOSITORY=$DIR/repository RESTIC_CACHE_DIR=$DIR/cache
restic() { "$DIR/bin/restic" --quiet "$@"; }
mkdir "$DIR/source"
restic init
for day in 1 2 3; do
    echo "$day" >"$DIR/source/file"
    restic backup --time "2026-11-0$day 03:00:00" "$DIR/source"
done
touch -d 2026-11-03 "$RESTIC_REPOSITORY"/snapshots/* # as if they had been made then
names() { find "$RESTIC_REPOSITORY/snapshots" -type f "$@" -printf '%f\n' | sort; }
names >"$DIR/before"

restic tag --add keep
names >"$DIR/after"
saw "snapshots before and after" "3 3" "$(wc -l <"$DIR/before") $(wc -l <"$DIR/after")"
saw "names that are still there" 0 "$(comm -12 "$DIR/before" "$DIR/after" | wc -l)"
saw "objects modified in the last minutes" 3 "$(names -mmin -10 | wc -l)"
saw "newest backup by restic" 2026-11-03 "$(restic snapshots --json | grep -o '"time":"2026-11-..' | cut -d'"' -f4 | sort | tail -n 1)"
verdict
