//! What a kubelet would do: the exporter as a rendered pod says it, with its arguments, its environment,
//! its mounts as they are in the API server, and the token of its account, in a file system that is
//! read-only. Only the user is ours, not the pod's.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::Method;
use s3_exporter_testkit::servers::Kubernetes;
use serde_json::Value;
use tempfile::TempDir;

use super::helm::{Object, pod};
use crate::common::{Exporter, program};

/// Assembles the root of a container in mounts that nobody else sees, and runs a program there: folder
/// of the pod, program, arguments.
const CONTAINER: &str = r#"
set -eu
pod=$1; shift
root=$pod/root
mkdir "$root"
mount -t tmpfs -o mode=755 tmpfs "$root"
for folder in /usr /lib /lib64 /bin "$(dirname "$1")"; do
    [ -e "$folder" ] || continue
    mkdir -p "$root$folder"
    mount --rbind "$folder" "$root$folder"
done
mkdir -p "$root/dev" "$root/proc" "$root/run/secrets" "$root/var"
ln -s /run "$root/var/run"
mount --rbind /dev "$root/dev"
mount --rbind /proc "$root/proc"
cp -a "$pod/etc" "$root/"
[ ! -e "$pod/account" ] || { mkdir "$root/run/secrets/kubernetes.io"; cp -a "$pod/account" "$root/run/secrets/kubernetes.io/serviceaccount"; }
mount -o remount,ro "$root"
exec chroot "$root" "$@"
"#;

/// A pod's folder on the node; it goes with it.
pub struct Pod {
    folder: TempDir,
    arguments: Vec<String>,
    environment: Vec<(String, String)>,
}

impl Pod {
    /// Of a release whose objects were applied.
    pub async fn assemble(kubernetes: &Kubernetes, objects: &[Object]) -> Self {
        let workload = objects
            .iter()
            .find(|one| one.kind() == "Deployment")
            .unwrap();
        let namespace = workload.namespace().unwrap();
        let spec = pod(objects);
        let container = &spec["containers"][0];
        let folder = tempfile::tempdir().unwrap();
        for mount in list(&container["volumeMounts"]) {
            let is_its = |volume: &&Value| volume["name"] == mount["name"];
            let volumes = list(&spec["volumes"]);
            let volume = volumes.iter().find(is_its).unwrap();
            let path = mount["mountPath"].as_str().unwrap();
            let place = folder.path().join(path.trim_start_matches('/'));
            publish(&place, 1, &content(kubernetes, namespace, volume).await);
        }
        let mut environment: Vec<_> = list(&container["env"])
            .iter()
            .map(|one| (text(&one["name"]), text(&one["value"])))
            .collect();
        if spec["automountServiceAccountToken"] == true {
            let account = text(&spec["serviceAccountName"]);
            let token = kubernetes.request_token(namespace, &account).await;
            let place = folder.path().join("account");
            fs::create_dir(&place).unwrap();
            fs::write(place.join("token"), token).unwrap();
            fs::write(place.join("ca.crt"), kubernetes.authority()).unwrap();
            fs::write(place.join("namespace"), namespace).unwrap();
        }
        // Every pod has these, also one without a token.
        environment.push(("KUBERNETES_SERVICE_HOST".to_owned(), "127.0.0.1".to_owned()));
        environment.push((
            "KUBERNETES_SERVICE_PORT".to_owned(),
            kubernetes.port().to_string(),
        ));
        let arguments = list(&container["args"]).iter().map(text).collect();
        Self {
            folder,
            arguments,
            environment,
        }
    }

    /// Runs its container.
    pub async fn start(&self) -> Exporter {
        let script = self.folder.path().join("container.sh");
        fs::write(&script, CONTAINER).unwrap();
        let folder = self.folder.path().display().to_string();
        let script = script.display().to_string();
        let own = program().display().to_string();
        let before = ["--map-root-user", "--mount", "sh", &script, &folder, &own];
        let arguments: Vec<_> = before
            .into_iter()
            .chain(self.arguments.iter().map(String::as_str))
            .collect();
        let environment: Vec<_> = self
            .environment
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        Exporter::by(Path::new("unshare"), &arguments, &environment).await
    }
}

fn list(value: &Value) -> Vec<Value> {
    value.as_array().cloned().unwrap_or_default()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// The files of a volume, by their paths, from the object that it names.
pub async fn content(
    kubernetes: &Kubernetes,
    namespace: &str,
    volume: &Value,
) -> Vec<(String, Vec<u8>)> {
    let (source, plural, name) = match volume.get("secret") {
        Some(secret) => (secret, "secrets", &secret["secretName"]),
        None => (
            &volume["configMap"],
            "configmaps",
            &volume["configMap"]["name"],
        ),
    };
    let path = format!("/api/v1/namespaces/{namespace}/{plural}/{}", text(name));
    let object = kubernetes.send(Method::GET, &path, None).await;
    let object = object.unwrap_or_else(|error| panic!("{path}: {error}"));
    let bytes = |value: &Value| match plural {
        "secrets" => STANDARD.decode(text(value)).unwrap(),
        _ => text(value).into_bytes(),
    };
    let data = object["data"].as_object().unwrap();
    match source.get("items") {
        Some(items) => list(items)
            .iter()
            .map(|item| {
                let key = text(&item["key"]);
                (text(&item["path"]), bytes(&data[&key]))
            })
            .collect(),
        None => data
            .iter()
            .map(|(key, value)| (key.clone(), bytes(value)))
            .collect(),
    }
}

/// Writes the files of a volume as a kubelet does, for the so many-th time: behind a link that it swaps.
pub fn publish(place: &Path, nth: usize, files: &[(String, Vec<u8>)]) {
    let name = format!("..{nth}");
    let folder = place.join(&name);
    fs::create_dir_all(&folder).unwrap();
    for (name, bytes) in files {
        fs::write(folder.join(name), bytes).unwrap();
        let link = place.join(name);
        if !link.is_symlink() {
            symlink(Path::new("..data").join(name), link).unwrap();
        }
    }
    let new = place.join("..data_tmp");
    symlink(&name, &new).unwrap();
    fs::rename(new, place.join("..data")).unwrap();
}
