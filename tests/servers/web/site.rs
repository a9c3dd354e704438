//! A folder with certificates and a web configuration, and the exporter that serves by it.

use std::ops::Deref;

use s3_exporter_testkit::Port;
use s3_exporter_testkit::site::{self, Served};

use crate::common::program;

/// Enough to start with: the store is not there, and no test here asks for its figures.
const CONFIG: &str = r#"
[backends.b]
type = "minio"
endpoint = "http://127.0.0.1:1"
access_key_id = "a"
secret_access_key = "b"
[[destinations]]
bucket = "backups"
"#;

/// The folder, with a configuration beside the web configuration.
pub struct Site(site::Site);

impl Deref for Site {
    type Target = site::Site;

    fn deref(&self) -> &site::Site {
        &self.0
    }
}

impl Site {
    pub fn new() -> Self {
        let site = site::Site::new();
        site.write("config.toml", CONFIG);
        Self(site)
    }

    /// With this web configuration after the server's certificate and key.
    pub fn with_tls(rest: &str) -> Self {
        let site = Self::new();
        site.write("web.yml", &format!("{}{rest}", site::TLS));
        site
    }

    /// The exporter, with more in its configuration's `[server]`.
    pub async fn exporter(&self, server: &str) -> Served {
        self.write("config.toml", &format!("[server]\n{server}{CONFIG}"));
        let (config, web) = (self.path("config.toml"), self.path("web.yml"));
        let port = Port::take();
        let arguments = [
            format!("--config={}", config.display()),
            format!("--web.config.file={}", web.display()),
            format!("--listen=127.0.0.1:{port}"),
            "--log.level=info,s3_exporter_web=debug".to_owned(),
        ];
        self.start(program(), &arguments, &[], port).await
    }
}

/// The hash of a password, at a cost that a test can wait for.
pub fn hash(password: &str) -> String {
    bcrypt::hash(password, 5).unwrap()
}
