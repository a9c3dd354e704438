//! Schedules are read as robfig/cron v3 reads them: held against what its own program for Go, in
//! `main.go`, says of 200 of them in six zones.

use s3_exporter_api::UnixTime;
use s3_exporter_judge::expectation::{Rhythm, Zone};

const HOUR: i64 = 3600;
/// 2026-03-01.
const BEGIN: i64 = 1_772_323_200;
/// Slots after each moment, within the year.
const SLOTS: usize = 32;
const YEAR: i64 = 365 * 24 * HOUR;
/// Where robfig loses its way: Lord Howe changes its clocks by half an hour, Santiago at midnight.
const ODD: [&str; 2] = ["Australia/Lord_Howe", "America/Santiago"];

#[test]
fn schedules_are_read_as_robfig_reads_them() {
    let mut changes = Vec::new();
    let (mut same, mut refused, mut differs) = (0, 0, Vec::new());
    for line in include_str!("slots.txt")
        .lines()
        .filter(|line| !line.starts_with('#'))
    {
        let mut columns = line.split('\t');
        let text = columns.next().unwrap_or_default();
        if text == "changes" {
            let zone = columns.next().expect("a zone");
            let seconds = columns.map(|column| column.parse().expect("seconds"));
            changes.push((zone, seconds.collect::<Vec<i64>>()));
            continue;
        }
        let hashes: Vec<_> = columns.collect();
        if hashes == ["-"] {
            match Rhythm::parse(text, &Zone::UTC) {
                Ok(_) => differs.push(format!("{text}: robfig refuses it")),
                Err(_) => refused += 1,
            }
            continue;
        }
        for ((zone, changes), expected) in changes.iter().zip(hashes) {
            let zoned = format!("CRON_TZ={zone} {text}");
            match Rhythm::parse(&zoned, &Zone::UTC) {
                Ok(rhythm) if format!("{:x}", hash(&rhythm, zone, changes)) == expected => {
                    same += 1
                }
                Ok(_) => differs.push(format!("{zoned}: other slots")),
                Err(why) => differs.push(format!("{zoned}: refused: it {why}")),
            }
        }
    }
    assert!(differs.is_empty(), "{differs:#?}");
    println!("{same} the same, {refused} refused by both");
}

/// As `main.go` makes it.
fn hash(rhythm: &Rhythm, zone: &str, changes: &[i64]) -> u32 {
    let before = |change: &i64| [change - 30 * HOUR, change - 2 * HOUR];
    let moments = [BEGIN].into_iter().chain(changes.iter().flat_map(before));
    let mut sum: u32 = 0x811c_9dc5; // FNV-1a
    for moment in moments {
        let (mut slot, mut kept) = (moment, 0);
        while kept < SLOTS {
            match next(rhythm, slot) {
                Some(next) if next < BEGIN + YEAR => slot = next,
                _ => break,
            }
            if let Some(end) = odd_until(slot, zone, changes) {
                slot = end;
                continue;
            }
            for byte in format!("{slot}\n").bytes() {
                sum = (sum ^ u32::from(byte)).wrapping_mul(0x0100_0193);
            }
            kept += 1;
        }
    }
    sum
}

fn next(rhythm: &Rhythm, after: i64) -> Option<i64> {
    match rhythm {
        Rhythm::Every(every) => Some(after + i64::try_from(every.as_secs()).expect("seconds")),
        Rhythm::Cron(cron) => {
            let slot = cron.next(UnixTime::from_millis(after * 1000))?;
            Some(slot.as_millis() / 1000)
        }
    }
}

fn odd_until(slot: i64, zone: &str, changes: &[i64]) -> Option<i64> {
    let near = |change: &&i64| (**change - 24 * HOUR < slot) && (slot < **change + 9 * 24 * HOUR);
    let change = changes.iter().find(near).filter(|_| ODD.contains(&zone))?;
    Some(change + 9 * 24 * HOUR)
}
