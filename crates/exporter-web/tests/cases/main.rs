//! Who may ask, and how: an exporter of one metric with a web configuration, asked by real
//! clients over real TLS; and what clients may take of it.
#![allow(clippy::unwrap_used)]

mod auth;
mod clients;
mod follow;
mod limits;
mod protocol;
mod site;
