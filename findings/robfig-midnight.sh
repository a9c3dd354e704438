#!/usr/bin/env bash
# robfig/cron (the schedules of Kubernetes CronJobs, Velero, K8up): `@daily` around changes of the clocks.
#
# One would guess: only a time inside the hour that is skipped is lost, and that on that day alone;
#   `@daily` is daily.
# What happens: where the clocks go forward at midnight (Cairo, Beirut, Santiago) @daily does not run at
#   all on that day, and in Havana twice when they go back. On Lord Howe, where half an hour is changed at
#   two o'clock, it does not run on the day AFTER each change, of which every hour exists.
# Whom it hurts: CronJobs with `timeZone` in a country of these: no backup on one day of the year, and
#   nothing that failed. Whoever raises an alarm for a missed slot must know that there was none.
# Version: robfig/cron 3.0.1 (Go module). Seen: 2026-11-28.
# Source: found by comparing a year in many zones; the skipped hour is in its documents, Lord Howe is not.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

cd "$DIR"
printf 'module lab\n\ngo 1.24\n\nrequire github.com/robfig/cron/v3 v3.0.1\n' >go.mod
cat >main.go <<'G'
package main

import (
	"fmt"
	"os"
	"time"

	"github.com/robfig/cron/v3"
)

func main() {
	zone, err := time.LoadLocation(os.Args[1])
	if err != nil {
		panic(err)
	}
	schedule, _ := cron.ParseStandard("CRON_TZ=" + os.Args[1] + " @daily")
	runs := map[string]int{}
	start := time.Date(2026, 1, 1, 12, 0, 0, 0, zone)
	end := time.Date(2027, 1, 1, 12, 0, 0, 0, zone)
	for at := schedule.Next(start); at.Before(end); at = schedule.Next(at) {
		runs[at.In(zone).Format(time.DateOnly)]++
	}
	for day := start.AddDate(0, 0, 1); !day.After(end); day = day.AddDate(0, 0, 1) {
		if name := day.Format(time.DateOnly); runs[name] != 1 {
			fmt.Printf("%s %dx, ", name, runs[name])
		}
	}
}
G
go mod tidy 2>/dev/null
CGO_ENABLED=0 go build -o lab .
ZONEINFO=$(go env GOROOT)/lib/time/zoneinfo.zip # the rules that came with Go, not those of the system
export ZONEINFO
saw "days of 2026 without exactly one run, Europe/Berlin" "" "$(./lab Europe/Berlin)"
saw "Africa/Cairo" "2026-04-24 0x, " "$(./lab Africa/Cairo)"
saw "Asia/Beirut" "2026-03-29 0x, " "$(./lab Asia/Beirut)"
saw "America/Santiago" "2026-09-06 0x, " "$(./lab America/Santiago)"
saw "America/Havana" "2026-03-08 0x, 2026-11-01 2x, " "$(./lab America/Havana)"
saw "Australia/Lord_Howe (changes on 04-05 and 10-04)" "2026-04-06 0x, 2026-10-05 0x, " "$(./lab Australia/Lord_Howe)"
verdict
