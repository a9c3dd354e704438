//! How the keys of a bucket are shared out between requests: pure.
//!
//! A [`Plan`] holds ranges of keys that lie next to one another and together are the whole
//! listing. One page of each can be asked for at a time. Where there is room for more, the
//! range that has most left is cut: at keys that the latest good scan remembered, else at
//! keys made up from what was seen. Wherever it is cut, each key is in one range.

use s3_exporter_api::{Next, Page};

use super::alphabet::Alphabet;
use super::boundaries::Boundaries;
use super::split::{Forks, Place, Step, fork};
use crate::assign::Cursor;

/// Keys of a page that are remembered for the next scan: with more than its last one, ranges
/// that end at full pages can be cut though this scan's pages began elsewhere.
const REMEMBERED: usize = 8;
/// Keys of a page that are learned from at most.
const SAMPLE: usize = 32;
/// Ranges are cut with nothing to go by while there were no more requests than twice the pages
/// that came of them, and this: so a first scan costs about twice what listing in sequence
/// does at the worst.
const WASTE: u64 = 32;
/// So many pages in a row that lie in one folder: what is left of a part goes on by tokens then.
const LARGE_FOLDER: u32 = 12;
/// When so often there was no range to cut, places where cuts failed get another chance.
const FORGIVE_EVERY: u64 = 16;

