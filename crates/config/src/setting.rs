use crate::Origin;

/// A value as it was set: with its key and its origin, so that whatever is said of it later
/// ([`Section::fault_of`](crate::Section::fault_of)) names both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting<T> {
    /// The value.
    pub value: T,
    pub(crate) key: String,
    pub(crate) origin: Origin,
}

impl<T> Setting<T> {
    pub(crate) fn new(key: &str, origin: Origin, value: T) -> Self {
        Self {
            value,
            key: key.to_owned(),
            origin,
        }
    }

    /// The key, within its section.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Where it was set.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The value alone, where nothing more is to be said of it.
    pub fn into_value(self) -> T {
        self.value
    }

    /// Where it was set, without the value.
    pub fn place(&self) -> Setting<()> {
        Setting::new(&self.key, self.origin.clone(), ())
    }

    /// With what became of the value.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Setting<U> {
        Setting {
            value: change(self.value),
            key: self.key,
            origin: self.origin,
        }
    }
}

impl<T: AsRef<str>> Setting<T> {
    /// The text for a message, as [`Origin::quote`] shows it.
    pub fn quote(&self) -> String {
        self.origin.quote(self.value.as_ref())
    }
}
