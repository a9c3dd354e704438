//! A store, a slow connection to it, and tools that are run there.

use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Output, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};
use s3_exporter_api::{
    Backend, Continuation, ListRequest, ListingKind, Meter, Page, StartAt, UnixTime,
};
use s3_exporter_testkit::conformance::connect;
use s3_exporter_testkit::servers::{Link, MinIo, Toxiproxy};
use s3_exporter_testkit::{Authority, S3Client, tool};
use serde_json::json;
use tempfile::TempDir;
use tokio::process::{Child, Command};

/// The bucket of every story.
pub const BUCKET: &str = "backups";
/// How long is waited for what a tool does: it ends a hang, and says nothing of speed.
const PATIENCE: Duration = Duration::from_secs(120);
const POLL: Duration = Duration::from_millis(50);

/// What happens to the backups in one bucket.
pub struct Story {
    pub minio: MinIo,
    link: Link,
    _toxiproxy: Toxiproxy,
    folder: TempDir,
    pub environment: Vec<(String, String)>,
    backend: Arc<dyn Backend>,
    /// The file with the authority of its certificate, by https.
    pub bundle: Option<String>,
}

/// When a tool ran.
#[derive(Clone, Copy, Debug)]
pub struct Run {
    pub begun: UnixTime,
    pub ended: UnixTime,
}

/// An object, as the store lists it.
#[derive(Clone, Debug)]
pub struct Listed {
    pub key: String,
    pub size: u64,
    pub last_modified: UnixTime,
}

impl Story {
    /// An empty bucket, to which the slow connection takes so many kilobytes a second.
    pub async fn start(rate: u32) -> Self {
        Self::on(MinIo::start().await, None, rate).await
    }

    /// The same by https.
    pub async fn start_tls(rate: u32) -> Self {
        let authority = Authority::new();
        let minio = MinIo::builder().tls(&authority).start().await;
        Self::on(minio, Some(&authority), rate).await
    }

    async fn on(minio: MinIo, authority: Option<&Authority>, rate: u32) -> Self {
        minio.client().create_bucket(BUCKET).await;
        let toxiproxy = Toxiproxy::start().await;
        let link = toxiproxy.before("slow", &minio.endpoint()).await;
        link.add("bandwidth", "upstream", json!({ "rate": rate }))
            .await;
        let folder = tempfile::tempdir().unwrap();
        let path = |name| folder.path().join(name).to_string_lossy().into_owned();
        std::fs::create_dir(path("source")).unwrap();
        let (bundle, endpoint) = (path("authority.pem"), minio.endpoint());
        let mut section = vec![
            ("endpoint", endpoint.as_str()),
            ("access_key_id", MinIo::ACCESS_KEY),
            ("secret_access_key", MinIo::SECRET_KEY),
        ];
        if let Some(authority) = authority {
            std::fs::write(&bundle, authority.pem()).unwrap();
            section.push(("ca_bundle", &bundle));
        }
        let backend = connect(&s3_exporter_minio::PLUGIN, &section).await.unwrap();
        let environment = [
            ("PATH", "/usr/bin:/bin"),
            ("HOME", &path("home")),
            ("AWS_ACCESS_KEY_ID", MinIo::ACCESS_KEY),
            ("AWS_SECRET_ACCESS_KEY", MinIo::SECRET_KEY),
            ("AWS_DEFAULT_REGION", "us-east-1"),
            ("AWS_EC2_METADATA_DISABLED", "true"),
        ];
        let environment = environment.map(|(name, value)| (name.to_owned(), value.to_owned()));
        Self {
            minio,
            link,
            _toxiproxy: toxiproxy,
            environment: environment.to_vec(),
            backend,
            bundle: authority.map(|_| bundle),
            folder,
        }
    }

    /// A path in the folder of the story; `source` is a folder there, and nothing else.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The same as text.
    pub fn text_path(&self, name: &str) -> String {
        self.path(name).to_string_lossy().into_owned()
    }

    /// Puts a file of noise into the folder `source`: none of it can be compressed away.
    pub fn write(&self, name: &str, bytes: usize) {
        let mut noise = vec![0; bytes];
        fastrand::fill(&mut noise);
        std::fs::write(self.path("source").join(name), noise).unwrap();
    }

    /// The store's address.
    pub fn endpoint(&self) -> String {
        self.minio.endpoint()
    }

    /// The store's address by the slow connection.
    pub fn slow_endpoint(&self) -> String {
        let endpoint = self.minio.endpoint();
        let (scheme, _) = endpoint.split_once("://").unwrap();
        self.link.endpoint().replacen("http", scheme, 1)
    }

    /// A client of the store.
    pub fn client(&self) -> S3Client {
        self.minio.client()
    }

