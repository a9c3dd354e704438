use std::fs::metadata;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::ExitStatus;

use s3_exporter_api::{BackendError, FailureKind};
use s3_exporter_stream::Source;

use crate::config::CommandConfig;
use crate::lines::{Format, Malformed};
use crate::masked;

/// What `rclone` ends with where there is no such folder or bucket.
const RCLONE_NOT_FOUND: i32 = 3;

/// What is wrong with a program that was not run yet.
pub fn look(program: &Path) -> Option<BackendError> {
    let problem = match metadata(program) {
        Err(cause) => {
            return Some(cannot_start(
                format!("looking for {}", program.display()),
                cause,
            ));
        }
        Ok(found) if !found.is_file() => "it is no program",
        Ok(found) if found.permissions().mode() & 0o111 == 0 => "it may not be run by anybody",
        Ok(_) => return None,
    };
    let action = format!("looking for {}", program.display());
    Some(BackendError::new(FailureKind::Internal, action, problem))
}

/// It does not run.
pub fn cannot_start(action: String, cause: io::Error) -> BackendError {
    let advice = "see that the program is there and that this user may run it";
    BackendError::new(
        FailureKind::Internal,
        action,
        "the program cannot be started",
    )
    .with_advice(advice)
    .with_source(cause)
}

/// It cannot be followed.
pub fn lost(config: &CommandConfig, bucket: &str) -> BackendError {
    let reason = "the program cannot be followed";
    BackendError::new(FailureKind::Internal, config.action(bucket), reason)
}

/// It ended badly. `said` is the end of what it printed to standard error.
pub fn ended(
    config: &CommandConfig,
    bucket: &str,
    status: ExitStatus,
    said: &[u8],
) -> BackendError {
    let is_missing = config.format == Format::RcloneLsf && status.code() == Some(RCLONE_NOT_FOUND);
    let kind = match is_missing {
        true => FailureKind::NotFound,
        false => FailureKind::Unavailable,
    };
    let how = match (status.code(), status.signal()) {
        (Some(code), _) => format!("the program ended with exit code {code}"),
        (None, Some(signal)) => format!("the program was ended by signal {signal}"),
        (None, None) => "the program did not end well".to_owned(),
    };
    let said = masked::end_of(said, config.environment.iter().map(|(_, value)| value));
    let reason = match said.is_empty() {
        true => format!("{how} and said nothing"),
        false => format!("{how}: {said}"),
    };
    BackendError::new(kind, config.action(bucket), reason).with_advice(
        "nothing of what it listed is used; run it by hand with this environment alone",
    )
}

/// What it printed is no listing.
pub fn malformed(config: &CommandConfig, bucket: &str, fault: Malformed) -> BackendError {
    let expected = match config.format {
        Format::Tsv => {
            "key, size in bytes and a time such as 2026-01-02T03:04:05Z, with a tab between each"
        }
        Format::RcloneLsf => {
            "what `rclone lsf --format pst` prints, such as `a/b;123;2026-01-02 03:04:05`"
        }
    };
    let (reason, advice) = match &fault {
        Malformed::Unreadable(_) => ("its output cannot be read".to_owned(), expected),
        Malformed::Line(number, line) => {
            let line = masked::line(line, config.environment.iter().map(|(_, value)| value));
            (format!("line {number} is of no object: {line}"), expected)
        }
        Malformed::Endless(number) => (format!("line {number} has no end"), expected),
        Malformed::Cut(number) => (
            format!("line {number}, the last one, has no end: it may have been cut"),
            expected,
        ),
        Malformed::TooMuch => (
            format!(
                "it printed more than {} lines or {} bytes",
                config.bounds.objects, config.bounds.bytes
            ),
            "raise `max_objects` and `max_output` where that is right",
        ),
    };
    let advice = match fault {
        Malformed::TooMuch => advice.to_owned(),
        _ => format!("expected {advice}; a key with a line end cannot be listed"),
    };
    let error = BackendError::new(FailureKind::Protocol, config.action(bucket), reason);
    let error = error.with_advice(advice);
    match fault {
        Malformed::Unreadable(cause) => error.with_source(cause),
        _ => error,
    }
}

/// It runs too long.
pub fn late(config: &CommandConfig, bucket: &str) -> BackendError {
    let reason = format!(
        "the program was not done after {} s, and was killed",
        config.run_timeout.as_secs_f64()
    );
    BackendError::new(FailureKind::Timeout, config.action(bucket), reason)
        .with_advice("raise `run_timeout`, or find out why it takes so long")
}
