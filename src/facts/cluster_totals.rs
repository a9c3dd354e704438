//! The totals of each cluster and of what no cluster owns, in little memory.

use std::sync::Arc;

use serde::{Deserialize, Serialize, Serializer};

use super::Totals;
use crate::assign::Assignment;
use crate::clusters::{Cluster, Clusters};

/// Neighbours by name are often together in a bucket or not there.
const CHUNK: usize = 8;
static NOTHING: Totals = Totals::NONE;

/// Totals by the place of a cluster in an assignment, where there are any: of 200 destinations
/// that share 5,000 clusters most have no objects of most, and all the zeros would take 100 MB.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "SavedTotals<String, Totals>")]
pub(super) struct ClusterTotals {
    assignment: Arc<Assignment>,
    owned: Vec<Option<Box<[Totals; CHUNK]>>>,
    pub unassigned: Totals,
}

impl ClusterTotals {
    /// Nothing counted yet.
    pub fn new(assignment: Arc<Assignment>) -> Self {
        Self {
            owned: vec![None; assignment.len().div_ceil(CHUNK)],
            unassigned: Totals::default(),
            assignment,
        }
    }

    /// By which each object is given to its owner.
    pub const fn assignment(&self) -> &Arc<Assignment> {
        &self.assignment
    }

    /// Holds another assignment that is equal to its own.
    pub fn hold(&mut self, equal: Arc<Assignment>) {
        self.assignment = equal;
    }

    /// The totals of an owner: a cluster, or none of them.
    pub fn of_mut(&mut self, owner: Option<usize>) -> &mut Totals {
        match owner {
            Some(at) => self.get_mut(at),
            None => &mut self.unassigned,
        }
    }

    pub fn get(&self, at: usize) -> &Totals {
        match &self.owned[at / CHUNK] {
            Some(chunk) => &chunk[at % CHUNK],
            None => &NOTHING,
        }
    }

    pub fn get_mut(&mut self, at: usize) -> &mut Totals {
        let chunk = &mut self.owned[at / CHUNK];
        &mut chunk.get_or_insert_with(|| Box::new([const { Totals::NONE }; CHUNK]))[at % CHUNK]
    }

    /// Those with objects.
    pub fn some(&self) -> impl Iterator<Item = (usize, &Totals)> {
        let chunks = self.owned.iter().enumerate();
        chunks
            .filter_map(|(nth, chunk)| Some((nth * CHUNK, chunk.as_ref()?)))
            .flat_map(|(first, chunk)| (first..).zip(chunk.iter()))
            .filter(|(_, totals)| totals.objects > 0)
    }

    /// All of them together.
    pub fn whole(&self) -> Totals {
        let mut whole = self.unassigned.clone();
        self.some().for_each(|(_, totals)| whole.merge(totals));
        whole
    }

    /// All clusters by name, and what each has.
    pub fn named(&self) -> impl Iterator<Item = (&Arc<str>, &Totals)> {
        let all = 0..self.assignment.len();
        all.map(|at| (self.assignment.name(at), self.get(at)))
    }
}

/// How they are kept.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SavedTotals<Text, Sum> {
    prefix: Text,
    separator: Text,
    unassigned: Sum,
    /// Nothing of a cluster that has nothing, as most of the thousands that many destinations may
    /// share.
    clusters: Vec<(Text, Option<Sum>)>,
}

impl Serialize for ClusterTotals {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let some = |totals: &&Totals| **totals != Totals::NONE;
        let clusters = self.named();
        SavedTotals {
            prefix: self.assignment.prefix(),
            separator: self.assignment.separator(),
            unassigned: &self.unassigned,
            clusters: clusters
                .map(|(name, totals)| (&**name, Some(totals).filter(some)))
                .collect(),
        }
        .serialize(serializer)
    }
}

impl TryFrom<SavedTotals<String, Totals>> for ClusterTotals {
    type Error = String;

    fn try_from(saved: SavedTotals<String, Totals>) -> Result<Self, String> {
        let mut names = Clusters::new();
        for (name, _) in &saved.clusters {
            let added = names.insert(name, Cluster::default());
            added.map_err(|fault| fault.to_string())?;
        }
        let assignment = Arc::new(Assignment::new(&names, &saved.prefix, &saved.separator));
        let mut totals = Self::new(assignment);
        totals.unassigned = saved.unassigned;
        for (name, sum) in saved.clusters {
            if let (Some(at), Some(sum)) = (totals.assignment.position(&name), sum) {
                *totals.get_mut(at) = sum;
            }
        }
        let mut all = totals.named().map(|(_, of)| of);
        if !totals.unassigned.are_possible() || !all.all(Totals::are_possible) {
            return Err("more objects than there can be".to_owned());
        }
        drop(all);
        Ok(totals)
    }
}
