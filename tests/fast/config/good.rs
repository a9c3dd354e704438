//! Configurations without a fault: what is made of them, seen through `check`.

use s3_exporter_testkit::Authority;

use crate::common::command::{BUCKET, GOOD, LATENESS, Program, STORE};

/// The flags that make a destination.
const SEED: [&str; 6] = [
    "-endpoint",
    "minio:9000",
    "-access-key-id",
    "id-hunter-1",
    "-secret-access-key",
    "-key-hunter-2",
];

fn check(arguments: &[&str]) -> Program {
    let arguments: Vec<_> = ["check"].iter().chain(arguments).copied().collect();
    Program::new(&arguments)
}

fn seed(arguments: &[&str]) -> Program {
    check(&SEED.iter().chain(arguments).copied().collect::<Vec<_>>())
}

/// The line of the output that begins like that.
#[track_caller]
fn line<'a>(output: &'a str, start: &str) -> &'a str {
    let found = output.lines().find(|line| line.starts_with(start));
    found.unwrap_or_else(|| panic!("no line {start:?} in {output}"))
}

#[track_caller]
fn warnings(program: &Program) -> Vec<String> {
    let output = program.run();
    assert_eq!(output.code, Some(0), "{output:?}");
    let mut warnings = output.stderr;
    warnings.retain(|line| !line.contains(LATENESS));
    warnings
}

#[test]
fn nine_lines_are_enough() {
    let text = format!("{GOOD}\nclusters = [\"a\", \"b\"]\n");
    assert_eq!(text.lines().count(), 8);
    assert_eq!(
        check(&[]).file("config.toml", &text).prints(),
        "server: :9340\n\
         log: info as json, on a terminal as console\n\
         backend s: https://minio.example:9000\n\
         resolver destination:bbb: a, b\n\
         destination bbb: bucket \"bbb\" at https://minio.example:9000 (s), clusters by destination:bbb, every 5m\n\
         the configuration is good: 1 destination\n"
    );
}

#[test]
fn flags_alone_do_as_kubermatics_exporter_did() {
    assert_eq!(
        seed(&[]).prints(),
        "server: :9340\n\
         log: info as json, on a terminal as console\n\
         metrics: also the names of kubermatic_s3\n\
         backend minio: https://minio:9000\n\
         resolver kubernetes: Cluster of kubermatic.k8c.io/v1 by the in-cluster account or the default kubeconfig\n\
         destination kubermatic-etcd-backups: bucket \"kubermatic-etcd-backups\" at https://minio:9000 (minio), \
         clusters by kubernetes, every 1m\n\
         the configuration is good: 1 destination\n"
    );
    assert_eq!(
        seed(&[
            "-bucket=xxx",
            "-kubeconfig",
            "k",
            "-ca-bundle",
            "ca",
            "-address",
            ":1",
            "-log-format=Console",
            "-backend",
            "s3",
            "-region",
            "eu-central-1",
            "-log-debug",
        ])
        .file("k", "")
        .file("ca", Authority::new().pem())
        .prints(),
        "server: :1\n\
         log: debug as console\n\
         metrics: also the names of kubermatic_s3\n\
         backend s3: https://minio:9000\n\
         resolver kubernetes: Cluster of kubermatic.k8c.io/v1 by k\n\
         destination xxx: bucket \"xxx\" at https://minio:9000 (s3), clusters by kubernetes, every 1m\n\
         the configuration is good: 1 destination\n"
    );
}

#[test]
fn clusters_by_flag_need_no_kubernetes() {
    let both = seed(&[
        "-cluster",
        "a",
        "-cluster=",
        "-cluster",
        "-b",
        "-clusters-file",
        "f",
    ])
    .file("f", "c\n");
    assert_eq!(
        line(&both.prints(), "resolver"),
        "resolver static: a, -b and the names in f"
    );
    let ignored = seed(&["-cluster", "a", "-kubeconfig", "k"]);
    assert_eq!(
        warnings(&ignored),
        [
            "warning: flag -kubeconfig: it is ignored, because -cluster or -clusters-file names the clusters"
        ]
    );
}

