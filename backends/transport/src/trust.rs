use std::sync::Arc;
use std::time::Duration;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::verify_server_name;
use rustls::crypto::{
    CryptoProvider, WebPkiSupportedAlgorithms, ring, verify_tls12_signature, verify_tls13_signature,
};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{
    CertificateError, DigitallySignedStruct, Error, OtherError, RootCertStore, SignatureScheme,
};
use x509_parser::prelude::{FromDer, X509Certificate};

/// Trusts `handed` and, where `system` says so, the authorities of the system: those of
/// `SSL_CERT_FILE` and `SSL_CERT_DIR`, or where the distribution keeps them.
///
/// A certificate of `handed` is trusted in both ways in which Go, curl and kubectl do: what it
/// has signed, and itself, when it is the very one that the server shows. So a self-signed one
/// is enough, though `openssl req -x509` says in it that it is an authority's, and the server's
/// own, whoever has signed that. Its name and its dates must be right all the same.
///
/// # Errors
/// For what is no certificate.
pub fn authorities(
    handed: Vec<CertificateDer<'static>>,
    system: bool,
) -> Result<Arc<dyn ServerCertVerifier>, Error> {
    let mut roots = RootCertStore::empty();
    if system {
        // Where there are none, or where some make no sense, nobody is trusted who should not be.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    }
    for certificate in &handed {
        roots.add(certificate.clone())?;
    }
    let provider = Arc::new(ring::default_provider());
    let algorithms = provider.signature_verification_algorithms;
    let by_authority = match roots.is_empty() {
        true => None,
        false => Some(
            WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider)
                .build()
                .map_err(|cause| Error::General(cause.to_string()))?,
        ),
    };
    Ok(Arc::new(Authorities {
        by_authority,
        handed,
        algorithms,
    }))
}

/// Takes any certificate, also one that makes no sense, as `insecure_skip_verify` says; the
/// configuration warns of it. What is sent is then hidden from those who only listen.
pub fn anybody() -> Arc<dyn ServerCertVerifier> {
    Arc::new(AnyServer(Arc::new(ring::default_provider())))
}

#[derive(Debug)]
struct Authorities {
    /// `None` where no authority is known: it cannot be made without one.
    by_authority: Option<Arc<WebPkiServerVerifier>>,
    handed: Vec<CertificateDer<'static>>,
    algorithms: WebPkiSupportedAlgorithms,
}

impl ServerCertVerifier for Authorities {
    fn verify_server_cert(
        &self,
        shown: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if self.handed.contains(shown) {
            return verify_itself(shown, name, now);
        }
        match &self.by_authority {
            Some(verifier) => verifier.verify_server_cert(shown, between, name, ocsp, now),
            None => Err(other(NoAuthority)),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        shown: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, shown, signed, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        shown: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, shown, signed, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

/// What is left to look at where a certificate is trusted as it is: its dates, its purpose and
/// its name, as Go does. That the server has its key, the handshake shows.
fn verify_itself(
    shown: &CertificateDer<'_>,
    name: &ServerName<'_>,
    now: UnixTime,
) -> Result<ServerCertVerified, Error> {
    let (_, certificate) =
        X509Certificate::from_der(shown).map_err(|_| CertificateError::BadEncoding)?;
    let validity = certificate.validity();
    let (begin, end) = (
        validity.not_before.timestamp(),
        validity.not_after.timestamp(),
    );
    let seconds = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
    let time = |seconds: i64| {
        UnixTime::since_unix_epoch(Duration::from_secs(u64::try_from(seconds).unwrap_or(0)))
    };
    if seconds < begin {
        let not_before = time(begin);
        let time = now;
        return Err(CertificateError::NotValidYetContext { time, not_before }.into());
    }
    if seconds > end {
        let not_after = time(end);
        let time = now;
        return Err(CertificateError::ExpiredContext { time, not_after }.into());
    }
    let purpose = certificate
        .extended_key_usage()
        .map_err(|_| CertificateError::BadEncoding)?;
    if purpose.is_some_and(|purpose| !purpose.value.any && !purpose.value.server_auth) {
        return Err(CertificateError::InvalidPurpose.into());
    }
    verify_server_name(&ParsedCertificate::try_from(shown)?, name)?;
    Ok(ServerCertVerified::assertion())
}

/// There is nobody who could vouch for a certificate.
#[derive(Debug)]
pub(crate) struct NoAuthority;

impl std::fmt::Display for NoAuthority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("no certificate authority is known: the system has none, and none was given")
    }
}

impl std::error::Error for NoAuthority {}

fn other(cause: impl std::error::Error + Send + Sync + 'static) -> Error {
    CertificateError::Other(OtherError(Arc::new(cause))).into()
}

#[derive(Debug)]
struct AnyServer(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyServer {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
