#!/usr/bin/env bash
# `0 3 * * 1-5` and `0 3 1 * 1` in four schedulers.
#
# One would guess: Monday to Friday; and the first of the month as well as each Monday, as in cron(5).
# What happens: robfig/cron (Kubernetes, Velero, K8up) and croniter do that. The crate `cron` counts the
#   days from Sunday = 1, so 1-5 is Sunday to Thursday; APScheduler's from_crontab from Monday = 0, so it
#   is Tuesday to Saturday. And for both of these day of month AND day of week must hold: a few times a
#   year. No error, no warning.
# Whom it hurts: who moves a backup's schedule from one to the other, and who works out from the schedule
#   when a backup is late: alarms on a free day, silence on the day that has none.
# Version: robfig/cron 3.0.1 (Go), cron 0.17.0 (crate), APScheduler 3.11.3 and croniter 7.0.0 (PyPI).
# Seen: 2026-11-28. Source: found by comparing 520 expressions; each says so somewhere in its documents.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

mkdir -p "$DIR"/go "$DIR"/rust/src
cat >"$DIR/go/main.go" <<'G'
package main

import ("fmt"; "os"; "time"; "github.com/robfig/cron/v3")

func main() {
	schedule, _ := cron.ParseStandard(os.Args[1])
	for at, n := time.Date(2026, 11, 29, 0, 0, 0, 0, time.UTC), 0; n < 6; n++ {
		at = schedule.Next(at)
		fmt.Println(at.Format("Mon 01-02"))
	}
}
G
printf 'module lab\n\ngo 1.24\n\nrequire github.com/robfig/cron/v3 v3.0.1\n' >"$DIR/go/go.mod"
(cd "$DIR/go" && go mod tidy 2>/dev/null && CGO_ENABLED=0 go build -o "$DIR/robfig" .)

cat >"$DIR/rust/src/main.rs" <<'R'
use chrono::TimeZone;
fn main() {
    let schedule: cron::Schedule = format!("0 {}", std::env::args().nth(1).unwrap()).parse().unwrap(); // it has seconds
    let start = chrono::Utc.with_ymd_and_hms(2026, 11, 29, 0, 0, 0).unwrap();
    for at in schedule.after(&start).take(6) { println!("{}", at.format("%a %m-%d")); }
}
R
printf '[package]\nname = "lab"\nversion = "0.1.0"\nedition = "2021"\n[dependencies]\ncron = "=0.17.0"\nchrono = "=0.4.42"\n' >"$DIR/rust/Cargo.toml"
cargo build --quiet --manifest-path "$DIR/rust/Cargo.toml"

pypi apscheduler==3.11.3 croniter==7.0.0
cat >"$DIR/python.py" <<'P'
import datetime, sys
from apscheduler.triggers.cron import CronTrigger
from croniter import croniter
at = datetime.datetime(2026, 11, 29, tzinfo=datetime.timezone.utc)
if sys.argv[1] == "croniter":
    due = croniter(sys.argv[2], at)
    times = [due.get_next(datetime.datetime) for _ in range(6)]
else:
    trigger, times = CronTrigger.from_crontab(sys.argv[2], timezone="UTC"), []
    for _ in range(6):
        times.append(at := trigger.get_next_fire_time(None, at + datetime.timedelta(seconds=1)))
print(*(time.strftime("%a %m-%d") for time in times), sep="\n")
P
days() { cut -d' ' -f1 | tr '\n' ' '; }
dates() { cut -d' ' -f2 | head -n 4 | tr '\n' ' '; }
python() { "$DIR/venv/bin/python" "$DIR/python.py" "$@"; }
saw "0 3 * * 1-5 from a Sunday on, robfig" "Mon Tue Wed Thu Fri Mon " "$("$DIR/robfig" '0 3 * * 1-5' | days)"
saw "                          croniter" "Mon Tue Wed Thu Fri Mon " "$(python croniter '0 3 * * 1-5' | days)"
saw "                        crate cron" "Sun Mon Tue Wed Thu Sun " "$("$DIR/rust/target/debug/lab" '0 3 * * 1-5' | days)"
saw "                       APScheduler" "Tue Wed Thu Fri Sat Tue " "$(python apscheduler '0 3 * * 1-5' | days)"
saw "0 3 1 * 1 from 29 November on, robfig" "11-30 12-01 12-07 12-14 " "$("$DIR/robfig" '0 3 1 * 1' | dates)"
saw "                           croniter" "11-30 12-01 12-07 12-14 " "$(python croniter '0 3 1 * 1' | dates)"
saw "                         crate cron" "08-01 10-01 04-01 07-01 " "$("$DIR/rust/target/debug/lab" '0 3 1 * 1' | dates)"
saw "                        APScheduler" "12-01 06-01 02-01 08-01 " "$(python apscheduler '0 3 1 * 1' | dates)"
verdict
