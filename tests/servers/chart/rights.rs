//! The roles hold what the resolvers and schedules of the configuration ask for, and no more.

use std::collections::BTreeSet;

use serde_json::Value;

use super::helm::{Object, render};
use super::table::{ALL_SOURCES, MINIO, SEEDS};

/// Each right: the namespace (`*` for all), the resource, whether it is to be got alone or watched too, and
/// the names if there are any.
fn rights(objects: &[Object]) -> BTreeSet<String> {
    let mut rights = BTreeSet::new();
    let roles = objects
        .iter()
        .filter(|object| matches!(object.kind(), "Role" | "ClusterRole"));
    for role in roles {
        for rule in role.value["rules"].as_array().unwrap() {
            let list = |field: &str| -> Vec<String> {
                let all = rule[field].as_array().cloned().unwrap_or_default();
                all.iter()
                    .map(|one| one.as_str().unwrap().to_owned())
                    .collect()
            };
            for (group, resource) in list("apiGroups").iter().flat_map(|group| {
                list("resources")
                    .into_iter()
                    .map(move |resource| (group.clone(), resource))
            }) {
                let place = role.namespace().unwrap_or("*");
                let names = list("resourceNames").join(",");
                let verbs = list("verbs").join(",");
                rights.insert(
                    format!("{place} {resource}.{group} {verbs} {names}")
                        .trim_end()
                        .to_owned(),
                );
            }
        }
    }
    rights
}

fn expect(yaml: &str, wanted: &[&str]) {
    let wanted: BTreeSet<_> = wanted.iter().map(ToString::to_string).collect();
    assert_eq!(rights(&render("monitoring", yaml)), wanted, "{yaml}");
}

#[test]
fn nothing_is_granted_where_nothing_is_asked() {
    expect(MINIO, &[]);
    expect(&format!("{ALL_SOURCES}rbac: {{create: false}}\n"), &[]);
}

#[test]
fn each_source_has_its_own() {
    expect(
        ALL_SOURCES,
        &[
            "* clusters.kubermatic.k8c.io get,list,watch",
            "* etcdbackupconfigs.kubermatic.k8c.io get,list,watch",
            "* namespaces. get,list,watch",
            "* scheduledbackups.postgresql.cnpg.io get,list,watch",
            "* schedules.k8up.io get,list,watch",
            "dumps cronjobs.batch get,list,watch",
            "velero schedules.velero.io get,list,watch",
        ],
    );
}

#[test]
fn seeds_need_their_secrets() {
    expect(
        SEEDS,
        &[
            "* clusters.kubermatic.k8c.io get,list,watch",
            "* etcdbackupconfigs.kubermatic.k8c.io get,list,watch",
            "kube-system secrets. get backup-s3",
            "kubermatic seeds.kubermatic.k8c.io get,list,watch",
        ],
    );
    // Those of another cluster are read with its kubeconfig.
    let elsewhere = "config: {toml: \"destinations_from = 'kubermatic-seed'\\n[kubermatic_seed]\\nkubeconfig = 'seed'\"}\n";
    expect(elsewhere, &[]);
}

#[test]
fn what_the_chart_cannot_know_is_said() {
    let more = "config: {existing: mine}\nrbac: {resources: [{group: velero.io, resource: schedules, namespace: velero}, {resource: namespaces}]}\n";
    expect(
        more,
        &[
            "* namespaces. get,list,watch",
            "velero schedules.velero.io get,list,watch",
        ],
    );
    let kind = |more: &str| {
        format!(
            "config:\n  toml: |\n    [resolvers.r]\n    type = \"kubernetes\"\n    api_version = \"net.example/v1\"\n    kind = \"Proxy\"\n    [[destinations]]\n    bucket = \"a\"\n    resolver = \"r\"\n{more}"
        )
    };
    expect(&kind(""), &["* proxies.net.example get,list,watch"]);
    let odd = kind("rbac: {plurals: {Proxy: proxyset}}\n");
    expect(&odd, &["* proxyset.net.example get,list,watch"]);
}

/// Each role is bound to the account of the pods.
#[test]
fn roles_are_bound_to_the_account() {
    for yaml in [ALL_SOURCES, SEEDS] {
        let objects = render(
            "monitoring",
            &format!("{yaml}serviceAccount: {{name: reader}}\n"),
        );
        let of = |kind: &str| -> Vec<&Value> {
            let own = objects.iter().filter(|object| object.kind() == kind);
            own.map(|object| &object.value).collect()
        };
        for (role, binding) in [
            ("Role", "RoleBinding"),
            ("ClusterRole", "ClusterRoleBinding"),
        ] {
            let (roles, bindings) = (of(role), of(binding));
            assert_eq!(roles.len(), bindings.len());
            for (role, binding) in roles.iter().zip(bindings) {
                assert_eq!(binding["roleRef"]["name"], role["metadata"]["name"]);
                assert_eq!(
                    binding["metadata"]["namespace"],
                    role["metadata"]["namespace"]
                );
                let subject = &binding["subjects"][0];
                assert_eq!(
                    (&subject["name"], &subject["namespace"]),
                    (&"reader".into(), &"monitoring".into())
                );
            }
        }
    }
}
