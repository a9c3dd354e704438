//! Several processes for one configuration: which of the destinations are this one's, and whether it leads.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use sha2::{Digest, Sha256};

/// `[fleet]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fleet {
    /// Which share this process has; `None` where it has all.
    pub shard: Option<Shard>,
    /// What it has to hold to watch any destination; `None` where it need not.
    pub lease: Option<Lease>,
    /// Whether it holds that, as far as is known; `None` without one.
    pub leads: Option<bool>,
}

/// A Lease of Kubernetes, which one process holds at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// Its name; each shard has one of its own.
    pub name: String,
    /// Without it that of the pod, or of the kubeconfig's context.
    pub namespace: Option<String>,
    /// How long others wait for whoever holds it and says nothing, in whole seconds.
    pub duration: Duration,
    /// As of a resolver.
    pub kubeconfig: Option<PathBuf>,
    /// Likewise.
    pub context: Option<String>,
}

/// What a process is among others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Part {
    /// Which share it has; `None` where it has all.
    pub shard: Option<Shard>,
    /// Whether it leads; `None` where it need not.
    pub leads: Option<bool>,
}

impl Fleet {
    /// What this process is in it.
    pub fn part(&self) -> Part {
        Part {
            shard: self.shard,
            leads: self.leads,
        }
    }

    /// Whether another process does the work of this one.
    pub fn stands_by(&self) -> bool {
        self.leads == Some(false)
    }
}

/// One of as many shares of all destinations, written `2/5`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shard {
    number: u16,
    count: u16,
}

impl Shard {
    /// Shares that there may be: who has a destination is found by a hash for each of them.
    pub const MOST: u16 = 1000;

    /// `2/5` is the second of five; `NAME-1/5` too, for a StatefulSet numbers its pods from 0. Where pods stand by,
    /// there are several for each share: `NAME-6/5` is another one of the second.
    ///
    /// # Errors
    /// What is expected instead.
    pub fn parse(text: &str, stands_by: bool) -> Result<Self, String> {
        let example = "such as \"2/5\", or \"NAME-1/5\" with the name of a StatefulSet's pod";
        let Some((which, count)) = text.rsplit_once('/') else {
            return Err(format!("expected a number and a count {example}"));
        };
        let most = Self::MOST;
        let Some(count) = number(count).filter(|count| (1..=most).contains(count)) else {
            return Err(format!(
                "expected a count from 1 to {most} after the `/`, {example}"
            ));
        };
        let last = count - 1;
        if let Some((_, ordinal)) = which.rsplit_once('-') {
            return match number(ordinal) {
                Some(ordinal) if ordinal <= last || stands_by => Ok(Self {
                    number: ordinal % count + 1,
                    count,
                }),
                Some(_) => Err(format!(
                    "expected a pod's name that ends with a number from 0 to {last}: is the count that of the StatefulSet's replicas?"
                )),
                None => Err(format!(
                    "expected a pod's name that ends with `-` and a number from 0 to {last}"
                )),
            };
        }
        match number(which) {
            Some(number) if (1..=count).contains(&number) => Ok(Self { number, count }),
            _ => Err(format!(
                "expected a number from 1 to {count} before the `/`, {example}"
            )),
        }
    }

    /// Which one it is, from 1.
    pub const fn number(self) -> u16 {
        self.number
    }

    /// How many there are.
    pub const fn count(self) -> u16 {
        self.count
    }

    /// Whether it has the destination of this name. Of all shares of one count exactly one does, on
    /// each machine and in each version of ours; and of one share more each destination stays where
    /// it was, or is the new one's.
    pub fn has(self, destination: &str) -> bool {
        owner(destination, self.count) == self.number
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number, self.count)
    }
}

fn number(text: &str) -> Option<u16> {
    let is_plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_plain.then(|| text.parse().ok()).flatten()
}

