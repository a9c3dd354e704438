//! The files that lead to the API server: read so that none makes us wait, and looked at again
//! while a connection stands.

use std::path::Path;

use kube::config::{AuthInfo, Kubeconfig};
use s3_exporter_config::{Misplaced, WatchedFiles, file, without_line_end};
use secrecy::{ExposeSecret, SecretString};

use super::error::{AccessSourceError, TokenError, TokenPlace};

/// Far more than a kubeconfig of all clusters of a company, in bytes.
const LARGEST: u64 = 16 << 20;

/// Reads a kubeconfig.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, AccessSourceError> {
    let bytes = file::read(path, LARGEST).map_err(AccessSourceError::Unreadable)?;
    Ok(bytes.to_vec())
}

/// Makes ready what the context's cluster and user name, which kube would read by itself, waiting
/// for a pipe and taking a token as it is. A file that is missing is left to kube.
pub(super) fn prepare(
    kubeconfig: &mut Kubeconfig,
    context: Option<&str>,
    followed: &mut WatchedFiles,
) -> Result<(), AccessSourceError> {
    let context = kubeconfig
        .contexts
        .iter()
        .find(|known| Some(&*known.name) == context)
        .and_then(|known| known.context.clone());
    let Some(context) = context else {
        return Ok(());
    };
    let mut clusters = kubeconfig.clusters.iter();
    let cluster = clusters
        .find(|known| known.name == context.cluster)
        .and_then(|known| known.cluster.as_ref());
    let authority = cluster.and_then(|cluster| cluster.certificate_authority.as_deref());
    look_at("certificate-authority", authority)?;
    let mut users = kubeconfig.auth_infos.iter_mut();
    let user = users
        .find(|known| Some(&known.name) == context.user.as_ref())
        .and_then(|known| known.auth_info.as_mut());
    let Some(user) = user else {
        return Ok(());
    };
    look_at("client-certificate", user.client_certificate.as_deref())?;
    look_at("client-key", user.client_key.as_deref())?;
    token(user, followed)
}

fn look_at(key: &'static str, path: Option<&str>) -> Result<(), AccessSourceError> {
    let Some(path) = path else {
        return Ok(());
    };
    match file::look(Path::new(path), file::MAX_FILE) {
        Err(cause) if cause.kind() != std::io::ErrorKind::NotFound => {
            let path = path.to_owned();
            Err(AccessSourceError::File { key, path, cause })
        }
        _ => Ok(()),
    }
}

/// Puts the token that is in a file in the place of the file, which comes first where there are
/// both, as with client-go. What the file says later begins a session anew.
fn token(user: &mut AuthInfo, followed: &mut WatchedFiles) -> Result<(), AccessSourceError> {
    if let Some(token) = &user.token {
        let token = clean(token.expose_secret());
        let token =
            token.map_err(|error| AccessSourceError::Token(TokenPlace::Kubeconfig, error))?;
        user.token = Some(token);
    }
    let Some(path) = &user.token_file else {
        return Ok(());
    };
    followed.add(Path::new(path));
    match read_token(Path::new(path)) {
        Ok(token) => user.token = Some(token),
        Err(_) if user.token.is_some() => {}
        Err(error) => {
            let place = TokenPlace::File(path.into());
            return Err(AccessSourceError::Token(place, error));
        }
    }
    user.token_file = None;
    Ok(())
}

fn read_token(path: &Path) -> Result<SecretString, TokenError> {
    let bytes = file::read(path, file::MAX_FILE).map_err(TokenError::Unreadable)?;
    clean(std::str::from_utf8(&bytes).map_err(|_| TokenError::NotUtf8)?)
}

/// A token without the one line end at its end.
fn clean(text: &str) -> Result<SecretString, TokenError> {
    let text = without_line_end(text);
    match Misplaced::find_in_header(text) {
        Some(misplaced) => Err(TokenError::Holds(misplaced)),
        None if text.is_empty() => Err(TokenError::Empty),
        None => Ok(text.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prepared(user: &str) -> Result<(AuthInfo, WatchedFiles), String> {
        let text = format!(
            "contexts: [{{name: c, context: {{cluster: k, user: u}}}}]\nusers: [{{name: u, user: {user}}}]\n"
        );
        let mut kubeconfig = Kubeconfig::from_yaml(&text).unwrap();
        let mut followed = WatchedFiles::default();
        prepare(&mut kubeconfig, Some("c"), &mut followed).map_err(|error| error.to_string())?;
        let user = kubeconfig.auth_infos.remove(0).auth_info.unwrap();
        Ok((user, followed))
    }

    #[test]
    fn a_token_loses_one_line_end_and_holds_nothing_else_that_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        let shown = path.display();
        for (text, expected) in [
            ("abc", Ok("abc")),
            ("abc\n", Ok("abc")),
            ("abc\r\n", Ok("abc")),
            (
                "abc\n\n",
                Err("holds a line end at its end, beside the one that is cut: take it out"),
            ),
            ("abc ", Err("holds a space at its end: take it out")),
            (
                "äbc",
                Err("holds a character that is not ASCII at its beginning: take it out"),
            ),
            ("\n", Err("is empty")),
        ] {
            std::fs::write(&path, text).unwrap();
            for (user, what) in [
                (
                    format!("{{tokenFile: {shown}}}"),
                    format!("its tokenFile {shown}"),
                ),
                (format!("{{token: {text:?}}}"), "its token".to_owned()),
            ] {
                let found = prepared(&user).map(|(user, _)| {
                    assert_eq!(user.token_file, None);
                    user.token.unwrap().expose_secret().to_owned()
                });
                let expected = expected.map(str::to_owned);
                assert_eq!(
                    found,
                    expected.map_err(|says| format!("{what} {says}")),
                    "{text:?}"
                );
            }
        }
    }

    #[test]
    fn a_token_in_a_file_comes_first_and_is_followed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        let both = format!("{{token: written, tokenFile: {}}}", path.display());
        let token = |user: AuthInfo| user.token.unwrap().expose_secret().to_owned();
        let (user, followed) = prepared(&both).unwrap();
        assert_eq!(token(user), "written");
        assert!(!followed.hold_something_else());
        std::fs::write(&path, "one").unwrap();
        assert!(followed.hold_something_else());
        let (user, followed) = prepared(&both).unwrap();
        assert_eq!(token(user), "one");
        assert!(!followed.hold_something_else());
        std::fs::remove_file(&path).unwrap();
        assert!(!followed.hold_something_else(), "it is good without it");
        let reason = prepared(&format!("{{tokenFile: {}}}", path.display())).unwrap_err();
        assert!(
            reason.ends_with("cannot be read: there is no such file"),
            "{reason}"
        );
    }

    #[test]
    fn what_is_no_file_is_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let shown = folder.path().display();
        for key in ["client-certificate", "client-key"] {
            let reason = prepared(&format!("{{{key}: {shown}}}")).unwrap_err();
            assert_eq!(
                reason,
                format!("its {key} {shown} is of no use: it is a folder, not a file")
            );
        }
        let reason = read(folder.path()).unwrap_err().to_string();
        assert_eq!(reason, "it cannot be read: it is a folder, not a file");
    }
}
