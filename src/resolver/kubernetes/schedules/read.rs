//! What an object says of when backups are made.
//!
//! Fields are read where the definitions of the tools have them; what is not there counts as not
//! said, so that a newer version that moves a field makes a job unknown, not late.

use std::fmt::Display;
use std::time::Duration;

use kube::core::DynamicObject;
use s3_exporter_judge::expectation::{Rhythm, Stated, Zone};
use serde_json::Value;

use super::super::names::created;
use super::{Field, Fields, KubernetesSchedules, Tool};
use crate::schedules::{Jobs, Place, Schedule};

/// How many backups Kubermatic keeps where its object does not say, and at most
/// (`GetKeptBackupsCount`, `sdk/apis/kubermatic/v1/etcd_backup_config.go`).
const KUBERMATIC_KEEP: (i64, i64) = (20, 50);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// What an object says, before it is understood.
struct Said {
    schedule: String,
    jobs: Jobs,
    timezone: Option<String>,
    keep: Option<i64>,
    is_paused: bool,
    place: Place,
}

/// Reads an object; `None` where no backup is to be expected at our destinations by it.
///
/// # Errors
/// What cannot be understood, for people: the text goes on after the object's name.
pub(super) fn read(
    source: &KubernetesSchedules,
    object: &DynamicObject,
) -> Result<Option<Schedule>, String> {
    let name = object.metadata.name.clone().unwrap_or_default();
    let said = match &source.tool {
        Tool::Kubermatic => kubermatic(&object.data, name)?,
        Tool::Velero => velero(&object.data, name, source.destination.is_some())?,
        Tool::Cnpg => cnpg(&object.data)?,
        Tool::K8up => k8up(&object.data)?,
        Tool::Custom(fields) => {
            let whole = serde_json::to_value(object).map_err(|error| error.to_string())?;
            custom(&whole, name, fields)?
        }
    };
    let Some(said) = said else { return Ok(None) };
    let Some(place) = at(source, said.place) else {
        return Ok(None);
    };
    let zone = match said.timezone.as_deref() {
        Some(name) => Zone::named(name).map_err(|fault| fault.to_string())?,
        None => source.zone.clone(),
    };
    let stated = Stated {
        rhythm: Some(rhythm(&said.schedule, &zone)?),
        keep: said.keep.and_then(|keep| u32::try_from(keep).ok()),
        is_paused: said.is_paused,
        since: created(&object.metadata),
        ..Stated::default()
    };
    Ok(Some(Schedule {
        jobs: said.jobs,
        place,
        stated,
    }))
}

/// Where a source is told which destination it is of, no other matters.
fn at(source: &KubernetesSchedules, place: Place) -> Option<Place> {
    match (&source.destination, place) {
        (Some(own), Place::Destination(name)) => (name == *own).then_some(Place::Default),
        (_, place) => Some(place),
    }
}

/// Its key begins with the names of the cluster and of the object (`ensurePendingBackupIsScheduled`,
/// `pkg/controller/seed-controller-manager/etcdbackup/etcd_backup_controller.go`); `spec.name` is
/// the same, and not looked at there. Without a schedule one backup is made, once.
fn kubermatic(object: &Value, name: String) -> Result<Option<Said>, String> {
    let Some(schedule) = text(object, "spec.schedule")? else {
        return Ok(None);
    };
    let cluster = text(object, "spec.cluster.name")?.ok_or("it names no cluster")?;
    let (default, most) = KUBERMATIC_KEEP;
    let keep = integer(object, "spec.keep")?.map_or(default, |keep| keep.clamp(1, most));
    Ok(Some(Said {
        schedule,
        jobs: Jobs::OfCluster { cluster, job: name },
        timezone: None,
        keep: Some(keep),
        is_paused: false,
        place: destination(text(object, "spec.destination")?),
    }))
}

