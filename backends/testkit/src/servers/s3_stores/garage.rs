use super::{Parts, S3Store};

/// It takes keys of its own form alone.
const ACCESS_KEY: &str = "GK0a1b2c3d4e5f60718293a4b5";
const SECRET_KEY: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

impl S3Store {
    /// Garage, one node, over SQLite and a folder.
    pub async fn garage() -> Self {
        let mut parts = Parts::new();
        let (port, rpc) = (parts.port(), parts.port());
        let configuration = format!(
            "metadata_dir = \"{}\"\ndata_dir = \"{}\"\ndb_engine = \"sqlite\"\n\
             replication_factor = 1\nrpc_bind_addr = \"127.0.0.1:{rpc}\"\n\
             rpc_public_addr = \"127.0.0.1:{rpc}\"\nrpc_secret = \"{SECRET_KEY}\"\n\
             [s3_api]\ns3_region = \"us-east-1\"\napi_bind_addr = \"127.0.0.1:{port}\"\n",
            parts.folder("meta"),
            parts.folder("data"),
        );
        let configuration = parts.file("garage.toml", &configuration);
        let arguments = [
            "-c",
            &configuration,
            "server",
            "--single-node",
            "--default-access-key",
        ];
        let environment = [
            ("GARAGE_DEFAULT_ACCESS_KEY", ACCESS_KEY),
            ("GARAGE_DEFAULT_SECRET_KEY", SECRET_KEY),
            ("GARAGE_ALLOW_WORLD_READABLE_SECRETS", "true"),
        ];
        parts.serve("garage", &arguments, &environment);
        parts.ready_for(port, (ACCESS_KEY, SECRET_KEY)).await
    }
}
