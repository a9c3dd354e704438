//! Requests beside listings. As those are, they are the request that lists objects, written anew before it is
//! signed, so that all of a connection holds for them too.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_s3::operation::list_objects_v2::ListObjectsV2Output;
use aws_smithy_runtime_api::client::interceptors::context::{Error, Output};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse, OrchestratorError};
use aws_smithy_runtime_api::client::ser_de::DeserializeResponse;
use aws_smithy_runtime_api::http::HttpError;
use aws_smithy_types::config_bag::ConfigBag;
use s3_exporter_api::{BackendError, FailureKind, Meter, Operation};
use s3_exporter_page::Untold;
use s3_exporter_transport::Attempts;

use crate::error::refused;
use crate::list::{CallHook, S3};
use crate::request::with_query;

/// What is asked for.
pub(crate) struct Question<'a> {
    /// What is tried, and of what: `reading tags of bucket "b"`.
    pub action: String,
    pub operation: Operation,
    /// A bucket's name, or [`ANY_BUCKET`](crate::request::ANY_BUCKET).
    pub bucket: &'a str,
    pub meter: &'a Arc<Meter>,
}

impl S3 {
    /// Asks, and has the answer read. `write` makes of the request for a list the one that is meant.
    pub(crate) async fn ask<T: Send + 'static>(
        &self,
        question: Question<'_>,
        write: impl Fn(HttpRequest) -> Result<HttpRequest, HttpError> + Send + Sync + 'static,
        read: impl Fn(&HttpResponse) -> Result<T, Untold> + Send + Sync + 'static,
    ) -> Result<T, BackendError> {
        let reader = Reader {
            read: Arc::new(read),
            told: Arc::default(),
        };
        let hook = CallHook {
            attempts: Attempts::new(question.meter, question.operation),
            incoming: None,
            reader: reader.clone(),
        };
        let used = self.clients.get();
        let asked = used
            .client
            .list_objects_v2()
            .bucket(question.bucket)
            .set_expected_bucket_owner(self.expected_bucket_owner.clone())
            .customize()
            .map_request(write)
            .interceptor(hook)
            .send()
            .await;
        let action = format!("{} at {}", question.action, self.url);
        if let Err(error) = asked {
            let context = self.failure_context(action, question.operation);
            let error = context.explain(error);
            // One that is denied alone may well be denied to whoever else is asked for.
            if error.kind() == FailureKind::Credentials {
                self.clients.failed(&used, error.kind());
            }
            return Err(error);
        }
        let told = reader.told();
        told.ok_or_else(|| BackendError::new(FailureKind::Internal, action, "no answer was read"))
    }
}

/// With this in its query, and nothing else.
pub(crate) fn with_alone(request: HttpRequest, query: &str) -> Result<HttpRequest, HttpError> {
    with_query(request, |name, _| match name {
        "list-type" => format!("{query}="),
        _ => String::new(),
    })
}

/// How an answer is read.
type Read<T> = dyn Fn(&HttpResponse) -> Result<T, Untold> + Send + Sync;

/// Reads an answer, deep inside the SDK.
struct Reader<T> {
    read: Arc<Read<T>>,
    told: Arc<Mutex<Option<T>>>,
}

impl<T> Clone for Reader<T> {
    fn clone(&self) -> Self {
        let (read, told) = (Arc::clone(&self.read), Arc::clone(&self.told));
        Self { read, told }
    }
}

impl<T> fmt::Debug for Reader<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reader")
    }
}

impl<T> Reader<T> {
    fn told(&self) -> Option<T> {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.take()
    }
}

impl<T: Send> DeserializeResponse for Reader<T> {
    fn deserialize_nonstreaming_with_config(
        &self,
        response: &HttpResponse,
        _: &ConfigBag,
    ) -> Result<Output, OrchestratorError<Error>> {
        match (self.read)(response) {
            Ok(told) => {
                *self.told.lock().unwrap_or_else(PoisonError::into_inner) = Some(told);
                Ok(Output::erase(ListObjectsV2Output::builder().build()))
            }
            Err(Untold::Refused(error)) => {
                Err(OrchestratorError::operation(Error::erase(refused(error))))
            }
            Err(Untold::Malformed(error)) => Err(OrchestratorError::response(error.into())),
        }
    }
}
