use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// How long a server may take until it answers. Far more than any needs: it ends a hang.
const READY: Duration = Duration::from_secs(90);
const POLL: Duration = Duration::from_millis(20);

/// The path of a program that `tests/install.sh` installed.
///
/// # Panics
/// When it is not there, naming it and the script.
pub fn tool(name: &str) -> PathBuf {
    let path = tools().join("bin").join(name);
    assert!(
        path.is_file(),
        "{name} is missing ({} is not there): run tests/install.sh",
        path.display()
    );
    path
}

/// The version of what `tests/install.sh` installed by this name.
///
/// # Panics
/// When it is not there.
pub fn version(component: &str) -> String {
    let folder = tools();
    if let Ok(version) = std::fs::read_to_string(folder.join(format!("{component}.version"))) {
        return version.trim().to_owned();
    }
    let stamps = std::fs::read_dir(&folder).into_iter().flatten();
    let names = stamps.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let start = format!(".{component}-");
    let mut versions = names.filter_map(|name| Some(name.strip_prefix(&start)?.to_owned()));
    let version = versions.find(|version| {
        version.starts_with(['v', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9'])
    });
    let version = version.unwrap_or_else(|| panic!("{component} is missing: run tests/install.sh"));
    version.trim_start_matches('v').to_owned()
}

/// The folder of the tools, by the same rule as `tests/install.sh`.
pub(crate) fn tools() -> PathBuf {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    if let Some(folder) = set("S3_EXPORTER_TOOLS") {
        return folder.into();
    }
    let cache = set("XDG_CACHE_HOME").map(PathBuf::from).or_else(|| {
        let home = set("HOME")?;
        Some(PathBuf::from(home).join(".cache"))
    });
    cache
        .expect("the tools' folder is unknown: set HOME or S3_EXPORTER_TOOLS")
        .join("s3-exporter/tools")
}

/// A program that ends with us, however we end: a shell between the two kills it as soon
/// as its standard input, a pipe from us, is closed. (Servers shared by the tests of one
/// binary sit in statics, which are never dropped; and a test may be killed.)
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
    pid: u32,
    log: PathBuf,
}

/// Runs `$@` and does what is written to standard input: sends the signals named there,
/// one a line, and KILL at its end. The first line of standard output is the pid. Where
/// we ended without a farewell, and so could not do it ourselves, it removes the folder.
const KEEPER: &str = r#"
exec 3<&0
"$@" 3<&- </dev/null >"$S3_EXPORTER_LOG" 2>&1 &
pid=$!
echo "$pid"
exec 1>&-
(
    while read -r line <&3; do
        case $line in
        farewell) exit ;;
        *) kill -s "$line" "$pid" ;;
        esac
    done
    trap '' TERM
    kill -s KILL "$pid"
    while kill -s 0 "$pid"; do sleep 0.1; done
    [ -z "$S3_EXPORTER_FOLDER" ] || rm -rf "$S3_EXPORTER_FOLDER"
) 2>/dev/null &
keeper=$!
exec 3<&-
wait "$pid"
code=$?
kill "$keeper" 2>/dev/null
exit "$code"
"#;

/// A new folder for a server's data: in memory where there is room, since databases wait
/// for the disk at every write (100,000 objects took MinIO 77 s on one, 11 s in memory).
pub(crate) fn data_folder() -> TempDir {
    const ROOM: u64 = 4 << 30;
    let memory = Path::new("/dev/shm");
    let free = rustix::fs::statvfs(memory).map_or(0, |fs| fs.f_bavail * fs.f_frsize);
    let folder = match free {
        ROOM.. => tempfile::Builder::new()
            .prefix("s3-exporter-")
            .tempdir_in(memory),
        _ => tempfile::tempdir(),
    };
    folder.unwrap_or_else(|error| panic!("making a folder for data: {error}"))
}

impl Process {
    /// Starts `program`; what it prints goes to the file `log`.
    ///
    /// # Panics
    /// When it can't be started.
    pub fn start(
        program: &Path,
        arguments: &[&str],
        environment: &[(&str, &str)],
        log: &Path,
    ) -> Self {
        Self::spawn(program, arguments, environment, log, None)
    }

    /// Starts a server whose data, and log, are in `folder`. It is removed with it where a
    /// test is killed, or keeps the server in a static, and so drops neither.
    pub(crate) fn serve(
        program: &str,
        arguments: &[&str],
        environment: &[(&str, &str)],
        folder: &Path,
    ) -> Self {
        let log = folder.join(format!("{program}.log"));
        Self::spawn(&tool(program), arguments, environment, &log, Some(folder))
    }

