//! What is said of a report: which files it has, of which moment it is, and whether it is complete.

use md5::{Digest, Md5};
use s3_exporter_api::UnixTime;

use crate::csv::CsvForm;
use crate::error::Fault;
use crate::rows::Columns;

/// Clocks differ by less.
const DAY_MILLIS: i64 = 24 * 3600 * 1000;

mod azure;
mod gcs;
mod s3;

/// Who makes reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// S3 Inventory.
    S3,
    /// Azure's blob inventory.
    Azure,
    /// Google's inventory reports.
    Gcs,
}

/// A report that is complete, as its manifest says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// The moment that it is of.
    pub as_of: UnixTime,
    /// How its files are written.
    pub form: Form,
    pub columns: Columns,
    pub filters: Filters,
    pub files: Vec<ReportFile>,
    /// How many rows they have, where it says so, and their bytes.
    pub rows: Option<u64>,
    pub bytes: Option<u64>,
}

/// What of several buckets is in a report: beginnings of names that themselves begin with the bucket's and a
/// slash.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filters {
    /// What begins with one of these; all where there is none.
    pub prefixes: Vec<String>,
    /// But for what begins with one of these.
    pub excluded: Vec<String>,
}

impl Filters {
    /// All that begins so in a bucket is in it.
    ///
    /// # Errors
    /// It is not, or not all.
    pub fn cover(&self, bucket: &str, prefix: &str) -> Result<(), Fault> {
        let wanted = format!("{bucket}/{prefix}");
        let is_named = |prefix: &String| wanted.starts_with(&**prefix);
        if !self.prefixes.is_empty() && !self.prefixes.iter().any(is_named) {
            let reason = format!("its rule leaves out what is in {wanted:?}");
            return Err(Fault::new(reason).with_advice(
                "correct `bucket` and `prefix`, or add it to the rule's `prefixMatch`",
            ));
        }
        let leaves_out = |of: &&String| of.starts_with(&wanted) || wanted.starts_with(&***of);
        match self.excluded.iter().find(leaves_out) {
            Some(of) => Err(Fault::new(format!(
                "its rule leaves out {of:?}, which is of {wanted:?}"
            ))
            .with_advice("take it out of the rule's `excludePrefix`")),
            None => Ok(()),
        }
    }

    /// Whether the bucket is called by its name, so that it may have nothing in it.
    pub fn name(&self, bucket: &str) -> bool {
        let rest = |prefix: &String| prefix.strip_prefix(bucket).map(str::to_owned);
        let mut named = self.prefixes.iter().filter_map(rest);
        named.any(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

/// How the files of a report are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Form {
    Csv(CsvForm),
    Parquet,
}

/// A file of a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportFile {
    pub key: String,
    /// Bytes, where the manifest says it.
    pub size: Option<u64>,
    /// Of its content, likewise.
    pub md5: Option<[u8; 16]>,
}

/// Where the manifests of one bucket's reports are.
#[derive(Clone, Debug)]
pub struct Place {
    /// The bucket that is listed.
    pub bucket: String,
    /// What their keys begin with: empty, or with a slash at its end.
    pub folder: String,
    /// Which of several reports; empty for S3.
    pub report: String,
}

/// A manifest by its key, and by that of its checksum.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Which moment it is of: the later is the greater.
    pub time: String,
    pub manifest: String,
    /// `None` where its kind has none.
    pub checksum: Option<String>,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::S3, Self::Azure, Self::Gcs];

    /// As the configuration has it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::S3 => "s3",
            Self::Azure => "azure",
            Self::Gcs => "gcs",
        }
    }

    /// What the keys of all manifests of a place begin with, and of little else.
    pub fn prefix(self, place: &Place) -> String {
        match self {
            // The folder of a moment: what else is there does not begin with a year.
            Self::S3 | Self::Azure => format!("{}20", place.folder),
            Self::Gcs => format!("{}{}_", place.folder, place.report),
        }
    }

    /// What a key is, where it is a manifest, and whether this is its checksum.
    pub fn candidate(self, place: &Place, key: &str) -> Option<(Candidate, bool)> {
        match self {
            Self::S3 => s3::candidate(place, key),
            Self::Azure => azure::candidate(place, key),
            Self::Gcs => gcs::candidate(place, key),
        }
    }

    /// Reads a manifest.
    ///
    /// # Errors
    /// It makes no sense, is not complete, or is of another bucket.
    pub fn read(
        self,
        place: &Place,
        candidate: &Candidate,
        text: &[u8],
    ) -> Result<Manifest, Fault> {
        match self {
            Self::S3 => s3::read(place, text),
            Self::Azure => azure::read(text),
            Self::Gcs => gcs::read(candidate, text),
        }
    }
}

/// The candidates among these keys that have all that belongs to them, the newest first; and the newest of all.
pub fn candidates<'a>(
    kind: Kind,
    place: &Place,
    keys: impl IntoIterator<Item = &'a str>,
) -> (Vec<Candidate>, Option<Candidate>) {
    let mut found: std::collections::BTreeMap<String, (Candidate, [bool; 2])> =
        std::collections::BTreeMap::new();
    for key in keys {
        let Some((candidate, is_checksum)) = kind.candidate(place, key) else {
            continue;
        };
        let parts = found
            .entry(candidate.time.clone())
            .or_insert_with(|| (candidate, [false; 2]));
        parts.1[usize::from(is_checksum)] = true;
    }
    let with_manifest = found.into_values().rev().filter(|of| of.1[0]);
    let all: Vec<_> = with_manifest.collect();
    let any = all.first().map(|(candidate, _)| candidate.clone());
    let is_complete = |of: &(Candidate, [bool; 2])| of.1[1] || of.0.checksum.is_none();
    let complete = all.into_iter().filter(is_complete);
    (complete.map(|(candidate, _)| candidate).collect(), any)
}

