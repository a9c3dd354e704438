//! What is true, and when: the content of each bucket and the names of each resolver over
//! time. What the exporter shows is compared with it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use s3_exporter_testkit::Upload;

use crate::common::truth::Figures;

/// Contents and sets of names that are remembered.
const REMEMBERED: usize = 200;

/// How long it may take until a configuration that was written is in effect, in milliseconds,
/// on a machine with much else to do.
const NOTICED: i64 = 60_000;

/// Milliseconds since 1970.
pub fn now() -> i64 {
    s3_exporter_api::UnixTime::now().as_millis()
}

/// The names that a resolver has: some for good, some that come and go.
pub struct Names {
    /// For good.
    pub stable: BTreeSet<String>,
    /// Those that come and go.
    pub fickle: Vec<String>,
    /// Which of the fickle ones were known, one bit each, oldest first.
    history: VecDeque<u64>,
}

impl Names {
    pub fn new(stable: BTreeSet<String>, fickle: Vec<String>) -> Self {
        assert!(fickle.len() <= 64, "a bit for each");
        Self {
            stable,
            fickle,
            history: VecDeque::from([0]),
        }
    }

    /// Which of the fickle ones are known now.
    pub fn known(&self) -> u64 {
        *self.history.back().unwrap()
    }

    /// To be called before the change is made.
    pub fn change(&mut self, known: u64) {
        self.history.push_back(known);
        if self.history.len() > REMEMBERED {
            self.history.pop_front();
        }
    }

    /// All that are known now, as a file.
    pub fn file(&self) -> String {
        let fickle = self.chosen(self.known());
        let all = self.stable.iter().map(String::as_str).chain(fickle);
        all.collect::<Vec<_>>().join("\n")
    }

    fn chosen(&self, mask: u64) -> impl Iterator<Item = &str> {
        let names = self.fickle.iter().enumerate();
        names
            .filter(move |(at, _)| mask >> at & 1 == 1)
            .map(|(_, name)| name.as_str())
    }

    fn mask<'a>(&self, names: impl Iterator<Item = &'a str>) -> u64 {
        names
            .filter_map(|name| self.fickle.iter().position(|fickle| fickle == name))
            .fold(0, |mask, at| mask | 1 << at)
    }

    /// Whether so many can have been shown: those that were known both when a scan began and
    /// at one moment after that. Of the others nothing may be said, so `visible` are compared.
    fn plausible(&self, shown: u64, visible: u64) -> bool {
        let sets = self.history.iter().enumerate();
        sets.flat_map(|(at, then)| self.history.range(at..).map(move |now| then & now))
            .any(|known| known & visible == shown)
    }
}

/// A content, and when it may have been listed.
struct Version {
    began: i64,
    over: Option<i64>,
    uploads: Vec<Upload>,
}

/// A bucket, which is a destination too.
pub struct Bucket {
    pub name: String,
    /// The server's index.
    pub server: usize,
    /// The resolver's index.
    pub resolver: usize,
    /// Whether all clusters have series, or only those with objects.
    pub all: bool,
    versions: VecDeque<Version>,
    /// Every key that has been in it: who had objects here may be told of without any.
    ever: BTreeSet<String>,
}

impl Bucket {
    pub fn new(
        name: String,
        server: usize,
        resolver: usize,
        all: bool,
        uploads: Vec<Upload>,
    ) -> Self {
        let ever = uploads.iter().map(|upload| upload.key.clone()).collect();
        let version = Version {
            began: 0,
            over: None,
            uploads,
        };
        Self {
            name,
            server,
            resolver,
            all,
            versions: VecDeque::from([version]),
            ever,
        }
    }

    /// What is in it now.
    pub fn uploads(&self) -> &[Upload] {
        &self.versions.back().unwrap().uploads
    }

    /// To be called before the change is made.
    pub fn begin(&mut self, uploads: Vec<Upload>) {
        self.ever
            .extend(uploads.iter().map(|upload| upload.key.clone()));
        self.versions.push_back(Version {
            began: now(),
            over: None,
            uploads,
        });
        if self.versions.len() > REMEMBERED {
            self.versions.pop_front();
        }
    }

    /// To be called once the change is made.
    pub fn end(&mut self) {
        let last = self.versions.len() - 1;
        if last > 0 {
            self.versions[last - 1].over = Some(now());
        }
    }

    /// What is shown, but for clusters that are only told of because what they had is gone.
    pub fn without_gone(&self, shown: &Figures) -> Figures {
        let mut shown = shown.clone();
        if !self.all {
            let present = with_objects(&shown);
            let had = |cluster: &str| {
                let begin = format!("{cluster}-");
                let first = self.ever.range(begin.clone()..).next();
                first.is_some_and(|key| key.starts_with(&begin))
            };
            let gone: BTreeSet<_> = shown
                .clusters()
                .into_iter()
                .filter(|name| !present.contains(name) && had(name))
                .map(str::to_owned)
                .collect();
            shown.0.retain(|(_, cluster), _| !gone.contains(cluster));
        }
        shown
    }

