//! The flags, in the order of the help.

use super::{Flag, Kind, Sets};

/// The configuration file.
pub const CONFIG: Flag = Flag::ours(
    "config",
    Sets::File,
    Kind::Text("FILE"),
    "The configuration file [default: config.toml in the working folder, where it exists and \
     there is no -endpoint]",
)
.short('c')
.alias("config.file");
/// Whether its file is followed.
pub const AUTO_RELOAD: Flag = Flag::ours(
    "config.auto-reload",
    Sets::File,
    Kind::Switch,
    "Read the configuration file again by itself when its content changes",
);
/// How often it is looked at.
pub const AUTO_RELOAD_INTERVAL: Flag = Flag::ours(
    "config.auto-reload-interval",
    Sets::File,
    Kind::Text("DURATION"),
    "With --config.auto-reload: from one look at the file to the next [default: 1s]",
);
/// Addresses to listen on.
pub const LISTEN: Flag = Flag::ours(
    "listen",
    Sets::Key("server.listen"),
    Kind::List("ADDRESS"),
    "An address to listen on; may be repeated [default: :9340]",
)
.alias("web.listen-address");
/// One more, in Kubermatic's way.
pub const ADDRESS: Flag = Flag::of_seed(
    "address",
    Sets::Key("server.listen"),
    Kind::Text("ADDRESS"),
    "The same, but the last one wins",
);
/// The log's level.
pub const LOG_LEVEL: Flag = Flag::ours(
    "log.level",
    Sets::Key("log.level"),
    Kind::Text("LEVEL"),
    "The level of the log, or a filter such as info,kube=warn [default: info; warn for once]",
);
/// The log's form.
pub const LOG_FORMAT: Flag = Flag::of_seed(
    "log-format",
    Sets::Key("log.format"),
    Kind::Text("FORMAT"),
    "JSON or Console [default: Console at a terminal, else JSON]",
)
.alias("log.format");
/// Kubermatic's way to say the level `debug`.
pub const LOG_DEBUG: Flag = Flag::of_seed(
    "log-debug",
    Sets::Key("log.level"),
    Kind::Switch,
    "Log more: as --log.level debug",
);
/// The exporter-toolkit's file.
pub const WEB_CONFIG_FILE: Flag = Flag::ours(
    "web.config.file",
    Sets::Key("server.web_config_file"),
    Kind::Text("FILE"),
    "TLS and basic auth, in the format of the Prometheus exporter-toolkit",
);
/// Which share of the destinations this process has.
pub const SHARD: Flag = Flag::ours(
    "shard",
    Sets::Key("fleet.shard"),
    Kind::Text("NUMBER/COUNT"),
    "Of all destinations those of this share alone, such as 2/5 [default: all]",
);
/// Where the store is; without a file it makes the configuration.
pub const ENDPOINT: Flag = Flag::of_seed(
    "endpoint",
    Sets::Backend("endpoint"),
    Kind::Text("URL"),
    "The S3 endpoint, for example `https://my-s3.com:9000`: watch one bucket without a file",
);
/// The id of the access key.
pub const ACCESS_KEY_ID: Flag = Flag::of_seed(
    "access-key-id",
    Sets::Backend("access_key_id"),
    Kind::Text("ID"),
    "The S3 access key [default: the environment's ACCESS_KEY_ID]",
);
/// Its secret.
pub const SECRET_ACCESS_KEY: Flag = Flag::of_seed(
    "secret-access-key",
    Sets::Backend("secret_access_key"),
    Kind::Text("KEY"),
    "The S3 secret access key [default: the environment's SECRET_ACCESS_KEY]",
);
/// The bucket.
pub const BUCKET: Flag = Flag::of_seed(
    "bucket",
    Sets::Destination("bucket"),
    Kind::Text("NAME"),
    "The bucket to watch [default: kubermatic-etcd-backups]",
);
/// How to get to Kubernetes.
pub const KUBECONFIG: Flag = Flag::of_seed(
    "kubeconfig",
    Sets::Resolver("kubernetes", "kubeconfig"),
    Kind::Text("FILE"),
    "The kubeconfig; only needed outside of the cluster",
);
/// Whom to trust.
pub const CA_BUNDLE: Flag = Flag::of_seed(
    "ca-bundle",
    Sets::Backend("ca_bundle"),
    Kind::Text("FILE"),
    "PEM certificates to trust beside the system's",
);
/// Names of clusters.
pub const CLUSTER: Flag = Flag::of_seed(
    "cluster",
    Sets::Resolver("static", "clusters"),
    Kind::List("NAME"),
    "A cluster's name, instead of those that Kubernetes knows; may be repeated",
);
/// A file of them.
pub const CLUSTERS_FILE: Flag = Flag::of_seed(
    "clusters-file",
    Sets::Resolver("static", "clusters_file"),
    Kind::Text("FILE"),
    "A file with a cluster's name a line, likewise",
);
/// The kind of store.
pub const BACKEND: Flag = Flag::of_seed(
    "backend",
    Sets::Backend("type"),
    Kind::Text("TYPE"),
    "The kind of store: s3 or minio [default: minio]",
);
/// The store's region.
pub const REGION: Flag = Flag::of_seed(
    "region",
    Sets::Backend("region"),
    Kind::Text("NAME"),
    "The store's region",
);
/// Whose credentials.
pub const PROFILE: Flag = Flag::ours(
    "profile",
    Sets::Backend("profile"),
    Kind::Text("NAME"),
    "The profile of the AWS configuration whose credentials and region are used (type s3)",
);
/// When a backup is late.
pub const MAX_AGE: Flag = Flag::of_seed(
    "max-age",
    Sets::Destination("max_age"),
    Kind::Text("AGE"),
    "A backup that is older is late, for example 25h [default: none ever is]",
);

/// What `report` looks at: it stands after the command, and so is none of the [`FLAGS`].
pub const TARGET: Flag = Flag::ours(
    "s3://BUCKET[/PREFIX]",
    Sets::Destination("bucket"),
    Kind::Text("s3://BUCKET[/PREFIX]"),
    "",
);

/// All of them, in the order of the help.
pub const FLAGS: [&Flag; 22] = [
    &CONFIG,
    &AUTO_RELOAD,
    &AUTO_RELOAD_INTERVAL,
    &LISTEN,
    &ADDRESS,
    &LOG_LEVEL,
    &LOG_FORMAT,
    &LOG_DEBUG,
    &WEB_CONFIG_FILE,
    &SHARD,
    &ENDPOINT,
    &ACCESS_KEY_ID,
    &SECRET_ACCESS_KEY,
    &BUCKET,
    &KUBECONFIG,
    &CA_BUNDLE,
    &CLUSTER,
    &CLUSTERS_FILE,
    &BACKEND,
    &REGION,
    &PROFILE,
    &MAX_AGE,
];
