//! How the keys of a bucket are shared out between requests: pure.
//!
//! A [`Plan`] holds ranges of keys that lie next to one another and together are the whole
//! listing. One page of each can be asked for at a time. Where there is room for more, the
//! range that has most left is cut: at keys that the latest good scan remembered, else at
//! keys made up from what was seen. Wherever it is cut, each key is in one range.

use std::collections::VecDeque;

use s3_exporter_api::{Next, Page};

use super::alphabet::{Alphabet, MAX_KEY};
use super::boundaries::Boundaries;
use super::split::{Listed, Place};
use crate::assign::Cursor;

mod sharing;

/// Keys of a page that are remembered for the next scan: with more than its last one, ranges
/// that end at full pages can be cut though this scan's pages began elsewhere.
const REMEMBERED: usize = 8;
/// Ranges are cut while there were no more requests than twice the pages that came of them, or of
/// the scan before, and this: so a scan costs about twice what listing in sequence does at the
/// worst.
const WASTE: u64 = 32;
/// So many pages in a row that lie in one folder: what is left of a part goes on by tokens then.
const LARGE_FOLDER: u32 = 12;

/// Where the next page of a range begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Start {
    /// At the first key of the listing.
    First,
    /// After this key.
    After(Box<str>),
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
    /// Any other: the store is wrong whatever the order.
    Nonsense(String),
}

/// A range of keys: after where it starts, up to and including its end.
#[derive(Debug)]
struct Range {
    /// What to ask for next; `None` while it is asked for, and at the end.
    next: Option<Start>,
    /// The token that gave the page that is asked for, to see one that repeats.
    token: Option<String>,
    /// What was taken.
    listed: Listed,
    /// Whether a page was taken.
    explored: bool,
    done: bool,
    /// How many were made before it.
    number: u64,
    end: Option<Box<str>>,
    /// Whether there are others.
    is_part: bool,
    /// Pages in a row whose last keys lie in one folder.
    in_folder: u32,
    /// Objects that were taken since a page with a key that the scan before remembered.
    unforeseen: u64,
    /// Where it can be cut at keys that are made up, as the alphabet and the pages were then.
    places: Option<(u64, u64, Vec<Place>)>,
    cursor: Cursor,
}

/// The ranges of one scan.
#[derive(Debug)]
pub(super) struct Plan<'a> {
    prefix: &'a str,
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
    /// Whether pages that follow another are asked for by its token, never by its last key.
    by_token: bool,
    alphabet: Alphabet,
    seen: Boundaries,
    requests: u64,
    pages: u64,
    objects: u64,
    ordered: bool,
}

impl<'a> Plan<'a> {
    /// One range: everything.
    pub(super) fn new(prefix: &'a str, page_size: u16, hints: &'a Boundaries) -> Self {
        Self {
            prefix,
            page_size: page_size.into(),
            fullest: 0,
            hints,
            ranges: vec![Range::new(Start::First, b"", None)],
            made: 0,
            waiting: VecDeque::from([0]),
            by_token: false,
            alphabet: Alphabet::default(),
            seen: Boundaries::default(),
            requests: 0,
            pages: 0,
            objects: 0,
            ordered: false,
        }
    }

    /// Whether keys must rise, and so ranges may be cut.
    pub(super) fn set_ordered(&mut self, ordered: bool) {
        self.ordered = ordered;
    }

    /// Pages taken so far.
    pub(super) fn pages(&self) -> u64 {
        self.pages
    }

    /// The boundaries between the pages that were taken, to be remembered.
    pub(super) fn into_boundaries(self) -> Boundaries {
        if self.ordered {
            self.seen
        } else {
            Boundaries::default()
        }
    }

    /// A range to ask for a page of, and where that begins. `flying` requests are under way
    /// and `limit` may be.
    pub(super) fn next(&mut self, flying: usize, limit: usize) -> Option<(usize, Start)> {
        if self.waiting.is_empty() && self.ordered {
            // No more is risked than what has been of use.
            let pages = self
                .objects
                .max(self.hints.objects())
                .div_ceil(self.page_size);
            let worth = (2 * pages + WASTE).saturating_sub(self.requests).min(pages);
            let allowed = limit.min(usize::try_from(worth).unwrap_or(limit).max(1));
            self.share_out(allowed.saturating_sub(flying));
        }
        let waiting = self.waiting.pop_front()?;
        let range = &mut self.ranges[waiting];
        let start = range.next.take()?;
        range.token = match &start {
            Start::Token(token) => Some(token.clone()),
            _ => None,
        };
        self.requests += 1;
        Some((waiting, start))
    }

