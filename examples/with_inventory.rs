//! The exporter with the backend for reports (`docs/scale.md`), which is off by default: as
//! `cargo build --features inventory` builds it.

use std::process::ExitCode;

use s3_exporter_inventory::PLUGIN;

/// The exporter's own `main`, with one plug-in more.
fn main() -> ExitCode {
    let mut plugins = s3_exporter::wire::plugins();
    plugins
        .left_out_backends
        .retain(|name| *name != PLUGIN.name);
    if !plugins
        .backends
        .iter()
        .any(|plugin| plugin.name == PLUGIN.name)
    {
        plugins.backends.push(PLUGIN);
    }
    s3_exporter::command::run(&plugins)
}
