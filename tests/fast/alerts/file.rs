//! The shipped file, and what a configuration makes of it.

use std::path::Path;

use s3_exporter::rules::{Format, Settings, groups, render};
use serde_json::{Value, json};

use crate::alerts::run::{Scenario, play};
use crate::alerts::timeline::Shown;
use crate::alerts::world::{World, finding, job};
use crate::common::command::{GOOD, Program};
use crate::exposition::promtool::check_rules;
use s3_exporter_judge::findings::{FindingKind, Severity};

const SHIPPED: &str = "deploy/prometheus/rules.yaml";
/// All that it is made of is by default: where destinations come from, it has to be said.
const DEFAULT: &str = "destinations_from = \"kubermatic-seed\"\n";

fn shipped() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(SHIPPED)
}

fn printed(config: &str, arguments: &[&str]) -> String {
    let arguments = [&["rules"], arguments].concat();
    let output = Program::new(&arguments).file("config.toml", config).run();
    assert_eq!(output.code, Some(0), "{output:?}");
    output.stdout
}

fn read(yaml: &str) -> Value {
    serde_saphyr::from_str(yaml).unwrap()
}

/// The file in the tree is what the command prints. `UPDATE_GOLDEN=1` writes it anew.
#[test]
fn the_shipped_file_is_what_the_command_prints() {
    let rules = render(&Settings::default(), Format::Prometheus).unwrap();
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(shipped(), &rules).unwrap();
    }
    let kept = std::fs::read_to_string(shipped()).unwrap_or_default();
    let differs = kept.lines().zip(rules.lines()).find(|(a, b)| a != b);
    assert!(
        kept == rules,
        "{SHIPPED} differs, first in {differs:?}; look at it, and set UPDATE_GOLDEN=1 to accept it"
    );
    #[cfg(feature = "kubernetes")]
    assert_eq!(printed(DEFAULT, &[]), rules);
    check_rules(&shipped()).unwrap();
}

/// Nothing is lost on the way to YAML: Prometheus reads what the table says.
#[test]
fn the_file_says_what_the_table_says() {
    let rules = read(&render(&Settings::default(), Format::Prometheus).unwrap());
    for (group, written) in groups(&Settings::default())
        .iter()
        .zip(rules["groups"].as_array().unwrap())
    {
        assert_eq!(written["name"], group.name);
        for (alert, rule) in group
            .alerts
            .iter()
            .zip(written["rules"].as_array().unwrap())
        {
            assert_eq!(rule["alert"], alert.name.as_str());
            assert_eq!(rule["expr"], alert.expression.as_str());
            assert_eq!(rule["annotations"]["summary"], alert.summary.as_str());
            assert_eq!(
                rule["annotations"]["description"],
                alert.description.as_str()
            );
        }
    }
}

/// The same in the object of the operator.
#[test]
fn the_operator_gets_the_same_rules() {
    let object = read(&printed(GOOD, &["--format", "operator"]));
    assert_eq!(object["apiVersion"], "monitoring.coreos.com/v1");
    assert_eq!(object["kind"], "PrometheusRule");
    let groups = read(&printed(GOOD, &["--format=prometheus"]))["groups"].clone();
    assert_eq!(object["spec"]["groups"], groups);
    let output = Program::new(&["rules", "--format", "json"])
        .file("config.toml", GOOD)
        .run();
    assert_eq!(output.code, Some(2), "{output:?}");
    assert!(
        output.stderr[0].contains("expected prometheus or operator"),
        "{output:?}"
    );
}

/// Prometheus takes an empty file, as `>` leaves it, for no alerts at all.
#[test]
fn a_file_is_replaced_by_good_rules_alone() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rules.yml");
    std::fs::write(&file, "").unwrap();
    check_rules(&file).unwrap();

    let path = file.to_str().unwrap();
    assert_eq!(printed(GOOD, &["--output", path]), "");
    let rules = std::fs::read_to_string(&file).unwrap();
    assert_eq!(rules, printed(GOOD, &["--output="]));
    check_rules(&file).unwrap();

    let wrong = Program::new(&["rules", "--output", path]);
    let output = wrong.file("config.toml", "[backends.s]").run();
    assert_eq!(output.code, Some(2), "{output:?}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), rules);

    let nowhere = Program::new(&["rules", "--output", "nowhere/rules.yml"]);
    let output = nowhere.file("config.toml", GOOD).run();
    assert_eq!(output.code, Some(1), "{output:?}");
    let reason = output.stderr.last().unwrap();
    let said = "error: writing nowhere/rules.yml: No such file or directory";
    assert!(reason.starts_with(said), "{reason}");
}

const CONFIG: &str = r#"[metrics]
cluster_label = "backup_cluster"
job_label = "backup_job"
[backends.s]
type = "minio"
endpoint = "https://minio.example:9000"
access_key_id = "id-hunter-1"
secret_access_key = "key-hunter-2"
[[destinations]]
bucket = "etcd"
interval = "1h"
timeout = "2h"
labels = { team = "platform", pager = "yes" }
[[destinations]]
bucket = "dumps"
audit_interval = "12h"
labels = { team = "databases \"a\"" }
[[destinations]]
bucket = "others"
audit_interval = "6h"
"#;

fn rule<'a>(rules: &'a Value, alert: &str) -> &'a Value {
    let groups = rules["groups"].as_array().unwrap().iter();
    let mut all = groups.flat_map(|group| group["rules"].as_array().unwrap());
    all.find(|rule| rule["alert"] == alert).unwrap()
}

