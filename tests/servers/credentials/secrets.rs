//! No secret is shown anywhere, whatever is logged, while scans succeed and fail.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use s3_exporter::cli::Flags;
use s3_exporter::cli::flags::CONFIG;
use s3_exporter::config::{self, Environment};
use s3_exporter::supervisor;
use s3_exporter_testkit::servers::Kubernetes;
use s3_exporter_testkit::{Authority, Aws, OpenId, S3Client, Session};

use crate::common::{Exporter, program};
use crate::credentials::place::*;

/// What must not be seen, by what it is.
#[derive(Default)]
struct Secrets(BTreeMap<String, String>);

impl Secrets {
    fn add(&mut self, what: &str, secret: &str) {
        assert!(secret.len() >= 12, "{what} might be seen by chance");
        self.0.insert(what.to_owned(), secret.to_owned());
    }

    fn add_session(&mut self, what: &str, session: &Session) {
        self.add(&format!("the secret key of {what}"), &session.secret_key);
        self.add(&format!("the token of {what}"), &session.token);
    }

    /// Fails where `text` holds one, or its beginning, as it is or as a URL or base64 has it.
    fn check(&self, place: &str, text: &str) {
        for (what, secret) in &self.0 {
            let encoded = utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string();
            for form in [&secret[..12], &encoded[..encoded.len().min(16)]] {
                if let Some(at) = text.find(form) {
                    let around = text.get(at.saturating_sub(300)..(at + 60).min(text.len()));
                    panic!("{place} shows {what}: {}", around.unwrap_or_default());
                }
            }
        }
    }
}

/// Everything that a secret can be in, and what is to become of the scan.
struct Stage {
    place: Place,
    kubernetes: Kubernetes,
    aws: Aws,
    secrets: Secrets,
    environment: Vec<(String, String)>,
    stores: Vec<String>,
}

const WELL: [&str; 10] = [
    "keys",
    "plain",
    "files",
    "session",
    "role",
    "process",
    "profile",
    "token",
    "container",
    "sso",
];
const FAILING: [(&str, &str); 5] = [
    ("wrong", "credentials"),
    ("wrong-plain", "credentials"),
    ("wrong-session", "credentials"),
    ("chained", "credentials"),
    ("proxied", "connect"),
];

impl Stage {
    async fn set() -> Self {
        let ((provider, minio), kubernetes) = tokio::join!(servers(), Kubernetes::start());
        kubernetes.install_clusters().await;
        let endpoint = minio.endpoint();
        let aws = Aws::start(&endpoint);
        let mut stage = Self {
            place: Place::new(),
            kubernetes,
            aws,
            secrets: Secrets::default(),
            environment: Vec::new(),
            stores: vec!["[log]\nlevel = \"trace\"\n".to_owned()],
        };
        let reader = user(minio, "secrets").await;
        stage.secrets.add("a secret key", &secret_of("secrets"));
        stage.keys(&endpoint, &reader).await;
        stage.profiles(&endpoint, &reader, provider).await;
        stage.resolvers().await;
        stage
    }

    fn add(&mut self, name: &str, kind: &str, endpoint: &str, lines: &str) {
        self.stores.push(store(name, kind, endpoint, lines));
    }

