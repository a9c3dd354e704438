//! curl and openssl, which people use.

use std::path::Path;
use std::process::{Output, Stdio};

use tokio::io::AsyncWriteExt;
use tokio::process::Command;

/// What came of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// 0 where there was no answer at all.
    pub status: u16,
    /// `1.1` or `2`.
    pub version: String,
    /// The head, line by line.
    pub head: Vec<String>,
    /// As text.
    pub body: String,
    /// curl's exit code: 0 where it came whole, 28 where it took a minute.
    pub exit: i32,
}

impl Answer {
    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.head.iter().filter_map(|line| line.split_once(": "));
        headers
            .find(|(own, _)| own.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }
}

/// Asks with curl. No answer is status 0, whatever was in the way.
pub async fn curl(arguments: &[&str]) -> Answer {
    let output = run(
        "curl",
        &[
            &["-sS", "-i", "--noproxy", "*", "--max-time", "60"],
            arguments,
            &["-w", "\n%{http_code} %{http_version}"],
        ]
        .concat(),
        b"",
    )
    .await;
    let text = String::from_utf8_lossy(&output.stdout);
    let (text, last) = text.rsplit_once('\n').unwrap();
    let (status, version) = last.split_once(' ').unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_default();
    Answer {
        status: status.parse().unwrap(),
        version: version.to_owned(),
        head: head.lines().map(str::to_owned).collect(),
        body: body.to_owned(),
        exit: output.status.code().unwrap(),
    }
}

/// What `openssl s_client` says of a connection; `None` where there is none.
pub async fn s_client(address: &str, ca: &Path, arguments: &[&str]) -> Option<String> {
    let ca = ca.to_string_lossy();
    let fixed = ["s_client", "-connect", address, "-CAfile", &ca];
    let output = run("openssl", &[&fixed, arguments].concat(), b"Q\n").await;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    output.status.success().then_some(text)
}

async fn run(program: &str, arguments: &[&str], input: &[u8]) -> Output {
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap_or_else(|cause| panic!("starting {program}, which has to be there: {cause}"));
    let mut stdin = child.stdin.take().unwrap();
    let _ = stdin.write_all(input).await; // it may have ended already
    drop(stdin);
    child.wait_with_output().await.unwrap()
}
