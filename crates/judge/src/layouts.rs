//! What a key is: which tool wrote it, of which job and backup it is a piece, and what it says of
//! the time. Each tool is one entry of one table.

use std::fmt;
use std::sync::Arc;

mod barman;
mod clue;
mod dump;
mod duplicacy;
mod duplicity;
mod etcd_manager;
mod gardener;
mod gitlab;
mod images;
mod k3s;
mod kopia;
mod kubermatic;
mod litestream;
mod longhorn;
mod mariadb_operator;
mod one_file;
mod pattern;
mod percona;
mod pgbackrest;
mod postgres;
mod proxmox;
mod rancher;
mod reading;
mod restic;
mod rules;
mod suffix;
mod talos;
#[cfg(test)]
mod tests;
mod text;
mod time;
mod vault;
mod velero;
mod victoria_metrics;
mod wal_g;

pub use clue::Clue;
pub use pattern::{Pattern, PatternFault, PatternField, PatternSpec};
pub use reading::{
    Alike, Another, KeyTime, Kind, Never, ONE_OFF, Order, Part, Piece, Reading, Rest, Role,
    TimeForm,
};
pub use rules::{Chain, Completeness, Look, Rewrite, Silence, SizeRule, TimeRule};
pub(crate) use time::EPOCH;

/// How a tool lays out its backups: one entry of the table. Whoever folds or judges asks these
/// rules, and never for the name of a tool.
pub struct Layout {
    /// As users write it in `layout = "..."`, and as it is shown.
    pub name: &'static str,
    /// What tells that a key is of this tool, in words.
    pub signature: &'static str,
    /// What makes a backup whole, in words.
    pub commit: &'static str,
    /// The prefix, below the root, whose listing alone shows the newest whole backup, in words;
    /// empty where there is none.
    pub cheap_prefix: &'static str,
    /// How a look finds newer whole backups.
    pub look: Look,
    /// From where this is known: by running the tool, or from its source or documents.
    pub source: &'static str,
    /// What makes a backup whole.
    pub complete: Completeness,
    /// From where the time of a backup comes.
    pub time: TimeRule,
    /// On which other backups one depends.
    pub chain: Chain,
    /// What the absence of a new backup means.
    pub silence: Silence,
    /// What sizes tell.
    pub size: SizeRule,
    /// What it means that an object that was there before has a newer last-modified.
    pub rewrite: Rewrite,
    /// Whether a job is what users call a cluster, where its names are asked for: a server, a stanza.
    pub job_is_cluster: bool,
    /// Whether each node of a cluster makes its own: several of about one time are no duplicates.
    pub is_per_node: bool,
    /// Only keys that have any of these signs are of this tool.
    pub clue: Clue,
    /// A root is of this tool only where it has at least one of each of these; else nothing in it
    /// was of the tool. For forms of keys that others may have too.
    pub needs: &'static [Never],
    /// Reads a key below the destination's prefix; `None` where it is not of this tool.
    pub read: for<'k> fn(&'k [u8]) -> Option<Reading<'k>>,
    /// Keys and what is read in them: each is a test.
    pub examples: &'static [Example],
}

impl Layout {
    /// What is known of nothing: what a layout says nothing else of.
    pub const NOTHING: Self = Self {
        name: "",
        signature: "",
        commit: "",
        cheap_prefix: "",
        look: Look::None,
        source: "",
        complete: Completeness::Unknown,
        time: TimeRule::LastModified,
        chain: Chain::Unknown,
        silence: Silence::Unknown,
        size: SizeRule::Nothing,
        rewrite: Rewrite::Usual,
        job_is_cluster: false,
        is_per_node: false,
        clue: Clue::ANY,
        needs: &[],
        read: |_| None,
        examples: &[],
    };
}

impl fmt::Debug for Layout {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "Layout({})", self.name)
    }
}

