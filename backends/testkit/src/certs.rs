use std::path::Path;
use std::process::Command;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};

use crate::{Port, Process};

/// A certificate authority of our own, known to nobody else.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

/// A certificate with its private key, in PEM.
#[derive(Clone)]
pub struct Identity {
    /// The certificate.
    pub certificate: String,
    /// The private key.
    pub key: String,
}

impl Authority {
    /// Makes one.
    pub fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params
            .distinguished_name
            .push(DnType::CommonName, "s3-exporter test authority");
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Self {
            issuer: Issuer::new(params, key),
            pem,
        }
    }

    /// Its certificate in PEM: what goes into `ca_bundle`.
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// Signs a certificate for these names or addresses.
    pub fn issue(&self, names: &[&str]) -> Identity {
        self.issue_with(names, |_| ())
    }

    /// Signs a certificate for these names that was good for a day, long ago.
    pub fn issue_expired(&self, names: &[&str]) -> Identity {
        self.issue_with(names, |params| {
            params.not_before = rcgen::date_time_ymd(2020, 1, 1);
            params.not_after = rcgen::date_time_ymd(2020, 1, 2);
        })
    }

    /// Signs a certificate that `change` has altered: expired, of a client, and so on.
    pub fn issue_with(
        &self,
        names: &[&str],
        change: impl FnOnce(&mut CertificateParams),
    ) -> Identity {
        let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        params
            .distinguished_name
            .push(DnType::CommonName, "s3-exporter test");
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        Identity {
            certificate: params.signed_by(&key, &self.issuer).unwrap().pem(),
            key: key.serialize_pem(),
        }
    }
}

impl Identity {
    /// A certificate for these names that is signed by itself alone.
    pub fn self_signed(names: &[&str]) -> Self {
        let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(names).unwrap();
        Self {
            certificate: params.self_signed(&key).unwrap().pem(),
            key: key.serialize_pem(),
        }
    }
}

/// What rcgen with ring cannot make, and what people make: by the program openssl.
impl Identity {
    /// A self-signed one, by the curve of its key, the digest of its signature and the names
    /// that it is for. As `openssl req -x509` has it, it says that it is an authority's.
    pub fn by_openssl(folder: &Path, curve: &str, digest: &str, names: &str) -> Self {
        Self::requested(folder, curve, digest, names, &["-x509"])
    }

    /// One for these names, signed by this one with that digest.
    pub fn sign_by_openssl(&self, folder: &Path, digest: &str, names: &str) -> Self {
        let [certificate, key] = self.write(folder, "issuer");
        let by = ["-x509", "-CA", &certificate, "-CAkey", &key];
        let not_an_authority = ["-addext", "basicConstraints=critical,CA:FALSE"];
        let more = [&by[..], &not_an_authority].concat();
        Self::requested(folder, "P-256", digest, names, &more)
    }

    fn requested(folder: &Path, curve: &str, digest: &str, names: &str, more: &[&str]) -> Self {
        let out = |name: &str| folder.join(name).to_str().unwrap().to_owned();
        let (certificate, key) = (out("made.crt"), out("made.key"));
        let (curve, digest) = (format!("ec_paramgen_curve:{curve}"), format!("-{digest}"));
        let names = format!("subjectAltName={names}");
        let output = Command::new("openssl")
            .args([
                "req", "-newkey", "ec", "-pkeyopt", &curve, &digest, "-nodes",
            ])
            .args([
                "-subj",
                &format!("/CN=made by openssl, {names}"),
                "-addext",
                &names,
            ])
            .args(["-days", "2", "-keyout", &key, "-out", &certificate])
            .args(more)
            .output()
            .unwrap_or_else(|error| panic!("openssl: {error}; install it"));
        assert!(output.status.success(), "openssl req: {output:?}");
        Self {
            certificate: std::fs::read_to_string(certificate).unwrap(),
            key: std::fs::read_to_string(key).unwrap(),
        }
    }

    /// Serves https with it on this port of 127.0.0.1, by openssl: for keys that ring does not
    /// know.
    pub async fn serve_by_openssl(&self, folder: &Path, port: &Port) -> Process {
        let [certificate, key] = self.write(folder, "served");
        let address = format!("127.0.0.1:{port}");
        let arguments = [
            "s_server",
            "-accept",
            &address,
            "-cert",
            &certificate,
            "-key",
            &key,
        ];
        let arguments = [&arguments[..], &["-www"]].concat();
        let log = folder.join("openssl.log");
        let mut server = Process::start(Path::new("openssl"), &arguments, &[], &log);
        let address = address.as_str();
        let is_there = || async { tokio::net::TcpStream::connect(address).await.is_ok() };
        server.until("it is there", is_there).await;
        server
    }

    fn write(&self, folder: &Path, name: &str) -> [String; 2] {
        [("crt", &self.certificate), ("key", &self.key)].map(|(kind, pem)| {
            let path = folder.join(format!("{name}.{kind}"));
            std::fs::write(&path, pem).unwrap();
            path.to_str().unwrap().to_owned()
        })
    }
}

impl Default for Authority {
    fn default() -> Self {
        Self::new()
    }
}
