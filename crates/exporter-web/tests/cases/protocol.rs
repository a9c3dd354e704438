//! Versions, suites and curves of TLS, HTTP/2, and the response headers.

use crate::site::{Served, Site};
use s3_exporter_testkit::curl::s_client;

/// What a handshake ended with; `None` where it failed.
async fn handshake(served: &Served, arguments: &[&str]) -> Option<String> {
    s_client(&served.address, &served.ca, arguments).await
}

/// The one of these words that is in what `openssl s_client` said.
fn word<'a>(text: &Option<String>, words: &[&'a str]) -> &'a str {
    let Some(text) = text else {
        return "refused";
    };
    let found = words.iter().find(|word| text.contains(**word));
    found.unwrap_or_else(|| panic!("none of {words:?} in {text}"))
}

/// This much, openssl itself would not do, but for the last word.
const OLD: [&str; 3] = ["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"];

#[tokio::test]
async fn versions() {
    const WORDS: [&str; 2] = ["TLSv1.2", "TLSv1.3"];
    for (settings, at_1_2, at_1_3) in [
        ("", "TLSv1.2", "TLSv1.3"),
        ("  min_version: TLS13\n", "refused", "TLSv1.3"),
        ("  max_version: TLS12\n", "TLSv1.2", "refused"),
    ] {
        let site = Site::with_tls(settings);
        let (ours, theirs) = tokio::join!(site.exporter(), site.node_exporter());
        for served in [&ours, &theirs] {
            let says = word(&handshake(served, &["-tls1_2"]).await, &WORDS);
            assert_eq!(says, at_1_2, "{settings}");
            let says = word(&handshake(served, &["-tls1_3"]).await, &WORDS);
            assert_eq!(says, at_1_3, "{settings}");
            assert_eq!(handshake(served, &OLD).await, None, "{settings}");
        }
    }
    // The client could, if only the server would.
    let site = Site::with_tls("  min_version: TLS10\n");
    let theirs = site.node_exporter().await;
    assert_eq!(
        word(&handshake(&theirs, &OLD).await, &["TLSv1.1"]),
        "TLSv1.1"
    );
}

const AES: &str = "ECDHE-ECDSA-AES128-GCM-SHA256";
const CHACHA: &str = "ECDHE-ECDSA-CHACHA20-POLY1305";

#[tokio::test]
async fn suites() {
    // (Go wants this one for HTTP/2.)
    let chosen = "  cipher_suites: [TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256]\n";
    let (all, one) = (Site::with_tls(""), Site::with_tls(chosen));
    let both = format!("{CHACHA}:{AES}");
    let every = all.exporter().await;
    let says = handshake(&every, &["-tls1_2", "-cipher", &both]).await;
    assert_eq!(word(&says, &[CHACHA, AES]), CHACHA);
    let (ours, theirs) = tokio::join!(one.exporter(), one.node_exporter());
    for served in [&ours, &theirs] {
        let says = handshake(served, &["-tls1_2", "-cipher", &both]).await;
        assert_eq!(word(&says, &[AES, CHACHA]), AES);
        let says = handshake(served, &["-tls1_2", "-cipher", CHACHA]).await;
        assert_eq!(word(&says, &[AES, CHACHA]), "refused");
        // Those of TLS 1.3 are always there.
        let says = handshake(served, &["-tls1_3"]).await;
        assert_eq!(word(&says, &["TLSv1.3"]), "TLSv1.3");
    }
}

/// Go has been ignoring `prefer_server_cipher_suites` since 1.17; here it means what it says.
#[tokio::test]
async fn whose_order_of_suites_counts() {
    let chosen = "  cipher_suites: [TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256]\n";
    for (prefer, taken) in [
        ("", CHACHA),
        ("  prefer_server_cipher_suites: true\n", CHACHA),
        ("  prefer_server_cipher_suites: false\n", AES),
    ] {
        let served = Site::with_tls(&format!("{chosen}{prefer}"));
        let served = served.exporter().await;
        let both = format!("{AES}:{CHACHA}");
        let says = handshake(&served, &["-tls1_2", "-cipher", &both]).await;
        assert_eq!(word(&says, &[CHACHA, AES]), taken, "{prefer:?}");
    }
}

#[tokio::test]
async fn curves() {
    let site = Site::with_tls("  curve_preferences: [CurveP384]\n");
    let (ours, theirs) = tokio::join!(site.exporter(), site.node_exporter());
    for served in [&ours, &theirs] {
        let says = handshake(served, &["-groups", "X25519:P-384"]).await;
        assert_eq!(word(&says, &["secp384r1", "X25519"]), "secp384r1");
        assert_eq!(handshake(served, &["-groups", "X25519"]).await, None);
    }
}

#[tokio::test]
async fn http2_is_there_with_tls_unless_it_is_switched_off() {
    for (settings, version) in [("", "2"), ("http_server_config:\n  http2: false\n", "1.1")] {
        let site = Site::with_tls(settings);
        let (ours, theirs) = tokio::join!(site.exporter(), site.node_exporter());
        for served in [&ours, &theirs] {
            let answer = served.ask("/metrics", &["--http2"]).await;
            assert_eq!((answer.status, &*answer.version), (200, version));
            let answer = served.ask("/metrics", &["--http1.1"]).await;
            assert_eq!((answer.status, &*answer.version), (200, "1.1"));
        }
    }
    let site = Site::new();
    site.write("web.yml", "");
    let (ours, theirs) = tokio::join!(site.exporter(), site.node_exporter());
    for served in [&ours, &theirs] {
        let answer = served.ask_plainly("/metrics", &["--http2"]).await;
        assert_eq!((answer.status, &*answer.version), (200, "1.1"));
        let knowing = ["--http2-prior-knowledge"];
        assert_eq!(served.ask_plainly("/metrics", &knowing).await.status, 0);
    }
}

#[tokio::test]
async fn who_forgets_tls_is_told() {
    let site = Site::with_tls("");
    let (ours, theirs) = tokio::join!(site.exporter(), site.node_exporter());
    let (ours, theirs) = tokio::join!(
        ours.ask_plainly("/metrics", &["--http0.9"]),
        theirs.ask_plainly("/metrics", &["--http0.9"])
    );
    assert_eq!(ours.status, 400);
    assert_eq!((ours.status, ours.body), (theirs.status, theirs.body));
}

#[tokio::test]
async fn headers() {
    let site = Site::with_tls(
        "http_server_config:\n  headers:\n    Strict-Transport-Security: max-age=31536000\n    \
         X-Frame-Options: deny\n    X-Content-Type-Options: nosniff\n    X-XSS-Protection: 0\n    \
         Content-Security-Policy: default-src 'self'\n",
    );
    let (ours, theirs) = tokio::join!(site.exporter(), site.node_exporter());
    for served in [&ours, &theirs] {
        for path in ["/metrics", "/nothing/here"] {
            let answer = served.ask(path, &[]).await;
            for (name, value) in [
                ("Strict-Transport-Security", "max-age=31536000"),
                ("X-Frame-Options", "deny"),
                ("X-Content-Type-Options", "nosniff"),
                ("X-XSS-Protection", "0"),
                ("Content-Security-Policy", "default-src 'self'"),
            ] {
                assert_eq!(answer.header(name), Some(value), "{path}: {answer:?}");
            }
        }
    }
    // What is not set there is as it is without a web configuration.
    let answer = ours.ask("/metrics", &[]).await;
    assert_eq!(answer.header("Referrer-Policy"), Some("no-referrer"));
}
