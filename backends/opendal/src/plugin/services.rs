//! The services: what each is told, and what names there can be.

use opendal::{Operator, services};
use s3_exporter_api::BucketName;

/// A kind of store that opendal speaks to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// OpenStack's object store.
    Swift,
    /// Folders by HTTP.
    Webdav,
    /// Folders by SSH.
    Sftp,
    /// Backblaze's.
    B2,
    /// Alibaba's.
    Oss,
    /// Tencent's.
    Cos,
    /// Huawei's.
    Obs,
    /// Hadoop's file system.
    Hdfs,
}

/// All of them, by the names that users write.
pub const SERVICES: [(&str, Service); 8] = [
    ("swift", Service::Swift),
    ("webdav", Service::Webdav),
    ("sftp", Service::Sftp),
    ("b2", Service::B2),
    ("oss", Service::Oss),
    ("cos", Service::Cos),
    ("obs", Service::Obs),
    ("hdfs", Service::Hdfs),
];

/// An option whose value no message shows, or whose file is named by `..._file`.
#[derive(Clone, Copy, Debug)]
pub struct SecretOption {
    /// Its name, here and to opendal.
    pub name: &'static str,
    /// The same of a file.
    pub file: &'static str,
    /// Whether there is no listing without it.
    pub is_needed: bool,
}

const fn needed(name: &'static str, file: &'static str) -> SecretOption {
    SecretOption {
        name,
        file,
        is_needed: true,
    }
}

const fn optional(name: &'static str, file: &'static str) -> SecretOption {
    SecretOption {
        is_needed: false,
        ..needed(name, file)
    }
}

const SWIFT: &[SecretOption] = &[
    optional("username", "username_file"),
    optional("password", "password_file"),
    optional("token", "token_file"),
];
const WEBDAV: &[SecretOption] = SWIFT;
const B2: &[SecretOption] = &[
    needed("application_key_id", "application_key_id_file"),
    needed("application_key", "application_key_file"),
];
const OSS: &[SecretOption] = &[
    needed("access_key_id", "access_key_id_file"),
    needed("access_key_secret", "access_key_secret_file"),
    optional("security_token", "security_token_file"),
];
const COS: &[SecretOption] = &[
    needed("secret_id", "secret_id_file"),
    needed("secret_key", "secret_key_file"),
    optional("security_token", "security_token_file"),
];
const OBS: &[SecretOption] = &[
    needed("access_key_id", "access_key_id_file"),
    needed("secret_access_key", "secret_access_key_file"),
];

/// What a bucket's name must not be, for people.
const FOLDER: &str =
    "expected the path of a folder such as \"backups/etcd\", without `.`, `..` and `/` at an end";
const ABSOLUTE: &str = "expected the absolute path of a folder such as \"/srv/backups\", without `.`, `..` and `/` at its end";
const CONTAINER: &str =
    "expected a container's name of letters, digits, `-`, `.`, `_` and `~` alone";
const BUCKET_ID: &str = "expected the bucket's ID such as \"4a48fe8875c6214145260818\", which its page tells: B2 lists by that";

impl Service {
    /// Whether it is reached by HTTP, over our own way.
    pub const fn is_http(self) -> bool {
        !matches!(self, Self::Sftp | Self::Hdfs)
    }

    /// Whether it has folders, which are walked; the others list all keys by themselves.
    pub const fn has_folders(self) -> bool {
        matches!(self, Self::Webdav | Self::Sftp | Self::Hdfs)
    }

