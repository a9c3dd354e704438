//! Lets the whole judge look at a bucket: keys, layouts, backups, judgement, with what it
//! remembers from scan to scan.

use std::collections::BTreeMap;
use std::time::Duration;

use s3_exporter_api::{Object, StorageClass, UnixTime};
use s3_exporter_judge::backups::{BackupFold, BackupLane, JobBackups, Limits};
use s3_exporter_judge::expectation::{
    Rhythm, Rules, Selector, Source, Stated, Statement, Tuning, Zone,
};
use s3_exporter_judge::findings::FindingKind;
use s3_exporter_judge::judge::{Case as Judged, Judgement, judge};
use s3_exporter_judge::layouts::LayoutChoice;
use s3_exporter_judge::memory::Memory;

use crate::case::Case;
use crate::store::Store;
use crate::text::{Fields, Read, duration, moment, number, size, word};

/// What a scan has listed.
pub struct Listed<'a> {
    pub store: &'a Store,
    pub jobs: &'a [JobBackups],
    pub mirrored: Option<&'a [JobBackups]>,
    /// When it ended.
    pub at: i64,
}

/// One destination, from scan to scan.
pub struct Destination<'c> {
    case: &'c Case,
    rules: Rules,
    memory: Memory,
    rng: fastrand::Rng,
}

impl<'c> Destination<'c> {
    pub fn of(case: &'c Case) -> Read<Self> {
        Ok(Self {
            case,
            rules: rules(case)?,
            memory: Memory::default(),
            rng: fastrand::Rng::with_seed(case.length.unsigned_abs()),
        })
    }

    /// A scan that ends now.
    pub fn scan(&mut self, store: &Store, mirrored: Option<&Store>, now: i64) -> Judgement {
        let jobs = self.jobs(store, now);
        let mirrored = mirrored.map(|store| self.jobs(store, now));
        let seen = Listed {
            store,
            jobs: &jobs,
            mirrored: mirrored.as_deref(),
            at: now,
        };
        let judgement = self.with_case(&seen, now, judge);
        self.memory = judgement.memory.clone();
        judgement
    }

