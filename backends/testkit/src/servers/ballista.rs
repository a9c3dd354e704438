use std::fmt::Write;

use reqwest::StatusCode;
use tempfile::TempDir;

use super::MinIo;
use crate::process::data_folder;
use crate::{Port, Process};

/// Ballista: a scheduler that speaks Arrow Flight SQL, and executors, each a process of its own, which read from a MinIO.
pub struct Ballista {
    scheduler: Option<Process>,
    executors: Vec<Process>,
    port: Port,
    _ports: Vec<Port>,
    _folder: TempDir,
}

impl Ballista {
    /// Starts one with so many executors, of one task at a time.
    ///
    /// # Panics
    /// When it is not installed (`tests/install.sh engine`) or does not come up.
    pub async fn start(minio: &MinIo, executors: usize) -> Self {
        let folder = data_folder();
        let port = Port::take();
        let endpoint = minio.endpoint();
        let environment = [
            ("AWS_ACCESS_KEY_ID", MinIo::ACCESS_KEY),
            ("AWS_SECRET_ACCESS_KEY", MinIo::SECRET_KEY),
            ("AWS_REGION", "us-east-1"),
            ("AWS_ENDPOINT", &endpoint),
            ("AWS_ALLOW_HTTP", "true"),
        ];
        let scheduler = format!(
            "--flight-sql --bind-host 127.0.0.1 --external-host 127.0.0.1 --bind-port {port} \
             --executor-timeout-seconds 6 --expire-dead-executor-interval-seconds 1"
        );
        let mut processes = vec![("ballista-scheduler", scheduler, None)];
        let mut ports = Vec::new();
        for nth in 0..executors {
            let [data, grpc, health] = [Port::take(), Port::take(), Port::take()];
            let mut arguments = format!(
                "--scheduler-host 127.0.0.1 --scheduler-port {port} --scheduler-connect-timeout-seconds 60 \
                 --bind-host 127.0.0.1 --external-host 127.0.0.1 --vcores 1 --executor-heartbeat-interval-seconds 1 \
                 --bind-port {data} --bind-grpc-port {grpc} --bind-health-port {health}"
            );
            let work = folder.path().join(format!("executor-{nth}"));
            std::fs::create_dir(&work).unwrap();
            // Into a String: writing cannot fail.
            let _ = write!(arguments, " --work-dir {}", work.display());
            let ready = format!("http://127.0.0.1:{health}/readyz");
            processes.push(("ballista-executor", arguments, Some((work, ready))));
            ports.extend([data, grpc, health]);
        }
        let mut started = Vec::new();
        for (program, arguments, of) in processes {
            let arguments: Vec<_> = arguments.split(' ').collect();
            let own = of.as_ref().map_or(folder.path(), |(work, _)| work);
            let mut process = Process::serve(program, &arguments, &environment, own);
            if let Some((_, ready)) = of {
                let http = reqwest::Client::new();
                let is_ready = || async {
                    let answer = http.get(&ready).send().await;
                    answer.is_ok_and(|answer| answer.status() == StatusCode::OK)
                };
                process.until("it is ready", is_ready).await;
            }
            started.push(process);
        }
        Self {
            scheduler: Some(started.remove(0)),
            executors: started,
            port,
            _ports: ports,
            _folder: folder,
        }
    }

    /// Its address: `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Ends one executor at once, in the middle of whatever it does.
    ///
    /// # Panics
    /// When there is none.
    pub fn kill_executor(&mut self) {
        drop(self.executors.pop().unwrap());
    }

    /// Ends the scheduler likewise.
    pub fn kill_scheduler(&mut self) {
        self.scheduler = None;
    }

    /// How many statements were given to executors, as the scheduler's log has it.
    pub fn jobs(&self) -> usize {
        let scheduler = self.scheduler.as_ref();
        scheduler.map_or(0, |of| of.log().matches("Job queued").count())
    }

    /// How many tasks each executor that is left has run, as its log has it.
    pub fn tasks(&self) -> Vec<usize> {
        let ran = |executor: &Process| executor.log().matches("Finished task").count();
        self.executors.iter().map(ran).collect()
    }
}
