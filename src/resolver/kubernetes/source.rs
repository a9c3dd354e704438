//! Where the way to the API server is written down.

use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};

use super::KubernetesResolver;
use super::error::{AccessError, NoAccount, shown};

/// A variable of the environment, by its name.
pub(super) type Variables<'a> = &'a dyn Fn(&str) -> Option<OsString>;

/// Where the address and the credentials come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum AccessSource {
    /// The service account of the pod that we are in.
    InCluster,
    /// These files, merged as kubectl does: the first one to say something wins.
    Kubeconfig(Vec<PathBuf>),
}

impl fmt::Display for AccessSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InCluster => f.write_str("the in-cluster service account"),
            Self::Kubeconfig(files) => {
                write!(f, "kubeconfig {}", shown(files).join(", "))
            }
        }
    }
}

impl AccessSource {
    /// Which source holds: the configured file; else, where no context is asked for, the
    /// account of the pod; else the files that kubectl would read.
    pub(super) fn choose(
        config: &KubernetesResolver,
        environment: Variables<'_>,
        account: &Path,
    ) -> Result<AccessSource, AccessError> {
        let set = |name| environment(name).filter(|value| !value.is_empty());
        if let Some(file) = &config.kubeconfig {
            return Ok(AccessSource::Kubeconfig(vec![file.clone()]));
        }
        let in_pod = set("KUBERNETES_SERVICE_HOST").is_some();
        if config.context.is_none() && in_pod && account.exists() {
            return Ok(AccessSource::InCluster);
        }
        let files: Vec<PathBuf> = match (set("KUBECONFIG"), set("HOME")) {
            (Some(list), _) => std::env::split_paths(&list)
                .filter(|file| !file.as_os_str().is_empty())
                .collect(),
            (None, Some(home)) => vec![Path::new(&home).join(".kube/config")],
            (None, None) => Vec::new(),
        };
        let (there, missing): (Vec<_>, Vec<_>) = files.into_iter().partition(|file| file.exists());
        if !there.is_empty() {
            return Ok(AccessSource::Kubeconfig(there));
        }
        let account = match (&config.context, in_pod) {
            (Some(_), _) => NoAccount::ContextIsSet,
            (None, true) => NoAccount::Missing(account.to_owned()),
            (None, false) => NoAccount::NotInPod,
        };
        Err(AccessError::NoSource { account, missing })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choose(
        config: &KubernetesResolver,
        environment: Variables<'_>,
        account: &Path,
    ) -> Result<AccessSource, String> {
        let chosen = AccessSource::choose(config, environment, account);
        chosen.map_err(|error| error.to_string())
    }

    fn config(kubeconfig: Option<&Path>, context: Option<&str>) -> KubernetesResolver {
        KubernetesResolver {
            kubeconfig: kubeconfig.map(Path::to_owned),
            context: context.map(str::to_owned),
            api_version: "v1".to_owned(),
            kind: "ConfigMap".to_owned(),
            label_selector: None,
            field_selector: None,
            namespace: None,
        }
    }

    #[test]
    fn the_configured_file_comes_first_then_the_account_then_the_default_files() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::create_dir(at(".kube")).unwrap();
        for name in [".kube/config", "one", "token"] {
            std::fs::write(at(name), "").unwrap();
        }
        let home = folder.path().as_os_str();
        let list = std::env::join_paths([at("none"), at("one")]).unwrap();
        let pod = |name: &str| match name {
            "KUBERNETES_SERVICE_HOST" => Some("10.0.0.1".into()),
            "HOME" => Some(home.to_owned()),
            _ => None,
        };
        let user = |name: &str| match name {
            "KUBECONFIG" => Some(list.clone()),
            _ => None,
        };
        let files = |name: &str| Ok(AccessSource::Kubeconfig(vec![at(name)]));
        let (token, none) = (at("token"), at("none"));
        let given = config(Some(&none), None);
        assert_eq!(choose(&given, &pod, &token), files("none"));
        assert_eq!(
            choose(&config(None, None), &pod, &token),
            Ok(AccessSource::InCluster)
        );
        assert_eq!(
            choose(&config(None, None), &pod, &none),
            files(".kube/config")
        );
        let context = config(None, Some("seed"));
        assert_eq!(choose(&context, &pod, &token), files(".kube/config"));
        assert_eq!(choose(&context, &user, &token), files("one"));
    }

    #[test]
    fn no_way_at_all_says_what_was_looked_for() {
        let token = Path::new("/none/token");
        let nothing = |_: &str| None;
        assert_eq!(
            choose(&config(None, None), &nothing, token)
                .unwrap_err()
                .to_string(),
            "there is no in-cluster service account (KUBERNETES_SERVICE_HOST is not set), and \
             there is no default kubeconfig, as neither KUBECONFIG nor HOME is set; set `kubeconfig` to a file"
        );
        let pod = |name: &str| match name {
            "KUBERNETES_SERVICE_HOST" => Some("10.0.0.1".into()),
            "KUBECONFIG" => Some("/none/a:/none/b".into()),
            _ => None,
        };
        assert_eq!(
            choose(&config(None, None), &pod, token)
                .unwrap_err()
                .to_string(),
            "the in-cluster service account cannot be used, for there is no /none/token, and \
             there is no kubeconfig /none/a or /none/b; set `kubeconfig` to a file"
        );
    }
}
