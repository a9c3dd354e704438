//! Whether two configurations say the same of a backend, secrets included.

use std::fmt;
use std::hash::{BuildHasher, Hash, Hasher, RandomState};
use std::sync::LazyLock;

use figment::value::{Dict, Empty, Num, Value};

/// Another key in each process, so that a fingerprint tells nothing of what it was made of.
static KEY: LazyLock<RandomState> = LazyLock::new(RandomState::new);

/// What a table says, in a form that can be compared within one process, and kept though
/// secrets are among the values.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Fingerprint(u64);

/// It says nothing to anybody outside.
impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Fingerprint")
    }
}

impl Fingerprint {
    /// Of a table, `except` some of its keys.
    pub fn of(table: &Dict, except: &[&str]) -> Self {
        let mut hasher = KEY.build_hasher();
        table
            .iter()
            .filter(|(key, _)| !except.contains(&key.as_str()))
            .for_each(|(key, value)| {
                key.hash(&mut hasher);
                add(value, &mut hasher);
            });
        Self(hasher.finish())
    }
}

impl Fingerprint {
    /// Of both: another one where either is another.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self(KEY.hash_one((self.0, other.0)))
    }
}

fn add(value: &Value, hasher: &mut impl Hasher) {
    std::mem::discriminant(value).hash(hasher);
    match value {
        Value::String(_, text) => text.hash(hasher),
        Value::Char(_, letter) => letter.hash(hasher),
        Value::Bool(_, yes) => yes.hash(hasher),
        Value::Num(_, number) => add_number(*number, hasher),
        Value::Empty(_, Empty::None | Empty::Unit) => {}
        Value::Dict(_, table) => {
            table.len().hash(hasher);
            for (key, value) in table {
                key.hash(hasher);
                add(value, hasher);
            }
        }
        Value::Array(_, items) => {
            items.len().hash(hasher);
            items.iter().for_each(|item| add(item, hasher));
        }
    }
}

/// The file's numbers are all of one type, and the environment has texts alone.
fn add_number(number: Num, hasher: &mut impl Hasher) {
    match (number.to_i128(), number.to_f64()) {
        (Some(whole), _) => whole.hash(hasher),
        (None, Some(fraction)) => fraction.to_bits().hash(hasher),
        (None, None) => {}
    }
}

#[cfg(test)]
mod tests {
    use s3_exporter_testkit::values;

    use super::*;

    fn of(text: &str) -> Fingerprint {
        Fingerprint::of(&values(text), &["limit"])
    }

    #[test]
    fn the_same_words_are_the_same_and_others_are_not() {
        let base = "key = 'a'\nlist = ['x', 'y']\n[t]\nn = 1\n";
        assert_eq!(of(base), of(base));
        assert_eq!(of(base), of(&format!("limit = 9\n{base}")));
        for other in [
            "key = 'b'\nlist = ['x', 'y']\n[t]\nn = 1\n",
            "key = 'a'\nlist = ['y', 'x']\n[t]\nn = 1\n",
            "key = 'a'\nlist = ['xy']\n[t]\nn = 1\n",
            "key = 'a'\nlist = ['x', 'y']\n[t]\nn = 2\n",
            "key = 'a'\nlist = ['x', 'y']\n[t]\nn = '1'\n",
            "key = 'a'\nlist = ['x', 'y']\n[t]\nn = true\n",
            "key = 'a'\nlist = ['x', 'y']\n",
        ] {
            assert_ne!(of(base), of(other), "{other}");
        }
    }
}
