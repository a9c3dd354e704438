use std::path::Path;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use s3_exporter_api::{BackendError, FailureKind, FaultyFile, file};
use zeroize::Zeroizing;

use crate::config::Transport;

/// Who is trusted, and who we are: from the section's files and the system's roots.
///
/// # Errors
/// `tls` for a file that can't be read or holds nothing of use.
pub fn config(transport: &Transport) -> Result<ClientConfig, BackendError> {
    let provider = Arc::new(ring::default_provider());
    let roots = roots(transport.ca_bundle.as_deref())?;
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|cause| {
            BackendError::new(FailureKind::Tls, "setting TLS up", "it is not possible")
                .with_source(cause)
        })?;
    let builder = match transport.insecure_skip_verify {
        true => builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Anybody(provider))),
        false => builder.with_root_certificates(roots),
    };
    match &transport.client_certificate {
        None => Ok(builder.with_no_client_auth()),
        Some((certificate, key)) => identity(certificate, key, |chain, key| {
            builder.with_client_auth_cert(chain, key)
        }),
    }
}

/// The files that are of no use, by the keys that name them.
pub fn look(transport: &Transport) -> Vec<FaultyFile> {
    let (mut bundle, mut identity) = (transport.clone(), transport.clone());
    bundle.client_certificate = None;
    identity.ca_bundle = None;
    [
        ("ca_bundle", bundle.ca_bundle.is_some(), bundle),
        (
            "client_cert_file",
            identity.client_certificate.is_some(),
            identity,
        ),
    ]
    .into_iter()
    .filter(|(_, is_named, _)| *is_named)
    .filter_map(|(key, _, alone)| Some((key, config(&alone).err()?)))
    .collect()
}

/// The system's, and those of the bundle.
fn roots(bundle: Option<&Path>) -> Result<RootCertStore, BackendError> {
    let mut roots = RootCertStore::empty();
    // Where there are none, or where some make no sense, nobody is trusted who should not be.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let Some(path) = bundle else {
        return Ok(roots);
    };
    let what = "the CA bundle";
    let pem = read(path, what)?;
    let error = |reason: &str| {
        let action = format!("reading {what} {}", path.display());
        BackendError::new(FailureKind::Tls, action, reason)
            .with_advice("expected certificates in PEM, each between BEGIN and END CERTIFICATE")
    };
    let certificates = CertificateDer::pem_slice_iter(&pem)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|cause| error("it is no PEM").with_source(cause))?;
    if certificates.is_empty() {
        return Err(error("it holds no certificate"));
    }
    for certificate in certificates {
        roots
            .add(certificate)
            .map_err(|cause| error("it holds what is no certificate").with_source(cause))?;
    }
    Ok(roots)
}

fn read(path: &Path, what: &str) -> Result<Zeroizing<Vec<u8>>, BackendError> {
    file::read(path, file::MAX_FILE).map_err(|cause| {
        let action = format!("reading {what} {}", path.display());
        BackendError::new(FailureKind::Tls, action, "it cannot be read")
            .with_source(file::reason(&cause))
    })
}

/// Our certificate, with those that vouch for it, and its key.
fn identity<T>(
    certificate: &Path,
    key: &Path,
    take: impl FnOnce(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>) -> Result<T, rustls::Error>,
) -> Result<T, BackendError> {
    let chain = read(certificate, "the client certificate")?;
    let secret = read(key, "the client certificate's key")?;
    let error = || {
        let action = format!(
            "reading the client certificate {} with its key {}",
            certificate.display(),
            key.display()
        );
        BackendError::new(FailureKind::Tls, action, "they make no identity")
            .with_advice("expected a certificate and a key without a password, in PEM")
    };
    let chain = CertificateDer::pem_slice_iter(&chain)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|cause| error().with_source(cause))?;
    let secret =
        PrivateKeyDer::from_pem_slice(&secret).map_err(|cause| error().with_source(cause))?;
    take(chain, secret).map_err(|cause| error().with_source(cause))
}

/// Takes any certificate, also one that makes no sense, as `insecure_skip_verify` says; the
/// configuration warns of it. What is sent is then hidden from those who only listen.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
