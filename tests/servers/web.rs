//! The real exporter with a web configuration. What the server does by one, whatever it serves,
//! is tested in `crates/exporter-web`.

mod crowd;
mod faults;
mod scrape;
mod site;
mod wired;
