//! `healthcheck`, beside an exporter that runs.

use std::process::Command;

use s3_exporter_testkit::site;
use s3_exporter_testkit::site::Served;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::common::command::{Output, SECRETS};
use crate::common::program;

/// A store that is not there: the first scan has failed soon, and then it is ready.
const CONFIG: &str = "[backends.b]\ntype = \"minio\"\nendpoint = \"http://127.0.0.1:1\"\n\
                      access_key_id = \"id-hunter-1\"\nsecret_access_key = \"key-hunter-2\"\n\
                      [[destinations]]\nbucket = \"backups\"\nmax_age = \"1d\"\n";

/// Where an exporter is started and asked.
struct Place(site::Site);

impl Place {
    fn new() -> Self {
        Self(site::Site::new())
    }

    /// Writes the configuration, with more in `[server]`, and starts the exporter.
    async fn start(&self, server: &str, config: &str) -> Served {
        let port = s3_exporter_testkit::Port::take();
        let text = format!("[server]\nlisten = [\"127.0.0.1:{port}\"]\n{server}\n{config}");
        self.0.write("config.toml", &text);
        let arguments = [format!("--config={}", self.0.path("config.toml").display())];
        self.0.start(program(), &arguments, &[], port).await
    }

    /// Asks in this folder.
    fn ask(&self, arguments: &[&str]) -> Output {
        self.ask_in(arguments, &[])
    }

    fn ask_in(&self, arguments: &[&str], environment: &[(&str, &str)]) -> Output {
        let output = Command::new(program())
            .arg("healthcheck")
            .args(arguments)
            .current_dir(self.0.path(""))
            .env_clear()
            .envs(environment.iter().copied())
            .output()
            .unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        let output = Output {
            code: output.status.code(),
            stdout: text(output.stdout),
            stderr: text(output.stderr).lines().map(str::to_owned).collect(),
        };
        for secret in SECRETS {
            assert!(!format!("{output:?}").contains(secret), "{output:?}");
        }
        output
    }

    #[track_caller]
    fn is(&self, arguments: &[&str], said: &str) {
        let output = self.ask(arguments);
        assert_eq!(
            (output.code, &*output.stdout),
            (Some(0), said),
            "{output:?}"
        );
    }

    #[track_caller]
    fn is_not(&self, arguments: &[&str], reason: &str) {
        let output = self.ask(arguments);
        assert_eq!((output.code, &*output.stdout), (Some(1), ""), "{output:?}");
        let [line] = &output.stderr[..] else {
            panic!("no one line: {output:?}");
        };
        assert!(line.contains(reason), "{line}");
    }
}

#[tokio::test]
async fn it_says_whether_the_exporter_answers() {
    let place = Place::new();
    let mut exporter = place.start("", CONFIG).await;
    place.is(&[], "healthy\n");
    place.is(&["config.toml"], "healthy\n");
    place.is(&["--config", "config.toml"], "healthy\n");

    // It runs on with the configuration of before.
    let config = std::fs::read_to_string(place.0.path("config.toml")).unwrap();
    place
        .0
        .write("config.toml", &format!("{config}\n[sever]\n"));
    place.is(&[], "healthy\n");
    place.0.write("config.toml", &config);

    // A container's check is not told the flags of what runs there.
    let elsewhere = Place::new();
    let listen = [("S3_EXPORTER__SERVER__LISTEN", exporter.address.as_str())];
    let output = elsewhere.ask_in(&[], &listen);
    assert_eq!(
        (output.code, &*output.stdout),
        (Some(0), "healthy\n"),
        "{output:?}"
    );
    let output = elsewhere.ask_in(&["-address", &exporter.address], &[]);
    assert_eq!(
        (output.code, &*output.stdout),
        (Some(0), "healthy\n"),
        "{output:?}"
    );

    // Suspended, it accepts connections, and nothing more.
    exporter.process.signal("STOP");
    place.is_not(&[], "within 5 s");
    exporter.process.signal("CONT");
    place.is(&[], "healthy\n");
    exporter.process.signal("TERM");
    exporter.process.wait().await;
    place.is_not(
        &[],
        &format!("no answer from {}: Connection refused", exporter.address),
    );
}