#[test]
fn a_configuration_makes_its_own() {
    let text = printed(CONFIG, &["--runbooks", "https://wiki.example/backups"]);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rules.yaml");
    std::fs::write(&file, &text).unwrap();
    check_rules(&file).unwrap();
    let rules = read(&text);
    let overdue = rule(&rules, "BackupOverdue");
    let url = "https://wiki.example/backups#backupoverdue";
    assert_eq!(overdue["annotations"]["runbook_url"], url);
    let description = overdue["annotations"]["description"].as_str().unwrap();
    assert!(description.contains("$labels.backup_cluster $labels.backup_job"));
    assert_eq!(overdue["keep_firing_for"], "2h5m");
    assert_eq!(
        overdue["labels"]["pager"],
        "{{ if eq $labels.destination \"etcd\" }}yes{{ end }}"
    );
    assert_eq!(rule(&rules, "BackupScanFailing")["for"], "3h");
    assert_eq!(rule(&rules, "BackupScanStale")["for"], "2h");
    let audited = rule(&rules, "BackupListingNotAudited");
    assert!(
        audited["expr"].as_str().unwrap().contains("> 259200"),
        "{audited}"
    ); // that of etcd
    // Nobody is told of what is of no destination in another's name.
    assert_eq!(
        rule(&rules, "BackupExporterAbsent")["labels"],
        json!({"severity": "critical"})
    );
}

/// Where all destinations are of the same people, so is the exporter.
#[test]
fn one_owner_has_all() {
    let config = format!("{GOOD}\nlabels = {{ team = \"platform\" }}\n");
    let rules = read(&printed(&config, &[]));
    for alert in [
        "BackupOverdue",
        "BackupExporterAbsent",
        "BackupDestinationAbsent",
    ] {
        assert_eq!(rule(&rules, alert)["labels"]["team"], "platform", "{alert}");
    }
}

/// Who names the clusters is told of that; and of destinations whoever is nearest to them.
#[test]
fn resolvers_and_backends_have_owners_too() {
    let config = r#"
[backends.s]
type = "minio"
endpoint = "https://minio.example:9000"
anonymous = true
labels = { team = "storage" }
[resolvers.kkp]
type = "static"
clusters = ["a"]
labels = { team = "platform" }
[resolvers.lab]
type = "static"
clusters = ["b"]
[[destinations]]
bucket = "etcd"
resolver = "kkp"
[[destinations]]
bucket = "dumps"
resolver = "lab"
"#;
    let text = printed(config, &[]);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rules.yaml");
    std::fs::write(&file, &text).unwrap();
    check_rules(&file).unwrap();
    let rules = read(&text);
    let team = |alert: &str| rule(&rules, alert)["labels"]["team"].clone();
    assert_eq!(
        team("BackupOverdue"),
        "{{ if eq $labels.destination \"etcd\" }}platform{{ else if eq $labels.destination \"dumps\" }}storage{{ end }}"
    );
    for alert in ["BackupResolverFailing", "BackupNamesLost"] {
        assert_eq!(
            team(alert),
            "{{ if eq $labels.resolver \"kkp\" }}platform{{ end }}"
        );
    }
    assert_eq!(team("BackupExporterAbsent"), Value::Null);
    let one = config.replace("team = \"platform\"", "team = \"storage\"");
    let rules = read(&printed(&one, &[]));
    let of = &rule(&rules, "BackupNamesLost")["labels"]["team"];
    assert_eq!(
        of,
        "{{ if eq $labels.resolver \"kkp\" }}storage{{ else }}storage{{ end }}"
    );
}

fn found(now: i64, is_there: bool) -> Vec<Shown> {
    let mut world = World::good(now);
    let mut judged = job(now);
    judged.findings = vec![finding(FindingKind::Empty, Severity::Critical, now)];
    world.judge("lab-1", "daily", judged);
    let mut shown = world.shown();
    if !is_there {
        shown.snapshot.destinations.pop();
    }
    vec![shown]
}

fn settings() -> Settings {
    let owners = [
        ("platform", vec!["etcd".into()]),
        ("data_a", vec!["dumps".into()]),
    ];
    let owners = owners.map(|(team, destinations)| (team.to_owned(), destinations));
    Settings {
        destinations: vec!["etcd".into(), "dumps".into()],
        labels: [("team".to_owned(), owners.into())].into(),
        ..Settings::default()
    }
}

/// A destination that is configured must be there, and its owner is told; unless there is no exporter,
/// which is told by itself, or it comes within minutes.
#[test]
fn whose_it_is_and_whether_it_is_there() {
    let empty = "BackupEmpty critical etcd lab-1 daily team=platform";
    let gone = Scenario::new("a destination is not there", 60, |now, _| found(now, false))
        .tells(10, &[empty])
        .tells(
            20,
            &[empty, "BackupDestinationAbsent critical dumps team=data_a"],
        );
    let late = Scenario::new("a destination comes with a reload", 60, |now, minute| {
        found(now, minute >= 15)
    })
    .tells(60, &[empty])
    .nearly(&["BackupDestinationAbsent"]);
    let absent = Scenario::new("no exporter", 60, |_, _| Vec::new())
        .tells(60, &["BackupExporterAbsent critical"]);
    play(&settings(), &[gone, late, absent]).unwrap();
}
