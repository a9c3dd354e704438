//! How the keys of a bucket are shared out between requests: pure.
//!
//! A [`ListingPlan`] holds ranges of keys that lie next to one another and together are the whole
//! listing. One page of each can be asked for at a time. Where there is room for more, the
//! range that has most left is cut: at keys that the latest good scan remembered, else at
//! keys made up from what was seen. Wherever it is cut, each key is in one range; and where
//! ranges meet, and where the listing ends, [`proof`](super::proof) asks whether that is so.

use std::collections::{HashSet, VecDeque};
use std::hash::RandomState;

use s3_exporter_api::{Capabilities, Order, UnixTime};

use super::alphabet::Alphabet;
use super::boundaries::Boundaries;
use super::contradiction::Contradiction;
use super::folder::folder;
use super::names::{Census, Expected};
use super::proof::Check;
use super::seams::Seams;

mod ends;
mod range;
mod remembering;
mod sharing;
mod taking;

use range::KeyRange;

/// Ranges are cut while there were no more requests than twice the pages that came of them, or of
/// the scan before, and this: so a scan costs about twice what listing in sequence does at the
/// worst.
const WASTE: u64 = 32;
/// A listing of fewer pages takes at most half as many requests more.
const SMALL: u64 = 50;
/// As many times the pages that a request at a time is worth are to be promised by names.
const PROMISED: u64 = 4;
/// How often a listing goes on because something came after its end.
const RESUMED: u32 = 3;

/// A page to ask for.
#[derive(Debug)]
pub(super) struct PageRequest {
    pub purpose: Purpose,
    /// The listing that it is a page of: the destination's prefix, or that and folders.
    pub prefix: Box<str>,
    pub start: Start,
    /// Objects at most.
    pub max_keys: u16,
}

/// What a page is for.
#[derive(Debug)]
pub(super) enum Purpose {
    /// The next one of the range at this place.
    Range(usize),
    /// The object of this key, if there is one: the only one that may follow a folder directly.
    Named(Box<str>),
    /// To see whether the listing is complete.
    Check(Check),
}

/// Where the next page of a range begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Start {
    /// At the first key of the listing.
    First,
    /// After this key.
    After(Box<str>),
    /// After this key, in the first version of the API.
    Marker(Box<str>),
    /// After the last key of the page before, which also gave this token.
    Next(Box<str>, String),
    /// Where the page before ended, as the store says it.
    Token(String),
}

/// The ranges of one scan.
#[derive(Debug)]
pub(super) struct ListingPlan<'a> {
    prefix: &'a str,
    /// Objects asked for at a time.
    asked: u16,
    /// Objects in a full page: as many as are asked for, until the store was seen to give
    /// fewer though there are more.
    page_size: u64,
    /// The most objects that came with a page that is not the last.
    fullest: usize,
    hints: &'a Boundaries,
    ranges: Vec<KeyRange>,
    /// Ranges that were made by cutting.
    made: u64,
    /// The places of the ranges whose `next` is set, oldest first.
    waiting: VecDeque<usize>,
    seams: Seams,
    /// Keys to be asked for by themselves, and how many were, whose answers have not come.
    named: VecDeque<Box<str>>,
    named_flying: usize,
    /// Asked for before any page.
    checks: VecDeque<Check>,
    /// Whether the end of the listing was asked for once more.
    end_checked: bool,
    /// The key after which the store said that nothing follows, and what it was asked.
    ending: Option<(Box<[u8]>, Box<str>, Start)>,
    /// Whether that was done ahead, and the last key that was seen then.
    asked_ahead: bool,
    ahead: Option<Box<[u8]>>,
    /// Whether it is listed on folder by folder behind its last key.
    goes_on: bool,
    /// How often the listing went on after its end.
    resumed: u32,
    /// The greatest of the last keys of the ranges that are done.
    last: Vec<u8>,
    /// Whether pages that follow another are asked for by its token, never by its last key.
    by_token: bool,
    /// Whether what follows a key is asked for in the first version of the API.
    by_marker: bool,
    /// Of the tokens that came, hashed: none comes twice.
    tokens: HashSet<u64>,
    hasher: RandomState,
    alphabet: Alphabet,
    census: Option<Census<'a>>,
    seen: Boundaries,
    requests: u64,
    pages: u64,
    objects: u64,
    /// Objects that came twice in a row.
    repeated: u64,
    order: Order,
    /// The greatest key, where they need not rise.
    greatest: Vec<u8>,
    /// Objects that are not older may have come while this was listed.
    recent: UnixTime,
    /// Whether the listing may be asked for with the prefix alone, and not with less of it.
    is_narrow: bool,
    /// Where the store can begin a listing.
    capabilities: Capabilities,
}

