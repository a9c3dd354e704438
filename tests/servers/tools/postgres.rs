//! A PostgreSQL whose WAL is archived by a tool.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use s3_exporter_testkit::{Process, tool};
use tokio::process::Command;

use super::story::Story;

/// It refuses to run as root. As root it is run by a user without rights but one: to pass folders
/// that only root may, for the tools may lie in some.
const AS_NOBODY: [&str; 5] = [
    "--reuid=65534",
    "--regid=65534",
    "--clear-groups",
    "--inh-caps=+dac_override",
    "--ambient-caps=+dac_override",
];

/// A server with a database `postgres` of the user `lab`, at a socket alone.
pub struct Postgres {
    process: Process,
    /// The folder of its socket.
    pub socket: PathBuf,
}

impl Postgres {
    /// Starts one that archives each file of its WAL by this command, in which `%p` is the file.
    pub async fn start(story: &mut Story, archive: &str) -> Self {
        let (socket, data) = (story.path("postgres"), story.path("postgres/data"));
        std::fs::create_dir(&socket).unwrap();
        std::fs::set_permissions(&socket, PermissionsExt::from_mode(0o777)).unwrap();
        let text = |path: &PathBuf| path.to_string_lossy().into_owned();
        let data_text = text(&data);
        for (name, value) in [("PGUSER", "lab".to_owned()), ("PGHOST", text(&socket))] {
            story.environment.push((name.to_owned(), value));
        }
        let arguments = [
            "--auth=trust",
            "--username=lab",
            "--no-sync",
            "-D",
            &data_text,
        ];
        let programs = programs(story).await;
        let initdb = programs.line("initdb", &arguments);
        let arguments: Vec<_> = initdb.1.iter().map(String::as_str).collect();
        story.run(story.command(&initdb.0, &arguments)).await;
        let settings = [
            "listen_addresses=".to_owned(),
            format!("unix_socket_directories={}", text(&socket)),
            "fsync=off".to_owned(),
            "dynamic_shared_memory_type=mmap".to_owned(), // leaves nothing where it is killed
            "archive_mode=on".to_owned(),
            format!("archive_command={archive}"),
        ];
        let settings = settings.iter().flat_map(|setting| ["-c", setting]);
        let arguments: Vec<_> = ["-D", &data_text].into_iter().chain(settings).collect();
        let (program, arguments) = programs.line("postgres", &arguments);
        let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
        let environment = story.environment.iter();
        let environment = environment.map(|(name, value)| (name.as_str(), value.as_str()));
        let environment: Vec<_> = environment.collect();
        let log = story.path("postgres.log");
        let mut process = Process::start(&program, &arguments, &environment, &log);
        let story = &*story;
        process
            .until("it answers", || async {
                let ask = psql(story, "postgres", "SELECT 1").output().await;
                ask.unwrap().status.success()
            })
            .await;
        Self { process, socket }
    }

    /// Makes a database.
    pub async fn create(&self, story: &Story, database: &str) {
        let statement = format!("CREATE DATABASE {database}");
        story.run(psql(story, "postgres", &statement)).await;
    }

    /// Makes a table of so many rows that cannot be compressed well.
    pub async fn fill(&self, story: &Story, database: &str, table: &str, rows: u32) {
        let statement = format!(
            "CREATE TABLE {table}_rows AS SELECT md5(n::text) FROM generate_series(1, {rows}) n"
        );
        story.run(psql(story, database, &statement)).await;
    }

    /// Ends the connections of a program of this name.
    pub async fn disconnect(&self, story: &Story, name: &str) {
        let statement = format!(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = '{name}'"
        );
        story.run(psql(story, "postgres", &statement)).await;
    }

    /// Ends a file of WAL, so that it is archived.
    pub async fn switch_wal(&self, story: &Story) {
        story
            .run(psql(story, "postgres", "SELECT pg_switch_wal()"))
            .await;
    }
}

fn psql(story: &Story, database: &str, statement: &str) -> Command {
    story.tool("psql", &["--command", statement, database])
}

impl Drop for Postgres {
    /// At once, but by itself: what it shares with its children would stay.
    fn drop(&mut self) {
        self.process.signal("QUIT");
        for _ in 0..100 {
            if self.process.exited().is_some() {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
    }
}

/// A tool's command as the user that PostgreSQL runs as.
pub fn as_nobody(story: &Story, name: &str, arguments: &[&str]) -> Command {
    let (program, arguments) = command_line(name, arguments);
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    story.command(&program, &arguments)
}

/// Where the server's programs are.
struct Programs(Option<PathBuf>);

/// Root's are copied to where anybody may go: they look for one another, and ask then whether their
/// user may, whatever its rights.
async fn programs(story: &Story) -> Programs {
    if !rustix::process::geteuid().is_root() {
        return Programs(None);
    }
    let tools = tool("initdb").with_file_name("").join("../postgres");
    let (from, to) = (tools.to_string_lossy(), story.text_path("programs"));
    std::fs::set_permissions(story.path(""), PermissionsExt::from_mode(0o755)).unwrap();
    let copy = story.command("cp".as_ref(), &["--archive", &from, &to]);
    story.run(copy).await;
    Programs(Some(to.into()))
}

impl Programs {
    /// A command of the server, as the user that it runs as.
    fn line(&self, name: &str, arguments: &[&str]) -> (PathBuf, Vec<String>) {
        let Some(copied) = &self.0 else {
            return command_line(name, arguments);
        };
        let only = |folder: PathBuf| {
            let mut all = std::fs::read_dir(&folder).unwrap();
            all.next().unwrap().unwrap().path()
        };
        let program = only(copied.join("lib/postgresql")).join("bin").join(name);
        let machine = format!("{}-linux-gnu", std::env::consts::ARCH);
        let libraries = copied.join("lib").join(machine);
        let words = [
            "env".to_owned(),
            format!("LD_LIBRARY_PATH={}", libraries.display()),
            program.to_string_lossy().into_owned(),
        ];
        let before = AS_NOBODY.into_iter().map(str::to_owned).chain(words);
        let arguments = arguments.iter().map(|argument| (*argument).to_owned());
        ("setpriv".into(), before.chain(arguments).collect())
    }
}

fn command_line(name: &str, arguments: &[&str]) -> (PathBuf, Vec<String>) {
    let program = tool(name);
    let arguments = arguments.iter().copied();
    if !rustix::process::geteuid().is_root() {
        return (program, arguments.map(str::to_owned).collect());
    }
    let before = AS_NOBODY.into_iter().chain(program.to_str());
    let line = before.chain(arguments).map(str::to_owned).collect();
    ("setpriv".into(), line)
}
