use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// What a thread that reads a listing and who waits for it tell one another.
pub struct Watch {
    began: Instant,
    /// Milliseconds after that.
    due: AtomicU64,
    is_given_up: AtomicBool,
    place: Mutex<Vec<u8>>,
    on_give_up: Mutex<Option<Box<dyn FnOnce() + Send>>>,
}

impl Watch {
    pub(crate) fn new(time: Duration) -> Self {
        let watch = Self {
            began: Instant::now(),
            due: AtomicU64::default(),
            is_given_up: AtomicBool::new(false),
            place: Mutex::default(),
            on_give_up: Mutex::default(),
        };
        watch.allow(time);
        watch
    }

    /// From now on it is overdue after so long, unless this is called again before. (Who waits
    /// already looks again only when the time before is over.)
    pub fn allow(&self, time: Duration) {
        let due = self.began.elapsed() + time;
        let millis = u64::try_from(due.as_millis()).unwrap_or(u64::MAX);
        self.due.store(millis, SeqCst);
    }

    /// Time that is left: none where it is overdue.
    pub fn left(&self) -> Duration {
        let due = Duration::from_millis(self.due.load(SeqCst));
        due.saturating_sub(self.began.elapsed())
    }

    /// What it works on from now on, for [`Self::place`].
    pub fn works_on(&self, place: &[u8]) {
        let mut kept = lock(&self.place);
        kept.clear();
        kept.extend_from_slice(place);
    }

    /// What it worked on last, for people.
    pub fn place(&self) -> String {
        String::from_utf8_lossy(&lock(&self.place)).into_owned()
    }

    /// Whether nobody waits for it any more.
    pub fn is_given_up(&self) -> bool {
        self.is_given_up.load(SeqCst)
    }

    /// What to do once nobody waits for it any more, which ends what it may be blocked by.
    pub fn on_give_up(&self, stop: impl FnOnce() + Send + 'static) {
        *lock(&self.on_give_up) = Some(Box::new(stop));
        if self.is_given_up() {
            self.stop();
        }
    }

    pub(crate) fn give_up(&self) {
        self.is_given_up.store(true, SeqCst);
        self.stop();
    }

    fn stop(&self) {
        let stop = lock(&self.on_give_up).take();
        if let Some(stop) = stop {
            stop();
        }
    }
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nobody panics while holding it.
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn it_stops_whether_it_was_given_up_before_or_after() {
        for before in [true, false] {
            let (watch, stopped) = (Watch::new(Duration::ZERO), Arc::new(AtomicU64::new(0)));
            if before {
                watch.give_up();
            }
            let count = Arc::clone(&stopped);
            watch.on_give_up(move || {
                count.fetch_add(1, SeqCst);
            });
            watch.give_up();
            watch.give_up();
            assert_eq!(stopped.load(SeqCst), 1, "given up before: {before}");
        }
    }

    #[test]
    fn it_is_overdue_only_after_what_it_is_allowed() {
        let watch = Watch::new(Duration::ZERO);
        assert!(watch.left().is_zero());
        watch.allow(Duration::from_secs(60));
        assert!(!watch.left().is_zero());
    }
}
