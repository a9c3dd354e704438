//! The same work for many, on all cores.

use std::num::NonZero;
use std::sync::{Mutex, PoisonError};
use std::thread::{self, available_parallelism};

use tokio::runtime::Handle;

/// Threads at the most: each holds one piece of work at a time, and its memory.
const MOST: usize = 8;

/// Does this to each, and blocks until it is done to all. What comes of them is in the order of `items`.
///
/// # Panics
/// Where the work does.
pub fn map<T: Send, R: Send>(items: Vec<T>, work: impl Fn(T) -> R + Sync) -> Vec<R> {
    let cores = available_parallelism().map_or(1, NonZero::get);
    let helpers = cores.min(MOST).min(items.len()).saturating_sub(1);
    let room = items.len();
    let queue = Mutex::new(items.into_iter().enumerate());
    let done = Mutex::new(Vec::with_capacity(room));
    let take = || queue.lock().unwrap_or_else(PoisonError::into_inner).next();
    let take_on = || {
        while let Some((at, item)) = take() {
            let result = work(item);
            let mut done = done.lock().unwrap_or_else(PoisonError::into_inner);
            done.push((at, result));
        }
    };
    let runtime = Handle::try_current().ok();
    thread::scope(|scope| {
        for _ in 0..helpers {
            let help = || {
                let _within = runtime.as_ref().map(Handle::enter);
                take_on();
            };
            // Where there is no thread to be had, the others do it all.
            let _ = thread::Builder::new().spawn_scoped(scope, help);
        }
        take_on();
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_unstable_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_is_done_once_and_in_order() {
        let squares = map((0..1000_u64).collect(), |number| number * number);
        let expected: Vec<_> = (0..1000_u64).map(|number| number * number).collect();
        assert_eq!(squares, expected);
        assert_eq!(map(Vec::<u64>::new(), |number| number), [0; 0]);
    }

    #[test]
    #[should_panic]
    fn a_panic_is_not_kept_silent() {
        map((0..100).collect(), |number: u32| assert!(number < 99));
    }
}
