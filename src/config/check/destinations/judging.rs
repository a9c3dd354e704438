//! How the backups of a destination are judged: what is stated of its jobs.

use std::sync::Arc;
use std::time::Duration;

use humantime::format_duration;
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use s3_exporter_api::{Connect, UnixTime};
use s3_exporter_config::{Section, Setting};
use s3_exporter_judge::expectation::{Rhythm, Rules, Selector, Source, Stated, Statement, Tuning};
use s3_exporter_judge::findings::FindingKind;
use s3_exporter_judge::layouts::LayoutChoice;

use super::rhythm::{self, Said};
use super::tuning::tuning;
use crate::destination::Judging;
use crate::filter::Filter;

/// What else of a destination it is held against.
#[derive(Clone, Copy)]
pub(super) struct Beside<'a> {
    pub filter: &'a Filter,
    pub interval: Duration,
    /// From one look between the scans to the next; `None` where nobody looks.
    pub look_interval: Option<Duration>,
    pub max_age: Option<&'a Setting<Duration>>,
    /// Whether it mirrors another one.
    pub is_mirror: bool,
}

/// What is said of a destination; which one it mirrors is still to be looked up.
pub(super) fn judging(
    section: &mut Section,
    layouts: LayoutChoice,
    beside: &Beside<'_>,
) -> Judging {
    let marker = section.setting("marker", Section::name);
    if let Some(marker) = &marker
        && let Ok(Some(filter)) = beside.filter.at(UnixTime::now(), "")
        && let Some(why) = beside.filter.reason(&filter, marker.value.as_bytes())
    {
        let message = format!(
            "is {}, which would never be seen, for {why}",
            marker.quote()
        );
        section.fault_of(marker, message);
    }
    let (stated, tuning) = said(section, beside);
    let mut rules = Rules::default();
    section.table_list("jobs", |section| job(section, beside, &mut rules));
    rules.say(Selector::default(), stated, tuning);
    Judging {
        layouts,
        rules: Arc::new(rules),
        mirror_of: None,
        marker: marker.map(|marker| marker.value.into()),
        ..Judging::default()
    }
}

/// The same for its store: what cannot be there is not looked for, unless the user says so.
pub(super) fn of_store(judging: &Judging, connect: &dyn Connect) -> Judging {
    let mut judging = judging.clone();
    if connect.has_no_cold_class() {
        let off = [FindingKind::Cold].into();
        let tuning = Tuning {
            off,
            ..Tuning::default()
        };
        Arc::make_mut(&mut judging.rules).say(Selector::default(), Stated::default(), tuning);
    }
    judging
}

/// `[[destinations.jobs]]`: the same of some jobs.
fn job(section: &mut Section, of_all: &Beside<'_>, rules: &mut Rules) {
    let of = Selector {
        cluster: section.text("cluster"),
        job: section.text("job"),
        is_exact: false,
    };
    if of == Selector::default() {
        section.fault_here(
            "says of which jobs by neither `cluster` nor `job`: give one, or write what holds for all at the destination itself",
        );
    }
    let beside = Beside {
        max_age: None,
        ..*of_all
    };
    let (stated, tuning) = said(section, &beside);
    rules.say(of, stated, tuning);
}

trait Say {
    fn say(&mut self, of: Selector, stated: Stated, tuning: Tuning);
}

impl Say for Rules {
    /// Behind what is said already, which is stronger.
    fn say(&mut self, of: Selector, stated: Stated, tuning: Tuning) {
        let names_one = of.names_one();
        if tuning != Tuning::default() {
            self.tuning.push((of.clone(), tuning));
        }
        if stated != Stated::default() {
            self.stated.push(Statement {
                of,
                source: Source::Configuration,
                must_exist: names_one && stated.rhythm.is_some(),
                stated,
            });
        }
    }
}

/// What may be said of a destination and of some of its jobs alike.
fn said(section: &mut Section, beside: &Beside<'_>) -> (Stated, Tuning) {
    let rhythm = rhythm::rhythm(section);
    let grace = section.setting("grace", Section::duration);
    if let Some(Said { rhythm, key }) = &rhythm {
        contradictions(section, beside, rhythm, key, grace.as_ref());
    }
    let stated = Stated {
        rhythm: rhythm.map(|said| said.rhythm),
        grace: grace.map(Setting::into_value),
        keep: section
            .integer("keep", 1..=1_000_000)
            .and_then(|keep| u32::try_from(keep).ok()),
        min_size: section.size("min_size"),
        ..Stated::default()
    };
    let silent_until = silence(section);
    let tuning = Tuning {
        silent_until,
        ..section.table_if_given("findings", tuning)
    };
    if tuning.thresholds.mirror_behind_after.is_some() && !beside.is_mirror {
        section.warn(
            "findings.mirror_behind.after",
            "says nothing: the destination mirrors no other one; give `mirror_of`, or leave this out",
        );
    }
    (stated, tuning)
}

/// What is no fault, and hardly meant.
fn contradictions(
    section: &mut Section,
    beside: &Beside<'_>,
    rhythm: &Rhythm,
    key: &Setting<()>,
    grace: Option<&Setting<Duration>>,
) {
    let (shortest, longest) = match rhythm {
        Rhythm::Every(every) => (*every, *every),
        Rhythm::Cron(cron) => match cron.gaps() {
            Some(gaps) => (gaps.shortest, gaps.longest),
            None => return,
        },
    };
    let name = key.key();
    let (interval, is, next) = match beside.look_interval {
        Some(interval) => (interval, "looked at", "look"),
        None => (beside.interval, "listed", "scan"),
    };
    if shortest < interval {
        section.warn_of(
            key,
            format!(
                "asks for a backup every {}, and the bucket is {is} every {}: a late one is noticed only by the next {next}",
                format_duration(shortest),
                format_duration(interval)
            ),
        );
    }
    if let Some(max_age) = beside.max_age.filter(|max_age| max_age.value < longest) {
        section.warn_of(
            max_age,
            format!(
                "is shorter than the {} from one backup to the next that `{name}` asks for: one that is in time is late by it",
                format_duration(longest)
            ),
        );
    }
    if let Some(grace) = grace.filter(|grace| grace.value >= longest) {
        section.warn_of(
            grace,
            format!(
                "is no shorter than the {} from one backup to the next that `{name}` asks for: one is called late only when others are due",
                format_duration(longest)
            ),
        );
    }
}

/// `silence_until`: a moment, or the beginning of a day.
fn silence(section: &mut Section) -> Option<UnixTime> {
    let given = section.setting("silence_until", Section::name)?;
    let text = given.value.as_str();
    let of_date = |date: Date| {
        TimeZone::UTC
            .to_timestamp(date.to_datetime(Time::midnight()))
            .ok()
    };
    let is_date = text.len() == "2026-12-24".len();
    let date = || text.parse().ok().filter(|_| is_date).and_then(of_date);
    let moment = text.parse().ok().or_else(date);
    if moment.is_none() {
        let message = format!(
            "is {}: expected a date such as \"2026-12-24\", which is its beginning in UTC, or a time such as \"2026-12-24T18:00:00Z\"",
            given.quote()
        );
        section.fault_of(&given, message);
    }
    moment.map(|moment: jiff::Timestamp| UnixTime::from_millis(moment.as_millisecond()))
}
