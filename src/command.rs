//! What the command line can ask for.

pub mod check;
pub mod explain;
pub mod once;
pub mod serve;

use crate::resolver::{Names, Resolution};

/// The first word of a resolver, or its silence after `patience`.
async fn first_word(mut names: Names, patience: std::time::Duration) -> Resolution {
    let waited =
        tokio::time::timeout(patience, names.resolution.wait_for(|now| !now.is_pending())).await;
    drop(waited);
    names.resolution.borrow().clone()
}

/// Why a resolver that has no names has none.
fn failure(resolution: &Resolution) -> &str {
    resolution.failure.as_deref().unwrap_or("no answer yet")
}