#[test]
fn the_keys_may_come_by_environment_with_flags_alone() {
    let by_environment = check(&["-endpoint", "http://minio:9000"])
        .env("ACCESS_KEY_ID", "id-hunter-1")
        .env("SECRET_ACCESS_KEY", "key-hunter-2");
    assert_eq!(
        line(&by_environment.prints(), "backend"),
        "backend minio: http://minio:9000"
    );
    let by_file = check(&["-endpoint", "http://minio:9000"])
        .env("S3_EXPORTER__BACKENDS__MINIO__ACCESS_KEY_ID_FILE", "f")
        .env("S3_EXPORTER__BACKENDS__MINIO__SECRET_ACCESS_KEY_FILE", "g")
        .file("f", "id-hunter-1\n")
        .file("g", "key-hunter-2\n");
    by_file.prints();
    let none = check(&["-endpoint", "http://minio:9000"])
        .env("S3_EXPORTER__BACKENDS__MINIO__ANONYMOUS", "true");
    none.prints();
}

#[test]
fn the_keys_of_the_environment_mean_nothing_beside_a_file() {
    let ignored = check(&[])
        .file("config.toml", GOOD)
        .env("ACCESS_KEY_ID", "id-hunter-1")
        .env("SECRET_ACCESS_KEY", "");
    assert_eq!(
        warnings(&ignored),
        [
            "warning: environment variable ACCESS_KEY_ID: it is ignored beside a configuration file; there, write \
          `access_key_id = \"${ACCESS_KEY_ID}\"`, or set S3_EXPORTER__BACKENDS__<NAME>__ACCESS_KEY_ID"
        ]
    );
    let used = format!(
        "{STORE}\naccess_key_id = \"${{ACCESS_KEY_ID}}\"\nsecret_access_key = \"${{SECRET_ACCESS_KEY}}\"\n{BUCKET}\n"
    );
    check(&[])
        .file("config.toml", &used)
        .env("ACCESS_KEY_ID", "id-hunter-1")
        .env("SECRET_ACCESS_KEY", "key-hunter-2")
        .prints();
}

#[test]
fn a_flag_wins_over_the_environment_and_that_over_the_file_and_that_over_the_default() {
    let with = |file: &str, env: &str, flags: &[&str]| {
        let mut program = check(flags).file("config.toml", &format!("{file}\n{GOOD}\n"));
        if !env.is_empty() {
            program = program
                .env("S3_EXPORTER__SERVER__LISTEN", env)
                .env("S3_EXPORTER__LOG__LEVEL", "warn")
                .env("S3_EXPORTER__LOG__FORMAT", "console")
                .env("S3_EXPORTER__SCAN__INTERVAL", "8m")
                .env("S3_EXPORTER__METRICS__COMPAT", "");
        }
        let output = program.prints();
        let lines: Vec<_> = ["server", "log", "destination"]
            .iter()
            .map(|start| line(&output, start).to_owned())
            .collect();
        (lines.join("\n"), output.contains("metrics:"))
    };
    let destination = "destination bbb: bucket \"bbb\" at https://minio.example:9000 (s), no resolver: all is unassigned";
    let file = "server = { listen = [\":1\", \":2\"] }\nlog = { level = \"error\", format = \"JSON\" }\n\
                scan = { interval = \"7m\" }\nmetrics.compat = [\"kubermatic_etcdbackup\"]";
    let flags = ["-address=:5", "--log.level=trace", "--log-format=json"];
    assert_eq!(
        with("", "", &[]),
        (
            format!(
                "server: :9340\nlog: info as json, on a terminal as console\n{destination}, every 5m"
            ),
            false
        )
    );
    assert_eq!(
        with(file, "", &[]),
        (
            format!("server: :1, :2\nlog: error as json\n{destination}, every 7m"),
            true
        )
    );
    assert_eq!(
        with(file, ":3, :4,", &[]),
        (
            format!("server: :3, :4\nlog: warn as console\n{destination}, every 8m"),
            false
        )
    );
    assert_eq!(
        with(file, ":3", &flags),
        (
            format!("server: :5\nlog: trace as json\n{destination}, every 8m"),
            false
        )
    );
}

#[test]
fn the_environment_wins_over_what_flags_alone_mean_by_default() {
    let output = seed(&[])
        .env("S3_EXPORTER__SCAN__INTERVAL", "10m")
        .env(
            "S3_EXPORTER__METRICS__COMPAT",
            "kubermatic_etcdbackup,kubermatic_s3",
        )
        .env("S3_EXPORTER__RESOLVERS__KUBERNETES__KIND", "Thing")
        .prints();
    assert!(line(&output, "destination").ends_with("every 10m"));
    assert_eq!(
        line(&output, "metrics"),
        "metrics: also the names of kubermatic_etcdbackup, kubermatic_s3"
    );
    assert!(line(&output, "resolver").starts_with("resolver kubernetes: Thing of"));
}