/// Its backups are named after it (`TimestampedName`, `pkg/apis/velero/v1/schedule_types.go`). Its
/// storage location has a name that need not be our destination's: it matters where one is
/// configured.
fn velero(object: &Value, name: String, has_places: bool) -> Result<Option<Said>, String> {
    let place = match has_places {
        // What Velero calls the location that is meant where none is named.
        true => text(object, "spec.template.storageLocation")?.or_else(|| Some("default".into())),
        false => None,
    };
    Ok(Some(Said {
        schedule: text(object, "spec.schedule")?.ok_or("it has no spec.schedule")?,
        jobs: Jobs::Named(name),
        timezone: None,
        keep: None,
        is_paused: boolean(object, "spec.paused")?,
        place: destination(place),
    }))
}

/// Its schedule is read by robfig/cron v1 (its `go.mod`): seconds first, and the day of the week may
/// be left out. Backups by volume snapshots are in no bucket.
fn cnpg(object: &Value) -> Result<Option<Said>, String> {
    if text(object, "spec.method")?.as_deref() == Some("volumeSnapshot") {
        return Ok(None);
    }
    let schedule = text(object, "spec.schedule")?.ok_or("it has no spec.schedule")?;
    let cluster = text(object, "spec.cluster.name")?.ok_or("it names no cluster")?;
    Ok(Some(Said {
        schedule: without_seconds(&schedule),
        jobs: Jobs::Cluster(cluster),
        timezone: None,
        keep: None,
        is_paused: boolean(object, "spec.suspend")?,
        place: Place::Default,
    }))
}

/// Without what says less than a minute: a minute is nothing beside any grace.
fn without_seconds(schedule: &str) -> String {
    let mut fields: Vec<_> = schedule.split_whitespace().collect();
    let zone = fields.first().is_some_and(|field| field.contains("TZ="));
    let seconds = usize::from(zone);
    if fields
        .get(seconds)
        .is_none_or(|field| field.starts_with('@'))
    {
        return schedule.to_owned();
    }
    if fields.len() - seconds == 5 {
        fields.push("*");
    }
    fields.remove(seconds);
    fields.join(" ")
}

/// Of what it schedules, backups alone (`api/v1/schedule_types.go`). Its repository is a bucket, or a
/// path below it; where the object does not say which, the operator's default is meant.
fn k8up(object: &Value) -> Result<Option<Said>, String> {
    let Some(schedule) = text(object, "spec.backup.schedule")? else {
        return Ok(None);
    };
    let backends = ["spec.backup.backend", "spec.backend"];
    let backend = backends.iter().find_map(|field| value(object, field));
    let bucket = match backend {
        None => None,
        Some(backend) if backend.get("s3").is_some() => text(backend, "s3.bucket")?,
        Some(backend) => match backend.as_object() {
            // Of every other kind of store, none is ours.
            Some(kinds) if KINDS.iter().any(|kind| kinds.contains_key(*kind)) => return Ok(None),
            _ => None,
        },
    };
    let (place, root) = match &bucket {
        None => (Place::Default, None),
        Some(bucket) => {
            let (bucket, root) = bucket.split_once('/').unwrap_or((bucket, ""));
            (Place::Bucket(bucket.to_owned()), Some(root.to_owned()))
        }
    };
    Ok(Some(Said {
        schedule: generated(object).unwrap_or(schedule),
        jobs: Jobs::Under(root),
        timezone: None,
        keep: None,
        is_paused: false,
        place,
    }))
}

/// The kinds of stores that K8up knows beside S3 (`api/v1/backend.go`).
const KINDS: [&str; 6] = ["local", "gcs", "azure", "swift", "b2", "rest"];

/// What K8up has made of `@daily-random` and its like: it says so in the object's status.
fn generated(object: &Value) -> Option<String> {
    let all = value(object, "status.effectiveSchedules")?.as_array()?;
    let mut of_backups = all
        .iter()
        .filter(|one| one.get("jobType").is_some_and(|kind| kind == "backup"));
    let schedule = of_backups.next()?.get("generatedSchedule")?.as_str()?;
    (!schedule.is_empty()).then(|| schedule.to_owned())
}

