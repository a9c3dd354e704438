use super::{Parts, S3Store};

impl S3Store {
    /// gofakes3, in memory. It looks at no secret.
    pub async fn gofakes3() -> Self {
        let mut parts = Parts::new();
        let port = parts.port();
        let address = format!("127.0.0.1:{port}");
        parts.serve("gofakes3", &["-host", &address, "-backend", "memory"], &[]);
        parts.ready(port).await
    }
}
