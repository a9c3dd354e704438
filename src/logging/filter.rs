//! `log.level`: a level, or a filter of tracing's such as `info,kube=warn`.

use std::fmt;

use s3_exporter_config::closest;
use tracing::{Level, Metadata};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::ParseError;

/// What holds where nobody asks for another level.
pub const DEFAULT_LEVEL: &str = "info";
const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];

/// Of the libraries' own words none is wanted, unless a library is named or everything is
/// logged at debug: they complain of each request that fails and know no destination. We tell
/// a failure once, with its destination and its reason.
const NOT_OF_LIBRARIES: &str =
    "aws=off,h2=off,hyper=off,kube=off,minio=off,reqwest=off,rustls=off,tower=off";

/// What is let through by this text.
///
/// # Errors
/// It is neither a level nor a filter.
pub fn parse(text: &str) -> Result<EnvFilter, FilterError> {
    // A filter takes any word for the name of a module, so a level with a typing error would
    // silence the log: single words must be levels.
    for word in text.split(',') {
        if word.contains(['=', '[']) || LEVELS.contains(&&*word.to_lowercase()) {
            continue;
        }
        let meant = closest(word, LEVELS.into_iter());
        return Err(FilterError::NoLevel { meant });
    }
    // tracing-subscriber 0.3.23 panics where other letters come after a blank.
    let is_plain = text.is_ascii() && !text.contains(char::is_whitespace);
    let filter = is_plain.then(|| with_libraries(text)).and_then(Result::ok);
    filter.ok_or(FilterError::NoFilter)
}

/// Why a text is of no use as `log.level`. Told as what would be.
#[derive(Debug, PartialEq, Eq)]
pub enum FilterError {
    /// A word of it is no level.
    NoLevel {
        /// The level that may have been meant.
        meant: Option<&'static str>,
    },
    /// The whole is no filter.
    NoFilter,
}

impl fmt::Display for FilterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoLevel { meant } => {
                f.write_str("expected off, error, warn, info, debug or trace, or a filter such as \"info,kube=warn\"")?;
                meant.map_or(Ok(()), |level| write!(f, "; did you mean \"{level}\"?"))
            }
            Self::NoFilter => {
                f.write_str("expected a filter such as \"info,kube=warn\", without blanks")
            }
        }
    }
}

impl std::error::Error for FilterError {}

fn with_libraries(text: &str) -> Result<EnvFilter, ParseError> {
    let word = text.to_lowercase();
    match word
        .split(',')
        .any(|part| matches!(part, "debug" | "trace"))
    {
        true => EnvFilter::try_new(text),
        // What is named later, or more exactly, holds.
        false => EnvFilter::try_new(format!("{NOT_OF_LIBRARIES},{text}")),
    }
}

/// What is never logged, whatever `log.level` says, because it holds secrets.
///
/// - Other crates at trace: the AWS SDK's shows requests and answers whole there, and with
///   them web identity tokens, session tokens and the keys that STS hands out; profiles too.
/// - The SDK's search for credentials at any level: the warning of a failure shows the
///   answer that could not be read. We tell such a failure ourselves, without it.
pub fn may_be_logged(metadata: &Metadata<'_>) -> bool {
    let target = metadata.target();
    let ours = target.starts_with("s3_exporter");
    ours || (*metadata.level() != Level::TRACE && !target.starts_with("aws_config"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_and_filters() {
        for good in [
            "info",
            "WARN",
            "off",
            "info,kube=warn",
            "kube=debug",
            "[span]=trace",
        ] {
            parse(good).unwrap();
        }
        assert_eq!(
            parse("inof").unwrap_err().to_string(),
            "expected off, error, warn, info, debug or trace, or a filter such as \"info,kube=warn\"; did you mean \"info\"?"
        );
        assert_eq!(
            parse("info,kube=loud").unwrap_err().to_string(),
            "expected a filter such as \"info,kube=warn\", without blanks"
        );
        parse("info,kube").unwrap_err();
        parse("").unwrap_err();
    }

    #[test]
    fn filters() {
        for good in [
            "info",
            "INFO",
            "off",
            "info,kube=warn",
            "warn,hyper=trace",
            "s3_exporter[scan]=debug",
        ] {
            parse(good).unwrap();
        }
        for bad in [
            "inof",
            "verbose",
            "info,",
            "kube=loud",
            "warn, hyper=trace",
            " Bä[\"=x",
            "ä=info",
        ] {
            assert!(parse(bad).is_err(), "{bad}");
        }
        assert!(
            parse("inof")
                .unwrap_err()
                .to_string()
                .ends_with("did you mean \"info\"?")
        );
    }
}
