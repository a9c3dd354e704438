//! The file of names: one a line, `#` begins a comment, space around a name is cut. A
//! file with any fault gives no names at all: half a list would be worse than an old one. A
//! name that is there twice is none, for the set is the same.

use std::collections::HashMap;
use std::path::Path;

use s3_exporter_config::file;

use super::error::{FileError, NamesError, join};
use crate::clusters::{Cluster, Clusters, NameFault, oddity};

/// Far above any list of clusters: 100,000 names of 80 bytes.
const MAX_BYTES: u64 = 8 << 20;

/// What a look at the file gave: its bytes, or why there are none.
pub(super) type FileContent = Result<Vec<u8>, FileError>;

/// Reads the file as it is now.
pub(super) fn read(path: &Path) -> FileContent {
    let bytes = file::read(path, MAX_BYTES);
    let bytes = bytes.map_err(|cause| FileError::Unreadable(file::reason(&cause)))?;
    Ok(bytes.to_vec())
}

/// Names that can be used.
#[derive(Debug)]
pub struct StaticNames {
    /// The names.
    pub clusters: Clusters,
    /// What is odd about the file, with its lines.
    pub odd: Option<String>,
}

/// The names of `list` and of the file together.
///
/// # Errors
/// What is wrong, with the file and its lines.
pub(super) fn names(
    list: &[String],
    file: Option<(&Path, &FileContent)>,
) -> Result<StaticNames, NamesError> {
    let list = list.iter().map(String::as_str);
    let clusters = Clusters::from_names(list).map_err(NamesError::List)?;
    let mut found = StaticNames {
        clusters,
        odd: None,
    };
    if let Some((path, content)) = file {
        let odd = content
            .as_deref()
            .map_err(Clone::clone)
            .and_then(|bytes| add(&mut found.clusters, bytes))
            .map_err(|error| NamesError::File(path.to_owned(), error))?;
        let place = format!("reading the cluster names in {}", path.display());
        found.odd = (!odd.is_empty()).then(|| format!("{place}: {}", join(odd.iter())));
    }
    Ok(found)
}

/// Adds the names in a file's bytes, and tells what is odd about them.
fn add(clusters: &mut Clusters, bytes: &[u8]) -> Result<Vec<String>, FileError> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let before = &bytes[..error.valid_up_to()];
        FileError::NotUtf8(1 + before.iter().filter(|&&byte| byte == b'\n').count())
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text); // editors on Windows write it
    let mut lines: HashMap<&str, usize> = HashMap::new();
    let (mut faults, mut odd) = (Vec::new(), Vec::new());
    for (number, line) in (1..).zip(text.lines()) {
        let name = line.split('#').next().unwrap_or_default().trim();
        if name.is_empty() {
            continue;
        }
        match clusters.insert(name, Cluster::default()) {
            Ok(()) => {
                lines.insert(name, number);
                let about = oddity(name);
                odd.extend(about.map(|what| format!("line {number}: the name {name:?} {what}")));
            }
            Err(fault @ NameFault::Duplicate(_)) => {
                let first = match lines.get(name) {
                    Some(first) => format!("first in line {first}"),
                    None => "first in the list `clusters`".to_owned(),
                };
                odd.push(format!("line {number}: {fault}, {first}; it counts once"));
                lines.entry(name).or_insert(number);
            }
            Err(fault) => faults.push((number, fault)),
        }
    }
    if !faults.is_empty() {
        return Err(FileError::Names(faults));
    }
    if lines.is_empty() {
        return Err(FileError::NoName);
    }
    Ok(odd)
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use super::*;

    fn parse(list: &[&str], bytes: &[u8]) -> Result<Vec<String>, String> {
        let list: Vec<_> = list.iter().map(|&name| name.to_owned()).collect();
        let content = Ok(bytes.to_vec());
        let found = names(&list, Some((Path::new("/n"), &content)));
        let found = found.map_err(|error| error.to_string())?;
        Ok(found.clusters.names().map(ToString::to_string).collect())
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
        ] {
            assert_eq!(fault(&["listed"], bytes), expected);
        }
        assert_eq!(
            fault(&["a", "a", ""], b"b"),
            "the list `clusters`: the cluster name \"a\" is given twice; a cluster's name must not be empty"
        );
    }

    fn odd(list: &[&str], text: &str) -> Option<String> {
        let list: Vec<_> = list.iter().map(|&name| name.to_owned()).collect();
        let content = Ok(text.as_bytes().to_vec());
        names(&list, Some((Path::new("/n"), &content))).unwrap().odd
    }

    #[test]
    fn a_name_that_is_there_twice_counts_once_and_is_odd() {
        let text = "a\nb\n a # again\nlisted\nlisted";
        assert_eq!(
            parse(&["listed"], text.as_bytes()).unwrap(),
            ["a", "b", "listed"]
        );
        assert_eq!(
            odd(&["listed"], text).unwrap(),
            "reading the cluster names in /n: \
             line 3: the cluster name \"a\" is given twice, first in line 1; it counts once; \
             line 4: the cluster name \"listed\" is given twice, first in the list `clusters`; it counts once; \
             line 5: the cluster name \"listed\" is given twice, first in line 4; it counts once"
        );
        assert_eq!(parse(&["listed"], b"listed").unwrap(), ["listed"]);
        assert_eq!(odd(&["listed"], "one\ntwo\n"), None);
    }

    #[test]
    fn a_name_that_looks_like_something_else_is_odd() {
        let text = odd(&[], "# ours\n- lab-1\nlab-2\n\"lab-3\",\n").unwrap();
        assert!(
            text.starts_with(
                "reading the cluster names in /n: line 2: the name \"- lab-1\" looks like"
            ),
            "{text}"
        );
        assert!(
            text.contains("; line 4: the name \"\\\"lab-3\\\",\" "),
            "{text}"
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
        assert_eq!(
            read(folder.path()).unwrap_err().to_string(),
            "it is a folder, not a file"
        );
        let path = folder.path().join("names");
        assert_eq!(
            read(&path).unwrap_err().to_string(),
            "there is no such file"
        );
        File::create(&path).unwrap().set_len(MAX_BYTES).unwrap();
        assert_eq!(read(&path).unwrap().len() as u64, MAX_BYTES);
        File::create(&path).unwrap().set_len(MAX_BYTES + 1).unwrap();
        assert_eq!(
            read(&path).unwrap_err().to_string(),
            "it is larger than 8 MiB"
        );
    }
}
