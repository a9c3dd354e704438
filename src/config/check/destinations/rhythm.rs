//! `schedule`, `timezone` and `every`.

use s3_exporter_config::{Section, Setting, closest};
use s3_exporter_judge::expectation::{Rhythm, ScheduleError, Zone};

/// When backups are made, and which key says so.
pub(super) struct Said {
    pub rhythm: Rhythm,
    pub key: Setting<()>,
}

/// What a section says; `None` where it says nothing, or nothing of use.
pub(super) fn rhythm(section: &mut Section) -> Option<Said> {
    let both = section.has("schedule") && section.has("every");
    let is_zone_of_none = section.has("timezone") && !section.has("schedule");
    let schedule = section.setting("schedule", Section::name);
    let zone = section.setting("timezone", Section::name);
    let every = section.setting("every", Section::duration);
    if let Some(zone) = zone.as_ref().filter(|_| is_zone_of_none) {
        section.fault_of(
            zone,
            "is given without `schedule`, and is of no use without one",
        );
    }
    let zone = zone.map(|given| (Zone::named(&given.value), given));
    let zone = match zone {
        None => Zone::UNKNOWN,
        Some((Ok(zone), _)) => zone,
        Some((Err(_), given)) => {
            let message = format!("is {}, {}", given.quote(), no_zone(&given.value));
            section.fault_of(&given, message);
            Zone::UNKNOWN
        }
    };
    if let Some(every) = every.as_ref().filter(|_| both) {
        section.fault_of(
            every,
            "is given together with `schedule`: give one of the two",
        );
        return None;
    }
    if let Some(every) = every {
        let key = every.place();
        return Some(Said {
            rhythm: Rhythm::Every(every.value),
            key,
        });
    }
    let schedule = schedule?;
    let wrong = match Rhythm::parse(&schedule.value, &zone) {
        Ok(Rhythm::Cron(cron)) if cron.gaps().is_none() => {
            "never comes: there is no such day".to_owned()
        }
        Ok(rhythm) => {
            return Some(Said {
                rhythm,
                key: schedule.place(),
            });
        }
        Err(ScheduleError::Zone(name)) => {
            format!("names the time zone {name:?}, {}", no_zone(&name))
        }
        Err(wrong) => wrong.to_string(),
    };
    let message = format!("is {}, which {wrong}", schedule.quote());
    section.fault_of(&schedule, message);
    None
}

pub(super) fn no_zone(name: &str) -> String {
    let names = Zone::names();
    let meant = closest(name, names.iter().map(String::as_str));
    let meant = meant.map_or(
        "expected one such as \"Europe/Berlin\" or \"UTC\"".to_owned(),
        |meant| format!("did you mean {meant:?}?"),
    );
    format!("which is no time zone: {meant}")
}
