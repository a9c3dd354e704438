use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

use s3_exporter_api::Order;

/// What an answer shows of the store that gave it: some of its headers.
#[derive(Clone, Copy, Debug, Default)]
pub struct Evidence<'a> {
    server: Option<&'a str>,
    request_id: Option<&'a str>,
    transaction_id: Option<&'a str>,
}

impl<'a> Evidence<'a> {
    /// Of an answer whose headers this finds, by names in lower case.
    pub fn of(header: impl Fn(&'static str) -> Option<&'a str>) -> Self {
        Self {
            server: header("server"),
            request_id: header("x-amz-request-id"),
            transaction_id: header("x-trans-id"),
        }
    }
}

/// What is believed of a store, and by what.
struct Belief {
    /// Who it is taken for, and by what, for people.
    words: &'static str,
    /// How the host's name ends; empty for any.
    hosts: &'static [&'static str],
    /// Whether an answer is of it.
    is_shown: fn(&Evidence<'_>) -> bool,
    /// How it lists then.
    order: Order,
}

const AWS: &[&str] = &[".amazonaws.com", ".amazonaws.com.cn"];

/// Every belief there is: the first that an answer shows holds. A store has its place here because its
/// order and what follows a key were tried on it (docs/backends.md has how), and because its answers
/// tell it from stores of another order: `Server: nginx`, or none at all as of Garage and s3s, is nobody.
///
/// Nobody's identity is proven by this. A wrong belief costs a listing in parts that is thrown away, once:
/// its parts have to prove that they are complete, whatever is believed. So what follows a key in a folder
/// is asked of AWS alone at any place ([`Order::Utf8`]), and of all others in the key's own folder
/// ([`Order::Utf8ByFolder`]), where MinIO is right too.
const BELIEFS: [Belief; 6] = [
    // AWS: the API's reference of ListObjectsV2 promises the order for general purpose buckets, and that
    // keys of `StartAfter` need not be there. (Directory buckets are told by their names.)
    Belief {
        words: "AWS S3, by its address and the header `Server`",
        hosts: AWS,
        is_shown: |of| of.server == Some("AmazonS3"),
        order: Order::Utf8,
    },
    // `rclone serve s3` 1.75.2 and gofakes3 1.2.0 (2026-11-30): exact, with this header. Or a proxy before AWS.
    Belief {
        words: "AWS S3 or its like, by the header `Server`",
        hosts: &[],
        is_shown: |of| of.server == Some("AmazonS3"),
        order: Order::Utf8ByFolder,
    },
    // MinIO of 2026-02-12 (2026-11-30): `findings/minio-start-after.sh`, exact by folder. JuiceFS' gateway
    // 1.4.2 is built on it, says the same, and is exact (2026-11-30).
    Belief {
        words: "MinIO, by the header `Server`",
        hosts: &[],
        is_shown: |of| of.server.is_some_and(is_minio),
        order: Order::Utf8ByFolder,
    },
    // versitygw 1.8.0 on a file system (2026-11-30): exact. Before another store it has the order of that one.
    Belief {
        words: "versitygw, by the header `Server`",
        hosts: &[],
        is_shown: |of| of.server == Some("VERSITYGW"),
        order: Order::Utf8ByFolder,
    },
    // Swift 2.30.1 with s3api (2026-11-30): exact. It gives the id under its own header, too.
    Belief {
        words: "Swift, by the headers `x-amz-request-id` and `x-trans-id`",
        hosts: &[],
        is_shown: |of| {
            let same = of.request_id.filter(|id| of.transaction_id == Some(*id));
            same.is_some_and(|id| transaction(id).is_some())
        },
        order: Order::Utf8ByFolder,
    },
    // Ceph RGW 16.2.15 (2026-11-30): exact. Later versions have `Server: Ceph Object Gateway (NAME)` as well.
    // Not by `<Type>Normal</Type>` in each `Contents`: an empty page has none, and Alibaba OSS has it too.
    Belief {
        words: "Ceph RGW, by the form of the header `x-amz-request-id`",
        hosts: &[],
        is_shown: |of| of.request_id.is_some_and(is_of_ceph),
        order: Order::Utf8ByFolder,
    },
];

pub(crate) fn is_minio(server: &str) -> bool {
    server == "MinIO" || server.starts_with("MinIO/")
}

/// What follows in an id that begins as `tx`, 21 hexadecimal digits, `-`, and ten of them for the time:
/// the form of OpenStack, and of Ceph, which has taken it over.
fn transaction(id: &str) -> Option<&str> {
    let are_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let (unique, rest) = id.strip_prefix("tx")?.split_at_checked(21)?;
    let (time, rest) = rest.strip_prefix('-')?.split_at_checked(10)?;
    (are_digits(unique) && are_digits(time)).then_some(rest)
}

/// After the time, the gateway's number and its zone.
fn is_of_ceph(id: &str) -> bool {
    let rest = transaction(id).and_then(|rest| rest.strip_prefix('-'));
    let Some((gateway, zone)) = rest.and_then(|rest| rest.split_once('-')) else {
        return false;
    };
    let is_number = !gateway.is_empty() && gateway.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_number && !zone.is_empty()
}

/// The order of a store's listings, as far as the answers over one connection have shown it:
/// evidence. Whether it is relied on, each destination's listing decides.
///
/// Many stores, such as SeaweedFS, list in an order of their own, and nothing in a page shows it. A store
/// whose answer once [showed](Evidence) nobody who is known stays [`Order::Other`]: listing in sequence is
/// right everywhere.
#[derive(Debug)]
pub struct LearnedOrder {
    store_url: String,
    /// The user knows better than any answer.
    told: Option<bool>,
    shown: Mutex<Shown>,
    /// Whether an answer said that it is MinIO's.
    is_minio: AtomicBool,
}

#[derive(Clone, Copy, Debug)]
struct Shown {
    order: Order,
    by: Option<&'static str>,
}

impl LearnedOrder {
    /// Of the store at this address. `ordered`: what the user says of whether it lists by UTF-8 bytes,
    /// whatever it answers; `None` where they leave it to the answers.
    pub fn new(store_url: &str, ordered: Option<bool>) -> Self {
        let (order, by) = match ordered {
            None => (Order::Unknown, None),
            Some(false) => (Order::Other, Some("`ordered = false`")),
            Some(true) if is_at(store_url, AWS) => (Order::Utf8, Some("`ordered = true`")),
            Some(true) => (Order::Utf8ByFolder, Some("`ordered = true`")),
        };
        Self {
            store_url: store_url.to_owned(),
            told: ordered,
            shown: Mutex::new(Shown { order, by }),
            is_minio: AtomicBool::new(false),
        }
    }

