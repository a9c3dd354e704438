use std::sync::atomic::{AtomicU8, Ordering::Relaxed};

use s3_exporter_api::Order;

/// The order of a store's listings, as far as its answers have told.
///
/// Only AWS and MinIO are known to list by UTF-8 bytes; others, such as SeaweedFS, don't,
/// and nothing in a page shows it. A store that was once seen not to stays
/// [`Order::Other`]: listing in sequence is right everywhere.
#[derive(Debug)]
pub struct LearnedOrder(AtomicU8);

const UNKNOWN: u8 = 0;
const UTF8: u8 = 1;
const OTHER: u8 = 2;
const SAID: u8 = 3;

impl LearnedOrder {
    /// `ordered`: the user said that the store lists by UTF-8 bytes, whatever it answers.
    pub const fn new(ordered: bool) -> Self {
        Self(AtomicU8::new(if ordered { SAID } else { UNKNOWN }))
    }

    /// The order, by what is known now.
    pub fn get(&self) -> Order {
        match self.0.load(Relaxed) {
            UNKNOWN => Order::Unknown,
            UTF8 | SAID => Order::Utf8,
            _ => Order::Other,
        }
    }

    /// Learns from the header `Server` of a good answer.
    pub fn learn(&self, server: Option<&str>) {
        if server.is_some_and(lists_by_bytes) {
            let _ = self.0.compare_exchange(UNKNOWN, UTF8, Relaxed, Relaxed);
        } else if self.0.load(Relaxed) != SAID {
            self.0.store(OTHER, Relaxed);
        }
    }
}

fn lists_by_bytes(server: &str) -> bool {
    server == "AmazonS3" || server == "MinIO" || server.starts_with("MinIO/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aws_and_minio_list_by_bytes() {
        for server in ["AmazonS3", "MinIO", "MinIO/RELEASE.2020-01-01T00-00-00Z"] {
            let order = LearnedOrder::new(false);
            assert_eq!(order.get(), Order::Unknown);
            order.learn(Some(server));
            assert_eq!(order.get(), Order::Utf8, "{server}");
        }
    }

    #[test]
    fn any_other_does_not_and_stays_so() {
        for server in [Some("SeaweedFS S3"), Some("nginx"), Some("MinIOx"), None] {
            let order = LearnedOrder::new(false);
            order.learn(Some("MinIO"));
            order.learn(server);
            order.learn(Some("MinIO"));
            assert_eq!(order.get(), Order::Other, "{server:?}");
        }
    }

    #[test]
    fn the_user_knows_better() {
        let order = LearnedOrder::new(true);
        order.learn(Some("nginx"));
        assert_eq!(order.get(), Order::Utf8);
    }
}
