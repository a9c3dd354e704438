use s3_exporter_api::{BackendError, FailureKind, FaultyFile};
use s3_exporter_config::{
    Secret, SecretError, SecretProblem, SecretSource, Section, file, read_settled,
};

/// How to log in to an S3 store, as its section says. The keys mean the same for every
/// plug-in that speaks S3.
#[derive(Clone, Debug)]
pub enum Login {
    /// `anonymous = true`: nothing is signed.
    Anonymous,
    /// `access_key_id` and `secret_access_key`, or the files that hold them.
    Keys(AccessKeys),
    /// The section says nothing.
    Unset,
}

/// A pair of keys, and the session token that temporary ones come with.
#[derive(Clone, Debug)]
pub struct AccessKeys {
    id: SecretSource,
    secret: SecretSource,
    session_token: Option<SecretSource>,
}

/// [`AccessKeys`] as they are now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// The access key's id. No secret by itself, but nobody has to see it.
    pub id: Secret,
    /// What requests are signed with.
    pub secret: Secret,
    /// What temporary keys come with.
    pub session_token: Option<Secret>,
}

impl Login {
    /// Whether the section has any of the keys, be they good or bad.
    pub fn is_given(section: &Section) -> bool {
        [
            "access_key_id",
            "access_key_id_file",
            "secret_access_key",
            "secret_access_key_file",
            "session_token",
            "session_token_file",
        ]
        .iter()
        .any(|key| section.has(key))
    }

    /// Takes those keys and `anonymous` out of the section. What makes no sense together is a fault.
    pub fn parse(section: &mut Section) -> Self {
        let given = |key: &str| section.has(key) || section.has(&format!("{key}_file"));
        let (has_id, has_secret) = (given("access_key_id"), given("secret_access_key"));
        let has_token = given("session_token");
        let id = section.secret_in_header("access_key_id");
        let secret = section.secret("secret_access_key");
        let session_token = section.secret_in_header("session_token");
        let anonymous = section.boolean("anonymous") == Some(true);

        if anonymous && (has_id || has_secret || has_token) {
            section.fault(
                "anonymous",
                "is of no use together with keys: give one of the two",
            );
        } else if has_id && !has_secret {
            section.fault(
                "secret_access_key",
                "is missing: `access_key_id` is of no use without it (or `secret_access_key_file`)",
            );
        } else if has_secret && !has_id {
            section.fault(
                "access_key_id",
                "is missing: `secret_access_key` is of no use without it (or `access_key_id_file`)",
            );
        } else if has_token && !has_id {
            section.fault(
                "session_token",
                "is of no use without `access_key_id` and `secret_access_key`",
            );
        }
        match (anonymous, id, secret) {
            (true, ..) => Self::Anonymous,
            (false, Some(id), Some(secret)) => Self::Keys(AccessKeys {
                id,
                secret,
                session_token,
            }),
            _ => Self::Unset,
        }
    }
}

impl Login {
    /// Reads what files there are, without asking anybody: those that are of no use.
    pub fn look(&self) -> Vec<FaultyFile> {
        let Self::Keys(keys) = self else {
            return Vec::new();
        };
        let read = [
            ("access_key_id_file", Some(keys.id.read_for_header())),
            ("secret_access_key_file", Some(keys.secret.read())),
            (
                "session_token_file",
                keys.session_token
                    .as_ref()
                    .map(SecretSource::read_for_header),
            ),
        ];
        let faulty = read
            .into_iter()
            .filter_map(|(key, read)| Some((key, unusable(read?.err()?))));
        faulty.collect()
    }

    /// What to say beside the usual advice where the store finds a signature wrong.
    pub fn advice_on_signatures(&self) -> Option<&'static str> {
        match self {
            Self::Keys(AccessKeys {
                secret: SecretSource::Value { dollars: true, .. },
                ..
            }) => Some(
                "a `$$` in the configuration's `secret_access_key` stands for one `$`: write `$$$$` where two are meant",
            ),
            _ => None,
        }
    }
}

/// A file of a secret is of no use: the store would not know who we are.
pub fn unusable(error: SecretError) -> BackendError {
    let action = format!("reading the secret file {}", error.path.display());
    let failure = BackendError::new(FailureKind::Credentials, action, error.problem.to_string());
    match &error.problem {
        SecretProblem::Unreadable(cause) => failure.with_source(file::reason(cause)),
        SecretProblem::Misplaced(_) => failure.with_advice("write the secret alone into it"),
        _ => failure,
    }
}

impl AccessKeys {
    /// The keys as they are now: files are read, and that until two readings agree, since
    /// a pair that is replaced in between would be half of one and half of the other. (A
    /// mount of Kubernetes is replaced as a whole, by a symlink.)
    ///
    /// # Errors
    /// `credentials`, as [`SecretSource::read`].
    pub fn read(&self) -> Result<Credentials, BackendError> {
        read_settled(|| self.read_once()).map_err(unusable)
    }

    fn read_once(&self) -> Result<Credentials, SecretError> {
        let token = self.session_token.as_ref();
        Ok(Credentials {
            id: self.id.read_for_header()?,
            secret: self.secret.read()?,
            session_token: token.map(SecretSource::read_for_header).transpose()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;
    use std::path::Path;
    use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

    use super::*;

    /// As Kubernetes replaces a secret's mount.
    fn replace(folder: &Path, nth: usize) {
        let version = folder.join(nth.to_string());
        std::fs::create_dir(&version).unwrap();
        for name in ["id", "secret"] {
            std::fs::write(version.join(name), nth.to_string()).unwrap();
        }
        let new = folder.join("..data_tmp");
        symlink(&version, &new).unwrap();
        std::fs::rename(new, folder.join("..data")).unwrap();
    }

    #[test]
    fn a_pair_that_is_replaced_all_the_time_is_never_half_old() {
        let folder = tempfile::tempdir().unwrap();
        replace(folder.path(), 0);
        for name in ["id", "secret"] {
            symlink(Path::new("..data").join(name), folder.path().join(name)).unwrap();
        }
        let source = |name| SecretSource::File(folder.path().join(name));
        let keys = AccessKeys {
            id: source("id"),
            secret: source("secret"),
            session_token: None,
        };
        let done = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                (1..500).for_each(|nth| replace(folder.path(), nth));
                done.store(true, Relaxed);
            });
            let mut seen = 0;
            while !done.load(Relaxed) {
                let pair = keys.read().unwrap();
                assert_eq!(pair.id, pair.secret, "{}", pair.id.expose());
                seen += usize::from(pair.id.expose() != "0");
            }
            assert!(seen > 0, "none of the new ones was read");
        });
        assert_eq!(keys.read().unwrap().id.expose(), "499");
    }
}
