//! The clusters that objects are, by their names.

use std::collections::{BTreeMap, HashSet};

use async_trait::async_trait;
use kube::Client;
use kube::api::ObjectMeta;
use kube::core::{DynamicObject, PartialObjectMeta};
use s3_exporter_api::UnixTime;

use super::objects::ObjectSet;
use super::session::Reader;
use crate::clusters::{Cluster, Clusters};
use crate::resolver::Publisher;

/// Tells the clusters. It reads their metadata alone, so that nothing of a Secret's or a
/// ConfigMap's content comes here.
#[derive(Debug, Default)]
pub(super) struct NameReader {
    /// Names that cannot be a cluster's, which have been warned of.
    refused: HashSet<String>,
}

#[async_trait]
impl Reader for NameReader {
    type Object = PartialObjectMeta<DynamicObject>;
    /// When it was created.
    type Value = Option<UnixTime>;

    fn read(&self, object: &Self::Object) -> Self::Value {
        created(&object.metadata)
    }

    fn lacks(&self, objects: &ObjectSet<Self::Value>, publisher: &Publisher) -> bool {
        let clusters = clusters(objects, &mut self.refused.clone());
        let known = publisher.delivered().unwrap_or_default();
        known.names().any(|name| !clusters.contains(name))
    }

    async fn tell(&mut self, objects: &ObjectSet<Self::Value>, _: &Client, publisher: &Publisher) {
        publisher.deliver(clusters(objects, &mut self.refused));
    }
}

/// When an object was created.
pub(super) fn created(object: &ObjectMeta) -> Option<UnixTime> {
    let time = object.creation_timestamp.as_ref()?;
    Some(UnixTime::from_millis(time.0.as_millisecond()))
}

/// The clusters, by the objects' names. A name in two namespaces is one cluster, as
/// old as the older one. Names that cannot be a cluster's are left out, and warned of
/// where they are not in `refused` yet.
fn clusters(objects: &ObjectSet<Option<UnixTime>>, refused: &mut HashSet<String>) -> Clusters {
    let mut names: BTreeMap<&str, Cluster> = BTreeMap::new();
    for (path, created) in objects.iter() {
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

    type Objects = ObjectSet<Option<UnixTime>>;

    fn apply(objects: &mut Objects, object: &ObjectMeta) -> bool {
        objects.apply(object, created(object))
    }

    fn clusters(objects: &Objects) -> Vec<(String, i64)> {
        let clusters = super::clusters(objects, &mut HashSet::new());
        clusters
            .iter()
            .map(|(name, cluster)| (name.to_string(), cluster.created.unwrap().as_millis()))
            .collect()
    }

    #[test]
    fn objects_come_and_go() {
        let mut objects = Objects::default();
        assert!(apply(&mut objects, &object(None, "b", 7)));
        assert!(apply(&mut objects, &object(None, "a", 9)));
        assert!(
            !apply(&mut objects, &object(None, "a", 9)),
            "nothing is new"
        );
        assert_eq!(clusters(&objects), [("a".into(), 9000), ("b".into(), 7000)]);
        // Deleted and created anew between two looks: another cluster of that name.
        assert!(apply(&mut objects, &object(None, "a", 10)));
        assert_eq!(clusters(&objects)[0], ("a".into(), 10_000));
        assert!(objects.delete(&object(None, "b", 7)));
        assert!(!objects.delete(&object(None, "b", 7)));
        assert_eq!(clusters(&objects), [("a".into(), 10_000)]);
    }

    #[test]
    fn what_is_being_deleted_is_not_there() {
        let mut objects = Objects::default();
        let mut a = object(None, "a", 1);
        apply(&mut objects, &a);
        a.deletion_timestamp = a.creation_timestamp.clone();
        assert!(apply(&mut objects, &a));
        assert!(!apply(&mut objects, &a));
        assert!(clusters(&objects).is_empty());
    }

    #[test]
    fn a_name_in_two_namespaces_is_one_cluster() {
        let mut objects = Objects::default();
        apply(&mut objects, &object(Some("y"), "a", 5));
        apply(&mut objects, &object(Some("x"), "a", 3));
        assert_eq!(clusters(&objects), [("a".into(), 3000)]);
        assert!(objects.delete(&object(Some("x"), "a", 3)));
        assert_eq!(clusters(&objects), [("a".into(), 5000)]);
    }

    #[test]
    fn names_that_no_cluster_can_have_are_left_out() {
        let mut objects = Objects::default();
        for name in ["a", "b/c", "", "d:e"] {
            apply(&mut objects, &object(None, name, 1));
        }
        let mut refused = HashSet::new();
        let clusters = super::clusters(&objects, &mut refused);
        assert!(clusters.names().map(|name| &**name).eq(["a", "d:e"]));
        assert_eq!(refused, ["".to_owned(), "b/c".to_owned()].into());
    }
}
