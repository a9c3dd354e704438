//! Who may ask, and how: the real exporter with a web configuration, asked by real clients
//! over real TLS; and what clients may take of it.

mod auth;
mod clients;
mod crowd;
mod curl;
mod faults;
mod follow;
mod limits;
mod parse;
mod protocol;
mod scrape;
mod site;
