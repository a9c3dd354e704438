//! What a listing says to people, word by word. The fields of the log have the names that they
//! have everywhere: `destination` is what a listing is called.

use s3_exporter_api::Oddity;

use crate::Target;

/// Something of a store that people should know, said once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// Answers do not show any more that the store lists in order.
    OrderLost,
    /// Keys do not rise: what shows it.
    Disorder(String),
    /// Parts lack keys: what shows it.
    Incomplete(String),
    /// A folder may not be listed by itself: the error.
    FolderDenied(String),
    /// A key to start after was not understood: the error.
    KeyRefused(String),
    /// An audit had failed before the process started.
    AuditHadFailed,
    /// So many objects came twice in a row.
    Repeats(u64),
    /// An answer is odd, as with this key.
    Odd(Oddity, String),
}

macro_rules! warn_of {
    ($target:expr, $($rest:tt)+) => {
        tracing::warn!(
            destination = &*$target.name,
            bucket = &*$target.bucket,
            $($rest)+
        )
    };
}

impl Message {
    /// Puts it into the log.
    pub fn log(&self, target: &Target) {
        match self {
            Self::OrderLost => warn_of!(
                target,
                store_url = &*target.store_url,
                "an answer of the store did not show any more that it lists in the order of the \
                 keys' bytes, as those before did: this destination is listed one \
                 page after another from now on; set `ordered = true` at the backend where the \
                 order is certain"
            ),
            Self::Disorder(reason) => warn_of!(
                target,
                reason,
                "the store does not list in the order of the keys' bytes: what was listed is \
                 discarded, and this destination is listed one page after another from now on; \
                 where the backend has `ordered = true`, set `ordered = false` or leave it out"
            ),
            Self::Incomplete(reason) => warn_of!(
                target,
                reason,
                "parts of the listing are not complete, as the store is wrong about what follows \
                 a key: what was listed is discarded, and this destination is listed one page \
                 after another from now on"
            ),
            Self::FolderDenied(error) => warn_of!(
                target,
                error,
                "the store does not let us list a folder of this destination alone: what was \
                 listed is discarded, and it is listed one page after another from now on; a \
                 policy with the condition `s3:prefix` has to allow what begins with the prefix, \
                 too"
            ),
            Self::KeyRefused(error) => warn_of!(
                target,
                error,
                "the answer to a key to start after makes no sense, perhaps as the store does not \
                 take keys that it does not have: what was listed is discarded, and this scan \
                 begins anew, one page after another; where that happens each time, set \
                 `concurrency = 1` for this destination"
            ),
            Self::AuditHadFailed => warn_of!(
                target,
                "an audit before this start found that listing in parts gives other figures: this \
                 destination is listed one page after another"
            ),
            Self::Repeats(repeated) => warn_of!(
                target,
                repeated,
                "the store lists objects twice in a row: each counts once"
            ),
            Self::Odd(oddity, key) => warn_of!(target, key, "{oddity}"),
        }
    }
}
