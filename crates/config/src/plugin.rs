use crate::Section;

/// A kind of thing that a section describes, such as a kind of store: what a plug-in crate
/// exports. Its section is parsed into a `T`; `D` is what else every one of that kind has.
#[derive(Debug)]
pub struct Plugin<T, D = ()> {
    /// What users write as `type`.
    pub name: &'static str,
    /// The keys of its section, beside `type` and those that every section of its table has.
    pub keys: &'static [Key],
    /// What holds for it unless the user says otherwise in a key that is not its own.
    pub defaults: D,
    /// Takes the keys out of the section. Does no I/O. Errors go into the section; `None`
    /// only where there was one. A message shows a value by [`Origin::quote`](crate::Origin::quote)
    /// or not at all: it may come from the environment and be a secret.
    pub parse: fn(&mut Section) -> Option<T>,
}

// Derived, they would ask the same of `T`, which is not held.
impl<T, D: Clone> Clone for Plugin<T, D> {
    fn clone(&self) -> Self {
        Self {
            defaults: self.defaults.clone(),
            ..*self
        }
    }
}

impl<T, D: Copy> Copy for Plugin<T, D> {}

/// A key of a section.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    /// Its name.
    pub name: &'static str,
    /// Its default as one would write it in TOML; `None` where there is none.
    pub default: Option<&'static str>,
}

impl Key {
    /// A key without a default.
    pub const fn new(name: &'static str) -> Self {
        Self {
            name,
            default: None,
        }
    }

    /// A key with a default, as one would write it in TOML.
    pub const fn with_default(name: &'static str, default: &'static str) -> Self {
        Self {
            name,
            default: Some(default),
        }
    }
}