    /// Takes a page of a range: how many of its objects, from the first on, belong to the
    /// range and are new.
    pub(super) fn take(
        &mut self,
        at: usize,
        page: &Page,
        next: Next,
    ) -> Result<usize, Contradiction> {
        if !self.ordered && self.ranges.len() > 1 {
            return Err(Contradiction::OrderLost);
        }
        let taken = self.check(at, page)?;
        let passed = taken < page.len();
        if matches!(next, Next::Token(_)) && page.len() > self.fullest {
            self.fullest = page.len();
            self.page_size = page.len() as u64;
        }
        let range = &mut self.ranges[at];
        if let Some(last) = taken.checked_sub(1) {
            let before = range.listed.last();
            let stays = folder(before) == folder(page.key(last));
            range.in_folder = if stays { range.in_folder + 1 } else { 0 };
            match self.hints.next(before) {
                Some((key, _)) if key.as_bytes() <= page.key(last) => range.unforeseen = 0,
                _ => range.unforeseen += taken as u64,
            }
            range.listed.add(page, taken, &mut self.alphabet);
            self.pages += 1;
            self.objects += taken as u64;
            if self.ordered {
                self.remember(page, taken);
            }
        }
        let range = &mut self.ranges[at];
        range.explored = true;
        range.places = None;
        let at_end = range
            .end
            .as_deref()
            .is_some_and(|end| end.as_bytes() <= range.listed.last());
        match next {
            Next::Token(token) if !passed && !at_end => {
                if range.token.as_ref() == Some(&token) {
                    let fault = "the store gave the same continuation token twice";
                    return Err(Contradiction::Nonsense(fault.to_owned()));
                }
                range.next = Some(match range.resume(taken) {
                    Some(key) if !self.by_token => Start::Next(key, token),
                    _ => Start::Token(token),
                });
                self.waiting.push_back(at);
            }
            Next::AfterLast if !passed && !at_end => {
                let fault = "IsTruncated is true, but there is no NextContinuationToken";
                return Err(Contradiction::Nonsense(fault.to_owned()));
            }
            _ => {
                // Its place is for another one.
                range.done = true;
                range.listed = Listed::new(b"");
                (range.token, range.end) = (None, None);
            }
        }
        Ok(taken)
    }

    /// The store did not take the last key of the page before: this range and all others go on by
    /// tokens.
    pub(super) fn go_on_by_token(&mut self, at: usize, token: String) {
        self.by_token = true;
        self.ranges[at].next = Some(Start::Token(token));
        self.waiting.push_back(at);
    }

    /// Keeps where keys are, for the next scan.
    fn remember(&mut self, page: &Page, taken: usize) {
        let step = page.len().div_ceil(REMEMBERED);
        let mut from = 0;
        while from < taken {
            let to = (from + step).min(taken);
            self.seen.push(page.key(to - 1), (to - from) as u64);
            from = to;
        }
        if self.seen.is_full() {
            let open = self.ranges.iter().filter(|range| !range.done);
            self.seen
                .thin(&open.map(|range| range.listed.last()).collect());
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
            if !key.starts_with(self.prefix.as_bytes()) {
                let fault = format!(
                    "the key {} is not under the prefix {:?}",
                    show(key),
                    self.prefix
                );
                return Err(Contradiction::Nonsense(fault));
            }
            if !self.ordered {
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

impl Range {
    fn new(next: Start, after: &[u8], end: Option<Box<str>>) -> Self {
        let is_part = !matches!(next, Start::First);
        Self {
            next: Some(next),
            token: None,
            listed: Listed::new(after),
            explored: false,
            done: false,
            number: 0,
            end,
            is_part,
            in_folder: 0,
            unforeseen: 0,
            places: None,
            cursor: Cursor::default(),
        }
    }

    /// The key after which a part of the listing goes on. With a token, MinIO lists all that
    /// follows, to the end of the bucket, for each part anew: 16 parts of 20,000 keys cost it
    /// 2.7 s of CPU, and 1.0 s with a key. With a key it reads all names of a folder for each
    /// page, so in a large one a token is cheaper in the end, and at once where there is one
    /// part. No key is known after an empty page, and none can be sent that is not UTF-8 or is
    /// longer than any key may be.
    fn resume(&self, taken: usize) -> Option<Box<str>> {
        let last = std::str::from_utf8(self.listed.last()).ok()?;
        let can_be_sent = taken > 0 && last.len() <= MAX_KEY;
        let by_key = self.is_part && can_be_sent && self.in_folder < LARGE_FOLDER;
        by_key.then(|| last.into())
    }
}

/// What a key has before its last slash.
fn folder(key: &[u8]) -> &[u8] {
    &key[..key.iter().rposition(|byte| *byte == b'/').unwrap_or(0)]
}

/// A key for people: quoted, with control characters and what is not UTF-8 escaped.
fn show(key: &[u8]) -> String {
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
        let mut plan = Plan::new("", 10, &hints);
        plan.set_ordered(true);
        let keys: Vec<_> = (0..10_000).map(|key| format!("{key:04}")).collect();
        let mut flying = VecDeque::new();
        let (mut objects, mut starts) = (0, 0);
        loop {
            while flying.len() < FLYING
                && let Some(asked) = plan.next(flying.len(), FLYING)
            {
                starts += u32::from(matches!(asked.1, Start::After(_)));
                flying.push_back(asked);
            }
            assert!(plan.ranges.len() <= FLYING);
            let Some((at, start)) = flying.pop_front() else {
                break;
            };
            let after = match start {
                Start::First => String::new(),
                Start::After(key) | Start::Next(key, _) => key.into(),
                Start::Token(token) => token,
            };
            let rest = &keys[keys.partition_point(|key| *key <= after)..];
            let keys: Vec<_> = rest.iter().take(10).map(String::as_str).collect();
            let next = match rest.len() {
                0..=10 => Next::End,
                _ => Next::Token(keys[9].to_owned()),
            };
            objects += plan.take(at, &page(&keys), next).unwrap();
        }
        assert_eq!(objects, 10_000);
        assert!(starts > 20, "{starts} ranges: this tests nothing");
    }
}
