//! The built program in a folder and an environment of its own.

use std::process::{Command, Stdio};

use tempfile::TempDir;

/// What is warned of where there is no `max_age`, which hardly any configuration here has.
pub const LATENESS: &str = "not judged for lateness";
/// What no output may hold.
pub const SECRETS: [&str; 2] = ["id-hunter-1", "key-hunter-2"];

/// A store and a bucket without a fault, to stand after what a test is about.
pub const GOOD: &str = r#"[backends.s]
type = "minio"
endpoint = "https://minio.example:9000"
access_key_id = "id-hunter-1"
secret_access_key = "key-hunter-2"
[[destinations]]
bucket = "bbb""#;
/// A store without a fault.
pub const STORE: &str = "[backends.s]\ntype = \"s3\"";
/// A destination without a fault.
pub const BUCKET: &str = "[[destinations]]\nbucket = \"bbb\"";

/// One call.
pub struct Program {
    folder: TempDir,
    environment: Vec<(String, String)>,
    arguments: Vec<String>,
}

/// What came of it.
#[derive(Debug)]
pub struct Output {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: Vec<String>,
}

impl Program {
    pub fn new(arguments: &[&str]) -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            environment: Vec::new(),
            arguments: arguments.iter().map(|a| (*a).to_owned()).collect(),
        }
    }

    /// Puts a file into the working folder.
    pub fn file(self, name: &str, text: &str) -> Self {
        std::fs::write(self.folder.path().join(name), text).unwrap();
        self
    }

    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn run(&self) -> Output {
        self.run_into(Stdio::piped())
    }

    /// With its output there.
    pub fn run_into(&self, stdout: Stdio) -> Output {
        let output = Command::new(env!("CARGO_BIN_EXE_s3-exporter"))
            .args(&self.arguments)
            .current_dir(self.folder.path())
            .env_clear()
            .envs(self.environment.iter().map(|(n, v)| (n, v)))
            .stdin(Stdio::null())
            .stdout(stdout)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
            .wait_with_output()
            .unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        let output = Output {
            code: output.status.code(),
            stdout: text(output.stdout),
            stderr: text(output.stderr).lines().map(str::to_owned).collect(),
        };
        for secret in SECRETS {
            let is_shown = |line: &String| line.contains(secret);
            assert!(
                !output.stdout.contains(secret) && !output.stderr.iter().any(is_shown),
                "{secret} is shown: {output:?}"
            );
        }
        output
    }

    /// What a good call prints.
    #[track_caller]
    pub fn prints(&self) -> String {
        let output = self.run();
        assert_eq!(output.code, Some(0), "{output:?}");
        let others = output.stderr.iter();
        let others = others.filter(|line| !line.contains(LATENESS));
        assert_eq!(others.count(), 0, "{output:?}");
        output.stdout
    }
}

/// A faulty configuration, and all that is said about it.
pub struct Case {
    /// The lines of `config.toml`, unless there is none.
    pub file: &'static [&'static str],
    pub env: &'static [(&'static str, &'static str)],
    /// After `check`.
    pub args: &'static [&'static str],
    pub says: &'static [&'static str],
}

impl Case {
    pub const NONE: Self = Self {
        file: &[],
        env: &[],
        args: &[],
        says: &[],
    };
}

/// Whether each case gives exactly its messages, a summary and exit code 2.
#[track_caller]
pub fn refused(cases: &[Case]) {
    for (index, case) in cases.iter().enumerate() {
        let arguments: Vec<_> = ["check"].iter().chain(case.args).copied().collect();
        let mut program = Program::new(&arguments);
        if !case.file.is_empty() {
            program = program.file("config.toml", &(case.file.join("\n") + "\n"));
        }
        for (name, value) in case.env {
            program = program.env(name, value);
        }
        let output = program.run();
        let faults = case.says.iter().filter(|line| line.starts_with("error: "));
        let summary = match faults.count() {
            1 => "s3-exporter: the configuration has a fault".to_owned(),
            count => format!("s3-exporter: the configuration has {count} faults"),
        };
        let expected: Vec<_> = case.says.iter().copied().chain([&*summary]).collect();
        let about = format!(
            "case {index}: {:?} {:?} {:?}",
            case.file, case.env, case.args
        );
        assert_eq!(output.stderr, expected, "{about}");
        assert_eq!(output.code, Some(2), "{about}");
        assert_eq!(output.stdout, "", "{about}");
    }
}
