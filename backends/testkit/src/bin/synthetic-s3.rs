//! An S3 server for measuring listers, which prints its address: see
//! [`SyntheticServer`].

use std::io;
use std::time::Duration;

use clap::Parser;
use s3_exporter_testkit::{Latency, SyntheticBucket, SyntheticServer};
use tokio::net::TcpListener;

#[derive(Parser)]
#[command(about = "An S3 server for measuring listers")]
struct Arguments {
    /// Objects in every bucket.
    #[arg(long, default_value_t = 1_000_000)]
    objects: u64,
    /// Clusters that they belong to.
    #[arg(long, default_value_t = 100)]
    clusters: u64,
    /// One cluster has 90 % of the objects, and all keys have a deep common prefix.
    #[arg(long)]
    skewed: bool,
    /// How long each answer takes: 50ms.
    #[arg(long, default_value = "0s", value_parser = humantime::parse_duration)]
    latency: Duration,
    /// With more requests in flight than this, the surplus gets 503 SlowDown.
    #[arg(long)]
    throttle: Option<u64>,
    /// Where to listen.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: String,
    /// Worker threads.
    #[arg(long, default_value_t = 2)]
    threads: usize,
}

fn main() -> io::Result<()> {
    let arguments = Arguments::parse();
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(arguments.threads)
        .enable_all()
        .build()?
        .block_on(serve(arguments))
}

async fn serve(arguments: Arguments) -> io::Result<()> {
    let make = match arguments.skewed {
        true => SyntheticBucket::skewed,
        false => SyntheticBucket::even,
    };
    let bucket = make(arguments.objects, arguments.clusters);
    let server = SyntheticServer::new(bucket, Latency::Even(arguments.latency), arguments.throttle);
    let listener = TcpListener::bind(&arguments.listen).await?;
    println!("http://{}", listener.local_addr()?);
    server.serve(listener, None).await
}
