//! The bodies of the fuzz targets in `fuzz/`, for a fixed number of inputs: real ones that were
//! broken in every way we know. (That of the page scanner runs in `backends/page`.)

use fastrand::Rng;
use s3_exporter::config::Environment;

mod configuration;
mod explain;
mod state;
mod web;

/// Breaks a text in one place.
fn mutate(text: &mut Vec<u8>, words: &[&str], rng: &mut Rng) {
    let from = rng.usize(..=text.len());
    let to = (from + rng.usize(..24)).min(text.len());
    match rng.u8(..6) {
        0 => text.truncate(from),
        1 => drop(text.drain(from..to)),
        2 => text[from..to]
            .iter_mut()
            .for_each(|byte| *byte = rng.u8(..)),
        3 => {
            let again = text[from..to].to_vec();
            let at = rng.usize(..=text.len());
            text.splice(at..at, again);
        }
        _ => {
            let word = words[rng.usize(..words.len())].bytes();
            text.splice(from..to, word);
        }
    }
}

fn broken(seeds: &[&[u8]], words: &[&str], rng: &mut Rng) -> Vec<u8> {
    let mut text = seeds[rng.usize(..seeds.len())].to_vec();
    for _ in 0..rng.u8(..5) {
        mutate(&mut text, words, rng);
    }
    text
}

#[test]
fn configurations() {
    const INPUTS: u64 = 3_000;
    let seeds: [&[u8]; 3] = [
        include_bytes!("../../config.toml.example"),
        b"\n",
        b"[backends.a]\ntype = \"minio\"\nendpoint = \"https://m\"\naccess_key_id = \"i\"\n#\n\
          [[destinations]]\nbucket = \"b\"\nclusters = [\"${HIDDEN}\", \"b\"]\ninterval = \"1m\"\n",
    ];
    let words = [
        "${HIDDEN}",
        "${",
        "$$",
        "\"",
        "'",
        "\"\"\"",
        "[[destinations]]\n",
        "[backends.x]\n",
        "[limits]\n",
        "= 1\n",
        "= \"\"\n",
        "= [",
        "]",
        "{",
        "}",
        "\n",
        "\u{feff}",
        "9223372036854775808",
        "-1",
        "1e400",
        "1979-05-27",
        "true",
        "type = \"s3\"\n",
        "secret_access_key = ",
        "${HIDDEN",
        "\\u0000",
        "\\U00110000",
        "a.b.c = 1\n",
    ];
    let mut good = 0;
    for seed in 0..INPUTS {
        let mut rng = Rng::with_seed(seed);
        good += u64::from(configuration::check(&broken(&seeds, &words, &mut rng)));
    }
    assert!(good > INPUTS / 100, "only {good} are configurations still");
}

#[test]
fn explanations() {
    const INPUTS: u64 = 20_000;
    let seeds: [&[u8]; 3] = [
        b"p/\n-\np/a-b-2026.db.gz\na\na-b\nb\n",
        b"\n\n\na\nab\nabc\n",
        "x\n--\nx\u{202e}a--\u{1b}[31m\n\u{202e}a\nä\n".as_bytes(),
    ];
    let words = [
        "a", "a-b", "-", "--", "/", "p/", "\n", "\n\n", "ä", "\u{202e}", "\u{1b}", "\"",
    ];
    let mut owned = 0;
    for seed in 0..INPUTS {
        let mut rng = Rng::with_seed(seed);
        owned += u64::from(explain::check(&broken(&seeds, &words, &mut rng)));
    }
    assert!((INPUTS / 10..INPUTS).contains(&owned), "{owned}");
}

#[test]
fn states() {
    const INPUTS: u64 = 20_000;
    let seeds = state::seeds();
    let seeds: Vec<_> = seeds.iter().map(Vec::as_slice).collect();
    let words = [
        "null",
        "-1",
        "9007199254740993",
        "18446744073709551615",
        "1e400",
        "\"\"",
        "[[[[[[",
        "{",
        "}",
        "\"known\":false",
        "\"objects\":0",
        ",",
        ":",
        "\\u0000",
        "\u{202e}",
        "[",
        "]",
    ];
    let mut good = 0;
    for seed in 0..INPUTS {
        let mut rng = Rng::with_seed(seed);
        let mut body = broken(&seeds, &words, &mut rng);
        if rng.u8(..4) > 0 {
            body = state::signed(&body); // else hardly any would pass the checksum
        }
        good += u64::from(state::check(&body));
    }
    assert!(good > INPUTS / 100, "only {good} are states still");
}

#[test]
fn web_configurations() {
    const INPUTS: u64 = 20_000;
    let seeds: [&[u8]; 3] = [
        b"tls_server_config:\n  cert_file: a.crt\n  key_file: a.key\n  client_auth_type: RequireAndVerifyClientCert\n  \
          client_ca_file: ca.crt\n  min_version: TLS12\n  cipher_suites:\n  - TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256\n",
        b"http_server_config:\n  http2: true\n  headers:\n    X-Frame-Options: deny\n",
        b"basic_auth_users:\n#\n",
    ];
    let words = [
        ":",
        ": ",
        "\n",
        "  ",
        "\t",
        "- ",
        "[",
        "]",
        "{",
        "}",
        "&a",
        "*a",
        "!!binary ",
        "|",
        ">",
        "---\n",
        "? ",
        "#",
        "\"",
        "'",
        "~",
        "<<: *a",
        "%YAML 1.2\n",
        "\u{feff}",
        "\\x00",
        "1e400",
        "basic_auth_users:\n",
        "tls_server_config:\n",
        "  headers:\n",
        "rate_limit: 1\n",
    ];
    let mut good = 0;
    for seed in 0..INPUTS {
        let mut rng = Rng::with_seed(seed);
        good += u64::from(web::check(&broken(&seeds, &words, &mut rng)));
    }
    assert!(good > 10, "only {good} are configurations still");
}

/// That a target finds something at all: each of these is a fault of the kind it looks for.
#[test]
fn the_bodies_can_fail() {
    let environment: Environment = configuration::environment();
    assert!(configuration::tells(&format!(
        "x {} y",
        configuration::CANARY
    )));
    assert!(
        environment
            .text("SECRET_ACCESS_KEY")
            .is_ok_and(configuration::tells)
    );
    assert!(!configuration::tells("x"));
}
