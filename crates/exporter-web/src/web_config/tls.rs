//! From `tls_server_config` and the bytes that it names to what rustls wants.

use std::sync::Arc;

use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use rustls::sign::SingleCertAndKey;
use rustls::{InconsistentKeys, RootCertStore, ServerConfig};
use s3_exporter_config::ConfigError;

use super::file::PemSource;
use super::file::tls::Tls;
use super::reading::{PemTexts, ReadText};
use super::verify;

/// HTTP/2 is chosen here, in the handshake: without TLS there is none.
pub const HTTP2: &[u8] = b"h2";
const HTTP1: &[u8] = b"http/1.1";

/// What to serve with.
///
/// # Errors
/// Every fault of the certificates and the key at once.
pub fn config(tls: &Tls, texts: &PemTexts, http2: bool) -> Result<ServerConfig, Vec<ConfigError>> {
    let provider = Arc::new(provider(tls));
    let mut faults = Vec::new();
    let chain = keep(
        &mut faults,
        certificates(&tls.certificate, &texts.certificate),
    );
    let key = keep(&mut faults, private_key(&tls.key, &texts.key));
    let roots = match &tls.client_ca {
        None => Some(RootCertStore::empty()),
        Some(ca) => keep(&mut faults, roots(ca, &texts.client_ca)),
    };
    let identity = match (chain, key) {
        (Some(chain), Some(key)) => keep(&mut faults, identity(tls, chain, key, &provider)),
        _ => None,
    };
    let verifier = roots.and_then(|roots| {
        let verifier = verify::verifier(tls, roots, &provider);
        keep(
            &mut faults,
            verifier.map_err(|cause| tls.certificate.fault(&format!("cannot be served: {cause}"))),
        )
    });
    let (Some(identity), Some(verifier)) = (identity, verifier) else {
        return Err(faults);
    };
    let builder = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&tls.protocol.versions)
        .map_err(|cause| vec![tls.certificate.fault(&format!("cannot be served: {cause}"))])?;
    let mut config = builder
        .with_client_cert_verifier(verifier)
        .with_cert_resolver(Arc::new(identity));
    config.ignore_client_order = tls.protocol.own_order;
    config.alpn_protocols = match http2 {
        true => vec![HTTP2.to_vec(), HTTP1.to_vec()],
        false => vec![HTTP1.to_vec()],
    };
    Ok(config)
}

fn keep<T>(faults: &mut Vec<ConfigError>, result: Result<T, ConfigError>) -> Option<T> {
    result.map_err(|fault| faults.push(fault)).ok()
}

fn provider(tls: &Tls) -> CryptoProvider {
    let mut provider = ring::default_provider();
    provider.cipher_suites.clone_from(&tls.protocol.suites);
    if !tls.protocol.groups.is_empty() {
        provider.kx_groups.clone_from(&tls.protocol.groups);
    }
    provider
}

/// The bytes that were read for a source.
fn bytes<'a>(source: &PemSource, text: &'a Option<ReadText>) -> Result<&'a [u8], ConfigError> {
    match text {
        Some(Ok(bytes)) => Ok(bytes),
        Some(Err(cause)) => Err(source.fault(cause)),
        None => Err(source.fault("was not read")), // it always is where it is named
    }
}

fn certificates(
    source: &PemSource,
    text: &Option<ReadText>,
) -> Result<Vec<CertificateDer<'static>>, ConfigError> {
    let bytes = bytes(source, text)?;
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(bytes).collect();
    match certificates {
        Ok(certificates) if certificates.is_empty() => {
            Err(source.fault("holds no certificate: expected PEM with `BEGIN CERTIFICATE`"))
        }
        Ok(certificates) => Ok(certificates),
        Err(_) => Err(source.fault("is broken: expected PEM with `BEGIN CERTIFICATE`")),
    }
}

fn private_key(
    source: &PemSource,
    text: &Option<ReadText>,
) -> Result<PrivateKeyDer<'static>, ConfigError> {
    PrivateKeyDer::from_pem_slice(bytes(source, text)?).map_err(|_| {
        source.fault("holds no private key: expected PEM with `BEGIN PRIVATE KEY` (PKCS #8), `BEGIN RSA PRIVATE KEY` or `BEGIN EC PRIVATE KEY`, and no passphrase")
    })
}

fn roots(source: &PemSource, text: &Option<ReadText>) -> Result<RootCertStore, ConfigError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(source, text)? {
        roots.add(certificate).map_err(|cause| {
            source.fault(&format!(
                "has a certificate that is no authority's: {cause}"
            ))
        })?;
    }
    Ok(roots)
}

fn identity(
    tls: &Tls,
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    provider: &CryptoProvider,
) -> Result<SingleCertAndKey, ConfigError> {
    match CertifiedKey::from_der(chain, key, provider) {
        Ok(identity) => Ok(SingleCertAndKey::from(identity)),
        Err(rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch)) => {
            let message = format!(
                "does not belong to the certificate of `{}`",
                tls.certificate.key
            );
            Err(tls.key.fault(&message))
        }
        Err(rustls::Error::InvalidCertificate(cause)) => Err(tls
            .certificate
            .fault(&format!("has a certificate of no use: {cause:?}"))),
        Err(cause) => Err(tls.key.fault(&format!("is of no use: {cause}"))),
    }
}
