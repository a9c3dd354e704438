use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use s3_exporter_api::{BackendError, FailureKind, Meter, ObjectPart};
use s3_exporter_stream::{Source, Watch};

use crate::URL;
use crate::config::FileConfig;
use crate::read::read;
use crate::walk::Walk;

impl Source for FileConfig {
    type Stream = Walk;

    fn url(&self) -> String {
        URL.to_owned()
    }

    fn time(&self) -> Duration {
        self.request_timeout
    }

    fn open(
        &self,
        bucket: &str,
        prefix: &str,
        _: &Arc<Meter>,
        watch: &Arc<Watch>,
    ) -> Result<Self::Stream, BackendError> {
        Walk::open(self, bucket, prefix, watch)
    }

    fn late(&self, bucket: &str, watch: &Watch) -> BackendError {
        let reason = format!(
            "the file system has not answered for {} s, in the folder {:?}",
            self.request_timeout.as_secs_f64(),
            format!("{bucket}/{}", watch.place())
        );
        BackendError::new(FailureKind::Timeout, self.action(bucket), reason)
            .with_advice("see whether the disk or the file server hangs")
    }

    fn patience(&self) -> Duration {
        self.request_timeout
    }

    fn reads(&self) -> bool {
        true
    }

    fn read(&self, bucket: &str, key: &str, range: Range<u64>) -> Result<ObjectPart, BackendError> {
        read(bucket, key, range)
    }
}
