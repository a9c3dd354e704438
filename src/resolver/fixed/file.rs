//! The file of names: one a line, `#` begins a comment, space around a name is cut. A
//! file with any fault gives no names at all: half a list would be worse than an old one.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use crate::clusters::{Cluster, Clusters, NameFault};

/// Far above any list of clusters: 100,000 names of 80 bytes.
const MAX_BYTES: u64 = 8 << 20;
/// How many faults of one file are told.
const MAX_FAULTS: usize = 5;

/// What a look at the file gave: its bytes, or why there are none.
pub(super) type Content = Result<Vec<u8>, String>;

/// Reads the file as it is now.
pub(super) fn read(path: &Path) -> Content {
    try_read(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => "there is no such file".to_owned(),
        _ => error.to_string(),
    })
}

fn try_read(path: &Path) -> io::Result<Vec<u8>> {
    // Before it is opened: to open a pipe waits for a writer.
    if !path.metadata()?.is_file() {
        return Err(io::Error::other("it is not a file"));
    }
    let mut bytes = Vec::new();
    File::open(path)?
        .take(MAX_BYTES + 1)
        .read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_BYTES {
        let text = format!("it is larger than {} MiB", MAX_BYTES >> 20);
        return Err(io::Error::other(text));
    }
    Ok(bytes)
}

/// The names of `list` and of the file together.
///
/// # Errors
/// What is wrong, with the file and its lines.
pub(super) fn names(list: &[String], file: Option<(&Path, &Content)>) -> Result<Clusters, String> {
    let mut clusters = Clusters::from_names(list.iter().map(String::as_str)).map_err(|faults| {
        let faults = faults.iter().map(ToString::to_string).collect();
        format!("the list `clusters`: {}", join(faults))
    })?;
    if let Some((path, content)) = file {
        content
            .as_deref()
            .map_err(Clone::clone)
            .and_then(|bytes| add(&mut clusters, bytes))
            .map_err(|fault| {
                format!(
                    "reading the cluster names in {}: {fault}; the file is read again when it changes",
                    path.display()
                )
            })?;
    }
    Ok(clusters)
}

/// Adds the names in a file's bytes.
fn add(clusters: &mut Clusters, bytes: &[u8]) -> Result<(), String> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let before = &bytes[..error.valid_up_to()];
        let line = 1 + before.iter().filter(|&&byte| byte == b'\n').count();
        format!("line {line}: not UTF-8")
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text); // editors on Windows write it
    let mut lines: HashMap<&str, usize> = HashMap::new();
    let mut faults = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let name = line.split('#').next().unwrap_or_default().trim();
        if name.is_empty() {
            continue;
        }
        match clusters.insert(name, Cluster::default()) {
            Ok(()) => {
                lines.insert(name, number);
            }
            Err(fault @ NameFault::Duplicate(_)) => {
                let first = match lines.get(name) {
                    Some(first) => format!("first in line {first}"),
                    None => "first in the list `clusters`".to_owned(),
                };
                faults.push(format!("line {number}: {fault}, {first}"));
            }
            Err(fault) => faults.push(format!("line {number}: {fault}")),
        }
    }
    if !faults.is_empty() {
        return Err(join(faults));
    }
    if lines.is_empty() {
        // Most likely someone is about to write it, or something went wrong. Whoever
        // means "no cluster" takes the file out of the configuration.
        return Err("it holds no name".to_owned());
    }
    Ok(())
}

fn join(mut faults: Vec<String>) -> String {
    let more = faults.len().saturating_sub(MAX_FAULTS);
    faults.truncate(MAX_FAULTS);
    if more > 0 {
        faults.push(format!("and {more} more"));
    }
    faults.join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(list: &[&str], bytes: &[u8]) -> Result<Vec<String>, String> {
        let list: Vec<_> = list.iter().map(|&name| name.to_owned()).collect();
        let content = Ok(bytes.to_vec());
        let clusters = names(&list, Some((Path::new("/n"), &content)))?;
        Ok(clusters.names().map(ToString::to_string).collect())
    }

    fn fault(list: &[&str], bytes: &[u8]) -> String {
        let text = parse(list, bytes).unwrap_err();
        text.strip_prefix("reading the cluster names in /n: ")
            .and_then(|text| text.strip_suffix("; the file is read again when it changes"))
            .unwrap_or(&text)
            .to_owned()
    }

    #[test]
    fn one_name_a_line_without_comments_space_and_line_ends() {
        let text = "\u{feff}# ours\r\nb \r\n\r\n\t a\u{a0}# the first\n  #none\nc d";
        assert_eq!(parse(&[], text.as_bytes()).unwrap(), ["a", "b", "c d"]);
        assert_eq!(parse(&["z", "aa"], b"m\n").unwrap(), ["aa", "m", "z"]);
    }

    #[test]
    fn each_fault_has_its_line() {
        for (bytes, expected) in [
            (&b""[..], "it holds no name"),
            (b"\n \r\n# a\n", "it holds no name"),
            (
                b"a\nb/c",
                "line 2: the cluster name \"b/c\" holds a '/' or a control character",
            ),
            (
                b"a\0b",
                "line 1: the cluster name \"a\\0b\" holds a '/' or a control character",
            ),
            (b"a\n\n\xff\nb", "line 3: not UTF-8"),
            (b"a\xc3", "line 1: not UTF-8"),
            (
                b"a\nb\n a # again\nlisted",
                "line 3: the cluster name \"a\" is given twice, first in line 1; \
                 line 4: the cluster name \"listed\" is given twice, first in the list `clusters`",
            ),
        ] {
            assert_eq!(fault(&["listed"], bytes), expected);
        }
        assert_eq!(
            fault(&["a", "a", ""], b"b"),
            "the list `clusters`: the cluster name \"a\" is given twice; a cluster's name must not be empty"
        );
    }

    #[test]
    fn a_hundred_faults_are_not_all_told() {
        let text = fault(&[], "/\n".repeat(100).as_bytes());
        assert!(text.ends_with("; and 95 more"), "{text}");
        assert_eq!(text.matches("line ").count(), 5);
    }

    #[test]
    fn what_is_no_readable_file_says_why() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(read(folder.path()).unwrap_err(), "it is not a file");
        let path = folder.path().join("names");
        assert_eq!(read(&path).unwrap_err(), "there is no such file");
        File::create(&path).unwrap().set_len(MAX_BYTES).unwrap();
        assert_eq!(read(&path).unwrap().len() as u64, MAX_BYTES);
        File::create(&path).unwrap().set_len(MAX_BYTES + 1).unwrap();
        assert_eq!(read(&path).unwrap_err(), "it is larger than 8 MiB");
    }
}
