//! What is remembered of the pages of a listing for the next one.

use std::mem;

use s3_exporter_api::{Order, Page};

use super::ListingPlan;
use crate::alphabet::MAX_KEY;
use crate::boundaries::Anchor;
use crate::folder::cut_between;

/// Keys of a page that are remembered for the next scan: with more than its last one, ranges
/// that end at full pages can be cut though this scan's pages began elsewhere.
const REMEMBERED: usize = 8;
/// So many keys before each of these are looked at for one between two folders.
const LOOKED_AT: usize = 16;

impl ListingPlan<'_> {
    /// Keeps where keys are, for the next scan.
    pub(super) fn remember(&mut self, at: usize, page: &Page, taken: usize, is_last: bool) {
        let range = &mut self.ranges[at];
        let step = page.len().div_ceil(REMEMBERED).max(1);
        let by_folder = self.order == Order::Utf8ByFolder;
        let mut from = 0;
        while from < taken {
            let to = (from + step).min(taken);
            match cut_before(page, from, to, by_folder.then_some(self.prefix)) {
                Some((index, cut)) => {
                    let objects = mem::take(&mut range.carry) + (index + 1 - from) as u64;
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
            let objects = mem::take(&mut range.carry);
            self.seen
                .push(end.as_bytes(), objects, self.hints.anchor(end));
        }
        if is_last && range.end.is_none() {
            let objects = mem::take(&mut range.carry);
            self.seen.push(page.key(taken - 1), objects, None);
        }
        if self.seen.is_full() {
            let open = self.ranges.iter().filter(|range| !range.done);
            self.seen
                .thin(&open.map(|range| range.remembered.as_bytes()).collect());
        }
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
