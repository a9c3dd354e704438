use std::ffi::OsString;

type Lookup = dyn Fn(&str) -> Option<OsString>;

/// The variables of an environment. One that is empty is not set.
pub struct Environment(Box<Lookup>);

impl Environment {
    /// The process's own.
    pub fn real() -> Self {
        Self::new(|name| std::env::var_os(name))
    }

    /// Another.
    pub fn new(lookup: impl Fn(&str) -> Option<OsString> + 'static) -> Self {
        Self(Box::new(lookup))
    }

    /// A variable.
    pub fn get(&self, name: &str) -> Option<OsString> {
        (self.0)(name).filter(|value| !value.is_empty())
    }

    /// One that is text.
    pub fn text(&self, name: &str) -> Option<String> {
        self.get(name)?.into_string().ok()
    }
}
