use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};

use crate::FailureKind;

/// An operation of S3, or one beside it, as the label `operation` names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// `ListObjectsV2`.
    ListObjectsV2,
    /// `ListObjectVersions`.
    ListObjectVersions,
    /// `ListMultipartUploads`.
    ListMultipartUploads,
    /// `GetObjectLockConfiguration`.
    GetObjectLockConfiguration,
    /// `GetBucketVersioning`.
    GetBucketVersioning,
    /// `GetBucketLifecycleConfiguration`.
    GetBucketLifecycleConfiguration,
    /// `GetBucketEncryption`.
    GetBucketEncryption,
    /// `GetPublicAccessBlock`.
    GetPublicAccessBlock,
    /// `GetBucketPolicyStatus`.
    GetBucketPolicyStatus,
    /// `ListBuckets`.
    ListBuckets,
    /// `GetBucketTagging`.
    GetBucketTagging,
    /// `HeadBucket`.
    HeadBucket,
    /// No operation of S3: `DataUsageInfo` of MinIO's API for administrators.
    DataUsageInfo,
    /// Nor this: "GET Storage Usage" of StorageGRID.
    GetStorageUsage,
    /// Nor this: `GetBucketStat` of Alibaba OSS.
    GetBucketStat,
    /// `GetObject`.
    GetObject,
}

impl Operation {
    /// All operations that a backend can be asked for.
    pub const ALL: [Self; 16] = [
        Self::ListObjectsV2,
        Self::ListObjectVersions,
        Self::ListMultipartUploads,
        Self::GetObjectLockConfiguration,
        Self::GetBucketVersioning,
        Self::GetBucketLifecycleConfiguration,
        Self::GetBucketEncryption,
        Self::GetPublicAccessBlock,
        Self::GetBucketPolicyStatus,
        Self::ListBuckets,
        Self::GetBucketTagging,
        Self::HeadBucket,
        Self::DataUsageInfo,
        Self::GetStorageUsage,
        Self::GetBucketStat,
        Self::GetObject,
    ];

    /// The name in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ListObjectsV2 => "ListObjectsV2",
            Self::ListObjectVersions => "ListObjectVersions",
            Self::ListMultipartUploads => "ListMultipartUploads",
            Self::GetObjectLockConfiguration => "GetObjectLockConfiguration",
            Self::GetBucketVersioning => "GetBucketVersioning",
            Self::GetBucketLifecycleConfiguration => "GetBucketLifecycleConfiguration",
            Self::GetBucketEncryption => "GetBucketEncryption",
            Self::GetPublicAccessBlock => "GetPublicAccessBlock",
            Self::GetBucketPolicyStatus => "GetBucketPolicyStatus",
            Self::ListBuckets => "ListBuckets",
            Self::GetBucketTagging => "GetBucketTagging",
            Self::HeadBucket => "HeadBucket",
            Self::DataUsageInfo => "DataUsageInfo",
            Self::GetStorageUsage => "GetStorageUsage",
            Self::GetBucketStat => "GetBucketStat",
            Self::GetObject => "GetObject",
        }
    }

    /// The right that it takes, as policies name it.
    pub const fn right(self) -> &'static str {
        match self {
            Self::ListObjectsV2 => "s3:ListBucket",
            Self::ListObjectVersions => "s3:ListBucketVersions",
            Self::ListMultipartUploads => "s3:ListBucketMultipartUploads",
            Self::GetObjectLockConfiguration => "s3:GetBucketObjectLockConfiguration",
            Self::GetBucketVersioning => "s3:GetBucketVersioning",
            Self::GetBucketLifecycleConfiguration => "s3:GetLifecycleConfiguration",
            Self::GetBucketEncryption => "s3:GetEncryptionConfiguration",
            Self::GetPublicAccessBlock => "s3:GetBucketPublicAccessBlock",
            Self::GetBucketPolicyStatus => "s3:GetBucketPolicyStatus",
            Self::ListBuckets => "s3:ListAllMyBuckets",
            Self::GetBucketTagging => "s3:GetBucketTagging",
            Self::HeadBucket => "s3:ListBucket",
            Self::DataUsageInfo => "admin:DataUsageInfo",
            Self::GetStorageUsage => "s3:ListAllMyBuckets",
            Self::GetBucketStat => "oss:GetBucketStat",
            Self::GetObject => "s3:GetObject",
        }
    }
}

/// Counts the HTTP attempts made for one destination, retries included: what a bill is
/// made of, and how throttling shows although a retry hides it.
#[derive(Debug, Default)]
pub struct Meter {
    attempts: [AtomicU64; Operation::ALL.len()],
    /// Made when something fails: mostly nothing ever does, and there are thousands of these.
    failures: OnceLock<Box<[Failures; Operation::ALL.len()]>>,
    /// Counts the same, and what others make beside.
    whole: Option<Arc<Meter>>,
}

/// By [`FailureKind`] as an index.
type Failures = [AtomicU64; FailureKind::ALL.len()];

impl Meter {
    /// One whose attempts `whole` counts too: those of one scan among all of its destination.
    pub fn within(whole: Arc<Self>) -> Self {
        Self {
            whole: Some(whole),
            ..Self::default()
        }
    }

    /// Counts one attempt when it is sent: it is on the bill whatever becomes of it, also
    /// where nobody waits for its answer any more.
    pub fn attempt(&self, operation: Operation) {
        self.attempts[operation as usize].fetch_add(1, Relaxed);
        if let Some(whole) = &self.whole {
            whole.attempt(operation);
        }
    }

    /// Counts that an attempt failed.
    pub fn failed(&self, operation: Operation, kind: FailureKind) {
        let failures = self.failures.get_or_init(Box::default);
        failures[operation as usize][kind as usize].fetch_add(1, Relaxed);
        if let Some(whole) = &self.whole {
            whole.failed(operation, kind);
        }
    }

    /// Attempts so far, failed ones included.
    pub fn attempts(&self, operation: Operation) -> u64 {
        self.attempts[operation as usize].load(Relaxed)
    }

    /// Attempts so far that failed with `kind`.
    pub fn failures(&self, operation: Operation, kind: FailureKind) -> u64 {
        let failures = self.failures.get();
        failures.map_or(0, |of| of[operation as usize][kind as usize].load(Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_counts_in_the_whole_and_the_whole_not_in_the_part() {
        const LIST: Operation = Operation::ListObjectsV2;
        let whole = Arc::new(Meter::default());
        let parts = [(); 2].map(|()| Meter::within(Arc::clone(&whole)));
        whole.attempt(LIST);
        for (part, attempts) in parts.iter().zip([2, 3]) {
            (0..attempts).for_each(|_| part.attempt(LIST));
            part.failed(LIST, FailureKind::Throttled);
        }
        let counts = |of: &Meter| (of.attempts(LIST), of.failures(LIST, FailureKind::Throttled));
        assert_eq!(parts.each_ref().map(counts), [(2, 1), (3, 1)]);
        assert_eq!(counts(&whole), (6, 2));
    }
}
