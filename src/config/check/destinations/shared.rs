//! What many destinations say in the same words is held once.

use std::collections::BTreeSet;
use std::sync::Arc;

use s3_exporter_judge::expectation::Rules;

use crate::destination::Judging;

/// What there was so far.
#[derive(Default)]
pub(super) struct Shared {
    texts: BTreeSet<Arc<str>>,
    /// Those of the destination before: mostly all have none.
    rules: Arc<Rules>,
}

impl Shared {
    /// The text, as others have it already.
    pub(super) fn text(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.texts.get(text) {
            return Arc::clone(known);
        }
        let text: Arc<str> = text.into();
        self.texts.insert(Arc::clone(&text));
        text
    }

    /// The same with the rules of the one before, where those are equal.
    pub(super) fn judging(&mut self, mut judging: Judging) -> Judging {
        match *self.rules == *judging.rules {
            true => judging.rules = Arc::clone(&self.rules),
            false => self.rules = Arc::clone(&judging.rules),
        }
        judging
    }
}
