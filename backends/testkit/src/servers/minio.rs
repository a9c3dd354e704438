use std::fs;

use reqwest::StatusCode;
use tempfile::TempDir;

use crate::process::data_folder;
use crate::{Authority, Identity, Port, Process, S3Client, tool};

/// A MinIO server.
pub struct MinIo {
    process: Option<Process>,
    port: Port,
    folder: TempDir,
    environment: Vec<(String, String)>,
    scheme: &'static str,
    authority: Option<String>,
}

/// What a [`MinIo`] is to be.
#[derive(Default)]
pub struct MinIoBuilder {
    environment: Vec<(String, String)>,
    tls: Option<(String, Identity)>,
}

impl MinIoBuilder {
    /// Sets a variable of its environment, such as `MINIO_API_REQUESTS_MAX`.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Serves https, with a certificate of this authority for 127.0.0.1 and localhost.
    #[must_use]
    pub fn tls(self, authority: &Authority) -> Self {
        let identity = authority.issue(&["127.0.0.1", "localhost"]);
        self.tls_with(authority, identity)
    }

    /// Serves https with this certificate, signed by `authority`.
    #[must_use]
    pub fn tls_with(mut self, authority: &Authority, identity: Identity) -> Self {
        self.tls = Some((authority.pem().to_owned(), identity));
        self
    }

    /// Starts it.
    ///
    /// # Panics
    /// When it is not installed or does not come up.
    pub async fn start(self) -> MinIo {
        let folder = data_folder();
        let certs = folder.path().join("certs");
        fs::create_dir_all(certs.join("CAs")).unwrap();
        let mut authority = None;
        let mut scheme = "http";
        if let Some((pem, identity)) = self.tls {
            scheme = "https";
            fs::write(certs.join("public.crt"), identity.certificate).unwrap();
            fs::write(certs.join("private.key"), identity.key).unwrap();
            fs::write(certs.join("CAs/ca.crt"), &pem).unwrap();
            authority = Some(pem);
        }
        let mut minio = MinIo {
            process: None,
            port: Port::take(),
            scheme,
            folder,
            environment: self.environment,
            authority,
        };
        minio.resume().await;
        minio
    }
}

impl MinIo {
    /// The access key of the user who may do all.
    pub const ACCESS_KEY: &str = "minio";
    /// Its secret.
    pub const SECRET_KEY: &str = "minio12345";

    /// Starts a plain one.
    pub async fn start() -> Self {
        Self::builder().start().await
    }

    /// For one that is not plain.
    pub fn builder() -> MinIoBuilder {
        MinIoBuilder::default()
    }

    /// Its address: `http://127.0.0.1:PORT`.
    pub fn endpoint(&self) -> String {
        format!("{}://127.0.0.1:{}", self.scheme, self.port)
    }

    /// A new client of the user who may do all. (Not one for all: its connections would
    /// end with the runtime of the test that made them.)
    pub fn client(&self) -> S3Client {
        let client = S3Client::new(&self.endpoint(), Self::ACCESS_KEY, Self::SECRET_KEY);
        match &self.authority {
            Some(pem) => client.with_authority(pem),
            None => client,
        }
    }

