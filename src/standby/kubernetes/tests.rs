use super::*;

/// A plug-in that hangs is run once, however often the lease is asked for; and what it says at last is taken.
#[tokio::test]
async fn a_plug_in_that_hangs_is_waited_for_and_not_run_again() {
    let folder = tempfile::tempdir().unwrap();
    let [runs, done] = ["runs", "done"].map(|name| folder.path().join(name));
    let credential = r#"{"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": {"token": "t"}}"#;
    let script = format!(
        "echo >> {runs:?}; until test -e {done:?}; do sleep 0.1; done; echo '{credential}'"
    );
    let kubeconfig = serde_json::json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "a", "cluster": {"server": "http://127.0.0.1:1"}}],
        "users": [{"name": "a", "user": {"exec": {
            "apiVersion": "client.authentication.k8s.io/v1",
            "command": "/bin/sh",
            "args": ["-c", script],
            "interactiveMode": "Never",
        }}}],
        "contexts": [{"name": "a", "context": {"cluster": "a", "user": "a"}}],
        "current-context": "a",
    });
    let path = folder.path().join("kubeconfig");
    std::fs::write(&path, kubeconfig.to_string()).unwrap();
    let mut holder = Holder::new(Lease {
        name: "a".to_owned(),
        namespace: None,
        duration: Duration::from_secs(15),
        kubeconfig: Some(path),
        context: None,
    });
    let election = |duration| Election::new("own".to_owned(), duration);
    let mut hasty = election(Duration::from_millis(5));
    while !runs.exists() {
        let error = holder.ask(&mut hasty).await.unwrap_err();
        assert!(error.contains("takes too long"), "{error}");
    }
    for _ in 0..5 {
        holder.ask(&mut hasty).await.unwrap_err();
    }
    let runs = || std::fs::read_to_string(&runs).unwrap();
    assert_eq!(runs(), "\n");
    std::fs::write(&done, "").unwrap();
    let mut patient = election(Duration::from_secs(300));
    let error = holder.ask(&mut patient).await.unwrap_err();
    assert!(error.starts_with("get: "), "{error}");
    // To open a client may run it more than once; nobody answers there, and it is not run for that alone.
    let opened = runs();
    holder.ask(&mut patient).await.unwrap_err();
    assert_eq!(runs(), opened);
}