    /// What was listed, as a case for the judge at a moment.
    pub fn with_case<T>(
        &self,
        listed: &Listed<'_>,
        now: i64,
        of: impl FnOnce(&Judged<'_>) -> T,
    ) -> T {
        let clusters = known(self.case, now);
        let uploads: Vec<(String, UnixTime)> = (listed.store.uploads.iter())
            .map(|(key, at)| (key.to_string(), UnixTime::from_millis(*at)))
            .collect();
        of(&Judged {
            jobs: listed.jobs,
            clusters: clusters.as_ref(),
            all_expected: self.case.all_expected,
            rules: &self.rules,
            memory: &self.memory,
            mirrored: listed.mirrored,
            uploads: &uploads,
            marker: self.marker(listed.at),
            now: UnixTime::from_millis(now),
        })
    }

    /// When the marker was written last, as of a moment.
    pub fn marker(&self, now: i64) -> Option<UnixTime> {
        let marker = self.case.marker.iter().map(|at| at + self.case.start);
        marker
            .filter(|at| *at <= now)
            .max()
            .map(UnixTime::from_millis)
    }

    /// The backups that a store shows, for the clusters that are known then.
    pub fn jobs(&mut self, store: &Store, now: i64) -> Vec<JobBackups> {
        let clusters = known(self.case, now);
        let names: Vec<&str> = clusters
            .iter()
            .flatten()
            .map(|(name, _)| name.as_str())
            .collect();
        self.backups(store, &names)
    }

    /// Objects in the order of a listing by one lane, or in any by several.
    fn backups(&mut self, store: &Store, names: &[&str]) -> Vec<JobBackups> {
        let mut fold = BackupFold::new(LayoutChoice::Auto, Limits::DEFAULT);
        let mut plain = fold.clone(); // where nothing is known of the keys before
        let mut objects: Vec<_> = store.objects.iter().collect();
        let mut lanes = vec![BackupLane::default()];
        if self.case.is_shuffled {
            lanes.resize_with(3, BackupLane::default);
            self.rng.shuffle(&mut objects);
        }
        for (key, stored) in objects {
            let object = Object {
                key: key.as_bytes(),
                size: stored.size,
                last_modified: UnixTime::from_millis(stored.at),
                storage_class: StorageClass::new(stored.class.as_bytes()),
            };
            let (below, owner) = assigned(key, &self.case.prefix, names);
            let lane = self.rng.usize(0..lanes.len());
            fold.add(&mut lanes[lane], &object, below, owner);
            plain.add(&mut BackupLane::default(), &object, below, owner);
        }
        let jobs = fold.jobs(|owner| names[owner]);
        assert_eq!(jobs, plain.jobs(|owner| names[owner]), "{}", self.case.name);
        jobs
    }
}

/// As the exporter does: to the cluster whose name with a `-` begins the key after the prefix, the
/// longest name first.
fn assigned(key: &str, prefix: &str, names: &[&str]) -> (usize, Option<usize>) {
    let below = key.strip_prefix(prefix).unwrap_or(key);
    let begins = |name: &str| {
        below
            .strip_prefix(name)
            .is_some_and(|rest| rest.starts_with('-'))
    };
    let owner = (0..names.len())
        .filter(|n| begins(names[*n]))
        .max_by_key(|n| names[*n].len());
    let own = owner.map_or(0, |n| names[n].len() + 1);
    (key.len() - below.len() + own, owner)
}

type Clusters = BTreeMap<String, Option<UnixTime>>;

fn known(case: &Case, now: i64) -> Option<Clusters> {
    let now = now - case.start;
    let is_there = |created: Option<i64>, removed: Option<i64>| {
        created.is_none_or(|at| at <= now) && removed.is_none_or(|at| at > now)
    };
    let clusters = case.clusters.as_ref()?.iter();
    let there = clusters.filter(|cluster| is_there(cluster.created, cluster.removed));
    let born = |at: i64| UnixTime::from_millis(case.start + at);
    Some(
        there
            .map(|cluster| (cluster.name.clone(), cluster.created.map(born)))
            .collect(),
    )
}

/// `rule: cluster=c job=j cron="0 3 * * *" zone=Europe/Berlin grace=1h keep=7 min-size=1MiB must`
pub fn rules(case: &Case) -> Read<Rules> {
    let mut rules = Rules::default();
    for fields in &case.rules {
        let read = statement(case, fields, &mut rules);
        read.and_then(|()| fields.all_asked())
            .map_err(|error| format!("{}: rule: {error}", case.name))?;
    }
    Ok(rules)
}

fn statement(case: &Case, fields: &Fields, rules: &mut Rules) -> Read<()> {
    let span = |name: &str| -> Read<Option<Duration>> {
        let millis = fields.maybe(name, duration)?;
        Ok(millis.map(|millis| Duration::from_millis(millis.unsigned_abs())))
    };
    let moment_of = |name: &str| -> Read<Option<UnixTime>> {
        let at = fields.maybe(name, moment)?;
        Ok(at.map(|at| UnixTime::from_millis(case.start + at)))
    };
    let of = Selector {
        cluster: fields.maybe("cluster", word)?,
        job: fields.maybe("job", word)?,
        is_exact: false,
    };
    let zone = fields.maybe("zone", word)?;
    let rhythm = match (fields.get("cron"), span("every")?) {
        (Some(text), _) => Some(schedule(text, zone.as_deref())?),
        (None, every) => every.map(Rhythm::Every),
    };
    let is = |word: &str| fields.words.iter().any(|given| given == word);
    let stated = Stated {
        rhythm,
        grace: span("grace")?,
        keep: fields.maybe("keep", number)?,
        min_size: fields.maybe("min-size", size)?,
        is_paused: is("paused"),
        since: moment_of("since")?,
    };
    let off = fields.maybe("off", |text| text.split(',').map(finding).collect())?;
    let silent_until = moment_of("silent-until")?;
    if off.is_some() || silent_until.is_some() {
        let tuning = Tuning {
            off: off.unwrap_or_default(),
            silent_until,
            ..Tuning::default()
        };
        rules.tuning.push((of, tuning));
        return Ok(());
    }
    let source = if is("kubernetes") {
        Source::Kubernetes
    } else {
        Source::Configuration
    };
    rules.stated.push(Statement {
        of,
        source,
        stated,
        must_exist: is("must"),
    });
    Ok(())
}

fn schedule(text: &str, zone: Option<&str>) -> Read<Rhythm> {
    let zone = Zone::named(zone.unwrap_or("UTC")).map_err(|error| error.to_string())?;
    Rhythm::parse(text, &zone).map_err(|error| error.to_string())
}

fn finding(name: &str) -> Read<FindingKind> {
    let found = FindingKind::ALL.iter().find(|kind| kind.as_str() == name);
    found
        .copied()
        .ok_or_else(|| format!("{name:?} is no finding"))
}
