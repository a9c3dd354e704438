//! Where ranges are cut, so that as many pages can be asked for as there is room for: pure.

use std::collections::BTreeSet;

use s3_exporter_api::Order;

use super::{KeyRange, ListingPlan, Start};
use crate::folder::outermost;
use crate::split::{Rest, SplitPoint};

/// Where at least so many pages are left and no boundary is remembered between them, keys are
/// made up: in buckets so large that boundaries are far apart.
const COARSE: f64 = 8.0;

/// A part that begins deeper in folders seldom leaves all of them.
const MOST_FOLDERS: usize = 3;

/// What is left of a range at one place of its keys.
struct CutShare {
    range: usize,
    /// Where keys are made up; `None`: they are remembered.
    place: Option<SplitPoint>,
    /// Pages beside the one that is asked for.
    pages: f64,
    /// Of these, so many at least are worth a cut.
    least: f64,
    /// Cuts to be made there.
    cuts: usize,
}

impl ListingPlan<'_> {
    /// Cuts ranges so that up to `count` new ones can be asked for: always where most is left
    /// for each of those who work on it, as long as each gets a page's worth.
    pub(super) fn share_out(&mut self, count: usize) {
        if count == 0 {
            return;
        }
        let mut open: Vec<usize> = (0..self.ranges.len()).collect();
        open.retain(|at| !self.ranges[*at].done);
        // By age: whose place a range took makes no difference.
        open.sort_unstable_by_key(|at| self.ranges[*at].number);
        let mut shares: Vec<CutShare> = open.into_iter().flat_map(|at| self.shares(at)).collect();
        for _ in 0..count {
            let each = |share: &CutShare| share.pages / (share.cuts + 1) as f64;
            let worth = shares.iter_mut().filter(|share| each(share) >= share.least);
            match worth.max_by(|a, b| each(a).total_cmp(&each(b))) {
                Some(share) => share.cuts += 1,
                None => break,
            }
        }
        for of_one in shares.chunk_by(|a, b| a.range == b.range) {
            let to_cut = of_one.iter().filter(|share| share.cuts > 0);
            let cuts = to_cut.flat_map(|share| self.keys(share)).collect();
            self.cut(of_one[0].range, cuts);
        }
    }

    /// Where a range can be cut: at remembered keys if there are any between, else made-up ones.
    fn shares(&mut self, at: usize) -> Vec<CutShare> {
        let range = &self.ranges[at];
        let (last, end) = (range.listed.last(), range.end.as_deref());
        let below = match self.order {
            Order::Utf8ByFolder => last.get(self.prefix.len()..).unwrap_or_default(),
            _ => &[],
        };
        let folders = below.iter().filter(|byte| **byte == b'/').count();
        // To leave a folder takes a part two requests, where it has to stay in it; one that begins at
        // a key that is made up begins in few of them.
        let leaving = |is_made_up| if is_made_up { 1.0 } else { 2.0 };
        let share = |place: Option<SplitPoint>, pages| CutShare {
            range: at,
            place,
            pages,
            least: 1.0 + folders.min(MOST_FOLDERS) as f64 * leaving(place.is_some()),
            cuts: 0,
        };
        let pages = |objects| objects as f64 / self.page_size as f64;
        let known = pages(self.hints.between(last, end)) - 1.0;
        let cuts = || self.hints.cuts(last, end, 1, self.page_size, false);
        if known >= 1.0 && !cuts().is_empty() {
            return vec![share(None, known)];
        }
        // Behind what nobody knew of, as much may follow as has come.
        let foreseen = self.hints.next(last).map_or(0, |(_, objects)| objects);
        let new = pages(range.unforeseen.saturating_sub(foreseen));
        let most = match known {
            _ if self.hints.has_no_keys() => f64::INFINITY,
            COARSE.. => known.max(new),
            _ => new,
        };
        let now = (self.alphabet.changes(), self.page_size);
        let is_stale = |places: &(u64, u64, Vec<SplitPoint>)| (places.0, places.1) != now;
        if range.places.as_ref().is_none_or(is_stale) {
            let places = range.listed.places(&self.rest(at));
            self.ranges[at].places = Some((now.0, now.1, places));
        }
        let places = self.ranges[at]
            .places
            .iter()
            .flat_map(|(.., places)| places);
        places
            .map(|place| share(Some(*place), place.pages.min(most)))
            .collect()
    }

    /// What a range has left.
    fn rest(&self, at: usize) -> Rest<'_> {
        Rest {
            prefix: self.prefix,
            end: self.ranges[at].end.as_deref(),
            alphabet: &self.alphabet,
            page: self.page_size,
        }
    }

    /// The keys to cut a range at.
    fn keys(&self, share: &CutShare) -> BTreeSet<String> {
        let listed = &self.ranges[share.range].listed;
        let rest = self.rest(share.range);
        match &share.place {
            Some(place) => listed.cuts(place, share.cuts, &rest),
            None => {
                let by_folder = self.order == Order::Utf8ByFolder;
                let (last, page) = (listed.last(), self.page_size);
                self.hints.cuts(last, rest.end, share.cuts, page, by_folder)
            }
        }
    }

    /// Cuts a range at such keys, which lie in what is left of it.
    fn cut(&mut self, at: usize, cuts: BTreeSet<String>) {
        for cut in cuts.into_iter().rev() {
            let anchor = self.hints.anchor(&cut);
            let cut = match (self.order, anchor) {
                (Order::Utf8ByFolder, None) => {
                    outermost(&cut, self.ranges[at].listed.last(), self.prefix)
                }
                _ => &cut,
            };
            let prefix = self.listing_of(cut);
            let range = &mut self.ranges[at];
            if range.end.as_deref().is_some_and(|end| cut >= end) {
                continue; // two cuts in one folder
            }
            range.is_part = true;
            range.places = None;
            let end = range.end.replace(cut.into());
            let mut right = KeyRange::new(Start::After(cut.into()), prefix, cut, end);
            self.seams.open(cut, anchor);
            let known = self
                .hints
                .between(range.listed.last(), range.end.as_deref());
            if known == 0 {
                right.unforeseen = range.unforeseen; // more is to be expected there as well
            }
            self.add(right);
        }
    }

    /// In the place of a range that is done where there is one: so there are never more than can
    /// be asked for at a time, however long the listing is.
    pub(super) fn add(&mut self, mut range: KeyRange) {
        self.made += 1;
        range.number = self.made;
        let place = self.ranges.iter().position(|range| range.done);
        let at = place.unwrap_or(self.ranges.len());
        match place {
            Some(place) => self.ranges[place] = range,
            None => self.ranges.push(range),
        }
        self.waiting.push_back(at);
    }
}
