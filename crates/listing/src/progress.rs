use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

use tokio::time::Instant;

/// How far a listing has come. It is written page by page, and may be read at any time: what is read
/// together need not be of the same page.
#[derive(Debug, Default)]
pub struct Progress {
    pages: AtomicU64,
    objects: AtomicU64,
    in_parts: AtomicBool,
    asked: OnceLock<Instant>,
}

impl Progress {
    /// Pages that have come. They begin anew where a listing in parts is given up for one in
    /// sequence.
    pub fn pages(&self) -> u64 {
        self.pages.load(Relaxed)
    }

    /// Objects that were folded; likewise.
    pub fn objects(&self) -> u64 {
        self.objects.load(Relaxed)
    }

    /// When the first request had its turn; `None` before.
    pub fn asked(&self) -> Option<Instant> {
        self.asked.get().copied()
    }

    /// A request has its turn.
    pub(crate) fn asks(&self) {
        self.asked.get_or_init(Instant::now);
    }

    pub(crate) fn set(&self, pages: u64, objects: u64, in_parts: bool) {
        self.pages.store(pages, Relaxed);
        self.objects.store(objects, Relaxed);
        self.in_parts.store(in_parts, Relaxed);
    }

    pub(crate) fn is_in_parts(&self) -> bool {
        self.in_parts.load(Relaxed)
    }
}