    /// The order, by what is known now.
    pub fn get(&self) -> Order {
        self.shown().order
    }

    /// By what it is known, for people; `None` where nothing has shown one.
    pub fn shown_by(&self) -> Option<&'static str> {
        self.shown().by
    }

    /// Whether unfinished uploads can be listed, as far as answers have shown. MinIO of 2026 lists those
    /// under a prefix only where that is a whole key, and none that was begun before it was started
    /// (`findings/minio-unfinished-uploads.sh`): what it shows would be a zero that is none.
    pub fn lists_uploads(&self) -> bool {
        !self.is_minio()
    }

    /// Whether an answer has said that it is MinIO's.
    pub fn is_minio(&self) -> bool {
        self.is_minio.load(Relaxed)
    }

    /// Learns from a good answer.
    pub fn learn(&self, evidence: Evidence<'_>) {
        if evidence.server.is_some_and(is_minio) {
            self.is_minio.store(true, Relaxed);
        }
        if self.told.is_some() {
            return;
        }
        let is_here = |of: &&Belief| of.hosts.is_empty() || is_at(&self.store_url, of.hosts);
        let mut beliefs = BELIEFS.iter().filter(is_here);
        let belief = beliefs.find(|of| (of.is_shown)(&evidence));
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        *shown = match (shown.order, belief) {
            (_, None) => Shown {
                order: Order::Other,
                by: None,
            },
            (Order::Unknown, Some(belief)) => Shown {
                order: belief.order,
                by: Some(belief.words),
            },
            (_, Some(_)) => *shown,
        };
    }

    fn shown(&self) -> Shown {
        *self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether the address' host has a name that ends so.
fn is_at(url: &str, hosts: &[&str]) -> bool {
    let host = url.split_once("://").map_or(url, |(_, rest)| rest);
    let host = host.split(['/', ':']).next().unwrap_or_default();
    hosts.iter().any(|end| host.ends_with(end))
}

#[cfg(test)]
mod tests;
