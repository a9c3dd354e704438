//! kubeconform, with the schemas that the kube-apiserver itself gives.

use std::path::Path;
use std::process::{Command, Output};

use reqwest::Method;
use s3_exporter_testkit::tool;
use serde_json::{Map, Value, json};

use super::helm::{HELMS, template};
use super::stage::shared;
use super::table::ROWS;

/// Writes a schema for each kind into a folder, as kubeconform looks for them.
async fn write_schemas(folder: &Path) {
    let (_, kubernetes) = shared().await;
    let api = kubernetes
        .send(Method::GET, "/openapi/v2", None)
        .await
        .unwrap();
    let mut definitions = api["definitions"].as_object().unwrap().clone();
    for definition in definitions.values_mut() {
        strict(definition);
    }
    let all = json!({ "definitions": definitions });
    std::fs::write(folder.join("all.json"), all.to_string()).unwrap();
    for (name, definition) in &definitions {
        let kinds = definition["x-kubernetes-group-version-kind"]
            .as_array()
            .cloned();
        for kind in kinds.unwrap_or_default() {
            let text = |field: &str| kind[field].as_str().unwrap().to_lowercase();
            // As kubeconform calls the group of those that have none.
            let group = match text("group") {
                group if group.is_empty() => text("version"),
                group => group,
            };
            let file = format!("{group}-{}-{}.json", text("version"), text("kind"));
            let schema = json!({"$ref": format!("all.json#/definitions/{name}")});
            std::fs::write(folder.join(file), schema.to_string()).unwrap();
        }
    }
}

/// Turns what the API says of a kind into a schema that takes no other field, and a number or a text
/// where both are right.
fn strict(schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            let is_open = [
                "additionalProperties",
                "x-kubernetes-preserve-unknown-fields",
            ];
            if fields.get("properties").is_some_and(Value::is_object)
                && !is_open.iter().any(|key| fields.contains_key(*key))
            {
                fields.insert("additionalProperties".to_owned(), json!(false));
            }
            if fields.get("format") == Some(&json!("int-or-string")) {
                *fields = Map::from_iter([("type".to_owned(), json!(["integer", "string"]))]);
            }
            // It is in the schema's place where the API wants its own form of a time, say.
            fields.remove("format");
            fields.values_mut().for_each(strict);
        }
        Value::Array(all) => all.iter_mut().for_each(strict),
        _ => {}
    }
}

fn conforms(folder: &Path, manifests: &Path) -> Output {
    let location = format!(
        "{}/{{{{ .Group }}}}-{{{{ .ResourceAPIVersion }}}}-{{{{ .ResourceKind }}}}.json",
        folder.display()
    );
    Command::new(tool("kubeconform"))
        .args(["-strict", "-summary", "-schema-location", &location])
        .arg(manifests)
        .output()
        .unwrap()
}

#[tokio::test]
async fn every_row_conforms() {
    let (schemas, manifests) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    write_schemas(schemas.path()).await;
    for row in &ROWS {
        let text = template(HELMS[0], &row.namespace(), &row.values()).unwrap();
        std::fs::write(manifests.path().join(format!("{}.yaml", row.0)), text).unwrap();
    }
    let output = conforms(schemas.path(), manifests.path());
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}{output:?}");
    assert!(text.contains("Invalid: 0, Errors: 0, Skipped: 0"), "{text}");

    let wrong = "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {tipe: ClusterIP}\n";
    std::fs::write(manifests.path().join("wrong.yaml"), wrong).unwrap();
    let output = conforms(schemas.path(), manifests.path());
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        !output.status.success() && text.contains("tipe"),
        "anything conforms: {text}"
    );
}
