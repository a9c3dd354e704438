use std::io;

use opendal::ErrorKind;
use s3_exporter_api::{BackendError, FailureKind, causes, chain};
use s3_exporter_transport::{AttemptFailure, FailureContext, Words};

use super::list::Listing;
use super::services::Service;

/// What a library says goes into logs: no more of it than this.
const LONGEST_WORDS: usize = 500;

/// The error of a request that went over our own way.
pub fn refused(listing: &Listing, failure: AttemptFailure) -> BackendError {
    let service = listing.config.service;
    let context = FailureContext {
        action: listing.action.clone(),
        url: &listing.config.url,
        timeout: listing.config.request_timeout,
        service: name(service),
        start: "",
        words: &|kind, _| words(service, kind),
    };
    context.explain(failure)
}

/// The error that opendal ended with; where it is of a request, that is known better.
pub fn failed(listing: &Listing, error: &opendal::Error) -> BackendError {
    let service = listing.config.service;
    if let Some(failure) = listing.seen.take_failure() {
        return refused(listing, failure);
    }
    let kind = kind_of(service, error);
    let (reason, advice) = words(service, kind).unwrap_or(match kind {
        FailureKind::Connect => (
            "no connection",
            "check the address, and that the server runs and can be reached from here",
        ),
        FailureKind::Tls => (
            "the server's key is not known",
            "add it to this user's known_hosts, or set `known_hosts_strategy = \"add\"`",
        ),
        FailureKind::Timeout => (
            "the server does not answer",
            "raise `request_timeout` where it is slow",
        ),
        _ => ("opendal makes no sense of the answer, or got none", ""),
    });
    let error_of = BackendError::new(kind, &*listing.action, reason);
    let error_of = match advice {
        "" => error_of,
        advice => error_of.with_advice(advice),
    };
    error_of.with_source(said(error))
}

/// What went wrong inside opendal, without where: that may hold an option.
fn said(error: &opendal::Error) -> String {
    let cause = std::error::Error::source(error).map(chain);
    let text = match cause {
        Some(cause) => format!("{}: {cause}", error.message()),
        None => error.message().to_owned(),
    };
    let printable = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    let shown: String = printable.take(LONGEST_WORDS).collect();
    shown.trim().to_owned()
}

fn kind_of(service: Service, error: &opendal::Error) -> FailureKind {
    match error.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => return FailureKind::NotFound,
        ErrorKind::PermissionDenied => return FailureKind::Denied,
        ErrorKind::RateLimited => return FailureKind::Throttled,
        ErrorKind::ConfigInvalid | ErrorKind::Unsupported => return FailureKind::Internal,
        _ => {}
    }
    if service.is_http() {
        return FailureKind::Protocol; // an answer was there
    }
    let text = said(error);
    let says = |words: &str| text.contains(words);
    let cause = std::error::Error::source(error).and_then(|cause| {
        let io = causes(cause).find_map(|cause| cause.downcast_ref::<io::Error>());
        io.map(io::Error::kind)
    });
    // `ssh` says it in words alone.
    if says("Host key verification failed") || says("REMOTE HOST IDENTIFICATION HAS CHANGED") {
        FailureKind::Tls
    } else if says("Permission denied") || says("Too many authentication failures") {
        FailureKind::Credentials
    } else if says("timeout") || cause == Some(io::ErrorKind::TimedOut) {
        FailureKind::Timeout
    } else if says("onnection refused")
        || says("ould not resolve")
        || says("o route to host")
        || says("failed to connect")
        || cause == Some(io::ErrorKind::ConnectionRefused)
    {
        FailureKind::Connect
    } else {
        FailureKind::Unavailable
    }
}

/// Reason and advice where this kind means the same whoever says it.
fn words(service: Service, kind: FailureKind) -> Option<Words> {
    Some(match kind {
        FailureKind::Denied => ("access denied", service.right()),
        FailureKind::Credentials => (
            "the store does not accept the credentials",
            match service {
                Service::Sftp => "see that `user` may log in with `key_file`, without a passphrase",
                _ => "check those in `options`",
            },
        ),
        FailureKind::NotFound if service.has_folders() => {
            ("there is no such folder", "make it, or correct `bucket`")
        }
        FailureKind::NotFound => ("no such bucket", "create it, or correct its name"),
        _ => return None,
    })
}

const fn name(service: Service) -> &'static str {
    match service {
        Service::Swift => "an account of Swift",
        Service::Webdav => "a WebDAV server",
        Service::B2 => "B2",
        Service::Oss => "OSS",
        Service::Cos => "COS",
        Service::Obs => "OBS",
        Service::Sftp => "an SSH server",
        Service::Hdfs => "a name node",
    }
}
