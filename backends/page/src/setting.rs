//! Settings of a bucket: what is asked for, and what answers say of it. They are small and read seldom.

use s3_exporter_api::{BucketSetting, SettingState};

use crate::order::is_minio;
use crate::scan::{Scanner, XmlElement};
use crate::{ErrorBody, Malformed, read_complaint, read_error, readable};

/// How one of them is asked for and answered.
struct Form {
    /// What stands in the query.
    query: &'static str,
    /// The name of the answer's outermost element.
    root: &'static str,
    /// The code of the error where it was never set; empty where there is an answer all the same.
    unset: &'static str,
}

const fn form(setting: BucketSetting) -> Form {
    let (query, root, unset) = match setting {
        BucketSetting::ObjectLock => (
            "object-lock",
            "ObjectLockConfiguration",
            "ObjectLockConfigurationNotFoundError",
        ),
        BucketSetting::Versioning => ("versioning", "VersioningConfiguration", ""),
        BucketSetting::Lifecycle => (
            "lifecycle",
            "LifecycleConfiguration",
            "NoSuchLifecycleConfiguration",
        ),
        BucketSetting::Encryption => (
            "encryption",
            "ServerSideEncryptionConfiguration",
            "ServerSideEncryptionConfigurationNotFoundError",
        ),
        BucketSetting::PublicAccessBlock => (
            "publicAccessBlock",
            "PublicAccessBlockConfiguration",
            "NoSuchPublicAccessBlockConfiguration",
        ),
        BucketSetting::Policy => ("policyStatus", "PolicyStatus", "NoSuchBucketPolicy"),
    };
    Form { query, root, unset }
}

/// The name in the query that asks for a setting; it has no value.
pub const fn setting_query(setting: BucketSetting) -> &'static str {
    form(setting).query
}

/// Why an answer tells nothing of a setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Untold {
    /// The store refuses.
    Refused(Option<ErrorBody>),
    /// The answer makes no sense.
    Malformed(Malformed),
}

/// What an answer with this status says of a setting; `None` where it does not tell: the store does not
/// know the request, or answers another one. `server` is its header `Server`: MinIO of 2026 calls a policy
/// not public that lets everybody read (`findings/minio-policy-status.sh`), so that only the contrary is
/// believed of it.
///
/// # Errors
/// A refusal for any other reason than that it was never set, and an answer that makes no sense.
pub fn read_setting(
    setting: BucketSetting,
    status: u16,
    server: Option<&str>,
    body: &[u8],
) -> Result<Option<SettingState>, Untold> {
    let is_success = (200..300).contains(&status);
    let error = match is_success {
        true => read_error(body),
        false => read_complaint(body),
    };
    if is_success && error.is_none() {
        let told = answer(setting, body).map_err(Untold::Malformed)?;
        let is_believed = told != Some(SettingState::Private) || !server.is_some_and(is_minio);
        return Ok(told.filter(|_| is_believed));
    }
    let code = error.as_ref().map_or("", |error| &*error.code);
    let is = |name: &str| code.eq_ignore_ascii_case(name);
    if !code.is_empty() && is(form(setting).unset) {
        Ok(Some(SettingState::Off))
    } else if is("NotImplemented") || is("MethodNotAllowed") || matches!(status, 405 | 501) {
        Ok(None)
    } else {
        Err(Untold::Refused(error))
    }
}

/// Texts of an answer, by the names of their elements.
struct Leaf {
    /// Within which rule, from 1; 0 outside of all.
    rule: usize,
    name: &'static str,
    text: String,
    at: usize,
}

/// What holds others that matter; all else is passed over with everything in it.
const HOLDERS: [&str; 4] = [
    "Rule",
    "DefaultRetention",
    "Expiration",
    "ApplyServerSideEncryptionByDefault",
];

const LEAVES: [&str; 11] = [
    "ObjectLockEnabled",
    "Mode",
    "Status",
    "Days",
    "Date",
    "SSEAlgorithm",
    "BlockPublicAcls",
    "IgnorePublicAcls",
    "BlockPublicPolicy",
    "RestrictPublicBuckets",
    "IsPublic",
];

