use super::{ACCESS_KEY, Parts, S3Store, SECRET_KEY};

impl S3Store {
    /// s3proxy, on a folder.
    pub async fn s3proxy() -> Self {
        let mut parts = Parts::new();
        let port = parts.port();
        let properties = format!(
            "s3proxy.endpoint=http://127.0.0.1:{port}\n\
             s3proxy.authorization=aws-v2-or-v4\n\
             s3proxy.identity={ACCESS_KEY}\n\
             s3proxy.credential={SECRET_KEY}\n\
             jclouds.provider=filesystem-nio2\n\
             jclouds.identity=none\n\
             jclouds.credential=none\n\
             jclouds.filesystem.basedir={}\n",
            parts.folder("objects"),
        );
        let properties = parts.file("s3proxy.conf", &properties);
        parts.serve("s3proxy", &["--properties", &properties], &[]);
        parts.ready(port).await
    }
}
