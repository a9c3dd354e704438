//! Which jobs are kept apart, and what is summed of the others: the same whatever the order in
//! which they come.
//!
//! Of the jobs of a known cluster the first by name are kept, and of all that are left the first by
//! cluster and name. One that comes later than so many others never becomes one of the first, and
//! so nothing is counted at two places.

use std::collections::BTreeMap;

use super::Limits;
use super::job::{Cluster, Job, Name, Sums};
use super::lane::Like;

/// The jobs that are kept apart.
#[derive(Clone, Debug)]
pub(super) struct KeptJobs {
    limits: Limits,
    /// Each at a place that it keeps, with a number that no other has.
    jobs: Vec<Option<(u64, Job)>>,
    /// Of the job at each place, what is known where jobs take turns in the listing.
    turns: Vec<Turn>,
    free: Vec<u32>,
    next: u64,
    clusters: BTreeMap<Cluster, ClusterJobs>,
    /// Of clusters of which no job is kept.
    other: Sums,
}

#[derive(Clone, Debug, Default)]
struct Turn {
    /// Which job came after it, the latest time.
    next: Option<JobRef>,
    /// A key of its own that was read when it came again.
    like: Option<Like>,
}

#[derive(Clone, Debug, Default)]
struct ClusterJobs {
    /// Their places, in the order of their names. Never empty.
    places: Vec<u32>,
    other: Sums,
}

/// Which job is at a place, as long as it is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct JobRef {
    place: u32,
    number: u64,
}

