//! What the chart ships of what lies elsewhere in the project is the same as there.

use std::path::Path;

use super::helm::chart;

fn is_same(copy: &str, original: &str) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let original = root.join(original);
    let copy = chart().join(copy);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::copy(&original, &copy).unwrap();
    }
    let read = |path: &Path| {
        std::fs::read_to_string(path).unwrap_or_else(|cause| panic!("reading {path:?}: {cause}"))
    };
    assert!(
        read(&copy) == read(&original),
        "{copy:?} is not as {original:?}; UPDATE_GOLDEN=1 writes it anew"
    );
}

#[test]
fn the_dashboard() {
    is_same("files/dashboard.json", "deploy/grafana/dashboard.json");
}

#[test]
fn the_rules() {
    let rules = "deploy/prometheus/rules.yaml";
    if Path::new(env!("CARGO_MANIFEST_DIR")).join(rules).exists() {
        is_same("files/rules.yaml", rules);
    }
}

/// The version that is packed says which program it runs.
#[test]
fn the_version() {
    let text = std::fs::read_to_string(chart().join("Chart.yaml")).unwrap();
    let version = format!("appVersion: \"{}\"", env!("CARGO_PKG_VERSION"));
    assert!(text.contains(&version), "no {version} in {text}");
}
