//! One node of several is ill, behind an address at which connections stay with their node.

use super::*;
use crate::Balancer;

/// Two nodes with the same ten objects.
struct Nodes {
    first: S3sServer,
    second: S3sServer,
    balancer: Balancer,
}

impl Nodes {
    async fn start() -> Self {
        let (first, second) = (server(), server());
        let nodes = [&*first.endpoint(), &*second.endpoint()];
        Self {
            balancer: Balancer::start(&nodes).await,
            first,
            second,
        }
    }

    async fn backend(&self, plugin: &BackendPlugin) -> Arc<dyn Backend> {
        let soon = [("request_timeout", "500ms")];
        backend(plugin, &self.balancer.endpoint(), &soon).await
    }

    /// Requests that each node got.
    fn requests(&self) -> (u64, u64) {
        (
            self.first.faults().requests(),
            self.second.faults().requests(),
        )
    }

    /// So many connections to the first node are kept, each of which has answered well.
    async fn keep_connections(&self, backend: &Arc<dyn Backend>, wanted: u64) {
        self.balancer.send_to(Some(0));
        self.first.faults().delay(Duration::from_millis(50));
        while self.balancer.connections()[0] < wanted {
            let requests = (0..wanted).map(|_| list(backend));
            for listed in futures::future::join_all(requests).await {
                listed.well();
            }
        }
        self.first.faults().delay(Duration::ZERO);
        self.balancer.send_to(Some(1));
    }
}

/// What a node may do, and whether it is asked again.
fn illnesses() -> [(Fault, bool); 9] {
    let page = |status| Fault::Answer {
        status,
        headers: vec![("content-type".to_owned(), "text/html".to_owned())],
        body: "<html><body>Bad Gateway</body></html>".into(),
    };
    let endless = Fault::Endless {
        status: 200,
        announced: None,
    };
    [
        (Fault::error(500, "InternalError", "We are ill."), true),
        (Fault::error(503, "SlowDown", "Ask less."), true),
        (Fault::error(501, "NotImplemented", "Not by me."), false),
        (page(502), true),
        (page(200), true),
        (Fault::Truncate, true),
        (Fault::Cut, true),
        (Fault::Silence, true),
        (endless, false),
    ]
}

/// What comes after the answer of an ill node, the next try or the next listing, comes over a new
/// connection, though others are kept: they may lead to that node too.
pub async fn an_ill_node(plugin: &BackendPlugin) {
    for (illness, is_asked_again) in illnesses() {
        let nodes = Nodes::start().await;
        let backend = nodes.backend(plugin).await;
        nodes.keep_connections(&backend, 3).await;
        nodes.first.faults().always(Some(illness.clone()));
        let (before, _) = nodes.requests();
        let listed = list(&backend).await;
        let attempts = listed.meter.attempts(Operation::ListObjectsV2);
        if is_asked_again {
            listed.well();
            assert_eq!(attempts, 2, "{illness:?}");
        } else {
            assert!(listed.result.is_err(), "{illness:?}");
            assert_eq!(attempts, 1, "{illness:?}");
        }
        for _ in 0..3 {
            list(&backend).await.well();
        }
        let wanted = (before + 1, 3 + u64::from(is_asked_again));
        assert_eq!(nodes.requests(), wanted, "{illness:?}");
        // And a connection that is good is kept, if not the first one.
        assert!(nodes.balancer.connections()[1] <= 2, "{illness:?}");
    }
}

/// A refusal says nothing against the node that it comes from.
pub async fn a_refusal_keeps_connections(plugin: &BackendPlugin) {
    let nodes = Nodes::start().await;
    let backend = nodes.backend(plugin).await;
    list(&backend).await.well();
    let denied = Fault::error(403, "AccessDenied", "Access Denied");
    nodes.first.faults().next([Some(denied)]);
    list(&backend).await.failed(FailureKind::Denied, 1);
    list(&backend).await.well();
    assert_eq!(nodes.balancer.connections(), [1, 0]);
}

/// A node that hangs until the scan, rather than the request, has taken too long.
pub async fn a_node_that_hangs_until_a_scan_is_given_up(plugin: &BackendPlugin) {
    let nodes = Nodes::start().await;
    let endpoint = nodes.balancer.endpoint();
    let backend = backend(plugin, &endpoint, &[("request_timeout", "60s")]).await;
    nodes.keep_connections(&backend, 3).await;
    nodes.first.faults().always(Some(Fault::Silence));
    let meter = Arc::default();
    let (request, mut page) = (list_request(&meter), Page::new());
    tokio::select! {
        _ = backend.list_page(&request, &mut page) => panic!("nobody answers"),
        () = nodes.first.faults().stalled(1) => {}
    }
    let listed = list(&backend).await;
    assert_eq!(listed.meter.attempts(Operation::ListObjectsV2), 1);
    listed.well();
}

/// All tries of one listing may meet the ill node; the next listing is on new connections, too.
pub async fn an_ill_node_that_all_tries_meet(plugin: &BackendPlugin) {
    let nodes = Nodes::start().await;
    let backend = nodes.backend(plugin).await;
    nodes.balancer.send_to(Some(0));
    let ill = Fault::error(500, "InternalError", "We are ill.");
    nodes.first.faults().always(Some(ill));
    list(&backend).await.failed(FailureKind::Unavailable, 4);
    assert_eq!(nodes.balancer.connections(), [4, 0], "one for each try");
    nodes.balancer.send_to(Some(1));
    let listed = list(&backend).await;
    assert_eq!(listed.meter.attempts(Operation::ListObjectsV2), 1);
    listed.well();
}