#[test]
fn a_dash_in_a_name_is_an_underscore_in_the_environment() {
    let text = "[backends.on-prem]\ntype = \"s3\"\nendpoint = \"http://a\"\n[[destinations]]\nbucket = \"bbb\"\n";
    let output = check(&[])
        .file("config.toml", text)
        .env("S3_EXPORTER__BACKENDS__ON_PREM__ENDPOINT", "http://b")
        .env("S3_EXPORTER_PORT", "tcp://10.0.0.1:9340")
        .prints();
    assert_eq!(line(&output, "backend"), "backend on-prem: http://b");
}

#[test]
fn a_file_by_either_flag_and_paths_relative_to_it() {
    let text = format!("{GOOD}\nclusters_file = \"clusters\"\n");
    for flag in ["--config", "-config", "--config.file", "-config.file"] {
        let program = check(&[flag, "./sub.toml"]).file("sub.toml", &text);
        let program = program.file("clusters", "a\n");
        assert_eq!(
            line(&program.prints(), "resolver"),
            "resolver destination:bbb: the names in ./clusters",
            "{flag}"
        );
    }
    let elsewhere = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(elsewhere.path(), "a\n").unwrap();
    let elsewhere = elsewhere.path().display();
    let absolute = format!("{GOOD}\nclusters_file = \"{elsewhere}\"\n");
    let program = check(&["--config=./sub.toml"]).file("sub.toml", &absolute);
    assert_eq!(
        line(&program.prints(), "resolver"),
        format!("resolver destination:bbb: the names in {elsewhere}")
    );
}

#[test]
fn with_an_endpoint_a_file_in_the_working_folder_is_not_read() {
    let program = seed(&[]).file("config.toml", "this is = no [ TOML");
    assert_eq!(
        warnings(&program),
        ["warning: config.toml in the working folder is not read, because there is -endpoint"]
    );
}

#[test]
fn a_directory_bucket_takes_prefixes_of_folders_only() {
    let text = "[backends.s]\ntype = \"s3\"\n\
                [[destinations]]\nname = \"a\"\nbucket = \"b--use1-az4--x-s3\"\nprefix = \"prod\"\n\
                [[destinations]]\nbuckets = [\"ccc\", \"d--use1-az4--xa-s3\"]\nprefix = \"prod/x\"\n\
                [[destinations]]\nname = \"e\"\nbucket = \"b--use1-az4--x-s3\"\nprefix = \"prod/\"\n\
                [[destinations]]\nname = \"f\"\nbucket = \"b--use1-az4--x-s3\"\n\
                [[destinations]]\nname = \"g\"\nbucket = \"b--x-s3-b\"\nprefix = \"prod\"\n";
    assert_eq!(
        warnings(&check(&[]).file("config.toml", text)),
        [
            "warning: config.toml:6: `destinations[0].prefix` must end in `/`: \"b--use1-az4--x-s3\" is a \
             directory bucket, which takes no other prefix",
            "warning: config.toml:9: `destinations[1].prefix` must end in `/`: \"d--use1-az4--xa-s3\" is a \
             directory bucket, which takes no other prefix",
        ]
    );
}

#[test]
fn what_is_odd_is_a_warning() {
    let text = "[backends.s]\ntype = \"s3\"\ninsecure_skip_verify = true\n[backends.t]\ntype = \"s3\"\n\
                [resolvers.r]\ntype = \"static\"\nclusters = [\"a\"]\n\
                [[destinations]]\nbucket = \"bbb\"\nbackend = \"s\"\nmax_age = \"1m\"\n\
                [[destinations]]\nbucket = \"bbb\"\nname = \"c\"\nbackend = \"s\"\n\
                [[destinations]]\nbucket = \"ddd\"\nbackend = \"s\"\nprefix = \"/x\"\n";
    assert_eq!(
        warnings(&check(&[]).file("config.toml", text)),
        [
            "warning: config.toml:3: `backends.s.insecure_skip_verify` trusts anybody who pretends to be the \
             store: give its certificate as `ca_bundle`",
            "warning: config.toml:12: `destinations[0].max_age` is shorter than the interval (5m): a late backup \
             is noticed only by the next scan",
            "warning: config.toml:20: `destinations[2].prefix` begins with a `/`, which keys hardly ever do: \
             nothing may be found",
            "warning: config.toml:9: `destinations` watch the same objects twice: \"c\" and \"bbb\" have the same \
             store, bucket and prefix",
            "warning: config.toml:4: `backends.t` is defined, but no destination uses it",
            "warning: config.toml:6: `resolvers.r` is defined, but no destination uses it",
        ]
    );
}

