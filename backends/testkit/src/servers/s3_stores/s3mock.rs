use super::{Parts, S3Store};

impl S3Store {
    /// Adobe's S3Mock. It looks at no secret.
    pub async fn s3mock() -> Self {
        let mut parts = Parts::new();
        let (port, tls) = (parts.port(), parts.port());
        let arguments = [
            format!("--http.port={port}"),
            format!("--com.adobe.testing.s3mock.http-port={port}"),
            format!("--server.port={tls}"),
            "--server.address=127.0.0.1".to_owned(),
        ];
        let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
        let objects = parts.folder("objects");
        let environment = [("COM_ADOBE_TESTING_S3MOCK_STORE_ROOT", &*objects)];
        parts.serve("s3mock", &arguments, &environment);
        parts.ready(port).await
    }
}
