//! Where ranges are cut, so that as many pages can be asked for as there is room for: pure.

use std::collections::BTreeSet;

use s3_exporter_api::Order;

use super::{KeyRange, ListingPlan, SMALL, Start};
use crate::folder::outermost;
use crate::split::{Listed, Outlook, Rest};

/// Where at least so many pages are left and no boundary is remembered between them, keys are
/// made up: in buckets so large that boundaries are far apart.
const COARSE: f64 = 8.0;

/// Once so much of all requests brought nothing, only what is worth more is cut.
const WASTED: f64 = 0.08;

/// A part that begins deeper in folders seldom leaves all of them.
const MOST_FOLDERS: usize = 3;

/// The keys that a range can be cut at.
#[derive(Clone, Copy, PartialEq, Eq)]
enum CutAt {
    Remembered,
    Names,
    MadeUp,
}

/// What is left of a range.
struct CutShare {
    range: usize,
    /// Where it can be cut.
    cut_at: CutAt,
    /// What is taken to be left instead of the outlook: only where others were seen, or as keys that lie
    /// evenly tell it.
    instead: Option<Outlook>,
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
        let mut shares: Vec<CutShare> = open.into_iter().map(|at| self.share(at)).collect();
        let mut left = count;
        let is_costly = self.is_costly(&shares);
        let more = if is_costly { 1.0 } else { 0.0 };
        while left > 0 {
            let each = |share: &CutShare| share.pages / (share.cuts + 1) as f64;
            let worth = shares
                .iter_mut()
                .filter(|share| each(share) >= share.least + more);
            match worth.max_by(|a, b| each(a).total_cmp(&each(b))) {
                Some(share) => share.cuts += 1,
                None => break,
            }
            left -= 1;
        }
        for share in &shares {
            if share.cuts > 0 {
                self.cut(share.range, self.keys(share));
            } else if left > 0
                && share.cut_at == CutAt::MadeUp
                && self.hints.has_no_keys()
                && !is_costly
            {
                let probes = self.probes(share.range, left);
                left -= probes.len();
                self.cut(share.range, probes);
            }
        }
    }

    /// Each cut costs about half a request, as where parts meet pages are not full: whether that has
    /// come to more than it may.
    fn is_costly(&self, shares: &[CutShare]) -> bool {
        let to_come: f64 = shares.iter().map(|share| share.pages.max(0.0)).sum();
        let full = self.objects as f64 / self.page_size as f64;
        let flying = shares.len() as f64;
        let wasted = self.requests as f64 - full - flying;
        full > SMALL as f64
            && self.hints.has_no_keys()
            && wasted > WASTED * (full + flying + to_come)
    }

    /// Keys that show whether more is left of a range than it looks.
    fn probes(&self, at: usize, most: usize) -> BTreeSet<String> {
        let range = &self.ranges[at];
        match &range.outlook {
            Some((.., outlook)) if range.explored => {
                range.listed.probes(outlook, most, &self.rest(at))
            }
            _ => BTreeSet::new(),
        }
    }

    /// Where a range can be cut: at remembered keys if there are any between, else made-up ones.
    fn share(&mut self, at: usize) -> CutShare {
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
        let share = |cut_at, pages| CutShare {
            range: at,
            cut_at,
            instead: None,
            pages,
            least: 1.0 + folders.min(MOST_FOLDERS) as f64 * leaving(cut_at != CutAt::Remembered),
            cuts: 0,
        };
        let pages = |objects| objects as f64 / self.page_size as f64;
        let known = pages(self.hints.between(last, end)) - 1.0;
        let cuts = || self.hints.cuts(last, end, 1, self.page_size, false);
        if known >= 1.0 && !cuts().is_empty() {
            return share(CutAt::Remembered, known);
        }
        // Behind what nobody knew of, as much may follow as has come.
        let foreseen = self.hints.next(last).map_or(0, |(_, objects)| objects);
        let new = pages(range.unforeseen.saturating_sub(foreseen));
        let most = match known {
            _ if self.hints.has_no_keys() => f64::INFINITY,
            COARSE.. => known.max(new),
            _ => new,
        };
        if let Some(names) = &self.census {
            let promised = pages(names.objects(self.objects, last, end) as u64);
            let share = share(CutAt::Names, promised - 1.0);
            if share.pages >= share.least {
                return share;
            }
        }
        let share = share(CutAt::MadeUp, 0.0);
        let is_small = self.objects < SMALL * self.page_size && self.hints.has_no_keys();
        let outlook = self.outlook(at);
        let sure = is_small
            .then(|| Listed::sure(outlook))
            .filter(|sure| sure.pages - 1.0 >= share.least);
        let pages = (sure.as_ref().unwrap_or(outlook).pages - 1.0).min(most);
        let even = self
            .even(at)
            .filter(|even| !is_small && even.pages - 1.0 >= pages.max(share.least));
        if let Some(even) = even {
            return CutShare {
                pages: even.pages - 1.0,
                instead: Some(even),
                ..share
            };
        }
        CutShare {
            pages,
            instead: sure,
            ..share
        }
    }

    /// What is left of a range, as far as keys that were seen tell.
    fn outlook(&mut self, at: usize) -> &Outlook {
        let now = (self.alphabet.changes(), self.page_size);
        let is_current = |of: &(u64, u64, Outlook)| (of.0, of.1) == now;
        let outlook = match self.ranges[at].outlook.take().filter(is_current) {
            Some((.., outlook)) => outlook,
            None => self.ranges[at].listed.outlook(&self.rest(at)),
        };
        let range = &mut self.ranges[at];
        &range.outlook.insert((now.0, now.1, outlook)).2
    }

    /// The same, where its keys lie evenly and no boundary is remembered.
    fn even(&self, at: usize) -> Option<Outlook> {
        let is_new = self.hints.has_no_keys();
        is_new.then(|| self.ranges[at].listed.even(&self.rest(at)))?
    }

    /// What a range has left.
    fn rest(&self, at: usize) -> Rest<'_> {
        Rest {
            prefix: self.prefix,
            end: self.ranges[at].end.as_deref(),
            alphabet: &self.alphabet,
            page: self.page_size,
            behind: &self.ranges[at].behind,
        }
    }

    /// The keys to cut a range at.
    fn keys(&self, share: &CutShare) -> BTreeSet<String> {
        let range = &self.ranges[share.range];
        let rest = self.rest(share.range);
        match &range.outlook {
            _ if share.cut_at == CutAt::Names => {
                let names = self.census.iter();
                let cuts =
                    names.flat_map(|names| names.cuts(range.listed.last(), rest.end, share.cuts));
                range.listed.good(cuts.map(str::to_owned), &rest)
            }
            Some((.., outlook)) if share.cut_at == CutAt::MadeUp => {
                let outlook = share.instead.as_ref().unwrap_or(outlook);
                range.listed.cuts(outlook, share.cuts, &rest)
            }
            _ => {
                let by_folder = self.order == Order::Utf8ByFolder;
                let (last, page) = (range.listed.last(), self.page_size);
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
            range.outlook = None;
            let end = range.end.replace(cut.into());
            let mut right = KeyRange::new(Start::After(cut.into()), prefix, cut, end);
            right.behind = std::mem::take(&mut range.behind);
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
