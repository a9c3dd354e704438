//! What the web configuration's text may say, and what not.

use std::path::Path;

use super::parse;

const HASH: &str = "$2y$05$abcdefghijklmnopqrstuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuu";
const PAIR: &str = "tls_server_config:\n  cert_file: a\n  key_file: b\n";

/// The faults without the file's name.
fn faults(text: &str) -> Vec<String> {
    let path = Path::new("web.yml");
    let faults = parse(path, text).err().unwrap_or_default();
    let lines = faults.iter().map(ToString::to_string);
    lines
        .map(|line| line.strip_prefix("web.yml").unwrap().to_owned())
        .collect()
}

#[test]
fn good_ones() {
    for text in [
        "",
        "# nothing\n",
        "---\n",
        "{}",
        "basic_auth_users:\n",
        "tls_server_config:\nhttp_server_config:\nbasic_auth_users:\n",
        PAIR,
        &format!("{PAIR}  client_ca_file: ''\n  client_auth_type: ''\n"),
        &format!("{PAIR}  client_auth_type: NoClientCert\n"),
        &format!("{PAIR}  client_auth_type: RequireAnyClientCert\n"),
        &format!("{PAIR}  min_version: TLS13\n  max_version: TLS13\n"),
        &format!("{PAIR}  prefer_server_cipher_suites: false\n"),
        &format!("{PAIR}  cipher_suites: [TLS_AES_128_GCM_SHA256]\n"),
        "http_server_config: {http2: false, headers: {X-XSS-Protection: 0}}\n",
        "http_server_config:\n  http2: no\n",
        &format!("basic_auth_users: {{alice: \"{HASH}\", 'ü x': &hash \"{HASH}\", 7: *hash}}\n"),
        "tls_server_config:\n  cert: |\n    -----BEGIN CERTIFICATE-----\n  key: |\n    x\n",
        "\u{feff}basic_auth_users:\n",
    ] {
        assert_eq!(faults(text), [""; 0], "{text}");
    }
}

#[test]
fn each_fault_is_told_with_its_key_and_line() {
    let of_tls = |line: &str| format!("{PAIR}  {line}\n");
    let of_user = |line: &str| format!("basic_auth_users:\n  {line}\n");
    for (text, wanted) in [
        ("[]".to_owned(), ": this is no table: expected keys such as"),
        (
            "a: 1\na: 2\n".to_owned(),
            ":2: this is not YAML, column 1: the key \"a\" is there twice",
        ),
        (
            "basic_auth_user:\n".to_owned(),
            ":1: unknown key `basic_auth_user`: did you mean `basic_auth_users`?",
        ),
        (
            "rate_limit:\n  burst: 1\n".to_owned(),
            ":1: `rate_limit` is not supported by this exporter",
        ),
        (
            "tls_server_config: 1\n".to_owned(),
            ":1: `tls_server_config` is 1: expected a table",
        ),
        (
            "tls_server_config:\n  cert_file: a\n".to_owned(),
            ": `tls_server_config.key_file` and `key` are missing: give one of the two",
        ),
        (
            "tls_server_config:\n  key: a\n  min_version: TLS12\n".to_owned(),
            ": `tls_server_config.cert_file` and `cert` are missing",
        ),
        (
            of_tls("cert: x"),
            ":2: `tls_server_config.cert_file` is given together with `cert`",
        ),
        (
            of_tls("client_ca_file: c"),
            ":4: `tls_server_config.client_ca_file` has no effect without `client_auth_type`",
        ),
        (
            of_tls("client_auth_type: RequireAndVerifyClientCert"),
            "`tls_server_config.client_auth_type` verifies clients, which takes `client_ca_file` or `client_ca`",
        ),
        (
            of_tls("client_auth_type: RequireAndVerifyClientCer"),
            ":4: `tls_server_config.client_auth_type` is none of NoClientCert, RequestClientCert, RequireAnyClientCert, VerifyClientCertIfGiven, RequireAndVerifyClientCert; did you mean \"RequireAndVerifyClientCert\"?",
        ),
        (
            of_tls("client_allowed_sans: [a]"),
            ":4: `tls_server_config.client_allowed_sans` needs `client_auth_type` to be",
        ),
        (
            of_tls("client_allowed_sans: []"),
            ":4: `tls_server_config.client_allowed_sans` is empty or has an empty name",
        ),
        (
            of_tls("client_allowed_sans: ['', a]"),
            ":4: `tls_server_config.client_allowed_sans` is empty or has an empty name",
        ),
        (
            of_tls("min_version: TLS11"),
            ":4: `tls_server_config.min_version` is a version that this exporter's TLS (rustls) does not have",
        ),
        (
            of_tls("max_version: TLS10"),
            ":4: `tls_server_config.max_version` is a version that this exporter's TLS (rustls) does not have",
        ),
        (
            of_tls("max_version: TLS14"),
            ":4: `tls_server_config.max_version` is none of TLS12, TLS13; did you mean \"TLS12\"?",
        ),
        (
            of_tls("min_version: TLS13\n  max_version: TLS12"),
            "`tls_server_config.min_version` is above `max_version`",
        ),
        (
            of_tls("cipher_suites:\n  - TLS_RSA_WITH_AES_128_CBC_SHA"),
            ":5: `tls_server_config.cipher_suites[0]` is \"TLS_RSA_WITH_AES_128_CBC_SHA\", which this exporter's TLS (rustls) does not have: expected TLS_AES_256_GCM_SHA384",
        ),
        (
            of_tls("max_version: TLS12\n  cipher_suites: [TLS_AES_128_GCM_SHA256]"),
            "`tls_server_config.cipher_suites` has none for TLS 1.2",
        ),
        (
            of_tls("curve_preferences: [CurveP521]"),
            ":4: `tls_server_config.curve_preferences[0]` is \"CurveP521\", which this exporter's TLS (rustls) does not have: expected X25519, CurveP256, CurveP384",
        ),
        (
            of_tls("cipher_suites: TLS"),
            ":4: `tls_server_config.cipher_suites` is \"TLS\": expected a list",
        ),
        (
            of_tls("prefer_server_cipher_suites: maybe"),
            ":4: `tls_server_config.prefer_server_cipher_suites` is \"maybe\": expected true or false",
        ),
        (
            "http_server_config:\n  http2: 2\n".to_owned(),
            ":2: `http_server_config.http2` is 2: expected true or false",
        ),
        (
            "http_server_config:\n  headers:\n    Server: me\n".to_owned(),
            ":3: unknown key `http_server_config.headers.Server`",
        ),
        (
            "http_server_config:\n  headers:\n    X-Frame-Options: allow\n".to_owned(),
            ":3: `http_server_config.headers.X-Frame-Options` is of no use: expected deny or sameorigin",
        ),
        (
            "http_server_config:\n  headers:\n    Content-Security-Policy: \"a\\nb\"\n".to_owned(),
            ":3: `http_server_config.headers.Content-Security-Policy` is of no use: expected the text of a header",
        ),
        (
            "basic_auth_users: [a]\n".to_owned(),
            ":1: `basic_auth_users` is no table",
        ),
        (
            of_user("alice: secret"),
            ":2: `basic_auth_users.alice` is no bcrypt hash",
        ),
        (
            of_user("alice:"),
            ":2: `basic_auth_users.alice` is no bcrypt hash",
        ),
        (
            of_user("alice: [a]"),
            ":2: `basic_auth_users.alice` is no bcrypt hash",
        ),
        (
            of_user(&format!("a:b: {HASH}")),
            ":2: `basic_auth_users.a:b` has a colon in its name",
        ),
        (
            of_user(&format!("alice: {}", HASH.replace("$05$", "$31$"))),
            ":2: `basic_auth_users.alice` is a bcrypt hash of cost 31: expected 4 to 18",
        ),
        (
            of_user(&format!("alice: {}", HASH.replace("$05$", "$03$"))),
            ":2: `basic_auth_users.alice` is a bcrypt hash of cost 3: expected 4 to 18",
        ),
    ] {
        let found = faults(&text);
        assert_eq!(found.len(), 1, "{text}\n{found:#?}");
        assert!(
            found[0].contains(wanted),
            "{text}\n{}\nis not\n{wanted}",
            found[0]
        );
    }
}

