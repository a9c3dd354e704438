use s3_exporter_config::Section;
use s3_exporter_judge::expectation::Zone;

use super::{Field, Fields, KubernetesSchedules, Tool};
use crate::resolver::Resolver;
use crate::resolver::kubernetes::config::{Access, api_version};

/// The keys that only `type = "custom"` has: the kind, and the places of fields.
const CUSTOM: [&str; 9] = [
    "api_version",
    "kind",
    SCHEDULE,
    "cluster_field",
    "job_field",
    "timezone_field",
    "keep_field",
    "paused_field",
    "destination_field",
];
const SCHEDULE: &str = "schedule_field";

/// A tool whose objects are known: its name, their group, version and kind.
struct KnownTool {
    name: &'static str,
    api_version: &'static str,
    kind: &'static str,
    tool: Tool,
}

/// The definitions are the tools' own: `sdk/apis/kubermatic/v1/etcd_backup_config.go` in
/// kubermatic/kubermatic, `pkg/apis/velero/v1/schedule_types.go` in vmware-tanzu/velero,
/// `api/v1/scheduledbackup_types.go` in cloudnative-pg/cloudnative-pg, `api/v1/schedule_types.go` in
/// k8up-io/k8up.
const KNOWN: [KnownTool; 4] = [
    KnownTool {
        name: "kubermatic",
        api_version: "kubermatic.k8c.io/v1",
        kind: "EtcdBackupConfig",
        tool: Tool::Kubermatic,
    },
    KnownTool {
        name: "velero",
        api_version: "velero.io/v1",
        kind: "Schedule",
        tool: Tool::Velero,
    },
    KnownTool {
        name: "cnpg",
        api_version: "postgresql.cnpg.io/v1",
        kind: "ScheduledBackup",
        tool: Tool::Cnpg,
    },
    KnownTool {
        name: "k8up",
        api_version: "k8up.io/v1",
        kind: "Schedule",
        tool: Tool::K8up,
    },
];

/// A section `[schedules.<name>]`.
pub fn parse(section: &mut Section) -> Option<Box<dyn Resolver>> {
    let mut types: Vec<_> = KNOWN
        .iter()
        .map(|known| (known.name, Some(known)))
        .collect();
    types.push(("custom", None));
    if !section.has("type") {
        let names: Vec<_> = types.iter().map(|(name, _)| format!("{name:?}")).collect();
        section.fault(
            "type",
            format!("is missing: expected {}", names.join(" or ")),
        );
    }
    let Some(known) = section.choice("type", &types) else {
        section.abandon(); // it is not known what its keys should be
        return None;
    };
    let access = Access::parse(section);
    let (destination, zone) = (section.name("destination"), zone(section, known));
    let what = match known {
        Some(known) => {
            refuse(section, known.name);
            Some((
                known.api_version.to_owned(),
                known.kind.to_owned(),
                known.tool.clone(),
            ))
        }
        None => custom(section),
    };
    let (api_version, kind, tool) = what?;
    Some(Box::new(KubernetesSchedules {
        objects: access.of(api_version, kind),
        tool,
        zone: zone?,
        destination,
    }))
}

/// The zone of what does not say it; `None` after a fault.
fn zone(section: &mut Section, known: Option<&KnownTool>) -> Option<Zone> {
    let Some(name) = section.setting("timezone", Section::name) else {
        // Kubermatic's slots are UTC; of the others nobody knows where they run.
        let is_utc = known.is_some_and(|known| known.tool == Tool::Kubermatic);
        return Some(if is_utc { Zone::UTC } else { Zone::UNKNOWN });
    };
    match Zone::named(&name.value) {
        Ok(zone) => Some(zone),
        Err(fault) => {
            section.fault_of(&name, format!("is of no use: {fault}"));
            None
        }
    }
}

fn refuse(section: &mut Section, name: &str) {
    for key in CUSTOM {
        if let Some(given) = section.take(key) {
            let message = format!(
                "is of no use: what objects of {name:?} say is known; it is for type \"custom\""
            );
            section.fault_of(&given, message);
        }
    }
}

fn custom(section: &mut Section) -> Option<(String, String, Tool)> {
    for (key, wanted) in [
        ("api_version", "group and version such as \"batch/v1\""),
        ("kind", "the kind, such as \"CronJob\""),
        (SCHEDULE, "the field's names, such as \"spec.schedule\""),
    ] {
        if !section.has(key) {
            section.fault(key, format!("is missing: expected {wanted}"));
        }
    }
    let (version, kind) = (api_version(section), section.name("kind"));
    let schedule = field(section, SCHEDULE);
    let fields = Fields {
        cluster: field(section, "cluster_field"),
        job: field(section, "job_field"),
        timezone: field(section, "timezone_field"),
        keep: field(section, "keep_field"),
        paused: field(section, "paused_field"),
        destination: field(section, "destination_field"),
        schedule: schedule?,
    };
    Some((version?, kind?, Tool::Custom(Box::new(fields))))
}

fn field(section: &mut Section, key: &str) -> Option<Field> {
    let given = section.setting(key, Section::name)?;
    let field = Field::parse(&given.value);
    if field.is_none() {
        let message = format!(
            "is {}: expected names such as \"spec.schedule\", with `\\.` for a dot within one",
            given.quote()
        );
        section.fault_of(&given, message);
    }
    field
}
