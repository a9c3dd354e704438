//! Names that somebody chose to do harm.

use s3_exporter_testkit::{Fault, S3sServer, Upload};

/// What can be the name of a cluster in a file of names.
pub fn names() -> Vec<String> {
    let mut names: Vec<_> = [
        "q\"uote\"} 1",
        "back\\slash\\n\\",
        "<img src=x onerror=alert(1)>",
        "\u{202e}txet\u{202c}",
        "'; DROP TABLE x; --",
        "&amp;&lt;]]>",
        "{{template}} ${HOME} %0a %s",
        "ünï\u{301}\u{200d}\u{feff}çödé",
        "a\u{2028}b",
        "=cmd|' calc'!A0",
    ]
    .map(str::to_owned)
    .into();
    names.push("n".repeat(1000));
    names
}

/// Keys of nobody.
pub fn foreign() -> Vec<String> {
    let mut keys: Vec<_> = [
        "new\nline",
        "objectstore_objects{} 1\n# EOF\n",
        "\u{1b}[31mred\u{1b}]0;title\u{7}",
        "\u{9b}31m\u{7f}",
        "\u{1}\u{b}\u{fffe}\u{ffff}",
        "<script>alert('x')</script>",
        "\u{202e}\u{2066}rtl",
        "a/../../../etc/passwd",
        "+%2B &amp;<![CDATA[",
        "\r\nSet-Cookie: x=1",
    ]
    .map(str::to_owned)
    .into();
    keys.push("ä".repeat(512));
    keys
}

/// A store with a key of each.
pub fn server() -> S3sServer {
    let server = S3sServer::builder().server("MinIO").start();
    let owned = names()
        .into_iter()
        .map(|name| format!("{name}-1\u{1b}[2J\n"));
    let keys = owned.chain(foreign());
    let uploads = keys.map(|mut key| {
        while key.len() > 1024 {
            key.pop();
        }
        Upload::new(key, 7)
    });
    server.store().put_all("backups", uploads);
    server
}

/// An exporter that watches it by both backends, with the names in the file `names`.
pub fn config(server: &S3sServer, more: &str) -> String {
    let store = |name: &str, kind: &str| {
        format!(
            "[backends.{name}]\ntype = \"{kind}\"\nendpoint = \"{}\"\nregion = \"us-east-1\"\n\
             access_key_id = \"{}\"\nsecret_access_key = \"{}\"\n\
             [[destinations]]\nname = \"{name}\"\nbucket = \"backups\"\nbackend = \"{name}\"\n\
             clusters_file = \"names\"\ninterval = \"1s\"\n",
            server.endpoint(),
            S3sServer::ACCESS_KEY,
            S3sServer::SECRET_KEY,
        )
    };
    format!("{more}\n{}{}", store("one", "s3"), store("other", "minio"))
}

/// An error whose every word is hostile.
pub fn evil_error() -> Fault {
    Fault::error(
        400,
        "Evil\n\u{1b}[31m&lt;script&gt;",
        "first\n{\"level\":\"error\",\"msg\":\"forged\"}\u{202e}\r\n<b>&#27;[2J</b>\u{9b}1m",
    )
}
