//! Swift: Debian's, and log-ins that are made up.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use http::Method;
use s3_exporter_api::{FailureKind, async_trait, chain};
use s3_exporter_testkit::conformance::{
    Access, Connection, Fixture, Need, connection_by, new_bucket,
};
use s3_exporter_testkit::servers::S3Store;
use s3_exporter_testkit::{Fault, Upload, values};
use tokio::sync::OnceCell;

use crate::stub::{Stub, answer};
use crate::{connect, list};

struct SwiftFixture(&'static S3Store);

impl SwiftFixture {
    async fn new() -> Self {
        static SWIFT: OnceCell<S3Store> = OnceCell::const_new();
        Self(SWIFT.get_or_init(swift).await)
    }

    fn section(&self, address: &str, (user, secret): (&str, &str)) -> String {
        let store = &self.0.endpoint;
        format!(
            "service = \"swift\"\n[options]\nauth_url = \"{store}/auth/v1.0\"\n\
             endpoint = \"{address}/v1/AUTH_test\"\nusername = \"{user}\"\npassword = \"{secret}\"\n"
        )
    }
}

/// Once it answers it still says for a moment that it has too much to do.
async fn swift() -> S3Store {
    let store = S3Store::swift().await;
    let made = async || {
        store
            .client()
            .send(Method::PUT, "/first", &[], &[], "")
            .await
    };
    for _ in 0..1000 {
        match made().await {
            Ok(_) => return store,
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
    panic!("Swift takes no bucket");
}

#[async_trait]
impl Fixture for SwiftFixture {
    fn lacks(&self) -> &[(Need, &'static str)] {
        &[
            (Need::ColdClasses, "objects are of no class"),
            (Need::SetTime, "Swift can't be told a time"),
            (Need::RequestForPage, "only an empty page is the last one"),
        ]
    }

    fn throttled(&self) -> Fault {
        Fault::Answer {
            status: 429,
            headers: Vec::new(),
            body: "Too Many Requests".into(),
        }
    }

    /// By S3, beside Swift's own API.
    async fn fill(&self, uploads: &[Upload]) -> Result<String, String> {
        let class =
            |upload: &&Upload| upload.storage_class.as_deref().unwrap_or("STANDARD") != "STANDARD";
        if let Some(odd) = uploads
            .iter()
            .find(|of| class(of) || of.last_modified.is_some())
        {
            return Err(format!("no way to keep {odd:?} so"));
        }
        let (client, bucket) = (self.0.client(), new_bucket());
        client.create_bucket(&bucket).await;
        let put = client.try_put_all(&bucket, uploads.to_vec()).await;
        put.map_err(|refused| format!("{refused:?}"))?;
        Ok(bucket)
    }

    async fn connect(&self, access: Access) -> Connection {
        let login = match access {
            Access::Denied => S3Store::SWIFT_DENIED,
            _ => (self.0.access_key, self.0.secret_key),
        };
        let values = |address: &str| values(&self.section(address, login));
        connection_by(
            &s3_exporter_opendal::PLUGIN,
            &self.0.endpoint,
            access,
            &values,
        )
        .await
    }

    fn secrets(&self) -> &[&str] {
        &[S3Store::SWIFT_DENIED.1, "AUTH_tk"]
    }
}

// Who is not known to it gets no token: below.
s3_exporter_testkit::conformance! { @tests SwiftFixture::new().await;
    empty_bucket
    one_page
    exact_page_multiples
    many_pages
    awkward_keys
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
    denied
    missing_bucket
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

/// What opendal would list as `lead`, and as a folder of 0 bytes.
#[tokio::test]
async fn keys_that_opendal_changes() {
    let fixture = SwiftFixture::new().await;
    let uploads = ["/lead", "a//b", "d/", "d/x", "lead"].map(|key| Upload::new(key, 7));
    let bucket = fixture.fill(&uploads).await.unwrap();
    let login = (fixture.0.access_key, fixture.0.secret_key);
    // Where the storage URL is what the store says.
    let section = fixture.section(&fixture.0.endpoint, login);
    let section: String = section
        .lines()
        .filter(|line| !line.starts_with("endpoint"))
        .map(|line| format!("{line}\n"))
        .collect();
    let backend = connect(&section).await;
    let expected: Vec<_> = uploads
        .iter()
        .map(|upload| (upload.key.clone(), 7))
        .collect();
    let (listed, attempts) = list(&backend, &bucket, "").await;
    assert_eq!(listed.unwrap(), expected);
    assert_eq!(attempts, 2);
    let (listed, _) = list(&backend, &bucket, "d/").await;
    assert_eq!(listed.unwrap(), expected[2..4]);
    for (prefix, at) in [("a//", 1), ("/", 0), ("/lead", 0)] {
        let (listed, _) = list(&backend, &bucket, prefix).await;
        assert_eq!(listed.unwrap(), expected[at..=at], "{prefix:?}");
    }
}

#[tokio::test]
async fn who_is_not_known_gets_no_token() {
    let fixture = SwiftFixture::new().await;
    for login in [
        ("test:nobody", "secret-shown"),
        (fixture.0.access_key, "secret-shown"),
    ] {
        let backend = connect(&fixture.section(&fixture.0.endpoint, login)).await;
        let error = list(&backend, "bucket", "").await.0.unwrap_err();
        let text = format!("{} {error:?}", chain(&error));
        assert_eq!(error.kind(), FailureKind::Credentials, "{text}");
        assert!(
            text.contains("says 401") && !text.contains("secret-shown"),
            "{text}"
        );
    }
}

const OBJECT: &str = "[{\"name\": \"a\", \"bytes\": 7, \"hash\": \"h\", \"content_type\": \"t\", \
    \"last_modified\": \"2026-01-31T00:00:00.000000\"}]";

/// A store that takes the latest token alone, of which each log-in makes a new one.
fn store(head: &str, latest: &AtomicUsize) -> String {
    let token = format!("token-shown-{}", latest.load(SeqCst));
    if !head
        .to_ascii_lowercase()
        .contains(&format!("x-auth-token: {token}\r\n"))
    {
        return answer("401 Unauthorized", "", "no");
    }
    match head.contains("marker=") {
        true => answer("200 OK", "", "[]"),
        false => answer("200 OK", "", OBJECT),
    }
}

/// As Keystone's documents have the requests and the answers of version 3.
#[tokio::test]
async fn a_token_of_keystone_that_has_ended_is_asked_for_anew() {
    let latest = Arc::new(AtomicUsize::new(0));
    let tokens = Arc::clone(&latest);
    let stub = Stub::start(move |address, head, body| {
        if !head.starts_with("POST /v3/auth/tokens ") {
            assert!(head.starts_with("GET /v1/AUTH_p/backups/?"), "{head}");
            return store(head, &tokens);
        }
        let asked: serde_json::Value = serde_json::from_str(body).unwrap();
        let identity = &asked["auth"]["identity"]["password"]["user"];
        let scope = &asked["auth"]["scope"]["project"];
        let said = [&identity["name"], &identity["password"], &scope["name"], &scope["domain"]["name"]];
        assert_eq!(said.map(|text| text.as_str().unwrap()), ["me", "hidden", "p", "Default"]);
        let token = format!("X-Subject-Token: token-shown-{}\r\n", tokens.fetch_add(1, SeqCst) + 1);
        let endpoint = |interface: &str, region: &str, path: &str| {
            serde_json::json!({ "interface": interface, "region": region, "url": format!("{address}{path}") })
        };
        let catalog = serde_json::json!({ "token": { "catalog": [
            { "type": "compute", "endpoints": [endpoint("public", "one", "/compute")] },
            { "type": "object-store", "endpoints": [
                endpoint("internal", "one", "/internal"),
                endpoint("public", "two", "/two"),
                endpoint("public", "one", "/v1/AUTH_p"),
            ] },
        ] } });
        answer("201 Created", &token, &catalog.to_string())
    })
    .await;
    let backend = connect(&format!(
        "service = \"swift\"\n[options]\nauth_url = \"{}/v3\"\nusername = \"me\"\npassword = \"hidden\"\n\
         project = \"p\"\nregion = \"one\"\n",
        stub.address
    ))
    .await;
    let (listed, attempts) = list(&backend, "backups", "").await;
    assert_eq!(listed.unwrap(), [("a".to_owned(), 7)]);
    assert_eq!((latest.load(SeqCst), attempts), (1, 2));
    latest.store(7, SeqCst);
    let (listed, attempts) = list(&backend, "backups", "").await;
    assert_eq!(listed.unwrap().len(), 1);
    assert_eq!((latest.load(SeqCst), attempts), (8, 3), "one is refused");
}

#[tokio::test]
async fn a_token_in_a_file_is_read_anew() {
    let latest = Arc::new(AtomicUsize::new(1));
    let tokens = Arc::clone(&latest);
    let stub = Stub::start(move |_, head, _| store(head, &tokens)).await;
    let file = tempfile::NamedTempFile::new().unwrap();
    let backend = connect(&format!(
        "service = \"swift\"\n[options]\nendpoint = \"{}/v1/AUTH_p\"\ntoken_file = {:?}\n",
        stub.address,
        file.path()
    ))
    .await;
    std::fs::write(file.path(), "token-shown-1\n").unwrap();
    assert_eq!(list(&backend, "backups", "").await.0.unwrap().len(), 1);
    latest.store(2, SeqCst);
    let error = list(&backend, "backups", "").await.0.unwrap_err();
    let text = format!("{} {error:?}", chain(&error));
    assert_eq!(error.kind(), FailureKind::Credentials, "{text}");
    assert!(!text.contains("token-shown"), "{text}");
    std::fs::write(file.path(), "token-shown-2\n").unwrap();
    assert_eq!(list(&backend, "backups", "").await.0.unwrap().len(), 1);
}

/// Who hands out tokens is ill for a moment, or for long.
#[tokio::test]
async fn a_log_in_is_tried_again() {
    for (ill, kind) in [(2, None), (usize::MAX, Some(FailureKind::Unavailable))] {
        let asked = AtomicUsize::new(0);
        let stub = Stub::start(move |address, head, _| {
            if !head.starts_with("GET /auth/v1.0 ") {
                return store(head, &AtomicUsize::new(1));
            }
            if asked.fetch_add(1, SeqCst) < ill {
                return answer("503 Service Unavailable", "", "");
            }
            let headers =
                format!("X-Storage-Url: {address}/v1/AUTH_p\r\nX-Auth-Token: token-shown-1\r\n");
            answer("200 OK", &headers, "")
        })
        .await;
        let backend = connect(&format!(
            "service = \"swift\"\n[options]\nauth_url = \"{}/auth/v1.0\"\nusername = \"p:me\"\npassword = \"x\"\n",
            stub.address
        ))
        .await;
        let listed = list(&backend, "backups", "").await.0;
        assert_eq!(listed.err().map(|error| error.kind()), kind);
    }
}