    /// Why the figures are of no content that was there between these moments; `None` where
    /// they are right.
    pub fn fault(&self, names: &Names, shown: &Figures, from: i64, to: i64) -> Option<String> {
        let shown = &self.without_gone(shown);
        let clusters = shown.clusters();
        if let Some(foreign) = clusters
            .iter()
            .find(|name| !names.stable.contains(**name) && !names.fickle.iter().any(|f| f == *name))
        {
            return Some(format!("{foreign} was never known"));
        }
        let fickle = names.mask(clusters.iter().copied());
        let candidates = self
            .versions
            .iter()
            .filter(|version| version.began <= to && version.over.is_none_or(|over| over >= from));
        let mut tried = Vec::new();
        for version in candidates {
            let right = self.figures(names, &version.uploads, fickle);
            if right == *shown {
                let visible = match self.all {
                    true => u64::MAX,
                    false => {
                        let all = Figures::expected(&version.uploads, &self.relevant(names));
                        names.mask(with_objects(&all).into_iter())
                    }
                };
                if names.plausible(fickle, visible) {
                    return None;
                }
                tried.push(format!("the fickle names shown are {fickle:b}"));
                continue;
            }
            tried.push(differences(shown, &right));
        }
        Some(format!(
            "none of {} contents fits: {}",
            tried.len(),
            tried.join("\n  or ")
        ))
    }

    /// What must be shown now, once all is quiet.
    pub fn truth(&self, names: &Names) -> Figures {
        self.figures(names, self.uploads(), names.known())
    }

    fn figures(&self, names: &Names, uploads: &[Upload], fickle: u64) -> Figures {
        let mut known: Vec<_> = names.chosen(fickle).collect();
        if self.all {
            known.extend(names.stable.iter().map(String::as_str));
            return Figures::expected(uploads, &known);
        }
        known.extend(self.stable_here(names, uploads));
        let mut figures = Figures::expected(uploads, &known);
        let present = with_objects(&figures);
        let absent: BTreeSet<_> = known.iter().filter(|n| !present.contains(**n)).collect();
        figures
            .0
            .retain(|(_, cluster), _| !absent.contains(&cluster.as_str()));
        figures
    }

    /// Names that can own an object here: others would only cost time.
    fn stable_here<'a>(
        &self,
        names: &'a Names,
        uploads: &'a [Upload],
    ) -> impl Iterator<Item = &'a str> {
        let first = |upload: &'a Upload| upload.key.split('-').next();
        let firsts: BTreeSet<_> = uploads.iter().filter_map(first).collect();
        firsts
            .into_iter()
            .filter(|first| names.stable.contains(*first))
    }

    fn relevant<'a>(&'a self, names: &'a Names) -> Vec<&'a str> {
        let fickle = names.fickle.iter().map(String::as_str);
        let versions = self.versions.iter();
        let stable = versions.flat_map(|version| self.stable_here(names, &version.uploads));
        fickle.chain(stable.collect::<BTreeSet<_>>()).collect()
    }
}

fn with_objects(figures: &Figures) -> BTreeSet<&str> {
    let objects = figures.0.iter().filter(|((family, cluster), value)| {
        family == "objectstore_objects" && !cluster.is_empty() && **value > 0.0
    });
    objects.map(|((_, cluster), _)| cluster.as_str()).collect()
}

/// What differs, of which a few lines are enough.
pub fn differences(shown: &Figures, right: &Figures) -> String {
    let mut lines = Vec::new();
    let keys: BTreeSet<_> = shown.0.keys().chain(right.0.keys()).collect();
    for at in keys {
        let (shown, right) = (shown.0.get(at), right.0.get(at));
        if shown != right {
            lines.push(format!("{at:?} is {shown:?}, right is {right:?}"));
        }
    }
    let more = lines.len().saturating_sub(6);
    lines.truncate(6);
    format!("{} and {more} more", lines.join("; "))
}

impl Ledger {
    /// Whether a destination may be missing.
    pub fn may_lack(&self, name: &str) -> bool {
        self.absent.may_be(name)
    }
}

/// Destinations that the configuration does not have.
#[derive(Default)]
pub struct Absent {
    /// The one that was written last.
    pub now: BTreeSet<String>,
    /// Those before it, with the times at which they were replaced.
    before: Vec<(i64, BTreeSet<String>)>,
}

impl Absent {
    /// Another configuration is written.
    pub fn replace(&mut self, now: BTreeSet<String>) {
        let before = std::mem::replace(&mut self.now, now);
        self.before.retain(is_in_effect);
        self.before.push((self::now(), before));
    }

    fn may_be(&self, name: &str) -> bool {
        let mut before = self.before.iter().filter(|before| is_in_effect(before));
        self.now.contains(name) || before.any(|(_, absent)| absent.contains(name))
    }
}

/// Whether the exporter may still go by what was replaced then.
fn is_in_effect((replaced, _): &(i64, BTreeSet<String>)) -> bool {
    now() - replaced < NOTICED
}

/// Everything.
pub struct Ledger {
    /// By destination.
    pub buckets: BTreeMap<String, Bucket>,
    pub names: Vec<Names>,
    /// Who is left out.
    pub absent: Absent,
}
