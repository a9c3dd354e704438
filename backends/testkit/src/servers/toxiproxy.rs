use reqwest::{Client, Method};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::process::data_folder;
use crate::s3_client::http_client;
use crate::{Port, Process};

/// A toxiproxy server: it stands between TCP clients and servers, and spoils what passes.
pub struct Toxiproxy {
    // In the order in which they must go.
    _process: Process,
    api: Api,
    _port: Port,
    _folder: TempDir,
}

/// One address of a [`Toxiproxy`], before one server.
pub struct Link {
    name: String,
    port: Port,
    api: Api,
}

#[derive(Clone)]
struct Api {
    http: Client,
    url: String,
}

impl Toxiproxy {
    /// Starts it.
    ///
    /// # Panics
    /// When it is not installed or does not come up.
    pub async fn start() -> Self {
        let folder = data_folder();
        let port = Port::take();
        let number = port.to_string();
        let arguments = ["-host", "127.0.0.1", "-port", &number];
        let environment = [("LOG_LEVEL", "error")];
        let mut process =
            Process::serve("toxiproxy-server", &arguments, &environment, folder.path());
        let api = Api {
            http: http_client(None),
            url: format!("http://127.0.0.1:{port}"),
        };
        let version = api.http.get(format!("{}/version", api.url));
        process
            .until("it answers", || async {
                let answer = version.try_clone().unwrap().send().await;
                answer.is_ok_and(|answer| answer.status().is_success())
            })
            .await;
        Self {
            _process: process,
            api,
            _port: port,
            _folder: folder,
        }
    }

    /// A new address before the server at `endpoint` (`http://127.0.0.1:9000`).
    pub async fn before(&self, name: &str, endpoint: &str) -> Link {
        let port = Port::take();
        let (_, upstream) = endpoint.split_once("://").unwrap();
        let proxy = json!({
            "name": name,
            "listen": format!("127.0.0.1:{port}"),
            "upstream": upstream,
            "enabled": true,
        });
        self.api.send(Method::POST, "/proxies", Some(proxy)).await;
        Link {
            name: name.to_owned(),
            port,
            api: self.api.clone(),
        }
    }
}

impl Link {
    /// Its address, to be used instead of the store's.
    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Ends all connections and refuses new ones, or takes them again.
    pub async fn enable(&self, enabled: bool) {
        let path = format!("/proxies/{}", self.name);
        let change = json!({ "enabled": enabled });
        self.api.send(Method::POST, &path, Some(change)).await;
    }

    /// Adds a toxic: its type (`slicer`), `downstream` for answers or `upstream` for
    /// requests, and its attributes as toxiproxy names them.
    pub async fn add(&self, kind: &str, stream: &str, attributes: Value) {
        let path = format!("/proxies/{}/toxics", self.name);
        let toxic = json!({ "type": kind, "stream": stream, "attributes": attributes });
        self.api.send(Method::POST, &path, Some(toxic)).await;
    }

    /// Takes a toxic away again.
    pub async fn remove(&self, kind: &str, stream: &str) {
        let path = format!("/proxies/{}/toxics/{kind}_{stream}", self.name);
        self.api.send(Method::DELETE, &path, None).await;
    }
}

impl Api {
    async fn send(&self, method: Method, path: &str, body: Option<Value>) {
        let url = format!("{}{path}", self.url);
        let mut request = self.http.request(method, &url);
        if let Some(body) = body {
            request = request.body(body.to_string());
        }
        let answer = request.send().await.unwrap();
        let status = answer.status();
        let text = answer.text().await.unwrap_or_default();
        assert!(status.is_success(), "toxiproxy {url}: {status} {text}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::S3sServer;

    #[tokio::test]
    async fn what_passes_is_spoiled_as_it_is_told() {
        let toxiproxy = Toxiproxy::start().await;
        let server = S3sServer::start();
        let link = toxiproxy.before("it", &server.endpoint()).await;
        let ask = async || http_client(None).get(link.endpoint()).send().await;
        assert_eq!(ask().await.unwrap().status(), 403);
        link.enable(false).await;
        assert!(ask().await.unwrap_err().is_connect());
        link.enable(true).await;
        link.add("limit_data", "downstream", json!({ "bytes": 10 }))
            .await;
        assert!(ask().await.is_err());
        link.remove("limit_data", "downstream").await;
        assert_eq!(ask().await.unwrap().status(), 403);
    }
}
