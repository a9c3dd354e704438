use std::sync::Arc;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// A door before a server: what comes through it can be cut or held up, while the server
/// stays as it is.
pub struct Gate {
    port: u16,
    state: Arc<watch::Sender<State>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Everything passes.
    Open,
    /// Connections are closed at once, those that were open too.
    Closed,
    /// Connections stay, and nothing passes: as behind a firewall that has forgotten them.
    Silent,
}

impl Gate {
    pub async fn before(server: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(watch::Sender::new(State::Open));
        let states = Arc::clone(&state);
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(pass(stream, server, states.subscribe()));
            }
        });
        Self { port, state }
    }

    pub fn endpoint(&self) -> String {
        format!("https://127.0.0.1:{}", self.port)
    }

    pub fn set(&self, state: State) {
        self.state.send_replace(state);
    }
}

async fn pass(mut client: TcpStream, server: u16, mut states: watch::Receiver<State>) {
    loop {
        let state = *states.borrow_and_update();
        match state {
            State::Closed => return,
            State::Silent => {
                let _ = states.changed().await;
            }
            State::Open => break,
        }
    }
    let mut server = TcpStream::connect(("127.0.0.1", server)).await.unwrap();
    loop {
        tokio::select! {
            _ = copy_bidirectional(&mut client, &mut server) => return,
            _ = states.changed() => {}
        }
        while *states.borrow_and_update() == State::Silent {
            let _ = states.changed().await;
        }
        if *states.borrow() == State::Closed {
            return;
        }
    }
}
