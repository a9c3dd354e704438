//! The exporter's command line.

use std::process::ExitCode;

fn main() -> ExitCode {
    s3_exporter::command::run(&s3_exporter::wire::plugins())
}