fn answer(setting: BucketSetting, body: &[u8]) -> Result<Option<SettingState>, Malformed> {
    readable(body)?;
    let mut scanner = Scanner::new(body);
    let root = scanner.root()?;
    if root.name != form(setting).root.as_bytes() {
        return Ok(None);
    }
    let (mut leaves, mut rules) = (Vec::new(), 0);
    collect(&mut scanner, &root, (0, &mut rules), &mut leaves)?;
    scanner.end()?;
    state(setting, &leaves).map(Some)
}

fn collect<'a>(
    scanner: &mut Scanner<'a>,
    parent: &XmlElement<'a>,
    (rule, rules): (usize, &mut usize),
    leaves: &mut Vec<Leaf>,
) -> Result<(), Malformed> {
    let mut scratch = Vec::new();
    while let Some(element) = scanner.child(parent)? {
        let is = |name: &&&str| name.as_bytes() == element.name;
        if let Some(name) = LEAVES.iter().find(is) {
            let text = scanner.text(&element)?;
            let value = text.decode(&mut scratch)?.trim_ascii();
            leaves.push(Leaf {
                rule,
                name,
                text: String::from_utf8_lossy(value).into_owned(),
                at: text.at,
            });
        } else if let Some(name) = HOLDERS.iter().find(is) {
            let mut within = rule;
            if *name == "Rule" {
                *rules += 1;
                within = *rules;
            }
            collect(scanner, &element, (within, rules), leaves)?;
        } else {
            scanner.skip(&element)?;
        }
    }
    Ok(())
}

fn state(setting: BucketSetting, leaves: &[Leaf]) -> Result<SettingState, Malformed> {
    use SettingState::*;
    let leaf = |name: &str| leaves.iter().find(|leaf| leaf.name == name);
    let one = |name: &str, states: &[(&str, SettingState)]| {
        leaf(name).map_or(Ok(Off), |leaf| leaf.one_of(states))
    };
    match setting {
        BucketSetting::ObjectLock if leaf("Mode").is_some() => one(
            "Mode",
            &[("GOVERNANCE", Governance), ("COMPLIANCE", Compliance)],
        ),
        BucketSetting::ObjectLock => one("ObjectLockEnabled", &[("Enabled", Enabled), ("", Off)]),
        BucketSetting::Versioning => one(
            "Status",
            &[("Enabled", Enabled), ("Suspended", Suspended), ("", Off)],
        ),
        BucketSetting::Encryption => one(
            "SSEAlgorithm",
            &[
                ("AES256", SseS3),
                ("aws:kms", SseKms),
                ("aws:kms:dsse", SseKms),
            ],
        ),
        BucketSetting::Policy => one("IsPublic", &[("true", Public), ("false", Private)]),
        BucketSetting::Lifecycle => lifecycle(leaves),
        BucketSetting::PublicAccessBlock => {
            let refused = leaves.iter().map(|leaf| leaf.is(("true", "false")));
            let refused = refused.collect::<Result<Vec<_>, _>>()?;
            let refused = refused.into_iter().filter(|refused| *refused).count();
            Ok(match refused {
                0 => Off,
                4.. => Full,
                _ => Partial,
            })
        }
    }
}

/// Rules that are not enabled do nothing.
fn lifecycle(leaves: &[Leaf]) -> Result<SettingState, Malformed> {
    let mut state = SettingState::Off;
    for status in leaves.iter().filter(|leaf| leaf.name == "Status") {
        if !status.is(("Enabled", "Disabled"))? {
            continue;
        }
        let expires =
            |leaf: &Leaf| leaf.rule == status.rule && ["Days", "Date"].contains(&leaf.name);
        if leaves.iter().any(expires) {
            return Ok(SettingState::Expires);
        }
        state = SettingState::Enabled;
    }
    Ok(state)
}

impl Leaf {
    fn one_of<T: Copy>(&self, known: &[(&str, T)]) -> Result<T, Malformed> {
        let found = known
            .iter()
            .find(|(text, _)| self.text.eq_ignore_ascii_case(text));
        found.map(|(_, value)| *value).ok_or_else(|| {
            let names: Vec<_> = known.iter().map(|(text, _)| *text).collect();
            let expected = names.join(" or ");
            let text: String = self.text.chars().take(40).collect();
            Malformed::new(
                self.at,
                format!("{} is {text:?}: expected {expected}", self.name),
            )
        })
    }

    fn is(&self, (yes, no): (&str, &str)) -> Result<bool, Malformed> {
        self.one_of(&[(yes, true), (no, false)])
    }
}
