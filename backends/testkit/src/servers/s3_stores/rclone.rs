use super::{ACCESS_KEY, Parts, S3Store, SECRET_KEY};

impl S3Store {
    /// `rclone serve s3`, of a folder.
    pub async fn rclone() -> Self {
        let mut parts = Parts::new();
        let port = parts.port();
        let address = format!("127.0.0.1:{port}");
        let (keys, objects) = (
            format!("{ACCESS_KEY},{SECRET_KEY}"),
            parts.folder("objects"),
        );
        let (config, cache) = (parts.file("rclone.conf", ""), parts.path("cache"));
        let arguments = [
            "serve",
            "s3",
            "--addr",
            &address,
            "--auth-key",
            &keys,
            &objects,
        ];
        let environment = [("RCLONE_CONFIG", &*config), ("RCLONE_CACHE_DIR", &cache)];
        parts.serve("rclone-s3", &arguments, &environment);
        parts.ready(port).await
    }
}
