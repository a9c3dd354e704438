use std::error::Error as StdError;

use rustls::{AlertDescription, CertificateError, Error, PeerIncompatible};
use s3_exporter_api::causes;

use crate::client::TooLate;
use crate::send::TooLong;

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// No trust: it does not come by trying again.
    Tls,
    /// The connection does not stand in time.
    TooLate,
    /// The answer is longer than any that is read.
    TooLong,
    /// The connection: refused, reset, cut short.
    Io,
}

/// What an error of [`HttpClients::send`](crate::HttpClients::send), or one that holds it, was.
pub fn cause_of(error: &(dyn StdError + 'static)) -> Cause {
    for cause in causes(error) {
        if cause.is::<Error>() {
            return Cause::Tls;
        } else if cause.is::<TooLate>() {
            return Cause::TooLate;
        } else if cause.is::<TooLong>() {
            return Cause::TooLong;
        }
    }
    Cause::Io
}

/// What ring, which checks signatures here, does not know, and Go and OpenSSL do.
const UNKNOWN_TO_RING: &str = "the certificate, or one above it, has a P-521 key or is signed with \
    ECDSA and SHA-512, which this program cannot check: have it issued with P-256, P-384, Ed25519 or \
    RSA, and ECDSA with SHA-256 or SHA-384";
const NOTHING_IN_COMMON: &str = "the other side finds no way to speak TLS that both know: its \
    certificate may have a P-521 key, or it speaks less than TLS 1.2";
const NO_AUTHORITY: &str = "this system knows no certificate authority: give the certificate, or its authority's, or install the system's \
    (the package ca-certificates)";

/// What can be done about a failure of TLS that is not about trust alone.
pub fn advice(error: &(dyn StdError + 'static)) -> Option<&'static str> {
    let tls = causes(error).find_map(|cause| cause.downcast_ref::<Error>())?;
    match tls {
        #[allow(deprecated)] // rustls may still give it
        Error::InvalidCertificate(
            CertificateError::UnsupportedSignatureAlgorithm
            | CertificateError::UnsupportedSignatureAlgorithmContext { .. }
            | CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext { .. },
        ) => Some(UNKNOWN_TO_RING),
        Error::InvalidCertificate(CertificateError::Other(cause))
            if cause.0.is::<crate::trust::NoAuthority>() =>
        {
            Some(NO_AUTHORITY)
        }
        Error::AlertReceived(
            AlertDescription::HandshakeFailure | AlertDescription::ProtocolVersion,
        )
        | Error::PeerIncompatible(PeerIncompatible::NoSignatureSchemesInCommon) => {
            Some(NOTHING_IN_COMMON)
        }
        _ => None,
    }
}
