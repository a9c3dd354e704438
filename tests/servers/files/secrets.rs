//! White space around secrets, and dollars in them.

use super::{S3sServer, Site, server, store};
use crate::common::{Exporter, Metrics};

const ID: &str = S3sServer::ACCESS_KEY;
const SECRET: &str = S3sServer::SECRET_KEY;

fn is_well(metrics: &Metrics, destinations: &[String]) -> bool {
    destinations
        .iter()
        .all(|name| metrics.of(name, "objectstore_scan_success") == Some(1.0))
}

/// What editors, Kubernetes' secrets and `command > file` leave.
#[tokio::test]
async fn one_line_end_at_the_end_is_cut_everywhere() {
    let server = server();
    let (mut config, mut names) = ("scan.interval = \"1s\"\n".to_owned(), Vec::new());
    let ways = [
        (
            "file",
            "access_key_id_file = \"id\"\nsecret_access_key_file = \"secret\"".to_owned(),
        ),
        (
            "windows",
            "access_key_id_file = \"id-crlf\"\nsecret_access_key_file = \"secret-crlf\"".to_owned(),
        ),
        (
            "inline",
            format!("access_key_id = \"{ID}\\n\"\nsecret_access_key = \"{SECRET}\\r\\n\""),
        ),
        (
            "expanded",
            "access_key_id = \"${ID}\"\nsecret_access_key = \"${SECRET}\"".to_owned(),
        ),
        (
            "overridden",
            "access_key_id = \"x\"\nsecret_access_key = \"y\"".to_owned(),
        ),
        ("sdk", String::new()),
    ];
    let mut environment = vec![
        ("ID".to_owned(), format!("{ID}\n")),
        ("SECRET".to_owned(), format!("{SECRET}\n")),
        ("AWS_ACCESS_KEY_ID".to_owned(), format!("{ID}\n")),
        ("AWS_SECRET_ACCESS_KEY".to_owned(), format!("{SECRET}\r\n")),
    ];
    for (way, lines) in &ways {
        for kind in ["s3", "minio"] {
            if (*way, kind) == ("sdk", "minio") {
                continue; // it looks for none by itself
            }
            let name = format!("{way}-{kind}");
            config += &store(&name, kind, &server.endpoint(), lines);
            if *way == "overridden" {
                let key = format!(
                    "S3_EXPORTER__BACKENDS__{}",
                    name.to_uppercase().replace('-', "_")
                );
                environment.push((format!("{key}__ACCESS_KEY_ID"), format!("{ID}\n")));
                environment.push((format!("{key}__SECRET_ACCESS_KEY"), format!("{SECRET}\n")));
            }
            names.push(name);
        }
    }
    let crlf = [format!("{ID}\r\n"), format!("{SECRET}\r\n")];
    let files = [
        ("id", &*format!("{ID}\n")),
        ("secret", &format!("{SECRET}\n")),
        ("id-crlf", &crlf[0]),
        ("secret-crlf", &crlf[1]),
    ];
    let environment: Vec<_> = environment
        .iter()
        .map(|(name, value)| (&**name, &**value))
        .collect();
    let mut exporter = Exporter::with_config_in(&config, &files, &environment).await;
    exporter
        .until("each has logged in", |now| is_well(now, &names))
        .await;
    let warned = exporter.log_lines().into_iter().find(|line| {
        let said = line["msg"].as_str().unwrap_or_default();
        line["level"] == "warn" && !said.contains("watch the same objects") // as they do
    });
    assert_eq!(warned, None);

    let site = Site::new();
    site.write("config.toml", &config);
    files.iter().for_each(|(name, text)| site.write(name, text));
    let said = site.run(&["check"], &environment);
    assert_eq!(said.code, Some(0), "{said:?}");
    // The seed's flags and variables.
    let flags = [
        "-endpoint",
        &server.endpoint(),
        "-bucket",
        super::BUCKET,
        "-cluster",
        "a",
    ];
    for (arguments, environment) in [
        (
            vec!["-access-key-id", &*crlf[0], "-secret-access-key", &*crlf[1]],
            vec![],
        ),
        (
            vec![],
            vec![
                ("ACCESS_KEY_ID", &*crlf[0]),
                ("SECRET_ACCESS_KEY", &*crlf[1]),
            ],
        ),
    ] {
        let arguments = [&["once"], &flags[..], &arguments[..]].concat();
        let said = site.run(&arguments, &environment);
        assert_eq!(said.code, Some(0), "{said:?}");
    }
}

/// Of a secret with something around it: what is said of it.
const MISPLACED: [(&str, &str, &str); 5] = [
    ("", " ", "a space at its end"),
    ("\t", "", "a tab at its beginning"),
    (
        "",
        "\n\n",
        "a line end at its end, beside the one that is cut",
    ),
    ("\u{feff}", "\n", "a byte order mark at its beginning"),
    ("", "\u{a0}", "a blank (U+00A0) at its end"),
];