/// The share that has a destination, by rendezvous: the one whose number has the highest hash together
/// with the name. The hash is SHA-256, of the name's bytes and the number's two, the higher one first;
/// its first eight bytes are compared.
fn owner(destination: &str, count: u16) -> u16 {
    let name = Sha256::new().chain_update(destination);
    let hash = |number: &u16| {
        let hash = name.clone().chain_update(number.to_be_bytes()).finalize();
        let mut first = [0; 8];
        first.copy_from_slice(&hash[..8]);
        u64::from_be_bytes(first)
    };
    (1..=count).max_by_key(hash).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn all(count: u16) -> impl Iterator<Item = Shard> {
        (1..=count).map(move |number| Shard { number, count })
    }

    #[test]
    fn what_is_written_is_understood() {
        for (text, number, count) in [
            ("1/1", 1, 1),
            ("2/5", 2, 5),
            ("1000/1000", 1000, 1000),
            ("s3-exporter-0/5", 1, 5),
            ("s3-exporter-4/5", 5, 5),
            ("a/b-1/2", 2, 2),
        ] {
            let shard = Shard::parse(text, false).unwrap();
            assert_eq!((shard.number(), shard.count()), (number, count), "{text}");
        }
        let seventh = Shard::parse("s3-exporter-6/5", true).unwrap();
        assert_eq!((seventh.number(), seventh.count()), (2, 5));
        assert!(Shard::parse("6/5", true).is_err());
        for (text, expected) in [
            ("", "expected a number and a count"),
            ("2", "expected a number and a count"),
            ("2/", "expected a count from 1 to 1000"),
            ("1/0", "expected a count from 1 to 1000"),
            ("1/1001", "expected a count from 1 to 1000"),
            ("1/99999", "expected a count from 1 to 1000"),
            ("1/+5", "expected a count from 1 to 1000"),
            ("0/5", "expected a number from 1 to 5"),
            ("6/5", "expected a number from 1 to 5"),
            (" 2/5", "expected a number from 1 to 5"),
            ("x/5", "expected a number from 1 to 5"),
            ("/5", "expected a number from 1 to 5"),
            (
                "s3-exporter-5/5",
                "ends with a number from 0 to 4: is the count",
            ),
            ("s3-exporter-x/5", "ends with `-` and a number from 0 to 4"),
            ("-/5", "ends with `-` and a number from 0 to 4"),
        ] {
            let fault = Shard::parse(text, false).unwrap_err();
            assert!(fault.contains(expected), "{text:?}: {fault}");
        }
    }

    /// Processes of two versions, or of two machines, must not disagree: these are for good, and were made
    /// by another program (Python's hashlib).
    #[test]
    fn who_has_what_never_changes() {
        let owners = |count| {
            ["etcd", "velero-eu", "backup-ä", "", "tenants/a"].map(|name| owner(name, count))
        };
        assert_eq!(owners(5), OF_FIVE);
        assert_eq!(owners(1000), OF_A_THOUSAND);
    }
    const OF_FIVE: [u16; 5] = [2, 5, 1, 2, 1];
    const OF_A_THOUSAND: [u16; 5] = [500, 14, 711, 189, 6];

    proptest! {
        #[test]
        fn each_destination_is_at_exactly_one(name in ".{0,40}", count in 1..=50_u16) {
            prop_assert_eq!(all(count).filter(|shard| shard.has(&name)).count(), 1);
        }

        /// So it stays where it is when the last share goes and was not its own, too.
        #[test]
        fn one_share_more_takes_and_nothing_else_moves(name in ".{0,40}", count in 1..=50_u16) {
            let (before, after) = (owner(&name, count), owner(&name, count + 1));
            prop_assert!(after == before || after == count + 1, "{before} {after}");
        }
    }

    /// Of 4000 names each of `count` shares has as many as chance gives it, and a new one takes as many.
    /// The names are fixed: what is within six deviations is so for good.
    #[test]
    fn shares_are_equal_and_a_new_one_takes_its_own() {
        const NAMES: u16 = 4000;
        let names: Vec<_> = (0..NAMES).map(|nth| format!("backup-{nth}")).collect();
        let is_near = |found: usize, shares: u16| {
            let (part, all) = (1.0 / f64::from(shares), f64::from(NAMES));
            let deviation = (all * part * (1.0 - part)).sqrt();
            assert!(
                (found as f64 - all * part).abs() <= 6.0 * deviation,
                "{found} of {all} with {shares} shares"
            );
        };
        for count in [1, 2, 3, 5, 8, 20] {
            let owners: Vec<_> = names.iter().map(|name| owner(name, count)).collect();
            for number in 1..=count {
                let own = owners.iter().filter(|owner| **owner == number);
                is_near(own.count(), count);
            }
            let after = names.iter().map(|name| owner(name, count + 1));
            let moved: Vec<_> = owners.iter().zip(after).filter(|(a, b)| *a != b).collect();
            is_near(moved.len(), count + 1);
            let to: BTreeSet<_> = moved.iter().map(|(_, to)| *to).collect();
            assert_eq!(to, BTreeSet::from([count + 1]));
        }
    }
}
