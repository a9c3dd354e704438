//! What people and programs are shown of a snapshot: what it says ([`Status`]), as a page and
//! as JSON.

pub mod html;
mod status;

pub use status::*;

/// The status as JSON.
///
/// # Errors
/// None that is known: a fault of ours.
pub fn json(status: &Status<'_>) -> serde_json::Result<Vec<u8>> {
    serde_json::to_vec(status)
}
