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
use super::folder::{cut_between, folder, is_flat, parent, successor};
use super::proof::{Check, Context, Left, Seams, Shown};
use super::split::Listed;
use crate::assign::Cursor;

mod range;
mod sharing;

use range::Range;

/// Keys of a page that are remembered for the next scan: with more than its last one, ranges
/// that end at full pages can be cut though this scan's pages began elsewhere.
const REMEMBERED: usize = 8;
/// So many keys before each of these are looked at for one between two folders.
const LOOKED_AT: usize = 16;
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

    /// What followed the last key of the scan before: if it is listed by the end of this one, the
    /// end need not be asked for once more, which nothing else could be done beside.
    fn look_ahead(&mut self) -> Option<Request> {
        let is_large = self.hints.objects() > self.page_size;
        let last = self
            .hints
            .last_key()
            .filter(|_| is_large && self.is_ordered())?;
        if std::mem::replace(&mut self.asked_ahead, true) || self.end_checked {
            return None;
        }
        Some(self.request_of(Check::Ahead {
            prefix: folder(last, self.prefix).into(),
            after: last.into(),
            last: last.as_bytes().into(),
        }))
    }

    fn request_of(&mut self, check: Check) -> Request {
        self.requests += 1;
        let (prefix, start, max_keys) = check.request(&self.context());
        let prefix = match (prefix, &start) {
            (Some(prefix), _) => prefix,
            (None, Start::After(boundary)) => self.listing_of(boundary).into(),
            (None, _) => self.prefix.into(),
        };
        Request {
            work: Work::Check(check),
            prefix,
            start,
            max_keys: max_keys.unwrap_or(self.asked),
        }
    }

    fn context(&self) -> Context<'_> {
        Context {
            prefix: self.prefix,
            ordered: self.is_ordered(),
            recent: self.recent,
            greatest: &self.greatest,
            is_narrow: self.is_narrow,
        }
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

    /// What the answer to a check shows.
    pub(super) fn judge(
        &mut self,
        check: Check,
        page: &Page,
        next: &Next,
    ) -> Result<(), Contradiction> {
        match check.judge(page, next, &self.context())? {
            Shown::Right => {}
            Shown::Asks(check) => self.checks.push_back(check),
            Shown::EndsWith(last) => self.ahead = Some(last),
            Shown::GoesOn(after) => {
                self.resumed += 1;
                let (start, prefix) = match &*after {
                    "" => (Start::First, self.prefix),
                    after => (Start::After(after.into()), self.listing_of(after)),
                };
                self.add(Range::new(start, prefix, &after, None));
            }
        }
        Ok(())
    }

    /// A check was refused, which shows nothing: where its prefix may be the cause, it is made
    /// once more with another one. False for one that cannot be done without.
    pub(super) fn give_up(&mut self, check: Check) -> bool {
        let is_of_end = matches!(
            check,
            Check::Ahead { .. } | Check::End { .. } | Check::Empty { .. }
        );
        if is_of_end && !self.is_narrow && !self.prefix.is_empty() {
            self.is_narrow = true;
            self.checks.push_back(check);
        }
        is_of_end
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

    /// The store says that nothing follows in the listing that a range is in: what follows that
    /// folder is asked for next.
    fn leave(&mut self, at: usize, start: Start) -> Result<(), Contradiction> {
        let range = &mut self.ranges[at];
        if range.prefix.len() > self.prefix.len() {
            let around = parent(&range.prefix, self.prefix).into();
            range.next = Some(Start::After(successor(&range.prefix)));
            range.prefix = around;
            self.waiting.push_back(at);
            return Ok(());
        }
        let is_end = range.end.is_none() && range.has_objects && !range.proves_end;
        let request = (range.prefix.clone(), start);
        self.finish(at, Left::Ended)?;
        if is_end {
            self.check_end(Some(request));
        }
        Ok(())
    }

    /// The end of a listing of more than one page, and that of one which had more, are asked for
    /// once more; folder by folder where the answer to a key in a folder said that it is the end.
    /// `request` said so.
    fn check_end(&mut self, request: Option<(Box<str>, Start)>) {
        self.end_checked = true;
        let is_whole = self.ranges.len() == 1 && self.made == 0 && self.pages <= 1;
        if self.resumed >= RESUMED || (is_whole && self.objects > 0) {
            return;
        }
        if self.objects == 0 {
            if self.hints.objects() > 0 {
                let after = self.hints.first_key().unwrap_or(self.prefix);
                let after = shortened(after).into();
                self.checks.push_back(Check::Empty { after });
            }
            return;
        }
        if self.ahead.take().is_some_and(|ahead| *ahead <= *self.last) {
            return;
        }
        let last = std::str::from_utf8(&self.last).ok();
        if let Some(last) = last.filter(|last| last.len() <= MAX_KEY) {
            let is_of_key = !matches!(&request, Some((_, Start::First | Start::Token(_))));
            if self.order == Order::Utf8 && is_of_key && !is_flat(last, self.prefix) {
                let folder = folder(last, self.prefix);
                let start = Start::After(last.into());
                let mut range = Range::new(start, folder, last, None);
                range.proves_end = true;
                self.add(range);
                return;
            }
            let again = || (self.listing_of(last).into(), Start::After(last.into()));
            let request = request.unwrap_or_else(again);
            let last = last.into();
            self.checks.push_back(Check::End { last, request });
        }
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

    /// Keeps where keys are, for the next scan.
    fn remember(&mut self, at: usize, page: &Page, taken: usize, is_last: bool) {
        let range = &mut self.ranges[at];
        let step = page.len().div_ceil(REMEMBERED).max(1);
        let by_folder = self.order == Order::Utf8ByFolder;
        let mut from = 0;
        while from < taken {
            let to = (from + step).min(taken);
            match cut_before(page, from, to, by_folder.then_some(self.prefix)) {
                Some((index, cut)) => {
                    let objects = std::mem::take(&mut range.carry) + (index + 1 - from) as u64;
                    let anchor = Anchor::of(page.key(index + 1));
                    self.seen.push(cut.as_bytes(), objects, Some(anchor));
                    range.remembered = cut.into();
                    range.carry = (to - index - 1) as u64;
                }
                None => range.carry += (to - from) as u64,
            }
            from = to;
        }
        // The end that was remembered is where it was.
        if let Some(end) = range.end.as_deref()
            && end.as_bytes() == page.key(taken - 1)
            && taken == page.len()
        {
            let objects = std::mem::take(&mut range.carry);
            self.seen
                .push(end.as_bytes(), objects, self.hints.anchor(end));
        }
        if is_last && range.end.is_none() {
            let objects = std::mem::take(&mut range.carry);
            self.seen.push(page.key(taken - 1), objects, None);
        }
        if self.seen.is_full() {
            let open = self.ranges.iter().filter(|range| !range.done);
            self.seen
                .thin(&open.map(|range| range.remembered.as_bytes()).collect());
        }
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

/// A cut between two keys of a page of which the first is one of `from..to`: after the last one;
/// or near it, and in as few folders below a prefix as possible.
fn cut_before<'a>(
    page: &'a Page,
    from: usize,
    to: usize,
    in_few_folders_of: Option<&str>,
) -> Option<(usize, &'a str)> {
    let Some(prefix) = in_few_folders_of else {
        let cut = std::str::from_utf8(page.key(to - 1)).ok()?;
        return (to < page.len() && cut.len() <= MAX_KEY).then_some((to - 1, cut));
    };
    let to = to.min(page.len() - 1);
    let cuts = (from.max(to.saturating_sub(LOOKED_AT))..to).rev();
    let cuts = cuts.filter_map(|index| {
        let cut = cut_between(page.key(index), page.key(index + 1), prefix)?;
        Some((index, cut))
    });
    cuts.min_by_key(|(_, cut)| cut.bytes().filter(|byte| *byte == b'/').count())
}

/// A key without its last character.
fn shortened(key: &str) -> &str {
    let mut chars = key.chars();
    chars.next_back();
    chars.as_str()
}

/// A key for people: quoted, with control characters and what is not UTF-8 escaped.
pub(super) fn show(key: &[u8]) -> String {
    format!("{:?}", String::from_utf8_lossy(key))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::split::tests::page;

    /// Pages of ten of the keys from `0000` to `9999`, eight at a time, the oldest request first.
    #[test]
    fn there_are_never_more_ranges_than_requests_at_a_time() {
        const FLYING: usize = 8;
        let hints = Boundaries::default();
        let mut plan = Plan::new("", 10, &hints, UnixTime::from_millis(0));
        plan.set_order(Order::Utf8);
        let keys: Vec<_> = (0..10_000).map(|key| format!("{key:04}")).collect();
        let mut flying = VecDeque::new();
        let (mut objects, mut starts) = (0, 0);
        loop {
            while flying.len() < FLYING
                && let Some(asked) = plan.next(flying.len(), FLYING)
            {
                starts += u32::from(matches!(asked.start, Start::After(_)));
                flying.push_back(asked);
            }
            assert!(plan.ranges.len() <= FLYING);
            let Some(Request { work, start, .. }) = flying.pop_front() else {
                break;
            };
            let after = match start.clone() {
                Start::First => String::new(),
                Start::After(key) | Start::Marker(key) | Start::Next(key, _) => key.into(),
                Start::Token(token) => token,
            };
            let rest = &keys[keys.partition_point(|key| *key <= after)..];
            let keys: Vec<_> = rest.iter().take(10).map(String::as_str).collect();
            let next = match rest.len() {
                0..=10 => Next::End,
                _ => Next::Token(keys[9].to_owned()),
            };
            match work {
                Work::Range(at) => {
                    objects += plan.take(at, start, &mut page(&keys), next).unwrap();
                }
                Work::Check(check) => plan.judge(check, &page(&keys), &next).unwrap(),
            }
        }
        assert_eq!(objects, 10_000);
        let is_reused = starts > 3 * FLYING as u32 / 2;
        assert!(is_reused, "{starts} ranges: this tests nothing");
    }
}