    /// Options that are secrets.
    pub const fn secrets(self) -> &'static [SecretOption] {
        match self {
            Self::Swift => SWIFT,
            Self::Webdav => WEBDAV,
            Self::B2 => B2,
            Self::Oss => OSS,
            Self::Cos => COS,
            Self::Obs => OBS,
            Self::Sftp | Self::Hdfs => &[],
        }
    }

    /// What it takes to list, for advice.
    pub const fn right(self) -> &'static str {
        match self {
            Self::Swift => {
                "give this user a role that may read the container (its read ACL with `.rlistings`)"
            }
            Self::Webdav => "allow this user PROPFIND on the folder and all below it",
            Self::Sftp | Self::Hdfs => {
                "allow this user to read and enter the folder and all below it (`r-x`)"
            }
            Self::B2 => "give the application key the capability listFiles for this bucket",
            Self::Oss => "allow oss:ListObjects on the bucket to this access key",
            Self::Cos => "allow name/cos:GetBucket on the bucket to this key",
            Self::Obs => "allow obs:bucket:ListBucket on the bucket to this access key",
        }
    }

    /// Whether something can be the name of a bucket there.
    pub fn bucket(self, name: &str) -> BucketName {
        let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
        let (is_good, expected) = match self {
            Self::Oss | Self::Cos | Self::Obs => return BucketName::AsInS3,
            Self::Webdav => (is_path(name), FOLDER),
            Self::Sftp | Self::Hdfs => (name.strip_prefix('/').is_some_and(is_path), ABSOLUTE),
            // opendal puts it into an address as it is.
            Self::Swift => (
                name.bytes().all(is_plain) && !matches!(name, "" | "." | ".."),
                CONTAINER,
            ),
            Self::B2 => (
                !name.is_empty() && name.bytes().all(|b| b.is_ascii_hexdigit()),
                BUCKET_ID,
            ),
        };
        match is_good {
            true => BucketName::Good,
            false => BucketName::Bad(expected.to_owned()),
        }
    }

    /// opendal, told these options and which bucket. Its errors may show an option: they are dropped.
    pub fn operator(self, options: Vec<(String, String)>, bucket: &str) -> Option<Operator> {
        let with = |more: &[(&str, &str)]| -> Vec<(String, String)> {
            let more = more
                .iter()
                .map(|(key, value)| ((*key).into(), (*value).into()));
            options.iter().cloned().chain(more).collect()
        };
        let made = match self {
            Self::Swift => Operator::from_iter::<services::Swift>(with(&[("container", bucket)])),
            Self::Webdav => Operator::from_iter::<services::Webdav>(with(&[])),
            // Of any other root it would make the folders that are not there.
            Self::Sftp => Operator::from_iter::<services::Sftp>(with(&[("root", "/")])),
            Self::B2 => Operator::from_iter::<services::B2>(with(&[
                ("bucket", bucket),
                ("bucket_id", bucket),
            ])),
            Self::Oss => Operator::from_iter::<services::Oss>(with(&[("bucket", bucket)])),
            Self::Cos => Operator::from_iter::<services::Cos>(with(&[
                ("bucket", bucket),
                ("disable_config_load", "true"),
            ])),
            Self::Obs => Operator::from_iter::<services::Obs>(with(&[("bucket", bucket)])),
            Self::Hdfs => Operator::from_iter::<services::HdfsNative>(with(&[("root", "/")])),
        };
        made.ok()
    }
}

/// Whether each folder's name is one, so that the path cannot lead elsewhere. opendal cuts white space
/// at the ends.
fn is_path(path: &str) -> bool {
    let is_name = |name| !matches!(name, "" | "." | "..");
    path.split('/').all(is_name) && path.trim() == path && !path.contains(char::is_control)
}

/// What opendal asks for as it is, of what keys begin with: it makes one `/` of several, none of one at the
/// beginning, and cuts white space. What of the answers begins otherwise is left out afterwards.
pub fn askable(prefix: &str) -> &str {
    let prefix = match prefix.find("//") {
        Some(at) => &prefix[..=at],
        None => prefix,
    };
    match prefix.starts_with('/') || prefix.trim_start() != prefix {
        true => "",
        false => prefix.trim_end(),
    }
}

/// Whether a file in folders can have such a path.
///
/// # Errors
/// It cannot.
pub fn path_prefix(prefix: &str) -> Result<(), &'static str> {
    let names: Vec<_> = prefix.split('/').collect();
    let (last, folders) = names.split_last().unwrap_or((&"", &[]));
    match folders.contains(&"") || names.contains(&".") || names.contains(&"..") {
        true => Err("no file has such a path; and with `.` and `..` it may be another's"),
        false if last.contains('\0') => Err("no file has such a name"),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_nowhere_else() {
        let table: [(Service, &[&str], &[&str]); 4] = [
            (
                Service::Webdav,
                &["backups", "a b/c.d"],
                &["", "/a", "a/", "a//b", "a/../b", " a", "a\n"],
            ),
            (
                Service::Sftp,
                &["/srv/backups", "/x"],
                &["", "/", "x", "/a/", "/a/..", "/a//b", "/a "],
            ),
            (
                Service::Swift,
                &["backups", "b.c_d~e-f"],
                &["", "..", "a/b", "a?b", "a b", "ü"],
            ),
            (
                Service::B2,
                &["4a48fe8875c6214145260818"],
                &["", "backups", "4a/.."],
            ),
        ];
        for (service, good, bad) in table {
            for name in good {
                assert_eq!(service.bucket(name), BucketName::Good, "{service:?} {name}");
            }
            for name in bad {
                let found = service.bucket(name);
                assert!(matches!(found, BucketName::Bad(_)), "{service:?} {name:?}");
            }
        }
        assert_eq!(Service::Oss.bucket("x"), BucketName::AsInS3);
    }

    #[test]
    fn a_prefix_is_asked_for_as_far_as_it_stays_what_it_is() {
        for (prefix, asked) in [
            ("", ""),
            ("a", "a"),
            ("a/", "a/"),
            ("a b/c", "a b/c"),
            ("/a", ""),
            ("a//b", "a/"),
            ("a/b//", "a/b/"),
            (" a", ""),
            ("a ", "a"),
            ("a/\t", "a/"),
            ("\u{a0}a", ""),
        ] {
            assert_eq!(askable(prefix), asked, "{prefix:?}");
        }
        for good in ["", "a", "a/", "a/b ", "...", "a..b/", " a"] {
            assert_eq!(path_prefix(good), Ok(()), "{good:?}");
        }
        for bad in ["/", "/a", "a//", "a//b", "../a", "a/./b", "a/.."] {
            assert!(path_prefix(bad).is_err(), "{bad:?}");
        }
    }
}
