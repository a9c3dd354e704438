//! AWS Signature Version 4, as far as the test client needs it: an own thirty lines,
//! so that a fault in an SDK's signer can't hide behind itself.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use ring::{digest, hmac};

/// All that S3 wants encoded in a query; in a path `/` stays.
const QUERY: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');
const PATH: &AsciiSet = &QUERY.remove(b'/');

/// What signs requests.
#[derive(Clone)]
pub struct Signer {
    pub access_key: String,
    pub secret_key: String,
    pub region: String,
    /// `s3`, or `sts`, which wants the body to be signed too.
    pub service: &'static str,
}

/// A request's parts as they are sent.
pub struct Signed {
    pub path_and_query: String,
    pub headers: Vec<(String, String)>,
}

impl Signer {
    /// Signs a request; of S3's the body is not covered. `headers` are in small letters.
    pub fn sign(
        &self,
        method: &str,
        host: &str,
        path: &str,
        query: &[(&str, &str)],
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Signed {
        let payload = match self.service {
            "s3" => "UNSIGNED-PAYLOAD".to_owned(),
            _ => hex(digest::digest(&digest::SHA256, body).as_ref()),
        };
        let now = jiff::Timestamp::now();
        let time = now.strftime("%Y%m%dT%H%M%SZ").to_string();
        let path = utf8_percent_encode(path, PATH).to_string();
        let mut pairs: Vec<_> = query
            .iter()
            .map(|(name, value)| {
                let encode = |text| utf8_percent_encode(text, QUERY).to_string();
                format!("{}={}", encode(name), encode(value))
            })
            .collect();
        pairs.sort();
        let query = pairs.join("&");
        let mut headers: Vec<_> = headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        headers.push(("host".to_owned(), host.to_owned()));
        headers.push(("x-amz-content-sha256".to_owned(), payload.clone()));
        headers.push(("x-amz-date".to_owned(), time.clone()));
        headers.sort();
        let names: Vec<_> = headers.iter().map(|(name, _)| name.as_str()).collect();
        let names = names.join(";");
        let lines: String = headers
            .iter()
            .map(|(name, value)| format!("{name}:{value}\n"))
            .collect();
        let canonical = format!("{method}\n{path}\n{query}\n{lines}\n{names}\n{payload}");
        let scope = format!(
            "{}/{}/{}/aws4_request",
            &time[..8],
            self.region,
            self.service
        );
        let hash = digest::digest(&digest::SHA256, canonical.as_bytes());
        let text = format!("AWS4-HMAC-SHA256\n{time}\n{scope}\n{}", hex(hash.as_ref()));
        let mut key = format!("AWS4{}", self.secret_key).into_bytes();
        for part in scope.split('/') {
            key = mac(&key, part);
        }
        let signature = hex(&mac(&key, &text));
        headers.push((
            "authorization".to_owned(),
            format!(
                "AWS4-HMAC-SHA256 Credential={}/{scope}, SignedHeaders={names}, Signature={signature}",
                self.access_key
            ),
        ));
        let path_and_query = if query.is_empty() {
            path
        } else {
            format!("{path}?{query}")
        };
        Signed {
            path_and_query,
            headers,
        }
    }
}

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key);
    hmac::sign(&key, text.as_bytes()).as_ref().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
