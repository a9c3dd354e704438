use s3_exporter_api::UnixTime;

/// An object to be put into a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upload {
    /// Its key.
    pub key: String,
    /// Bytes; the content is of no interest.
    pub size: u64,
    /// When the store is to say that it took the object; `None` is now.
    pub last_modified: Option<UnixTime>,
    /// The storage class as S3 names it; `None` leaves it to the store.
    pub storage_class: Option<String>,
}

impl Upload {
    /// An object of `size` bytes, put now.
    pub fn new(key: impl Into<String>, size: u64) -> Self {
        Self {
            key: key.into(),
            size,
            last_modified: None,
            storage_class: None,
        }
    }

    /// As put at `time`.
    #[must_use]
    pub fn at(mut self, time: UnixTime) -> Self {
        self.last_modified = Some(time);
        self
    }

    /// In this storage class, such as `GLACIER`.
    #[must_use]
    pub fn class(mut self, name: impl Into<String>) -> Self {
        self.storage_class = Some(name.into());
        self
    }
}
