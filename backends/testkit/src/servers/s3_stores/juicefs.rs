use super::{ACCESS_KEY, Parts, S3Store, SECRET_KEY};

impl S3Store {
    /// JuiceFS' gateway, over SQLite and a folder.
    pub async fn juicefs() -> Self {
        let mut parts = Parts::new();
        let port = parts.port();
        let address = format!("127.0.0.1:{port}");
        let meta = format!("sqlite3://{}", parts.path("meta.db"));
        let (blocks, log) = (parts.folder("blocks") + "/", parts.path("gateway.log"));
        let format = [
            "format",
            "--storage",
            "file",
            "--bucket",
            &blocks,
            &meta,
            "store",
        ];
        parts.run("juicefs", &format, &[]).await;
        let arguments = [
            "gateway",
            "--multi-buckets",
            "--keep-etag",
            "--no-usage-report",
            "--log",
            &log,
            "--cache-dir",
            "memory",
            &meta,
            &address,
        ];
        let home = parts.folder("home");
        let environment = [
            ("HOME", &*home),
            ("MINIO_ROOT_USER", ACCESS_KEY),
            ("MINIO_ROOT_PASSWORD", SECRET_KEY),
        ];
        parts.serve("juicefs", &arguments, &environment);
        parts.ready(port).await
    }
}
