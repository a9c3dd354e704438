//! The objects that were listed and watched.

use std::collections::BTreeMap;

use kube::api::ObjectMeta;

/// The objects that are there and are not being deleted: what was read of each, by its path,
/// `namespace/name`.
#[derive(Debug)]
pub(super) struct ObjectSet<V>(BTreeMap<String, V>);

impl<V> Default for ObjectSet<V> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<V: PartialEq> ObjectSet<V> {
    /// An object as it is now. True where that changes what was read of it: most changes of an
    /// object, such as those of its status, don't.
    pub(super) fn apply(&mut self, object: &ObjectMeta, value: V) -> bool {
        // From here on, whatever waits for its finalizers is a leftover.
        if object.deletion_timestamp.is_some() {
            return self.delete(object);
        }
        let path = path(object);
        if self.0.get(&path) == Some(&value) {
            return false;
        }
        self.0.insert(path, value);
        true
    }

    /// An object that is gone. True where it was there.
    pub(super) fn delete(&mut self, object: &ObjectMeta) -> bool {
        self.0.remove(&path(object)).is_some()
    }

    /// What was read of each, by its path, in the order of these.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &V)> {
        self.0.iter().map(|(path, value)| (&**path, value))
    }
}

/// A namespace holds no `/`, so the first one ends it; a name may hold more.
fn path(object: &ObjectMeta) -> String {
    let namespace = object.namespace.as_deref().unwrap_or_default();
    let name = object.name.as_deref().unwrap_or_default();
    format!("{namespace}/{name}")
}
