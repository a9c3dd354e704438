//! Configurations through the built program: the faulty ones each give exactly their
//! messages and exit code 2, the good ones are understood, and no secret is ever shown.

mod destinations;
mod environment;
mod file;
mod flags;
mod fleet;
mod good;
mod modules;
mod stores;
mod values;
