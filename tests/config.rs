//! Configurations through the built program: the faulty ones each give exactly their
//! messages and exit code 2, the good ones are understood, and no secret is ever shown.

#[path = "config/destinations.rs"]
mod destinations;
#[path = "config/environment.rs"]
mod environment;
#[path = "config/file.rs"]
mod file;
#[path = "config/flags.rs"]
mod flags;
#[path = "config/good.rs"]
mod good;
#[path = "config/program.rs"]
mod program;
#[path = "config/stores.rs"]
mod stores;
#[path = "config/values.rs"]
mod values;