#[test]
fn a_dollar_is_two() {
    let text =
        format!("{STORE}\n[[destinations]]\nbucket = \"bbb\"\nprefix = \"$${{x}}$y${{P}}\"\n");
    let output = check(&[])
        .file("config.toml", &text)
        .env("P", "p$$/")
        .prints();
    assert!(
        line(&output, "destination")
            .starts_with("destination bbb: bucket \"bbb\" under \"${x}$yp$$/\"")
    );
}

/// An address that was copied with its bucket.
#[test]
fn a_bucket_in_the_endpoint_is_a_warning_where_the_host_is_a_stores() {
    for (endpoint, bucket, without) in [
        (
            "https://bbb.s3.eu-central-1.amazonaws.com",
            "bbb",
            Some("https://s3.eu-central-1.amazonaws.com"),
        ),
        (
            "http://my-b.s3-x.example:9000",
            "my-b",
            Some("http://s3-x.example:9000"),
        ),
        (
            "https://bbb.oss-cn-nanjing.aliyuncs.com",
            "bbb",
            Some("https://oss-cn-nanjing.aliyuncs.com"),
        ),
        ("https://bbb.example", "bbb", None),
        ("https://s3.bbb.example", "bbb", None),
    ] {
        let text = format!(
            "{STORE}\nendpoint = \"{endpoint}\"\n[[destinations]]\nbucket = \"{bucket}\"\n"
        );
        let said = warnings(&check(&[]).file("config.toml", &text));
        let expected: Vec<_> = without.into_iter().map(|without| format!(
            "warning: config.toml:4: `destinations` {bucket:?}: the endpoint's host begins with the bucket's name, \
             which is asked for by itself: write `endpoint = {without:?}`"
        )).collect();
        assert_eq!(said, expected, "{endpoint}");
    }
}

#[test]
fn what_the_sdk_finds_elsewhere_is_told_with_its_place() {
    let text = format!("{STORE}\n{BUCKET}\n");
    let told = |program: Program| {
        let output = program.file("config.toml", &text).prints();
        let lines = output.lines().filter(|line| line.starts_with("backend s"));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    let program = check(&[])
        .env("AWS_ENDPOINT_URL_S3", "http://minio:9000/s3")
        .env("AWS_REGION", "eu-x-1");
    assert_eq!(
        told(program),
        [
            "backend s: http://minio:9000/s3",
            "backend s: this endpoint is from the environment variable AWS_ENDPOINT_URL_S3",
            "backend s: region \"eu-x-1\" from the environment variable AWS_REGION",
        ]
    );
    let config = "[default]\nuse_fips_endpoint = true\nregion = eu-y-1\nendpoint_url = http://h\n";
    let program = check(&[])
        .file("aws", config)
        .env("AWS_CONFIG_FILE", "aws")
        .env("AWS_USE_DUALSTACK_ENDPOINT", "true");
    assert_eq!(
        told(program),
        [
            "backend s: http://h",
            "backend s: this endpoint is from the profile \"default\"",
            "backend s: region \"eu-y-1\" from the profile \"default\"",
            "backend s: endpoints with FIPS by the profile \"default\"",
            "backend s: dual-stack endpoints by the environment variable AWS_USE_DUALSTACK_ENDPOINT",
        ]
    );
    let text = format!("{STORE}\nendpoint = \"https://h\"\n{BUCKET}\n");
    let output = check(&[])
        .file("config.toml", &text)
        .env("AWS_ENDPOINT_URL", "http://minio:9000")
        .env("AWS_USE_FIPS_ENDPOINT", "true")
        .prints();
    assert_eq!(line(&output, "backend s"), "backend s: https://h");
    assert!(
        !output.contains("FIPS") && !output.contains("minio"),
        "{output}"
    );
}
