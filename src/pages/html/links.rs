//! Where things are, relative to the page that links there: it may be served under any path of a
//! proxy.

use s3_exporter_judge::findings::FindingKind;

use super::write::Segment;

/// How a page gets to the root: `""`, `"../"` or `"../../"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Base(pub &'static str);

impl Base {
    /// Of `/` and `/status`.
    pub const OVERVIEW: Self = Self("");
    /// Of `/status/NAME`.
    pub const DESTINATION: Self = Self("../");
    /// Of `/status/NAME/CLUSTER`, where the cluster may be empty.
    pub const CLUSTER: Self = Self("../../");

    /// A destination.
    pub fn destination(self, name: &str) -> String {
        match is_step(name) {
            true => format!("{}status?q={}", self.0, Segment(name)),
            false => format!("{}status/{}", self.0, Segment(name)),
        }
    }

    /// The clusters of a destination with such a finding.
    pub fn finding(self, destination: &str, kind: FindingKind) -> String {
        format!(
            "{}?finding={}",
            self.destination(destination),
            kind.as_str()
        )
    }

    /// A cluster at a destination; a job of no cluster by its name.
    pub fn cluster(self, destination: &str, cluster: &str, job: Option<&str>) -> String {
        let destination = self.destination(destination);
        match (cluster, job) {
            ("", Some(job)) => format!("{destination}/?job={}", Segment(job)),
            ("", None) => format!("{destination}/"),
            (name, _) if is_step(name) => format!("{destination}?q={}", Segment(name)),
            (name, _) => format!("{destination}/{}", Segment(name)),
        }
    }
}

/// Whether browsers take it for a step in a path, however it is written.
fn is_step(name: &str) -> bool {
    matches!(name, "." | "..")
}
