//! The tables within a table: each is lent to whoever parses it, and what is wrong with it is
//! handed on when that is done.

use figment::value::{Dict, Tag, Value};

use super::Section;
use crate::{Origins, Secret, Setting, ValueKind};

/// Tables of a list of which the keys that were asked for are kept: of 100,000 they would take a gigabyte.
const NOTED: usize = 16;

impl Section {
    /// Has `read` parse a table within it, empty where there is none.
    pub fn table<T>(&mut self, key: &str, read: impl FnOnce(&mut Self) -> T) -> T {
        self.table_of(ValueKind::Table, key, read)
    }

    /// As [`Self::table`], of one that comes to nothing but the default where it is not given: then it is not looked
    /// into, unless the keys are asked for that it could have.
    pub fn table_if_given<T: Default>(
        &mut self,
        key: &str,
        read: impl FnOnce(&mut Self) -> T,
    ) -> T {
        if self.has(key) || self.notes_asked {
            return self.table(key, read);
        }
        self.known.push(key.to_owned());
        T::default()
    }

    fn table_of<T>(&mut self, kind: ValueKind, key: &str, read: impl FnOnce(&mut Self) -> T) -> T {
        let given = self.ask(key, kind);
        let inner = given
            .and_then(|given| self.as_table(given))
            .unwrap_or_else(|| self.child(self.path_of(key), self.tag, Dict::new()));
        self.lend(inner, read)
    }

    /// Has `read` parse each table of a table of tables within it, by their names.
    pub fn tables<T>(
        &mut self,
        key: &str,
        mut read: impl FnMut(&str, &mut Self) -> T,
    ) -> Vec<(String, T)> {
        let given = self.ask(key, ValueKind::Tables);
        let Some(outer) = given.and_then(|given| self.as_table(given)) else {
            return Vec::new();
        };
        self.lend(outer, |outer| {
            let names: Vec<_> = outer.values.keys().cloned().collect();
            let tables = names.into_iter().filter_map(|name| {
                let given = outer.remove(&name)?; // not asked for: the names are the user's
                let inner = outer.as_table(given)?;
                let value = outer.lend(inner, |inner| read(&name, inner));
                Some((name, value))
            });
            tables.collect()
        })
    }

    /// Has `read` look at each text of a table within it whose keys are the user's own names.
    pub fn texts<T>(
        &mut self,
        key: &str,
        mut read: impl FnMut(&mut Self, Setting<String>) -> Option<T>,
    ) -> Vec<T> {
        self.each(key, |inner, given| {
            let place = given.place();
            match given.value {
                Value::String(_, text) => read(inner, place.map(|()| text)),
                value => inner.wrong(&place.map(|()| value), "a string"),
            }
        })
    }

    /// As [`Self::texts`], of secrets: no message shows one.
    pub fn secrets<T>(
        &mut self,
        key: &str,
        mut read: impl FnMut(&mut Self, Setting<Secret>) -> Option<T>,
    ) -> Vec<T> {
        self.each(key, |inner, given| {
            let place = given.place();
            match given.value {
                Value::String(_, text) => read(inner, place.map(|()| Secret::new(text))),
                _ => {
                    inner.fault_of(&place, "is no string: put it in quotes");
                    None
                }
            }
        })
    }

    /// The values of a table whose keys are the user's own names.
    fn each<T>(
        &mut self,
        key: &str,
        mut read: impl FnMut(&mut Self, Setting<Value>) -> Option<T>,
    ) -> Vec<T> {
        self.table_of(ValueKind::Texts, key, |inner| {
            let names: Vec<_> = inner.values.keys().cloned().collect();
            let values = names.into_iter().filter_map(|name| {
                let given = inner.remove(&name)?; // not asked for: the names are the user's
                read(inner, given)
            });
            values.collect()
        })
    }

    /// Has `read` parse each table of a list of tables within it.
    pub fn table_list<T>(&mut self, key: &str, read: impl FnMut(&mut Self) -> T) -> Vec<T> {
        self.table_list_in_turn(key, |_, value| value, read)
    }

    /// As [`Self::table_list`], where `value` says of each place in the list what there is in place of what was given:
    /// a table that is made only now takes no memory before.
    pub fn table_list_in_turn<T>(
        &mut self,
        key: &str,
        mut value: impl FnMut(usize, Value) -> Value,
        mut read: impl FnMut(&mut Self) -> T,
    ) -> Vec<T> {
        let Some(given) = self.ask(key, ValueKind::TableList) else {
            return Vec::new();
        };
        let Value::Array(_, items) = given.value else {
            let wanted = format!("a list of tables, each of which begins with [[{key}]]");
            self.wrong::<()>(&given, &wanted);
            return Vec::new();
        };
        let mut parsed = Vec::new();
        for (index, item) in items.into_iter().enumerate() {
            let item_key = format!("{key}[{index}]");
            match value(index, item) {
                Value::Dict(tag, values) => {
                    let mut inner = self.child(self.path_of(&item_key), tag, values);
                    inner.notes_asked &= index < NOTED;
                    parsed.push(self.lend(inner, &mut read));
                }
                Value::Empty(..) => (),
                other => {
                    let origin = self.origin_at(other.tag(), &item_key);
                    self.wrong::<()>(&Setting::new(&item_key, origin, other), "a table");
                    self.faulty.insert(key.to_owned());
                }
            }
        }
        parsed
    }

    fn as_table(&mut self, given: Setting<Value>) -> Option<Self> {
        let path = self.path_of(given.key());
        match given.value {
            Value::Dict(tag, values) => Some(self.child(path, tag, values)),
            _ => self.wrong(&given, "a table"),
        }
    }

    fn child(&self, path: String, tag: Tag, values: Dict) -> Self {
        let mut child = Self::new(path, tag, values, Origins::clone(&self.origins));
        child.notes_asked = self.notes_asked;
        child
    }

    /// Lends a table to whoever parses it, and takes over what there is to say of it.
    fn lend<T>(&mut self, mut inner: Self, read: impl FnOnce(&mut Self) -> T) -> T {
        let value = read(&mut inner);
        inner.finish();
        self.asked.append(&mut inner.asked);
        self.warnings.append(&mut inner.warnings);
        self.guesses.append(&mut inner.guesses);
        self.files.append(&mut inner.files);
        self.faults.append(&mut inner.faults);
        value
    }
}
