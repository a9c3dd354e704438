//! A real kube-apiserver takes every object, by server-side apply with strict validation of its fields,
//! and each pod is one that a namespace of the level `restricted` lets in.

use reqwest::Method;
use serde_json::{Value, json};

use super::helm::{Object, pod, render};
use super::stage::{apply, shared};
use super::table::{MINIO, ROWS};

#[tokio::test]
async fn every_object_is_taken() {
    let (_, kubernetes) = shared().await;
    for row in &ROWS {
        apply(kubernetes, &render(&row.namespace(), &row.values())).await;
    }
    // It would say so where one has a field too many.
    let mut objects = render("chart-wrong", MINIO);
    let service = objects
        .iter_mut()
        .find(|object| object.kind() == "Service")
        .unwrap();
    kubernetes.create_namespace("chart-wrong").await;
    service.yaml = service.yaml.replace("spec:", "spec:\n  tipe: ClusterIP");
    let refused = kubernetes
        .apply(&service.yaml, &service.value)
        .await
        .unwrap_err();
    assert!(refused.contains("tipe"), "{refused}");
}

/// There is no kubelet to run it, but what admits pods says whether it may.
#[tokio::test]
async fn pods_are_restricted() {
    let (_, kubernetes) = shared().await;
    let namespace = "chart-restricted";
    kubernetes.create_namespace(namespace).await;
    let label =
        json!({"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "restricted"}}});
    kubernetes
        .patch(&format!("/api/v1/namespaces/{namespace}"), &label)
        .await;
    let path = format!("/api/v1/namespaces/{namespace}/pods?dryRun=All&fieldValidation=Strict");
    let admit = async |objects: &[Object], change: &dyn Fn(&mut Value)| {
        let mut spec = pod(objects).clone();
        change(&mut spec);
        let object = json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "it"}, "spec": spec,
        });
        kubernetes.send(Method::POST, &path, Some(&object)).await
    };
    for row in &ROWS {
        let objects = render(namespace, &row.values());
        // The claim of a StatefulSet is added by its controller.
        let add_claim = |spec: &mut Value| {
            let volumes = spec["volumes"].as_array_mut().unwrap();
            let has_state = volumes.iter().any(|volume| volume["name"] == "state");
            if !has_state && (row.0.starts_with("state") || row.0 == "everything") {
                volumes.push(json!({"name": "state", "emptyDir": {}}));
            }
        };
        let admitted = admit(&objects, &add_claim).await;
        admitted.unwrap_or_else(|refused| panic!("{}: {refused}", row.0));
    }
    let objects = render(namespace, MINIO);
    let open = |spec: &mut Value| spec["containers"][0]["securityContext"] = json!({});
    let refused = admit(&objects, &open).await.unwrap_err();
    assert!(refused.contains("restricted"), "{refused}");
}
