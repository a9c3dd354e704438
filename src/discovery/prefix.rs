//! Patterns of prefixes: folders of a bucket, each of which is watched by itself.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use globset::{GlobMatcher, GlobSet, GlobSetBuilder};

use super::pattern::{glob, is_exclusion};

/// What a folder has that stands for several; `{name}` does, too.
const MARKS: [char; 4] = ['*', '?', '[', '{'];

/// Else braces are a glob's, as in `{a,b}`.
fn is_of_a_name(character: char) -> bool {
    character == '_' || character.is_ascii_alphanumeric()
}

/// Which folders are meant: patterns, and those with a `!` before them, which leave out folders and what
/// lies in them.
#[derive(Clone, Debug)]
pub struct PrefixPatterns {
    given: Vec<String>,
    forms: Vec<PrefixForm>,
    exclude: GlobSet,
}

/// A pattern: `tenants/team-*/dumps/`, or with a name for what is found, `tenants/{tenant}/`.
#[derive(Clone, Debug)]
pub struct PrefixForm {
    /// What is the same in all, up to the first mark: folders are listed that begin so.
    pub head: Arc<str>,
    /// The label that tells which folder it is, where it has a name.
    pub label: Option<String>,
    /// How much of the head are whole folders.
    above: usize,
    folder: GlobMatcher,
    /// What comes after the folder.
    below: String,
}

/// A folder that is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundPrefix {
    /// With its `/`.
    pub prefix: String,
    /// The label that tells which folder it is, and the folder's name.
    pub label: Option<(String, String)>,
}

/// The same was given.
impl PartialEq for PrefixPatterns {
    fn eq(&self, other: &Self) -> bool {
        self.given == other.given
    }
}

impl Eq for PrefixPatterns {}

impl PrefixForm {
    /// Of a text without a `!`.
    ///
    /// # Errors
    /// What would be right, to go on after the text.
    pub fn parse(text: &str) -> Result<Self, String> {
        let Some(path) = text.strip_suffix('/') else {
            return Err("expected one that ends in `/`, such as \"tenants/*/\"".to_owned());
        };
        let folders: Vec<_> = path.split('/').collect();
        if folders.iter().any(|folder| folder.is_empty()) {
            return Err("expected folders with names between its `/`".to_owned());
        }
        let is_marked = |at: &usize| folders[*at].contains(MARKS);
        let mut marked = (0..folders.len()).filter(is_marked);
        let at = match (marked.next(), marked.next()) {
            (Some(at), None) => at,
            (None, _) => {
                return Err(
                    "which is no pattern: give it as the `prefix` of a section of its own"
                        .to_owned(),
                );
            }
            _ => {
                return Err("which has patterns in more than one folder: expected one such as \"tenants/*/dumps/\"".to_owned());
            }
        };
        let folder = folders[at];
        let name = folder
            .strip_prefix('{')
            .and_then(|rest| rest.strip_suffix('}'));
        let label = name.filter(|name| !name.is_empty() && name.chars().all(is_of_a_name));
        let matcher = glob(if label.is_some() { "*" } else { folder });
        let matcher = matcher.map_err(|error| format!("which is no glob: {}", error.kind()))?;
        let start: usize = folders[..at].iter().map(|folder| folder.len() + 1).sum();
        let plain = folder.find(MARKS).unwrap_or_default();
        Ok(Self {
            head: text[..start + plain].into(),
            label: label.map(str::to_owned),
            above: start,
            folder: matcher.compile_matcher(),
            below: text[start + folder.len() + 1..].to_owned(),
        })
    }

    /// What a folder below the bucket or the folders above becomes, where it is meant.
    fn found(&self, folder: &str) -> Option<FoundPrefix> {
        let name = folder.get(self.above..)?.strip_suffix('/')?;
        let is_meant = !name.is_empty() && self.folder.is_match(name);
        is_meant.then(|| FoundPrefix {
            prefix: format!("{folder}{}", self.below),
            label: self.label.clone().map(|label| (label, name.to_owned())),
        })
    }
}

impl PrefixPatterns {
    /// Of these, in their order, each of which is good by itself.
    ///
    /// # Errors
    /// What is wrong with one, or all are too large together.
    pub fn new(given: Vec<String>) -> Result<Self, String> {
        let (mut forms, mut exclude) = (Vec::new(), GlobSetBuilder::new());
        for text in &given {
            match is_exclusion(text) {
                true => {
                    exclude.add(glob(text).map_err(|error| error.to_string())?);
                }
                false => forms.push(PrefixForm::parse(text)?),
            }
        }
        let exclude = exclude.build().map_err(|error| error.to_string())?;
        Ok(Self {
            given,
            forms,
            exclude,
        })
    }

    /// What folders begin with that are to be listed.
    pub fn heads(&self) -> impl Iterator<Item = &Arc<str>> {
        self.forms.iter().map(|form| &form.head)
    }

    /// Those that are meant, each once, in the order of the patterns. `folders` are those that begin with
    /// a head, where that is known.
    pub fn found<'a>(
        &self,
        folders: impl Fn(&Arc<str>) -> Option<&'a [Arc<str>]>,
    ) -> Vec<FoundPrefix> {
        let (mut all, mut known) = (Vec::new(), HashSet::new());
        for form in &self.forms {
            let folders = folders(&form.head).unwrap_or_default();
            for found in folders.iter().filter_map(|folder| form.found(folder)) {
                if !self.leaves_out(&found.prefix) && known.insert(found.prefix.clone()) {
                    all.push(found);
                }
            }
        }
        all
    }

    /// Whether a pattern leaves out a folder, or one that it lies in.
    fn leaves_out(&self, folder: &str) -> bool {
        let mut ends = folder.match_indices('/').map(|(at, _)| at + 1);
        ends.any(|end| self.exclude.is_match(&folder[..end]))
    }
}

