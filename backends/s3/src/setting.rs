//! Settings of a bucket. As listings are, they are asked for by the request that lists objects, with
//! another query, so that all of a connection holds for them too.

use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_s3::operation::list_objects_v2::ListObjectsV2Output;
use aws_smithy_runtime_api::client::interceptors::context::{Error, Output};
use aws_smithy_runtime_api::client::orchestrator::{HttpResponse, OrchestratorError};
use aws_smithy_runtime_api::client::ser_de::DeserializeResponse;
use aws_smithy_types::config_bag::ConfigBag;
use s3_exporter_api::{
    BackendError, BucketSetting, FailureKind, Meter, SettingState, is_directory_bucket,
};
use s3_exporter_page::{Untold, read_setting, setting_query};
use s3_exporter_transport::Attempts;

use crate::error::refused;
use crate::list::{CallHook, S3, with_query};

impl S3 {
    pub(crate) async fn read_setting(
        &self,
        bucket: &str,
        setting: BucketSetting,
        meter: &Arc<Meter>,
    ) -> Result<Option<SettingState>, BackendError> {
        if is_directory_bucket(bucket) {
            return Ok(None);
        }
        let reader = SettingReader {
            setting,
            told: Arc::default(),
        };
        let hook = CallHook {
            attempts: Attempts::new(meter, setting.operation()),
            reader: reader.clone(),
        };
        let used = self.clients.get();
        let asked = used
            .client
            .list_objects_v2()
            .bucket(bucket)
            .set_expected_bucket_owner(self.expected_bucket_owner.clone())
            .customize()
            .map_request(move |request| {
                with_query(request, |name, _| match name {
                    "list-type" => format!("{}=", setting_query(setting)),
                    _ => String::new(),
                })
            })
            .interceptor(hook)
            .send()
            .await;
        match asked {
            Ok(_) => Ok(reader.told()),
            Err(error) => {
                let action = format!("reading {setting} of bucket {bucket:?} at {}", self.url);
                let error = self
                    .failure_context(action, setting.operation())
                    .explain(error);
                // One that is denied alone may well be denied to whoever else is asked for.
                if error.kind() == FailureKind::Credentials {
                    self.clients.failed(&used, error.kind());
                }
                Err(error)
            }
        }
    }
}

/// Reads an answer, deep inside the SDK.
#[derive(Clone, Debug)]
struct SettingReader {
    setting: BucketSetting,
    told: Arc<Mutex<Option<SettingState>>>,
}

impl SettingReader {
    fn told(&self) -> Option<SettingState> {
        *self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl DeserializeResponse for SettingReader {
    fn deserialize_nonstreaming_with_config(
        &self,
        response: &HttpResponse,
        _: &ConfigBag,
    ) -> Result<Output, OrchestratorError<Error>> {
        let body = response.body().bytes().unwrap_or_default();
        let server = response.headers().get("server");
        match read_setting(self.setting, response.status().as_u16(), server, body) {
            Ok(told) => {
                *self.told.lock().unwrap_or_else(PoisonError::into_inner) = told;
                Ok(Output::erase(ListObjectsV2Output::builder().build()))
            }
            Err(Untold::Refused(error)) => {
                Err(OrchestratorError::operation(Error::erase(refused(error))))
            }
            Err(Untold::Malformed(error)) => Err(OrchestratorError::response(error.into())),
        }
    }
}
