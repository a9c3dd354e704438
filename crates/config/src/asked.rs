use std::ops::RangeInclusive;

/// A key that somebody who parsed a section looked for, be it set or not.
#[derive(Clone, Debug, PartialEq)]
pub struct AskedKey {
    /// Its path, such as `destinations[0].max_age`.
    pub path: String,
    /// What may be written for it.
    pub kind: ValueKind,
}

/// What may be written for a key: by which getter of a [`Section`](crate::Section) it is read.
#[derive(Clone, Debug, PartialEq)]
pub enum ValueKind {
    /// Whoever takes it looks for himself.
    Any,
    /// A string.
    Text,
    /// One of these strings.
    Choice(Vec<String>),
    /// `true` or `false`.
    Boolean,
    /// A whole number.
    Integer(RangeInclusive<u64>),
    /// A number, whole or not.
    Number(RangeInclusive<f64>),
    /// A string such as `50%`.
    Percentage(RangeInclusive<u32>),
    /// A string such as `90s`.
    Duration,
    /// A number of bytes, or a string such as `64MiB`.
    Size,
    /// Strings.
    List,
    /// The path of a file or a folder.
    Path,
    /// A string that nobody is shown.
    Secret,
    /// Strings by names that are the user's.
    Texts,
    /// A table.
    Table,
    /// Tables by names that are the user's.
    Tables,
    /// A list of tables.
    TableList,
}
