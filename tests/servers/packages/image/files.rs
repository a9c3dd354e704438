//! What the image is: its files, and what it says of itself.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use super::{list, only, stage, variables};
use crate::packages::{output, stripped, tools};

/// What the base of the image says of itself, beside what the last stage of the Dockerfile does:
/// as in the sources of Google's distroless images.
const OF_BASE: [(&str, &str); 2] = [
    (
        "PATH",
        "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    ),
    ("SSL_CERT_FILE", "/etc/ssl/certs/ca-certificates.crt"),
];
/// Where what runs the program of another architecture lies in the files.
const EMULATOR: &str = "/.emulator";

/// The image, as the last stage of the Dockerfile says it, with the program under test or, for
/// `make arm64`, the one that S3_EXPORTER_ARM64 names.
pub struct Image {
    root: TempDir,
    pub user: [String; 2],
    pub folder: String,
    pub environment: Vec<(String, String)>,
    pub labels: Vec<(String, String)>,
    pub entry: Vec<String>,
    pub check: Vec<String>,
    is_emulated: bool,
}

impl Image {
    /// Puts it together.
    pub fn assemble() -> Self {
        let stage = stage(None);
        assert!(
            stage[0][1].starts_with("gcr.io/distroless/cc-"),
            "{:?}",
            stage[0]
        );
        let arm64 = std::env::var_os("S3_EXPORTER_ARM64").map(PathBuf::from);
        let (base, program) = match &arm64 {
            None => ("image-base", stripped()),
            Some(program) => ("arm64-image-base", program.as_path()),
        };
        let root = copied(&tools().join(base));
        for copy in stage.iter().filter(|words| words[0] == "COPY") {
            // One that the test does not know is one that it does not run with.
            assert_eq!(copy[1..3], ["--from=build", "/src/out/s3-exporter"]);
            let to = root.path().join(copy[3].trim_start_matches('/'));
            std::fs::create_dir_all(to.parent().unwrap()).unwrap();
            std::fs::copy(program, &to).unwrap();
        }
        let folder = only(&stage, "WORKDIR")[0].clone();
        std::fs::create_dir_all(root.path().join(folder.trim_start_matches('/'))).unwrap();
        let check = only(&stage, "HEALTHCHECK");
        let at = check.iter().position(|word| word == "CMD").unwrap();
        let labels = stage.iter().filter(|words| words[0] == "LABEL");
        let labels = labels.map(|words| pair(&words[1..].join(" ").replace('"', "")));
        let image = Self {
            user: user(&only(&stage, "USER")[0]),
            folder,
            environment: [
                variables(&stage),
                OF_BASE.map(|(a, b)| (a.into(), b.into())).into(),
            ]
            .concat(),
            labels: labels.collect(),
            entry: list(only(&stage, "ENTRYPOINT")),
            check: list(&check[at + 1..]),
            is_emulated: arm64.is_some() && std::env::consts::ARCH != "aarch64",
            root,
        };
        image.add_what_engines_add();
        image
    }

    /// Names, where devices and processes are shown, and what runs the program of another
    /// architecture; but no /tmp, which it is not to need.
    fn add_what_engines_add(&self) {
        std::fs::write(self.file("etc/hosts"), "127.0.0.1 localhost\n").unwrap();
        for folder in ["proc", "dev"] {
            std::fs::create_dir_all(self.file(folder)).unwrap();
        }
        for device in ["null", "zero", "random", "urandom"] {
            std::fs::write(self.file("dev").join(device), "").unwrap();
        }
        let _ = std::fs::remove_dir_all(self.file("tmp")); // there need be none
        if self.is_emulated {
            let emulator = tools().join("bin/qemu-aarch64-static");
            std::fs::copy(emulator, self.file(EMULATOR)).unwrap();
        }
    }

    /// A file of it.
    pub fn file(&self, path: &str) -> PathBuf {
        self.root.path().join(path.trim_start_matches('/'))
    }

    /// The program that its entry point names, found as engines find it.
    pub fn program(&self) -> String {
        let name = &self.entry[0];
        let (_, path) = self
            .environment
            .iter()
            .find(|(name, _)| name == "PATH")
            .unwrap();
        let paths = path.split(':').map(|folder| format!("{folder}/{name}"));
        let mut there = paths.filter(|path| self.file(path).exists());
        there
            .next()
            .unwrap_or_else(|| panic!("{name} is not in {path}"))
    }

    /// How a command of it is run on this machine.
    pub fn run(&self, command: &[String]) -> Vec<String> {
        if !self.is_emulated {
            return command.to_vec();
        }
        assert_eq!(command[0], self.entry[0]);
        let emulated = [
            EMULATOR.to_owned(),
            "-0".to_owned(),
            command[0].clone(),
            self.program(),
        ];
        [&emulated, &command[1..]].concat()
    }

    /// How the kernel calls its first process.
    pub fn process_name(&self) -> &str {
        match self.is_emulated {
            true => EMULATOR.trim_start_matches('/'),
            false => &self.entry[0],
        }
    }
}

fn copied(from: &Path) -> TempDir {
    assert!(from.is_dir(), "{from:?} is not there: run tests/install.sh");
    let root = tempfile::tempdir().unwrap();
    std::fs::set_permissions(root.path(), PermissionsExt::from_mode(0o755)).unwrap();
    output(
        Command::new("cp")
            .arg("-a")
            .arg(from.join("."))
            .arg(root.path()),
    );
    root
}

fn user(text: &str) -> [String; 2] {
    let (user, group) = text.split_once(':').unwrap();
    [user.to_owned(), group.to_owned()]
}

fn pair(text: &str) -> (String, String) {
    let (name, value) = text.split_once('=').unwrap();
    (name.to_owned(), value.to_owned())
}
