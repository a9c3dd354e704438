use s3_exporter_api::{Object, Page, Report, UnixTime};

use crate::Boundaries;

/// What is made of the objects of a listing while it runs. Memory does not grow with the number
/// of objects unless the fold's does.
///
/// ```
/// use s3_exporter_listing::Fold;
/// use s3_exporter_api::Object;
///
/// /// How many objects there are, and how often a key has another first byte than the one before.
/// #[derive(Default)]
/// struct Count {
///     objects: u64,
///     changes: u64,
/// }
///
/// impl Fold for Count {
///     type Lane = Option<u8>;
///
///     fn add(&mut self, lane: &mut Self::Lane, object: &Object<'_>) {
///         let first = object.key.first().copied();
///         self.objects += 1;
///         self.changes += u64::from(*lane != first);
///         *lane = first;
///     }
/// }
/// ```
pub trait Fold {
    /// What is kept from one object to the next. Each range of keys has a lane of its own, in
    /// which objects come in the order of the listing; a range that is cut off from another
    /// begins with a new one.
    type Lane: Default;

    /// Adds an object. Each one of the listing is added once, and those of different lanes in any
    /// order.
    fn add(&mut self, lane: &mut Self::Lane, object: &Object<'_>);

    /// Takes versions that lie beside the objects of a listing of objects, where a report tells of them:
    /// each once. By default they are passed over.
    fn add_beside(&mut self, versions: &Page) {
        let _ = versions;
    }
}

/// A listing of which every page has come.
#[derive(Clone, Debug)]
pub struct Complete<F> {
    /// What was made of the objects.
    pub fold: F,
    /// Where the keys are, for the next listing; empty where that would be of no use.
    pub boundaries: Boundaries,
    /// The moment that its figures are of: for pages that were asked for one by one, when the
    /// last of them had come; of a report, when that was made.
    pub as_of: UnixTime,
    /// What the report says that it was listed from; `None` of a listing of the present.
    pub report: Option<Report>,
}

/// The lanes of the ranges, by their places. A place may be another range's later.
#[derive(Debug)]
pub(crate) struct Lanes<L>(Vec<(u64, L)>);

impl<L: Default> Lanes<L> {
    pub(crate) const fn new() -> Self {
        Self(Vec::new())
    }

    /// The lane of the range at a place, which is the one of this number.
    pub(crate) fn of(&mut self, at: usize, number: u64) -> &mut L {
        if self.0.len() <= at {
            self.0.resize_with(at + 1, || (number, L::default()));
        }
        let lane = &mut self.0[at];
        if lane.0 != number {
            *lane = (number, L::default());
        }
        &mut lane.1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_begins_with_a_new_lane() {
        let mut lanes = Lanes::<u8>::new();
        *lanes.of(2, 7) += 1;
        *lanes.of(0, 0) += 2;
        *lanes.of(2, 7) += 1;
        assert_eq!(
            (*lanes.of(0, 0), *lanes.of(1, 3), *lanes.of(2, 7)),
            (2, 0, 2)
        );
        assert_eq!(*lanes.of(2, 8), 0, "another range is in its place");
    }
}
