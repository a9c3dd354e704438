//! The one writer of both formats. Lines of samples are the same in both, because we
//! write counters with `_total` and numbers in a form that both know; only what stands
//! before and after them differs. That is why samples can be prepared once for both.

use std::fmt::Write;

/// An exposition format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// The Prometheus text format, version 0.0.4.
    Text,
    /// OpenMetrics 1.0.
    OpenMetrics,
}

/// What a family is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetricKind {
    /// Only grows; its name ends in `_total`.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Counts by size: samples named with `_bucket`, `_sum` and `_count`.
    Histogram,
}

/// Labels in their written form, `destination="a",bucket="b"`: those that many samples
/// share are escaped once.
#[derive(Clone, Debug, Default)]
pub struct Labels(String);

impl Labels {
    /// Adds one.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        label(&mut self.0, name, value);
        self
    }
}

/// The lines before a family's samples. OpenMetrics names a counter's family without
/// `_total`, and escapes quotes in help too.
pub fn head(out: &mut String, format: Format, name: &str, kind: MetricKind, help: &str) {
    let (name, escaped): (_, &[u8]) = match format {
        Format::Text => (name, b"\\\n"),
        Format::OpenMetrics => (
            match kind {
                MetricKind::Counter => name.strip_suffix("_total").unwrap_or(name),
                MetricKind::Gauge | MetricKind::Histogram => name,
            },
            b"\\\n\"",
        ),
    };
    out.push_str("# HELP ");
    out.push_str(name);
    out.push(' ');
    escape(out, help, escaped);
    out.push_str("\n# TYPE ");
    out.push_str(name);
    out.push_str(match kind {
        MetricKind::Counter => " counter\n",
        MetricKind::Gauge => " gauge\n",
        MetricKind::Histogram => " histogram\n",
    });
}

/// One sample.
pub fn sample(out: &mut String, name: &str, shared: &Labels, more: &[(&str, &str)], value: f64) {
    out.push_str(name);
    if !shared.0.is_empty() || !more.is_empty() {
        out.push('{');
        let start = out.len();
        out.push_str(&shared.0);
        for (name, value) in more {
            if out.len() > start {
                out.push(',');
            }
            pair(out, name, value);
        }
        out.push('}');
    }
    out.push(' ');
    number(out, value);
    out.push('\n');
}

/// What stands after the last family.
pub fn end(out: &mut String, format: Format) {
    if format == Format::OpenMetrics {
        out.push_str("# EOF\n");
    }
}

fn label(out: &mut String, name: &str, value: &str) {
    if !out.is_empty() {
        out.push(',');
    }
    pair(out, name, value);
}

fn pair(out: &mut String, name: &str, value: &str) {
    out.push_str(name);
    out.push_str("=\"");
    escape(out, value, b"\\\n\"");
    out.push('"');
}

/// A backslash before each of these bytes, which are ASCII; a line feed becomes `\n`.
fn escape(out: &mut String, text: &str, escaped: &[u8]) {
    let mut rest = text;
    while let Some(at) = rest.bytes().position(|byte| escaped.contains(&byte)) {
        out.push_str(&rest[..at]);
        out.push_str(match rest.as_bytes()[at] {
            b'\\' => r"\\",
            b'\n' => r"\n",
            _ => r#"\""#,
        });
        rest = &rest[at + 1..];
    }
    out.push_str(rest);
}

/// The value of the label `le`, in the one form that OpenMetrics has for it. Prometheus makes it of any
/// other since its version 3, so that expressions find it in both formats, before and after.
pub fn edge(value: f64) -> String {
    if value.is_infinite() {
        return "+Inf".to_owned();
    }
    if value < 1e6 {
        return format!("{value:?}");
    }
    let text = format!("{value:e}");
    match text.split_once('e') {
        Some((digits, exponent)) => format!("{digits}e+{exponent:0>2}"),
        None => text,
    }
}

