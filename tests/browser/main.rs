//! The status page in a real browser: Chromium, through WebDriver. A binary of its own: where `thirtyfour`
//! is used, `string + &string` does not compile any more, as it adds other things to a `String`.
#![allow(clippy::unwrap_used)] // a test that can't go on ends with the place where it happened

mod access;
mod client;
#[path = "../common/mod.rs"]
mod common;
mod crowd;
mod hostile;
mod keyboard;
mod layout;
mod live;
mod pictures;
mod stage;
mod states;
mod table;
mod window;
