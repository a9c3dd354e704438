use std::collections::{BTreeMap, BTreeSet};
use std::ops::{Bound, Range};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use s3_exporter_api::{
    Backend, BackendError, Capabilities, Continuation, FailureKind, ListRequest, Meter, Object,
    ObjectPart, Operation, Order, Page, StartAt, StorageClass, UnixTime, async_trait,
};

use crate::{Fault, Faults, Upload};

mod start_after;

/// A store in memory, in byte order, whose content is known: the truth that a scan is
/// compared with. Clones share the content.
///
/// One call of `list_page` is one attempt on the meter.
#[derive(Clone, Debug)]
pub struct Memory {
    state: Arc<Mutex<State>>,
    order: Order,
    capabilities: Capabilities,
    faults: Faults,
}

/// How a store lets a listing go on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Paging {
    /// By tokens, and after any key.
    #[default]
    Tokens,
    /// After a key alone: it says that there is more and gives no token.
    Keys,
    /// In the first version of the API alone, by `marker`: it takes no notice of tokens and of
    /// `start-after`, and gives the first page.
    Markers,
}

#[derive(Debug)]
struct State {
    paging: Paging,
    buckets: BTreeMap<String, BTreeMap<Vec<u8>, Stored>>,
    /// Of the objects that have a content, by bucket and key.
    contents: BTreeMap<(String, String), Vec<u8>>,
    denied: BTreeSet<String>,
    failing: Option<FailureKind>,
    page_size: usize,
    short_start_after: bool,
    leaves_gaps: bool,
}

#[derive(Clone, Debug)]
struct Stored {
    size: u64,
    last_modified: UnixTime,
    /// As it was given.
    storage_class: Option<Arc<str>>,
}

impl Default for Memory {
    fn default() -> Self {
        Self::new()
    }
}

impl Memory {
    /// An empty store without buckets.
    pub fn new() -> Self {
        Self {
            state: Arc::new(Mutex::new(State {
                paging: Paging::default(),
                buckets: BTreeMap::new(),
                contents: BTreeMap::new(),
                denied: BTreeSet::new(),
                failing: None,
                page_size: 1000,
                short_start_after: false,
                leaves_gaps: false,
            })),
            order: Order::Utf8,
            capabilities: Capabilities {
                start_after: true,
                marker: true,
                reads: true,
                ..Capabilities::OBJECTS
            },
            faults: Faults::default(),
        }
    }

    /// Gives at most so many objects a page, whatever is asked for (1000 by default).
    #[must_use]
    pub fn with_page_size(self, objects: usize) -> Self {
        assert!(objects > 0, "a page without objects never ends a listing");
        self.state().page_size = objects;
        self
    }

    /// Lets listings go on so.
    #[must_use]
    pub fn with_paging(self, paging: Paging) -> Self {
        self.state().paging = paging;
        self
    }

    /// Claims this order. The listing is in byte order all the same.
    #[must_use]
    pub fn with_order(mut self, order: Order) -> Self {
        self.order = order;
        self
    }

    /// Refuses what these lack. It lists objects alone, whatever they say.
    #[must_use]
    pub fn with_capabilities(mut self, capabilities: Capabilities) -> Self {
        self.capabilities = capabilities;
        self
    }

    /// Answers a key to start after as MinIO does: one that lies in a folder, where another
    /// name in the same parent goes on from that one's with a byte below `/` (`prod-eu/` beside
    /// `prod/`), is given a page that is short or empty, or full, and is said to be the last. Tokens
    /// are exact, and so is a prefix that is the folder itself.
    #[must_use]
    pub fn with_short_start_after(self) -> Self {
        self.state().short_start_after = true;
        self
    }

    /// Makes a bucket, unless it is there.
    pub fn create_bucket(&self, bucket: &str) {
        self.state().buckets.entry(bucket.to_owned()).or_default();
    }

    /// Removes a bucket and all in it.
    pub fn delete_bucket(&self, bucket: &str) {
        self.state().buckets.remove(bucket);
    }

    /// Puts one object; makes the bucket where there is none.
    pub fn put(&self, bucket: &str, upload: &Upload) {
        self.put_bytes(bucket, upload.key.as_bytes(), upload);
    }

    /// Puts an object whose key need not be UTF-8, as some stores keep them; the key of
    /// `upload` is ignored.
    pub fn put_bytes(&self, bucket: &str, key: &[u8], upload: &Upload) {
        let stored = Stored {
            size: upload.size,
            last_modified: upload.last_modified.unwrap_or_else(UnixTime::now),
            storage_class: upload.storage_class.as_deref().map(Into::into),
        };
        let name = (bucket.to_owned(), upload.key.clone());
        let mut state = self.state();
        state.contents.remove(&name); // of the one before
        let objects = state.buckets.entry(bucket.to_owned()).or_default();
        objects.insert(key.to_vec(), stored);
    }

    /// Puts an object with this content, which can be read.
    pub fn put_content(&self, bucket: &str, key: &str, content: impl Into<Vec<u8>>) {
        let content = content.into();
        self.put(bucket, &Upload::new(key, content.len() as u64));
        let name = (bucket.to_owned(), key.to_owned());
        self.state().contents.insert(name, content);
    }

