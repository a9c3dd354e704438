use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Operation;

/// A setting of a bucket that says who may change what is in it, how long it stays, and who may see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BucketSetting {
    /// Whether versions are kept that nobody can delete, and for whom by default.
    ObjectLock,
    /// Whether what is written over or deleted stays as a version.
    Versioning,
    /// Whether the store itself removes or moves objects.
    Lifecycle,
    /// How objects are encrypted that nobody asks to be.
    Encryption,
    /// Whether the bucket refuses to be opened to everybody.
    PublicAccessBlock,
    /// Whether its policy opens it to everybody.
    Policy,
}

/// What a setting may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SettingState {
    /// It was never set, or is set to nothing.
    Off,
    /// Versions are not kept any more; those of before are there.
    Suspended,
    /// It is on. Of object lock: for objects that ask for it. Of a lifecycle: no rule removes objects.
    Enabled,
    /// Objects are locked, and who has a right for it can unlock them.
    Governance,
    /// Objects are locked, and nobody can unlock them.
    Compliance,
    /// A rule removes objects, be it only some of them.
    Expires,
    /// With keys of the store.
    SseS3,
    /// With keys of a service for keys.
    SseKms,
    /// Some of what opens a bucket is refused.
    Partial,
    /// All of it is.
    Full,
    /// It opens the bucket to nobody whom it does not name.
    Private,
    /// It opens the bucket to everybody.
    Public,
}

impl BucketSetting {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::ObjectLock,
        Self::Versioning,
        Self::Lifecycle,
        Self::Encryption,
        Self::PublicAccessBlock,
        Self::Policy,
    ];

    /// As the label `setting` has it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ObjectLock => "object_lock",
            Self::Versioning => "versioning",
            Self::Lifecycle => "lifecycle",
            Self::Encryption => "encryption",
            Self::PublicAccessBlock => "public_access_block",
            Self::Policy => "policy",
        }
    }

    /// What it may be.
    pub const fn states(self) -> &'static [SettingState] {
        use SettingState::*;
        match self {
            Self::ObjectLock => &[Off, Enabled, Governance, Compliance],
            Self::Versioning => &[Off, Suspended, Enabled],
            Self::Lifecycle => &[Off, Enabled, Expires],
            Self::Encryption => &[Off, SseS3, SseKms],
            Self::PublicAccessBlock => &[Off, Partial, Full],
            Self::Policy => &[Off, Private, Public],
        }
    }

    /// By which it is asked for.
    pub const fn operation(self) -> Operation {
        match self {
            Self::ObjectLock => Operation::GetObjectLockConfiguration,
            Self::Versioning => Operation::GetBucketVersioning,
            Self::Lifecycle => Operation::GetBucketLifecycleConfiguration,
            Self::Encryption => Operation::GetBucketEncryption,
            Self::PublicAccessBlock => Operation::GetPublicAccessBlock,
            Self::Policy => Operation::GetBucketPolicyStatus,
        }
    }
}

impl fmt::Display for BucketSetting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.as_str().replace('_', " "))
    }
}

impl SettingState {
    /// As the label `state` has it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Suspended => "suspended",
            Self::Enabled => "enabled",
            Self::Governance => "governance",
            Self::Compliance => "compliance",
            Self::Expires => "expires",
            Self::SseS3 => "sse_s3",
            Self::SseKms => "sse_kms",
            Self::Partial => "partial",
            Self::Full => "full",
            Self::Private => "private",
            Self::Public => "public",
        }
    }
}
