use std::fmt;

use crate::{BackendError, FailureKind, ListingKind, StartAt};

/// What a backend can do beyond listing objects from the first one on and by the store's tokens,
/// which each can.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Capabilities {
    /// [`ListingKind::Versions`].
    pub versions: bool,
    /// [`ListingKind::Uploads`].
    pub uploads: bool,
    /// [`ListingKind::Prefixes`].
    pub prefixes: bool,
    /// [`Backend::setting`](crate::Backend::setting).
    pub settings: bool,
    /// [`Backend::tags`](crate::Backend::tags).
    pub tags: bool,
    /// [`ListingKind::Buckets`].
    pub buckets: bool,
    /// [`Backend::usage`](crate::Backend::usage).
    pub usage: bool,
    /// [`Backend::read_part`](crate::Backend::read_part).
    pub reads: bool,
    /// [`Backend::summary`](crate::Backend::summary), in place of listing objects.
    pub summaries: bool,
    /// [`StartAt::After`]. Without it nothing is listed in parts.
    pub start_after: bool,
    /// [`StartAt::Marker`].
    pub marker: bool,
}

impl Capabilities {
    /// Lists objects, from the first one on and by tokens, and no more.
    pub const OBJECTS: Self = Self {
        versions: false,
        uploads: false,
        prefixes: false,
        settings: false,
        tags: false,
        buckets: false,
        usage: false,
        reads: false,
        summaries: false,
        start_after: false,
        marker: false,
    };

    /// Whether this can be listed.
    ///
    /// # Errors
    /// It cannot.
    pub fn lists(&self, kind: ListingKind) -> Result<(), Lacking> {
        let can = match kind {
            ListingKind::Objects => true,
            ListingKind::Versions => self.versions,
            ListingKind::Uploads => self.uploads,
            ListingKind::Prefixes { .. } => self.prefixes,
            ListingKind::Buckets => self.buckets,
        };
        can.then_some(()).ok_or(Lacking::list(kind.as_str()))
    }

    /// Whether settings of buckets can be read.
    ///
    /// # Errors
    /// They cannot.
    pub fn tells_settings(&self) -> Result<(), Lacking> {
        self.settings.then_some(()).ok_or(Lacking::SETTINGS)
    }

    /// Whether tags of buckets can be read.
    ///
    /// # Errors
    /// They cannot.
    pub fn tells_tags(&self) -> Result<(), Lacking> {
        self.tags.then_some(()).ok_or(Lacking::TAGS)
    }

    /// Whether the store says what it counts.
    ///
    /// # Errors
    /// It does not.
    pub fn tells_usage(&self) -> Result<(), Lacking> {
        self.usage.then_some(()).ok_or(Lacking::USAGE)
    }

    /// Whether the content of objects can be read.
    ///
    /// # Errors
    /// It cannot.
    pub fn reads_objects(&self) -> Result<(), Lacking> {
        self.reads.then_some(()).ok_or(Lacking::CONTENT)
    }

    /// Whether objects are told in sums.
    ///
    /// # Errors
    /// They are not.
    pub fn tells_summaries(&self) -> Result<(), Lacking> {
        self.summaries.then_some(()).ok_or(Lacking::SUMMARIES)
    }

    /// Whether a page can begin there.
    ///
    /// # Errors
    /// It cannot.
    pub const fn starts(&self, from: StartAt<'_>) -> Result<(), Lacking> {
        match from {
            StartAt::After(_) if !self.start_after => Err(Lacking::list("what follows a key")),
            StartAt::Marker(_) if !self.marker => Err(Lacking::list("what follows a marker")),
            _ => Ok(()),
        }
    }
}

/// What a backend was asked for and cannot do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lacking {
    cannot: &'static str,
    what: &'static str,
}

impl Lacking {
    /// What a listing of versions, uploads or buckets has no place for.
    pub(crate) const AFTER_A_KEY: Self = Self::list("versions, uploads or buckets after a key");
    const SETTINGS: Self = Self {
        cannot: "read",
        what: "settings of buckets",
    };

    const TAGS: Self = Self {
        cannot: "read",
        what: "tags of buckets",
    };

    const USAGE: Self = Self {
        cannot: "read",
        what: "what its store counts",
    };

    const SUMMARIES: Self = Self {
        cannot: "sum up",
        what: "objects",
    };

    const CONTENT: Self = Self {
        cannot: "read",
        what: "the content of objects",
    };

    const fn list(what: &'static str) -> Self {
        let cannot = "list";
        Self { cannot, what }
    }

    /// The one error for it. `action` is what was tried, and where.
    pub fn into_error(self, action: impl Into<String>) -> BackendError {
        BackendError::new(FailureKind::Internal, action, self.to_string())
            .with_advice("use a backend that can, or do without")
    }
}

impl fmt::Display for Lacking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "this backend cannot {} {}", self.cannot, self.what)
    }
}

impl std::error::Error for Lacking {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ListRequest;

    #[test]
    fn what_a_backend_lacks_is_one_error() {
        let meter = std::sync::Arc::default();
        let request = |kind, from| ListRequest {
            bucket: "b",
            prefix: "",
            kind,
            from,
            max_keys: 1,
            meter: &meter,
        };
        let lacking = |of: ListRequest<'_>| {
            let error = of.check(&Capabilities::OBJECTS, "s").err()?;
            assert_eq!(error.kind(), FailureKind::Internal);
            Some(error.to_string())
        };
        for kind in ListingKind::ALL {
            let expected = (kind != ListingKind::Objects).then(|| {
                let (what, action) = (kind.as_str(), kind.action("b", "s"));
                format!(
                    "{action}: this backend cannot list {what}; use a backend \
                     that can, or do without"
                )
            });
            assert_eq!(lacking(request(kind, StartAt::Start)), expected);
        }
        let objects = |from| lacking(request(ListingKind::Objects, from));
        assert_eq!(objects(StartAt::Token("t")), None);
        assert!(objects(StartAt::After("k")).is_some());
        assert!(objects(StartAt::Marker("k")).is_some());
        let all = Capabilities {
            versions: true,
            uploads: true,
            prefixes: true,
            settings: true,
            tags: true,
            buckets: true,
            usage: true,
            reads: true,
            summaries: true,
            start_after: true,
            marker: true,
        };
        for kind in ListingKind::ALL {
            for from in [StartAt::After("k"), StartAt::Marker("k")] {
                let has_one_of_each =
                    matches!(kind, ListingKind::Objects | ListingKind::Prefixes { .. });
                let is_taken = request(kind, from).check(&all, "s").is_ok();
                assert_eq!(is_taken, has_one_of_each, "{kind:?}");
            }
        }
    }
}
