//! The totals of each cluster and of what no cluster owns, in little memory.

use super::Totals;

/// Neighbours by name are often together in a bucket or not there.
const CHUNK: usize = 32;
static NOTHING: Totals = Totals::NONE;

/// Totals by the place of a cluster, where there are any: of 200 destinations that share 5,000
/// clusters most have no objects of most, and all the zeros would take 100 MB.
#[derive(Clone, Debug)]
pub(super) struct ClusterTotals {
    owned: Vec<Option<Box<[Totals; CHUNK]>>>,
    pub unassigned: Totals,
}

impl ClusterTotals {
    pub fn new(clusters: usize) -> Self {
        Self {
            owned: vec![None; clusters.div_ceil(CHUNK)],
            unassigned: Totals::default(),
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

    /// The totals of an owner: a cluster, or none of them.
    pub fn of_mut(&mut self, owner: Option<usize>) -> &mut Totals {
        match owner {
            Some(at) => self.get_mut(at),
            None => &mut self.unassigned,
        }
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
}
