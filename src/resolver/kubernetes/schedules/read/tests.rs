use serde_json::json;

use super::*;
use crate::resolver::kubernetes::KubernetesResolver;

fn source(tool: Tool) -> KubernetesSchedules {
    KubernetesSchedules {
        objects: KubernetesResolver {
            kubeconfig: None,
            context: None,
            api_version: "v1".to_owned(),
            kind: "Any".to_owned(),
            label_selector: None,
            field_selector: None,
            namespace: None,
        },
        tool,
        zone: Zone::UTC,
        destination: None,
    }
}

fn read_by(source: &KubernetesSchedules, data: Value) -> Result<Option<Schedule>, String> {
    let mut object = json!({
        "apiVersion": "v1", "kind": "Any",
        "metadata": {
            "name": "nightly", "namespace": "cluster-c1", "creationTimestamp": "2026-01-02T03:04:05Z",
        },
    });
    object
        .as_object_mut()
        .unwrap()
        .extend(data.as_object().unwrap().clone());
    read(source, &serde_json::from_value(object).unwrap())
}

fn read_of(tool: Tool, data: Value) -> Result<Option<Schedule>, String> {
    read_by(&source(tool), data)
}

fn cron(schedule: &str) -> Option<Rhythm> {
    Some(Rhythm::parse(schedule, &Zone::UTC).unwrap())
}

#[test]
fn kubermatic_names_its_keys_after_cluster_and_object() {
    let spec = |more: Value| {
        let mut spec = json!({
            "name": "what-no-key-holds", "cluster": {"name": "c1"},
            "schedule": "@every 20m", "destination": "minio",
        });
        spec.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        json!({"spec": spec})
    };
    let of = |more: Value| read_of(Tool::Kubermatic, spec(more)).unwrap();
    let read = of(json!({})).unwrap();
    let cluster = "c1".to_owned();
    let job = "nightly".to_owned();
    assert_eq!(read.jobs, Jobs::OfCluster { cluster, job });
    assert_eq!(read.place, Place::Destination("minio".to_owned()));
    assert_eq!(
        read.stated.rhythm,
        Some(Rhythm::Every(Duration::from_secs(1200)))
    );
    let created: jiff::Timestamp = "2026-01-02T03:04:05Z".parse().unwrap();
    assert_eq!(
        read.stated.since.unwrap().as_millis(),
        created.as_millisecond()
    );
    for (keep, kept) in [
        (json!(null), 20),
        (json!(7), 7),
        (json!(0), 1),
        (json!(99), 50),
    ] {
        assert_eq!(of(json!({"keep": keep})).unwrap().stated.keep, Some(kept));
    }
    assert_eq!(
        of(json!({"destination": ""})).unwrap().place,
        Place::Default
    );
    // One without a schedule is made once.
    assert_eq!(of(json!({"schedule": null})), None);
    assert_eq!(of(json!({"schedule": ""})), None);
    let fault = |more: Value| read_of(Tool::Kubermatic, spec(more)).unwrap_err();
    assert_eq!(fault(json!({"cluster": {}})), "it names no cluster");
    assert!(fault(json!({"schedule": "0 3 * *"})).contains("0 3 * *"));
    assert_eq!(
        fault(json!({"keep": "many"})),
        "spec.keep is \"many\": expected a whole number"
    );
}

#[test]
fn a_source_may_be_of_one_destination() {
    let spec = json!({"spec": {
        "cluster": {"name": "c1"}, "schedule": "@daily", "destination": "minio",
    }});
    let of = |name: &str| KubernetesSchedules {
        destination: Some(name.to_owned()),
        ..source(Tool::Kubermatic)
    };
    let read = read_by(&of("minio"), spec.clone()).unwrap().unwrap();
    assert_eq!(read.place, Place::Default);
    assert_eq!(read_by(&of("other"), spec), Ok(None));

    let velero = |location: Value, name: Option<&str>| {
        let source = KubernetesSchedules {
            destination: name.map(str::to_owned),
            ..source(Tool::Velero)
        };
        let spec =
            json!({"spec": {"schedule": "@daily", "template": {"storageLocation": location}}});
        read_by(&source, spec).unwrap().map(|read| read.place)
    };
    assert_eq!(velero(json!("offsite"), None), Some(Place::Default));
    assert_eq!(
        velero(json!("offsite"), Some("offsite")),
        Some(Place::Default)
    );
    assert_eq!(velero(json!(null), Some("offsite")), None);
    assert_eq!(velero(json!(null), Some("default")), Some(Place::Default));
}

#[test]
fn velero_may_be_paused() {
    let of = |paused: Value| {
        let spec = json!({"spec": {"schedule": "30 2 * * 1-5", "paused": paused, "template": {}}});
        read_of(Tool::Velero, spec).unwrap().unwrap()
    };
    let read = of(json!(true));
    assert_eq!(read.jobs, Jobs::Named("nightly".to_owned()));
    assert_eq!(read.stated.rhythm, cron("30 2 * * 1-5"));
    assert!(read.stated.is_paused && !of(json!(null)).stated.is_paused);
}

