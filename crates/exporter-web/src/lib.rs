//! A web server for Prometheus exporters: what stands between a scrape and whoever answers it.
//! It knows nothing of what is served.
//!
//! - The web configuration file of the Prometheus
//!   [exporter-toolkit](https://github.com/prometheus/exporter-toolkit/blob/master/docs/web-configuration.md):
//!   TLS, certificates of clients, passwords, response headers. It and the files that it names
//!   are followed while they change ([`WebConfig`]).
//! - Limits, so that no client takes what another needs: connections, time, memory, and the
//!   CPU time that passwords take ([`Limits`]).
//! - A probe of a server that runs on this machine, by what its configuration says ([`probe`]).
//! - A graceful end: answers that are under way are finished, for a moment.
//!
//! An exporter is a [`tower::Service`], such as a router of axum's. A program that serves
//! `/metrics` as a web configuration file says, until Ctrl-C:
//!
//! ```
//! # use std::io::{Read, Write};
//! # use std::net::TcpStream;
//! use std::{path::Path, sync::Arc};
//!
//! use axum::{Router, routing::get};
//! use s3_exporter_web::{Limits, WebConfig, bind, serve};
//! use tokio_util::sync::CancellationToken;
//!
//! # let folder = tempfile::tempdir()?;
//! # std::env::set_current_dir(&folder)?;
//! # let file = "http_server_config: {headers: {X-Frame-Options: deny}}";
//! # std::fs::write("web.yml", file)?;
//! # let runtime = tokio::runtime::Runtime::new()?;
//! # runtime.block_on(async {
//! let metrics = Router::new().route("/metrics", get(async || "up 1\n"));
//! let web = WebConfig::open(Path::new("web.yml")).map_err(|faults| faults[0].to_string())?;
//! let listeners = bind("127.0.0.1:0", false)?;
//! let stop = CancellationToken::new();
//! let interrupted = stop.clone();
//! tokio::spawn(async move { tokio::signal::ctrl_c().await.map(|()| interrupted.cancel()) });
//! # let (address, asked) = (listeners[0].socket.local_addr()?, stop.clone());
//! # let scrape = std::thread::spawn(move || {
//! #     let mut stream = TcpStream::connect(address)?;
//! #     stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")?;
//! #     let mut answer = String::new();
//! #     stream.read_to_string(&mut answer)?;
//! #     asked.cancel();
//! #     std::io::Result::Ok(answer)
//! # });
//! serve(listeners, metrics, Arc::new(web), Limits::default(), stop).await;
//! # let answer = scrape.join().map_err(|_| "the scrape panicked")??;
//! # assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.ends_with("\r\n\r\nup 1\n"), "{answer}");
//! # assert!(answer.contains("x-frame-options: deny"), "{answer}");
//! # Ok::<_, Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<_, Box<dyn std::error::Error>>(())
//! ```

mod listen;
pub mod probe;
mod serve;
pub mod web_config;

pub use listen::{BindError, Listener, Peer, bind};
pub use serve::{Limits, serve};
pub use web_config::WebConfig;
