//! How the keys of a bucket are shared out between requests: pure.
//!
//! A [`Plan`] holds ranges of keys that lie next to one another and together are the whole
//! listing. One page of each can be asked for at a time. Where there is room for more, the
//! range that has most left is cut: at keys that the latest good scan remembered, else at
//! keys made up from what was seen. Wherever it is cut, each key is in one range; and where
//! ranges meet, and where the listing ends, [`proof`](super::proof) asks whether that is so.

use std::collections::{HashSet, VecDeque};
use std::hash::{BuildHasher, RandomState};

use s3_exporter_api::{Next, Order, Page, UnixTime};

use super::alphabet::{Alphabet, MAX_KEY};
use super::boundaries::{Anchor, Boundaries};
use super::folder::{cut_between, folder};
use super::proof::{Check, Left, Seams};
use super::split::Listed;
use crate::assign::Cursor;

mod ends;
mod range;
mod remembering;
mod sharing;

use range::Range;

/// Ranges are cut while there were no more requests than twice the pages that came of them, or of
/// the scan before, and this: so a scan costs about twice what listing in sequence does at the
/// worst.
const WASTE: u64 = 32;
/// A listing of fewer pages takes at most half as many requests more.
const SMALL: u64 = 50;
/// A listing fails after so many pages in a row without an object: thousands of deleted
/// versions in a row can be the cause of some, and a store that is ill sends them without end.
const EMPTY_PAGES: u32 = 1000;
/// A listing fails after so many times the requests that this or the scan before should take.
const RUNAWAY: u64 = 10;
/// How often a listing goes on because something came after its end.
const RESUMED: u32 = 3;

/// A page to ask for.
#[derive(Debug)]
pub(super) struct Request {
    pub work: Work,
    /// The listing that it is a page of: the destination's prefix, or that and folders.
    pub prefix: Box<str>,
    pub start: Start,
    /// Objects at most.
    pub max_keys: u16,
}

/// What a page is for.
#[derive(Debug)]
pub(super) enum Work {
    /// The next one of the range at this place.
    Range(usize),
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

/// What a page says that must not be.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Contradiction {
    /// Keys don't rise: the ranges may overlap or lack keys, so nothing of them is true.
    Disorder(String),
    /// Keys need not rise any more: the same.
    OrderLost,
    /// Parts of the listing lack keys that another one saw: the same.
    Incomplete(String),
    /// Any other: the store is wrong whatever the order.
    Nonsense(String),
}

/// The ranges of one scan.
#[derive(Debug)]
pub(super) struct Plan<'a> {
    prefix: &'a str,
    /// Objects asked for at a time.
    asked: u16,
    /// Objects in a full page: as many as are asked for, until the store was seen to give
    /// fewer though there are more.
    page_size: u64,
    /// The most objects that came with a page that is not the last.
    fullest: usize,
    hints: &'a Boundaries,
    ranges: Vec<Range>,
    /// Ranges that were made by cutting.
    made: u64,
    /// The places of the ranges whose `next` is set, oldest first.
    waiting: VecDeque<usize>,
    seams: Seams,
    /// Asked for before any page.
    checks: VecDeque<Check>,
    /// Whether the end of the listing was asked for once more.
    end_checked: bool,
    /// Whether that was done ahead, and the last key that was seen then.
    asked_ahead: bool,
    ahead: Option<Box<[u8]>>,
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
}

impl<'a> Plan<'a> {
    /// One range: everything. `recent` is a time well before the listing began.
    pub(super) fn new(
        prefix: &'a str,
        page_size: u16,
        hints: &'a Boundaries,
        recent: UnixTime,
    ) -> Self {
        Self {
            prefix,
            asked: page_size,
            page_size: page_size.into(),
            fullest: 0,
            hints,
            ranges: vec![Range::new(Start::First, prefix, "", None)],
            made: 0,
            waiting: VecDeque::from([0]),
            seams: Seams::default(),
            checks: VecDeque::new(),
            end_checked: false,
            asked_ahead: false,
            ahead: None,
            resumed: 0,
            last: Vec::new(),
            by_token: false,
            by_marker: false,
            tokens: HashSet::new(),
            hasher: RandomState::new(),
            alphabet: Alphabet::default(),
            seen: Boundaries::default(),
            requests: 0,
            pages: 0,
            objects: 0,
            repeated: 0,
            order: Order::Unknown,
            greatest: Vec::new(),
            recent,
            is_narrow: false,
        }
    }

    /// The order of the keys: ranges are cut only where they must rise.
    pub(super) fn set_order(&mut self, order: Order) {
        self.order = order;
    }

    fn is_ordered(&self) -> bool {
        matches!(self.order, Order::Utf8 | Order::Utf8ByFolder)
    }

