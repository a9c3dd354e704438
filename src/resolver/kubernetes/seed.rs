//! Kubermatic's `Seed` objects: the destinations of its etcd backups, with their Secrets.
//!
//! The types are `Seed`, `EtcdBackupRestore` and `BackupDestination` of
//! `sdk/apis/kubermatic/v1/datacenter.go` in kubermatic/kubermatic. Seeds are watched; a Secret is
//! read with each look whether the API server is there, since the right to get it is enough then.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use async_trait::async_trait;
use k8s_openapi::api::core::v1::Secret as SecretObject;
use kube::core::DynamicObject;
use kube::{Api, Client};
use s3_exporter_config::{Misplaced, Secret, Section, without_line_end};
use serde::Deserialize;
use serde_json::Value;
use tokio::time::timeout;

use super::failure::describe;
use super::objects::ObjectSet;
use super::session::Reader;
use super::{KubernetesResolver, follow};
use crate::discovery::seed::{self, SeedDestination};
use crate::discovery::{DESTINATIONS, Discovered};
use crate::resolver::{Publisher, Resolver};
use crate::schedules;

const API_VERSION: &str = "kubermatic.k8c.io/v1";
/// How long reading a Secret may take.
const REQUEST: Duration = Duration::from_secs(4);
const ACCESS_KEY_ID: &str = "ACCESS_KEY_ID";
const SECRET_ACCESS_KEY: &str = "SECRET_ACCESS_KEY";

/// Follows the destinations of the Seeds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeedResolver {
    /// Which Seeds.
    pub objects: KubernetesResolver,
}

/// The keys of `[kubermatic_seed]` that are Kubernetes' business: who tells of the clusters, of the
/// schedules and of the destinations, by their names among the resolvers.
pub fn parse(section: &mut Section) -> Vec<(String, Box<dyn Resolver>)> {
    let seed = section.name("seed");
    let of = |kind: &str| KubernetesResolver {
        kubeconfig: None,
        context: None,
        api_version: API_VERSION.to_owned(),
        kind: kind.to_owned(),
        label_selector: None,
        field_selector: None,
        namespace: None,
    };
    let (kubeconfig, context) = (section.file("kubeconfig"), section.name("context"));
    let namespace = section.name("namespace");
    let access = |objects: KubernetesResolver| KubernetesResolver {
        kubeconfig: kubeconfig.clone(),
        context: context.clone(),
        ..objects
    };
    let seeds = KubernetesResolver {
        namespace,
        field_selector: seed.map(|name| format!("metadata.name={name}")),
        ..access(of("Seed"))
    };
    let schedules = super::schedules::KubernetesSchedules {
        objects: access(of("EtcdBackupConfig")),
        tool: super::schedules::Tool::Kubermatic,
        zone: s3_exporter_judge::expectation::Zone::UTC,
        destination: None,
    };
    let name = seed::NAME;
    vec![
        (name.to_owned(), Box::new(access(of("Cluster")))),
        (format!("{}{name}", schedules::PREFIX), Box::new(schedules)),
        (
            format!("{DESTINATIONS}{name}"),
            Box::new(SeedResolver { objects: seeds }),
        ),
    ]
}

#[async_trait]
impl Resolver for SeedResolver {
    fn describe(&self) -> String {
        format!("the destinations of {}", self.objects.describe())
    }

    async fn run(&self, publisher: &Publisher) {
        follow(&self.objects, publisher, SeedReader::default()).await;
    }
}

/// What of a Seed matters.
#[derive(Clone, Debug, PartialEq)]
struct Seed {
    default: Option<String>,
    /// By name; `Err` says why one is of no use.
    destinations: BTreeMap<String, Result<Place, String>>,
}

/// Where a destination is, and its credentials.
#[derive(Clone, Debug, PartialEq)]
struct Place {
    endpoint: String,
    bucket: String,
    /// Namespace and name of the Secret.
    secret: (String, String),
}

/// As the API has it. Each destination is read by itself: a bad one is to harm no other.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct EtcdBackupRestore {
    #[serde(default)]
    destinations: BTreeMap<String, Value>,
    default_destination: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BackupDestination {
    #[serde(default)]
    endpoint: String,
    #[serde(default)]
    bucket_name: String,
    credentials: Option<SecretReference>,
}

#[derive(Deserialize)]
struct SecretReference {
    #[serde(default)]
    name: String,
    #[serde(default)]
    namespace: String,
}