impl<'a> ListingPlan<'a> {
    /// One range: everything. `recent` is a time well before the listing began; a store of these
    /// `capabilities` is asked for no more than it can.
    pub(super) fn new(
        prefix: &'a str,
        page_size: u16,
        hints: &'a Boundaries,
        recent: UnixTime,
        capabilities: Capabilities,
    ) -> Self {
        Self {
            prefix,
            asked: page_size,
            page_size: page_size.into(),
            fullest: 0,
            hints,
            ranges: vec![KeyRange::new(Start::First, prefix, "", None)],
            made: 0,
            waiting: VecDeque::from([0]),
            seams: Seams::default(),
            named: VecDeque::new(),
            named_flying: 0,
            checks: VecDeque::new(),
            end_checked: false,
            ending: None,
            asked_ahead: false,
            ahead: None,
            goes_on: false,
            resumed: 0,
            last: Vec::new(),
            by_token: false,
            by_marker: false,
            tokens: HashSet::new(),
            hasher: RandomState::new(),
            alphabet: Alphabet::default(),
            census: None,
            seen: Boundaries::default(),
            requests: 0,
            pages: 0,
            objects: 0,
            repeated: 0,
            order: Order::Unknown,
            greatest: Vec::new(),
            recent,
            is_narrow: false,
            capabilities,
        }
    }

    /// The order of the keys: ranges are cut only where they must rise.
    pub(super) fn set_order(&mut self, order: Order) {
        self.order = match self.capabilities.start_after {
            true => order,
            false => Order::Other, // where it is cut, it could not be asked for
        };
    }

    fn is_ordered(&self) -> bool {
        matches!(self.order, Order::Utf8 | Order::Utf8ByFolder)
    }

    /// The listing may be asked for with its prefix alone.
    pub(super) fn set_narrow(&mut self, is_narrow: bool) {
        self.is_narrow = is_narrow;
    }

    /// Keys are expected to begin so, which is of use where no boundary is remembered.
    pub(super) fn expect(&mut self, expected: &'a Expected) {
        self.census = self.hints.has_no_keys().then(|| Census::new(expected));
    }

    /// Whether it may be asked for with its prefix alone.
    pub(super) fn is_narrow(&self) -> bool {
        self.is_narrow
    }

    /// What follows a key is asked for in the first version of the API.
    pub(super) fn set_by_marker(&mut self, by_marker: bool) {
        self.by_marker = by_marker;
    }

    /// Whether the store turned out to know the first version of the API alone.
    pub(super) fn is_by_marker(&self) -> bool {
        self.by_marker
    }

    /// Pages taken so far.
    pub(super) fn pages(&self) -> u64 {
        self.pages
    }

    /// Objects of these pages.
    pub(super) fn objects(&self) -> u64 {
        self.objects
    }

    /// Whether the listing was cut.
    pub(super) fn is_in_parts(&self) -> bool {
        self.made > 0
    }

    /// Objects that came twice in a row, and were counted once.
    pub(super) fn repeated(&self) -> u64 {
        self.repeated
    }

    /// The boundaries between the pages that were taken, to be remembered.
    pub(super) fn into_boundaries(mut self) -> Boundaries {
        if !self.is_ordered() {
            self.seen = Boundaries::default();
            self.seen.push_loose(self.objects);
        }
        self.seen
    }

