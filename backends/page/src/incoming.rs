//! An answer that is read while it comes: an object goes into the page once it is there whole, and
//! its bytes are forgotten. Of an answer of 300 KB a few KB are kept so.

use std::fmt;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use s3_exporter_api::{Continuation, ListingKind, Page};

use crate::list::{self, Scratch};
use crate::scan::Scanner;
use crate::{Malformed, read_kind, readable, small_enough};

/// So much is read at a time of what comes at once.
const PIECE: usize = 8 * 1024;

/// Where an answer is read to while it comes; of other kinds than objects it is kept, and read when it is
/// there. Clones share it: one goes with the request to whoever receives the answer.
///
/// ```
/// use s3_exporter_api::{Continuation, ListingKind, Page};
/// use s3_exporter_page::Incoming;
/// let incoming = Incoming::new(ListingKind::Objects, Page::new());
/// incoming.begin();
/// incoming.push(b"<ListBucketResult><Contents><Key>a</Key><Size>7</Size><LastModified>2026-01-31T0");
/// incoming.push(b"0:00:00Z</LastModified></Contents><IsTruncated>false</IsTruncated></ListBucketResult>");
/// let rest = incoming.rest();
/// assert_eq!(rest, b"<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>");
/// assert_eq!(incoming.read(&rest), Ok(Continuation::End));
/// assert_eq!(incoming.into_page().keys().next(), Some(&b"a"[..]));
/// ```
#[derive(Clone)]
pub struct Incoming {
    kind: ListingKind,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    page: Page,
    /// What has come, without the objects that are in the page.
    rest: Vec<u8>,
    /// Bytes that have come.
    bytes: usize,
    /// Whole elements end here; what follows in `rest` is to be looked at again,
    walked: usize,
    /// once there is so much.
    enough: usize,
    /// Where in `rest` objects were, and how many bytes of them, from the first to the last.
    taken: Vec<(usize, usize)>,
    scratch: Scratch,
}

impl Incoming {
    /// To this page.
    pub fn new(kind: ListingKind, page: Page) -> Self {
        let state = State {
            page,
            ..State::default()
        };
        Self {
            kind,
            state: Arc::new(Mutex::new(state)),
        }
    }

    /// An answer begins: what came of one before is forgotten.
    pub fn begin(&self) {
        let mut state = self.lock();
        let page = std::mem::take(&mut state.page);
        *state = State {
            page,
            scratch: std::mem::take(&mut state.scratch),
            ..State::default()
        };
        state.page.clear();
    }

    /// More of it has come.
    pub fn push(&self, bytes: &[u8]) {
        let mut state = self.lock();
        if self.kind != ListingKind::Objects {
            return state.rest.extend_from_slice(bytes);
        }
        for piece in bytes.chunks(PIECE) {
            state.push(piece);
        }
    }

    /// It is there: a body without the objects that were read, for [`Self::read`].
    pub fn rest(&self) -> Vec<u8> {
        std::mem::take(&mut self.lock().rest)
    }

    /// Reads what is left, as [`read_kind`] reads a whole answer.
    ///
    /// # Errors
    /// As there, and at the same byte of the answer.
    pub fn read(&self, rest: &[u8]) -> Result<Continuation, Malformed> {
        let mut state = self.lock();
        if self.kind != ListingKind::Objects {
            return read_kind(self.kind, rest, &mut state.page);
        }
        small_enough(state.bytes)?;
        readable(rest)?;
        list::read(rest, &mut state.page).map_err(|mut error| {
            let before = state.taken.iter().filter(|(at, _)| *at <= error.offset);
            error.offset += before.map(|(_, bytes)| bytes).sum::<usize>();
            error
        })
    }

    /// The page with what was read.
    pub fn into_page(self) -> Page {
        std::mem::take(&mut self.lock().page)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nobody panics while holding it, and a page may hold anything.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Incoming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Incoming")
    }
}

impl State {
    fn push(&mut self, piece: &[u8]) {
        if self.rest.capacity() == 0 {
            self.rest.reserve_exact(PIECE + PIECE / 4); // doubled, half of it would lie idle
        }
        self.rest.extend_from_slice(piece);
        self.bytes += piece.len();
        if self.rest.len() >= self.enough {
            self.walk();
            // An element that is not there whole is begun anew: twice as much of it the next time.
            let left = self.rest.len() - self.walked;
            self.enough = self.rest.len() + left;
        }
    }

    /// Takes the objects out that are there whole. What is wrong, or not there yet, stays as it is: what is
    /// left is read when all is there.
    fn walk(&mut self) {
        let mut scanner = Scanner::new(&self.rest);
        let root = match scanner.root() {
            Ok(root) if root.name == b"ListBucketResult" => root,
            _ => return,
        };
        let mut walked = self.walked.max(scanner.position());
        scanner.go_on_at(walked);
        let mut objects: Vec<Range<usize>> = Vec::new();
        while let Ok(Some(element)) = scanner.child(&root) {
            let is_object = element.name == b"Contents";
            let is_whole = match is_object {
                true => list::object(&mut scanner, &element, &mut self.scratch, &mut self.page),
                false => scanner.skip(&element),
            };
            if is_whole.is_err() {
                break;
            }
            let begin = std::mem::replace(&mut walked, scanner.position());
            match objects.last_mut() {
                _ if !is_object => {}
                Some(last) if last.end == begin => last.end = walked,
                _ => objects.push(begin..walked),
            }
        }
        self.walked = walked;
        self.take_out(&objects);
    }

    fn take_out(&mut self, objects: &[Range<usize>]) {
        for object in objects.iter().rev() {
            self.rest.drain(object.clone());
        }
        let mut gone = 0;
        for object in objects {
            let (at, bytes) = (object.start - gone, object.len());
            gone += bytes;
            match self.taken.last_mut() {
                Some((before, sum)) if *before == at => *sum += bytes,
                _ => self.taken.push((at, bytes)),
            }
        }
        self.walked -= gone;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What all of this is for.
    #[test]
    fn objects_that_are_read_are_not_kept() {
        const OBJECT: &str = "<Contents><Key>etcd-backups/cluster-0042/2026-01-31T03:00:17.db.gz</Key>\
            <LastModified>2026-01-31T03:00:17Z</LastModified><Size>7</Size></Contents>\n";
        let body = format!(
            "<ListBucketResult><Name>b</Name>{}<IsTruncated>false</IsTruncated></ListBucketResult>",
            OBJECT.repeat(1000)
        );
        for bytes in [100, 5000, 64 * 1024, body.len()] {
            let incoming = Incoming::new(ListingKind::Objects, Page::new());
            incoming.begin();
            for chunk in body.as_bytes().chunks(bytes) {
                incoming.push(chunk);
                let state = incoming.lock();
                assert!(state.rest.len() < 1024 && state.rest.capacity() <= PIECE + PIECE / 4);
            }
            let rest = incoming.rest();
            assert!(rest.len() < 512, "{}", String::from_utf8_lossy(&rest));
            assert_eq!(incoming.read(&rest), Ok(Continuation::End));
            assert_eq!(incoming.into_page().len(), 1000);
        }
    }
}
