use super::{ACCESS_KEY, Parts, S3Store, SECRET_KEY};

impl S3Store {
    /// s3s' server of a folder, `s3s-fs`.
    pub async fn s3s() -> Self {
        let mut parts = Parts::new();
        let (port, objects) = (parts.port(), parts.folder("objects"));
        let number = port.to_string();
        let arguments = [
            "--host",
            "127.0.0.1",
            "--port",
            &number,
            "--access-key",
            ACCESS_KEY,
            "--secret-key",
            SECRET_KEY,
            &objects,
        ];
        parts.serve("s3s-fs", &arguments, &[]);
        parts.ready(port).await
    }
}
