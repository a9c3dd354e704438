use super::{Parts, S3Store, SECRET_KEY};

/// An account and a user of it.
const ACCESS_KEY: &str = "test:all";

impl S3Store {
    /// Another user of Swift's account, who may do nothing unless a container says so, and the secret.
    pub const SWIFT_DENIED: (&str, &str) = ("test:none", "secret-of-no-rights");

    /// Swift with s3api: a proxy, a server of each kind with one device, and memcached.
    pub async fn swift() -> Self {
        let mut parts = Parts::new();
        let (port, cache) = (parts.port(), parts.port());
        let servers = ["account", "container", "object"].map(|kind| (kind, parts.port()));
        let folder = parts.folder("etc");
        parts.folder("devices/d1");
        parts.file(
            "etc/swift.conf",
            "[swift-hash]\nswift_hash_path_suffix = a\nswift_hash_path_prefix = b\n\
             [storage-policy:0]\nname = one\ndefault = yes\n",
        );
        let environment = [("SWIFT_DIR", &*folder)];
        let rings: Vec<_> = servers
            .iter()
            .map(|(kind, port)| format!("{kind}={port}"))
            .collect();
        let rings: Vec<_> = rings.iter().map(String::as_str).collect();
        parts.run("swift-rings", &rings, &environment).await;
        let number = cache.to_string();
        let arguments = ["-l", "127.0.0.1", "-p", &number, "-m", "64", "-u", "root"];
        parts.serve("memcached", &arguments, &[]);
        for (kind, port) in servers {
            let config = common(&folder, port)
                + &format!(
                    "devices = {}\nmount_check = false\n[pipeline:main]\npipeline = {kind}-server\n\
                     [app:{kind}-server]\nuse = egg:swift#{kind}\n",
                    parts.path("devices"),
                );
            let config = parts.file(&format!("etc/{kind}.conf"), &config);
            parts.serve(&format!("swift-{kind}-server"), &[&config], &environment);
        }
        let config = common(&folder, port) + &proxy(cache);
        let config = parts.file("etc/proxy.conf", &config);
        parts.serve("swift-proxy-server", &[&config], &environment);
        parts.ready_for(port, (ACCESS_KEY, SECRET_KEY)).await
    }
}

fn common(folder: &str, port: u16) -> String {
    let user = std::process::Command::new("id")
        .arg("-un")
        .output()
        .unwrap();
    let user = String::from_utf8(user.stdout).unwrap();
    format!(
        "[DEFAULT]\nbind_ip = 127.0.0.1\nbind_port = {port}\nworkers = 0\nuser = {user}\n\
         swift_dir = {folder}\nlog_address = /dev/null\n"
    )
}

/// `versioned_writes` stands left of `symlink`, as Swift's documentation has it: the other way round every
/// object of a bucket with versions is listed with 0 bytes.
fn proxy(cache: u16) -> String {
    const FILTERS: [&str; 11] = [
        "catch_errors",
        "proxy_logging",
        "memcache",
        "listing_formats",
        "s3api",
        "tempauth",
        "copy",
        "slo",
        "dlo",
        "versioned_writes",
        "symlink",
    ];
    let mut text = format!(
        "[pipeline:main]\npipeline = {} proxy-server\n\
         [app:proxy-server]\nuse = egg:swift#proxy\naccount_autocreate = true\n",
        FILTERS.join(" "),
    );
    for filter in FILTERS {
        text += &format!("[filter:{filter}]\nuse = egg:swift#{filter}\n");
        text += &match filter {
            // On a busy machine it gives memcached up for a minute, and hands out no token.
            "memcache" => format!(
                "memcache_servers = 127.0.0.1:{cache}\nconnect_timeout = 5\nio_timeout = 10\n\
                 error_suppression_interval = 0\n"
            ),
            "s3api" => "s3_acl = false\nlocation = us-east-1\n".to_owned(),
            "tempauth" => {
                let (_, denied) = S3Store::SWIFT_DENIED;
                format!("user_test_all = {SECRET_KEY} .admin\nuser_test_none = {denied}\n")
            }
            "versioned_writes" => "allow_object_versioning = true\n".to_owned(),
            _ => String::new(),
        };
    }
    text
}
