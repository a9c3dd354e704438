//! A source of names of your own, added from outside: the exporter, and one resolver more, which
//! asks a service for a list of clusters (an inventory, say).
//!
//! ```toml
//! [resolvers.inventory]
//! type = "http"
//! url = "http://inventory.example/clusters" # answers ["lab-1", "lab-2"]
//! interval = "30s"
//!
//! [backends.onprem]
//! type = "s3"
//! endpoint = "https://minio.example:9000"
//! access_key_id = "${ACCESS_KEY_ID}"
//! secret_access_key = "${SECRET_ACCESS_KEY}"
//!
//! [[destinations]]
//! bucket = "etcd"
//! resolver = "inventory"
//! max_age = "25h"
//! ```
//!
//! Two things make a resolver: a [`ResolverPlugin`], which says how its section of the
//! configuration is named and read; and a [`Resolver`], the section once it is read, which finds
//! out the names for as long as it runs. All else (who follows the names, when a scan is due
//! because of a new one, what is shown while the source is away) is the exporter's.

use std::process::ExitCode;
use std::time::Duration;

use reqwest::{Client, Url};
use s3_exporter::clusters::Clusters;
use s3_exporter::resolver::{Publisher, Resolver, ResolverPlugin};
use s3_exporter_api::{async_trait, chain};
use s3_exporter_config::{Key, Section};

/// The exporter's own `main`, with one plug-in more.
fn main() -> ExitCode {
    let mut plugins = s3_exporter::wire::plugins();
    plugins.resolvers.push(PLUGIN);
    s3_exporter::command::run(&plugins)
}

const PLUGIN: ResolverPlugin = ResolverPlugin {
    name: "http", // what users write as `type`
    keys: &[Key::new("url"), Key::with_default("interval", "\"1m\"")],
    defaults: (),
    parse,
};

/// How long the service may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// An answer's bytes at most: 10,000 names of 100 bytes.
const LARGEST: usize = 1 << 20;

/// Takes the keys out of the section, without any I/O. Whatever is left in it is reported as
/// an unknown key, and a value of the wrong type is reported by the getter.
fn parse(section: &mut Section) -> Option<Box<dyn Resolver>> {
    let url = section.name("url");
    // Of several faults of a key only the first is kept, so this is for a missing one.
    let Some(url) = url else {
        section.fault("url", "is missing: the address that answers with the names");
        return None;
    };
    let interval = section.duration("interval");
    match url.parse() {
        Ok(url) => Some(Box::new(Inventory {
            url,
            interval: interval.unwrap_or(Duration::from_secs(60)),
        })),
        Err(cause) => {
            let example = "http://inventory.example/clusters";
            section.fault(
                "url",
                format!("is not an address ({cause}): expected one such as {example:?}"),
            );
            None
        }
    }
}

/// After a reload a resolver that is equal to the one before goes on as if nothing had happened;
/// another one takes over from it.
#[derive(Debug, PartialEq)]
struct Inventory {
    url: Url,
    interval: Duration,
}

#[async_trait]
impl Resolver for Inventory {
    /// For people: no secret may be in it.
    fn describe(&self) -> String {
        format!("the names that {} answers with", self.url)
    }

    /// Asks again and again. The last known names stay while the service fails: what is told of
    /// them is the failure. The same failure again is no news, nor are the same names; who
    /// follows them wakes up only where something has changed.
    async fn run(&self, publisher: &Publisher) {
        loop {
            match self.ask().await {
                Ok(clusters) => publisher.deliver(clusters),
                Err(why) => publisher.fail(format!("asking {} for names: {why}", self.url)),
            }
            tokio::time::sleep(self.interval).await;
        }
    }
}

impl Inventory {
    /// Half a list is worse than an old one: anything odd is an error.
    async fn ask(&self) -> Result<Clusters, String> {
        let client = Client::builder().timeout(PATIENCE).build();
        let request = client.map_err(|error| chain(&error))?.get(self.url.clone());
        let answer = async { request.send().await?.error_for_status() };
        let mut answer = answer.await.map_err(|error| chain(&error.without_url()))?;
        let mut body = Vec::new();
        while let Some(part) = answer
            .chunk()
            .await
            .map_err(|error| chain(&error.without_url()))?
        {
            body.extend_from_slice(&part);
            if body.len() > LARGEST {
                return Err(format!("its answer has more than {LARGEST} bytes"));
            }
        }
        let names: Vec<String> = serde_json::from_slice(&body)
            .map_err(|error| format!("its answer is no list of names: {error}"))?;
        Clusters::from_names(names.iter().map(String::as_str)).map_err(|faults| {
            let faults: Vec<_> = faults.iter().map(ToString::to_string).collect();
            faults.join("; ")
        })
    }
}
