//! What the SDK reads by itself: variables of the environment, and files that they name. It
//! takes them as they are, white space included, and waits for a pipe without an end.

use std::path::{Path, PathBuf};

use aws_credential_types::Credentials;
use s3_exporter_api::{BackendError, FailureKind};
use s3_exporter_config::{Misplaced, file, without_line_end};

/// The files of profiles: the variables that name them, and where they are without.
const PROFILES: [(&str, &str); 2] = [
    ("AWS_CONFIG_FILE", ".aws/config"),
    ("AWS_SHARED_CREDENTIALS_FILE", ".aws/credentials"),
];
const WEB_IDENTITY_FILE: &str = "AWS_WEB_IDENTITY_TOKEN_FILE";
const CONTAINER_FILE: &str = "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE";
const CONTAINER: &str = "AWS_CONTAINER_AUTHORIZATION_TOKEN";

/// The parts of credentials: the variable that may hold each, how it is called where it comes
/// from elsewhere, and what it cannot hold.
const PARTS: [(&str, &str, Find); 3] = [
    (
        "AWS_ACCESS_KEY_ID",
        "the access key's id",
        Misplaced::find_in_header,
    ),
    (
        "AWS_SECRET_ACCESS_KEY",
        "the secret access key",
        Misplaced::find,
    ),
    (
        "AWS_SESSION_TOKEN",
        "the session token",
        Misplaced::find_in_header,
    ),
];
type Find = fn(&str) -> Option<Misplaced>;

/// The files of profiles, whether they are there or not.
pub fn profiles() -> impl Iterator<Item = PathBuf> {
    PROFILES
        .iter()
        .filter_map(|(name, usual)| path(name, usual))
}

/// Of a file that a variable names, or that is at its usual place.
fn path(name: &str, usual: &str) -> Option<PathBuf> {
    let home = std::env::var_os("HOME").map(PathBuf::from);
    match std::env::var_os(name).map(PathBuf::from) {
        Some(path) => match (path.strip_prefix("~"), home) {
            (Ok(rest), Some(home)) => Some(home.join(rest)),
            _ => Some(path),
        },
        None => Some(home?.join(usual)),
    }
}

/// Whether the SDK can read its files without waiting. One that is not there is its affair.
///
/// # Errors
/// `credentials`: one is no file.
pub fn look() -> Result<(), BackendError> {
    let tokens = [WEB_IDENTITY_FILE, CONTAINER_FILE].map(std::env::var_os);
    let tokens = tokens.into_iter().flatten().map(PathBuf::from);
    for path in profiles().chain(tokens) {
        match file::look(&path, file::MAX_FILE) {
            Err(cause) if cause.kind() != std::io::ErrorKind::NotFound => {
                let action = format!("reading {} for the AWS SDK", path.display());
                let error = BackendError::new(FailureKind::Credentials, action, "it is of no use");
                return Err(error.with_source(cause));
            }
            _ => {}
        }
    }
    Ok(())
}

/// What is misplaced in the variables and in the tokens that they name.
pub fn misplaced() -> Vec<BackendError> {
    let value = |name: &str| std::env::var(name).unwrap_or_default();
    let parts = PARTS.iter().filter_map(|(name, _, find)| {
        let value = value(name);
        // To the SDK one that is blank is none.
        let value = without_line_end(&value);
        let misplaced = find(value).filter(|_| !value.trim().is_empty())?;
        Some(fault(&variable(name), misplaced))
    });
    // These the SDK takes as they are, its line end too.
    let container = Misplaced::find_in_header(&value(CONTAINER));
    let container = container.map(|misplaced| fault(&variable(CONTAINER), misplaced));
    let files = [WEB_IDENTITY_FILE, CONTAINER_FILE];
    let files = files.iter().filter_map(|name| {
        let path = PathBuf::from(std::env::var_os(name)?);
        let bytes = file::read(&path, file::MAX_FILE).ok()?; // the SDK tells why not
        let misplaced = Misplaced::find_in_header(std::str::from_utf8(&bytes).ok()?)?;
        Some(fault(&token_file(&path, name), misplaced))
    });
    parts.chain(container).chain(files).collect()
}

fn variable(name: &str) -> String {
    format!("environment variable {name}")
}

fn token_file(path: &Path, name: &str) -> String {
    format!("the token in {} ({name})", path.display())
}

fn fault(what: &str, misplaced: Misplaced) -> BackendError {
    let action = "looking at the credentials that the AWS SDK found";
    let reason = format!("{what} holds {misplaced}");
    BackendError::new(FailureKind::Credentials, action, reason).with_advice("take it out")
}

/// The credentials without the line end that each of them may have.
///
/// # Errors
/// `credentials`: one holds what none can, in whatever place the SDK found it.
pub fn clean(found: Credentials) -> Result<Credentials, BackendError> {
    let raw = [
        Some(found.access_key_id()),
        Some(found.secret_access_key()),
        found.session_token(),
    ];
    for ((name, called, find), raw) in PARTS.iter().zip(raw) {
        let Some(raw) = raw else { continue };
        if let Some(misplaced) = find(without_line_end(raw)) {
            let is_here = std::env::var(name).is_ok_and(|value| value == raw);
            let what = match is_here {
                true => variable(name),
                false => (*called).to_owned(),
            };
            return Err(fault(&what, misplaced));
        }
    }
    if raw
        .into_iter()
        .flatten()
        .all(|raw| without_line_end(raw) == raw)
    {
        return Ok(found);
    }
    let mut cut = Credentials::builder()
        .access_key_id(without_line_end(found.access_key_id()))
        .secret_access_key(without_line_end(found.secret_access_key()))
        .provider_name("s3-exporter");
    cut.set_session_token(
        found
            .session_token()
            .map(|token| without_line_end(token).to_owned()),
    );
    cut.set_expiry(found.expiry());
    cut.set_account_id(found.account_id().cloned());
    Ok(cut.build())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(id: &str, secret: &str, token: Option<&str>) -> Result<[String; 3], String> {
        let token = token.map(str::to_owned);
        let found = clean(Credentials::new(id, secret, token, None, "test"));
        let found = found.map_err(|error| error.to_string())?;
        Ok([
            found.access_key_id().to_owned(),
            found.secret_access_key().to_owned(),
            found.session_token().unwrap_or_default().to_owned(),
        ])
    }

    #[test]
    fn one_line_end_is_cut_and_nothing_else_is_taken() {
        let expected = ["id", "sécret", "token"].map(str::to_owned);
        for end in ["", "\n", "\r\n"] {
            let [id, secret, token] = ["id", "sécret", "token"].map(|text| format!("{text}{end}"));
            assert_eq!(cut(&id, &secret, Some(&token)).as_ref(), Ok(&expected));
        }
        for (id, secret, token, says) in [
            (
                "id ",
                "s",
                None,
                "the access key's id holds a space at its end",
            ),
            (
                "ïd",
                "s",
                None,
                "the access key's id holds a character that is not ASCII at its beginning",
            ),
            (
                "id",
                "s\n\n",
                None,
                "the secret access key holds a line end at its end",
            ),
            (
                "id",
                "s",
                Some("\tt"),
                "the session token holds a tab at its beginning",
            ),
        ] {
            let error = cut(id, secret, token).unwrap_err();
            assert!(error.contains(says), "{error}");
        }
    }
}
