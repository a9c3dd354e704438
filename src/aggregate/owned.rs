//! The totals of each cluster, where there are any.

use super::Totals;

/// Neighbours by name are often together in a bucket or not there.
const CHUNK: usize = 32;
static NOTHING: Totals = Totals::NONE;

/// The totals of each cluster, where there are any: of 200 destinations that share 5,000
/// clusters most have no objects of most, and all the zeros would take 100 MB.
#[derive(Clone, Debug)]
pub(super) struct Owned(Vec<Option<Box<[Totals; CHUNK]>>>);

impl Owned {
    pub(super) fn new(clusters: usize) -> Self {
        Self(vec![None; clusters.div_ceil(CHUNK)])
    }

    pub(super) fn get(&self, at: usize) -> &Totals {
        match &self.0[at / CHUNK] {
            Some(chunk) => &chunk[at % CHUNK],
            None => &NOTHING,
        }
    }

    pub(super) fn get_mut(&mut self, at: usize) -> &mut Totals {
        let chunk = &mut self.0[at / CHUNK];
        &mut chunk.get_or_insert_with(|| Box::new([const { Totals::NONE }; CHUNK]))[at % CHUNK]
    }

    /// Those with objects.
    pub(super) fn some(&self) -> impl Iterator<Item = (usize, &Totals)> {
        let chunks = self.0.iter().enumerate();
        chunks
            .filter_map(|(nth, chunk)| Some((nth * CHUNK, chunk.as_ref()?)))
            .flat_map(|(first, chunk)| (first..).zip(chunk.iter()))
            .filter(|(_, totals)| totals.objects > 0)
    }
}
