//! What the store itself counts in a bucket, where it is one that says so: who it is, its answer to
//! `HeadBucket` tells.

use std::sync::Arc;

use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::http::HttpError;
use s3_exporter_api::{
    Backend, BackendError, BucketSetting, BucketUsage, FailureKind, ListRequest, ListingKind,
    Meter, Operation, Page, SettingState, StartAt, UnixTime, is_directory_bucket,
};
use s3_exporter_page::{
    CEPH_STATS, Counter, Malformed, OSS_STAT, STORAGEGRID_USAGE, Untold, read_complaint,
    read_error, read_oss_stat, read_storagegrid_usage,
};

use crate::ask::{Question, with_alone};
use crate::list::S3;
use crate::request::{ANY_BUCKET, of_no_bucket, with_query};

/// A header that is longer is cut for people.
const SHOWN: usize = 60;

/// What it takes there; on no bucket, since it is of all of an account.
const STORAGEGRID_RIGHT: &str = "allow s3:ListAllMyBuckets to this access key";

/// What an answer to `HeadBucket` shows of the store.
struct Shown {
    counter: Option<Counter>,
    server: Option<String>,
}

impl S3 {
    pub(crate) async fn read_usage(
        &self,
        bucket: &str,
        meter: &Arc<Meter>,
    ) -> Result<Option<BucketUsage>, BackendError> {
        let question = |operation, bucket| Question {
            action: format!("reading what the store counts in bucket {bucket:?}"),
            operation,
            bucket,
            meter,
        };
        if is_directory_bucket(bucket) {
            return Err(self.does_not_say(bucket, Some("AmazonS3")));
        }
        let shown = self
            .ask(question(Operation::HeadBucket, bucket), head, shown)
            .await?;
        let mut usage = match shown.counter {
            None => return Err(self.does_not_say(bucket, shown.server.as_deref())),
            // It is counted with each change.
            Some(Counter::Ceph(objects, bytes)) => BucketUsage {
                objects,
                bytes,
                counted: UnixTime::now(),
                has_versions: true,
                has_parts: true,
            },
            Some(Counter::StorageGrid) => {
                let own = bucket.to_owned();
                let asked = Question {
                    bucket: ANY_BUCKET,
                    ..question(Operation::GetStorageUsage, bucket)
                };
                let read = move |body: &[u8]| read_storagegrid_usage(&own, body);
                let write = |request| with_alone(of_no_bucket(request)?, STORAGEGRID_USAGE);
                let told = self.ask(asked, write, body(read)).await;
                let told = told.map_err(|error| match error.kind() {
                    FailureKind::Denied => error.with_advice(STORAGEGRID_RIGHT),
                    _ => error,
                });
                match told? {
                    Some(usage) => usage,
                    None => return Ok(None),
                }
            }
            Some(Counter::Oss) => {
                let write = |request| with_alone(request, OSS_STAT);
                let asked = question(Operation::GetBucketStat, bucket);
                self.ask(asked, write, body(read_oss_stat)).await?
            }
        };
        // Where nobody can say whether there are any, there may be.
        if usage.has_versions {
            let setting = self
                .read_setting(bucket, BucketSetting::Versioning, meter)
                .await;
            usage.has_versions = !matches!(setting, Ok(Some(SettingState::Off)));
        }
        if usage.has_parts {
            usage.has_parts = !matches!(self.has_uploads(bucket, meter).await, Ok(false));
        }
        Ok(Some(usage))
    }

    /// Whether there is any unfinished upload.
    async fn has_uploads(&self, bucket: &str, meter: &Arc<Meter>) -> Result<bool, BackendError> {
        let request = ListRequest {
            bucket,
            prefix: "",
            kind: ListingKind::Uploads,
            from: StartAt::Start,
            max_keys: 1,
            meter,
        };
        let mut page = Page::new();
        self.list_page(&request, &mut page).await?;
        Ok(!page.is_empty())
    }

    fn does_not_say(&self, bucket: &str, server: Option<&str>) -> BackendError {
        let action = format!(
            "reading what the store counts in bucket {bucket:?} at {}",
            self.url
        );
        let who = match server {
            Some(server) => format!("whose header Server is {server:?}"),
            None => "which has no header Server".to_owned(),
        };
        let reason =
            format!("the store, {who}, does not say it: Ceph RGW, StorageGRID and Alibaba OSS do");
        let advice = match server.is_some_and(|server| server.starts_with("MinIO")) {
            true => "name it by a backend of type \"minio\", which MinIO tells what it counts",
            false => "take \"usage\" out of `also`",
        };
        BackendError::new(FailureKind::Internal, action, reason).with_advice(advice)
    }
}

/// `HeadBucket`, by which Ceph is asked to count.
fn head(request: HttpRequest) -> Result<HttpRequest, HttpError> {
    let mut request = with_query(request, |name, _| match name {
        "list-type" => format!("{CEPH_STATS}=true"),
        _ => String::new(),
    })?;
    request.set_method("HEAD")?;
    Ok(request)
}

fn shown(answer: &HttpResponse) -> Result<Shown, Untold> {
    if !answer.status().is_success() {
        return Err(Untold::Refused(None)); // such an answer has no body
    }
    let headers = answer.headers();
    let counter = Counter::of(|name| headers.get(name)).map_err(Untold::Malformed)?;
    let server = headers.get("server");
    let server = server.map(|server| server.chars().take(SHOWN).collect());
    Ok(Shown { counter, server })
}

/// Reads the body of an answer that is no refusal.
fn body<T>(
    read: impl Fn(&[u8]) -> Result<T, Malformed>,
) -> impl Fn(&HttpResponse) -> Result<T, Untold> {
    move |answer| {
        let body = answer.body().bytes().unwrap_or_default();
        let error = match answer.status().is_success() {
            true => read_error(body),
            false => return Err(Untold::Refused(read_complaint(body))),
        };
        match error {
            Some(error) => Err(Untold::Refused(Some(error))),
            None => read(body).map_err(Untold::Malformed),
        }
    }
}
