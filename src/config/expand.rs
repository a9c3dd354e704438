//! `${NAME}` in the strings of the file.

use super::environment::Environment;
use super::error::SourceError;

/// Replaces each `${NAME}` by the environment's text, which is not looked into again, and
/// each `$$` by a `$`. Any other `$` stays as it is. `used` gets the names.
///
/// # Errors
/// What is wrong. The message goes on after a path.
pub fn expand(
    text: &str,
    environment: &Environment,
    used: &mut Vec<String>,
) -> Result<String, SourceError> {
    let mut expanded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        expanded.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('$') {
            expanded.push('$');
            rest = after;
        } else if let Some(inner) = rest.strip_prefix('{') {
            let Some((name, after)) = inner.split_once('}') else {
                return Err(SourceError::OpenBrace);
            };
            expanded.push_str(value(name, environment)?);
            used.push(name.to_owned());
            rest = after;
        } else {
            expanded.push('$');
        }
    }
    expanded.push_str(rest);
    Ok(expanded)
}

fn value<'a>(name: &str, environment: &'a Environment) -> Result<&'a str, SourceError> {
    let mut bytes = name.bytes();
    let first = bytes
        .next()
        .is_some_and(|b| b.is_ascii_alphabetic() || b == b'_');
    if !first || !bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_') {
        return Err(SourceError::NoName);
    }
    let text = environment.text(name);
    text.map_err(|why| SourceError::Variable(name.to_owned(), why))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expanded(text: &str) -> Result<String, String> {
        let environment: Environment = [("A", "1"), ("B_2", "${A}$$"), ("EMPTY", "")]
            .into_iter()
            .collect();
        expand(text, &environment, &mut Vec::new()).map_err(|wrong| wrong.to_string())
    }

    #[test]
    fn names_are_replaced_once() {
        assert_eq!(expanded("x${A}y${B_2}${EMPTY}z").unwrap(), "x1y${A}$$z");
    }

    #[test]
    fn two_dollars_are_one_and_a_lone_one_stays() {
        assert_eq!(expanded("$$ $${A} $$$$ $a $").unwrap(), "$ ${A} $$ $a $");
    }

    #[test]
    fn what_cannot_be_replaced_is_an_error() {
        assert_eq!(
            expanded("${NONE}").unwrap_err(),
            "uses ${NONE}, which is not set in the environment"
        );
        assert!(
            expanded("a${A")
                .unwrap_err()
                .starts_with("holds a ${ without")
        );
        assert!(
            expanded("${}").is_err() && expanded("${a b}").is_err() && expanded("${1}").is_err()
        );
    }
}
