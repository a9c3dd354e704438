use crate::UnixTime;

/// What a report says of the objects that were listed from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Report {
    /// The moment that it is of.
    pub as_of: UnixTime,
    /// The objects that it has under the prefix, by its own count.
    pub objects: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Whether it also has versions that a listing does not show: then they were
    /// [beside](crate::Page::beside) the objects.
    pub has_versions: bool,
}
