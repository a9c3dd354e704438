use std::path::PathBuf;
use std::time::Duration;

use s3_exporter_api::{BucketName, Connect, RequestLimits};
use s3_exporter_config::{Key, Origin, Plugin, Secret, Section, Setting};

use crate::lines::Format;

/// The plug-in for programs.
pub const PLUGIN: Plugin<Box<dyn Connect>, RequestLimits> = Plugin {
    name: "command",
    keys: KEYS,
    defaults: RequestLimits {
        concurrency: 1, // what is in no order is listed one page after another
        max_requests_in_flight: 4,
    },
    parse,
};

const KEYS: &[Key] = &[
    Key::new("program"),
    Key::new("arguments"),
    Key::new("environment"),
    Key::with_default("format", "\"tsv\""),
    Key::with_default("run_timeout", "\"10m\""),
    Key::with_default("max_objects", "20000000"),
    Key::with_default("max_output", "\"8GiB\""),
];

/// What stands for the bucket's name in an argument.
const BUCKET: &str = "{bucket}";
const RUN_TIMEOUT: Duration = Duration::from_secs(10 * 60);
/// No scan is given longer.
const LONGEST: Duration = Duration::from_secs(7 * 24 * 60 * 60);
const MAX_OBJECTS: u64 = 20_000_000;
const MAX_OUTPUT: u64 = 8 << 30;

/// A section with `type = "command"`.
#[derive(Clone, Debug)]
pub struct CommandConfig {
    /// Its absolute path.
    pub program: PathBuf,
    /// With `{bucket}` in at least one of them.
    arguments: Vec<String>,
    /// All that it finds in its environment, but for `TZ`.
    pub environment: Vec<(String, Secret)>,
    /// What it prints.
    pub format: Format,
    /// How long it may run.
    pub run_timeout: Duration,
    /// What it may print.
    pub bounds: Bounds,
}

/// More than that is no listing.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Lines.
    pub objects: u64,
    /// Bytes of all lines.
    pub bytes: u64,
}

impl CommandConfig {
    /// The arguments for a bucket. What is put in is not looked at again.
    pub fn arguments(&self, bucket: &str) -> impl Iterator<Item = String> {
        let arguments = self.arguments.iter();
        arguments.map(move |argument| argument.replace(BUCKET, bucket))
    }
}

fn parse(section: &mut Section) -> Option<Box<dyn Connect>> {
    config(section).map(|config| Box::new(config) as _)
}

fn config(section: &mut Section) -> Option<CommandConfig> {
    let program = program(section);
    let arguments = arguments(section);
    let environment = section.secrets("environment", variable);
    let formats = [("tsv", Format::Tsv), ("rclone-lsf", Format::RcloneLsf)];
    let format = section.choice("format", &formats);
    let run_timeout = section.duration_up_to("run_timeout", LONGEST);
    let objects = section.integer("max_objects", 1..=u64::MAX);
    let bytes = section.size("max_output");
    Some(CommandConfig {
        program: program?,
        arguments: arguments?,
        environment,
        format: format.unwrap_or_default(),
        run_timeout: run_timeout.unwrap_or(RUN_TIMEOUT),
        bounds: Bounds {
            objects: objects.unwrap_or(MAX_OBJECTS),
            bytes: bytes.unwrap_or(MAX_OUTPUT),
        },
    })
}

fn variable(section: &mut Section, given: Setting<Secret>) -> Option<(String, Secret)> {
    let name = given.key();
    let message = if matches!(given.origin(), Origin::Environment(_)) {
        "cannot be set so, as its name is lower-case there: write \"${NAME}\" in the file"
    } else if name == "TZ" {
        "is always UTC here: leave it out"
    } else if name.is_empty() || name.contains(['=', '\0']) || given.value.expose().contains('\0') {
        "is no variable that a program can be given"
    } else {
        return Some((name.to_owned(), given.into_value()));
    };
    section.fault_of(&given, message);
    None
}

fn program(section: &mut Section) -> Option<PathBuf> {
    if !section.has("program") {
        section.fault(
            "program",
            "is missing: expected an absolute path such as \"/usr/bin/rclone\"",
        );
    }
    let given = section.setting("program", Section::name)?;
    let is_good = given.value.starts_with('/') && !given.value.contains('\0');
    if !is_good {
        let message = format!(
            "is {}: expected an absolute path such as \"/usr/bin/rclone\"; no shell looks for it",
            given.quote()
        );
        section.fault_of(&given, message);
        return None;
    }
    Some(given.into_value().into())
}

