//! A real Prometheus scrapes with all of it: TLS, a client's certificate, a password.

use std::time::{Duration, Instant};

use s3_exporter_testkit::servers::Prometheus;
use s3_exporter_testkit::site::TLS;

use crate::web::site::{Site, hash};

fn job(site: &Site, name: &str, target: &str, password: &str, certificate: bool) -> String {
    let path = |name: &str| site.path(name).display().to_string();
    let identity = match certificate {
        true => format!(", cert_file: {0}, key_file: {0}", path("known.pem")),
        false => String::new(),
    };
    format!(
        "- job_name: {name}\n  scheme: https\n  \
         basic_auth: {{username: prometheus, password: {password}}}\n  \
         tls_config: {{ca_file: {}{identity}}}\n  \
         static_configs: [{{targets: ['{target}']}}]\n",
        path("ca.crt"),
    )
}

#[tokio::test]
async fn prometheus_scrapes() {
    let site = Site::new();
    site.write(
        "web.yml",
        &format!(
            "{TLS}  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.crt\n  \
             client_allowed_sans: [known.example]\n\
             basic_auth_users:\n  prometheus: {}\n",
            hash("right")
        ),
    );
    let served = site.exporter("").await;
    let jobs = [
        ("good", "right", true, "up"),
        ("wrong-password", "wrong", true, "down"),
        ("no-certificate", "right", false, "down"),
    ];
    let text: String = jobs
        .iter()
        .map(|(name, password, certificate, _)| {
            job(&site, name, &served.address, password, *certificate)
        })
        .collect();
    let global = "global: {scrape_interval: 1s, scrape_timeout: 1s}\nscrape_configs:\n";
    let prometheus = Prometheus::start(&format!("{global}{text}")).await;
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let targets = prometheus.targets().await;
        let health = |name: &str| {
            let target = targets.iter().find(|t| t["labels"]["job"] == name);
            target.map(|target| target["health"].as_str().unwrap().to_owned())
        };
        let seen: Vec<_> = jobs.iter().map(|(name, ..)| health(name)).collect();
        let wanted: Vec<_> = jobs.iter().map(|(.., is)| Some((*is).to_owned())).collect();
        if seen == wanted {
            break;
        }
        assert!(Instant::now() < deadline, "{targets:#?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let shown = prometheus.query("objectstore_exporter_build_info").await;
    assert_eq!(shown.len(), 1, "{shown:?}");
    assert_eq!(shown[0].labels["job"], "good");
}
