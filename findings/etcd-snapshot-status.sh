#!/usr/bin/env bash
# `etcdctl snapshot status`: TOTAL KEYS of an etcd whose keys were all deleted.
#
# One would guess: TOTAL KEYS is how many keys a restore would bring back; and what status takes,
#   restore takes.
# What happens (3.4): it counts every revision that was not compacted, deletions too, and etcd's own
#   entries: 54 for 50 keys, and 104 once all 50 are deleted. 3.6 says 50 and 0 of the same two files.
#   And status has no word on whether the file has the hash that restore wants: it takes a copy of the
#   database file, which restore refuses.
# Whom it hurts: checks of etcd backups by size and TOTAL KEYS, the two figures status gives: both RISE
#   when the cluster's contents are lost, and a backup made by copying the file passes until it is needed.
# Version: etcd-server and etcd-client 3.4.23 (Debian 12), etcdutl 3.6.6 (Go module). Seen: 2026-11-28.
# Source: found by comparing the two versions.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

debian etcd-server=3.4.23-4+b4 etcd-client=3.4.23-4+b4
mkdir "$DIR/etcdutl"
(
    cd "$DIR/etcdutl" # not by `go install`: its go.mod has lines of its own
    printf 'module tools\n\ngo 1.26\n' >go.mod
    go get go.etcd.io/etcd/etcdutl/v3@v3.6.6 2>/dev/null
    CGO_ENABLED=0 go build -o "$DIR/bin/etcdutl" go.etcd.io/etcd/etcdutl/v3
)
CLIENT=http://127.0.0.1:$(free_port)
PEER=http://127.0.0.1:$(free_port)
etcdctl() { ETCDCTL_API=3 "$DIR/debian/usr/bin/etcdctl" --endpoints="$CLIENT" "$@"; }
start etcd "$DIR/debian/usr/bin/etcd" --data-dir "$DIR/etcd" --listen-client-urls "$CLIENT" --advertise-client-urls "$CLIENT" \
    --listen-peer-urls "$PEER" --initial-advertise-peer-urls "$PEER" --initial-cluster "default=$PEER"
until_true etcdctl endpoint health

for number in $(seq 50); do etcdctl put "/lab/$number" value >/dev/null; done
etcdctl snapshot save "$DIR/full.db" 2>/dev/null >&2
etcdctl del --prefix /lab/ >/dev/null
etcdctl snapshot save "$DIR/emptied.db" 2>/dev/null >&2
kill "$STARTED"
wait "$STARTED" || true
cp "$DIR/etcd/member/snap/db" "$DIR/copied.db"

total() { cut -d, -f3 | tr -d ' '; }
saw "50 keys, status of 3.4" 54 "$(etcdctl snapshot status "$DIR/full.db" | total)"
saw "all deleted, status of 3.4" 104 "$(etcdctl snapshot status "$DIR/emptied.db" | total)"
saw "50 keys, status of 3.6" 50 "$("$DIR/bin/etcdutl" snapshot status "$DIR/full.db" | total)"
saw "all deleted, status of 3.6" 0 "$("$DIR/bin/etcdutl" snapshot status "$DIR/emptied.db" | total)"
for version in 3.4 3.6; do
    tool=etcdctl
    [ "$version" = 3.4 ] || tool=$DIR/bin/etcdutl
    status=0 restored=0
    "$tool" snapshot status "$DIR/copied.db" >/dev/null 2>&1 || status=$?
    "$tool" snapshot restore "$DIR/copied.db" --data-dir "$DIR/restored-$version" >/dev/null 2>&1 || restored=$?
    saw "a copied file, $version: status and restore end with" "0 1" "$status $restored"
done
verdict
