//! What to do about what is wrong: the first thing to look at.

use s3_exporter_api::FailureKind;
use s3_exporter_judge::findings::FindingKind;

/// About what is found wrong with backups.
pub const fn of_finding(kind: FindingKind) -> &'static str {
    match kind {
        FindingKind::Missing => {
            "Look whether the job runs at all, and whether it writes to this bucket and prefix. \
             Nothing can be restored until it has."
        }
        FindingKind::Overdue => {
            "Look at the log of the latest run of the job. If it no longer should run, say so in the \
             configuration, or remove its backups."
        }
        FindingKind::Empty => {
            "Look at the job's log: what it saves was probably not there. Run it again, and restore \
             from the one before."
        }
        FindingKind::Shrunk => {
            "Look whether what is saved became smaller on purpose. If not, the backup lacks a part: \
             run it again."
        }
        FindingKind::Incomplete => {
            "The job was probably killed: look at its log, and for time and disk that it lacks. Run \
             it again; the rest of this try can be removed."
        }
        FindingKind::Truncated => {
            "The upload was cut short: run the job again, and have it fail where what it pipes fails."
        }
        FindingKind::Gap => {
            "Look why the job did not run then. What was not saved in between cannot be restored to \
             that time."
        }
        FindingKind::ChainBroken => {
            "Make a full backup now: what depends on the lost one cannot be restored. Then look what \
             removed it."
        }
        FindingKind::RetentionLow => {
            "Look what removes backups: the tool's own retention, a lifecycle rule of the bucket, or \
             somebody."
        }
        FindingKind::RetentionHigh => {
            "Look at the job that removes old backups: it no longer runs, or is not allowed to delete."
        }
        FindingKind::RetentionStuck => {
            "If no run is at work, unlock the repository (restic unlock), or have the bucket abort \
             uploads that are never finished."
        }
        FindingKind::Orphaned => {
            "If the cluster is gone for good, remove its backups; if not, its name is missing in the \
             resolver."
        }
        FindingKind::Renamed => {
            "Nothing, if it was renamed on purpose; the old backups can go in time."
        }
        FindingKind::Clock => {
            "Set the clock of the machine that makes the backup, or the job's time zone."
        }
        FindingKind::Duplicate => "Look whether two schedulers run the same job.",
        FindingKind::Rewritten => {
            "Somebody or something overwrote old backups: look into the store's access log, and test a \
             restore of an older one."
        }
        FindingKind::Cold => "Plan for the hours that a restore from this storage class takes.",
        FindingKind::Grown => "Look whether what is saved became larger on purpose.",
        FindingKind::MirrorBehind => "Look at the job that copies to this site.",
    }
}

/// About a scan that fails.
pub const fn of_failure(kind: FailureKind) -> &'static str {
    match kind {
        FailureKind::Denied => {
            "Let the access key list this bucket (s3:ListBucket), and compare the clocks of both machines."
        }
        FailureKind::Credentials => {
            "Give it an access key that the store knows, and one that is not expired."
        }
        FailureKind::NotFound => "Look at the bucket's name and at the address of the store.",
        FailureKind::Throttled => "Let fewer requests run at a time, or scan less often.",
        FailureKind::Unavailable => "Look whether the store is well; it is asked again by itself.",
        FailureKind::Timeout => {
            "Look whether the store is slow. A bucket that takes longer needs a longer timeout."
        }
        FailureKind::Connect => {
            "Look whether the address and port are right, and whether a firewall is between."
        }
        FailureKind::Tls => {
            "Look at the store's certificate, and name the authority that signed it."
        }
        FailureKind::Protocol => {
            "Look whether the address is that of a store, and whether a proxy is between."
        }
        FailureKind::Resolver => "Mend the resolver first: without names nothing can be assigned.",
        FailureKind::Internal => "This is a fault of s3-exporter: please report it with the log.",
    }
}