    /// Puts many objects.
    pub fn put_all(&self, bucket: &str, uploads: impl IntoIterator<Item = Upload>) {
        self.create_bucket(bucket);
        for upload in uploads {
            self.put(bucket, &upload);
        }
    }

    /// Removes an object; says whether it was there.
    pub fn delete(&self, bucket: &str, key: &str) -> bool {
        self.state()
            .buckets
            .get_mut(bucket)
            .is_some_and(|objects| objects.remove(key.as_bytes()).is_some())
    }

    /// Objects and bytes in a bucket.
    pub fn totals(&self, bucket: &str) -> (u64, u64) {
        self.state().buckets.get(bucket).map_or((0, 0), |objects| {
            let bytes = objects.values().map(|stored| stored.size).sum();
            (objects.len() as u64, bytes)
        })
    }

    /// Refuses to list the bucket (`denied`), or allows it again.
    pub fn deny(&self, bucket: &str, denied: bool) {
        let mut state = self.state();
        if denied {
            state.denied.insert(bucket.to_owned());
        } else {
            state.denied.remove(bucket);
        }
    }

    /// Fails every listing with `kind`, until `None` is given.
    pub fn fail(&self, kind: Option<FailureKind>) {
        self.state().failing = kind;
    }

    /// From now on leaves out the second object of each page that is asked for by a key to start
    /// after, or does no more: nothing in such a page shows it, nor does what follows. Not of one after which
    /// nothing follows: what is last is asked for once more, and a scan sees by itself that it was not told.
    pub fn leave_gaps(&self, leaves_gaps: bool) {
        self.state().leaves_gaps = leaves_gaps;
    }

    /// What goes wrong. Of an answer of another store only the status is of interest.
    pub const fn faults(&self) -> &Faults {
        &self.faults
    }

    /// The buckets' names.
    pub fn buckets(&self) -> Vec<String> {
        self.state().buckets.keys().cloned().collect()
    }

    /// Whether there is such a bucket.
    pub fn has_bucket(&self, bucket: &str) -> bool {
        self.state().buckets.contains_key(bucket)
    }

    /// Adds a part of a listing to `page`.
    pub(crate) fn list(
        &self,
        bucket: &str,
        prefix: &str,
        from: StartAt<'_>,
        max_keys: u16,
        page: &mut Page,
    ) -> Result<Continuation, BackendError> {
        self.state().list(bucket, prefix, from, max_keys, page)
    }