/// Where the next page of a range begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Start {
    /// At the first key of the listing.
    First,
    /// After this key.
    After(Box<str>),
    /// After the last key of the page before.
    Next(Box<str>),
    /// Where the page before ended, as the store says it.
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
    /// Whether there are others.
    is_part: bool,
    /// Pages in a row whose last keys lie in one folder.
    in_folder: u32,
    /// Pages that were taken.
    pages: u32,
    /// Cuts in a row that found little behind them.
    misses: i32,
    /// Times it was cut.
    cuts: usize,
    /// The place at which the key that it starts after was made up.
    start_place: Option<usize>,
    /// Likewise of its end, until a page was taken after that cut.
    end_place: Option<usize>,
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
    alphabet: Alphabet,
    forks: Forks,
    /// The last key of the latest page of any range.
    latest: Vec<u8>,
    seen: Boundaries,
    requests: u64,
    pages: u64,
    objects: u64,
    starved: u64,
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
            ranges: vec![Range::new(Start::First, Vec::new(), None)],
            alphabet: Alphabet::default(),
            forks: Forks::default(),
            latest: Vec::new(),
            seen: Boundaries::default(),
            requests: 0,
            pages: 0,
            objects: 0,
            starved: 0,
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
            let pages = self
                .objects
                .max(self.hints.objects())
                .div_ceil(self.page_size);
            let worth = (2 * pages + WASTE).saturating_sub(self.requests).min(pages);
            let allowed = limit.min(usize::try_from(worth).unwrap_or(limit).max(1));
            self.share_out(allowed.saturating_sub(flying));
        }
        let waiting = self.ranges.iter().position(|range| range.next.is_some())?;
        let range = &mut self.ranges[waiting];
        let start = range.next.take()?;
        if let Start::Token(token) = &start {
            range.token = Some(token.clone());
        }
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
        let taken = self.check(at, page)?;
        let passed = taken < page.len();
        if matches!(next, Next::Token(_)) && page.len() > self.fullest {
            self.fullest = page.len();
            self.page_size = page.len() as u64;
        }
        self.judge(at, page, taken);
        let range = &mut self.ranges[at];
        if let Some(last) = taken.checked_sub(1) {
            let stays = folder(&range.last) == folder(page.key(last));
            range.in_folder = if stays { range.in_folder + 1 } else { 0 };
            range.first.clear();
            range.first.extend_from_slice(page.key(0));
            range.last.clear();
            range.last.extend_from_slice(page.key(last));
            range.misses = (range.misses - 1).max(0);
            self.pages += 1;
            self.objects += taken as u64;
            if self.ordered {
                self.remember(page, taken);
                self.learn(page, taken);
            }
        }
        let range = &mut self.ranges[at];
        range.explored = true;
        range.pages += 1;
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
                range.next = Some(match range.resume(taken) {
                    Some(key) => Start::Next(key),
                    None => Start::Token(token),
                });
            }
            _ => range.done = true,
        }
        Ok(taken)
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
            self.seen.thin(&open.map(|range| &*range.last).collect());
        }
    }

    /// Learns how keys look and where they differ.
    fn learn(&mut self, page: &Page, taken: usize) {
        let mut before = std::mem::take(&mut self.latest);
        for key in page.keys().take(taken).step_by(taken.div_ceil(SAMPLE)) {
            self.alphabet.learn(key);
            self.forks.learn(&before, key);
            before.clear();
            before.extend_from_slice(key);
        }
        self.latest = before;
    }

    /// Whether the cuts that made the range were worth it, by its first page after them: its
    /// start if much was found there, its end unless the range was at its end anyway.
    fn judge(&mut self, at: usize, page: &Page, taken: usize) {
        let found = taken * 2 > page.len();
        let range = &mut self.ranges[at];
        if let Some(place) = range.end_place.take().filter(|_| !found) {
            self.forks.score(place, false);
        }
        if range.explored {
            return;
        }
        if let Some(place) = range.start_place {
            // What was found may differ further left: then a cut there would have found it too.
            let fork = fork(&range.last, page.keys().next().unwrap_or_default());
            self.forks.score(place, found && fork >= place);
            if found && fork < place {
                self.forks.score(fork, true);
            }
        }
        if !found {
            // Its left neighbour has less left than was thought.
            let start = range.last.clone();
            let ends_here = |range: &&mut Range| {
                range
                    .end
                    .as_deref()
                    .is_some_and(|end| end.as_bytes() == start)
            };
            if let Some(left) = self.ranges.iter_mut().find(ends_here) {
                left.misses += 1;
            }
        }
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
                None => {
                    self.starve();
                    break;
                }
            }
        }
        for (at, _, cuts) in shares.into_iter().filter(|share| share.2 > 0) {
            self.cut(at, cuts);
        }
    }

    /// There is room for requests, and no range is worth cutting.
    fn starve(&mut self) {
        self.starved += 1;
        if self.starved.is_multiple_of(FORGIVE_EVERY) {
            self.forks.forgive();
        }
    }

    /// Pages that a range has left beside the one that is asked for, as far as one can tell.
    fn pages_left(&self, at: usize) -> f64 {
        let range = &self.ranges[at];
        let known = self.hints.between(&range.last, range.end.as_deref());
        if known > 0 {
            return known as f64 / self.page_size as f64 - 1.0;
        }
        if !range.explored || range.first.is_empty() {
            return 0.0; // the page that is asked for will tell
        }
        let steps = self.place(range).steps(&self.alphabet, &self.forks);
        let pages = steps.iter().map(Step::pages).fold(0.0, f64::max);
        // Of what nobody knows, as much may be left as was seen so far.
        let most = f64::from(range.pages * 2).max(4.0);
        pages.min(most) / 2_f64.powi(range.misses) - 1.0
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
        let (after, end) = (&*range.last, range.end.as_deref());
        let known = self.hints.cuts(after, end, count, self.page_size);
        let mut cuts: Vec<_> = known.into_iter().map(|cut| (cut, None)).collect();
        if cuts.is_empty() && range.explored {
            let place = self.place(range);
            let steps = place.steps(&self.alphabet, &self.forks);
            let made_up = place.cuts(&self.alphabet, &steps, count, range.cuts);
            cuts.extend(made_up.into_iter().map(|(cut, place)| (cut, Some(place))));
        }
        self.ranges[at].cuts += 1;
        let Some((first, place)) = cuts.first() else {
            return;
        };
        let mut end_place = std::mem::replace(&mut self.ranges[at].end_place, *place);
        self.ranges[at].is_part = true;
        let mut end = self.ranges[at].end.replace(first.as_str().into());
        for (cut, place) in cuts.into_iter().rev() {
            let cut: Box<str> = cut.into();
            let after = cut.as_bytes().to_vec();
            let mut range = Range::new(Start::After(cut.clone()), after, end.replace(cut));
            range.start_place = place;
            range.end_place = std::mem::replace(&mut end_place, place);
            self.ranges.push(range);
        }
    }
}

impl Range {
    fn new(next: Start, after: Vec<u8>, end: Option<Box<str>>) -> Self {
        let is_part = !matches!(next, Start::First);
        Self {
            next: Some(next),
            token: None,
            last: after,
            first: Vec::new(),
            explored: false,
            done: false,
            end,
            is_part,
            in_folder: 0,
            pages: 0,
            misses: 0,
            cuts: 0,
            start_place: None,
            end_place: None,
            cursor: Cursor::default(),
        }
    }

    /// The key after which a part of the listing goes on. With a token, MinIO lists all that
    /// follows, to the end of the bucket, for each part anew: 16 parts of 20,000 keys cost it
    /// 2.7 s of CPU, and 1.0 s with a key. With a key it reads all names of a folder for each
    /// page, so in a large one a token is cheaper in the end, and at once where there is one
    /// part. No key is known after an empty page, and none can be sent that is not UTF-8.
    fn resume(&self, taken: usize) -> Option<Box<str>> {
        let last = std::str::from_utf8(&self.last).ok()?;
        let by_key = self.is_part && taken > 0 && self.in_folder < LARGE_FOLDER;
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