fn custom(object: &Value, name: String, fields: &Fields) -> Result<Option<Said>, String> {
    let of = |field: &Option<Field>| match field {
        Some(field) => as_text(field.of(object)),
        None => Ok(None),
    };
    let Some(schedule) = as_text(fields.schedule.of(object))? else {
        return Ok(None);
    };
    let jobs = match (&fields.cluster, of(&fields.cluster)?, of(&fields.job)?) {
        (Some(_), None, _) => return Err("it names no cluster".to_owned()),
        (_, Some(cluster), Some(job)) => Jobs::OfCluster { cluster, job },
        (_, Some(cluster), None) => Jobs::Cluster(cluster),
        (None, None, job) => Jobs::Named(job.unwrap_or(name)),
    };
    let field = |field: &Option<Field>| field.as_ref().and_then(|field| field.of(object));
    Ok(Some(Said {
        schedule,
        jobs,
        timezone: of(&fields.timezone)?,
        keep: as_integer(field(&fields.keep))?,
        is_paused: as_boolean(field(&fields.paused))?,
        place: destination(of(&fields.destination)?),
    }))
}

fn destination(name: Option<String>) -> Place {
    name.map_or(Place::Default, Place::Destination)
}

/// As robfig/cron v3 reads it, which all of these use, and K8up's words for a time that it chooses.
fn rhythm(schedule: &str, zone: &Zone) -> Result<Rhythm, String> {
    // The longest that is meant, until the object says what was chosen.
    let random = match schedule {
        "@hourly-random" => Some(DAY / 24),
        "@daily-random" => Some(DAY),
        "@weekly-random" => Some(DAY * 7),
        "@monthly-random" => Some(DAY * 31),
        "@yearly-random" | "@annually-random" => Some(DAY * 366),
        _ => None,
    };
    match random {
        Some(every) => Ok(Rhythm::Every(every)),
        None => Rhythm::parse(schedule, zone)
            .map_err(|fault| format!("its schedule is {schedule:?}: {fault}")),
    }
}

/// The value of a field, by its names.
fn value<'a>(object: &'a Value, field: &str) -> Option<&'a Value> {
    let mut names = field.split('.');
    let place = names.try_fold(object, |place, name| place.get(name))?;
    (!place.is_null()).then_some(place)
}

fn text(object: &Value, field: &str) -> Result<Option<String>, String> {
    as_text(value(object, field)).map_err(within(field))
}

fn integer(object: &Value, field: &str) -> Result<Option<i64>, String> {
    as_integer(value(object, field)).map_err(within(field))
}

fn boolean(object: &Value, field: &str) -> Result<bool, String> {
    as_boolean(value(object, field)).map_err(within(field))
}

fn within(field: &str) -> impl Fn(String) -> String + '_ {
    move |fault| format!("{field} {fault}")
}

/// An empty text is one that is not said.
fn as_text(value: Option<&Value>) -> Result<Option<String>, String> {
    match value {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone()).filter(|text| !text.is_empty())),
        Some(Value::Number(number)) => Ok(Some(number.to_string())),
        Some(other) => Err(wrong(other, "a text")),
    }
}

fn as_integer(value: Option<&Value>) -> Result<Option<i64>, String> {
    let Some(value) = value else { return Ok(None) };
    let number = match value {
        Value::String(text) => text.parse().ok(),
        value => value.as_i64(),
    };
    number
        .map(Some)
        .ok_or_else(|| wrong(value, "a whole number"))
}

/// What is not said is false.
fn as_boolean(value: Option<&Value>) -> Result<bool, String> {
    match value {
        None => Ok(false),
        Some(Value::Bool(yes)) => Ok(*yes),
        Some(Value::String(text)) if text == "true" => Ok(true),
        Some(Value::String(text)) if text == "false" => Ok(false),
        Some(other) => Err(wrong(other, "true or false")),
    }
}

fn wrong(value: &Value, wanted: impl Display) -> String {
    format!("is {value}: expected {wanted}")
}

#[cfg(test)]
mod tests;