    /// The listing may be asked for with its prefix alone.
    pub(super) fn set_narrow(&mut self, is_narrow: bool) {
        self.is_narrow = is_narrow;
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
    pub(super) fn next(&mut self, flying: usize, limit: usize) -> Option<Request> {
        let is_done = flying == 0 && self.waiting.is_empty();
        if is_done && !self.end_checked && self.checks.is_empty() {
            self.check_end(None);
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
        Some(Request {
            work: Work::Range(waiting),
            prefix: range.prefix.clone(),
            start,
            max_keys: self.asked,
        })
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
            return full.saturating_sub(4 * done.saturating_sub(full) + 10);
        }
        (2 * pages + WASTE).saturating_sub(self.requests).min(pages)
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

    /// Takes a page of a range, which was asked for from `start` on: how many of its objects,
    /// from the first on, belong to the range and are new.
    pub(super) fn take(
        &mut self,
        at: usize,
        start: Start,
        page: &mut Page,
        next: Next,
    ) -> Result<usize, Contradiction> {
        if !self.is_ordered() && self.ranges.len() > 1 {
            return Err(Contradiction::OrderLost);
        }
        if self.ask_by_marker(at, &start, page) {
            return Ok(0);
        }
        let repeated = page.remove_repeated(self.ranges[at].listed.last());
        self.repeated += repeated as u64;
        let taken = self.check(at, page)?;
        if !page.is_empty() {
            self.look_at_first(at, page)?;
        }
        let passed = taken < page.len();
        if next != Next::End && page.len() > self.fullest {
            self.fullest = page.len();
            self.page_size = page.len() as u64;
        }
        if taken > 0 {
            self.add_keys(at, page, taken, &next)?;
        }
        self.bound(at, taken)?;
        let range = &mut self.ranges[at];
        range.explored = true;
        range.places = None;
        let reached = range
            .end
            .as_deref()
            .is_some_and(|end| end.as_bytes() <= range.listed.last());
        match next {
            _ if passed => self.finish(at, Left::Passed(page.key(taken).into()))?,
            Next::Token(token) if reached => {
                let prefix = range.prefix.clone();
                self.finish(at, Left::Reached(prefix, token))?;
            }
            _ if reached => self.finish(at, Left::ReachedEnd)?,
            Next::Token(token) => {
                if !self.tokens.insert(self.hasher.hash_one(&token)) {
                    let fault = "the store gave the same continuation token twice";
                    return Err(Contradiction::Nonsense(fault.to_owned()));
                }
                range.next = Some(match range.resume(taken) {
                    Some(key) if !self.by_token => Start::Next(key, token),
                    _ => Start::Token(token),
                });
                self.waiting.push_back(at);
            }
            Next::AfterLast => self.go_on_after_last(at)?,
            Next::End => self.leave(at, start)?,
        }
        Ok(taken)
    }

    /// Learns from the keys of a range.
    fn add_keys(
        &mut self,
        at: usize,
        page: &Page,
        taken: usize,
        next: &Next,
    ) -> Result<(), Contradiction> {
        let range = &mut self.ranges[at];
        let last = page.key(taken - 1);
        if let Some(found) = page.get(0)
            && range.proves_end
            && found.last_modified < self.recent
        {
            return Err(Contradiction::Incomplete(format!(
                "the store said that nothing follows before {}",
                show(found.key)
            )));
        }
        range.follow(last);
        range.has_objects = true;
        let before = range.listed.last();
        match self.hints.next(before) {
            Some((key, _)) if key.as_bytes() <= last => range.unforeseen = 0,
            _ => range.unforeseen += taken as u64,
        }
        if range.carry > 0 && self.order == Order::Utf8 {
            // The page before ended with it, and now what follows it is known.
            let objects = std::mem::take(&mut range.carry);
            let anchor = Anchor::of(page.key(0));
            self.seen.push(range.listed.last(), objects, Some(anchor));
            range.remembered = String::from_utf8_lossy(range.listed.last()).into();
        }
        range.listed.add(page, taken, &mut self.alphabet);
        self.pages += 1;
        self.objects += taken as u64;
        if self.is_ordered() {
            self.remember(at, page, taken, *next == Next::End);
        } else if let Some(greatest) = page.keys().max().filter(|key| *key > &*self.greatest) {
            self.greatest.clear();
            self.greatest.extend_from_slice(greatest);
        }
        Ok(())
    }

    /// A store that answers a key to go on after with what it gave before knows the first
    /// version of the API alone: it is asked in that one.
    fn ask_by_marker(&mut self, at: usize, start: &Start, page: &Page) -> bool {
        let range = &mut self.ranges[at];
        let Start::After(key) = start else {
            return false;
        };
        let is_repeated =
            range.by_last && page.len() > 1 && page.keys().any(|of| of == key.as_bytes());
        if is_repeated {
            self.by_marker = true;
            range.next = Some(Start::Marker(key.clone()));
            self.waiting.push_back(at);
        }
        is_repeated
    }

    /// The first keys behind a boundary; an empty page if there are none.
    fn look_at_first(&mut self, at: usize, page: &Page) -> Result<(), Contradiction> {
        if let Some(boundary) = self.ranges[at].begins.take() {
            let check = self.seams.right(&boundary, page)?;
            self.checks.extend(check);
        }
        Ok(())
    }

    /// Some pages without an object are no fault, and so are some more requests than expected.
    fn bound(&mut self, at: usize, taken: usize) -> Result<(), Contradiction> {
        let range = &mut self.ranges[at];
        range.empty_pages = if taken > 0 { 0 } else { range.empty_pages + 1 };
        let before = self.hints.objects().div_ceil(self.page_size);
        let most = RUNAWAY * self.pages.max(before) + u64::from(EMPTY_PAGES);
        let fault = if range.empty_pages > EMPTY_PAGES {
            format!("{EMPTY_PAGES} pages in a row without an object")
        } else if self.requests > most {
            format!(
                "{} requests for {} pages with objects",
                self.requests, self.pages
            )
        } else {
            return Ok(());
        };
        Err(Contradiction::Nonsense(fault))
    }

    /// Goes on without a token.
    fn go_on_after_last(&mut self, at: usize) -> Result<(), Contradiction> {
        let range = &self.ranges[at];
        let last = std::str::from_utf8(range.listed.last()).ok();
        let Some(last) = last.filter(|last| range.explored && last.len() <= MAX_KEY) else {
            let fault =
                "more is to come, and the store gave neither a token nor a key to go on after";
            return Err(Contradiction::Nonsense(fault.to_owned()));
        };
        let prefix: Box<str> = self.listing_of(last).into();
        let start = match self.by_marker {
            true => Start::Marker(last.into()),
            false => Start::After(last.into()),
        };
        let range = &mut self.ranges[at];
        range.prefix = prefix;
        range.by_last = true;
        range.next = Some(start);
        self.waiting.push_back(at);
        Ok(())
    }

    /// A range is done: its place is for another one.
    fn finish(&mut self, at: usize, left: Left) -> Result<(), Contradiction> {
        self.look_at_first(at, &Page::new())?;
        let range = &mut self.ranges[at];
        range.done = true;
        let listed = std::mem::replace(&mut range.listed, Listed::new(b""));
        if range.has_objects && *listed.last() > *self.last {
            listed.last().clone_into(&mut self.last);
        }
        let behind = std::mem::take(&mut range.carry);
        let Some(end) = range.end.take() else {
            self.seen.push_loose(behind);
            return Ok(());
        };
        match &left {
            Left::Passed(key) if behind > 0 => {
                let cut = match self.order {
                    Order::Utf8ByFolder => cut_between(listed.last(), key, self.prefix),
                    _ => None,
                };
                let cut = cut.map_or(listed.last(), str::as_bytes);
                self.seen.push(cut, behind, Some(Anchor::of(key)));
            }
            _ => self.seen.push_loose(behind),
        }
        let check = self.seams.left(&end, left)?;
        self.checks.extend(check);
        Ok(())
    }

    /// The store did not take the last key of the page before: this range and all others go on by
    /// tokens.
    pub(super) fn go_on_by_token(&mut self, at: usize, token: String) {
        self.by_token = true;
        self.ranges[at].next = Some(Start::Token(token));
        self.waiting.push_back(at);
    }

    /// Where the owner of the range's latest key was found.
    pub(super) fn cursor(&mut self, at: usize) -> &mut Cursor {
        &mut self.ranges[at].cursor
    }

    /// How many objects of the page are the range's. Every key is under the prefix; on an
    /// ordered store they rise, behind the range's end too, and rise from page to page; on any
    /// other at least the last key of a page is a new one.
    fn check(&self, at: usize, page: &Page) -> Result<usize, Contradiction> {
        let range = &self.ranges[at];
        let is_ordered = self.is_ordered();
        let last = page.keys().next_back();
        if let Some(last) = last.filter(|last| range.explored && *last == range.listed.last()) {
            return Err(Contradiction::Nonsense(format!(
                "two pages end with the same key {}",
                show(last)
            )));
        }
        let mut before = range.listed.last();
        let end = range.end.as_deref().map(str::as_bytes);
        let mut taken = page.len();
        for (index, key) in page.keys().enumerate() {
            if !key.starts_with(range.prefix.as_bytes()) {
                let fault = format!(
                    "the key {} is not under the prefix {:?}",
                    show(key),
                    range.prefix
                );
                return Err(Contradiction::Nonsense(fault));
            }
            if !is_ordered {
                continue;
            }
            if before >= key {
                let fault = format!(
                    "the keys go backwards: {} comes after {}",
                    show(key),
                    show(before)
                );
                return Err(Contradiction::Disorder(fault));
            }
            if taken == page.len() && end.is_some_and(|end| key > end) {
                taken = index;
            }
            before = key;
        }
        Ok(taken)
    }
}

/// A key for people: quoted, with control characters and what is not UTF-8 escaped.
pub(super) fn show(key: &[u8]) -> String {
    format!("{:?}", String::from_utf8_lossy(key))
}

#[cfg(test)]
mod tests;