/// As they were given, for people.
impl fmt::Display for PrefixPatterns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let quoted: Vec<_> = self.given.iter().map(|text| format!("{text:?}")).collect();
        f.write_str(&quoted.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A prefix, and what tells it from the others.
    type Row = (String, Option<(String, String)>);

    fn found(given: &[&str], folders: &[(&str, &[&str])]) -> Vec<Row> {
        let given = given.iter().map(|text| (*text).to_owned()).collect();
        let patterns = PrefixPatterns::new(given).unwrap();
        let folders: Vec<(Arc<str>, Vec<Arc<str>>)> = folders
            .iter()
            .map(|(head, all)| {
                (
                    (*head).into(),
                    all.iter().map(|folder| (*folder).into()).collect(),
                )
            })
            .collect();
        let of = |head: &Arc<str>| {
            let known = folders.iter().find(|(own, _)| own == head);
            known.map(|(_, all)| &all[..])
        };
        let found = patterns.found(of).into_iter();
        found.map(|found| (found.prefix, found.label)).collect()
    }

    #[test]
    fn each_folder_that_matches_and_what_it_is_called() {
        let plain = |prefix: &str| -> Row { (prefix.to_owned(), None) };
        let named = |prefix: &str, label: &str, name: &str| -> Row {
            (prefix.to_owned(), Some((label.to_owned(), name.to_owned())))
        };
        let tenants: &[(&str, &[&str])] =
            &[("tenants/", &["tenants/a/", "tenants/old-b/", "tenants//"])];
        assert_eq!(
            found(&["tenants/*/", "!tenants/old-*/"], tenants),
            [plain("tenants/a/")]
        );
        assert_eq!(
            found(&["tenants/{tenant}/dumps/"], tenants),
            [
                named("tenants/a/dumps/", "tenant", "a"),
                named("tenants/old-b/dumps/", "tenant", "old-b")
            ]
        );
        let team: &[(&str, &[&str])] = &[
            ("t/team-", &["t/team-1/", "t/team-22/"]),
            ("", &["a/", "t/"]),
        ];
        assert_eq!(
            found(&["t/team-?/", "{a,b}/", "*/"], team),
            [plain("t/team-1/"), plain("a/"), plain("t/")]
        );
        assert!(
            found(&["tenants/*/"], &[]).is_empty(),
            "nothing is known yet"
        );
    }

    #[test]
    fn what_is_left_out_is_left_out_with_all_in_it() {
        let tenants: &[(&str, &[&str])] = &[
            ("tenants/", &["tenants/a/", "tenants/test-1/"]),
            ("", &["tenants/", "test-1/"]),
        ];
        let prefixes = |exclusion: &str| -> Vec<String> {
            let given = ["tenants/{t}/dumps/", "tenants/*/", "*/", exclusion];
            let found = found(&given, tenants).into_iter();
            found.map(|(prefix, _)| prefix).collect()
        };
        let all = [
            "tenants/a/dumps/",
            "tenants/test-1/dumps/",
            "tenants/a/",
            "tenants/test-1/",
            "tenants/",
            "test-1/",
        ];
        let without = |left_out: &[usize]| -> Vec<&str> {
            let all = all.iter().enumerate();
            let left = all.filter(|(at, _)| !left_out.contains(at));
            left.map(|(_, prefix)| *prefix).collect()
        };
        for (exclusion, left_out) in [
            ("!tenants/test-*/", &[1, 3][..]),
            ("!tenants/*/dumps/", &[0, 1]),
            ("!tenants/", &[0, 1, 2, 3, 4]),
            ("!test-*/", &[5]),
            ("!**/test-1/", &[1, 3, 5]),
            ("!dumps/", &[]),
        ] {
            assert_eq!(prefixes(exclusion), without(left_out), "{exclusion}");
        }
    }

    /// As many as are listed, in a moment: each once, whichever patterns match it.
    #[test]
    fn a_hundred_thousand_folders() {
        let folders: Vec<Arc<str>> = (0..100_000).map(|nth| format!("t/{nth}/").into()).collect();
        let given = ["t/*/", "t/{tenant}/"].map(str::to_owned).to_vec();
        let patterns = PrefixPatterns::new(given).unwrap();
        let found = patterns.found(|_| Some(&folders));
        assert!(
            found
                .iter()
                .map(|found| &*found.prefix)
                .eq(folders.iter().map(|of| &**of))
        );
        assert!(
            found.iter().all(|found| found.label.is_none()),
            "the first one's"
        );
    }

    #[test]
    fn what_is_no_such_pattern() {
        for (text, says) in [
            ("tenants/*", "ends in `/`"),
            ("", "ends in `/`"),
            ("/*/", "folders with names"),
            ("a//*/", "folders with names"),
            ("tenants/", "no pattern"),
            ("*/*/", "more than one folder"),
            ("a/[/", "no glob"),
        ] {
            let wrong = PrefixForm::parse(text).unwrap_err();
            assert!(wrong.contains(says), "{text:?}: {wrong}");
        }
        assert_eq!(
            PrefixForm::parse("a/b-{c,d}*/e/").unwrap().head.as_ref(),
            "a/b-"
        );
    }
}
