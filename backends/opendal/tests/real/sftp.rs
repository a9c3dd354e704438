//! SFTP, served by rclone. opendal speaks it by the program `ssh`, which looks for the keys of servers in the
//! home of its user: here it is told another place by one of the same name before it in PATH, with which this
//! program is run again.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use s3_exporter_api::{FailureKind, async_trait, chain};
use s3_exporter_testkit::conformance::{Access, Connection, Fixture, Need, connect_by, new_bucket};
use s3_exporter_testkit::{Port, Process, Upload, tool, values};

use crate::{connect, list, listens, put};

/// What those that are run again are told: the folder of keys and data, and the server's port.
const FOLDER: &str = "S3_EXPORTER_SFTP_FOLDER";
const PORT: &str = "S3_EXPORTER_SFTP_PORT";

#[tokio::test]
async fn by_ssh() {
    let (folder, port) = (tempfile::tempdir().unwrap(), Port::take());
    let path = |name: &str| folder.path().join(name);
    for name in ["data", "bin", "state"] {
        fs::create_dir(path(name)).unwrap();
    }
    for name in ["host", "user", "other"] {
        let made = Command::new("ssh-keygen")
            .args(["-q", "-t", "ed25519", "-N", "", "-C", "", "-f"])
            .arg(path(name))
            .status();
        assert!(made.unwrap().success());
    }
    let public = |name: &str| fs::read_to_string(path(name).with_extension("pub")).unwrap();
    let known = format!("[127.0.0.1]:{port} {}", public("host"));
    fs::write(path("known_hosts"), known).unwrap();
    fs::write(path("authorized_keys"), public("user")).unwrap();
    let config = format!(
        "UserKnownHostsFile {}\nGlobalKnownHostsFile /dev/null\nIdentityAgent none\n",
        path("known_hosts").display()
    );
    fs::write(path("config"), config).unwrap();
    let ssh = format!(
        "#!/bin/sh\nexec /usr/bin/ssh -F {} \"$@\"\n",
        path("config").display()
    );
    fs::write(path("bin/ssh"), ssh).unwrap();
    fs::set_permissions(path("bin/ssh"), fs::Permissions::from_mode(0o755)).unwrap();

    let address = format!("127.0.0.1:{port}");
    let [keys, host, data] =
        ["authorized_keys", "host", "data"].map(|name| path(name).to_string_lossy().into_owned());
    let arguments = [
        "serve",
        "sftp",
        "--addr",
        &address,
        "--authorized-keys",
        &keys,
        "--key",
        &host,
        "--dir-cache-time",
        "1ms",
        "--user",
        "watcher",
        &data,
    ];
    let environment = [("RCLONE_CONFIG", "/dev/null")];
    let _server = Process::start(&tool("rclone"), &arguments, &environment, &path("log"));
    listens(port.number()).await;

    let before = std::env::var("PATH").unwrap();
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "sftp::", "--test-threads", "2"])
        .env("PATH", format!("{}:{before}", path("bin").display()))
        .env("XDG_STATE_HOME", path("state"))
        .env(FOLDER, folder.path())
        .env(PORT, port.to_string())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && !text.contains(" 0 passed"),
        "{text}{said}"
    );
}

struct SftpFixture(PathBuf);

impl SftpFixture {
    fn new() -> Self {
        Self(std::env::var_os(FOLDER).expect("run by `by_ssh`").into())
    }

    fn section(&self, key: &str) -> String {
        let key = self.0.join(key);
        let port = std::env::var(PORT).unwrap();
        format!(
            "service = \"sftp\"\n\
             options = {{ endpoint = \"127.0.0.1:{port}\", user = \"watcher\", key_file = {key:?} }}\n"
        )
    }
}

#[async_trait]
impl Fixture for SftpFixture {
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
            (Need::SetTime, "SFTP tells whole seconds"),
            (
                Need::RequestForPage,
                "a folder is a request, and so is whether it is there",
            ),
        ]
    }

    async fn fill(&self, uploads: &[Upload]) -> Result<String, String> {
        let bucket = new_bucket();
        let folder = self.0.join("data").join(&bucket);
        fs::create_dir(&folder).map_err(|cause| cause.to_string())?;
        uploads.iter().try_for_each(|upload| put(&folder, upload))?;
        Ok(format!("/{bucket}"))
    }

    async fn connect(&self, access: Access) -> Connection {
        assert_eq!(access, Access::Full, "nothing is between");
        let values = values(&self.section("user"));
        let backend = connect_by(&s3_exporter_opendal::PLUGIN, values).await;
        Connection {
            backend: backend.unwrap(),
            faults: None,
            keep: Box::new(()),
        }
    }

    fn secrets(&self) -> &[&str] {
        &[]
    }
}

