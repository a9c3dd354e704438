//! What the web configuration and the files that it names hold at one moment.

use std::path::Path;

use ring::digest::{Context, SHA256, SHA256_OUTPUT_LEN};
use s3_exporter_config::{ConfigError, Origin, file as bounded};
use zeroize::Zeroizing;

use super::file::{self, PemLocation, PemSource, WebConfigFile};

/// What two readings that found the same have in common.
pub type Digest = [u8; SHA256_OUTPUT_LEN];

/// One look at all the files.
pub struct Reading {
    /// Of everything that was read, errors included.
    pub digest: Digest,
    /// What the configuration says.
    pub file: Result<WebConfigFile, Vec<ConfigError>>,
    /// The certificate, its key, and the clients' authority, where the file asks for them.
    pub texts: PemTexts,
}

/// The bytes of what `tls_server_config` names, or why they could not be read.
#[derive(Default)]
pub struct PemTexts {
    /// `cert`, `cert_file`.
    pub certificate: Option<ReadText>,
    /// `key`, `key_file`.
    pub key: Option<ReadText>,
    /// `client_ca`, `client_ca_file`.
    pub client_ca: Option<ReadText>,
}

/// What was found at one place.
pub type ReadText = Result<Zeroizing<Vec<u8>>, String>;

impl Reading {
    /// Reads them all. Blocks.
    pub fn take(path: &Path) -> Self {
        let mut context = Context::new(&SHA256);
        let text = read(path);
        digest(&mut context, &text);
        let file = text.and_then(utf8).map_err(|cause| {
            let origin = Origin::of_file(path, None);
            let message = format!("the web configuration cannot be read: {cause}");
            vec![ConfigError { origin, message }]
        });
        let file = file.and_then(|text| file::parse(path, &text));
        let mut texts = PemTexts::default();
        if let Ok(WebConfigFile { tls: Some(tls), .. }) = &file {
            let mut get = |source: &PemSource| {
                let text = source.read();
                digest(&mut context, &text);
                Some(text)
            };
            texts.certificate = get(&tls.certificate);
            texts.key = get(&tls.key);
            texts.client_ca = tls.client_ca.as_ref().and_then(get);
        }
        let mut digest = Digest::default();
        digest.copy_from_slice(context.finish().as_ref());
        Self {
            digest,
            file,
            texts,
        }
    }
}

impl PemSource {
    fn read(&self) -> ReadText {
        match &self.place {
            PemLocation::Inline(text) => Ok(Zeroizing::new(text.expose().as_bytes().to_vec())),
            PemLocation::File(path) => {
                read(path).map_err(|cause| format!("is {path:?}, which cannot be read: {cause}"))
            }
        }
    }

    /// A fault of what is there.
    pub fn fault(&self, message: &str) -> ConfigError {
        ConfigError {
            origin: self.origin.clone(),
            message: format!("`{}` {message}", self.key),
        }
    }
}

fn digest(context: &mut Context, text: &ReadText) {
    let (kind, bytes) = match text {
        Ok(bytes) => (0, bytes.as_slice()),
        Err(cause) => (1, cause.as_bytes()),
    };
    context.update(&[kind]);
    context.update(&bytes.len().to_be_bytes());
    context.update(bytes);
}

fn read(path: &Path) -> ReadText {
    bounded::read(path, bounded::MAX_FILE).map_err(|cause| bounded::reason(&cause))
}

fn utf8(bytes: Zeroizing<Vec<u8>>) -> Result<Zeroizing<String>, String> {
    match std::str::from_utf8(&bytes) {
        Ok(text) => Ok(Zeroizing::new(text.to_owned())),
        Err(_) => Err("it is not UTF-8".to_owned()),
    }
}