/// Tells the destinations.
#[derive(Default)]
struct SeedReader {
    /// The paths of the Seeds that were told.
    told: HashSet<String>,
    /// The latest good credentials by Secret: they hold while it cannot be read.
    known: BTreeMap<(String, String), Credentials>,
}

#[derive(Clone)]
struct Credentials {
    access_key_id: Secret,
    secret_access_key: Secret,
}

#[async_trait]
impl Reader for SeedReader {
    type Object = DynamicObject;
    type Value = Seed;

    fn read(&self, object: &DynamicObject) -> Seed {
        let namespace = object.metadata.namespace.as_deref().unwrap_or_default();
        read(&object.data, namespace)
    }

    fn lacks(&self, objects: &ObjectSet<Seed>, _: &Publisher) -> bool {
        let there: HashSet<_> = objects.iter().map(|(path, _)| path).collect();
        self.told.iter().any(|path| !there.contains(&**path))
    }

    async fn tell(&mut self, objects: &ObjectSet<Seed>, client: &Client, publisher: &Publisher) {
        let (mut found, mut faults) = (BTreeMap::new(), Vec::new());
        for (path, seed) in objects.iter() {
            let path = path.trim_start_matches('/');
            for (name, place) in &seed.destinations {
                let mut fault = |reason: &str| {
                    faults.push(format!(
                        "the destination {name:?} of the Seed {path}: {reason}"
                    ));
                };
                let place = match place {
                    Ok(_) if found.contains_key(name) => {
                        fault("another Seed has one of this name, which is taken");
                        continue;
                    }
                    Ok(place) => place,
                    Err(reason) => {
                        fault(reason);
                        continue;
                    }
                };
                if let Err(reason) = self.look(&place.secret, client).await {
                    fault(&reason);
                }
                if let Some(credentials) = self.known.get(&place.secret) {
                    let is_default = seed.default.as_ref() == Some(name);
                    found.insert(name.clone(), place.with(name, is_default, credentials));
                }
            }
        }
        self.told = objects.iter().map(|(path, _)| path.to_owned()).collect();
        if objects.iter().next().is_none() {
            faults.push("there is no Seed object".to_owned());
        }
        let fault = (!faults.is_empty()).then(|| faults.join("; "));
        let found = Discovered::Seeds(found.into_values().collect());
        publisher.deliver_discovered(found, fault);
    }

    async fn confirm(&mut self, objects: &ObjectSet<Seed>, client: &Client, publisher: &Publisher) {
        self.tell(objects, client, publisher).await;
    }
}

impl SeedReader {
    /// Reads a Secret.
    async fn look(&mut self, secret: &(String, String), client: &Client) -> Result<(), String> {
        let (namespace, name) = secret;
        let api: Api<SecretObject> = Api::namespaced(client.clone(), namespace);
        let object = match timeout(REQUEST, api.get(name)).await {
            Ok(Ok(object)) => object,
            Ok(Err(kube::Error::Api(status))) if status.code == 403 => {
                return Err(format!(
                    "access denied (403) to the Secret {namespace}/{name}; allow get on it"
                ));
            }
            Ok(Err(kube::Error::Api(status))) if status.code == 404 => {
                return Err(format!("there is no Secret {namespace}/{name}"));
            }
            Ok(Err(error)) => {
                let reason = describe(&error);
                return Err(format!("reading the Secret {namespace}/{name}: {reason}"));
            }
            Err(_) => {
                let seconds = REQUEST.as_secs();
                return Err(format!(
                    "reading the Secret {namespace}/{name}: no answer within {seconds} s"
                ));
            }
        };
        let of = |key: &str| {
            credential(&object, key)
                .map_err(|reason| format!("the Secret {namespace}/{name}: {key} {reason}"))
        };
        let credentials = Credentials {
            access_key_id: of(ACCESS_KEY_ID)?,
            secret_access_key: of(SECRET_ACCESS_KEY)?,
        };
        self.known.insert(secret.clone(), credentials);
        Ok(())
    }
}

/// A value of a Secret; the reason says nothing of what it holds.
fn credential(object: &SecretObject, key: &str) -> Result<Secret, String> {
    let value = object.data.as_ref().and_then(|data| data.get(key));
    let value = value.ok_or("is missing")?;
    let text = std::str::from_utf8(&value.0).map_err(|_| "is not UTF-8")?;
    let text = without_line_end(text);
    match Misplaced::find_in_header(text) {
        _ if text.is_empty() => Err("is empty".to_owned()),
        Some(misplaced) => Err(format!("holds {misplaced}")),
        None => Ok(Secret::new(text)),
    }
}

