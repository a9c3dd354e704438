//! The objects that were listed and watched, and the clusters that they are.

use std::collections::{BTreeMap, HashMap, HashSet};

use kube::api::ObjectMeta;
use s3_exporter_api::UnixTime;

use crate::clusters::{Cluster, Clusters};

/// The objects that are there and are not being deleted: creation times by the
/// object's path, `namespace/name`.
#[derive(Debug, Default)]
pub(super) struct ObjectSet(HashMap<String, Option<UnixTime>>);

/// Names that cannot be a cluster's, which have been warned of.
pub(super) type Refused = HashSet<String>;

impl ObjectSet {
    /// An object as it is now. True where that changes the clusters: most changes of an
    /// object, such as those of its status, don't.
    pub(super) fn apply(&mut self, object: &ObjectMeta) -> bool {
        // From here on, whatever waits for its finalizers is a leftover.
        if object.deletion_timestamp.is_some() {
            return self.delete(object);
        }
        let created = object
            .creation_timestamp
            .as_ref()
            .map(|time| UnixTime::from_millis(time.0.as_millisecond()));
        self.0.insert(path(object), created) != Some(created)
    }

    /// An object that is gone. True where it was there.
    pub(super) fn delete(&mut self, object: &ObjectMeta) -> bool {
        self.0.remove(&path(object)).is_some()
    }

    /// The clusters, by the objects' names. A name in two namespaces is one cluster, as
    /// old as the older one. Names that cannot be a cluster's are left out, and warned of
    /// where they are not in `refused` yet.
    pub(super) fn clusters(&self, refused: &mut Refused) -> Clusters {
        let mut names: BTreeMap<&str, Cluster> = BTreeMap::new();
        for (path, created) in &self.0 {
            let name = path.split_once('/').map_or("", |(_, name)| name);
            let cluster = names.entry(name).or_default();
            cluster.created = cluster.created.into_iter().chain(*created).min();
        }
        let mut clusters = Clusters::new();
        for (name, cluster) in names {
            if let Err(fault) = clusters.insert(name, cluster)
                && refused.insert(name.to_owned())
            {
                tracing::warn!(
                    name,
                    reason = %fault,
                    "an object in Kubernetes is left out: its name cannot be a cluster's"
                );
            }
        }
        clusters
    }
}

/// A namespace holds no `/`, so the first one ends it; a name may hold more.
fn path(object: &ObjectMeta) -> String {
    let namespace = object.namespace.as_deref().unwrap_or_default();
    let name = object.name.as_deref().unwrap_or_default();
    format!("{namespace}/{name}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
    use k8s_openapi::jiff::Timestamp;

    fn object(namespace: Option<&str>, name: &str, created: i64) -> ObjectMeta {
        ObjectMeta {
            namespace: namespace.map(str::to_owned),
            name: Some(name.to_owned()),
            creation_timestamp: Some(Time(Timestamp::from_second(created).unwrap())),
            ..ObjectMeta::default()
        }
    }

    fn clusters(objects: &ObjectSet) -> Vec<(String, i64)> {
        let clusters = objects.clusters(&mut Refused::default());
        clusters
            .iter()
            .map(|(name, cluster)| (name.to_string(), cluster.created.unwrap().as_millis()))
            .collect()
    }

    #[test]
    fn objects_come_and_go() {
        let mut objects = ObjectSet::default();
        assert!(objects.apply(&object(None, "b", 7)));
        assert!(objects.apply(&object(None, "a", 9)));
        assert!(!objects.apply(&object(None, "a", 9)), "nothing is new");
        assert_eq!(clusters(&objects), [("a".into(), 9000), ("b".into(), 7000)]);
        // Deleted and created anew between two looks: another cluster of that name.
        assert!(objects.apply(&object(None, "a", 10)));
        assert_eq!(clusters(&objects)[0], ("a".into(), 10_000));
        assert!(objects.delete(&object(None, "b", 7)));
        assert!(!objects.delete(&object(None, "b", 7)));
        assert_eq!(clusters(&objects), [("a".into(), 10_000)]);
    }

    #[test]
    fn what_is_being_deleted_is_not_there() {
        let mut objects = ObjectSet::default();
        let mut a = object(None, "a", 1);
        objects.apply(&a);
        a.deletion_timestamp = a.creation_timestamp.clone();
        assert!(objects.apply(&a));
        assert!(!objects.apply(&a));
        assert!(clusters(&objects).is_empty());
    }

    #[test]
    fn a_name_in_two_namespaces_is_one_cluster() {
        let mut objects = ObjectSet::default();
        objects.apply(&object(Some("y"), "a", 5));
        objects.apply(&object(Some("x"), "a", 3));
        assert_eq!(clusters(&objects), [("a".into(), 3000)]);
        assert!(objects.delete(&object(Some("x"), "a", 3)));
        assert_eq!(clusters(&objects), [("a".into(), 5000)]);
    }

    #[test]
    fn names_that_no_cluster_can_have_are_left_out() {
        let mut objects = ObjectSet::default();
        for name in ["a", "b/c", "", "d:e"] {
            objects.apply(&object(None, name, 1));
        }
        let mut refused = Refused::default();
        let clusters = objects.clusters(&mut refused);
        assert!(clusters.names().map(|name| &**name).eq(["a", "d:e"]));
        assert_eq!(refused, ["".to_owned(), "b/c".to_owned()].into());
    }
}