    /// Written in the configuration, and in files that it names.
    async fn keys(&mut self, endpoint: &str, reader: &S3Client) {
        let keys = |id: &str, secret: &str| {
            format!("access_key_id = \"{id}\"\nsecret_access_key = \"{secret}\"\n")
        };
        let good = keys("secrets", &secret_of("secrets"));
        let wrong = keys("secrets", "wrong-secret-key-hunter");
        self.secrets
            .add("a wrong secret key", "wrong-secret-key-hunter");
        for (suffix, kind) in [("", "s3"), ("-plain", "minio")] {
            let name = if suffix.is_empty() { "keys" } else { "plain" };
            self.add(name, kind, endpoint, &good);
            self.add(&format!("wrong{suffix}"), kind, endpoint, &wrong);
        }
        self.place.write("id", "secrets");
        self.place.write("secret", &secret_of("secrets"));
        let files = "access_key_id_file = \"id\"\nsecret_access_key_file = \"secret\"\n";
        self.add("files", "s3", endpoint, files);

        let session = reader.session(900).await;
        self.secrets.add_session("a session", &session);
        let token = format!("session_token = \"{}\"\n", session.token);
        let of_session = keys(&session.access_key, &session.secret_key) + &token;
        self.add("session", "s3", endpoint, &of_session);
        let wrong = keys(&session.access_key, "wrong-secret-key-hunter") + &token;
        self.add("wrong-session", "s3", endpoint, &wrong);

        let role = format!(
            "role_arn = \"arn:aws:iam::123456789012:role/r\"\nsts_endpoint = \"{}\"\n",
            self.aws.endpoint()
        );
        self.add("role", "s3", endpoint, &(good.clone() + &role));
        // The STS answers with the request, in which the token stands.
        self.add("chained", "s3", endpoint, &(of_session + &role));
        let proxy = "proxy = \"http://user:proxy-password-hunter@127.0.0.1:1\"\n";
        self.add("proxied", "s3", endpoint, &(good + proxy));
        self.secrets
            .add("a proxy's password", "proxy-password-hunter");
        use base64::Engine;
        let sent = base64::prelude::BASE64_STANDARD.encode("user:proxy-password-hunter");
        self.secrets.add("a proxy's password as it is sent", &sent);
    }

