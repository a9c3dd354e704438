use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

/// Several nodes behind one address, as behind a load balancer that looks at connections only:
/// each connection goes to the node whose turn it is, and stays with it. Runs until dropped,
/// or until the runtime ends that it was started in.
#[derive(Debug)]
pub struct Balancer {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    task: JoinHandle<()>,
}

#[derive(Debug)]
struct State {
    nodes: Vec<SocketAddr>,
    next: usize,
    only: Option<usize>,
    /// How many each node got.
    connections: Vec<u64>,
}

impl Balancer {
    /// Stands before the nodes at these addresses (http). The first connection goes to the
    /// first one.
    pub async fn start(nodes: &[&str]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let nodes: Vec<_> = nodes
            .iter()
            .map(|node| node.trim_start_matches("http://").parse().unwrap())
            .collect();
        let state = Arc::new(Mutex::new(State {
            next: 0,
            only: None,
            connections: vec![0; nodes.len()],
            nodes,
        }));
        Self {
            address: listener.local_addr().unwrap(),
            task: tokio::spawn(accept(listener, Arc::clone(&state))),
            state,
        }
    }

    /// Its address.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// New connections go to this node, until `None` is given: then to one after another again.
    pub fn send_to(&self, node: Option<usize>) {
        lock(&self.state).only = node;
    }

    /// How many connections each node got so far over which something was said.
    pub fn connections(&self) -> Vec<u64> {
        lock(&self.state).connections.clone()
    }
}

impl Drop for Balancer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn accept(listener: TcpListener, state: Arc<Mutex<State>>) {
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        let Ok((mut client, _)) = listener.accept().await else {
            continue;
        };
        let state = Arc::clone(&state);
        connections.spawn(async move {
            let _ = client.set_nodelay(true);
            // One that is made to see whether it can be had says nothing, and takes no turn.
            if !client.peek(&mut [0]).await.is_ok_and(|bytes| bytes > 0) {
                return;
            }
            let address = lock(&state).choose();
            if let Ok(mut node) = TcpStream::connect(address).await {
                let _ = node.set_nodelay(true);
                let _ = copy_bidirectional(&mut client, &mut node).await;
            }
        });
    }
}

impl State {
    fn choose(&mut self) -> SocketAddr {
        let node = self.only.unwrap_or(self.next % self.nodes.len());
        self.next = node + 1;
        self.connections[node] += 1;
        self.nodes[node]
    }
}
