//! `report`: lists once, and says of each backup job what is there, what is wrong, since when and
//! why. Scanning and judging are those of `serve`; with a state folder it goes on from what is kept
//! there, and writes nothing.

use std::io::IsTerminal;

use s3_exporter_api::UnixTime;
use s3_exporter_config::ConfigError;
use s3_exporter_judge::findings::Severity;

use crate::command::{choice, progress};
use crate::config::Config;
use crate::logging;
use crate::supervisor::Supervisor;

pub mod contents;
pub mod markdown;
pub mod text;

pub use contents::Report;

/// How a report is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// For people, in 80 columns.
    #[default]
    Text,
    /// For programs: a contract.
    Json,
    /// For a ticket.
    Markdown,
}

/// What is asked for beside the destinations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// How it is written.
    pub format: Format,
    /// From which severity on a finding makes the exit code 1.
    pub fail_on: Severity,
}

impl Options {
    /// What the flags say; an empty value means unset.
    ///
    /// # Errors
    /// Every value that is none of those that there are.
    pub fn parse(format: Option<&str>, fail_on: Option<&str>) -> Result<Self, Vec<ConfigError>> {
        let mut faults = Vec::new();
        let formats = [
            ("text", Format::Text),
            ("json", Format::Json),
            ("markdown", Format::Markdown),
        ];
        let severities = [Severity::Warning, Severity::Critical].map(|of| (of.as_str(), of));
        let format = choice("--format", format, &formats, &mut faults);
        let fail_on = choice("--fail-on", fail_on, &severities, &mut faults);
        if !faults.is_empty() {
            return Err(faults);
        }
        Ok(Self {
            format: format.unwrap_or_default(),
            fail_on: fail_on.unwrap_or(Severity::Critical),
        })
    }
}

/// What came of it.
#[derive(Debug)]
pub struct Outcome {
    /// The report, as it is to be printed: nothing in it does anything to a terminal but colours.
    pub text: String,
    /// Whether every scan was complete, and no finding as grave as it was to be told of.
    pub success: bool,
}

/// Lists every destination once, and reports.
pub async fn report(config: &Config, options: Options) -> Outcome {
    let mut supervisor = Supervisor::new(config);
    if let Some(directory) = &config.state_directory {
        supervisor.recall(directory);
    }
    let source = supervisor.snapshots();
    progress::during(source.clone(), &config.log, supervisor.run_once()).await;
    let snapshot = source.snapshot();
    let report = Report::new(&snapshot, UnixTime::now());
    let text = match options.format {
        Format::Text => {
            let has_colours = logging::has_colours(std::io::stdout().is_terminal());
            text::render(&report, has_colours)
        }
        Format::Json => report.to_json(),
        Format::Markdown => markdown::render(&report),
    };
    Outcome {
        text,
        success: report.is_below(options.fail_on),
    }
}
