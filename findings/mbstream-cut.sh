#!/usr/bin/env bash
# mbstream: a stream of mariabackup that ends too early, unpacked to see whether it is whole.
#
# One would guess: a format that is made to be piped says where it ends, as tar, gzip and zstd do, and
#   `mbstream -x` fails where the rest is lacking.
# What happens: the stream is a row of chunks with no end of its own. Cut between two chunks, also where a
#   file is not at its end, it is unpacked with status 0 and not a word: files are lacking, or shorter.
#   Only a cut inside a chunk fails.
# Whom it hurts: whoever pipes `mariabackup --stream=xbstream` into an object and tests it by unpacking: the
#   producer that dies between two chunks leaves a whole-looking object, and a test that passes. What is
#   left to see is the size, beside that of the backups before.
# Version: mariadb-backup 10.11.19 (Debian 12). Seen: 2026-11-29. Source: found by trying.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

debian mariadb-backup=1:10.11.19-0+deb12u1
mbstream=$DIR/debian/usr/bin/mbstream
mkdir "$DIR/backup" "$DIR/unpacked"
cd "$DIR/backup"
head -c 3000000 /dev/zero >one.ibd
head -c 30000000 /dev/zero >two.ibd
head -c 3000000 /dev/zero >three.ibd
"$mbstream" -c one.ibd two.ibd three.ibd >"$DIR/stream"
chunks() { grep --only-matching --byte-offset --text XBSTCK01 "$DIR/stream" | cut -d: -f1; }
echo "chunks begin at: $(chunks | tr '\n' ' ')"
unpack() { # BYTES: of the stream; prints status and what came of it
    local status=0
    rm -f "$DIR/unpacked"/*
    (cd "$DIR/unpacked" && head -c "$1" "$DIR/stream" | "$mbstream" -x) 2>/dev/null || status=$?
    echo "status $status," "$(cd "$DIR/unpacked" && stat --format '%n %s' -- *)"
}
saw "cut before the second file" "status 0, one.ibd 3000000" "$(unpack "$(chunks | sed -n 3p)")"
saw "cut inside the second file, between two chunks" "status 0, one.ibd 3000000
two.ibd 10485760" "$(unpack "$(chunks | sed -n 4p)")"
saw "cut inside a chunk" "status 1, one.ibd 3000000" "$(unpack 4500000)"
verdict
