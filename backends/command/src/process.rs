//! A program that runs in a process group of its own, and ends with whoever holds it.

use std::io::{self, Read};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStderr, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
use s3_exporter_api::BackendError;
use s3_exporter_stream::Source;

use crate::config::CommandConfig;
use crate::error::{cannot_start, lost};

/// What a program prints.
pub type Output = ChildStdout;

/// Of what it says, so many bytes at the end are kept: more than is shown.
const TAIL: usize = 16 << 10;
/// For the end of what it said, once it has ended: another may hold the pipe open.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// A program.
pub struct Process {
    killer: Killer,
    /// `None` once it has ended.
    child: Option<Child>,
    said: Arc<Mutex<Vec<u8>>>,
    said_all: Receiver<()>,
}

/// Ends it, and what it has started.
#[derive(Clone)]
pub struct Killer {
    group: Pid,
    /// Once it is, another may have its number.
    is_over: Arc<Mutex<bool>>,
}

impl Process {
    /// Starts the program for a bucket: no shell, no input, and no environment but the one
    /// that is configured, in UTC.
    pub fn start(config: &CommandConfig, bucket: &str) -> Result<(Self, Output), BackendError> {
        let environment = config.environment.iter();
        let mut child = Command::new(&config.program)
            .args(config.arguments(bucket))
            .env_clear()
            .envs(environment.map(|(name, value)| (name, value.expose())))
            .env("TZ", "UTC")
            .current_dir("/")
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|cause| cannot_start(config.action(bucket), cause))?;
        let (output, errors) = (child.stdout.take(), child.stderr.take());
        let (send, said_all) = channel();
        let process = Self {
            killer: Killer {
                group: Pid::from_child(&child),
                is_over: Arc::default(),
            },
            child: Some(child),
            said: Arc::default(),
            said_all,
        };
        let (Some(output), Some(errors)) = (output, errors) else {
            return Err(lost(config, bucket));
        };
        let said = Arc::clone(&process.said);
        let reader = thread::Builder::new().name("stderr".to_owned());
        let reader = reader.spawn(move || {
            keep_tail(errors, &said);
            drop(send);
        });
        reader.map_err(|cause| lost(config, bucket).with_source(cause))?;
        Ok((process, output))
    }

    /// What ends it from elsewhere.
    pub fn killer(&self) -> Killer {
        self.killer.clone()
    }

    /// Waits for its end, and ends what it has started and left: how it ended, and the end of what
    /// it said.
    ///
    /// # Errors
    /// There is no such process.
    pub fn wait(&mut self) -> io::Result<(ExitStatus, Vec<u8>)> {
        let child = self.child.take().ok_or(Errno::CHILD)?;
        let status = self.killer.reap(child)?;
        let _ = self.said_all.recv_timeout(LAST_WORDS); // or as much as has come
        Ok((status, lock(&self.said).clone()))
    }
}

/// Nobody waits for it: it is killed, and forgotten once it has ended.
impl Drop for Process {
    fn drop(&mut self) {
        let Some(child) = self.child.take() else {
            return;
        };
        self.killer.kill();
        let killer = self.killer.clone();
        let reaper = thread::Builder::new().name("reaper".to_owned());
        let _ = reaper.spawn(move || killer.reap(child)); // without one it stays a zombie
    }
}

impl Killer {
    /// Kills all of the group, unless it has ended.
    pub fn kill(&self) {
        let is_over = lock(&self.is_over);
        if !*is_over {
            self.kill_group();
        }
    }

    /// Waits for the end of the program, and kills what it has started and left.
    fn reap(&self, mut child: Child) -> io::Result<ExitStatus> {
        // Its number stays its own until it was waited for, and so does that of its group. Not
        // under the lock: this may take long.
        let has_ended = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        while let Err(errno) = waitid(WaitId::Pid(self.group), has_ended) {
            if errno != Errno::INTR {
                return Err(errno.into());
            }
        }
        let mut is_over = lock(&self.is_over);
        self.kill_group();
        *is_over = true;
        child.wait()
    }

    fn kill_group(&self) {
        let _ = kill_process_group(self.group, Signal::KILL); // they may all have ended
    }
}

/// Reads to the end, and keeps the last bytes.
fn keep_tail(mut from: ChildStderr, tail: &Mutex<Vec<u8>>) {
    let mut chunk = [0; 4096];
    loop {
        match from.read(&mut chunk) {
            Ok(0) => return,
            Ok(read) => {
                let mut tail = lock(tail);
                tail.extend_from_slice(&chunk[..read]);
                let surplus = tail.len().saturating_sub(TAIL);
                tail.drain(..surplus);
            }
            Err(cause) if cause.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return,
        }
    }
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nobody panics while holding it.
    of.lock().unwrap_or_else(PoisonError::into_inner)
}