    async fn fault(&self, fault: Fault) -> FailureKind {
        match fault {
            Fault::Stall | Fault::Silence => self.faults.stall().await,
            Fault::Cut => FailureKind::Connect,
            Fault::Answer { status, .. } | Fault::Endless { status, .. } => match status {
                403 => FailureKind::Denied,
                404 => FailureKind::NotFound,
                429 | 503 => FailureKind::Throttled,
                500.. => FailureKind::Unavailable,
                _ => FailureKind::Protocol,
            },
            Fault::Truncate => FailureKind::Protocol,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A test that panicked elsewhere leaves the maps whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Backend for Memory {
    fn capabilities(&self) -> Capabilities {
        self.capabilities
    }

    fn order(&self, _: &str) -> Order {
        self.order
    }

    async fn list_page(
        &self,
        request: &ListRequest<'_>,
        page: &mut Page,
    ) -> Result<Continuation, BackendError> {
        page.clear();
        request.check(&self.capabilities, "memory")?;
        request.meter.attempt(Operation::ListObjectsV2);
        let result = match self.faults.take().await {
            Some(fault) => {
                let kind = self.fault(fault).await;
                Err(failure(kind, request.bucket, "told to fail"))
            }
            None => self.list(
                request.bucket,
                request.prefix,
                request.from,
                request.max_keys,
                page,
            ),
        };
        if let Err(error) = &result {
            request.meter.failed(Operation::ListObjectsV2, error.kind());
        }
        result
    }

    async fn read_part(
        &self,
        bucket: &str,
        key: &str,
        range: Range<u64>,
        meter: &Arc<Meter>,
    ) -> Result<ObjectPart, BackendError> {
        meter.attempt(Operation::GetObject);
        let state = self.state();
        let stored = state.buckets.get(bucket);
        let stored = stored.and_then(|of| of.get(key.as_bytes()));
        let stored = stored.ok_or_else(|| {
            let reason = "no such object (404)";
            failure(FailureKind::NotFound, bucket, reason)
        })?;
        let content = state.contents.get(&(bucket.to_owned(), key.to_owned()));
        let content = match content {
            Some(content) => content.clone(),
            None => vec![0; stored.size as usize], // it is of no interest
        };
        let [from, to] = [range.start, range.end].map(|at| content.len().min(at as usize));
        Ok(ObjectPart {
            bytes: content[from..to].to_vec(),
            size: content.len() as u64,
            etag: None,
        })
    }
}

impl State {
    fn list(
        &self,
        bucket: &str,
        prefix: &str,
        from: StartAt<'_>,
        max_keys: u16,
        page: &mut Page,
    ) -> Result<Continuation, BackendError> {
        let fail = |kind, reason: &str| Err(failure(kind, bucket, reason));
        if let Some(kind) = self.failing {
            return fail(kind, "told to fail");
        }
        if self.denied.contains(bucket) {
            return fail(FailureKind::Denied, "access denied (403)");
        }
        let Some(objects) = self.buckets.get(bucket) else {
            return fail(FailureKind::NotFound, "no such bucket (404)");
        };
        let prefix = prefix.as_bytes();
        let token;
        let from = match (self.paging, from) {
            (Paging::Markers, StartAt::After(_) | StartAt::Token(_)) => StartAt::Start,
            (_, from) => from,
        };
        let start = match from {
            StartAt::Start => Bound::Included(prefix),
            StartAt::After(key) | StartAt::Marker(key) if key.as_bytes() < prefix => {
                Bound::Included(prefix)
            }
            StartAt::After(key) | StartAt::Marker(key) => Bound::Excluded(key.as_bytes()),
            StartAt::Token(text) => match decode_token(text) {
                Some(key) => {
                    token = key;
                    Bound::Excluded(&*token)
                }
                None => return fail(FailureKind::Protocol, "not a token of this store"),
            },
        };
        let wanted = usize::from(max_keys).min(self.page_size);
        let left = match from {
            StartAt::After(key) | StartAt::Marker(key) if self.short_start_after => {
                start_after::left(objects, prefix, key.as_bytes(), wanted)
            }
            _ => usize::MAX,
        };
        let mut rest = objects
            .range::<[u8], _>((start, Bound::Unbounded))
            .take_while(|(key, _)| key.starts_with(prefix))
            .peekable();
        let mut last: &[u8] = &[];
        let is_by_key = matches!(from, StartAt::After(_) | StartAt::Marker(_));
        let is_within = self.leaves_gaps && is_by_key && rest.clone().nth(wanted).is_some();
        let gap = is_within.then_some(1);
        for (nth, (key, stored)) in rest.by_ref().take(wanted.min(left)).enumerate() {
            last = key;
            if gap == Some(nth) {
                continue;
            }
            let class = stored.storage_class.as_deref().unwrap_or_default();
            page.push(Object {
                key,
                size: stored.size,
                last_modified: stored.last_modified,
                storage_class: StorageClass::new(class.as_bytes()),
            });
        }
        let has_tokens = self.paging == Paging::Tokens && !matches!(from, StartAt::Marker(_));
        Ok(match rest.peek() {
            Some(_) if left > wanted && has_tokens => Continuation::Token(encode_token(last)),
            Some(_) if left > wanted => Continuation::AfterLast,
            _ => Continuation::End,
        })
    }
}

fn failure(kind: FailureKind, bucket: &str, reason: &str) -> BackendError {
    BackendError::new(kind, format!("listing bucket {bucket:?} in memory"), reason)
}

/// A token is opaque to whoever lists: hex keeps a caller from using it as a key.
fn encode_token(key: &[u8]) -> String {
    let mut token = String::from("after-");
    for byte in key {
        token.push_str(&format!("{byte:02x}"));
    }
    token
}

fn decode_token(token: &str) -> Option<Vec<u8>> {
    let digits = token.strip_prefix("after-")?.as_bytes();
    digits
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(memory: &Memory, prefix: &str, from: StartAt<'_>) -> (Vec<Vec<u8>>, Continuation) {
        let mut page = Page::new();
        let next = memory.list("b", prefix, from, 1000, &mut page).unwrap();
        let keys = page.iter().map(|object| object.key.to_vec());
        (keys.collect(), next)
    }

    #[test]
    fn a_start_before_the_prefix_begins_at_the_prefix() {
        let memory = Memory::new();
        memory.put_all("b", ["a", "p", "p1", "q"].map(|key| Upload::new(key, 1)));
        assert_eq!(
            list(&memory, "p", StartAt::After("b")).0,
            [b"p".to_vec(), b"p1".to_vec()]
        );
        assert_eq!(list(&memory, "p", StartAt::After("p")).0, [b"p1".to_vec()]);
        assert!(list(&memory, "p", StartAt::After("z")).0.is_empty());
    }

    #[test]
    fn keys_that_are_not_utf8_are_listed_and_continued_after() {
        let memory = Memory::new().with_page_size(1);
        for key in [b"a\xff".as_slice(), b"a\xfe", b"\x00"] {
            memory.put_bytes("b", key, &Upload::new("", 1));
        }
        let (first, next) = list(&memory, "", StartAt::Start);
        assert_eq!(first, [b"\x00".to_vec()]);
        let Continuation::Token(token) = next else {
            panic!("{next:?}")
        };
        let (second, next) = list(&memory, "", StartAt::Token(&token));
        assert_eq!(second, [b"a\xfe".to_vec()]);
        let Continuation::Token(token) = next else {
            panic!("{next:?}")
        };
        assert_eq!(
            list(&memory, "", StartAt::Token(&token)),
            (vec![b"a\xff".to_vec()], Continuation::End)
        );
    }
}
