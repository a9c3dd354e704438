//! What goes wrong around the exporter that is no store's fault: the Kubernetes API that tells
//! the names, and the process itself. The built program with a real kube-apiserver, signals,
//! descriptors and clock. Each test shows what is logged, what the metrics say, that figures
//! stay, that a destination without that trouble goes on, and that all heals by itself.

#[cfg(feature = "kubernetes")]
mod burst;
mod clock;
#[cfg(feature = "kubernetes")]
mod crowd;
mod descriptors;
#[cfg(feature = "kubernetes")]
mod history;
mod panics;
mod process;
mod signals;
mod stage;
#[cfg(feature = "kubernetes")]
mod trouble;

/// One API server for all tests that leave it running; each has a kind of its own there.
#[cfg(feature = "kubernetes")]
async fn kubernetes() -> &'static s3_exporter_testkit::servers::Kubernetes {
    use s3_exporter_testkit::servers::Kubernetes;
    use tokio::sync::OnceCell;
    static SHARED: OnceCell<Kubernetes> = OnceCell::const_new();
    SHARED.get_or_init(Kubernetes::start).await
}

/// At the same time, since they mostly wait; each with an exporter of its own.
#[cfg(feature = "kubernetes")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_api_server_that_is_down_forgets_refuses_and_loses_the_kind() {
    let mut all = tokio::task::JoinSet::new();
    all.spawn(history::down_at_start_and_later_and_410());
    all.spawn(trouble::rights_that_are_taken_and_given_back());
    all.spawn(trouble::a_token_that_expires_and_is_rotated());
    all.spawn(trouble::a_crd_that_is_deleted_and_made_again());
    let mut failed = 0;
    while let Some(ended) = all.join_next().await {
        failed += usize::from(ended.is_err()); // its panic has been printed
    }
    assert_eq!(failed, 0, "of four, failed");
}