impl KeptJobs {
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            jobs: Vec::new(),
            turns: Vec::new(),
            free: Vec::new(),
            next: 0,
            clusters: BTreeMap::new(),
            other: Sums::default(),
        }
    }

    /// The job, if it is still there.
    #[inline]
    pub fn get_mut(&mut self, of: JobRef) -> Option<&mut Job> {
        let (number, job) = self.jobs.get_mut(of.place as usize)?.as_mut()?;
        (*number == of.number).then_some(job)
    }

    /// The job, if it is still there.
    pub fn get(&self, of: JobRef) -> Option<&Job> {
        let (number, job) = self.jobs.get(of.place as usize)?.as_ref()?;
        (*number == of.number).then_some(job)
    }

    /// Nothing more is added: what was of use for that is let go.
    pub fn shrink(&mut self) {
        self.turns = Vec::new();
        self.jobs.shrink_to_fit();
        for (_, job) in self.jobs.iter_mut().flatten() {
            job.newest.shapes.0.shrink_to_fit();
        }
    }

    /// Which one came after a job the latest time.
    #[inline]
    pub fn after(&self, job: JobRef) -> Option<JobRef> {
        self.turns.get(job.place as usize)?.next
    }

    /// One has come after a job.
    pub fn follow(&mut self, job: JobRef, next: JobRef) {
        self.turn_mut(job).next = Some(next);
    }

    /// The job, if it is still there, with the key that is remembered for its turns.
    #[inline]
    pub fn in_turn(&mut self, of: JobRef) -> Option<(&mut Job, &Like)> {
        let (number, job) = self.jobs.get_mut(of.place as usize)?.as_mut()?;
        let like = self.turns.get(of.place as usize)?.like.as_ref()?;
        (*number == of.number && like.job == of).then_some((job, like))
    }

    /// Remembers a key for the turns of its job.
    pub fn keep_turn(&mut self, job: JobRef, like: Like) {
        self.turn_mut(job).like = Some(like);
    }

    fn turn_mut(&mut self, job: JobRef) -> &mut Turn {
        let at = job.place as usize;
        if at >= self.turns.len() {
            self.turns.resize(at + 1, Turn::default());
        }
        &mut self.turns[at]
    }

    /// The jobs that are kept, in the order of their clusters and names.
    pub fn iter(&self) -> impl Iterator<Item = &Job> {
        let all = self.clusters.values().flat_map(|of| &of.places);
        all.filter_map(|place| Some(&self.jobs[*place as usize].as_ref()?.1))
    }

    /// What is summed, by cluster; and of clusters that are not told apart.
    pub fn others(&self) -> impl Iterator<Item = (Option<&Cluster>, Sums)> {
        let of = self
            .clusters
            .iter()
            .map(|(name, of)| (Some(name), of.other));
        of.chain([(None, self.other)])
            .filter(|(_, sums)| *sums != Sums::default())
    }

    /// The job of a name, which is added if it is one of those that are kept; or else where it is
    /// summed.
    pub fn find(&mut self, cluster: Cluster, name: Name<'_>) -> Result<JobRef, &mut Sums> {
        let known = self.clusters.get(&cluster);
        let place = known.map_or(Err(0), |known| self.place(known, name));
        let at = match place {
            Ok(place) => return Ok(self.job_ref(place)),
            Err(at) => at,
        };
        let of_cluster = known.map_or(0, |known| known.places.len());
        let is_last_of_all = self
            .clusters
            .last_key_value()
            .is_none_or(|(last, _)| cluster > *last || cluster == *last && at == of_cluster);
        let has_limit = cluster != Cluster::None;
        let is_cluster_full = has_limit && of_cluster >= self.limits.jobs_per_cluster;
        let is_full = self.jobs.len() - self.free.len() >= self.limits.jobs;
        if is_cluster_full && at == of_cluster || is_full && is_last_of_all {
            return Err(self.sums(&cluster));
        }
        let inserted = self.insert(cluster.clone(), name, at);
        if is_cluster_full {
            self.let_go(&cluster);
        } else if is_full && let Some((last, _)) = self.clusters.last_key_value() {
            self.let_go(&last.clone());
        }
        Ok(inserted)
    }

    /// The place of a job among those of its cluster, or where it would be.
    fn place(&self, known: &ClusterJobs, name: Name<'_>) -> Result<u32, usize> {
        let compare = |place: &u32| match &self.jobs[*place as usize] {
            Some((_, job)) => job.name().cmp(&name),
            None => std::cmp::Ordering::Less, // there is none
        };
        let found = known.places.binary_search_by(compare)?;
        Ok(known.places[found])
    }

    fn job_ref(&self, place: u32) -> JobRef {
        let job = self.jobs[place as usize].as_ref();
        let number = job.map_or(u64::MAX, |(number, _)| *number);
        JobRef { place, number }
    }

    fn sums(&mut self, cluster: &Cluster) -> &mut Sums {
        match self.clusters.get_mut(cluster) {
            Some(known) => &mut known.other,
            None => &mut self.other,
        }
    }

    /// Lets go of the last job of a cluster.
    fn let_go(&mut self, cluster: &Cluster) {
        let Some(known) = self.clusters.get_mut(cluster) else {
            return;
        };
        if let Some(place) = known.places.pop()
            && let Some((_, job)) = self.jobs[place as usize].take()
        {
            known.other.add(job.sums());
            self.free.push(place);
        }
        if known.places.is_empty() {
            self.other.add(known.other);
            self.clusters.remove(cluster);
        }
    }

    /// Adds a job that was kept; `None` where it is there already, or too many are.
    pub fn restore(&mut self, job: Job) -> Option<()> {
        let known = self.clusters.get(&job.cluster);
        let at = match known.map_or(Err(0), |known| self.place(known, job.name())) {
            Ok(_) => return None,
            Err(at) => at,
        };
        if self.jobs.len() >= self.limits.jobs {
            return None;
        }
        let inserted = self.insert(job.cluster.clone(), job.name(), at);
        *self.get_mut(inserted)? = job;
        Some(())
    }

    /// Adds what was summed of a cluster that is kept, or of those that are not.
    pub fn restore_sums(&mut self, cluster: Option<&Cluster>, sums: Sums) {
        match cluster {
            Some(cluster) => self.sums(cluster).add(sums),
            None => self.other.add(sums),
        }
    }

    fn insert(&mut self, cluster: Cluster, name: Name<'_>, at: usize) -> JobRef {
        let number = self.next;
        self.next += 1;
        let job = Some((number, Job::new(cluster.clone(), name)));
        let place = match self.free.pop() {
            Some(place) => {
                self.jobs[place as usize] = job;
                place
            }
            None => {
                self.jobs.push(job);
                (self.jobs.len() - 1) as u32 // at most the limit and one more
            }
        };
        let places = &mut self.clusters.entry(cluster).or_default().places;
        places.reserve_exact(1);
        places.insert(at, place);
        JobRef { place, number }
    }
}
