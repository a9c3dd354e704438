//! Settings of a bucket, and its tags.

use std::collections::BTreeMap;
use std::sync::Arc;

use s3_exporter_api::{
    BackendError, BucketSetting, Meter, Operation, SettingState, is_directory_bucket,
};
use s3_exporter_page::{TAGGING, read_setting, read_tags, setting_query};

use crate::ask::{Question, with_alone};
use crate::list::S3;

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
        let question = Question {
            action: format!("reading {setting} of bucket {bucket:?}"),
            operation: setting.operation(),
            bucket,
            meter,
        };
        self.ask(
            question,
            move |request| with_alone(request, setting_query(setting)),
            move |answer| {
                let body = answer.body().bytes().unwrap_or_default();
                let server = answer.headers().get("server");
                read_setting(setting, answer.status().as_u16(), server, body)
            },
        )
        .await
    }

    pub(crate) async fn read_tags(
        &self,
        bucket: &str,
        meter: &Arc<Meter>,
    ) -> Result<Option<BTreeMap<String, String>>, BackendError> {
        if is_directory_bucket(bucket) {
            return Ok(None);
        }
        let question = Question {
            action: format!("reading tags of bucket {bucket:?}"),
            operation: Operation::GetBucketTagging,
            bucket,
            meter,
        };
        self.ask(
            question,
            |request| with_alone(request, TAGGING),
            |answer| {
                let body = answer.body().bytes().unwrap_or_default();
                read_tags(answer.status().as_u16(), body)
            },
        )
        .await
    }
}
