use super::{Parts, S3Store};

impl S3Store {
    /// moto's server. It looks at no secret.
    pub async fn moto() -> Self {
        let mut parts = Parts::new();
        let port = parts.port();
        parts.serve(
            "moto_server",
            &["-H", "127.0.0.1", "-p", &port.to_string()],
            &[],
        );
        parts.ready(port).await
    }
}