    /// A page to ask for. `flying` requests are under way and `limit` may be.
    pub(super) fn next(&mut self, flying: usize, limit: usize) -> Option<PageRequest> {
        if let Some(request) = self.next_named() {
            return Some(request);
        }
        self.check_end_early();
        let is_done = flying == 0 && self.waiting.is_empty();
        if is_done && !self.end_checked && self.checks.is_empty() {
            self.check_end();
        }
        if let Some(check) = self.checks.pop_front() {
            return Some(self.request_of(check));
        }
        if self.waiting.is_empty() && self.is_ordered() {
            let worth = usize::try_from(self.worth(flying)).unwrap_or(limit);
            self.share_out(limit.min(worth.max(1)).saturating_sub(flying));
        }
        if self.pages > 0
            && let Some(request) = self.look_ahead()
        {
            return Some(request);
        }
        let waiting = self.waiting.pop_front()?;
        let range = &mut self.ranges[waiting];
        let start = range.next.take()?;
        self.requests += 1;
        Some(PageRequest {
            purpose: Purpose::Range(waiting),
            prefix: range.prefix.clone(),
            start,
            max_keys: self.asked,
        })
    }

    /// In how many folders of the listing keys lie at most, as far as the latest ones tell.
    fn depth(&self) -> u64 {
        let latest = self.ranges.iter().map(|range| range.listed.last());
        let below = latest.map(|key| key.iter().skip(self.prefix.len()));
        let depth = below.map(|key| key.filter(|byte| **byte == b'/').count() as u64);
        depth.max().unwrap_or(0)
    }

    /// How many requests at a time are worth their risk: no more than what has been of use.
    fn worth(&self, flying: usize) -> u64 {
        let of_use = self.objects.max(self.hints.objects());
        let pages = of_use.div_ceil(self.page_size);
        if pages < SMALL && self.hints.has_no_keys() {
            // Where ranges meet half a page is wasted, about; what is asked for beside may be
            // wasted wholly, and so may be the requests that leave a folder or show an end.
            let full = self.objects / self.page_size;
            let done = self.requests.saturating_sub(flying as u64);
            let wasted = done.saturating_sub(full);
            let depth = self.depth();
            let risked = full.saturating_sub(match depth {
                0 => 5 * wasted / 2 + 4,
                // To leave each folder takes two.
                _ if self.order == Order::Utf8ByFolder => 5 * wasted + (4 * depth + 2).max(10),
                _ => 4 * wasted + 10,
            });
            return risked.max(self.safe(done, depth)).max(self.promised(full));
        }
        (2 * pages + WASTE).saturating_sub(self.requests).min(pages)
    }

    /// How many requests at a time are no risk while few pages have come, of which so many requests were
    /// made: though all that is asked for beside the next page brings nothing, there are no more than half
    /// as many requests more than pages.
    fn safe(&self, done: u64, depth: u64) -> u64 {
        let (each, end) = match self.order {
            Order::Utf8ByFolder => (1 + 2 * depth, 1 + 2 * depth),
            _ => (1, 1 + depth),
        };
        let full = self.objects as f64 / self.page_size as f64;
        // As long as it is one part, its next page has something.
        let pages = if self.made == 0 {
            full.floor() + 1.0
        } else {
            full.ceil()
        };
        let most = (1.5 * pages).floor() - 1.0;
        let beside = (most - (done + end) as f64) / each as f64;
        1 + beside.max(0.0) as u64
    }

    /// How many requests at a time are worth what names promise, after so many full pages.
    fn promised(&self, full: u64) -> u64 {
        let names = self.census.as_ref();
        let objects = names.map_or(0.0, |names| names.objects(self.objects, b"", None));
        (objects as u64 / self.page_size / PROMISED).min(1 + 2 * full)
    }

    /// The prefix of the listing in which what comes after a key is certain.
    fn listing_of<'k>(&self, key: &'k str) -> &'k str
    where
        'a: 'k,
    {
        match self.order {
            Order::Utf8ByFolder => folder(key, self.prefix),
            _ => self.prefix,
        }
    }

    /// The store did not take the last key of the page before: this range and all others go on by
    /// tokens.
    pub(super) fn go_on_by_token(&mut self, at: usize, token: String) {
        self.by_token = true;
        self.ranges[at].next = Some(Start::Token(token));
        self.waiting.push_back(at);
    }

    /// The number of the range at this place: no other one of the listing has it.
    pub(super) fn number(&self, at: usize) -> u64 {
        self.ranges[at].number
    }
}

#[cfg(test)]
mod tests;