    /// A tool's command, in the folder and the environment of the story.
    pub fn tool(&self, name: &str, arguments: &[&str]) -> Command {
        self.command(&tool(name), arguments)
    }

    /// Any command there. Whatever it starts is of its process group.
    pub fn command(&self, program: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        command
            .args(arguments)
            .env_clear()
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true);
        command
    }

    /// Runs a command, which must succeed.
    pub async fn run(&self, command: Command) -> Run {
        let begun = UnixTime::now();
        let output = finish(command).await;
        assert!(output.status.success(), "{}", shown(&output));
        let ended = UnixTime::now();
        Run { begun, ended }
    }

    /// Runs a command, which must fail with this exit code.
    pub async fn fails(&self, code: i32, command: Command) {
        let output = finish(command).await;
        assert_eq!(output.status.code(), Some(code), "{}", shown(&output));
    }

    /// Runs a command and kills it, with all that it has started, as soon as `is_half_way` says so
    /// of the listing. It must not have ended by then.
    pub async fn kill(&self, command: Command, is_half_way: impl Fn(&[Listed]) -> bool) {
        self.kill_when(command, async || is_half_way(&self.list().await))
            .await;
    }

    /// The same, by anything that can be asked.
    pub async fn kill_when(&self, mut command: Command, is_half_way: impl AsyncFn() -> bool) {
        let output = self.path("killed.log");
        let log = std::fs::File::create(&output).unwrap();
        command.stdout(log.try_clone().unwrap()).stderr(log);
        let mut group = Group(command.spawn().unwrap());
        let told = || std::fs::read_to_string(&output).unwrap();
        let deadline = Instant::now() + PATIENCE;
        while !is_half_way().await {
            assert!(Instant::now() < deadline, "never half way: {}", told());
            let ended = group.0.try_wait().unwrap();
            assert_eq!(ended, None, "it ended before it was killed: {}", told());
            tokio::time::sleep(POLL).await;
        }
        let status = group.kill().await;
        assert_eq!(status.code(), None, "it ended by itself: {}", told());
        // What was on its way may still arrive.
        tokio::time::sleep(Duration::from_millis(300)).await;
    }

    /// Waits until the listing is as `is_so` says.
    pub async fn until(&self, is_so: impl Fn(&[Listed]) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let listed = self.list().await;
            if is_so(&listed) {
                return;
            }
            assert!(Instant::now() < deadline, "never so: {listed:?}");
            tokio::time::sleep(POLL).await;
        }
    }

    /// What is in the bucket.
    pub async fn list(&self) -> Vec<Listed> {
        let meter = Arc::new(Meter::default());
        let (mut listed, mut page, mut token) = (Vec::new(), Page::new(), None::<String>);
        loop {
            let request = ListRequest {
                bucket: BUCKET,
                prefix: "",
                kind: ListingKind::Objects,
                from: token.as_deref().map_or(StartAt::Start, StartAt::Token),
                max_keys: 1000,
                meter: &meter,
            };
            let next = self.backend.list_page(&request, &mut page).await.unwrap();
            listed.extend(page.iter().map(|object| Listed {
                key: String::from_utf8(object.key.to_vec()).unwrap(),
                size: object.size,
                last_modified: object.last_modified,
            }));
            match next {
                Continuation::Token(next) => token = Some(next),
                Continuation::AfterLast => panic!("no token"),
                Continuation::End => return listed,
            }
        }
    }

    /// How many keys hold this text.
    pub async fn count(&self, text: &str) -> usize {
        count(&self.list().await, text)
    }
}

/// How many keys hold this text.
pub fn count(listed: &[Listed], text: &str) -> usize {
    let holds = |object: &&Listed| object.key.contains(text);
    listed.iter().filter(holds).count()
}

/// A command with all that it has started, which ends with it.
struct Group(Child);

impl Group {
    async fn kill(&mut self) -> ExitStatus {
        self.end();
        self.0.wait().await.unwrap()
    }

    fn end(&self) {
        if let Some(leader) = self.0.id().and_then(|pid| Pid::from_raw(pid as i32)) {
            let _ = kill_process_group(leader, Signal::KILL); // it may have ended just now
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.end();
    }
}

/// Runs a command to its end.
pub async fn finish(mut command: Command) -> Output {
    let shown = format!("{:?}", command.as_std());
    tokio::time::timeout(PATIENCE, command.output())
        .await
        .unwrap_or_else(|_| panic!("not after {} s: {shown}", PATIENCE.as_secs()))
        .unwrap_or_else(|error| panic!("{shown}: {error}"))
}

/// What a command said, for a failure of the test.
pub fn shown(output: &Output) -> String {
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
    format!("{}\n{stdout}{stderr}", output.status)
}
