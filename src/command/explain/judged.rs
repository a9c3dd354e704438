//! What a key is of a backup, and what the judge thinks of that one's job.

use std::fmt::Write;

use s3_exporter_api::UnixTime;
use s3_exporter_judge::backups::JobId;
use s3_exporter_judge::expectation::Source;
use s3_exporter_judge::judge::{JudgedJob, Judgement};
use s3_exporter_judge::layouts::{
    KeyTime, Layout, LayoutChoice, Never, Part, Piece, Reading, Role, TimeRule,
};

use crate::pages::Time;
use crate::words::{Sentence, Span};

/// A key below a destination's prefix, as its layouts read it.
pub struct Seen<'k> {
    choice: &'k LayoutChoice,
    below: usize,
    layout: &'static Layout,
    reading: Reading<'k>,
    id: JobId,
}

impl<'k> Seen<'k> {
    /// `below` are the bytes before what the layouts read: the prefix, or that with the name of the
    /// cluster that owns the key and its separator. `None` where it is of no layout.
    pub fn new(
        choice: &'k LayoutChoice,
        key: &'k str,
        below: usize,
        owner: Option<&str>,
    ) -> Option<Self> {
        let own = key.as_bytes().get(below..)?;
        let (layout, reading) = choice.read(own)?;
        let id = JobId::of(own, &reading, owner);
        Some(Self {
            choice,
            below,
            layout,
            reading,
            id,
        })
    }

    /// What it is, in a line.
    pub fn line(&self) -> String {
        let mut text = format!("layout {}", self.layout.name);
        for (what, name) in [("cluster", &self.id.cluster), ("job", &self.id.job)] {
            if !name.is_empty() {
                let _ = write!(text, ", {what} {name:?}"); // into a String: cannot fail
            }
        }
        let role = match &self.reading.role {
            Role::Never(never) => format!("{}, which is never a backup", beside(*never)),
            Role::Piece(piece) => self.piece(piece),
        };
        format!("{text}: {role}")
    }

    fn piece(&self, piece: &Piece<'_>) -> String {
        let part = match piece.part {
            Part::Whole => "the whole of",
            Part::Commit => "what completes",
            Part::Data => "a part of",
            Part::Extra => "beside",
        };
        let mut text = format!("{part} the {} backup {:?}", piece.kind.as_str(), piece.id);
        if let Some(time) = &piece.time {
            let _ = write!(text, " of {}", self.moment(time)); // as above
        }
        if let Some(parent) = &piece.parent {
            let _ = write!(text, ", which needs {parent:?}"); // as above
        }
        text
    }

    fn moment(&self, time: &KeyTime) -> String {
        let text = Time(UnixTime::from_millis(time.seconds.saturating_mul(1000))).to_string();
        match self.layout.time == TimeRule::Utc || time.is_utc() {
            true => text,
            false => format!("{} in its own time zone", text.trim_end_matches('Z')),
        }
    }

    /// Whether it is a piece of the same backup as this key.
    pub fn is_of_backup(&self, key: &str) -> bool {
        let read = |key| self.choice.read(key);
        let other = key.as_bytes().get(self.below..).and_then(read);
        match (&self.reading.role, other.map(|(_, reading)| reading.role)) {
            (Role::Piece(own), Some(Role::Piece(other))) => own.id == other.id,
            _ => false,
        }
    }

    /// What is thought of its job: `None` where there is no judgement of it.
    pub fn job<'a>(&self, judgement: &'a Judgement) -> Option<&'a JudgedJob> {
        let exact = judgement.jobs.get(&self.id).map(|job| &**job);
        let is_its = |job: &&JudgedJob| job.layout == self.layout.name;
        // Two jobs of one name are told apart by their layout.
        let other = || {
            let start = format!("{} ({}", self.id.job, self.layout.name);
            let jobs = judgement
                .jobs
                .iter()
                .filter(|(id, _)| id.cluster == self.id.cluster && id.job.starts_with(&start));
            jobs.map(|(_, job)| &**job).find(is_its)
        };
        exact.filter(is_its).or_else(other).or(exact)
    }
}

/// What the judge thinks of a job, a line each; `is_newest` where the key is of its newest good
/// backup.
pub fn lines(job: &JudgedJob, is_newest: bool, now: UnixTime) -> Vec<String> {
    let age = |time: UnixTime| now.as_seconds() - time.as_seconds();
    let mut lines = Vec::new();
    lines.push(match (job.newest_good, &job.newest_good_key) {
        (None, _) if !job.shows_backups() => {
            "no listing shows whether a backup of this job was made".to_owned()
        }
        (None, _) => "there is no good backup of this job".to_owned(),
        (Some(made), _) if is_newest => {
            let age = Span(age(made));
            format!("that is the newest good backup of this job, {age} old")
        }
        (Some(made), newest) => {
            let name = newest
                .as_ref()
                .map_or(String::new(), |newest| format!(": {newest:?}"));
            let age = Span(age(made));
            format!("the newest good backup of this job is {age} old{name}")
        }
    });
    let source = match job.expected.source {
        Source::Configuration => "as the configuration says",
        Source::Kubernetes => "as an object in Kubernetes says",
        Source::Learned => "as its history shows",
        Source::Unknown => "",
    };
    lines.push(match job.expected.due {
        Some(due) if age(due) <= 0.0 => format!("the next is due in {}, {source}", Span(age(due))),
        Some(due) => format!("the next was due {} ago, {source}", Span(age(due))),
        None if job.expected.source == Source::Unknown => {
            "when the next is due is not known: nobody says so, and there is too little history"
                .to_owned()
        }
        None => format!("no next one is ever due, {source}"),
    });
    lines.extend(job.findings.iter().map(|finding| {
        let (severity, kind) = (finding.severity.as_str(), finding.kind.as_str());
        let since = Time(finding.since);
        format!(
            "{severity} {kind} since {since}: {}",
            Sentence(&finding.text)
        )
    }));
    lines
}

const fn beside(never: Never) -> &'static str {
    match never {
        Never::Lock => "a lock",
        Never::Index => "an index or a configuration",
        Never::Log => "a log",
        Never::Data => "data that backups share",
        Never::Marker => "a marker",
    }
}
