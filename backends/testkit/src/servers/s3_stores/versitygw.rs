use super::{ACCESS_KEY, Parts, S3Store, SECRET_KEY};

impl S3Store {
    /// versitygw, on a folder, with versions.
    ///
    /// # Panics
    /// When it is not installed or does not come up, as each of the others.
    pub async fn versitygw() -> Self {
        let mut parts = Parts::new();
        let port = parts.port();
        let address = format!("127.0.0.1:{port}");
        let (objects, versions) = (parts.folder("objects"), parts.folder("versions"));
        let arguments = [
            "--port",
            &address,
            "--access",
            ACCESS_KEY,
            "--secret",
            SECRET_KEY,
            "posix",
            "--versioning-dir",
            &versions,
            &objects,
        ];
        parts.serve("versitygw", &arguments, &[]);
        parts.ready(port).await
    }
}
