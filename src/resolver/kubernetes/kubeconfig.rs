//! Kubeconfigs, as kubectl reads them: what client-go takes is taken.
//!
//! Where kube reads them in another way, what is written is put into the form that kube
//! expects before it sees it ([`document`]); of several files the first to say something wins. (client-go's `clientcmd` and `rest.DefaultServerUrlFor`.)

use std::path::{Path, PathBuf};

use base64::prelude::{BASE64_STANDARD, Engine};
use kube::config::{Cluster, ExecAuthCluster, ExecInteractiveMode, Kubeconfig};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use s3_exporter_config::{WatchedFiles, file};

use super::error::AccessSourceError;
use super::files;

mod document;

/// What a kubeconfig says of the way to the API server.
pub(super) struct ParsedKubeconfig {
    pub(super) config: kube::Config,
    /// The `proxy-url` of the cluster.
    pub(super) proxy: Option<String>,
}

/// The way that the files' context shows. Runs no exec plug-in.
pub(super) fn read(
    files: &[PathBuf],
    context: Option<&str>,
    followed: &mut WatchedFiles,
) -> Result<ParsedKubeconfig, AccessSourceError> {
    let mut all = Kubeconfig::default();
    for file in files {
        followed.add(file);
        for document in document::read(file)? {
            all = all.merge(document)?;
        }
    }
    let context = context
        .map(str::to_owned)
        .or_else(|| all.current_context.clone())
        .filter(|name| !name.is_empty());
    files::prepare(&mut all, context.as_deref(), followed)?;
    find(all, context.as_deref())
}

/// The cluster and the user of a context.
fn find(kubeconfig: Kubeconfig, name: Option<&str>) -> Result<ParsedKubeconfig, AccessSourceError> {
    check_context(&kubeconfig, name)?;
    let named = kubeconfig
        .contexts
        .into_iter()
        .find(|context| Some(&*context.name) == name);
    let context = named
        .and_then(|named| named.context)
        .ok_or(AccessSourceError::EmptyContext)?;
    let named = kubeconfig
        .clusters
        .into_iter()
        .find(|cluster| cluster.name == context.cluster);
    let cluster = named
        .and_then(|named| named.cluster)
        .ok_or(AccessSourceError::NoCluster(context.cluster))?;
    // A user that is not there is nobody, as it is to client-go.
    let named = kubeconfig
        .auth_infos
        .into_iter()
        .find(|user| Some(&user.name) == context.user.as_ref());
    let mut user = named.and_then(|named| named.auth_info).unwrap_or_default();
    if let Some(exec) = &mut user.exec {
        exec.interactive_mode = Some(ExecInteractiveMode::Never); // nobody is there to answer
        if exec.provide_cluster_info {
            exec.cluster = Some(ExecAuthCluster::try_from(&cluster)?);
        }
    }
    let shows_certificate =
        user.client_certificate.is_some() || user.client_certificate_data.is_some();
    let server = server(&cluster, shows_certificate)?;
    let mut config = kube::Config::new(server);
    config.root_cert = authorities(&cluster)?;
    config.accept_invalid_certs = cluster.insecure_skip_tls_verify.unwrap_or(false);
    config.tls_server_name = cluster.tls_server_name;
    config.auth_info = user;
    if let Some(namespace) = context.namespace {
        config.default_namespace = namespace;
    }
    Ok(ParsedKubeconfig {
        config,
        proxy: cluster.proxy_url,
    })
}

fn check_context(kubeconfig: &Kubeconfig, context: Option<&str>) -> Result<(), AccessSourceError> {
    let names = kubeconfig.contexts.iter().map(|context| &context.name);
    let known: Vec<_> = names.cloned().collect();
    match context {
        None => Err(AccessSourceError::NoCurrentContext { known }),
        Some(name) if !known.iter().any(|known| known == name) => {
            Err(AccessSourceError::NoContext {
                name: name.to_owned(),
                known,
            })
        }
        Some(_) => Ok(()),
    }
}

/// The address; without a scheme it is https where anything is said of TLS, and else http.
fn server(cluster: &Cluster, shows_certificate: bool) -> Result<http::Uri, AccessSourceError> {
    let text = cluster.server.as_deref().unwrap_or("localhost");
    let speaks_tls = shows_certificate
        || cluster.certificate_authority.is_some()
        || cluster.certificate_authority_data.is_some()
        || cluster.insecure_skip_tls_verify == Some(true);
    let full = match (text.contains("://"), speaks_tls) {
        (true, _) => text.to_owned(),
        (false, true) => format!("https://{text}"),
        (false, false) => format!("http://{text}"),
    };
    let address: http::Uri = full.parse().map_err(AccessSourceError::Server)?;
    match address.scheme_str() {
        Some("http" | "https") => Ok(address),
        scheme => Err(AccessSourceError::Scheme(scheme.map(str::to_owned))),
    }
}