/// Hashes, keys and certificates where they belong, and where they don't.
#[test]
fn no_fault_holds_a_secret() {
    for text in [
        "basic_auth_users:\n  alice: $2y$SECRET\n",
        "basic_auth_users:\n  $2y$SECRET: alice\n",
        "basic_auth_users:\n  alice: $2y$SECRET: x\n",
        "basic_auth_users:\n  alice: \"$2y$SECRET\n",
        "basic_auth_users:\n  alice: *SECRET\n",
        "basic_auth_users: $2y$SECRET\n",
        "basic_auth_users:\n  - $2y$SECRET\n",
        "basic_auth_users:\n  alice: {$2y$SECRET: 1}\n",
        "tls_server_config:\n  key: [SECRET]\n",
        "tls_server_config:\n  key: {SECRET: SECRET}\n",
        "tls_server_config:\n  key: SECRET\n  key_file: x\n",
        "tls_server_config:\n  key: -----BEGIN\n  SECRET\n  SECRET: |x\n",
        "tls_server_config:\n  key: !!binary SECRET\n",
        "tls_server_config:\n  key: !!int SECRET\n",
        "tls_server_config:\n  key: |\n   SECRET\n SECRET\n",
        "tls_server_config:\n  cert: {SECRET}\n",
    ] {
        let found = faults(text);
        assert!(!found.is_empty(), "{text}");
        assert!(!found.concat().contains("SECRET"), "{text}\n{found:#?}");
    }
}

#[test]
fn a_good_file_shows_no_secret_either() {
    let hash = HASH.replace("abc", "SEC");
    let text = format!(
        "tls_server_config:\n  cert_file: a\n  key: SECRET\nbasic_auth_users:\n  alice: {hash}\n"
    );
    let file = parse(Path::new("web.yml"), &text).unwrap();
    let shown = format!("{file:?}");
    assert!(shown.contains("alice") && !shown.contains("SEC"), "{shown}");
}

/// It is a file that an operator wrote; it still must not take the process down.
#[test]
fn odd_texts_end() {
    let deep = "[".repeat(100_000);
    let bombs = (0..12).fold("a0: &a0 [x, x]\n".to_owned(), |text, n| {
        format!(
            "{text}a{}: &a{} [*a{n}, *a{n}, *a{n}, *a{n}, *a{n}, *a{n}, *a{n}, *a{n}]\n",
            n + 1,
            n + 1
        )
    });
    for text in [
        &*deep,
        &*bombs,
        "&a [*a]",
        "a: &a {b: *a}",
        "\0",
        "%YAML 9.9\n---\n",
        "!!x y",
    ] {
        assert!(!faults(text).is_empty());
    }
}
