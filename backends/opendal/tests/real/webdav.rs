//! WebDAV, served by rclone.

use std::fs;
use std::path::Path;
use std::sync::OnceLock;
use std::time::Duration;

use s3_exporter_api::{FailureKind, async_trait, chain};
use s3_exporter_testkit::conformance::{
    Access, Connection, Fixture, Need, connection_by, new_bucket,
};
use s3_exporter_testkit::{Fault, Port, Process, Proxy, Upload, tool, values};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::{connect, list, listens, put};

const USER: &str = "watcher";
const PASSWORD: &str = "password-of-watcher";
/// Longer than rclone keeps what it knows of a folder.
const KEPT: Duration = Duration::from_millis(1500);
/// Both, as a request has them.
const LOGIN: &str = "d2F0Y2hlcjpwYXNzd29yZC1vZi13YXRjaGVy";
const WRONG: &str = "wrong-password-shown";

/// A server for all tests, and the folder that it serves.
pub struct Server {
    folder: TempDir,
    port: Port,
    _process: Process,
}

impl Server {
    fn get() -> &'static Self {
        static SERVER: OnceLock<Server> = OnceLock::new();
        SERVER.get_or_init(Self::start)
    }

    fn start() -> Self {
        let (folder, port) = (tempfile::tempdir().unwrap(), Port::take());
        let data = folder.path().join("data");
        fs::create_dir(&data).unwrap();
        let address = format!("127.0.0.1:{port}");
        let path = data.to_string_lossy().into_owned();
        let arguments = [
            "serve",
            "webdav",
            "--addr",
            &address,
            "--user",
            USER,
            "--pass",
            PASSWORD,
            "--baseurl",
            "dav",
            "--dir-cache-time",
            "1s",
            &path,
        ];
        let environment = [("RCLONE_CONFIG", "/dev/null")];
        let log = folder.path().join("log");
        let process = Process::start(&tool("rclone"), &arguments, &environment, &log);
        Self {
            folder,
            port,
            _process: process,
        }
    }

    /// Until it shows this folder. (rclone looks at a folder anew for each file in it where it may not keep
    /// what it knows for a while.)
    async fn show(&self, bucket: &str) {
        let request = format!(
            "PROPFIND /dav/{bucket}/ HTTP/1.1\r\nHost: x\r\nDepth: 0\r\nAuthorization: Basic {LOGIN}\r\n\
             Connection: close\r\n\r\n"
        );
        for _ in 0..1000 {
            let mut stream = TcpStream::connect(("127.0.0.1", self.port.number()))
                .await
                .unwrap();
            stream.write_all(request.as_bytes()).await.unwrap();
            let mut answer = Vec::new();
            stream.read_to_end(&mut answer).await.unwrap();
            if answer.starts_with(b"HTTP/1.1 207 ") {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("{bucket} is not shown");
    }

    fn data(&self) -> std::path::PathBuf {
        self.folder.path().join("data")
    }

    fn address(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

struct WebdavFixture(&'static Server);

impl WebdavFixture {
    async fn new() -> Self {
        let server = Server::get();
        listens(server.port.number()).await;
        Self(server)
    }
}

fn section(address: &str, user: &str, password: &str) -> String {
    format!(
        "service = \"webdav\"\n\
         options = {{ endpoint = \"{address}/dav\", username = \"{user}\", password = \"{password}\" }}\n"
    )
}

#[async_trait]
impl Fixture for WebdavFixture {
    fn lacks(&self) -> &[(Need, &'static str)] {
        &[
            (Need::ByteOrder, "folders are in no order"),
            (Need::SortedFolders, "folders are in no order"),
            (Need::LongComponents, "names have 255 bytes at most"),
            (Need::ColdClasses, "files are of no class"),
            (
                Need::AnyCharacter,
                "rclone shows others in place of control characters",
            ),
            (Need::SetTime, "HTTP tells whole seconds"),
            (
                Need::RequestForPage,
                "a folder is a request, and so is whether it is there",
            ),
        ]
    }

    fn throttled(&self) -> Fault {
        Fault::Answer {
            status: 429,
            headers: Vec::new(),
            body: "Too Many Requests".into(),
        }
    }

    async fn fill(&self, uploads: &[Upload]) -> Result<String, String> {
        let bucket = new_bucket();
        let folder = self.0.data().join(&bucket);
        fs::create_dir(&folder).map_err(|cause| cause.to_string())?;
        uploads.iter().try_for_each(|upload| put(&folder, upload))?;
        self.0.show(&bucket).await;
        Ok(bucket)
    }

    async fn connect(&self, access: Access) -> Connection {
        let (user, password) = match access {
            Access::UnknownKey => ("nobody", WRONG),
            Access::WrongSecret => (USER, WRONG),
            _ => (USER, PASSWORD),
        };
        let values = |address: &str| values(&section(address, user, password));
        connection_by(
            &s3_exporter_opendal::PLUGIN,
            &self.0.address(),
            access,
            &values,
        )
        .await
    }

    fn secrets(&self) -> &[&str] {
        &[PASSWORD, WRONG]
    }
}

s3_exporter_testkit::conformance! { @tests WebdavFixture::new().await;
    empty_bucket
    one_page
    exact_page_multiples
    many_pages
    keys_that_xml_cannot_hold
    long_component
    prefix
    empty_objects
    storage_class
    size_and_last_modified
    the_page_is_cleared_first
    probe
    what_it_lacks_is_refused
    buckets
    folders
    attempts_are_counted
    tls_with_a_known_authority
    missing_bucket
    unknown_key
    wrong_secret
    unreachable
    tls_refused
    connection_cut_in_a_page
    document_cut_short
    not_a_listing
    throttled_and_then_well
    throttled_for_good
    unavailable
    dropped_in_the_middle
    dropped_at_any_moment
}

#[tokio::test]
async fn files() {
    let fixture = WebdavFixture::new().await;
    let bucket = fixture.fill(&[]).await.unwrap();
    let backend = connect(&section(&fixture.0.address(), USER, PASSWORD)).await;
    crate::folders::fill(&fixture.0.data().join(&bucket));
    tokio::time::sleep(KEPT).await;
    crate::folders::are_listed(&backend, &bucket).await;
}

/// A proxy before a real server says no to the folder itself, and to one below it: opendal's own walk
/// passes over the latter.
#[tokio::test]
async fn a_folder_that_may_not_be_read_fails_the_listing() {
    let fixture = WebdavFixture::new().await;
    let uploads = ["a", "d/a", "d/e/a"].map(|key| Upload::new(key, 1));
    let bucket = fixture.fill(&uploads).await.unwrap();
    let proxy = Proxy::start(&fixture.0.address());
    let backend = connect(&section(&proxy.endpoint(), USER, PASSWORD)).await;
    let no = Fault::Answer {
        status: 403,
        headers: Vec::new(),
        body: "Forbidden".into(),
    };
    // Whether the folder is there, what is in it, and in the two below it.
    for at in 0..4 {
        let good = (0..at).map(|_| None);
        proxy.faults().next(good.chain([Some(no.clone())]));
        let (listed, attempts) = list(&backend, &bucket, "").await;
        let error = listed.unwrap_err();
        assert_eq!(error.kind(), FailureKind::Denied, "{}", chain(&error));
        assert!(error.to_string().contains("PROPFIND"), "{error}");
        assert_eq!(attempts, at + 1);
        proxy.faults().clear();
    }
    assert_eq!(list(&backend, &bucket, "").await.0.unwrap().len(), 3);
}

/// One below that has gone is no failure; the bucket's own is one, whenever it goes.
#[tokio::test]
async fn a_folder_that_goes_meanwhile() {
    let fixture = WebdavFixture::new().await;
    let uploads = ["a", "d/a", "e/a"].map(|key| Upload::new(key, 1));
    let bucket = fixture.fill(&uploads).await.unwrap();
    let proxy = Proxy::start(&fixture.0.address());
    let backend = connect(&section(&proxy.endpoint(), USER, PASSWORD)).await;
    let gone = Fault::Answer {
        status: 404,
        headers: Vec::new(),
        body: "Not Found".into(),
    };
    proxy.faults().next([None, None, Some(gone.clone())]);
    assert_eq!(list(&backend, &bucket, "").await.0.unwrap().len(), 2);
    for at in 0..2 {
        let good = (0..at).map(|_| None);
        proxy.faults().next(good.chain([Some(gone.clone())]));
        let error = list(&backend, &bucket, "").await.0.unwrap_err();
        assert_eq!(error.kind(), FailureKind::NotFound, "{error}");
    }
}

/// What is no answer of WebDAV is no empty folder: opendal takes any document without a `response`.
#[tokio::test]
async fn an_answer_without_the_folder_itself_is_none() {
    let fixture = WebdavFixture::new().await;
    let uploads = ["a", "d/a"].map(|key| Upload::new(key, 1));
    let bucket = fixture.fill(&uploads).await.unwrap();
    let proxy = Proxy::start(&fixture.0.address());
    let backend = connect(&section(&proxy.endpoint(), USER, PASSWORD)).await;
    let nothing = "<?xml version=\"1.0\"?><D:multistatus xmlns:D=\"DAV:\"></D:multistatus>";
    let elsewhere = nothing.replace(
        "</D:multistatus>",
        "<D:response><D:href>/dav/x/y</D:href><D:propstat><D:prop><D:getcontentlength>1</D:getcontentlength>\
         <D:getlastmodified>Sat, 31 Jan 2026 00:00:00 GMT</D:getlastmodified></D:prop>\
         <D:status>HTTP/1.1 200 OK</D:status></D:propstat></D:response></D:multistatus>",
    );
    for (status, body) in [(207, nothing.to_owned()), (207, elsewhere)] {
        let answer = Fault::Answer {
            status,
            headers: vec![("content-type".to_owned(), "text/xml".to_owned())],
            body: body.into(),
        };
        for at in 1..3 {
            let good = (0..at).map(|_| None);
            proxy.faults().next(good.chain([Some(answer.clone())]));
            let error = list(&backend, &bucket, "").await.0.unwrap_err();
            assert_eq!(error.kind(), FailureKind::Protocol, "{error}");
            proxy.faults().clear();
        }
    }
    assert!(Path::new(&fixture.0.data()).exists());
}
