#!/usr/bin/env bash
# node_exporter's textfile collector: two backup jobs write the same metric with different HELP texts.
#
# One would guess: HELP is a comment; both files' series are exported.
# What happens: the series of one file are exported, those of the other are missing. Both files
#   have their node_textfile_mtime_seconds, as files that were read well. 1.5.0 (Debian 12) says
#   node_textfile_scrape_error 0 and has only a line in its log; 1.9.1 says 1.
# Whom it hurts: backups watched by `last_success` files: a new job with a nicer text takes all others off
#   the map, and an alert by `time() - last_success` does not fire on a series that is not there.
# Version: prometheus-node-exporter 1.5.0 (Debian 12), node_exporter 1.9.1 (Go module). Seen: 2026-11-28.
# Source: found by trying what makes a file of that collector disappear.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

debian prometheus-node-exporter=1.5.0-1+b6
go_tool github.com/prometheus/node_exporter@v1.9.1
mkdir "$DIR/files"
job() { # NAME HELP
    cat >"$DIR/files/$1.prom" <<T
# HELP backup_last_success_timestamp_seconds $2
# TYPE backup_last_success_timestamp_seconds gauge
backup_last_success_timestamp_seconds{job="$1"} 1.7e+09
T
}
job database "When the dump ended well."
job uploads "When the copy of the uploads ended well."

ask() { # PROGRAM: $SAID is the jobs that are exported, the files that were read, whether there was an error
    local port
    port=$(free_port)
    start exporter "$1" --collector.disable-defaults --collector.textfile --collector.textfile.directory="$DIR/files" \
        --web.listen-address="127.0.0.1:$port"
    until_true answers "$port"
    curl -s "http://127.0.0.1:$port/metrics" >"$DIR/metrics"
    kill "$STARTED"
    SAID=$(grep -o 'job="[a-z]*"' "$DIR/metrics" | tr '\n' ' ')
    SAID+="$(grep -c '^node_textfile_mtime_seconds' "$DIR/metrics") files, error "
    SAID+=$(sed -n 's/^node_textfile_scrape_error //p' "$DIR/metrics")
}
ask "$DIR/debian/usr/bin/prometheus-node-exporter"
saw "node_exporter 1.5.0" 'job="database" 2 files, error 0' "$SAID"
ask "$DIR/bin/node_exporter"
saw "node_exporter 1.9.1" 'job="database" 2 files, error 1' "$SAID"
job uploads "When the dump ended well."
ask "$DIR/bin/node_exporter"
saw "with the same HELP, 1.9.1" 'job="database" job="uploads" 2 files, error 0' "$SAID"
verdict
