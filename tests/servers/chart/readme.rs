//! The chart's README: its table is made of the comments in values.yaml, and what it shows is rendered.

use serde_json::Value;

use super::helm::{chart, one, pod, render};

/// A value: its path, its default, what is said of it.
struct Row {
    path: String,
    default: String,
    text: String,
}

const BEGIN: &str =
    "<!-- made of values.yaml by UPDATE_GOLDEN=1 cargo test --test servers chart::readme -->\n";
const END: &str = "<!-- end -->\n";

/// Reads values.yaml line by line: a comment is of the key below it.
fn rows(text: &str) -> Vec<Row> {
    let values: Value = serde_saphyr::from_str(text).unwrap();
    let mut rows = Vec::new();
    let mut place: Vec<(usize, String)> = Vec::new();
    let mut comment: Vec<String> = Vec::new();
    for line in text.lines() {
        let trimmed = line.trim_start();
        let depth = line.len() - trimmed.len();
        if let Some(words) = trimmed.strip_prefix('#') {
            comment.push(words.trim().to_owned());
            continue;
        }
        let Some((key, _)) = trimmed.split_once(':') else {
            comment.clear();
            continue;
        };
        place.retain(|(at, _)| *at < depth);
        place.push((depth, key.to_owned()));
        let keys: Vec<_> = place.iter().map(|(_, key)| key.as_str()).collect();
        let value = keys.iter().fold(&values, |value, key| &value[*key]);
        let is_parent = value.as_object().is_some_and(|fields| !fields.is_empty());
        let said = std::mem::take(&mut comment).join(" ");
        if is_parent && said.is_empty() {
            continue;
        }
        rows.push(Row {
            path: keys.join("."),
            default: if is_parent {
                String::new()
            } else {
                format!("`{value}`")
            },
            text: said.replace('|', "\\|"),
        });
    }
    rows
}

fn table(text: &str) -> String {
    let mut table = "| value | default | |\n|---|---|---|\n".to_owned();
    for Row {
        path,
        default,
        text,
    } in rows(text)
    {
        table += &format!("| `{path}` | {default} | {text} |\n");
    }
    table
}

#[test]
fn its_table_is_that_of_the_values() {
    let values = std::fs::read_to_string(chart().join("values.yaml")).unwrap();
    // The heading of the file is of no key.
    let values = values.split_once("\n\n").unwrap().1;
    let file = chart().join("README.md");
    let text = std::fs::read_to_string(&file).unwrap();
    let (before, rest) = text.split_once(BEGIN).expect("no place for the table");
    let (_, after) = rest.split_once(END).expect("no end of the table");
    let new = format!("{before}{BEGIN}{}{END}{after}", table(values));
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&file, &new).unwrap();
    }
    let there = std::fs::read_to_string(&file).unwrap();
    assert!(
        there == new,
        "the table is old; UPDATE_GOLDEN=1 writes it anew"
    );
    assert!(rows(values).len() > 80);
}

/// Every block of values in it can be rendered; and the commands are those that are tested here.
#[test]
fn its_blocks_are_rendered() {
    let text = std::fs::read_to_string(chart().join("README.md")).unwrap();
    let blocks: Vec<_> = text.split("```").skip(1).step_by(2).collect();
    let mut values = 0;
    for block in blocks {
        let (language, content) = block.split_once('\n').unwrap();
        match language {
            "yaml" => {
                render("monitoring", content);
                values += 1;
            }
            "console" => {
                for line in content.lines() {
                    let command = line.strip_prefix("$ ").unwrap();
                    let is_known = [
                        "helm upgrade --install s3-exporter deploy/helm/s3-exporter ",
                        "kubectl ",
                    ];
                    assert!(
                        is_known.iter().any(|known| command.starts_with(known)),
                        "{command}"
                    );
                }
            }
            other => panic!("{other:?} is tested by nothing"),
        }
    }
    assert!(values >= 3, "only {values} blocks");
}

/// Kubermatic's own chart of the seed's exporter, by what its values come to here.
#[test]
fn those_of_kubermatic_come_to_the_same() {
    let text = std::fs::read_to_string(chart().join("README.md")).unwrap();
    let at = text.find("## Coming from Kubermatic").unwrap();
    let block = text[at..]
        .split("```yaml\n")
        .nth(1)
        .unwrap()
        .split("```")
        .next()
        .unwrap();
    let objects = render("kube-system", block);
    let config = one(&objects, "ConfigMap")["data"]["config.toml"].clone();
    let config = config.as_str().unwrap();
    assert!(config.contains("bucket = \"kubermatic-etcd-backups\""));
    let container = &pod(&objects)["containers"][0];
    assert_eq!(container["ports"][0]["containerPort"], 9340);
    let role = one(&objects, "ClusterRole");
    assert_eq!(role["rules"][0]["resources"][0], "clusters");
    let annotations = &one(&objects, "Deployment")["spec"]["template"]["metadata"]["annotations"];
    assert_eq!(annotations["prometheus.io/scrape"], "true");
}