    fn spawn(
        program: &Path,
        arguments: &[&str],
        environment: &[(&str, &str)],
        log: &Path,
        folder: Option<&Path>,
    ) -> Self {
        let name = program.file_name().unwrap().to_string_lossy().into_owned();
        let mut child = Command::new("sh")
            .args(["-c", KEEPER, "keeper"])
            .arg(program)
            .args(arguments)
            .envs(environment.iter().copied())
            .env("S3_EXPORTER_LOG", log)
            .env("S3_EXPORTER_FOLDER", folder.unwrap_or(Path::new("")))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null()) // the shell's remarks on what was killed
            .spawn()
            .unwrap_or_else(|error| panic!("starting sh for {name}: {error}"));
        let pid = std::io::read_to_string(child.stdout.take().unwrap())
            .ok()
            .and_then(|line| line.trim().parse().ok())
            .unwrap_or_else(|| panic!("starting {name}: no pid from the shell"));
        let log = log.to_owned();
        Self {
            name,
            child,
            pid,
            log,
        }
    }

    /// The program's own pid.
    pub const fn pid(&self) -> u32 {
        self.pid
    }

    /// What it has printed so far.
    pub fn log(&self) -> String {
        let bytes = std::fs::read(&self.log).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Sends a signal by its name: `TERM`, `INT`, `HUP`, `KILL`, `STOP`, `CONT`.
    pub fn signal(&mut self, name: &str) {
        // It fails where the process has ended, and then there is nothing to signal.
        let _ = writeln!(self.child.stdin.as_mut().unwrap(), "{name}");
    }

    /// Its exit status, once it has ended; 128 + N where signal N ended it.
    pub fn exited(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().unwrap()
    }

    /// Waits until it ends.
    ///
    /// # Panics
    /// When that takes more than 90 seconds.
    pub async fn wait(&mut self) -> ExitStatus {
        let deadline = Instant::now() + READY;
        loop {
            if let Some(status) = self.exited() {
                return status;
            }
            assert!(Instant::now() < deadline, "{} does not end", self.name);
            tokio::time::sleep(POLL).await;
        }
    }

    /// Asks again and again until `ready` says yes.
    ///
    /// # Panics
    /// With the end of the log, when the program ends, or is not ready after 90 seconds.
    pub async fn until<F: Future<Output = bool>>(
        &mut self,
        what: &str,
        mut ready: impl FnMut() -> F,
    ) {
        let deadline = Instant::now() + READY;
        while !ready().await {
            if let Some(status) = self.exited() {
                panic!(
                    "{} ended ({status}) before {what}:\n{}",
                    self.name,
                    self.tail()
                );
            }
            assert!(
                Instant::now() < deadline,
                "{}: not after {} s: {what}:\n{}",
                self.name,
                READY.as_secs(),
                self.tail()
            );
            tokio::time::sleep(POLL).await;
        }
    }

    fn tail(&self) -> String {
        let log = self.log();
        let lines: Vec<_> = log.lines().collect();
        lines[lines.len().saturating_sub(30)..].join("\n")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.signal("KILL");
        self.signal("farewell");
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alive(pid: u32) -> bool {
        std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z"))
    }

    fn start(script: &str) -> (tempfile::TempDir, Process) {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        let process = Process::start(Path::new("/bin/sh"), &["-c", script], &[], &log);
        (folder, process)
    }

    #[tokio::test]
    async fn a_dropped_process_is_gone_though_it_ignores_signals() {
        let (_folder, mut process) = start("trap '' TERM; echo up; while :; do sleep 0.1; done");
        let mut tries = 0;
        process
            .until("it prints", || {
                tries += 1;
                std::future::ready(tries > 20)
            })
            .await;
        process.signal("TERM");
        tokio::time::sleep(Duration::from_millis(50)).await;
        let pid = process.pid();
        assert!(alive(pid));
        assert_eq!(process.log(), "up\n");
        drop(process);
        assert!(!alive(pid));
    }

    /// The test binary is run again as a process that starts a server and is killed.
    #[tokio::test]
    async fn a_killed_test_leaves_no_server_and_no_folder() {
        const PLACE: &str = "S3_EXPORTER_TEST_PLACE";
        if let Some(place) = std::env::var_os(PLACE) {
            let place = PathBuf::from(place);
            let folder = place.join("folder");
            std::fs::create_dir(&folder).unwrap();
            let log = folder.join("log");
            let arguments = ["-c", "exec sleep 1000"];
            let shell = Path::new("/bin/sh");
            let process = Process::spawn(shell, &arguments, &[], &log, Some(&folder));
            std::fs::write(place.join("new"), process.pid().to_string()).unwrap();
            std::fs::rename(place.join("new"), place.join("pid")).unwrap();
            std::future::pending::<()>().await;
        }
        let place = tempfile::tempdir().unwrap();
        let mut test = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "process::tests::a_killed_test_leaves_no_server_and_no_folder",
            ])
            .env(PLACE, place.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let pid_file = place.path().join("pid");
        eventually("it starts", || pid_file.exists()).await;
        let pid = std::fs::read_to_string(pid_file).unwrap().parse().unwrap();
        assert!(alive(pid));
        test.kill().unwrap();
        test.wait().unwrap();
        eventually("the server ends", || !alive(pid)).await;
        let folder = place.path().join("folder");
        eventually("the folder goes", || !folder.exists()).await;
    }

    async fn eventually(what: &str, mut is: impl FnMut() -> bool) {
        let deadline = Instant::now() + READY;
        while !is() {
            assert!(
                Instant::now() < deadline,
                "not after {} s: {what}",
                READY.as_secs()
            );
            tokio::time::sleep(POLL).await;
        }
    }

    #[tokio::test]
    async fn signals_arrive_and_the_exit_code_comes_back() {
        let (_folder, mut process) =
            start("trap 'exit 7' TERM; echo up; while :; do sleep 0.01; done");
        let log = process.log.clone();
        process
            .until("it prints", || {
                let up = std::fs::read_to_string(&log).is_ok_and(|text| text == "up\n");
                std::future::ready(up)
            })
            .await;
        process.signal("TERM");
        assert_eq!(process.wait().await.code(), Some(7));
    }

    #[tokio::test]
    #[should_panic(expected = "ended (exit status: 3) before it answers:\nno such luck")]
    async fn a_server_that_ends_is_reported_with_its_log() {
        let (_folder, mut process) = start("echo no such luck; exit 3");
        process
            .until("it answers", || std::future::ready(false))
            .await;
    }

    #[test]
    #[should_panic(expected = "no-such-tool is missing")]
    fn a_missing_tool_is_named() {
        tool("no-such-tool");
    }
}
