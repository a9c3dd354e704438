use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use s3_exporter_api::{Connect, RequestLimits};
use s3_exporter_config::{Key, Plugin, Section};

use crate::engine::{self, Engine};
use crate::manifest::Kind;

/// The plug-in for reports.
pub const PLUGIN: Plugin<Box<dyn Connect>, RequestLimits> = Plugin {
    name: "inventory",
    keys: KEYS,
    defaults: RequestLimits {
        concurrency: 1, // what is in no order is listed one page after another
        max_requests_in_flight: 16,
    },
    parse,
};

const KEYS: &[Key] = &[
    Key::new("store"),
    Key::new("reports"),
    Key::new("folder"),
    Key::new("report"),
    Key::with_default("format", "\"s3\""),
    Key::with_default("every", "\"1d\""),
    Key::with_default("files", "2"),
    Key::new("spool"),
    Key::new("engine"),
    Key::new("engine_username"),
    Key::new("engine_password"),
    Key::new("engine_password_file"),
];

/// What stands for the name of the bucket that is listed.
pub const BUCKET: &str = "{bucket}";
/// S3 and Azure write them each day or each week, and Google too.
const EVERY: Duration = Duration::from_secs(24 * 3600);
const FILES: u64 = 2;
const MOST_FILES: u64 = 16;

/// A section with `type = "inventory"`.
#[derive(Clone, Debug)]
pub struct InventoryConfig {
    /// The name of the backend by which reports are read.
    pub store: String,
    /// The bucket that they are in.
    pub reports: String,
    /// What their keys begin with, without a slash at its end; empty for all. May hold [`BUCKET`].
    pub folder: String,
    /// The name of the rule or the configuration that made them; empty for S3. May hold [`BUCKET`].
    pub report: String,
    /// Who makes them.
    pub kind: Kind,
    /// From one report to the next.
    pub every: Duration,
    /// Files that are read at a time.
    pub files: usize,
    /// Where a file is kept while it is read; the system's folder for that if there is none.
    pub spool: Option<PathBuf>,
    /// Who sums reports up where they lie; they are read here where there is nobody.
    pub engine: Option<Engine>,
    /// The backend by which reports are read, once it is known.
    pub over: Option<Over>,
}

/// A store.
#[derive(Clone, Debug)]
pub struct Over(pub Arc<dyn Connect>);

fn parse(section: &mut Section) -> Option<Box<dyn Connect>> {
    config(section).map(|config| Box::new(config) as _)
}

fn config(section: &mut Section) -> Option<InventoryConfig> {
    let needed = |section: &mut Section, key: &str, expected: &str| {
        if !section.has(key) {
            section.fault(key, format!("is missing: expected {expected}"));
        }
        section.name(key)
    };
    let store = needed(
        section,
        "store",
        "the name of the backend that reads the reports",
    );
    let reports = needed(section, "reports", "the bucket that the reports are in");
    let folder = folder(section);
    let has_format = section.has("format");
    let kind = section.choice("format", &Kind::ALL.map(|kind| (kind.as_str(), kind)));
    let has_report = section.has("report");
    let report = section.name("report");
    let is_plain = |kind: Option<Kind>| !has_format || kind == Some(Kind::S3);
    match (kind, has_report) {
        (kind, true) if is_plain(kind) => section.fault(
            "report",
            "is of no use with `format = \"s3\"`: there the configuration's name is the end of `folder`",
        ),
        (Some(Kind::Azure), false) => {
            section.fault("report", "is missing: expected the name of the inventory rule");
        }
        (Some(Kind::Gcs), false) => {
            section.fault("report", "is missing: expected the id of the report configuration");
        }
        _ => {}
    }
    let every = section.duration("every").unwrap_or(EVERY);
    let files = section.integer("files", 1..=MOST_FILES).unwrap_or(FILES);
    let has_spool = section.has("spool");
    let spool = section.folder("spool");
    let has_engine = section.has("engine");
    let engine = engine::parse(section);
    if has_engine && has_format && kind.is_some_and(|kind| kind != Kind::S3) {
        section.fault(
            "engine",
            "is of no use with this `format`: it reads reports of S3 Inventory alone",
        );
    }
    if has_engine && has_spool {
        section.fault("spool", "is of no use with `engine`: no file is kept here");
    }
    Some(InventoryConfig {
        store: store?,
        reports: reports?,
        folder: folder?,
        report: match has_report {
            true => report?,
            false => String::new(),
        },
        kind: match has_format {
            true => kind?,
            false => Kind::S3,
        },
        every,
        files: usize::try_from(files).unwrap_or(1),
        spool,
        engine: match has_engine {
            true => Some(engine?),
            false => None,
        },
        over: None,
    })
}

