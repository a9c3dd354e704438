//! One file, in the form that kube takes: an empty text says nothing, a number may stand where a
//! text is expected, base64 may be wrapped, and paths are relative to the file.

use std::path::Path;

use base64::prelude::{BASE64_STANDARD, Engine};
use kube::config::Kubeconfig;
use serde_json::{Map, Value};

use crate::resolver::kubernetes::error::AccessSourceError;
use crate::resolver::kubernetes::files;

/// The entries of a cluster and of a user that hold base64.
const DATA: [&str; 3] = [
    "certificate-authority-data",
    "client-certificate-data",
    "client-key-data",
];
/// Those that are paths, relative to the file.
const PATHS: [&str; 4] = [
    "certificate-authority",
    "client-certificate",
    "client-key",
    "tokenFile",
];
/// Those that are true or false.
const SWITCHES: [&str; 2] = ["insecure-skip-tls-verify", "disable-compression"];

/// The documents of a file.
pub(super) fn read(file: &Path) -> Result<Vec<Kubeconfig>, AccessSourceError> {
    let bytes = files::read(file)?;
    let text = decode(bytes).ok_or(AccessSourceError::NotText)?;
    let documents: Vec<Value> = serde_saphyr::from_multiple(&text).map_err(|error| {
        // Its own words may show a secret.
        let at = error.location();
        AccessSourceError::NotAKubeconfig(at.map(|at| (at.line(), at.column())))
    })?;
    let folder = file.parent().unwrap_or(Path::new(""));
    documents
        .into_iter()
        .filter(|document| !document.is_null())
        .map(|mut document| {
            settle(&mut document, folder);
            serde_json::from_value(document).map_err(|_| AccessSourceError::OfAnotherKind)
        })
        .collect()
}

/// UTF-8, and what editors on Windows write.
fn decode(bytes: Vec<u8>) -> Option<String> {
    let wide = |bytes: &[u8], unit: fn([u8; 2]) -> u16| {
        let units: Vec<_> = bytes
            .chunks_exact(2)
            .map(|pair| unit([pair[0], pair[1]]))
            .collect();
        String::from_utf16(&units).ok()
    };
    match bytes.as_slice() {
        [0xFF, 0xFE, rest @ ..] => wide(rest, u16::from_le_bytes),
        [0xFE, 0xFF, rest @ ..] => wide(rest, u16::from_be_bytes),
        [0xEF, 0xBB, 0xBF, rest @ ..] => String::from_utf8(rest.to_vec()).ok(),
        _ => String::from_utf8(bytes).ok(),
    }
}

/// Brings a document into the form that kube takes.
fn settle(document: &mut Value, folder: &Path) {
    let Some(top) = document.as_object_mut() else {
        return;
    };
    plain(top);
    for (list, inner) in [
        ("clusters", "cluster"),
        ("users", "user"),
        ("contexts", "context"),
    ] {
        let entries = top.get_mut(list).and_then(Value::as_array_mut);
        for entry in entries
            .into_iter()
            .flatten()
            .filter_map(Value::as_object_mut)
        {
            plain(entry);
            if let Some(inner) = entry.get_mut(inner).and_then(Value::as_object_mut) {
                plain(inner);
                place(inner, folder);
            }
        }
    }
}

/// Drops what says nothing, and makes texts of what should be some.
fn plain(table: &mut Map<String, Value>) {
    table.retain(|_, value| !value.is_null() && value.as_str() != Some(""));
    for (key, value) in table {
        let is_switch = SWITCHES.contains(&key.as_str());
        if value.is_number() || (value.is_boolean() && !is_switch) {
            *value = Value::String(value.to_string());
        }
    }
}

/// Settles what a cluster or a user says of files, and what they hold.
fn place(table: &mut Map<String, Value>, folder: &Path) {
    for key in DATA {
        if let Some(Value::String(data)) = table.get_mut(key) {
            *data = base64(data);
        }
    }
    for key in PATHS {
        if let Some(Value::String(path)) = table.get_mut(key) {
            absolute(path, folder);
        }
    }
    if let Some(Value::Object(exec)) = table.get_mut("exec")
        && let Some(Value::String(command)) = exec.get_mut("command")
        && command.contains(std::path::MAIN_SEPARATOR)
    {
        absolute(command, folder);
    }
}

/// Base64 in one line. It may be wrapped over several, and be PEM already where it was marked
/// as `!!binary`, which is base64 to YAML.
fn base64(data: &str) -> String {
    if data.trim_start().starts_with("-----BEGIN") {
        return BASE64_STANDARD.encode(data);
    }
    data.split_whitespace().collect()
}

fn absolute(path: &mut String, folder: &Path) {
    if let Some(joined) = folder.join(&*path).to_str() {
        *path = joined.to_owned();
    }
}