    /// The server's pid, while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.process.as_ref().map(Process::pid)
    }

    /// Where its certificate lies (`public.crt`, `private.key`), to be replaced while it runs.
    pub fn certs(&self) -> std::path::PathBuf {
        self.folder.path().join("certs")
    }

    /// Stops it as an operator would; [`Self::resume`] starts it again.
    pub async fn stop(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.signal("TERM");
            process.wait().await;
        }
    }

    /// Ends it at once, in the middle of whatever it does.
    pub fn kill(&mut self) {
        self.process = None;
    }

    /// Suspends it: it accepts connections and answers nothing; or lets it go on.
    pub fn freeze(&mut self, frozen: bool) {
        let process = self.process.as_mut().expect("MinIO is stopped");
        process.signal(if frozen { "STOP" } else { "CONT" });
    }

    /// Starts it again after [`Self::stop`] or [`Self::kill`], on the same port with the
    /// same data.
    pub async fn resume(&mut self) {
        assert!(self.process.is_none(), "MinIO runs already");
        let path = |name| self.folder.path().join(name).to_string_lossy().into_owned();
        let (data, certs, home) = (path("data"), path("certs"), path("home"));
        let address = format!("127.0.0.1:{}", self.port);
        let arguments = [
            "server",
            "--address",
            &address,
            "--certs-dir",
            &certs,
            &data,
        ];
        let mut environment = vec![
            ("HOME", home.as_str()),
            ("MINIO_ROOT_USER", Self::ACCESS_KEY),
            ("MINIO_ROOT_PASSWORD", Self::SECRET_KEY),
            ("MINIO_BROWSER", "off"),
            ("MINIO_UPDATE", "off"),
        ];
        environment.extend(
            self.environment
                .iter()
                .map(|(name, value)| (&**name, &**value)),
        );
        let mut process = Process::serve("minio", &arguments, &environment, self.folder.path());
        // It listens long before its storage, and then its users, are there; it answers
        // 503 until then.
        let client = self.client();
        let stranger = client.clone().with_keys("stranger", "stranger-secret");
        process
            .until("it is ready", || async {
                client.answers().await == Some(StatusCode::OK)
                    && stranger.answers().await == Some(StatusCode::FORBIDDEN)
            })
            .await;
        self.process = Some(process);
    }

    /// Adds a user who may do what `policy` (JSON, as AWS writes them) says and nothing
    /// else; of one that is there, the secret and the policy are replaced.
    pub async fn add_user(&self, access_key: &str, secret_key: &str, policy: &str) {
        self.mc(&["admin", "user", "add", "it", access_key, secret_key])
            .await;
        self.set_policy(access_key, policy).await;
    }

    /// Replaces what a user may do.
    pub async fn set_policy(&self, access_key: &str, policy: &str) {
        let file = self.folder.path().join("policy.json");
        fs::write(&file, policy).unwrap();
        let name = format!("policy-of-{access_key}");
        self.mc(&[
            "admin",
            "policy",
            "create",
            "it",
            &name,
            &file.to_string_lossy(),
        ])
        .await;
        let user = format!("--user={access_key}");
        let attached = self
            .try_mc(&["admin", "policy", "attach", "it", &name, &user])
            .await;
        if let Err(error) = attached {
            let already = error.contains("already in effect");
            assert!(already, "attaching policy {name}: {error}");
        }
    }

    /// Removes a user: its key is unknown from now on.
    pub async fn remove_user(&self, access_key: &str) {
        self.mc(&["admin", "user", "remove", "it", access_key])
            .await;
    }

    /// A policy that allows these actions (`s3:ListBucket`) on these buckets.
    pub fn policy(actions: &[&str], buckets: &[&str]) -> String {
        let resources: Vec<_> = buckets
            .iter()
            .flat_map(|bucket| {
                [
                    format!("arn:aws:s3:::{bucket}"),
                    format!("arn:aws:s3:::{bucket}/*"),
                ]
            })
            .collect();
        serde_json::json!({
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Action": actions, "Resource": resources}],
        })
        .to_string()
    }

    /// Runs MinIO's client; the server is named `it`.
    pub async fn mc(&self, arguments: &[&str]) {
        if let Err(error) = self.try_mc(arguments).await {
            panic!("mc {}: {error}", arguments.join(" "));
        }
    }

    async fn try_mc(&self, arguments: &[&str]) -> Result<(), String> {
        let endpoint = self.endpoint();
        let (scheme, host) = endpoint.split_once("://").unwrap();
        let (user, password) = (Self::ACCESS_KEY, Self::SECRET_KEY);
        let output = tokio::process::Command::new(tool("mc"))
            .arg("--config-dir")
            .arg(self.folder.path().join("mc"))
            .args(["--insecure", "--quiet"])
            .args(arguments)
            .env("MC_HOST_it", format!("{scheme}://{user}:{password}@{host}"))
            .output()
            .await
            .unwrap();
        if output.status.success() {
            return Ok(());
        }
        let text = [output.stdout, output.stderr].concat();
        Err(String::from_utf8_lossy(&text).into_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Upload;
    use reqwest::Method;
    use s3_exporter_api::UnixTime;

    async fn list(client: &S3Client, bucket: &str) -> String {
        let query = [("list-type", "2")];
        let answer = client
            .send(Method::GET, &format!("/{bucket}"), &query, &[], "")
            .await;
        answer.unwrap_or_else(|refused| refused.body)
    }

    #[tokio::test]
    async fn it_keeps_its_data_over_a_restart_and_knows_users_and_policies() {
        let mut minio = MinIo::start().await;
        let root = minio.client();
        root.create_bucket("one").await;
        root.put("one", &Upload::new("a b+c%/\"'&<>\n\u{e9}\u{1F600}", 3))
            .await;
        minio.stop().await;
        minio.resume().await;
        minio.kill();
        minio.resume().await;
        assert!(list(&root, "one").await.contains("<Size>3</Size>"));

        minio
            .add_user(
                "reader",
                "reader-secret",
                &MinIo::policy(&["s3:GetObject"], &["one"]),
            )
            .await;
        let reader = S3Client::new(&minio.endpoint(), "reader", "reader-secret");
        assert!(list(&reader, "one").await.contains("AccessDenied"));
        minio
            .set_policy("reader", &MinIo::policy(&["s3:ListBucket"], &["one"]))
            .await;
        assert!(list(&reader, "one").await.contains("<Size>3</Size>"));
        minio.remove_user("reader").await;
        assert!(list(&reader, "one").await.contains("InvalidAccessKeyId"));
    }

    #[tokio::test]
    async fn it_serves_tls_to_who_knows_the_authority() {
        let authority = Authority::new();
        let minio = MinIo::builder().tls(&authority).start().await;
        minio.client().create_bucket("one").await;
        assert!(
            list(&minio.client(), "one")
                .await
                .contains("<KeyCount>0</KeyCount>")
        );
        minio
            .add_user(
                "reader",
                "reader-secret",
                &MinIo::policy(&["s3:ListBucket"], &["one"]),
            )
            .await;
    }

    #[tokio::test]
    async fn archives_become_objects_with_their_time() {
        let minio = MinIo::start().await;
        let client = minio.client();
        client.create_bucket("one").await;
        let long = format!("{}/\u{e9}", "d".repeat(150));
        let uploads = [
            Upload::new("plain", 7).at(UnixTime::from_millis(1_700_000_000_000)),
            Upload::new(&long, 600).at(UnixTime::from_millis(1_600_000_000_123)),
        ];
        client.put_archived("one", &uploads).await;
        let text = list(&client, "one").await;
        for part in [
            "<Size>7</Size>",
            "<Size>600</Size>",
            "2023-11-14T22:13:20.000Z",
            "2020-09-13T12:26:40.123Z",
            &long,
        ] {
            assert!(text.contains(part), "{part} is not in {text}");
        }
    }
}
