//! What a page of a range is made of: checked, counted, and what is to be asked for next.

use std::hash::BuildHasher;

use s3_exporter_api::{Continuation, Order, Page};

use super::{Contradiction, KeyRange, ListingPlan, Start};
use crate::alphabet::{MAX_KEY, valid};
use crate::boundaries::Anchor;
use crate::folder::cut_between;
use crate::seams::Left;
use crate::split::{Behind, Listed};

/// A listing fails after so many pages in a row without an object: thousands of deleted
/// versions in a row can be the cause of some, and a store that is ill sends them without end.
const EMPTY_PAGES: u32 = 1000;
/// A listing fails after so many times the requests that this or the scan before should take.
const RUNAWAY: u64 = 10;

impl ListingPlan<'_> {
    /// Takes a page of a range, which was asked for from `start` on: how many of its objects,
    /// from the first on, belong to the range and are new.
    pub(crate) fn take(
        &mut self,
        at: usize,
        start: Start,
        page: &mut Page,
        next: Continuation,
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
            self.look_at_first(at, page);
        }
        let passed = taken < page.len();
        self.count_names(at, page, taken, next == Continuation::End);
        if next != Continuation::End && page.len() > self.fullest {
            self.fullest = page.len();
            self.page_size = page.len() as u64;
        }
        if taken > 0 {
            self.add_keys(at, page, taken, &next)?;
        } else if page.beside().is_some() {
            self.pages += 1; // what lies beside the objects is something, too
        }
        self.bound(at, taken > 0 || page.beside().is_some())?;
        let range = &mut self.ranges[at];
        range.explored = true;
        range.outlook = None;
        let reached = range
            .end
            .as_deref()
            .is_some_and(|end| end.as_bytes() <= range.listed.last());
        match next {
            _ if passed => self.finish(at, Left::Passed(page.key(taken).into())),
            Continuation::Token(token) if reached => {
                let prefix = range.prefix.clone();
                self.finish(at, Left::Reached(prefix, token));
            }
            _ if reached => self.finish(at, Left::ReachedEnd),
            Continuation::Token(token) => {
                if !self.tokens.insert(self.hasher.hash_one(&token)) {
                    return Err(Contradiction::SameToken);
                }
                range.next = Some(match range.resume(taken) {
                    Some(key) if !self.by_token => Start::Next(key, token),
                    _ => Start::Token(token),
                });
                self.waiting.push_back(at);
            }
            Continuation::AfterLast => self.go_on_after_last(at)?,
            Continuation::End => self.leave(at, start),
        }
        Ok(taken)
    }

    /// Learns from the keys of a range.
    fn add_keys(
        &mut self,
        at: usize,
        page: &Page,
        taken: usize,
        next: &Continuation,
    ) -> Result<(), Contradiction> {
        let range = &mut self.ranges[at];
        let last = page.key(taken - 1);
        if let Some(found) = page.get(0)
            && range.proves_end
            && found.last_modified < self.recent
        {
            let key = found.key.into();
            return Err(Contradiction::Followed { key });
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
            self.remember(at, page, taken, *next == Continuation::End);
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
        let is_repeated = self.capabilities.marker
            && range.by_last
            && page.len() > 1
            && page.keys().any(|of| of == key.as_bytes());
        if is_repeated {
            self.by_marker = true;
            range.next = Some(Start::Marker(key.clone()));
            self.waiting.push_back(at);
        }
        is_repeated
    }

    /// The first keys behind a boundary; an empty page if there are none.
    fn look_at_first(&mut self, at: usize, page: &Page) {
        if let Some(boundary) = self.ranges[at].begins.take() {
            self.tell_before(&boundary, self.ranges[at].end.is_none(), page);
            let check = self.seams.right(&boundary, page);
            self.checks.extend(check);
        }
    }

    /// Names that were expected are there, or are not.
    fn count_names(&mut self, at: usize, page: &Page, taken: usize, is_end: bool) {
        let range = &self.ranges[at];
        let is_all = taken < page.len() || (is_end && *range.prefix == *self.prefix);
        let to = match (taken.checked_sub(1), range.end.as_deref()) {
            (_, Some(end)) if is_all => end.as_bytes(),
            (_, None) if is_all => &[u8::MAX], // behind every name
            (Some(last), _) => page.key(last),
            (None, _) => return,
        };
        if let Some(names) = &mut self.census {
            names.see(range.listed.last(), !range.explored, to, page, taken);
        }
    }

    /// What follows a boundary is known: the range before it may be shorter than it looks.
    fn tell_before(&mut self, boundary: &str, is_last: bool, page: &Page) {
        let behind = match page.keys().next() {
            Some(key) => Behind::Key(valid(key).into()),
            None if is_last => Behind::Nothing,
            None => return,
        };
        let is_before = |range: &&mut KeyRange| range.end.as_deref() == Some(boundary);
        if let Some(range) = self.ranges.iter_mut().find(is_before) {
            range.behind = behind;
            range.outlook = None;
        }
    }

    /// Some pages without an object are no fault, and so are some more requests than expected.
    fn bound(&mut self, at: usize, has_any: bool) -> Result<(), Contradiction> {
        let range = &mut self.ranges[at];
        range.empty_pages = if has_any { 0 } else { range.empty_pages + 1 };
        let before = self.hints.objects().div_ceil(self.page_size);
        let most = RUNAWAY * self.pages.max(before) + u64::from(EMPTY_PAGES);
        if range.empty_pages > EMPTY_PAGES {
            return Err(Contradiction::EmptyPages(EMPTY_PAGES));
        }
        if self.requests > most {
            let (requests, pages) = (self.requests, self.pages);
            return Err(Contradiction::Runaway { requests, pages });
        }
        Ok(())
    }

    /// Goes on without a token.
    fn go_on_after_last(&mut self, at: usize) -> Result<(), Contradiction> {
        let range = &self.ranges[at];
        let last = std::str::from_utf8(range.listed.last()).ok();
        let can = range.explored && self.capabilities.start_after;
        let Some(last) = last.filter(|last| can && last.len() <= MAX_KEY) else {
            return Err(Contradiction::NoWayOn);
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
    pub(super) fn finish(&mut self, at: usize, left: Left) {
        self.look_at_first(at, &Page::new());
        let range = &mut self.ranges[at];
        range.done = true;
        let listed = std::mem::replace(&mut range.listed, Listed::new(b""));
        if range.has_objects && *listed.last() > *self.last {
            listed.last().clone_into(&mut self.last);
        }
        let behind = std::mem::take(&mut range.carry);
        let Some(end) = range.end.take() else {
            self.seen.push_loose(behind);
            return;
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
        let check = self.seams.left(&end, left);
        self.checks.extend(check);
    }

    /// How many objects of the page are the range's. Every key is under the prefix; on an
    /// ordered store they rise, behind the range's end too, and rise from page to page; on any
    /// other at least the last key of a page is a new one.
    fn check(&self, at: usize, page: &Page) -> Result<usize, Contradiction> {
        let range = &self.ranges[at];
        let is_ordered = self.is_ordered();
        let last = page.keys().next_back();
        if let Some(last) = last.filter(|last| range.explored && *last == range.listed.last()) {
            return Err(Contradiction::SameLastKey { key: last.into() });
        }
        let mut before = range.listed.last();
        let end = range.end.as_deref().map(str::as_bytes);
        let mut taken = page.len();
        for (index, key) in page.keys().enumerate() {
            if !key.starts_with(range.prefix.as_bytes()) {
                return Err(Contradiction::Foreign {
                    key: key.into(),
                    prefix: range.prefix.clone(),
                });
            }
            if !is_ordered {
                continue;
            }
            if before >= key {
                return Err(Contradiction::Backwards {
                    key: key.into(),
                    before: before.into(),
                });
            }
            if taken == page.len() && end.is_some_and(|end| key > end) {
                taken = index;
            }
            before = key;
        }
        Ok(taken)
    }
}
