//! What programs write when they are given nothing.

/// As small as this nothing is a backup.
const NOTHING: u64 = 64;

/// By the end of the key: sizes beyond [`NOTHING`] that hold nothing, and what they are.
const FORMS: &[(&str, &[u64], &str)] = &[
    (".tar", &[10_240], "what tar makes of nothing"),
    (
        ".tar.gz",
        &[106],
        "what tar and gzip make of an empty folder",
    ),
    (".tgz", &[106], "what tar and gzip make of an empty folder"),
    (".gpg", &[70], "what gpg makes of nothing"),
    (".age", &[200, 220], "what age makes of nothing"),
];

/// What a dump of this size is, if it holds nothing.
pub(super) fn holds(key: &str, size: u64) -> Option<&'static str> {
    if size == 0 {
        return Some("an empty file");
    }
    if size <= NOTHING {
        return Some("what a compressor or cipher makes of nothing");
    }
    if let Some((_, _, what)) = FORMS
        .iter()
        .find(|(suffix, sizes, _)| key.ends_with(suffix) && sizes.contains(&size))
    {
        return Some(what);
    }
    // gzip keeps the name of the file that it is given.
    let name = key
        .rsplit('/')
        .next()
        .and_then(|name| name.strip_suffix(".gz"))?;
    (size == name.len() as u64 + 21).then_some("what gzip makes of an empty file")
}
