use s3_exporter_config::{Section, Url};

/// The address of a store: http or https, the latter where it says neither; without
/// user and query. It may have a path, below which the store is.
pub fn endpoint(section: &mut Section, key: &str) -> Option<Url> {
    let login = "`access_key_id` and `secret_access_key`";
    address_of(section, key, "https://minio.example:9000", login)
}

/// The same of a server that is no store. `login` is the keys of the user and the password.
pub fn address_of(section: &mut Section, key: &str, example: &str, login: &str) -> Option<Url> {
    let text = section.setting(key, Section::name)?;
    let bad = match address(&text.value) {
        Err(cause) => format!("is not an address ({cause}): expected one such as {example:?}"),
        Ok(url) if !url.username().is_empty() || url.password().is_some() => {
            format!("must not hold a user or a password: use {login}")
        }
        Ok(url) if !matches!(url.scheme(), "http" | "https") => {
            format!(
                "has the scheme {}: expected http or https",
                text.origin().quote(url.scheme())
            )
        }
        Ok(url) if url.query().is_some() || url.fragment().is_some() => {
            "must end after host, port and path: a bucket goes into `bucket`".to_owned()
        }
        Ok(url) => return Some(url),
    };
    section.fault_of(&text, bad);
    None
}

/// The name of a region. It becomes part of signatures and, with AWS, of hosts' names.
pub fn region(section: &mut Section, key: &str) -> Option<String> {
    let region = section.setting(key, Section::name)?;
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    if region.value.bytes().all(plain) {
        return Some(region.value);
    }
    let message = format!(
        "is {}: expected a region such as \"eu-central-1\"",
        region.quote()
    );
    section.fault_of(&region, message);
    None
}

/// Parses an address. The parser would drop blanks and line ends in silence.
fn address(text: &str) -> Result<Url, String> {
    if text.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Err("it holds a blank or a line end".to_owned());
    }
    let full = if text.contains("://") {
        text.to_owned()
    } else {
        format!("https://{text}")
    };
    Url::parse(&full).map_err(|cause| cause.to_string())
}