impl Manifest {
    /// It is of no later moment than now, as clocks go.
    ///
    /// # Errors
    /// It is of one that is to come.
    pub fn is_of_before(&self, now: UnixTime) -> Result<(), Fault> {
        match self.as_of.as_millis() - now.as_millis() <= DAY_MILLIS {
            true => Ok(()),
            false => Err(Fault::new("it is of a moment that is to come")
                .with_advice("set the clock of this machine right, if it is wrong")),
        }
    }
}

/// Whether a manifest is the one that its checksum was made of.
///
/// # Errors
/// It is another.
pub fn check(text: &[u8], checksum: &[u8]) -> Result<(), Fault> {
    let said = std::str::from_utf8(checksum)
        .ok()
        .map(str::trim)
        .and_then(digest);
    let Some(said) = said else {
        return Err(Fault::new(
            "its checksum is none: expected an MD5 in 32 digits",
        ));
    };
    match <[u8; 16]>::from(Md5::digest(text)) == said {
        true => Ok(()),
        false => Err(Fault::new(
            "the manifest is not the one that its checksum was made of",
        )),
    }
}

/// A digest from 32 digits.
pub fn digest(digits: &str) -> Option<[u8; 16]> {
    let bytes = digits.as_bytes();
    if bytes.len() != 32 || !bytes.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    let mut digest = [0; 16];
    for (byte, pair) in digest.iter_mut().zip(bytes.chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(digest)
}

/// Reads JSON.
fn json<'a, T: serde::Deserialize<'a>>(text: &'a [u8]) -> Result<T, Fault> {
    // The library's words may hold a part of it; where it is, is no secret.
    serde_json::from_slice(text).map_err(|cause| {
        let (line, column) = (cause.line(), cause.column());
        Fault::new(format!(
            "its manifest makes no sense, at line {line}, column {column}"
        ))
    })
}

/// The fault of a format that is not read.
fn unread(format: &str) -> Fault {
    Fault::new(format!(
        "its files are written as {format:?}, which is not read"
    ))
    .with_advice("have the report made as Parquet or CSV")
}

/// Whether each character is as in the form, where `0` is any digit.
fn has_form(text: &str, form: &str) -> bool {
    let same = |(c, f): (u8, u8)| {
        if f == b'0' {
            c.is_ascii_digit()
        } else {
            c == f
        }
    };
    text.len() == form.len() && text.bytes().zip(form.bytes()).all(same)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_is_the_one_of_its_checksum() {
        assert!(check(b"{}", b"99914b932bd37a50b983c5e7c90ae93b\n").is_ok());
        for checksum in [
            &b"99914b932bd37a50b983c5e7c90ae93c"[..],
            b"",
            b"x",
            b"99914b932bd37a50b983c5e7c90ae93b99914b932bd37a50b983c5e7c90ae93b",
        ] {
            assert!(check(b"{}", checksum).is_err());
        }
    }

    #[test]
    fn complete_ones_have_a_checksum() {
        let place = Place {
            bucket: "b".to_owned(),
            folder: "daily/".to_owned(),
            report: String::new(),
        };
        let keys = [
            "daily/2026-11-28T01-00Z/manifest.checksum",
            "daily/2026-11-28T01-00Z/manifest.json",
            "daily/2026-11-29T01-00Z/manifest.checksum",
            "daily/2026-11-29T01-00Z/manifest.json",
            "daily/2026-11-30T01-00Z/manifest.json",
            "daily/2026-12-01T01-00Z/data.parquet",
            "daily/2026-12-02T01-00Z/manifest.checksum",
            "daily/2026-12-03/manifest.json",
            "daily/data/2026-12-03T01-00Z/manifest.json",
        ];
        let of = |keys: &[&str]| {
            let (complete, any) = candidates(Kind::S3, &place, keys.iter().copied());
            let complete: Vec<_> = complete.into_iter().map(|of| of.manifest).collect();
            (complete, any.map(|of| of.manifest))
        };
        let complete = [keys[3], keys[1]].map(str::to_owned).to_vec();
        assert_eq!(of(&keys), (complete, Some(keys[4].to_owned())));
        assert_eq!(of(&keys[4..]), (Vec::new(), Some(keys[4].to_owned())));
        assert_eq!(of(&[]), (Vec::new(), None));
    }

    #[test]
    fn filters_cover_all_of_a_place_or_not() {
        let filters = |prefixes: &[&str], excluded: &[&str]| Filters {
            prefixes: prefixes.iter().map(|of| (*of).to_owned()).collect(),
            excluded: excluded.iter().map(|of| (*of).to_owned()).collect(),
        };
        for (prefixes, excluded, covers, names) in [
            (&[][..], &[][..], true, false),
            (&["c"], &[], true, true),
            (&["other", "c/"], &[], true, true),
            (&["c/p/"], &[], true, true),
            (&["c/p/q"], &[], false, true),
            (&["cc", "c/x"], &[], false, true),
            (&["cc"], &[], false, false),
            (&[], &["c"], false, false),
            (&[], &["c/p/q"], false, false),
            (&[], &["c/x", "d"], true, false),
        ] {
            let filters = filters(prefixes, excluded);
            let found = (filters.cover("c", "p/").is_ok(), filters.name("c"));
            assert_eq!(found, (covers, names), "{filters:?}");
        }
    }
}
