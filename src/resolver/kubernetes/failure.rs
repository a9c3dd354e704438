//! What the API server and kube's errors mean, for people. Secrets hide in some of them
//! (what an exec plug-in printed, a kubeconfig's lines, a proxy's address): those are
//! told by their kind alone.

use std::error::Error as StdError;

use kube::Error;
use kube::client::AuthError;
use kube::config::KubeconfigError;
use kube::core::Status;
use kube::runtime::watcher;
use s3_exporter_api::{Speaks, chain};
use s3_exporter_transport::advice;

use super::KubernetesResolver;
use super::source::AccessSource;

/// The longest text of a server's that is shown.
const MAX_TEXT: usize = 300;

/// What was asked, where and as whom.
pub(super) struct ApiContext<'a> {
    pub(super) config: &'a KubernetesResolver,
    pub(super) server: &'a str,
    pub(super) source: &'a AccessSource,
    /// The kind as RBAC names it, once it is known.
    pub(super) kind: Option<String>,
}

impl ApiContext<'_> {
    /// The whole message for a failure whose reason is known.
    pub(super) fn failure(&self, reason: &str) -> String {
        let what = match &self.kind {
            Some(kind) => format!("watching {kind}"),
            None => format!("looking for the kind {}", self.wanted()),
        };
        format!("{what} at {}: {reason}", self.server)
    }

    /// The whole message for what kube says.
    pub(super) fn explain(&self, error: &Error) -> String {
        if let Some(speaks) = Speaks::of_failure(self.server, error) {
            return self.failure(&self.speaks(speaks));
        }
        let reason = match error {
            Error::Api(status) => self.answer(status),
            Error::Discovery(_) => self.missing(),
            Error::Auth(_) => format!("{} ({})", describe(error), self.source),
            // Go resets the connection when it has said so to a request of more than 517 bytes.
            _ if self.server.starts_with("http://") => {
                format!("{}; if {}", describe(error), self.speaks(Speaks::Tls))
            }
            _ => describe(error),
        };
        self.failure(&reason)
    }

    /// The whole message for what the watcher says.
    pub(super) fn explain_watch(&self, error: &watcher::Error) -> String {
        use watcher::Error::{
            InitialListFailed, NoResourceVersion, WatchError, WatchFailed, WatchStartFailed,
        };
        match error {
            InitialListFailed(error) | WatchStartFailed(error) | WatchFailed(error) => {
                self.explain(error)
            }
            WatchError(status) => self.failure(&self.answer(status)),
            NoResourceVersion => self.failure("the answer has no resource version"),
        }
    }

    fn speaks(&self, speaks: Speaks) -> String {
        let advice = speaks.advice();
        format!("the API server {advice} in its address in {}", self.source)
    }

    fn answer(&self, status: &Status) -> String {
        let message = one_line(&status.message);
        if let Some(speaks) = Speaks::of_answer(&message) {
            return self.speaks(speaks);
        }
        match status.code {
            401 => format!(
                "the API server does not accept our credentials (401); check or renew those of {}",
                self.source
            ),
            403 => format!("access denied (403): {message}; {}", self.right(&message)),
            404 => self.missing(),
            400 if self.config.label_selector.is_some() || self.config.field_selector.is_some() => {
                format!("{message} (400); check label_selector and field_selector")
            }
            code => format!("the API server answers {code}: {message}"),
        }
    }

    /// What would end a 403. The API server's message names the user.
    fn right(&self, message: &str) -> String {
        let user = message
            .split_once("User \"")
            .and_then(|(_, rest)| rest.split_once('"'))
            .map(|(user, _)| format!("the user {user:?}"))
            .unwrap_or_else(|| format!("the user of {}", self.source));
        let namespace = match &self.config.namespace {
            Some(namespace) => format!(" in the namespace {namespace:?}"),
            None => String::new(),
        };
        match &self.kind {
            Some(kind) => format!("allow get, list, watch on {kind}{namespace} to {user}"),
            None => format!("bind the ClusterRole system:discovery to {user}"),
        }
    }

    fn missing(&self) -> String {
        format!(
            "the API server has no kind {}; install its CRD, or correct api_version and kind",
            self.wanted()
        )
    }

    fn wanted(&self) -> String {
        format!("{} in {}", self.config.kind, self.config.api_version)
    }
}

/// An error of kube's without a place.
pub(super) fn describe(error: &Error) -> String {
    if let Some(auth) = find::<AuthError>(error) {
        return credentials(auth);
    }
    match error {
        Error::InferKubeconfig(error) => kubeconfig(error),
        Error::SerdeError(error) => format!("the answer makes no sense: {error}"),
        Error::Service(cause) => unreachable(&**cause),
        Error::HyperError(cause) => unreachable(cause),
        error => chain(error),
    }
}

fn unreachable(cause: &(dyn StdError + 'static)) -> String {
    let text = chain(cause);
    if text.contains("invalid peer certificate") {
        let advice = advice(cause).unwrap_or("check the address and the certificate authority");
        return format!("the API server's certificate is not trusted: {text}; {advice}");
    }
    if let Some(advice) = advice(cause) {
        return format!("the API server cannot be reached: {text}; {advice}");
    }
    format!("the API server cannot be reached: {text}")
}

fn credentials(error: &AuthError) -> String {
    match error {
        // Its command line is not shown: kube's text has the environment in it.
        AuthError::AuthExecRun { out, .. } => {
            let said = String::from_utf8_lossy(&out.stderr);
            let last = said.lines().rfind(|line| !line.trim().is_empty());
            let said = last.map_or(String::new(), |line| format!(": {}", one_line(line)));
            format!("the exec plug-in failed ({}){said}", out.status)
        }
        AuthError::AuthExecParse(_) => {
            "the exec plug-in's output is not an ExecCredential".to_owned()
        }
        error => format!("the credentials cannot be used: {}", chain(error)),
    }
}

/// An error of a kubeconfig.
pub(super) fn kubeconfig(error: &KubeconfigError) -> String {
    chain(error)
}

/// Looks for a cause among an error and its causes.
fn find<'a, T: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a T> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        next = error.source();
    }
    None
}

fn one_line(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(MAX_TEXT) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}