impl Place {
    fn with(&self, name: &str, is_default: bool, credentials: &Credentials) -> SeedDestination {
        SeedDestination {
            name: name.to_owned(),
            endpoint: self.endpoint.clone(),
            bucket: self.bucket.clone(),
            is_default,
            access_key_id: credentials.access_key_id.clone(),
            secret_access_key: credentials.secret_access_key.clone(),
        }
    }
}

/// A Seed in this namespace, where Secrets are too that name none.
fn read(object: &Value, namespace: &str) -> Seed {
    let restore = object
        .get("spec")
        .and_then(|spec| spec.get("etcdBackupRestore"));
    let restore = restore.and_then(|restore| EtcdBackupRestore::deserialize(restore).ok());
    let Some(restore) = restore else {
        return Seed {
            default: None,
            destinations: BTreeMap::new(),
        };
    };
    let destinations = restore.destinations.into_iter().map(|(name, value)| {
        let place = place(&value, namespace);
        (name, place)
    });
    Seed {
        default: restore.default_destination.filter(|name| !name.is_empty()),
        destinations: destinations.collect(),
    }
}

fn place(value: &Value, namespace: &str) -> Result<Place, String> {
    let read = BackupDestination::deserialize(value).map_err(|error| error.to_string())?;
    let credentials = read.credentials.ok_or("it has no credentials")?;
    for (field, text) in [
        ("endpoint", &read.endpoint),
        ("bucketName", &read.bucket_name),
        ("credentials.name", &credentials.name),
    ] {
        if text.is_empty() {
            return Err(format!("its {field} is empty"));
        }
    }
    let namespace = match credentials.namespace.is_empty() {
        true => namespace.to_owned(),
        false => credentials.namespace,
    };
    Ok(Place {
        endpoint: read.endpoint,
        bucket: read.bucket_name,
        secret: (namespace, credentials.name),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_seed_is_read_destination_by_destination() {
        let seed = json!({"spec": {"country": "DE", "etcdBackupRestore": {
            "defaultDestination": "minio",
            "destinations": {
                "minio": {"endpoint": "https://minio:9000", "bucketName": "etcd",
                    "credentials": {"name": "s3", "namespace": "kube-system"}},
                "own": {"endpoint": "minio:9000", "bucketName": "b", "credentials": {"name": "s3"}},
                "bare": {"endpoint": "https://minio:9000", "bucketName": "etcd"},
                "empty": {"endpoint": "", "bucketName": "etcd", "credentials": {"name": "s3"}},
                "odd": "text",
            },
        }}});
        let seed = read(&seed, "kubermatic");
        assert_eq!(seed.default.as_deref(), Some("minio"));
        let secret = |name: &str| seed.destinations[name].as_ref().unwrap().secret.clone();
        assert_eq!(secret("minio"), ("kube-system".to_owned(), "s3".to_owned()));
        assert_eq!(secret("own"), ("kubermatic".to_owned(), "s3".to_owned()));
        let fault = |name: &str| seed.destinations[name].clone().unwrap_err();
        assert_eq!(fault("bare"), "it has no credentials");
        assert_eq!(fault("empty"), "its endpoint is empty");
        assert!(fault("odd").contains("invalid type"), "{}", fault("odd"));
        assert!(read(&json!({"spec": {}}), "x").destinations.is_empty());
    }

    #[test]
    fn a_credential_is_told_without_its_value() {
        let of = |value: &str| {
            let object = json!({"data": {"K": value}});
            credential(&serde_json::from_value(object).unwrap(), "K")
        };
        assert_eq!(of("aHVudGVyMg==").unwrap().expose(), "hunter2");
        assert_eq!(
            of("aHVudGVyMgo=").unwrap().expose(),
            "hunter2",
            "a line end"
        );
        assert_eq!(of("").unwrap_err(), "is empty");
        assert_eq!(of("/w==").unwrap_err(), "is not UTF-8");
        let fault = of("aHVudGVyMiBodW50ZXIy").unwrap_err();
        assert!(!fault.contains("hunter"), "{fault}");
    }
}