/// A path in the bucket of the reports.
fn folder(section: &mut Section) -> Option<String> {
    if !section.has("folder") {
        section.text("folder"); // it is asked for
        return Some(String::new());
    }
    let given = section.setting("folder", Section::text)?;
    let is_path = |path: &str| !path.starts_with('/') && !path.ends_with('/');
    if is_path(&given.value) {
        return Some(given.value);
    }
    let message = format!(
        "is {}: expected a path such as \"daily/{BUCKET}/all\", without `/` at an end",
        given.quote()
    );
    section.fault_of(&given, message);
    None
}

impl InventoryConfig {
    /// What the keys of the reports of this bucket begin with, with a slash at its end unless it is empty.
    pub fn folder_of(&self, bucket: &str) -> String {
        match &*self.folder {
            "" => String::new(),
            folder => format!("{}/", folder.replace(BUCKET, bucket)),
        }
    }

    /// Which of them are of this bucket.
    pub fn report_of(&self, bucket: &str) -> String {
        self.report.replace(BUCKET, bucket)
    }
}

#[cfg(test)]
mod tests {
    use figment::value::Tag;
    use s3_exporter_config::Origin;
    use s3_exporter_testkit::values;

    use super::*;

    fn parse_toml(text: &str) -> (Option<InventoryConfig>, Vec<String>) {
        let origins = Arc::new(|_, _: &str| Origin::Default);
        let parsed = Section::parse("backends.x", Tag::Default, values(text), origins, config);
        let errors = parsed.errors.iter().map(ToString::to_string);
        (parsed.value, errors.collect())
    }

    #[test]
    fn defaults_are_those_of_the_keys() {
        let text = "store = \"aws\"\nreports = \"inventories\"\n";
        let defaults: String = KEYS
            .iter()
            .filter_map(|key| Some(format!("{} = {}\n", key.name, key.default?)))
            .collect();
        let [(own, faults), (written, none)] =
            [text.to_owned(), format!("{text}{defaults}")].map(|text| parse_toml(&text));
        assert_eq!((faults, none), (Vec::new(), Vec::new()));
        assert_eq!(
            format!("{:?}", own.unwrap()),
            format!("{:?}", written.unwrap())
        );
    }

    #[test]
    fn faults_say_what_would_be_right_all_at_once() {
        let (config, faults) =
            parse_toml("folder = \"/daily/\"\nreport = \"all\"\nevery = \"0s\"\nfiles = 99\n");
        assert!(config.is_none());
        assert_eq!(
            faults,
            [
                "`backends.x.store` is missing: expected the name of the backend that reads the reports",
                "`backends.x.reports` is missing: expected the bucket that the reports are in",
                "`backends.x.folder` is \"/daily/\": expected a path such as \"daily/{bucket}/all\", without `/` at an end",
                "`backends.x.report` is of no use with `format = \"s3\"`: there the configuration's name is the end of `folder`",
                "`backends.x.every` is \"0s\": expected a duration above zero such as \"90s\", \"5m\" or \"1h30m\"",
                "`backends.x.files` is 99: expected a whole number from 1 to 16",
            ]
        );
        for (format, expected) in [
            (
                "azure",
                "`backends.x.report` is missing: expected the name of the inventory rule",
            ),
            (
                "gcs",
                "`backends.x.report` is missing: expected the id of the report configuration",
            ),
        ] {
            let text = format!("store = \"s\"\nreports = \"r\"\nformat = \"{format}\"\n");
            assert_eq!(parse_toml(&text).1, [expected]);
            assert_eq!(parse_toml(&format!("{text}report = \"x\"\n")).1, [""; 0]);
        }
    }

    #[test]
    fn the_folder_is_that_of_the_bucket() {
        let of = |folder: &str| {
            let text = format!("store = \"s\"\nreports = \"r\"\nfolder = \"{folder}\"\n");
            parse_toml(&text).0.unwrap().folder_of("b")
        };
        assert_eq!(of(""), "");
        assert_eq!(of("daily/{bucket}/all"), "daily/b/all/");
    }
}