#[test]
fn cnpg_begins_with_the_seconds() {
    let of = |schedule: &str| {
        let spec = json!({"spec": {
            "schedule": schedule, "suspend": true, "cluster": {"name": "db1"},
            "method": "barmanObjectStore",
        }});
        read_of(Tool::Cnpg, spec).unwrap().unwrap()
    };
    let read = of("0 30 3 * * 0");
    assert_eq!(read.jobs, Jobs::Cluster("db1".to_owned()));
    assert!(read.stated.is_paused);
    for (written, meant) in [
        ("0 30 3 * * 0", "30 3 * * 0"),
        // Five fields have seconds too: this one runs each hour.
        ("0 0 * * *", "0 * * * *"),
        ("@daily", "@daily"),
        ("@every 6h", "@every 6h"),
        ("TZ=Europe/Berlin 0 0 4 * * *", "TZ=Europe/Berlin 0 4 * * *"),
    ] {
        assert_eq!(of(written).stated.rhythm, cron(meant), "{written}");
    }
    let snapshots = json!({"spec": {
        "schedule": "0 0 0 * * *", "cluster": {"name": "db1"}, "method": "volumeSnapshot",
    }});
    assert_eq!(read_of(Tool::Cnpg, snapshots), Ok(None));
}

#[test]
fn k8up_says_in_its_status_what_it_has_chosen() {
    let of = |object: Value| read_of(Tool::K8up, object).unwrap();
    let read = of(json!({
        "spec": {"backup": {"schedule": "@daily-random"}, "prune": {"schedule": "@weekly"},
            "backend": {"s3": {"bucket": "k8up/web"}, "repoPasswordSecretRef": {"name": "x"}}},
        "status": {"effectiveSchedules": [
            {"jobType": "prune", "generatedSchedule": "1 1 * * 0"},
            {"jobType": "backup", "generatedSchedule": "52 13 * * *"},
        ]},
    }))
    .unwrap();
    assert_eq!(read.jobs, Jobs::Under(Some("web".to_owned())));
    assert_eq!(read.place, Place::Bucket("k8up".to_owned()));
    assert_eq!(read.stated.rhythm, cron("52 13 * * *"));

    let plain = of(json!({"spec": {"backup": {"schedule": "@daily-random"}}})).unwrap();
    assert_eq!(plain.stated.rhythm, Some(Rhythm::Every(DAY)));
    assert_eq!(
        (plain.jobs, plain.place),
        (Jobs::Under(None), Place::Default)
    );
    let own = of(json!({"spec": {
        "backup": {"schedule": "@daily", "backend": {"s3": {"bucket": "own"}}},
        "backend": {"s3": {"bucket": "k8up"}},
    }}));
    assert_eq!(own.unwrap().place, Place::Bucket("own".to_owned()));
    assert_eq!(of(json!({"spec": {"prune": {"schedule": "@daily"}}})), None);
    let local = json!({"spec": {"backup": {"schedule": "@daily"}, "backend": {"local": {}}}});
    assert_eq!(of(local), None);
}

#[test]
fn any_kind_is_read_by_its_fields() {
    let field = |text: &str| Field::parse(text).unwrap();
    let fields = Fields {
        schedule: field("spec.schedule"),
        cluster: Some(field("metadata.namespace")),
        job: Some(field(r"metadata.annotations.backup\.example/job")),
        timezone: Some(field("spec.timeZone")),
        keep: Some(field("spec.keep")),
        paused: Some(field("spec.suspend")),
        destination: Some(field("spec.to")),
    };
    let of =
        |fields: &Fields, object: Value| read_of(Tool::Custom(Box::new(fields.clone())), object);
    let spec = json!({"schedule": "0 3 * * *", "timeZone": "Europe/Berlin", "suspend": "true",
        "keep": "3", "to": "etcd"});
    let read = of(
        &fields,
        json!({
            "spec": spec,
            "metadata": {"name": "n", "namespace": "c1", "annotations": {"backup.example/job": "j"}},
        }),
    );
    let read = read.unwrap().unwrap();
    let (cluster, job) = ("c1".to_owned(), "j".to_owned());
    assert_eq!(read.jobs, Jobs::OfCluster { cluster, job });
    assert_eq!(
        read.stated.rhythm,
        cron("TZ=Europe/Berlin 0 3 * * *").map(|_| {
            Rhythm::parse("0 3 * * *", &Zone::named("Europe/Berlin").unwrap()).unwrap()
        })
    );
    assert_eq!((read.stated.keep, read.stated.is_paused), (Some(3), true));
    assert_eq!(read.place, Place::Destination("etcd".to_owned()));

    let without = of(&fields, json!({"spec": {}})).unwrap();
    assert_eq!(without, None);
    let all = of(&fields, json!({"spec": {"schedule": "@daily"}}))
        .unwrap()
        .unwrap();
    assert_eq!(all.jobs, Jobs::Cluster("cluster-c1".to_owned()));
    let plain = Fields {
        cluster: None,
        job: None,
        ..fields.clone()
    };
    let named = of(&plain, json!({"spec": {"schedule": "@daily"}}))
        .unwrap()
        .unwrap();
    assert_eq!(named.jobs, Jobs::Named("nightly".to_owned()));
    let fault = of(
        &plain,
        json!({"spec": {"schedule": "@daily", "timeZone": "Mars"}}),
    );
    assert!(fault.unwrap_err().contains("Mars"));
    let fault = of(&plain, json!({"spec": {"schedule": {"a": 1}}})).unwrap_err();
    assert!(fault.contains("expected a text"), "{fault}");
}
