use std::time::Duration;

use s3_exporter_api::{BucketName, Connect, RequestLimits};
use s3_exporter_config::{Key, Plugin, Section, Setting};
use wildmatch::WildMatch;

/// The plug-in for folders.
pub const PLUGIN: Plugin<Box<dyn Connect>, RequestLimits> = Plugin {
    name: "file",
    keys: KEYS,
    defaults: RequestLimits {
        concurrency: 1, // what is in no order is listed one page after another
        max_requests_in_flight: 4,
    },
    parse,
};

const KEYS: &[Key] = &[
    Key::with_default(
        "ignore",
        r#"[".*", "*.tmp", "*.part", "*.partial", "lost+found"]"#,
    ),
    Key::new("marker"),
    Key::with_default("request_timeout", "\"60s\""),
];

/// Hidden files, what rsync, rclone, browsers and others write before it has its name, and what
/// every ext4 has and nobody but root may read.
const IGNORE: [&str; 5] = [".*", "*.tmp", "*.part", "*.partial", "lost+found"];
const REQUEST_TIMEOUT: Duration = Duration::from_secs(60);
/// Nobody waits longer than this for one answer.
const LONGEST: Duration = Duration::from_secs(60 * 60);

/// A section with `type = "file"`.
#[derive(Clone, Debug)]
pub struct FileConfig {
    /// Names of files and folders that are left out.
    pub ignore: Vec<WildMatch>,
    /// What must be in each bucket, or its disk is not mounted: a path below it.
    pub marker: Option<String>,
    /// Until the file system answers once.
    pub request_timeout: Duration,
}

fn parse(section: &mut Section) -> Option<Box<dyn Connect>> {
    config(section).map(|config| Box::new(config) as _)
}

fn config(section: &mut Section) -> Option<FileConfig> {
    let ignore = match section.has("ignore") {
        true => ignore(section),
        false => {
            section.items("ignore"); // it is asked for
            Some(IGNORE.map(WildMatch::new).to_vec())
        }
    };
    let has_marker = section.has("marker");
    let marker = section.setting("marker", Section::name);
    let marker = marker.and_then(|given| marker_of(section, given));
    let request_timeout = section.duration_up_to("request_timeout", LONGEST);
    Some(FileConfig {
        ignore: ignore?,
        marker: match has_marker {
            true => Some(marker?),
            false => None,
        },
        request_timeout: request_timeout.unwrap_or(REQUEST_TIMEOUT),
    })
}

fn ignore(section: &mut Section) -> Option<Vec<WildMatch>> {
    let items = section.items("ignore")?;
    let mut patterns = Vec::with_capacity(items.len());
    for item in items {
        if item.value.is_empty() || item.value.contains('/') {
            let shown = item.quote();
            let message = format!(
                "is {shown}: expected the pattern of a name such as \"*.tmp\", which holds no `/`"
            );
            section.fault_of(&item, message);
            return None;
        }
        patterns.push(WildMatch::new(&item.value));
    }
    Some(patterns)
}

fn marker_of(section: &mut Section, given: Setting<String>) -> Option<String> {
    if is_path(&given.value) {
        return Some(given.value);
    }
    let shown = given.quote();
    let message = format!(
        "is {shown}: expected a path below the bucket such as \".mounted\", without `.`, `..` and `/` at an end"
    );
    section.fault_of(&given, message);
    None
}

/// Whether each folder's name is one, so that the path cannot lead elsewhere.
pub fn is_path(path: &str) -> bool {
    let is_name = |name| !matches!(name, "" | "." | "..");
    path.split('/').all(is_name) && !path.contains('\0')
}

/// What a bucket may be called: an absolute path, written in one way alone.
pub fn bucket(name: &str) -> BucketName {
    let path = name.strip_prefix('/');
    match path.is_some_and(is_path) && !name.contains(char::is_control) {
        true => BucketName::Good,
        false => BucketName::Bad(
            "expected the absolute path of a folder such as \"/srv/backups\", without `.`, `..` and `/` at its end"
                .to_owned(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use figment::value::Tag;
    use s3_exporter_config::Origin;
    use s3_exporter_testkit::values;

    use super::*;

    fn parse_toml(text: &str) -> (Option<FileConfig>, Vec<String>) {
        let origins = Arc::new(|_, _: &str| Origin::Default);
        let parsed = Section::parse("backends.x", Tag::Default, values(text), origins, config);
        let errors = parsed.errors.iter().map(ToString::to_string);
        (parsed.value, errors.collect())
    }

    #[test]
    fn defaults_are_those_of_the_keys() {
        let (config, faults) = parse_toml("");
        assert_eq!(faults, [""; 0]);
        let defaults: String = KEYS
            .iter()
            .filter_map(|key| Some(format!("{} = {}\n", key.name, key.default?)))
            .collect();
        let (written, faults) = parse_toml(&defaults);
        assert_eq!(faults, [""; 0]);
        assert_eq!(
            format!("{:?}", written.unwrap()),
            format!("{:?}", config.unwrap())
        );
    }

    #[test]
    fn faults_say_what_would_be_right_all_at_once() {
        let (config, faults) = parse_toml(
            "ignore = [\"*.tmp\", \"a/b\"]\nmarker = \"../x\"\nrequest_timeout = \"2h\"\n",
        );
        assert!(config.is_none());
        assert_eq!(
            faults,
            [
                r#"`backends.x.ignore[1]` is "a/b": expected the pattern of a name such as "*.tmp", which holds no `/`"#,
                r#"`backends.x.marker` is "../x": expected a path below the bucket such as ".mounted", without `.`, `..` and `/` at an end"#,
                "`backends.x.request_timeout` is 2h: expected at most 1h",
            ]
        );
        assert_eq!(parse_toml("ignore = []").1, [""; 0]);
        for marker in ["/a", "a/", "a//b", ".", "a/.."] {
            assert_eq!(
                parse_toml(&format!("marker = {marker:?}")).1.len(),
                1,
                "{marker}"
            );
        }
        assert_eq!(parse_toml("marker = \"repo/config\"").1, [""; 0]);
    }

    #[test]
    fn a_bucket_is_an_absolute_path() {
        for good in ["/srv/backups", "/mnt/a b/c.d", "/x"] {
            assert!(matches!(bucket(good), BucketName::Good), "{good}");
        }
        for bad in [
            "", "/", "backups", "a/b", "/a/", "/a//b", "/a/../b", "/./a", "/a\nb",
        ] {
            assert!(matches!(bucket(bad), BucketName::Bad(_)), "{bad:?}");
        }
    }
}
