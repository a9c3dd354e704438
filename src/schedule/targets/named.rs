//! Which bucket and prefix somebody asks for, who is not to be trusted: the reason where that cannot be
//! had goes into an answer.

use std::sync::Arc;

use s3_exporter_api::BucketName;

use super::{Known, ReadyModule, Targets};
use crate::destination::module::Module;

/// S3 has no longer keys, in bytes.
const LONGEST_PREFIX: usize = 1024;
/// No store has longer names of buckets, in bytes: paths and ARNs included.
const LONGEST_BUCKET: usize = 1024;
/// Names that a reason tells.
const TOLD: usize = 20;

/// What somebody asks for, as it was written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// A module's name; it may be left out where there is one alone.
    pub module: Option<String>,
    /// `BUCKET` or `BUCKET/PREFIX`.
    pub target: Option<String>,
    /// Or the bucket alone.
    pub bucket: Option<String>,
    /// With it the prefix.
    pub prefix: Option<String>,
}

/// A target that may be asked for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TargetName {
    /// The module's name.
    pub module: Arc<str>,
    /// The bucket's.
    pub bucket: Arc<str>,
    /// Only keys that begin with it.
    pub prefix: Arc<str>,
}

impl Targets {
    /// The target that is meant.
    ///
    /// # Errors
    /// All that is wrong with it, a sentence each.
    pub fn name(&self, asked: &Asked) -> Result<TargetName, Vec<String>> {
        let known = self.known();
        let mut faults = Vec::new();
        let module = match (&asked.module, known.modules.len()) {
            (Some(name), _) => known.modules.get(name.as_str()),
            (None, 1) => known.modules.values().next(),
            (None, _) => None,
        };
        if module.is_none() {
            faults.push(known.fault_of_module(asked.module.as_deref()));
        }
        let place = place(asked, module).unwrap_or_else(|fault| {
            faults.push(fault);
            None
        });
        if let Some((bucket, prefix)) = place {
            faults.extend(module.and_then(|of| fault_of_bucket(bucket, of)));
            faults.extend(fault_of_prefix(prefix));
            if let (Some(module), true) = (module, faults.is_empty()) {
                return Ok(TargetName {
                    module: Arc::clone(&module.module.name),
                    bucket: bucket.into(),
                    prefix: prefix.into(),
                });
            }
        }
        Err(faults)
    }
}

impl Known {
    /// None is called so.
    pub(super) fn fault_of_module(&self, given: Option<&str>) -> String {
        let given = given.map_or("module is missing".to_owned(), |name| {
            format!("module {} is not defined", shown(name))
        });
        let names = self.modules.keys().take(TOLD);
        let names: Vec<_> = names.map(|name| format!("{name:?}")).collect();
        match names.is_empty() {
            true => format!("{given}: there is none, and [probe.modules.NAME] makes one"),
            false => format!("{given}: expected one of {}", names.join(", ")),
        }
    }
}

/// Bucket and prefix; `None` where that cannot be told without the module.
fn place<'a>(
    asked: &'a Asked,
    module: Option<&ReadyModule>,
) -> Result<Option<(&'a str, &'a str)>, String> {
    let prefix = asked.prefix.as_deref();
    match (asked.target.as_deref(), asked.bucket.as_deref()) {
        (None, None) => Err("target is missing: expected BUCKET or BUCKET/PREFIX".to_owned()),
        (Some(_), Some(_)) => {
            Err("target and bucket are given together: expected one of them".to_owned())
        }
        (Some(_), None) if prefix.is_some() => Err(
            "target and prefix are given together: expected target=BUCKET/PREFIX, or bucket and prefix"
                .to_owned(),
        ),
        (None, Some(bucket)) => Ok(Some((bucket, prefix.unwrap_or_default()))),
        (Some(target), None) => Ok(module.map(|module| {
            let is_of_s3 = module.settings.store.bucket(target) == BucketName::AsInS3;
            match target.split_once('/') {
                // The name of an access point, and a folder's path, hold a `/`.
                Some(parts) if is_of_s3 && !target.starts_with("arn:") => parts,
                _ => (target, ""),
            }
        })),
    }
}

pub(super) fn fault_of_bucket(bucket: &str, of: &ReadyModule) -> Option<String> {
    let Module { name, buckets, .. } = &*of.module;
    let given = format!("bucket {}", shown(bucket));
    let expected = "expected letters, digits, `-`, `.`, `_` and `$`";
    let wrong = match of.settings.store.bucket(bucket) {
        _ if bucket.is_empty() => "is empty: expected BUCKET or BUCKET/PREFIX".to_owned(),
        _ if bucket.len() > LONGEST_BUCKET => "is longer than any bucket's name".to_owned(),
        BucketName::Bad(expected) => format!("is of no use: {expected}"),
        BucketName::AsInS3 if !is_name(bucket) => format!("is no bucket's name: {expected}"),
        _ if !buckets.matches(bucket) => {
            format!("is none that the module {name:?} allows: expected one of {buckets}")
        }
        BucketName::AsInS3 | BucketName::Good => return None,
    };
    Some(format!("{given} {wrong}"))
}

/// What stands in the path of a request, or in the name of a host, and must not be anything else there.
fn is_name(bucket: &str) -> bool {
    let of_arn = |c: char| bucket.starts_with("arn:") && matches!(c, ':' | '/');
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | '$');
    let is_step = |part: &str| part.chars().all(|c| c == '.');
    bucket.chars().all(|c| is_plain(c) || of_arn(c)) && !bucket.split('/').any(is_step)
}

fn fault_of_prefix(prefix: &str) -> Option<String> {
    let wrong = if prefix.len() > LONGEST_PREFIX {
        "is longer than any key: expected at most 1024 bytes"
    } else if prefix.contains(char::is_control) {
        "holds a control character"
    } else if prefix.contains(char::REPLACEMENT_CHARACTER) {
        "is no UTF-8, as keys are"
    } else {
        return None;
    };
    Some(format!("prefix {} {wrong}", shown(prefix)))
}

/// In quotes, and no longer than it has to be.
fn shown(text: &str) -> String {
    const LONGEST: usize = 100;
    match text.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{:?}...", &text[..at]),
        None => format!("{text:?}"),
    }
}
