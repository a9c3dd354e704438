//! The network between the exporter and a server: it can be cut, and lead to another one.

use std::sync::Arc;
use std::time::Duration;

use s3_exporter_testkit::Port;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

/// Leads connections on.
pub struct Cable {
    port: Arc<Port>,
    target: watch::Sender<Option<String>>,
    task: JoinHandle<()>,
}

impl Cable {
    /// Leads to this address (`http://HOST:PORT`).
    pub fn to(endpoint: &str) -> Self {
        let (target, watching) = watch::channel(address(endpoint));
        let port = Arc::new(Port::take());
        let task = tokio::spawn(lead(Arc::clone(&port), watching));
        Self { port, target, task }
    }

    /// What the exporter connects to.
    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Ends all connections and refuses new ones, or leads to this address from now on.
    pub fn lead(&self, endpoint: Option<&str>) {
        self.target.send_replace(endpoint.and_then(address));
    }
}

impl Drop for Cable {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn address(endpoint: &str) -> Option<String> {
    endpoint.strip_prefix("http://").map(str::to_owned)
}

async fn lead(port: Arc<Port>, mut target: watch::Receiver<Option<String>>) {
    loop {
        let to = target.borrow_and_update().clone();
        let Some(to) = to else {
            if target.changed().await.is_err() {
                return;
            }
            continue;
        };
        // The connections of before may still be on their way out.
        let Ok(listener) = TcpListener::bind(("127.0.0.1", port.number())).await else {
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                accepted = listener.accept() => {
                    while connections.try_join_next().is_some() {}
                    let (Ok((mut client, _)), to) = (accepted, to.clone()) else { continue };
                    connections.spawn(async move {
                        if let Ok(mut server) = TcpStream::connect(to).await {
                            let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
                        }
                    });
                }
                changed = target.changed() => match changed {
                    Ok(()) => break,
                    Err(_) => return,
                },
            }
        }
    }
}
