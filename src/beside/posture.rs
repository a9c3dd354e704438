//! How a bucket is set: who may change what is in it, how long it stays, who may see it.

use std::collections::BTreeMap;

use s3_exporter_api::{BackendError, BucketSetting, FailureKind, SettingState, chain};
use serde::{Deserialize, Serialize};

/// What is known of the settings of a bucket.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Posture {
    /// Those that could be read.
    pub known: BTreeMap<BucketSetting, SettingState>,
    /// Why the others could not, for people: the store does not tell, or the rights do not suffice.
    pub unknown: BTreeMap<BucketSetting, Box<str>>,
}

impl Posture {
    /// Takes what a store answers of a setting.
    ///
    /// # Errors
    /// One that may be another the next time, and that says nothing of the setting.
    pub fn take(
        &mut self,
        setting: BucketSetting,
        answer: Result<Option<SettingState>, BackendError>,
    ) -> Result<(), BackendError> {
        let why = match answer {
            Ok(Some(state)) => {
                self.known.insert(setting, state);
                return Ok(());
            }
            Ok(None) => "the store does not tell".to_owned(),
            Err(error) => match error.kind() {
                FailureKind::Denied | FailureKind::Protocol => chain(&error),
                _ => return Err(error),
            },
        };
        self.unknown.insert(setting, why.into());
        Ok(())
    }

    /// Whether each setting is what it may be.
    pub fn is_possible(&self) -> bool {
        let mut known = self.known.iter();
        known.all(|(setting, state)| setting.states().contains(state))
    }

    /// What could be read, in words: `object lock off, versioning enabled`.
    pub fn words(&self) -> String {
        let words = self.known.iter().map(|(setting, state)| {
            let state = state.as_str().replace('_', "-");
            format!("{setting} {state}")
        });
        words.collect::<Vec<_>>().join(", ")
    }

    /// What could not, and why; `None` where all could.
    pub fn complaint(&self) -> Option<String> {
        let words = self.unknown.iter();
        let words: Vec<_> = words
            .map(|(setting, why)| format!("{setting} ({why})"))
            .collect();
        (!words.is_empty()).then(|| words.join("; "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_not_be_read_is_not_known_and_what_fails_is_no_answer() {
        let failed = |kind| BackendError::new(kind, "reading", "no");
        for kind in FailureKind::ALL {
            let mut posture = Posture::default();
            let taken = posture.take(BucketSetting::Policy, Err(failed(kind)));
            let is_told = matches!(kind, FailureKind::Denied | FailureKind::Protocol);
            assert_eq!(taken.is_ok(), is_told, "{kind}");
            assert_eq!(posture.unknown.len(), usize::from(is_told));
            assert!(posture.known.is_empty());
        }
        let mut posture = Posture::default();
        posture
            .take(BucketSetting::Versioning, Ok(Some(SettingState::Off)))
            .unwrap();
        posture
            .take(BucketSetting::Encryption, Ok(Some(SettingState::SseS3)))
            .unwrap();
        posture.take(BucketSetting::Policy, Ok(None)).unwrap();
        assert_eq!(posture.words(), "versioning off, encryption sse-s3");
        let expected = "policy (the store does not tell)";
        assert_eq!(posture.complaint().as_deref(), Some(expected));
        assert!(posture.is_possible());
        posture
            .known
            .insert(BucketSetting::Versioning, SettingState::Public);
        assert!(!posture.is_possible());
    }
}
