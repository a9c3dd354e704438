//! Tools that write one file a backup.

use super::clue::Clue;
use super::{Chain, Completeness, Layout, Look, Rewrite, Silence, SizeRule, TimeRule};

/// What they have in common where they say nothing else.
pub const ONE_FILE: Layout = Layout {
    name: "",
    signature: "",
    commit: "each object",
    cheap_prefix: "",
    look: Look::None,
    source: "its documents",
    complete: Completeness::OneObject,
    time: TimeRule::Utc,
    chain: Chain::Unknown,
    silence: Silence::Late,
    size: SizeRule::Dump,
    rewrite: Rewrite::Usual,
    job_is_cluster: false,
    is_per_node: false,
    clue: Clue::NAMED,
    needs: &[],
    read: |_| None,
    examples: &[],
};
