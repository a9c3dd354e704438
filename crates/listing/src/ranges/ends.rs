//! Where listings end: what is asked to see whether they do, and what the answers show.

use std::cmp::Ordering;
use std::mem;

use s3_exporter_api::{Continuation, Order, Page};

use super::{Contradiction, KeyRange, ListingPlan, PageRequest, Purpose, RESUMED, Start};
use crate::alphabet::MAX_KEY;
use crate::folder::{folder, is_flat, parent, successor};
use crate::proof::{Check, CheckContext, Proof};
use crate::seams::Left;

impl ListingPlan<'_> {
    /// What followed the last key of the scan before: if it is listed by the end of this one, the
    /// end need not be asked for once more, which nothing else could be done beside.
    pub(super) fn look_ahead(&mut self) -> Option<PageRequest> {
        let is_large = self.hints.objects() > self.page_size;
        let last = self
            .hints
            .last_key()
            .filter(|_| is_large && self.is_ordered())?;
        if mem::replace(&mut self.asked_ahead, true) || self.end_checked {
            return None;
        }
        Some(self.request_of(Check::Ahead {
            prefix: folder(last, self.prefix).into(),
            after: last.into(),
            last: last.as_bytes().into(),
        }))
    }

    pub(super) fn request_of(&mut self, check: Check) -> PageRequest {
        self.requests += 1;
        let (prefix, start, max_keys) = check.request(&self.context());
        let prefix = match (prefix, &start) {
            (Some(prefix), _) => prefix,
            (None, Start::After(boundary)) => self.listing_of(boundary).into(),
            (None, _) => self.prefix.into(),
        };
        PageRequest {
            purpose: Purpose::Check(check),
            prefix,
            start,
            max_keys: max_keys.unwrap_or(self.asked),
        }
    }

    pub(super) fn context(&self) -> CheckContext<'_> {
        CheckContext {
            prefix: self.prefix,
            ordered: self.is_ordered(),
            recent: self.recent,
            greatest: &self.greatest,
            is_narrow: self.is_narrow,
        }
    }

    /// What the answer to a check shows.
    pub(crate) fn judge(
        &mut self,
        check: Check,
        page: &Page,
        next: &Continuation,
    ) -> Result<(), Contradiction> {
        let proof = check.judge(page, next, &self.context());
        match proof.map_err(|of| self.of_parts(of))? {
            Proof::Right => {}
            Proof::Asks(check) => self.checks.push_back(check),
            Proof::EndsWith(last) => self.ahead = Some(last),
            Proof::GoesOnInFolders(last) => self.go_on_in_folders(&last),
            Proof::GoesOn(after) => {
                self.resumed += 1;
                let (start, prefix) = match &*after {
                    "" => (Start::First, self.prefix),
                    after => (Start::After(after.into()), self.listing_of(after)),
                };
                self.add(KeyRange::new(start, prefix, &after, None));
            }
        }
        Ok(())
    }

    /// While there are parts, an end that came too early may be that of one of them: some stores are
    /// wrong about what follows a key, and right in sequence.
    fn of_parts(&self, contradiction: Contradiction) -> Contradiction {
        match contradiction {
            Contradiction::EarlyEnd { last: Some(_), key } if self.is_in_parts() => {
                Contradiction::Followed { key }
            }
            other => other,
        }
    }

    /// A check was refused, which shows nothing: where its prefix may be the cause, it is made
    /// once more with another one. False for one that cannot be done without.
    pub(crate) fn give_up(&mut self, check: Check) -> bool {
        if let Check::EndOfFolder { last, .. } = &check {
            self.go_on_in_folders(last);
            return true;
        }
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

    /// The store says that nothing follows in the listing that a range is in: what follows that
    /// folder is asked for next.
    ///
    /// What is greater than all keys of the folder `a/b/` and less than `a/b0` lies in it, and not
    /// every store is right about what comes after such a key in `a/`. So what comes after
    /// `a/b0` is asked for, and that one by itself.
    pub(super) fn leave(&mut self, at: usize, start: Start) {
        let range = &mut self.ranges[at];
        let folder = range.prefix.clone();
        if folder.len() > self.prefix.len() {
            if let Some(boundary) = range.begins.take() {
                let check = self.seams.nothing_right(&boundary, &folder);
                self.checks.extend(check);
            }
            let next = successor(&folder);
            let end = range.end.as_ref().map(|end| end.cmp(&next));
            if end != Some(Ordering::Less) && !range.proves_end {
                self.named.push_back(next.clone());
            }
            if end.is_some_and(Ordering::is_le) {
                return self.finish(at, Left::Ended(folder, start));
            }
            range.listed.pass(&next);
            range.prefix = parent(&folder, self.prefix).into();
            range.next = Some(Start::After(next));
            self.waiting.push_back(at);
            return;
        }
        if range.has_objects && !range.proves_end {
            self.end_checked &= range.end.is_some();
            self.ending = Some((range.listed.last().into(), folder.clone(), start.clone()));
        }
        self.finish(at, Left::Ended(folder, start))
    }

    /// The end is asked for once more as soon as nothing is left to be asked for behind the last key,
    /// beside what is left elsewhere.
    pub(super) fn check_end_early(&mut self) {
        let is_before = |range: &KeyRange| range.done || *range.listed.last() < *self.last;
        let is_named = !self.named.is_empty() || self.named_flying > 0;
        if !self.end_checked && !is_named && self.made > 0 && self.ranges.iter().all(is_before) {
            self.check_end();
        }
    }

    /// Asks for what follows the last key of all in its folder, for what follows that folder in the
    /// one around it, and so on, all at the same time.
    fn check_folders(&mut self, last: &str) {
        let mut prefix = folder(last, self.prefix);
        let mut after: Box<str> = last.into();
        loop {
            self.checks.push_back(Check::EndOfFolder {
                prefix: prefix.into(),
                after,
                last: last.into(),
            });
            if prefix.len() <= self.prefix.len() {
                return;
            }
            after = successor(prefix);
            prefix = parent(prefix, self.prefix);
        }
    }

    /// The listing may go on behind its last key: it is listed folder by folder.
    fn go_on_in_folders(&mut self, last: &str) {
        if !mem::replace(&mut self.goes_on, true) {
            let folder = folder(last, self.prefix);
            let mut range = KeyRange::new(Start::After(last.into()), folder, last, None);
            range.proves_end = true;
            self.add(range);
        }
    }

    /// A key to be asked for by itself.
    pub(super) fn next_named(&mut self) -> Option<PageRequest> {
        let key = self.named.pop_front()?;
        self.named_flying += 1;
        self.requests += 1;
        Some(PageRequest {
            prefix: key.clone(),
            purpose: Purpose::Named(key),
            start: Start::First,
            max_keys: 1,
        })
    }

    /// What came for such a key: whether it begins with the object itself, which is a new one.
    pub(crate) fn take_named(&mut self, key: &str, page: &Page) -> bool {
        self.named_flying -= 1;
        let is_there = page.get(0).is_some_and(|of| of.key == key.as_bytes());
        if is_there {
            self.objects += 1;
            self.seen.push(key.as_bytes(), 1, None);
            if *key.as_bytes() > *self.last {
                self.last = key.into();
            }
        }
        is_there
    }

    /// The end of a listing of more than one page, and that of one which had more, are asked for
    /// once more; folder by folder where the answer to a key in a folder said that it is the end.
    pub(super) fn check_end(&mut self) {
        self.end_checked = true;
        let ending = self.ending.take().filter(|(last, ..)| **last == *self.last);
        let request = ending.map(|(_, prefix, start)| (prefix, start));
        let is_whole = self.ranges.len() == 1 && self.made == 0 && self.pages <= 1;
        let cannot = !self.capabilities.start_after;
        if cannot || self.resumed >= RESUMED || (is_whole && self.objects > 0) {
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
                let last = last.to_owned();
                self.check_folders(&last);
                return;
            }
            let again = || (self.listing_of(last).into(), Start::After(last.into()));
            let request = request.unwrap_or_else(again);
            let last = last.into();
            self.checks.push_back(Check::End { last, request });
        }
    }
}

/// A key without its last character.
fn shortened(key: &str) -> &str {
    let mut chars = key.chars();
    chars.next_back();
    chars.as_str()
}
