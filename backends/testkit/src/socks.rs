use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};

/// A SOCKS5 proxy (RFC 1928, 1929) that writes down where it was asked to connect to. Every
/// name is to it one of this machine.
pub struct Socks {
    address: String,
    targets: Arc<Mutex<Vec<String>>>,
}

impl Socks {
    /// Who may use it.
    pub const USER: &str = "user";
    /// With this password.
    pub const PASSWORD: &str = "p@ss";

    /// Starts it on a free port of 127.0.0.1, for as long as the runtime lasts.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let targets = Arc::<Mutex<Vec<String>>>::default();
        let seen = Arc::clone(&targets);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let seen = Arc::clone(&seen);
                // One that breaks off is the client's affair.
                tokio::spawn(async move {
                    let _ = serve(stream, &seen).await;
                });
            }
        });
        Self { address, targets }
    }

    /// Its address with user and password, as one writes it into `ALL_PROXY`.
    pub fn url(&self, scheme: &str) -> String {
        format!("{scheme}://{}:p%40ss@{}", Self::USER, self.address)
    }

    /// Where it was asked to connect to, in the order of time.
    pub fn targets(&self) -> Vec<String> {
        self.targets.lock().unwrap().clone()
    }
}

async fn serve(mut client: TcpStream, seen: &Mutex<Vec<String>>) -> std::io::Result<()> {
    client.read_u8().await?;
    text(&mut client).await?; // the ways to log in
    client.write_all(&[5, 2]).await?;
    client.read_u8().await?;
    let (user, password) = (text(&mut client).await?, text(&mut client).await?);
    let known = user == Socks::USER && password == Socks::PASSWORD;
    client.write_all(&[1, u8::from(!known)]).await?;
    let mut head = [0; 4];
    client.read_exact(&mut head).await?;
    let host = match head[3] {
        1 => std::net::Ipv4Addr::from_bits(client.read_u32().await?).to_string(),
        _ => text(&mut client).await?,
    };
    let port = client.read_u16().await?;
    seen.lock().unwrap().push(format!("{host}:{port}"));
    let server = TcpStream::connect(("127.0.0.1", port)).await;
    let refused = u8::from(server.is_err()) * 5;
    client
        .write_all(&[5, refused, 0, 1, 0, 0, 0, 0, 0, 0])
        .await?;
    copy_bidirectional(&mut client, &mut server?).await?;
    Ok(())
}

/// A length and as many bytes.
async fn text(client: &mut TcpStream) -> std::io::Result<String> {
    let mut bytes = vec![0; client.read_u8().await?.into()];
    client.read_exact(&mut bytes).await?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
