//! How the keys of a bucket are shared out between requests: pure.
//!
//! A [`Plan`] holds ranges of keys that lie next to one another and together are the whole
//! listing. One page of each can be asked for at a time. Where there is room for more, the
//! range that has most left is cut: at keys that the latest good scan remembered, else at
//! keys made up from what was seen. Wherever it is cut, each key is in one range.

use s3_exporter_api::{Next, Page};

use super::boundaries::Boundaries;
use super::split::{Alphabet, Place};
use crate::assign::Cursor;

/// Keys in a full page: the most that S3 gives.
pub(super) const PAGE: u64 = 1000;
/// Every so many keys of a page, one is learned from: a page costs no more than 32 looks.
const LEARN_EVERY: usize = 32;

/// Where the next page of a range begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Start {
    /// At the first key of the listing.
    First,
    /// After this key.
    After(Box<str>),
    /// Where the page before ended.
    Token(String),
}

/// What a page says that must not be.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Contradiction {
    /// Keys don't rise: the ranges may overlap or lack keys, so nothing of them is true.
    Disorder(String),
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
    /// The last key that was taken; before, the key that the range starts after.
    last: Vec<u8>,
    /// The first key of the latest page.
    first: Vec<u8>,
    /// Whether a page was taken.
    explored: bool,
    done: bool,
    end: Option<Box<str>>,
    cursor: Cursor,
}

/// The ranges of one scan.
#[derive(Debug)]
pub(super) struct Plan<'a> {
    prefix: &'a str,
    hints: &'a Boundaries,
    ranges: Vec<Range>,
    alphabet: Alphabet,
    seen: Boundaries,
    pages: u64,
    ordered: bool,
}

impl<'a> Plan<'a> {
    /// One range: everything.
    pub(super) fn new(prefix: &'a str, hints: &'a Boundaries) -> Self {
        Self {
            prefix,
            hints,
            ranges: vec![Range::new(Start::First, Vec::new(), None)],
            alphabet: Alphabet::default(),
            seen: Boundaries::default(),
            pages: 0,
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
        if !self.ranges.iter().any(|range| range.next.is_some()) && self.ordered {
            // With nothing to go by, no more is risked than what has been of use.
            let pages = self.pages.max(self.hints.objects() / PAGE);
            let allowed = limit.min(usize::try_from(pages).unwrap_or(limit).max(1));
            self.share_out(allowed.saturating_sub(flying));
        }
        let waiting = self.ranges.iter().position(|range| range.next.is_some())?;
        let range = &mut self.ranges[waiting];
        let start = range.next.take()?;
        if let Start::Token(token) = &start {
            range.token = Some(token.clone());
        }
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
        let taken = self.check(at, page)?;
        let range = &mut self.ranges[at];
        let passed = taken < page.len();
        if let Some(last) = taken.checked_sub(1) {
            range.first.clear();
            range.first.extend_from_slice(page.key(0));
            range.last.clear();
            range.last.extend_from_slice(page.key(last));
            if self.ordered {
                self.seen.push(&range.last, taken as u64);
                page.keys()
                    .step_by(LEARN_EVERY)
                    .for_each(|key| self.alphabet.learn(key));
            }
            self.pages += 1;
        }
        range.explored = true;
        let at_end = range
            .end
            .as_deref()
            .is_some_and(|end| end.as_bytes() <= &*range.last);
        match next {
            Next::Token(token) if !passed && !at_end => {
                if range.token.as_ref() == Some(&token) {
                    let fault = "the store gave the same continuation token twice";
                    return Err(Contradiction::Nonsense(fault.to_owned()));
                }
                range.next = Some(Start::Token(token));
            }
            _ => range.done = true,
        }
        Ok(taken)
    }

    /// Where the owner of the range's latest key was found.
    pub(super) fn cursor(&mut self, at: usize) -> &mut Cursor {
        &mut self.ranges[at].cursor
    }

    /// How many objects of the page are the range's. Every key is under the prefix; on an
    /// ordered store they rise, and rise from page to page; on any other at least the last
    /// key of a page is a new one.
    fn check(&self, at: usize, page: &Page) -> Result<usize, Contradiction> {
        let range = &self.ranges[at];
        let last = page.keys().next_back();
        if let Some(last) = last.filter(|last| range.explored && *last == range.last) {
            return Err(Contradiction::Nonsense(format!(
                "two pages end with the same key {}",
                show(last)
            )));
        }
        let mut before = &*range.last;
        let end = range.end.as_deref().map(str::as_bytes);
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
            if end.is_some_and(|end| key > end) {
                return Ok(index);
            }
            before = key;
        }
        Ok(page.len())
    }

    /// Cuts ranges so that up to `count` new ones can be asked for: always the range that has
    /// most left for each of those who work on it, as long as each gets a page's worth.
    fn share_out(&mut self, count: usize) {
        let mut shares: Vec<(usize, f64, usize)> = (0..self.ranges.len())
            .filter(|at| !self.ranges[*at].done)
            .map(|at| (at, self.pages_left(at), 0))
            .collect();
        for _ in 0..count {
            let best = shares
                .iter_mut()
                .filter(|(_, pages, cuts)| *pages >= (*cuts + 1) as f64)
                .max_by(|a, b| (a.1 / (a.2 + 1) as f64).total_cmp(&(b.1 / (b.2 + 1) as f64)));
            match best {
                Some(share) => share.2 += 1,
                None => break,
            }
        }
        for (at, _, cuts) in shares.into_iter().filter(|share| share.2 > 0) {
            self.cut(at, cuts);
        }
    }

    /// Pages that a range has left beside the one that is asked for, as far as one can tell.
    fn pages_left(&self, at: usize) -> f64 {
        let range = &self.ranges[at];
        let known = self.hints.between(&range.last, range.end.as_deref());
        if known > 0 {
            return known as f64 / PAGE as f64 - 1.0;
        }
        match range.explored && !range.first.is_empty() {
            true => self.place(range).pages_left(&self.alphabet) - 1.0,
            false => 0.0, // the page that is asked for will tell
        }
    }

    fn place<'b>(&'b self, range: &'b Range) -> Place<'b> {
        Place {
            prefix: self.prefix,
            first: &range.first,
            last: &range.last,
            end: range.end.as_deref(),
        }
    }

    fn cut(&mut self, at: usize, count: usize) {
        let range = &self.ranges[at];
        let mut cuts = self.hints.cuts(&range.last, range.end.as_deref(), count);
        if cuts.is_empty() && range.explored {
            cuts = self.place(range).cuts(&self.alphabet, count);
        }
        let Some(first) = cuts.first() else { return };
        let mut end = self.ranges[at].end.replace(first.as_str().into());
        for cut in cuts.into_iter().rev() {
            let cut: Box<str> = cut.into();
            let after = cut.as_bytes().to_vec();
            let range = Range::new(Start::After(cut.clone()), after, end.replace(cut));
            self.ranges.push(range);
        }
    }
}

impl Range {
    fn new(next: Start, after: Vec<u8>, end: Option<Box<str>>) -> Self {
        Self {
            next: Some(next),
            token: None,
            last: after,
            first: Vec::new(),
            explored: false,
            done: false,
            end,
            cursor: Cursor::default(),
        }
    }
}

/// A key for people: quoted, with control characters and what is not UTF-8 escaped.
fn show(key: &[u8]) -> String {
    format!("{:?}", String::from_utf8_lossy(key))
}
