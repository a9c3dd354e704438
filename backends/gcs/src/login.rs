use std::path::PathBuf;

use s3_exporter_api::FaultyFile;
use s3_exporter_cloud::Environment;
use s3_exporter_config::Section;

use crate::document::Document;

/// How to log in, as the section says.
#[derive(Clone, Debug)]
pub enum Login {
    /// `anonymous = true`: nothing is sent.
    Anonymous,
    /// `credentials_file`.
    File(PathBuf),
    /// The service account of the machine or of the pod, by the metadata server.
    Machine,
    /// The section says nothing.
    Unset,
}

/// Where Google's programs look, in this order.
const VARIABLE: &str = "GOOGLE_APPLICATION_CREDENTIALS";
const WELL_KNOWN: &str = ".config/gcloud/application_default_credentials.json";

impl Login {
    /// Takes the keys that say it out of the section.
    pub fn parse(section: &mut Section) -> Self {
        let file = section.file("credentials_file");
        let is_anonymous = section.boolean("anonymous") == Some(true);
        match (file, is_anonymous) {
            (Some(_), true) => {
                let message = "is of no use together with `credentials_file`: give one of the two";
                section.fault("anonymous", message);
                Self::Anonymous
            }
            (Some(file), false) => Self::File(file),
            (None, true) => Self::Anonymous,
            (None, false) => Self::Unset,
        }
    }

    /// What is in force where the section says nothing: Google's "application default credentials".
    pub fn or_found(&self, environment: &Environment) -> Self {
        match self {
            Self::Unset => login_of(environment),
            given => given.clone(),
        }
    }

    /// That, for people.
    pub fn found(&self, environment: &Environment) -> Option<String> {
        let Self::Unset = self else { return None };
        Some(match login_of(environment) {
            Self::File(path) => format!("credentials: the file {}", path.display()),
            _ => "credentials: the service account of this machine, by its metadata server".into(),
        })
    }

    /// Reads what file there is, without asking anybody.
    pub fn look(&self, endpoint: &str) -> Vec<FaultyFile> {
        let Self::File(path) = self else {
            return Vec::new();
        };
        let error = Document::read(path, endpoint).err();
        error
            .map(|error| ("credentials_file", error))
            .into_iter()
            .collect()
    }

    /// What to do where credentials are of no use.
    pub const fn advice(&self) -> &'static str {
        match self {
            Self::File(_) => {
                "check that what is in `credentials_file` still holds (a key that its service account has, a login, a federation), and this machine's clock"
            }
            Self::Machine | Self::Unset => {
                "give this machine or pod a service account, or `credentials_file` the key of one"
            }
            Self::Anonymous => "give `credentials_file` the key of a service account",
        }
    }
}

fn login_of(environment: &Environment) -> Login {
    let path = |name: &str| environment.get(name).map(PathBuf::from);
    let well_known = || {
        let file = path("HOME")?.join(WELL_KNOWN);
        file.exists().then_some(file)
    };
    match path(VARIABLE).or_else(well_known) {
        Some(file) => Login::File(file),
        None => Login::Machine,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(variables: Vec<(&'static str, PathBuf)>) -> Environment {
        Environment::new(move |wanted| {
            let found = variables.iter().find(|(name, _)| *name == wanted);
            found.map(|(_, value)| value.clone().into_os_string())
        })
    }

    #[test]
    fn googles_own_order() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join(WELL_KNOWN);
        let here = || ("HOME", home.path().to_owned());
        let named = || (VARIABLE, PathBuf::from("/run/key.json"));
        let found = |variables| Login::Unset.or_found(&environment(variables));
        assert!(matches!(found(vec![here()]), Login::Machine));
        assert!(matches!(
            found(vec![(VARIABLE, PathBuf::new())]),
            Login::Machine
        ));
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, "{}").unwrap();
        assert!(matches!(found(vec![here()]), Login::File(path) if path == file));
        let both = vec![here(), named()];
        assert!(matches!(found(both), Login::File(path) if path.ends_with("key.json")));
        let told = Login::Unset.found(&environment(vec![named()]));
        assert_eq!(told.unwrap(), "credentials: the file /run/key.json");
        let anonymous = environment(vec![named()]);
        assert_eq!(Login::Anonymous.found(&anonymous), None);
        assert!(matches!(
            Login::Anonymous.or_found(&anonymous),
            Login::Anonymous
        ));
    }
}