/// Whom the cluster has us trust; `None` where the system's authorities are meant.
fn authorities(cluster: &Cluster) -> Result<Option<Vec<Vec<u8>>>, AccessSourceError> {
    let pem = match (
        &cluster.certificate_authority_data,
        &cluster.certificate_authority,
    ) {
        (Some(data), _) => BASE64_STANDARD
            .decode(data)
            .map_err(AccessSourceError::AuthorityBase64)?,
        (None, Some(path)) => {
            let bytes = file::read(Path::new(path), file::MAX_FILE);
            let bytes = bytes
                .map_err(|cause| AccessSourceError::AuthorityUnreadable(path.clone(), cause))?;
            bytes.to_vec()
        }
        (None, None) => return Ok(None),
    };
    let certificates = CertificateDer::pem_slice_iter(&pem)
        .map(|certificate| certificate.map(|der| der.to_vec()))
        .collect::<Result<Vec<_>, _>>()
        .map_err(AccessSourceError::AuthorityPem)?;
    match certificates.is_empty() {
        true => Err(AccessSourceError::NoAuthority),
        false => Ok(Some(certificates)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEM: &str = "-----BEGIN CERTIFICATE-----\nAQID\n-----END CERTIFICATE-----\n";

    fn found(files: &[&str]) -> Result<ParsedKubeconfig, String> {
        let folder = tempfile::tempdir().unwrap();
        let files = files.iter().enumerate().map(|(nth, text)| {
            let path = folder.path().join(nth.to_string());
            std::fs::write(&path, text).unwrap();
            path
        });
        let files: Vec<_> = files.collect();
        let found = read(&files, None, &mut WatchedFiles::default());
        found.map_err(|error| error.to_string())
    }

    fn kubeconfig(cluster: &str) -> String {
        format!(
            "current-context: a\ncontexts: [{{name: a, context: {{cluster: a, user: a}}}}]\n\
             users: [{{name: a, user: {{token: 12345, tokenFile: ''}}}}]\n\
             clusters:\n- name: a\n  cluster:\n    {cluster}\n"
        )
    }

    #[test]
    fn certificates_in_the_forms_in_which_they_are_written() {
        let once = BASE64_STANDARD.encode(PEM);
        let (first, rest) = once.split_at(40);
        let twice = BASE64_STANDARD.encode(&once);
        let key = "certificate-authority-data";
        for written in [
            format!("{key}: {once}"),
            format!("{key}: |\n      {first}\n      {rest}"),
            format!("{key}: >-\n      {first}\n      {rest}"),
            format!("{key}: {first}\n      {rest}"),
            format!("{key}: !!binary {once}"),
            format!("{key}: !!binary |\n      {first}\n      {rest}"),
            format!("{key}: !!binary {twice}"),
        ] {
            let found = found(&[&kubeconfig(&format!("server: h:6443\n    {written}"))]);
            let found = found.unwrap_or_else(|error| panic!("{written}: {error}"));
            assert_eq!(
                found.config.root_cert,
                Some(vec![vec![1, 2, 3]]),
                "{written}"
            );
            let address = found.config.cluster_url.to_string();
            assert_eq!(address, "https://h:6443/", "{written}");
        }
    }

    #[test]
    fn servers_with_and_without_a_scheme() {
        for (cluster, address) in [
            ("server: h:6443", "http://h:6443/"),
            ("{}", "http://localhost/"),
            ("server: 10.0.0.1", "http://10.0.0.1/"),
            ("server: '[::1]:6443'", "http://[::1]:6443/"),
            ("server: https://h/path", "https://h/path"),
            ("{server: h, insecure-skip-tls-verify: true}", "https://h/"),
            ("{server: h, certificate-authority-data: ''}", "http://h/"),
        ] {
            let found = found(&[&kubeconfig(cluster)]).unwrap();
            assert_eq!(found.config.cluster_url.to_string(), address, "{cluster}");
            assert!(found.config.root_cert.is_none(), "{cluster}");
        }
        let error = found(&[&kubeconfig("server: ftp://h")]).err().unwrap();
        assert_eq!(
            error,
            "its server has the scheme \"ftp\": expected http or https"
        );
    }

    #[test]
    fn what_is_empty_in_the_first_file_is_said_by_the_next() {
        let first = "apiVersion: ''\nkind: Config\ncurrent-context: ''\nclusters: null\n";
        let found = found(&[first, &kubeconfig("server: http://h"), "", "# nothing"]).unwrap();
        assert_eq!(found.config.cluster_url.to_string(), "http://h/");
        assert!(
            found.config.auth_info.token.is_some() && found.config.auth_info.token_file.is_none()
        );
    }

    #[test]
    fn no_value_is_shown() {
        for text in [
            "users:\n- name: u\n  user: {token: [hunter2hunter2}\n",
            "users:\n- name: u\n  user: {token: [hunter2]}\n",
            "users: hunter2",
        ] {
            let error = found(&[text]).err().unwrap();
            assert!(error.starts_with("it is not a kubeconfig"), "{error}");
            assert!(!error.contains("hunter2"), "{error}");
        }
    }
}
