use s3_exporter_api::FailureKind;

/// The codes that say more than their status.
pub(super) const CODES: &[(&str, FailureKind)] = &[
    ("AccessDenied", FailureKind::Denied),
    ("AccessDeniedException", FailureKind::Denied),
    ("AccountProblem", FailureKind::Denied),
    ("AllAccessDisabled", FailureKind::Denied),
    ("InvalidPayer", FailureKind::Denied),
    ("RequestTimeTooSkewed", FailureKind::Denied),
    ("RequestExpired", FailureKind::Denied),
    ("InvalidAccessKeyId", FailureKind::Credentials),
    ("InvalidClientTokenId", FailureKind::Credentials),
    ("SignatureDoesNotMatch", FailureKind::Credentials),
    ("InvalidSignatureException", FailureKind::Credentials),
    ("ExpiredToken", FailureKind::Credentials),
    ("ExpiredTokenException", FailureKind::Credentials),
    ("InvalidToken", FailureKind::Credentials),
    ("InvalidTokenId", FailureKind::Credentials),
    ("TokenRefreshRequired", FailureKind::Credentials),
    ("InvalidSecurity", FailureKind::Credentials),
    ("NotSignedUp", FailureKind::Credentials),
    ("MissingAuthenticationToken", FailureKind::Credentials),
    ("MissingSecurityHeader", FailureKind::Credentials),
    ("UnrecognizedClientException", FailureKind::Credentials),
    ("UnsupportedAlgorithm", FailureKind::Credentials), // rclone's to a request that is not signed
    ("XAdminUserNotFound", FailureKind::Credentials),   // versitygw's to a key it does not know
    ("AuthFailure", FailureKind::Credentials),
    ("NoSuchBucket", FailureKind::NotFound),
    ("NoSuchKey", FailureKind::Protocol),
    ("SecondLevelDomainForbidden", FailureKind::Protocol),
    ("VirtualHostDomainRequired", FailureKind::Protocol),
    ("PathStyleDomainForbidden", FailureKind::Protocol),
    ("InvalidPathAccess", FailureKind::Protocol),
    ("SlowDown", FailureKind::Throttled),
    ("SlowDownRead", FailureKind::Throttled),
    ("SlowDownWrite", FailureKind::Throttled),
    ("Throttling", FailureKind::Throttled),
    ("ThrottlingException", FailureKind::Throttled),
    ("RequestThrottled", FailureKind::Throttled),
    ("RequestLimitExceeded", FailureKind::Throttled),
    ("BandwidthLimitExceeded", FailureKind::Throttled),
    ("TooManyRequests", FailureKind::Throttled),
    ("TooManyRequestsException", FailureKind::Throttled),
    ("InternalError", FailureKind::Unavailable),
    ("ServiceUnavailable", FailureKind::Unavailable),
    ("XMinioServerNotInitialized", FailureKind::Unavailable),
    ("RequestTimeout", FailureKind::Timeout),
    ("RequestTimeoutException", FailureKind::Timeout),
    ("PermanentRedirect", FailureKind::Protocol),
    ("TemporaryRedirect", FailureKind::Protocol),
    ("Redirect", FailureKind::Protocol),
    ("AuthorizationHeaderMalformed", FailureKind::Protocol),
    ("IllegalLocationConstraintException", FailureKind::Protocol),
    ("NotImplemented", FailureKind::Protocol),
];

/// A code as its store's documents spell it: MinIO's client hands them out in lower case.
pub(super) fn spelled(code: String) -> String {
    CODES
        .iter()
        .map(|(known, _)| *known)
        .find(|known| known.eq_ignore_ascii_case(&code))
        .map_or(code, str::to_owned)
}
