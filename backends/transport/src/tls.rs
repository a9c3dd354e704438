use std::path::Path;
use std::sync::Arc;

use rustls::ClientConfig;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use s3_exporter_api::{BackendError, FailureKind, FaultyFile};
use s3_exporter_config::file;
use zeroize::Zeroizing;

use crate::{Transport, trust};

/// Who is trusted, and who we are: from the section's files and the system's roots.
///
/// # Errors
/// `tls` for a file that can't be read or holds nothing of use.
pub fn config(transport: &Transport) -> Result<ClientConfig, BackendError> {
    let verifier = verifier(transport)?;
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|cause| {
            BackendError::new(FailureKind::Tls, "setting TLS up", "it is not possible")
                .with_source(cause)
        })?
        .dangerous()
        .with_custom_certificate_verifier(verifier);
    match &transport.client_certificate {
        None => Ok(builder.with_no_client_auth()),
        Some((certificate, key)) => identity(certificate, key, |chain, key| {
            builder.with_client_auth_cert(chain, key)
        }),
    }
}

/// The files that are of no use, by the keys of a section that name them. Asks nobody.
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

/// Trusts the system's authorities and the bundle's certificates; anybody where the section
/// says so, for whom a bundle that makes no sense is still a fault.
fn verifier(transport: &Transport) -> Result<Arc<dyn ServerCertVerifier>, BackendError> {
    let bundle = transport.ca_bundle.as_deref();
    let handed = bundle.map(certificates).transpose()?.unwrap_or_default();
    let verifier = trust::authorities(handed, true);
    let verifier = verifier.map_err(|cause| match bundle {
        Some(path) => no_bundle(path, "it holds what is no certificate").with_source(cause),
        None => BackendError::new(FailureKind::Tls, "setting TLS up", "it is not possible")
            .with_source(cause),
    })?;
    Ok(match transport.insecure_skip_verify {
        true => trust::anybody(),
        false => verifier,
    })
}

fn certificates(bundle: &Path) -> Result<Vec<CertificateDer<'static>>, BackendError> {
    let pem = read(bundle, "the CA bundle")?;
    let certificates = CertificateDer::pem_slice_iter(&pem)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|cause| no_bundle(bundle, "it is no PEM").with_source(cause))?;
    match certificates.is_empty() {
        true => Err(no_bundle(bundle, "it holds no certificate")),
        false => Ok(certificates),
    }
}

fn no_bundle(path: &Path, reason: &str) -> BackendError {
    let action = format!("reading the CA bundle {}", path.display());
    BackendError::new(FailureKind::Tls, action, reason)
        .with_advice("expected certificates in PEM, each between BEGIN and END CERTIFICATE")
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
