//! What a client accepts (RFC 9110, section 12).

use axum::http::header::{ACCEPT, ACCEPT_ENCODING};
use axum::http::{HeaderMap, HeaderName};

use crate::exposition::Format;

/// One element of an `Accept` or `Accept-Encoding`: `name;parameter=value;q=0.5`.
struct AcceptElement<'a> {
    name: &'a str,
    parameters: Vec<(&'a str, &'a str)>,
    /// 0 to 1; 0 is "not that".
    quality: f32,
}

/// The elements of all headers of this name. What makes no sense is left out.
fn elements<'a>(
    headers: &'a HeaderMap,
    name: &HeaderName,
) -> impl Iterator<Item = AcceptElement<'a>> {
    headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(element)
}

fn element(text: &str) -> Option<AcceptElement<'_>> {
    let mut parts = text.split(';').map(str::trim);
    let name = parts.next().filter(|name| !name.is_empty())?;
    let mut element = AcceptElement {
        name,
        parameters: Vec::new(),
        quality: 1.0,
    };
    for part in parts {
        let (key, value) = part.split_once('=')?;
        let (key, value) = (key.trim(), value.trim().trim_matches('"'));
        if key.eq_ignore_ascii_case("q") {
            element.quality = value.parse().ok().filter(|q| (0.0..=1.0).contains(q))?;
        } else {
            element.parameters.push((key, value));
        }
    }
    Some(element)
}

/// The format that the client likes best; of equals the first that it names. A client that
/// names none of ours gets text: a scrape that works is worth more than a 406.
pub fn format(headers: &HeaderMap) -> Format {
    let mut best = (0.0, Format::Text);
    for element in elements(headers, &ACCEPT) {
        if let Some(format) = format_of(&element)
            && element.quality > best.0
        {
            best = (element.quality, format);
        }
    }
    best.1
}

fn format_of(element: &AcceptElement<'_>) -> Option<Format> {
    let version = |ours: &str| {
        let mut versions = element
            .parameters
            .iter()
            .filter(|(key, _)| key.eq_ignore_ascii_case("version"));
        versions.all(|(_, version)| *version == ours)
    };
    match &*element.name.to_ascii_lowercase() {
        "application/openmetrics-text" if version("1.0.0") => Some(Format::OpenMetrics),
        "text/plain" if version("0.0.4") => Some(Format::Text),
        "text/*" | "*/*" => Some(Format::Text),
        _ => None,
    }
}

/// Whether the client takes gzip, at least as gladly as plain bytes.
pub fn gzip(headers: &HeaderMap) -> bool {
    let quality = |names: &[&str]| {
        elements(headers, &ACCEPT_ENCODING)
            .find(|element| {
                names
                    .iter()
                    .any(|name| element.name.eq_ignore_ascii_case(name))
            })
            .map(|element| element.quality)
    };
    let gzip = quality(&["gzip", "x-gzip"]).or_else(|| quality(&["*"]));
    gzip.is_some_and(|gzip| gzip > 0.0 && gzip >= quality(&["identity"]).unwrap_or(0.0))
}

/// Whether the client names HTML, as browsers do and scrapers don't.
pub fn html(headers: &HeaderMap) -> bool {
    elements(headers, &ACCEPT)
        .any(|element| element.name.eq_ignore_ascii_case("text/html") && element.quality > 0.0)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;
    use Format::{OpenMetrics, Text};

    fn headers(name: HeaderName, values: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(&name, HeaderValue::from_str(value).unwrap());
        }
        headers
    }

    #[test]
    fn formats() {
        let table: &[(&[&str], Format)] = &[
            (&[], Text),
            (&["*/*"], Text),
            (&["text/plain"], Text),
            (&["text/plain;version=0.0.4"], Text),
            (&["application/json"], Text),
            // Prometheus 2.42
            (
                &[
                    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
                ],
                OpenMetrics,
            ),
            // Prometheus 2.42 with native histograms
            (
                &[
                    "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited,application/openmetrics-text;version=1.0.0;q=0.8,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
                ],
                OpenMetrics,
            ),
            // Prometheus 3
            (
                &[
                    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1",
                ],
                OpenMetrics,
            ),
            // Prometheus 3 with scrape_protocols: text first
            (
                &[
                    "text/plain;version=0.0.4;q=0.6,application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,*/*;q=0.1",
                ],
                Text,
            ),
            // Prometheus 3 with scrape_protocols: text 1.0.0 alone, which we don't have
            (
                &["text/plain;version=1.0.0;escaping=allow-utf-8;q=0.6,*/*;q=0.5"],
                Text,
            ),
            // seed era
            (
                &[
                    "application/openmetrics-text; version=0.0.1,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
                ],
                Text,
            ),
            (&["application/openmetrics-text"], OpenMetrics),
            (
                &["Application/OpenMetrics-Text; Version=\"1.0.0\""],
                OpenMetrics,
            ),
            (&["application/openmetrics-text;version=2.0.0"], Text),
            (&["application/openmetrics-text;q=0"], Text),
            (
                &["application/openmetrics-text;q=0.4,text/plain;q=0.5"],
                Text,
            ),
            (
                &["text/plain;q=0.4,application/openmetrics-text;q=0.5"],
                OpenMetrics,
            ),
            (&["text/plain,application/openmetrics-text"], Text),
            (&["application/openmetrics-text,text/plain"], OpenMetrics),
            (
                &["text/plain;q=0.1", "application/openmetrics-text;q=0.2"],
                OpenMetrics,
            ),
            (&["application/openmetrics-text;q=x"], Text),
            (&["application/openmetrics-text;q=7"], Text),
            (&[",;,=;q=,"], Text),
            (
                &["text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"],
                Text,
            ),
        ];
        for (accept, expected) in table {
            assert_eq!(format(&headers(ACCEPT, accept)), *expected, "{accept:?}");
        }
    }

    #[test]
    fn encodings() {
        let table: &[(&[&str], bool)] = &[
            (&[], false),
            (&["gzip"], true),
            (&["GZIP"], true),
            (&["gzip, deflate, br, zstd"], true),
            (&["deflate", "gzip;q=0.1"], true),
            (&["gzip;q=0"], false),
            (&["gzip; q=0.0"], false),
            (&["identity"], false),
            (&["identity;q=1, gzip;q=0.5"], false),
            (&["identity;q=0.5, gzip;q=1.0"], true),
            (&["*"], true),
            (&["*;q=0"], false),
            (&["gzip;q=0, *"], false),
            (&["br"], false),
        ];
        for (accept, expected) in table {
            assert_eq!(
                gzip(&headers(ACCEPT_ENCODING, accept)),
                *expected,
                "{accept:?}"
            );
        }
    }

    #[test]
    fn browsers() {
        let table = [
            (
                "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
                true,
            ),
            ("text/html;q=0.1", true),
            ("text/html;q=0", false),
            ("*/*", false),
            ("text/*", false),
            ("text/plain;version=0.0.4", false),
        ];
        for (accept, expected) in table {
            assert_eq!(html(&headers(ACCEPT, &[accept])), expected, "{accept}");
        }
        assert!(!html(&HeaderMap::new()));
    }
}
