//! What a container engine makes of the image: a process of its user, in its files and environment.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use s3_exporter_testkit::Process;
use tempfile::TempDir;

use super::files::Image;
use crate::packages::output;

/// Runs "$@" in the folder $root, which nobody can write to, with /proc, a few devices, and the folder
/// $mounted at $at.
const RUN: &str = r#"
set -e
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
for device in null zero random urandom; do mount --bind "/dev/$device" "$root/dev/$device"; done
mount --bind "$mounted" "$root$at"
mount -o remount,bind,ro "$root$at"
mount -o remount,bind,ro "$root"
exec "$@"
"#;

/// A running one.
pub struct Container {
    pub process: Process,
    init: u32,
    _log: TempDir,
}

impl Image {
    /// The entry point with these arguments, with `mounted` in the place of the working folder.
    pub async fn start(&self, mounted: &Path, arguments: &[&str]) -> Container {
        std::fs::set_permissions(mounted, PermissionsExt::from_mode(0o755)).unwrap();
        let mut all = [
            "--mount",
            "--pid",
            "--uts",
            "--ipc",
            "--fork",
            "--kill-child",
        ]
        .to_vec();
        all.extend(["--propagation", "private", "sh", "-c", RUN, "sh"]);
        let run = self.as_user(&["unshare"], &self.entry, arguments);
        all.extend(run.iter().map(String::as_str));
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("container.log");
        let root = self.file("");
        let environment = [
            ("root", root.to_str().unwrap()),
            ("at", &self.folder),
            ("mounted", mounted.to_str().unwrap()),
        ];
        let mut process = Process::start(Path::new("unshare"), &all, &environment, &log);
        let outside = process.pid();
        process
            .until("it has begun", || {
                std::future::ready(self.init_of(outside).is_some())
            })
            .await;
        Container {
            init: self.init_of(outside).unwrap(),
            process,
            _log: folder,
        }
    }

    /// The command of the image's health check, as an engine runs it: its exit code and text.
    pub fn healthcheck(&self, container: &Container) -> (Option<i32>, String) {
        let init = container.init.to_string();
        let enter = [
            "nsenter", "--target", &init, "--mount", "--pid", "--uts", "--ipc",
        ];
        let command = self.as_user(&[&enter[..], &["unshare"]].concat(), &self.check, &[]);
        let output = Command::new(&command[0])
            .args(&command[1..])
            .output()
            .unwrap();
        let text = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8(text).unwrap())
    }

    /// `by`, then a command as the image's user in its environment and its working folder, and with
    /// no way to another user.
    fn as_user(&self, by: &[&str], command: &[String], arguments: &[&str]) -> Vec<String> {
        let mut all: Vec<String> = ["env", "-i"].map(str::to_owned).to_vec();
        let (last, before) = by.split_last().unwrap();
        let mut line: Vec<String> = before.iter().map(|word| (*word).to_owned()).collect();
        all.extend(
            self.environment
                .iter()
                .map(|(name, value)| format!("{name}={value}")),
        );
        all.extend(["setpriv", "--no-new-privs", last].map(str::to_owned));
        let [user, group] = &self.user;
        all.push(format!("--root={}", self.file("").display()));
        all.push(format!("--wd={}", self.folder));
        all.push(format!("--setgid={group}"));
        all.push(format!("--setuid={user}"));
        all.push("--".to_owned());
        all.extend(self.run(command));
        all.extend(arguments.iter().map(|word| (*word).to_owned()));
        line.extend(all);
        line
    }

    /// The first process, once it is the exporter.
    fn init_of(&self, outside: u32) -> Option<u32> {
        let children = format!("/proc/{outside}/task/{outside}/children");
        let init: u32 = std::fs::read_to_string(children)
            .ok()?
            .trim()
            .parse()
            .ok()?;
        let name = std::fs::read_to_string(format!("/proc/{init}/comm")).ok()?;
        (name.trim_end() == self.process_name()).then_some(init)
    }
}

impl Container {
    /// A field of the first process's status.
    pub fn field(&self, name: &str) -> String {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.init)).unwrap();
        let line = status.lines().find(|line| line.starts_with(name)).unwrap();
        line[name.len()..]
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
    }

    /// Where it has file systems that can be written to, but for devices.
    pub fn writable_mounts(&self) -> Vec<String> {
        let mounts = std::fs::read_to_string(format!("/proc/{}/mountinfo", self.init)).unwrap();
        let fields = mounts
            .lines()
            .map(|line| line.split(' ').collect::<Vec<_>>());
        let writable = fields.filter(|fields| fields[5].split(',').any(|option| option == "rw"));
        let paths = writable.map(|fields| fields[4].to_owned());
        paths.filter(|path| !path.starts_with("/dev/")).collect()
    }

    /// Suspends the exporter, or lets it go on.
    pub fn freeze(&self, frozen: bool) {
        let signal = if frozen { "-STOP" } else { "-CONT" };
        output(Command::new("kill").args([signal, &self.init.to_string()]));
    }

    /// Ends it as an engine does: by a signal to its first process, which has to handle it.
    pub async fn stop(&mut self) -> Option<i32> {
        output(Command::new("kill").args(["-TERM", &self.init.to_string()]));
        self.process.wait().await.code()
    }
}