macro_rules! cases {
    ($($case:ident)*) => {
        $(
            #[tokio::test]
            #[ignore = "run by `by_ssh`"]
            async fn $case() {
                s3_exporter_testkit::conformance::$case(&SftpFixture::new()).await;
            }
        )*
    };
}

cases! {
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
    dropped_at_any_moment
}

#[tokio::test]
#[ignore = "run by `by_ssh`"]
async fn files() {
    let fixture = SftpFixture::new();
    let bucket = fixture.fill(&[]).await.unwrap();
    let folder = folder_of(&fixture, &bucket);
    let backend = connect(&fixture.section("user")).await;
    crate::folders::fill(&folder);
    crate::folders::are_listed(&backend, &bucket).await;
    // Where there was no folder is none now: opendal makes its root where it has one.
    assert!(!folder.join("missing").exists());
}

fn folder_of(fixture: &SftpFixture, bucket: &str) -> PathBuf {
    fixture.0.join("data").join(bucket.trim_start_matches('/'))
}

#[tokio::test]
#[ignore = "run by `by_ssh`"]
async fn a_bucket_that_is_not_there_is_not_made() {
    let fixture = SftpFixture::new();
    let backend = connect(&fixture.section("user")).await;
    let error = list(&backend, "/not/there", "").await.0.unwrap_err();
    assert_eq!(error.kind(), FailureKind::NotFound, "{}", chain(&error));
    assert!(!Path::new(&fixture.0).join("data/not").exists());
}

#[tokio::test]
#[ignore = "run by `by_ssh`"]
async fn a_name_that_is_not_utf_8_fails_the_listing_alone() {
    use std::os::unix::ffi::OsStrExt;
    let fixture = SftpFixture::new();
    let bucket = fixture.fill(&[Upload::new("a", 1)]).await.unwrap();
    let name = std::ffi::OsStr::from_bytes(b"\xff");
    let path = folder_of(&fixture, &bucket).join(name);
    fs::write(&path, "x").unwrap();
    let backend = connect(&fixture.section("user")).await;
    // rclone may show another name in its place.
    match list(&backend, &bucket, "").await.0 {
        Err(error) => {
            let is_right = matches!(
                error.kind(),
                FailureKind::Protocol | FailureKind::Unavailable
            );
            assert!(is_right, "{}", chain(&error));
        }
        Ok(listed) => assert_eq!(listed.len(), 2),
    }
    fs::remove_file(path).unwrap();
    assert_eq!(list(&backend, &bucket, "").await.0.unwrap().len(), 1);
}

#[tokio::test]
#[ignore = "run by `by_ssh`"]
async fn a_link_to_a_folder_is_not_followed() {
    let fixture = SftpFixture::new();
    let bucket = fixture.fill(&[Upload::new("d/a", 1)]).await.unwrap();
    symlink(".", folder_of(&fixture, &bucket).join("loop")).unwrap();
    let backend = connect(&fixture.section("user")).await;
    let listed = list(&backend, &bucket, "").await.0.unwrap();
    assert_eq!(listed, [("d/a".to_owned(), 1)]);
}

#[tokio::test]
#[ignore = "run by `by_ssh`"]
async fn who_is_not_let_in() {
    let fixture = SftpFixture::new();
    let backend = connect(&fixture.section("other")).await;
    let error = list(&backend, "/x", "").await.0.unwrap_err();
    assert_eq!(error.kind(), FailureKind::Credentials, "{}", chain(&error));

    let port = Port::take();
    let own = std::env::var(PORT).unwrap();
    let section = fixture
        .section("user")
        .replace(&format!(":{own}"), &format!(":{port}"));
    let backend = connect(&section).await;
    let error = list(&backend, "/x", "").await.0.unwrap_err();
    assert_eq!(error.kind(), FailureKind::Connect, "{}", chain(&error));

    // The same server by another name, which nobody knows its key by.
    let section = fixture.section("user").replace("127.0.0.1", "localhost");
    let backend = connect(&section).await;
    let error = list(&backend, "/x", "").await.0.unwrap_err();
    assert_eq!(error.kind(), FailureKind::Tls, "{}", chain(&error));
}
