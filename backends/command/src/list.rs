use std::sync::Arc;
use std::time::Duration;

use s3_exporter_api::{BackendError, Meter, Page};
use s3_exporter_stream::{Source, Stream, Watch};

use crate::config::CommandConfig;
use crate::error::{ended, late, lost, malformed};
use crate::lines::Lines;
use crate::process::{Output, Process};

/// How long one that was killed may take to end.
const PATIENCE: Duration = Duration::from_secs(10);

impl Source for CommandConfig {
    type Stream = Listing;

    fn url(&self) -> String {
        format!("command://{}", self.program.display())
    }

    fn time(&self) -> Duration {
        self.run_timeout
    }

    fn open(
        &self,
        bucket: &str,
        prefix: &str,
        _: &Arc<Meter>,
        watch: &Arc<Watch>,
    ) -> Result<Self::Stream, BackendError> {
        let (process, output) = Process::start(self, bucket)?;
        let killer = process.killer();
        watch.on_give_up(move || killer.kill());
        Ok(Listing {
            config: self.clone(),
            bucket: bucket.to_owned(),
            prefix: prefix.as_bytes().to_vec(),
            lines: Lines::new(output, self.format, self.bounds),
            process,
        })
    }

    fn late(&self, bucket: &str, _: &Watch) -> BackendError {
        late(self, bucket)
    }

    fn patience(&self) -> Duration {
        PATIENCE
    }
}

/// A program that runs, and what it prints.
pub struct Listing {
    config: CommandConfig,
    bucket: String,
    prefix: Vec<u8>,
    lines: Lines<Output>,
    process: Process,
}

impl Stream for Listing {
    fn fill(&mut self, page: &mut Page, objects: usize) -> Result<bool, BackendError> {
        while page.len() < objects {
            let next = self.lines.next();
            let next = next.map_err(|fault| malformed(&self.config, &self.bucket, fault))?;
            let Some(object) = next else {
                self.end()?;
                return Ok(false);
            };
            if object.key.starts_with(&self.prefix) {
                page.push(object);
            }
        }
        Ok(true)
    }
}

impl Listing {
    /// It is a listing only once the program has ended well.
    fn end(&mut self) -> Result<(), BackendError> {
        let (status, said) = self
            .process
            .wait()
            .map_err(|cause| lost(&self.config, &self.bucket).with_source(cause))?;
        match status.success() {
            true => Ok(()),
            false => Err(ended(&self.config, &self.bucket, status, &said)),
        }
    }
}