#[tokio::test]
async fn ready_is_who_has_scanned() {
    // A store that accepts connections and says nothing.
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let place = Place::new();
    let address = silent.local_addr().unwrap().to_string();
    let _exporter = place
        .start(
            "",
            &CONFIG.replace("127.0.0.1:1\"", &format!("{address}\"")),
        )
        .await;
    place.is(&[], "healthy\n");
    place.is_not(
        &["--ready"],
        "answers 503: not ready: waiting for the first scan of 1 of 1 destination",
    );

    let place = Place::new();
    let mut exporter = place.start("", CONFIG).await;
    exporter
        .process
        .until("the first scan has failed", || {
            std::future::ready(place.ask(&["--ready"]).code == Some(0))
        })
        .await;
    place.is(&["--ready"], "ready\n");
}

#[tokio::test]
async fn it_asks_as_the_web_configuration_says() {
    let place = Place::new();
    let web = "web_config_file = \"web.yml\"";
    place.0.write("web.yml", site::TLS);
    let exporter = place.start(web, CONFIG).await;
    place.is(&[], "healthy\n");
    // While somebody edits it, too.
    place.0.write("web.yml", "tls_server_confg: {}\n");
    place.is(&[], "healthy\n");
    drop(exporter);

    let users = format!(
        "{}basic_auth_users:\n  a: {}\n",
        site::TLS,
        bcrypt::hash("x", 4).unwrap()
    );
    place.0.write("web.yml", &users);
    let exporter = place.start(web, CONFIG).await;
    place.is(&[], "healthy: it answers, and asks for a password\n");
    place.is_not(&["--ready"], "set `probes_without_auth = true` in [server]");
    drop(exporter);
    let mut exporter = place
        .start(&format!("{web}\nprobes_without_auth = true"), CONFIG)
        .await;
    place.is(&[], "healthy\n");
    exporter
        .process
        .until("the first scan has failed", || {
            std::future::ready(place.ask(&["--ready"]).code == Some(0))
        })
        .await;
    drop(exporter);

    for version in ["TLS12", "TLS13"] {
        let clients = "client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: ca.crt";
        place.0.write(
            "web.yml",
            &format!("{}  {clients}\n  max_version: {version}\n", site::TLS),
        );
        let _exporter = place.start(web, CONFIG).await;
        place.is(
            &[],
            "healthy: it answers, and asks for a client's certificate\n",
        );
        place.is_not(&["--ready"], "leave out --ready");
    }
}

#[tokio::test]
async fn another_program_at_its_port_is_not_healthy() {
    let other = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = other.local_addr().unwrap().to_string();
    let answers = tokio::spawn(async move {
        for answer in [
            "220 mail.example ESMTP\r\n",
            "HTTP/1.1 404 Not Found\r\ncontent-length: 2\r\n\r\nno",
        ] {
            let (mut stream, _) = other.accept().await.unwrap();
            let mut head = [0; 1024];
            let _ = stream.read(&mut head).await.unwrap();
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    let place = Place::new();
    let asked = tokio::task::spawn_blocking(move || {
        let listen = [("S3_EXPORTER__SERVER__LISTEN", address.as_str())];
        [place.ask_in(&[], &listen), place.ask_in(&[], &listen)]
    });
    let [first, second] = asked.await.unwrap();
    answers.await.unwrap();
    assert_eq!(
        (first.code, second.code),
        (Some(1), Some(1)),
        "{first:?} {second:?}"
    );
    assert!(first.stderr[0].contains("no answer from"), "{first:?}");
    assert!(second.stderr[0].ends_with("answers 404: no"), "{second:?}");
}

#[tokio::test]
async fn a_file_that_is_not_there_is_wrong_usage() {
    let place = Place::new();
    let output = place.ask(&["--config", "none.toml"]);
    assert_eq!(output.code, Some(2), "{output:?}");
    assert!(output.stderr[0].contains("none.toml"), "{output:?}");
}