    /// What the SDK finds in its places.
    async fn profiles(&mut self, endpoint: &str, reader: &S3Client, provider: &OpenId) {
        let [process, handed_out] = [reader.session(900).await, reader.session(900).await];
        self.secrets.add_session("a program", &process);
        self.secrets.add_session("the services", &handed_out);
        self.aws.hand_out(Some(&handed_out));
        self.aws.want_authorization("authorization-token-hunter");
        self.secrets.add(
            "a container's and SSO's token",
            "authorization-token-hunter",
        );
        let printed = self
            .place
            .write("printed.json", &process.printed().to_string());
        let script = self.place.write(
            "print",
            "#!/bin/sh\n[ \"$2\" = argument-secret-hunter ] && cat \"$1\"\n",
        );
        std::fs::set_permissions(&script, PermissionsExt::from_mode(0o755)).unwrap();
        self.secrets
            .add("an argument of a program", "argument-secret-hunter");
        let token = provider.token("secrets", 3600);
        self.secrets.add("a web identity token", &token);
        let token = self.place.write("token", &token);
        let secret = secret_of("secrets");
        self.secrets
            .add("a key that is overridden", "overridden-key-hunter");
        let config = format!(
            "[profile process]\ncredential_process = {} {} argument-secret-hunter\n\
             [profile double]\naws_access_key_id = secrets\naws_secret_access_key = overridden-key-hunter\n\
             [profile token]\nrole_arn = {}\nweb_identity_token_file = {}\n\
             [profile sso]\nsso_start_url = https://example.awsapps.com/start\nsso_region = us-east-1\n\
             sso_account_id = 123456789012\nsso_role_name = reader\n",
            script.display(),
            printed.display(),
            OpenId::role_arn(),
            token.display(),
        );
        self.place.write(".aws/config", &config);
        let credentials =
            format!("[double]\naws_access_key_id = secrets\naws_secret_access_key = {secret}\n");
        self.place.write(".aws/credentials", &credentials);
        self.place.write(
            ".aws/sso/cache/e8be5486177c5b5392bd9aa76563515b29358e6e.json",
            r#"{"accessToken": "authorization-token-hunter", "expiresAt": "2099-01-01T00:00:00Z"}"#,
        );
        let profiles = [
            ("process", "process"),
            ("profile", "double"),
            ("token", "token"),
            ("sso", "sso"),
        ];
        for (name, profile) in profiles {
            self.add(name, "s3", endpoint, &format!("profile = \"{profile}\"\n"));
        }
        self.add("container", "s3", endpoint, "");
        let at = |path: &str| format!("{}{path}", self.aws.endpoint());
        self.environment = [
            ("AWS_ENDPOINT_URL_STS", at("")),
            ("AWS_ENDPOINT_URL_SSO", at("")),
            ("AWS_CONTAINER_CREDENTIALS_FULL_URI", at("/v1/credentials")),
            (
                "AWS_CONTAINER_AUTHORIZATION_TOKEN",
                "authorization-token-hunter".to_owned(),
            ),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into();
    }

    /// One that knows the clusters, and one whose token is none.
    async fn resolvers(&mut self) {
        self.secrets
            .add("a bearer token", "wrong-bearer-token-hunter");
        for (name, token) in [
            ("right", Kubernetes::ADMIN),
            ("stranger", "wrong-bearer-token-hunter"),
        ] {
            let path = self.kubernetes.kubeconfig(name, token);
            self.stores.push(format!(
                "[resolvers.{name}]\ntype = \"kubernetes\"\nkubeconfig = \"{}\"\n\
                 [[destinations]]\nname = \"of-{name}\"\nbackend = \"keys\"\nbucket = \"{BUCKET}\"\n\
                 resolver = \"{name}\"\n",
                path.display()
            ));
        }
    }

    fn environment(&self) -> Vec<(&str, &str)> {
        let own = self.environment.iter();
        own.map(|(name, value)| (&**name, &**value)).collect()
    }

    /// Everything that the running exporter shows.
    async fn check_pages(&self, exporter: &Exporter) {
        self.secrets.check("the log", &exporter.log());
        for path in ["/metrics", "/api/v1/status", "/-/ready", "/status"] {
            self.secrets.check(path, &exporter.get(path).await);
        }
        let page = reqwest::Client::new()
            .get(exporter.url("/"))
            .header("accept", "text/html")
            .send()
            .await
            .unwrap();
        self.secrets
            .check("the status page", &page.text().await.unwrap());
    }

    /// What a command prints and logs.
    fn check_command(&self, arguments: &[&str]) -> String {
        let output = Command::new(program())
            .args(arguments)
            .args([
                "--config",
                self.place.path().join("config.toml").to_str().unwrap(),
            ])
            .env("HOME", self.place.path())
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .envs(self.environment())
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        self.secrets.check(&arguments.join(" "), &text);
        text
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_shows_a_secret() {
    let mut stage = Stage::set().await;
    // First what is handed out arrives broken, and so nobody can read it.
    stage.aws.spoil(true);
    let mut exporter = stage.place.start(&stage.stores, &stage.environment()).await;
    let of_aws = ["role", "token", "container", "sso"];
    until_failing(&mut exporter, &of_aws, "credentials").await;
    stage.check_pages(&exporter).await;
    stage.aws.spoil(false);
    until_well(&mut exporter, &WELL).await;
    until_well(&mut exporter, &["of-right"]).await;
    for (name, kind) in FAILING.iter().chain(&[("of-stranger", "resolver")]) {
        until_failing(&mut exporter, &[name], kind).await;
    }

    // What the STS made is secret too, whole or broken.
    let answers = stage.aws.asked();
    let sessions = answers
        .iter()
        .filter(|asked| asked.answer.contains("</AssumedRoleUser>"));
    for (nth, asked) in sessions.enumerate() {
        let session = Session::read(&asked.answer);
        stage
            .secrets
            .add_session(&format!("session {nth} of the STS"), &session);
    }
    assert!(stage.secrets.0.len() > 15, "the STS was not asked");
    let echoed = answers
        .iter()
        .any(|asked| asked.answer.contains("x-amz-security-token:"));
    assert!(echoed, "the STS has told nothing back");
    let log = exporter.log();
    assert!(
        log.contains(r#""level":"trace""#) || log.contains("\"debug\""),
        "it logs little"
    );
    stage.check_pages(&exporter).await;

    stage.check_command(&["check"]);
    let text = stage.check_command(&["check", "--connect"]);
    assert!(text.contains("wrong-session"), "{text}");
    let text = stage.check_command(&["once"]);
    assert!(text.contains("objectstore_scan_success{"), "{text}");
    stage.check_command(&["explain", "a-1"]);
    check_debug(&stage);
}

/// Of the configuration, and of what is made of it.
fn check_debug(stage: &Stage) {
    let file = stage.place.path().join("config.toml");
    let flags = Flags::default().with(&CONFIG, file.display().to_string());
    let environment = Environment::from_iter([("HOME", stage.place.path())]);
    let plugins = s3_exporter::wire::plugins();
    let config = config::load(&flags, &environment, &plugins).unwrap();
    stage
        .secrets
        .check("Debug of Config", &format!("{config:?} {config:#?}"));
    let exporter = supervisor::Supervisor::new(&config);
    stage
        .secrets
        .check("Debug of Exporter", &format!("{exporter:?} {exporter:#?}"));
    stage
        .secrets
        .check("Debug of Environment", &format!("{environment:?}"));
}

/// Who may ask is told to nobody either: not the password, not its hash, not the key for TLS.
#[tokio::test]
async fn nothing_shows_a_password() {
    use base64::Engine;
    let (password, wrong) = ("right-password-hunter", "wrong-password-hunter");
    let hash = bcrypt::hash(password, 4).unwrap();
    let key = Authority::new().issue(&["localhost"]).key;
    let mut secrets = Secrets::default();
    secrets.add("a hash", hash.split_at(7).1);
    secrets.add("a key's text", key.lines().nth(1).unwrap());
    for (what, text) in [("the password", password), ("a wrong password", wrong)] {
        secrets.add(what, text);
        let sent = base64::prelude::BASE64_STANDARD.encode(format!("me:{text}"));
        secrets.add(&format!("{what} as it is sent"), &sent);
    }
    let place = Place::new();
    let users = format!("basic_auth_users:\n  me: {hash}\n");
    place.write("web.yml", &users);
    let stores = [
        "[log]\nlevel = \"trace\"\n".to_owned(),
        "[server]\nweb_config_file = \"web.yml\"\nprobes_without_auth = true\n".to_owned(),
        store("own", "s3", "http://127.0.0.1:1", "anonymous = true"),
    ];
    let exporter = place.start(&stores, &[]).await;
    let http = reqwest::Client::new();
    for (password, status) in [(password, 200), (wrong, 401), (password, 200)] {
        for path in ["/metrics", "/", "/api/v1/status"] {
            let ask = http
                .get(exporter.url(path))
                .basic_auth("me", Some(password));
            let answer = ask.header("accept", "text/html").send().await.unwrap();
            assert_eq!(answer.status(), status, "{path}");
            secrets.check(path, &format!("{:?}", answer.headers()));
            secrets.check(path, &answer.text().await.unwrap());
        }
    }
    secrets.check("the log", &exporter.log());

    // Faults beside each of them.
    let inline = key.replace('\n', "\n    ");
    let config = place.path().join("config.toml");
    for text in [
        format!("basic_auth_users:\n  me: \"{hash}x\"\n"),
        format!("{users}tls_server_config:\n  key: |\n    {inline}\n  cert: |\n    {inline}\n"),
        format!("{users}tls_server_config:\n  key: |\n    {inline}\n  keys: [\n"),
    ] {
        place.write("web.yml", &text);
        let output = Command::new(program())
            .args(["check", "--config", config.to_str().unwrap()])
            .output()
            .unwrap();
        let shown = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        secrets.check("check", &shown);
        let output = Command::new(program())
            .args([
                "--config",
                config.to_str().unwrap(),
                "--listen",
                "127.0.0.1:0",
            ])
            .output()
            .unwrap();
        let shown = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        assert_eq!(output.status.code(), Some(2), "{shown}");
        secrets.check("the program", &shown);
    }
}
