#!/usr/bin/env bash
# kube (the crate): a kubeconfig whose user is an exec plug-in that gives a token for an hour.
#
# One would guess: the plug-in runs once, when the client is made, and its answer is kept until it ends.
# What happens: making the client runs it three times before any request: for the token, for a client
#   certificate that it might have given, and for when that would end. Each waits for the one before.
# Whom it hurts: those whose plug-in asks a person for a code, takes a code that is good once, opens a browser, or is
#   counted by who answers it: the second run fails, and of that one the failure is dropped without a word. Three times as long a start.
# Version: kube 5.0.0 with rustls (crates.io).
# Seen: 2026-12-01. Source: kube-client's client/builder.rs and client/config_ext.rs.
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

mkdir -p "$DIR/program/src"
cat >"$DIR/plugin" <<P
#!/bin/sh
echo run >>"$DIR/runs"
end=\$(date -u -d '+1 hour' +%Y-%m-%dT%H:%M:%SZ)
echo '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"lab","expirationTimestamp":"'"\$end"'"}}'
P
chmod +x "$DIR/plugin"
cat >"$DIR/kubeconfig" <<C
apiVersion: v1
kind: Config
current-context: lab
clusters: [{name: lab, cluster: {server: "https://127.0.0.1:9"}}]
users: [{name: lab, user: {exec: {apiVersion: client.authentication.k8s.io/v1, command: "$DIR/plugin", interactiveMode: Never}}}]
contexts: [{name: lab, context: {cluster: lab, user: lab}}]
C
cat >"$DIR/program/Cargo.toml" <<'C'
[package]
name = "program"
version = "0.1.0"
edition = "2024"
[dependencies]
kube = { version = "=5.0.0", default-features = false, features = ["client", "rustls-tls", "ring"] }
k8s-openapi = { version = "=0.29.0", features = ["latest"] }
tokio = { version = "1", features = ["macros", "rt-multi-thread"] }
C
cat >"$DIR/program/src/main.rs" <<'R'
#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let config = kube::Config::infer().await?;
    let _client = kube::Client::try_from(config)?;
    println!("a client is made, nothing was asked");
    Ok(())
}
R
(cd "$DIR/program" && KUBECONFIG=$DIR/kubeconfig cargo run --quiet)
saw "runs of the plug-in for one client, before any request" 3 "$(wc -l <"$DIR/runs")"
verdict
