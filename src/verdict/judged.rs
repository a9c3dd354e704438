//! Verdicts in a word, as people are told of them, and how many there are of each.

use serde::Serialize;

use super::{Finding, Verdict};

/// How backups are.
#[derive(Clone, Debug, Serialize)]
pub struct Judged {
    /// In a word: the gravest of what is wrong, be it of objects or of backup jobs.
    pub backup: Backup,
    /// What is wrong with its objects; of its backup jobs the destination tells.
    pub findings: Vec<Finding>,
}

/// How backups are, in a word, the worst first. What each means is in [`Finding`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Backup {
    /// There is none where one is expected.
    None,
    /// The newest is late.
    Late,
    /// The newest object is empty.
    Empty,
    /// The newest object is far smaller than its fellows.
    Shrunk,
    /// Its objects by themselves look well, and the judge finds something wrong with a backup job.
    Wrong,
    /// There is none yet, and none is expected so soon.
    Awaited,
    /// Nothing is known to be wrong.
    Ok,
}

/// How many clusters there are, and how many with each finding. A cluster may have several.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Backups {
    /// All of them.
    pub all: usize,
    /// Without a backup where one is expected.
    pub none: usize,
    /// With late ones.
    pub late: usize,
    /// With an empty newest object.
    pub empty: usize,
    /// With a newest object far smaller than its fellows.
    pub shrunk: usize,
    /// Whose objects look well, and with a job that the judge finds something wrong with.
    pub wrong: usize,
    /// Without one yet, where none is expected so soon.
    pub awaited: usize,
    /// The others.
    pub ok: usize,
}

impl Backups {
    /// With this finding.
    pub const fn of(self, finding: Finding) -> usize {
        match finding {
            Finding::None => self.none,
            Finding::Late => self.late,
            Finding::Empty => self.empty,
            Finding::Shrunk => self.shrunk,
        }
    }

    /// Counts one more.
    pub fn count(&mut self, verdict: Verdict) {
        let one = |finding| usize::from(verdict.has(finding));
        let backup = Backup::of(verdict);
        self.all += 1;
        self.none += one(Finding::None);
        self.late += one(Finding::Late);
        self.empty += one(Finding::Empty);
        self.shrunk += one(Finding::Shrunk);
        self.wrong += usize::from(backup == Backup::Wrong);
        self.awaited += usize::from(backup == Backup::Awaited);
        self.ok += usize::from(backup == Backup::Ok);
    }
}

impl Judged {
    /// Of a job with this verdict.
    pub fn new(verdict: Verdict) -> Self {
        Self {
            backup: Backup::of(verdict),
            findings: verdict.findings().collect(),
        }
    }

    /// Whether this is wrong.
    pub fn has(&self, finding: Finding) -> bool {
        self.findings.contains(&finding)
    }
}

impl Backup {
    /// The gravest of what is wrong.
    pub fn of(verdict: Verdict) -> Self {
        match verdict.findings().next() {
            Some(Finding::None) => Self::None,
            Some(Finding::Late) => Self::Late,
            Some(Finding::Empty) => Self::Empty,
            Some(Finding::Shrunk) => Self::Shrunk,
            None if verdict.is_judged_wrong => Self::Wrong,
            None if verdict.is_awaited => Self::Awaited,
            None => Self::Ok,
        }
    }
}
