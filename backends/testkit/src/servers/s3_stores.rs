//! Stores with an S3 API that people have, or test with: one file each, started in the same way.

mod ceph;
mod garage;
mod gofakes3;
mod juicefs;
mod moto;
mod rclone;
mod s3mock;
mod s3proxy;
mod s3s;
mod swift;
mod versitygw;

use std::any::Any;
use std::fs;

use reqwest::StatusCode;
use tempfile::TempDir;

use super::{MinIo, SeaweedFs};
use crate::process::data_folder;
use crate::{Port, Process, S3Client, tool};

/// A store that runs, with a user who may do all. It ends when it is dropped.
pub struct S3Store {
    /// Its address: `http://127.0.0.1:PORT`.
    pub endpoint: String,
    /// The user's access key.
    pub access_key: &'static str,
    /// Its secret.
    pub secret_key: &'static str,
    _keep: Box<dyn Any + Send + Sync>,
}

impl S3Store {
    /// A client of the user.
    pub fn client(&self) -> S3Client {
        S3Client::new(&self.endpoint, self.access_key, self.secret_key)
    }

    /// [`MinIo`].
    pub async fn minio() -> Self {
        let server = MinIo::start().await;
        let keys = (MinIo::ACCESS_KEY, MinIo::SECRET_KEY);
        Self::of(server.endpoint(), keys, server)
    }

    /// [`SeaweedFs`].
    pub async fn seaweedfs() -> Self {
        let server = SeaweedFs::start().await;
        let keys = (SeaweedFs::ACCESS_KEY, SeaweedFs::SECRET_KEY);
        Self::of(server.endpoint(), keys, server)
    }

    fn of(
        endpoint: String,
        (access_key, secret_key): (&'static str, &'static str),
        keep: impl Any + Send + Sync,
    ) -> Self {
        Self {
            endpoint,
            access_key,
            secret_key,
            _keep: Box::new(keep),
        }
    }
}

const ACCESS_KEY: &str = "all-rights";
const SECRET_KEY: &str = "secret-of-all-rights";

/// What a store is started of: its processes, ports and files, all of which go with it.
struct Parts {
    processes: Vec<Process>,
    ports: Vec<Port>,
    folder: TempDir,
}

impl Parts {
    fn new() -> Self {
        Self {
            processes: Vec::new(),
            ports: Vec::new(),
            folder: data_folder(),
        }
    }

    /// The path of a file of it.
    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_string_lossy().into_owned()
    }

    /// The path of a folder of it, which is made.
    fn folder(&self, name: &str) -> String {
        fs::create_dir_all(self.folder.path().join(name)).unwrap();
        self.path(name)
    }

    /// The path of a file with this text.
    fn file(&self, name: &str, text: &str) -> String {
        fs::write(self.folder.path().join(name), text).unwrap();
        self.path(name)
    }

    /// A port of its own.
    fn port(&mut self) -> u16 {
        let port = Port::take();
        let number = port.number();
        self.ports.push(port);
        number
    }

    fn serve(&mut self, program: &str, arguments: &[&str], environment: &[(&str, &str)]) {
        let process = Process::serve(program, arguments, environment, self.folder.path());
        self.processes.push(process);
    }

    /// Runs a program to its end; what it printed.
    async fn try_run(
        &self,
        program: &str,
        arguments: &[&str],
        environment: &[(&str, &str)],
    ) -> Result<String, String> {
        let output = tokio::process::Command::new(tool(program))
            .args(arguments)
            .envs(environment.iter().copied())
            .current_dir(self.folder.path())
            .output()
            .await
            .unwrap();
        let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        match output.status.success() {
            true => Ok(text),
            false => Err(text),
        }
    }

    /// The same, which must end well.
    async fn run(&self, program: &str, arguments: &[&str], environment: &[(&str, &str)]) {
        let ran = self.try_run(program, arguments, environment).await;
        ran.unwrap_or_else(|text| panic!("{program} {}: {text}", arguments.join(" ")));
    }

    /// The process that was started last.
    fn latest(&mut self) -> &mut Process {
        self.processes.last_mut().unwrap()
    }

    /// The store, once it answers its user at this port.
    async fn ready(self, port: u16) -> S3Store {
        self.ready_for(port, (ACCESS_KEY, SECRET_KEY)).await
    }

    /// The same, where its user is another.
    async fn ready_for(mut self, port: u16, keys: (&'static str, &'static str)) -> S3Store {
        let endpoint = format!("http://127.0.0.1:{port}");
        let client = S3Client::new(&endpoint, keys.0, keys.1);
        self.latest()
            .until("it is ready", || async {
                client.answers().await == Some(StatusCode::OK)
            })
            .await;
        S3Store::of(endpoint, keys, self)
    }
}
