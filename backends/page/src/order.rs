use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

use s3_exporter_api::Order;

/// The order of a store's listings, as far as the answers over one connection have shown it:
/// evidence. Whether it is relied on, each destination's listing decides.
///
/// Only AWS and MinIO are known to list by UTF-8 bytes; others, such as SeaweedFS, don't,
/// and nothing in a page shows it. A store that was once seen not to stays
/// [`Order::Other`]: listing in sequence is right everywhere.
///
/// A header is no identity: `rclone serve s3` and gofakes3 say that they are AmazonS3, JuiceFS'
/// gateway says MinIO. So what follows a key in a folder is believed of AWS at its own addresses
/// alone ([`Order::Utf8`]), and of all others in the key's own folder ([`Order::Utf8ByFolder`]),
/// where MinIO is right too; and whatever is believed, a scan has its parts prove it.
#[derive(Debug)]
pub struct LearnedOrder {
    /// What the store's order is where it is one.
    in_order: Order,
    /// The user knows better than any answer.
    is_told: bool,
    shown: Mutex<Order>,
    /// Whether an answer said that it is MinIO's.
    is_minio: AtomicBool,
}

impl LearnedOrder {
    /// Of the store at this address. `ordered`: the user said that it lists by UTF-8 bytes,
    /// whatever it answers.
    pub fn new(store_url: &str, ordered: bool) -> Self {
        let in_order = match is_of_aws(store_url) {
            true => Order::Utf8,
            false => Order::Utf8ByFolder,
        };
        Self {
            in_order,
            is_told: ordered,
            shown: Mutex::new(if ordered { in_order } else { Order::Unknown }),
            is_minio: AtomicBool::new(false),
        }
    }

    /// The order, by what is known now.
    pub fn get(&self) -> Order {
        *self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether unfinished uploads can be listed, as far as answers have shown. MinIO of 2026 lists those
    /// under a prefix only where that is a whole key, and none that was begun before it was started
    /// (`findings/minio-unfinished-uploads.sh`): what it shows would be a zero that is none.
    pub fn lists_uploads(&self) -> bool {
        !self.is_minio.load(Relaxed)
    }

    /// Learns from the header `Server` of a good answer.
    pub fn learn(&self, server: Option<&str>) {
        if server.is_some_and(is_minio) {
            self.is_minio.store(true, Relaxed);
        }
        if self.is_told {
            return;
        }
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        *shown = match (*shown, server.is_some_and(lists_by_bytes)) {
            (Order::Unknown, true) => self.in_order,
            (known, true) => known,
            (_, false) => Order::Other,
        };
    }
}

/// Whether the host is one of AWS' own.
fn is_of_aws(url: &str) -> bool {
    let host = url.split_once("://").map_or(url, |(_, rest)| rest);
    let host = host.split(['/', ':']).next().unwrap_or_default();
    [".amazonaws.com", ".amazonaws.com.cn"]
        .iter()
        .any(|domain| host.ends_with(domain))
}

fn lists_by_bytes(server: &str) -> bool {
    server == "AmazonS3" || is_minio(server)
}

fn is_minio(server: &str) -> bool {
    server == "MinIO" || server.starts_with("MinIO/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aws_and_minio_list_by_bytes() {
        for server in ["AmazonS3", "MinIO", "MinIO/RELEASE.2020-01-01T00-00-00Z"] {
            let order = LearnedOrder::new("http://10.0.0.1:9000", false);
            assert_eq!(order.get(), Order::Unknown);
            order.learn(Some(server));
            assert_eq!(order.get(), Order::Utf8ByFolder, "{server}");
            assert_eq!(order.lists_uploads(), server == "AmazonS3", "{server}");
        }
    }

    #[test]
    fn aws_is_known_by_its_address() {
        for (url, in_order) in [
            ("https://s3.eu-central-1.amazonaws.com", Order::Utf8),
            ("https://s3.cn-north-1.amazonaws.com.cn:443/x", Order::Utf8),
            ("https://amazonaws.com.example", Order::Utf8ByFolder),
            (
                "https://proxy.example/s3.amazonaws.com",
                Order::Utf8ByFolder,
            ),
        ] {
            let order = LearnedOrder::new(url, false);
            order.learn(Some("AmazonS3"));
            assert_eq!(order.get(), in_order, "{url}");
        }
    }

    #[test]
    fn any_other_does_not_and_stays_so() {
        for server in [Some("SeaweedFS S3"), Some("nginx"), Some("MinIOx"), None] {
            let order = LearnedOrder::new("http://store", false);
            order.learn(Some("MinIO"));
            order.learn(server);
            order.learn(Some("MinIO"));
            assert_eq!(order.get(), Order::Other, "{server:?}");
        }
    }

    #[test]
    fn the_user_knows_better() {
        let order = LearnedOrder::new("http://store", true);
        order.learn(Some("nginx"));
        assert_eq!(order.get(), Order::Utf8ByFolder);
    }
}