/// In the shortest form that reads back as the same number; never with an exponent.
fn number(out: &mut String, value: f64) {
    // Writing into a String cannot fail.
    let _ = if value.fract() == 0.0 && value.abs() < 1e15 {
        write!(out, "{}", value as i64) // several times as fast, and almost all are whole
    } else if value.is_infinite() {
        write!(out, "{}Inf", if value > 0.0 { '+' } else { '-' })
    } else {
        write!(out, "{value}") // a NaN is "NaN"
    };
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn head_of(format: Format, name: &str, kind: MetricKind, help: &str) -> String {
        let mut out = String::new();
        head(&mut out, format, name, kind, help);
        out
    }

    #[test]
    fn each_format_has_its_heads() {
        let help = "a \"b\" \\ \n c";
        assert_eq!(
            head_of(Format::Text, "x_total", MetricKind::Counter, help),
            "# HELP x_total a \"b\" \\\\ \\n c\n# TYPE x_total counter\n"
        );
        assert_eq!(
            head_of(Format::OpenMetrics, "x_total", MetricKind::Counter, help),
            "# HELP x a \\\"b\\\" \\\\ \\n c\n# TYPE x counter\n"
        );
        assert_eq!(
            head_of(Format::OpenMetrics, "x_total", MetricKind::Gauge, ""),
            "# HELP x_total \n# TYPE x_total gauge\n"
        );
    }

    #[test]
    fn hostile_values_are_escaped() {
        let mut out = String::new();
        let shared = Labels::default()
            .with("destination", "q\"uote")
            .with("bucket", "back\\slash");
        let more = [("cluster", "two\nlines} 1\n# EOF"), ("e", "ü\u{1b}[31m<b>")];
        sample(&mut out, "x", &shared, &more, 1.0);
        assert_eq!(
            out,
            "x{destination=\"q\\\"uote\",bucket=\"back\\\\slash\",\
             cluster=\"two\\nlines} 1\\n# EOF\",e=\"ü\u{1b}[31m<b>\"} 1\n"
        );
    }

    #[test]
    fn labels_may_be_missing() {
        let mut out = String::new();
        sample(&mut out, "a", &Labels::default(), &[], 0.5);
        sample(&mut out, "b", &Labels::default(), &[("k", "")], -0.0);
        assert_eq!(out, "a 0.5\nb{k=\"\"} 0\n");
    }

    #[test]
    fn edges_are_written_as_prometheus_does() {
        let edges = [
            1024.0,
            262_144.0,
            1_048_576.0,
            1_099_511_627_776.0,
            0.5,
            1e6,
            f64::INFINITY,
        ];
        let expected = [
            "1024.0",
            "262144.0",
            "1.048576e+06",
            "1.099511627776e+12",
            "0.5",
            "1e+06",
            "+Inf",
        ];
        assert_eq!(edges.map(edge), expected);
    }

    #[test]
    fn numbers_that_are_none() {
        for (value, text) in [
            (f64::NAN, "NaN"),
            (f64::INFINITY, "+Inf"),
            (f64::NEG_INFINITY, "-Inf"),
        ] {
            let mut out = String::new();
            number(&mut out, value);
            assert_eq!(out, text);
        }
    }

    /// What a parser of either format makes of an escaped text.
    fn unescape(text: &str) -> String {
        let mut out = String::new();
        let mut chars = text.chars();
        while let Some(c) = chars.next() {
            out.push(match c {
                '\\' => match chars.next().unwrap() {
                    'n' => '\n',
                    other => other,
                },
                '\n' | '"' => panic!("not escaped: {text:?}"),
                c => c,
            });
        }
        out
    }

    proptest! {
        #[test]
        fn escaping_loses_nothing(text in "(\\PC|[\\\\\"\n]){0,20}") {
            let mut out = String::new();
            escape(&mut out, &text, b"\\\n\"");
            prop_assert_eq!(unescape(&out), text);
        }

        #[test]
        fn numbers_read_back(value in proptest::num::f64::ANY.prop_filter("a number", |v| !v.is_nan())) {
            let mut out = String::new();
            number(&mut out, value);
            prop_assert_eq!(out.parse::<f64>().unwrap(), value);
        }
    }
}
