//! Which keys of a destination count: `include` and `exclude`. What is left out is counted as that
//! ([`Facts::excluded`](crate::facts::Facts::excluded)), and as nothing else.

use std::fmt;

use globset::{Candidate, Glob, GlobBuilder, GlobSet, GlobSetBuilder};
use s3_exporter_api::UnixTime;
use serde::{Deserialize, Serialize};

mod days;

pub use days::DayError;

/// Globs of keys below the prefix of a destination, as they were given. They are kept with what was
/// found by them: what others leave out is other figures.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Filter {
    /// Only what one of these matches counts; where there are none, everything.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub include: Vec<String>,
    /// What one of these matches does not count.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exclude: Vec<String>,
}

/// The same at one moment, ready to be asked.
#[derive(Clone, Debug)]
pub struct KeyFilter {
    include: Option<GlobSet>,
    exclude: Option<GlobSet>,
    /// How many bytes of a key are the prefix.
    below: usize,
    /// What it was made of, with the days of its moment.
    globs: [Vec<String>; 2],
}

/// What is wrong with a glob; goes on after its place.
#[derive(Debug)]
pub enum GlobError {
    /// It matches nothing.
    Empty,
    /// A date in it.
    Day(DayError),
    /// Its syntax.
    Syntax(globset::Error),
}

impl Filter {
    /// Whether everything counts.
    pub fn is_empty(&self) -> bool {
        self.include.is_empty() && self.exclude.is_empty()
    }

    /// What counts now, below a prefix; `None` where that is everything.
    ///
    /// # Errors
    /// That of a glob. None of those that were [looked at](glob) is known to have one later.
    pub fn at(&self, now: UnixTime, prefix: &str) -> Result<Option<KeyFilter>, GlobError> {
        if self.is_empty() {
            return Ok(None);
        }
        let (include, included) = set(&self.include, now)?;
        let (exclude, excluded) = set(&self.exclude, now)?;
        Ok(Some(KeyFilter {
            include,
            exclude,
            below: prefix.len(),
            globs: [included, excluded],
        }))
    }

    /// Why the key is left out, in words; `None` where it counts.
    pub fn reason(&self, filter: &KeyFilter, key: &[u8]) -> Option<String> {
        let candidate = filter.candidate(key);
        let exclude = filter.exclude.as_ref();
        let excluded = exclude.and_then(|set| set.matches_candidate(&candidate).first().copied());
        if let Some(glob) = excluded.and_then(|at| self.exclude.get(at)) {
            return Some(format!("{glob:?} of `exclude` matches it"));
        }
        let is_included = |set: &GlobSet| set.is_match_candidate(&candidate);
        let is_lacking = filter.include.as_ref().is_some_and(|set| !is_included(set));
        is_lacking.then(|| "nothing of `include` matches it".to_owned())
    }
}

/// In one line, for people: `only "a/**"; not "*.tmp"`.
impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let quoted = |globs: &[String]| {
            let globs: Vec<_> = globs.iter().map(|glob| format!("{glob:?}")).collect();
            globs.join(", ")
        };
        let only = (!self.include.is_empty()).then(|| format!("only {}", quoted(&self.include)));
        let not = (!self.exclude.is_empty()).then(|| format!("not {}", quoted(&self.exclude)));
        let both: Vec<_> = only.into_iter().chain(not).collect();
        f.write_str(&both.join("; "))
    }
}

impl KeyFilter {
    /// Whether the key does not count.
    #[inline]
    pub fn leaves_out(&self, key: &[u8]) -> bool {
        let candidate = self.candidate(key);
        let is_of = |set: &GlobSet| set.is_match_candidate(&candidate);
        !self.include.as_ref().is_none_or(is_of) || self.exclude.as_ref().is_some_and(is_of)
    }

    /// Whether the same keys count.
    pub fn is_as(&self, other: &Self) -> bool {
        (self.below, &self.globs) == (other.below, &other.globs)
    }

    fn candidate<'a>(&self, key: &'a [u8]) -> Candidate<'a> {
        Candidate::from_bytes(key.get(self.below..).unwrap_or(key))
    }
}

/// A set of globs, and the globs with the days of this moment.
fn set(globs: &[String], now: UnixTime) -> Result<(Option<GlobSet>, Vec<String>), GlobError> {
    if globs.is_empty() {
        return Ok((None, Vec::new()));
    }
    let mut set = GlobSetBuilder::new();
    let mut texts = Vec::with_capacity(globs.len());
    for text in globs {
        let glob = glob(text, now)?;
        texts.push(glob.glob().to_owned());
        set.add(glob);
    }
    let set = set.build().map_err(GlobError::Syntax)?;
    Ok((Some(set), texts))
}

/// A glob at one moment. `*` and `?` stay within a folder, `**` does not. Without a `/` it is one of
/// the last part of a key, in whatever folder; with one at its end it is all of that folder.
///
/// # Errors
/// What is wrong with it.
pub fn glob(text: &str, now: UnixTime) -> Result<Glob, GlobError> {
    if text.is_empty() {
        return Err(GlobError::Empty);
    }
    let dated = days::written(text, now).map_err(GlobError::Day)?;
    // A date may have a `/` that the user wrote in its form.
    let whole = match (dated.contains('/'), dated.ends_with('/')) {
        (false, _) => format!("**/{dated}"),
        (true, true) => format!("{dated}**"),
        (true, false) => dated,
    };
    let mut builder = GlobBuilder::new(&whole);
    let builder = builder.literal_separator(true).backslash_escape(true);
    builder.build().map_err(GlobError::Syntax)
}

impl fmt::Display for GlobError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => {
                f.write_str("is empty: expected a glob such as \"*.tmp\" or \"logs/**\"")
            }
            Self::Day(error) => error.fmt(f),
            Self::Syntax(error) => write!(f, "is no glob: {}", error.kind()),
        }
    }
}

impl std::error::Error for GlobError {}

#[cfg(test)]
mod tests;