/// A layout is told by its name.
impl PartialEq for Layout {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Layout {}

/// The layouts that are recognised by a key alone, the strongest signature first: the first one
/// that reads a key is its.
pub static ALL: &[&Layout] = &[
    // It owns whole folders, whatever the names in them.
    &pgbackrest::PGBACKREST,
    &restic::RESTIC,
    &duplicacy::DUPLICACY,
    &kopia::KOPIA,
    &wal_g::SPILO,
    &wal_g::WAL_G,
    &wal_g::WAL_G_STREAM,
    &barman::BARMAN,
    &victoria_metrics::VMBACKUPMANAGER,
    &victoria_metrics::VMBACKUP,
    &litestream::LITESTREAM,
    &litestream::LITESTREAM_0_3,
    &longhorn::LONGHORN,
    &duplicity::DUPLICITY,
    &velero::VELERO,
    &gardener::GARDENER,
    &etcd_manager::ETCD_MANAGER,
    &percona::PBM,
    &percona::XTRADB,
    &kubermatic::KUBERMATIC,
    &k3s::K3S,
    &talos::TALOS,
    &talos::OMNI,
    &rancher::RANCHER,
    &vault::VAULT,
    &gitlab::GITLAB,
    &proxmox::PROXMOX,
    &mariadb_operator::MARIADB_OPERATOR,
    &images::DATABACKER,
    &images::OFFEN,
    &images::NFRASTACK,
    &postgres::ZALANDO,
    &postgres::POSTGRES_BACKUP_LOCAL,
    &dump::DUMP,
    &dump::FOLDER,
];

/// Those that have a form of their own and may read a key of which this is seen: not those that read any
/// name with a time in it, which are the last.
fn own_forms(seen: Clue) -> impl Iterator<Item = &'static Layout> {
    let all = match seen.is_nothing() {
        true => &[],
        false => &ALL[..ALL.len() - 2],
    };
    let all = all.iter().copied();
    all.filter(move |layout| layout.clue.meets(seen))
}

/// The layout of this name.
pub fn named(name: &str) -> Option<&'static Layout> {
    ALL.iter().copied().find(|layout| layout.name == name)
}

/// By which name a layout is kept over a restart.
pub(crate) fn kept_name(layout: &'static Layout) -> &'static str {
    pattern::kept_name(layout)
}

/// The layout that was kept by this name: those of users' own patterns have no other.
pub(crate) fn kept(name: &str) -> Option<&'static Layout> {
    named(name).or_else(|| pattern::kept(name))
}

/// The names of all layouts, as users write them.
pub fn names() -> impl Iterator<Item = &'static str> {
    ALL.iter().map(|layout| layout.name)
}

/// By which layouts keys are read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum LayoutChoice {
    /// By all of them: the first whose form a key has.
    #[default]
    Auto,
    /// By this one alone.
    One(&'static Layout),
    /// By a user's own pattern alone.
    Pattern(Arc<Pattern>),
}

impl LayoutChoice {
    /// What a key is, and of which layout. `key` begins after the destination's prefix, or after
    /// the cluster's name and its separator where that is known. Folder objects are nothing.
    pub fn read<'k>(&self, key: &'k [u8]) -> Option<(&'static Layout, Reading<'k>)> {
        if key.ends_with(b"/") {
            return None;
        }
        match self {
            Self::Auto => {
                let mut own = own_forms(Clue::of(key));
                own.find_map(|layout| Some((layout, (layout.read)(key)?)))
                    .or_else(|| dump::read(key))
            }
            Self::One(layout) => Some((*layout, (layout.read)(key)?)),
            Self::Pattern(pattern) => pattern.read(key),
        }
    }

    /// Whether a tool's own form is read at any of `starts`: not a time in a name alone.
    pub fn is_own_form(&self, key: &[u8], starts: &[usize]) -> bool {
        let is_own = |start: &usize| {
            let key = key.get(*start..).unwrap_or_default();
            let mut own = own_forms(Clue::of(key));
            own.any(|layout| (layout.read)(key).is_some())
        };
        matches!(self, Self::Auto) && starts.iter().any(is_own)
    }

    /// Whether [that](Self::is_own_form) may be of a key that differs from this one in digits alone.
    pub fn may_be_own_form(&self, key: &[u8], starts: &[usize]) -> bool {
        let may_be = |start: &usize| {
            let key = key.get(*start..).unwrap_or_default();
            own_forms(Clue::of_other_digits(key)).next().is_some()
        };
        matches!(self, Self::Auto) && starts.iter().any(may_be)
    }

    /// What a key is that begins at any of `starts`, and at which: a tool's own folder may stand in a
    /// destination's prefix (`backups/`, `snapshots/`), or a cluster's name in the middle of what
    /// the tool wrote. The later start is the better one; but a time in a name is no tool's own form.
    pub fn read_from<'k>(
        &self,
        key: &'k [u8],
        starts: &[usize],
    ) -> Option<(usize, &'static Layout, Reading<'k>)> {
        let at = |start: usize| {
            let (layout, reading) = self.read(key.get(start..)?)?;
            Some((start, layout, reading))
        };
        let last = at(*starts.last()?);
        let is_own = |found: &(usize, &Layout, Reading<'_>)| found.1.clue != Clue::ANY;
        if last.as_ref().is_some_and(is_own) || matches!(self, Self::Pattern(_)) {
            return last;
        }
        let before = starts.iter().rev().skip(1).filter_map(|start| at(*start));
        before.into_iter().find(is_own).or(last)
    }
}

/// A key of a layout and what is read in it, for tests and docs.
#[derive(Clone, Copy, Debug)]
pub struct Example {
    /// The key.
    pub key: &'static str,
    /// Root, job and what it is, as the test writes it.
    pub read: &'static str,
}
