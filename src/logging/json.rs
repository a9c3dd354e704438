//! A log line as JSON: `time` (RFC 3339), `level` (lower case), `msg`, then the event's
//! own fields. Events of other crates say which: `target`.

use std::fmt::{self, Debug, Write};

use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use crate::log_safe::is_obeyed;

/// The format.
pub struct Json;

impl<S, N> FormatEvent<S, N> for Json
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let level = match *event.metadata().level() {
            Level::ERROR => "error",
            Level::WARN => "warn",
            Level::INFO => "info",
            Level::DEBUG => "debug",
            Level::TRACE => "trace",
        };
        let mut fields = JsonFields::default();
        event.record(&mut fields);
        write!(
            writer,
            "{{\"time\":\"{:.3}\",\"level\":\"{level}\",\"msg\":{}",
            jiff::Timestamp::now(),
            string(&fields.message)
        )?;
        let target = event.metadata().target();
        if !target.starts_with("s3_exporter") {
            write!(writer, ",\"target\":{}", string(target))?;
        }
        writeln!(writer, "{}}}", fields.others)
    }
}

/// The message, and the other fields as `,"name":value`.
#[derive(Default)]
struct JsonFields {
    message: String,
    others: String,
}

impl JsonFields {
    fn add(&mut self, field: &Field, value: &str) {
        let name = match field.name() {
            // No key may come twice in an object.
            name @ ("time" | "level" | "msg" | "target") => format!("field_{name}"),
            name => name.to_owned(),
        };
        // Writing into a String cannot fail.
        let _ = write!(self.others, ",{}:{value}", string(&name));
    }
}

impl Visit for JsonFields {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "message" {
            self.message = value.to_owned();
        } else {
            self.add(field, &string(value));
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.record_str(field, &format!("{value:?}"));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.add(field, &value.to_string());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.add(field, &value.to_string());
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        // JSON knows neither NaN nor infinity: serde_json makes them null.
        self.add(field, &serde_json::Value::from(value).to_string());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.add(field, &value.to_string());
    }
}

/// A JSON string in which a terminal finds nothing to obey: serde_json leaves DEL, the C1
/// control characters and marks of direction as they are.
fn string(text: &str) -> String {
    let mut out = String::new();
    for c in serde_json::Value::from(text).to_string().chars() {
        if is_obeyed(c) {
            let _ = write!(out, "\\u{:04x}", u32::from(c)); // as above
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use crate::logging::{LogFormat, subscriber};

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl std::io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn logged(level: &str, format: LogFormat, work: impl FnOnce()) -> String {
        let lines = Lines::default();
        let writer = lines.clone();
        let (subscriber, _) = subscriber(level, format, false, move || writer.clone());
        tracing::subscriber::with_default(subscriber, work);
        String::from_utf8(lines.0.lock().unwrap().clone()).unwrap()
    }

    #[test]
    fn a_line_is_one_flat_object() {
        let text = logged("info", LogFormat::Json, || {
            tracing::warn!(
                destination = "a\"b\nc\u{1b}[31m\u{9b}31m",
                duration_ms = 7_u64,
                less = -1_i64,
                half = 0.5,
                none = f64::NAN,
                yes = true,
                level = "mine",
                error = %"denied",
                "scans {}", "fail"
            );
            tracing::debug!("not this one");
        });
        assert_eq!(text.lines().count(), 1, "{text}");
        assert!(text.is_ascii(), "{text}");
        let line: serde_json::Value = serde_json::from_str(&text).unwrap();
        let time = line["time"].as_str().unwrap();
        assert!(
            time.parse::<jiff::Timestamp>().is_ok() && time.ends_with('Z'),
            "{time}"
        );
        assert!(
            text.starts_with(&format!(
                "{{\"time\":\"{time}\",\"level\":\"warn\",\"msg\":\"scans fail\",\"destination\":"
            )),
            "{text}"
        );
        assert_eq!(
            line,
            serde_json::json!({
                "time": time, "level": "warn", "msg": "scans fail",
                "destination": "a\"b\nc\u{1b}[31m\u{9b}31m", "duration_ms": 7, "less": -1,
                "half": 0.5, "none": null, "yes": true, "field_level": "mine", "error": "denied",
            })
        );
    }

    #[test]
    fn a_panic_is_a_line_like_any_other() {
        let text = logged("info", LogFormat::Json, || {
            std::panic::set_hook(Box::new(super::super::log_panic));
            let _ = std::panic::catch_unwind(|| panic!("on {}", "purpose"));
            drop(std::panic::take_hook());
        });
        let line: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(
            (&line["level"], &line["error"]),
            (&"error".into(), &"on purpose".into())
        );
        let place = line["place"].as_str().unwrap();
        assert!(place.starts_with("src/logging/json.rs:"), "{text}");
    }

    #[test]
    fn other_crates_are_named_and_filtered() {
        let text = logged("info,loud=warn", LogFormat::Json, || {
            tracing::info!(target: "other", "hello");
            tracing::info!(target: "loud", "not this one");
        });
        assert_eq!(text.lines().count(), 1, "{text}");
        assert!(
            text.ends_with("\"msg\":\"hello\",\"target\":\"other\"}\n"),
            "{text}"
        );
    }

    /// They know no destination.
    #[test]
    fn libraries_are_heard_where_they_are_named_or_all_is_told() {
        for (level, heard) in [
            ("info", ""),
            ("WARN", ""),
            ("error", ""),
            ("info,s3_exporter=debug", ""),
            ("info,hyper_util=warn", "hyper_util "),
            (
                "info,kube=error,aws_smithy_runtime=warn",
                "aws_smithy_runtime kube ",
            ),
            ("debug", "aws_smithy_runtime hyper_util kube minio rustls "),
        ] {
            let text = logged(level, LogFormat::Json, || {
                tracing::error!(target: "aws_smithy_runtime::client", "aws_smithy_runtime");
                tracing::warn!(target: "hyper_util::client", "hyper_util");
                tracing::error!(target: "kube_client::client", "kube");
                tracing::error!(target: "minio::s3", "minio");
                tracing::error!(target: "rustls::conn", "rustls");
                tracing::error!(target: "s3_exporter_minio::list", "ours");
                tracing::error!(target: "plugin_from_outside", "theirs");
            });
            let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
            let said = lines.map(|line: serde_json::Value| format!("{} ", line["msg"]));
            let said = said.collect::<String>().replace('"', "");
            assert_eq!(said, format!("{heard}ours theirs "), "{level}");
        }
    }

    #[test]
    fn a_terminal_finds_nothing_to_obey() {
        let text = logged("info", LogFormat::Console, || {
            tracing::info!(bucket = "x\u{1b}[31m", "for \u{1b}[2J people");
        });
        assert!(text.contains("INFO") && text.contains("people"), "{text}");
        assert!(!text.contains('\u{1b}'), "{text:?}");
    }
}
