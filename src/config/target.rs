//! What `report s3://BUCKET[/PREFIX]` is to look at: one bucket without a file, with credentials as
//! the AWS tools find them.

use s3_exporter_config::{ConfigError, Origin};

use crate::cli::Flags;
use crate::cli::flags::{BUCKET, CONFIG, TARGET};

/// What the address begins with.
const SCHEME: &str = "s3://";

/// A bucket, or what of it begins with a prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target<'a> {
    /// Its name.
    pub bucket: &'a str,
    /// Empty for all of it.
    pub prefix: &'a str,
}

impl<'a> Target<'a> {
    /// What the flags name, if they do.
    pub fn of(flags: &'a Flags) -> Option<Self> {
        let address = flags.text(&TARGET)?;
        // What is no such address is told of in `faults`: it needs no fault of its bucket beside.
        let path = address.strip_prefix(SCHEME).unwrap_or("bucket");
        let (bucket, prefix) = path.split_once('/').unwrap_or((path, ""));
        Some(Self { bucket, prefix })
    }
}

/// Where it stands on the command line.
pub fn origin() -> Origin {
    Origin::Argument(TARGET.long.to_owned())
}

/// What is wrong with it, and what cannot stand beside it.
pub fn faults(flags: &Flags) -> Vec<ConfigError> {
    let mut faults = Vec::new();
    if flags
        .text(&TARGET)
        .is_some_and(|of| !of.starts_with(SCHEME))
    {
        faults.push(ConfigError {
            origin: origin(),
            message: "it does not begin with s3:// (it is not shown: it may hold a secret); \
                      the store's address is given by -endpoint"
                .to_owned(),
        });
    }
    for (flag, why) in [
        (&CONFIG, "it names a configuration"),
        (&BUCKET, "it names a bucket"),
    ] {
        if flags.has(flag) {
            faults.push(ConfigError {
                origin: Origin::Flag(flag.shown()),
                message: format!("{why}, and so does {}: leave one of them out", TARGET.long),
            });
        }
    }
    faults
}