fn arguments(section: &mut Section) -> Option<Vec<String>> {
    if !section.has("arguments") {
        section.fault(
            "arguments",
            "is missing: expected a list of strings, one of which holds {bucket}",
        );
    }
    let arguments = section.setting("arguments", Section::list)?;
    if !arguments
        .value
        .iter()
        .any(|argument| argument.contains(BUCKET))
    {
        let message = "holds no {bucket}: each destination would be told the same";
        section.fault_of(&arguments, message);
        return None;
    }
    if arguments
        .value
        .iter()
        .any(|argument| argument.contains('\0'))
    {
        section.fault_of(&arguments, "holds a character that no argument can");
        return None;
    }
    Some(arguments.into_value())
}

/// What a bucket may be called: it becomes a part of an argument, and must be no option.
pub fn bucket(name: &str) -> BucketName {
    let is_good = !name.is_empty() && !name.starts_with('-') && !name.contains(char::is_control);
    match is_good {
        true => BucketName::Good,
        false => BucketName::Bad(
            "expected what the program knows the bucket by: it must not begin with `-` nor hold a control character"
                .to_owned(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use figment::value::Tag;
    use s3_exporter_testkit::values;

    use super::*;

    fn parse_toml(text: &str) -> (Option<CommandConfig>, Vec<String>) {
        let origins = Arc::new(|_, _: &str| Origin::Default);
        let parsed = Section::parse("backends.x", Tag::Default, values(text), origins, config);
        let errors = parsed.errors.iter().map(ToString::to_string);
        (parsed.value, errors.collect())
    }

    const GOOD: &str = "program = \"/usr/bin/rclone\"\narguments = [\"lsf\", \"r:{bucket}\"]\n";

    #[test]
    fn defaults_are_those_of_the_keys() {
        let (config, faults) = parse_toml(GOOD);
        assert_eq!(faults, [""; 0]);
        let defaults: String = KEYS
            .iter()
            .filter_map(|key| Some(format!("{} = {}\n", key.name, key.default?)))
            .collect();
        let (written, faults) = parse_toml(&format!("{GOOD}{defaults}"));
        assert_eq!(faults, [""; 0]);
        assert_eq!(
            format!("{:?}", written.unwrap()),
            format!("{:?}", config.unwrap())
        );
    }

    #[test]
    fn what_is_put_in_is_not_looked_at_again_and_no_secret_is_shown() {
        let (config, faults) = parse_toml(&format!(
            "{GOOD}environment = {{ PASSWORD = \"hidden\", B = \"\" }}"
        ));
        assert_eq!(faults, [""; 0]);
        let config = config.unwrap();
        let arguments: Vec<_> = config.arguments("a {bucket}; x").collect();
        assert_eq!(arguments, ["lsf", "r:a {bucket}; x"]);
        assert!(!format!("{config:?}").contains("hidden"), "{config:?}");
        assert_eq!(config.environment.len(), 2);
    }

    #[test]
    fn faults_say_what_would_be_right_all_at_once() {
        let cases: [(&str, &[&str]); 4] = [
            (
                "",
                &[
                    "`backends.x.program` is missing: expected an absolute path such as \"/usr/bin/rclone\"",
                    "`backends.x.arguments` is missing: expected a list of strings, one of which holds {bucket}",
                ],
            ),
            (
                "program = \"rclone\"\narguments = [\"lsf\"]\nformat = \"json\"\nmax_objects = 0\n\
                 run_timeout = \"8d\"\nmax_output = \"much\"\nshell = true\n",
                &[
                    "`backends.x.program` is \"rclone\": expected an absolute path such as \"/usr/bin/rclone\"; no shell looks for it",
                    "`backends.x.arguments` holds no {bucket}: each destination would be told the same",
                    "`backends.x.format` is \"json\": expected \"tsv\" or \"rclone-lsf\"",
                    "`backends.x.run_timeout` is 8days: expected at most 7days",
                    "`backends.x.max_objects` is 0: expected a whole number from 1 to 18446744073709551615",
                    "`backends.x.max_output` is \"much\": expected a size such as \"512B\", \"100kB\" or \"64MiB\"",
                    "unknown key `backends.x.shell`",
                ],
            ),
            (
                "program = \"/x\"\narguments = [\"{bucket}\"]\nenvironment = { \"A=B\" = \"hidden\", C = 4711 }",
                &[
                    "`backends.x.environment.A=B` is no variable that a program can be given",
                    "`backends.x.environment.C` is no string: put it in quotes",
                ],
            ),
            (
                "program = \"/x\"\narguments = [\"{bucket}\"]\nenvironment = \"hidden\"",
                &["`backends.x.environment` is a text: expected a table"],
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(parse_toml(text).1, expected, "{text}");
        }
    }

    #[test]
    fn a_bucket_is_no_option() {
        for good in ["backups", "a/b c", "x;y", "remote:a-b"] {
            assert_eq!(bucket(good), BucketName::Good, "{good}");
        }
        for bad in ["", "-x", "--config=/x", "a\nb", "a\0b"] {
            assert!(matches!(bucket(bad), BucketName::Bad(_)), "{bad:?}");
        }
    }
}