#[test]
fn check_names_what_is_misplaced_and_not_the_secret() {
    let site = Site::new();
    for kind in ["s3", "minio"] {
        for (before, after, says) in MISPLACED {
            for key in ["access_key_id", "secret_access_key", "session_token"] {
                let keys = |of: &str, line: String| {
                    let all = ["access_key_id", "secret_access_key", "session_token"];
                    let others = all.iter().filter(|other| **other != of);
                    let lines: String = others
                        .map(|other| format!("{other} = \"other\"\n"))
                        .collect();
                    store(
                        "own",
                        kind,
                        "http://127.0.0.1:1",
                        &format!("{line}\n{lines}"),
                    )
                };
                let value = format!("{before}hunter-2{after}");
                site.write("secret", &value);
                let escaped = value.replace('\n', "\\n").replace('\t', "\\t");
                let says = match says.strip_prefix("a blank (U+00A0)") {
                    // Where nothing but ASCII can be, it is that which counts.
                    None => says.to_owned(),
                    Some(place) => format!("a blank (U+00A0){place}"),
                };
                for (line, place) in [
                    (
                        format!("{key} = \"{escaped}\""),
                        format!("`backends.own.{key}` holds "),
                    ),
                    (
                        format!("{key} = \"${{SECRET}}\""),
                        format!("`backends.own.{key}` holds "),
                    ),
                    (
                        format!("{key}_file = \"secret\""),
                        format!(
                            "`backends.own.{key}_file`: reading the secret file secret: it holds "
                        ),
                    ),
                ] {
                    site.write("config.toml", keys(key, line.clone()));
                    for command in [&["check"][..], &["check", "--connect"], &["once"]] {
                        let said = site.run(command, &[("SECRET", &value)]);
                        let expected = format!("error: config.toml:5: {place}{says}");
                        let is_said = said.stderr.contains(&expected)
                            || command == ["once"] && said.stdout.contains("kind=\"credentials\"");
                        assert!(is_said, "{line} {command:?}: {expected} is not in {said:?}");
                        assert_ne!(said.code, Some(0), "{line} {command:?}");
                        let all = said.stderr + &said.stdout;
                        assert!(!all.contains("hunter"), "{line} {command:?}: {all}");
                        if !line.contains("_file") {
                            break; // it is refused by each command alike
                        }
                    }
                }
            }
        }
    }
}

/// Of a file it is a failure of `credentials` that says where, and the store is not asked.
#[tokio::test]
async fn what_is_misplaced_reaches_nobody() {
    let server = server();
    let by_file =
        |name: &str| format!("access_key_id_file = \"id\"\nsecret_access_key_file = \"{name}\"");
    let mut config = "scan.interval = \"1s\"\n".to_owned();
    for kind in ["s3", "minio"] {
        config += &store(kind, kind, &server.endpoint(), &by_file("secret"));
    }
    config += &store("sdk", "s3", &server.endpoint(), "");
    let secret = format!(" {SECRET}");
    let files = [("id", ID), ("secret", &*secret)];
    let environment = [
        ("AWS_ACCESS_KEY_ID", &*format!("{ID} \n")),
        ("AWS_SECRET_ACCESS_KEY", SECRET),
    ];
    let mut exporter = Exporter::with_config_in(&config, &files, &environment).await;
    let all = ["s3", "minio", "sdk"];
    let failing = |now: &Metrics| all.iter().all(|name| now.failing(name) == ["credentials"]);
    exporter.until("all fail", failing).await;
    let status = exporter.status().await.to_string();
    for says in [
        "it holds a space at its beginning",
        "environment variable AWS_ACCESS_KEY_ID holds a space at its end",
    ] {
        assert!(status.contains(says), "{says} is not in {status}");
        assert!(
            exporter.log().contains(says),
            "{says} is not in {}",
            exporter.log()
        );
    }
    assert_eq!(server.faults().requests(), 0, "the store was asked");
    // At the start, whatever comes of it.
    let says = "config.toml:7: `backends.s3.secret_access_key_file`";
    let is_told = |line: &serde_json::Value| {
        let said = line["msg"].as_str().unwrap_or_default();
        line["level"] == "warn" && said.contains(says)
    };
    let told = |lines: &[serde_json::Value]| lines.iter().any(is_told);
    exporter.until_log(says, told).await;
    std::fs::write(exporter.file("secret"), SECRET).unwrap();
    let names = ["s3".to_owned(), "minio".to_owned()];
    exporter
        .until("they have healed", |now| is_well(now, &names))
        .await;
}

/// Where `$$` became `$`, which is not what everybody means, the advice says so.
#[tokio::test]
async fn dollars_that_were_halved_are_told_where_the_signature_is_wrong() {
    let server = server();
    server.add_user("dollars", "se$$cret", true);
    let keys =
        |secret: &str| format!("access_key_id = \"dollars\"\nsecret_access_key = \"{secret}\"");
    let mut config = "scan.interval = \"1s\"\n".to_owned();
    for kind in ["s3", "minio"] {
        for (name, secret) in [
            ("right", "se$$$$cret"),
            ("halved", "se$$cret"),
            ("wrong", "secret"),
        ] {
            config += &store(
                &format!("{name}-{kind}"),
                kind,
                &server.endpoint(),
                &keys(secret),
            );
        }
    }
    let mut exporter = Exporter::with_config(&config, &[]).await;
    exporter
        .until("those fail that are wrong", |now| {
            ["s3", "minio"].iter().all(|kind| {
                let is_failing =
                    |name: &str| now.failing(&format!("{name}-{kind}")) == ["credentials"];
                is_failing("halved")
                    && is_failing("wrong")
                    && now.of(&format!("right-{kind}"), "objectstore_scan_success") == Some(1.0)
            })
        })
        .await;
    let errors: Vec<_> = exporter
        .log_lines()
        .into_iter()
        .filter(|line| line["kind"] == "credentials")
        .collect();
    for line in &errors {
        let destination = line["destination"].as_str().unwrap();
        let says = line["error"]
            .as_str()
            .unwrap()
            .contains("a `$$` in the configuration's `secret_access_key` stands for one `$`");
        assert_eq!(says, destination.starts_with("halved"), "{line}");
    }
    assert!(errors.len() >= 4, "{errors:?}");
}
