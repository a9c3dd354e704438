use super::{ACCESS_KEY, Parts, S3Store, SECRET_KEY};

impl S3Store {
    /// Ceph's gateway (RGW), with a monitor and an OSD that keeps all in memory. Nothing of it needs a
    /// manager.
    pub async fn ceph() -> Self {
        let mut parts = Parts::new();
        let port = parts.port();
        let monitors = format!(
            "[v2:127.0.0.1:{},v1:127.0.0.1:{}]",
            parts.port(),
            parts.port()
        );
        let config = configuration(&parts, port, &monitors);
        let keyring = parts.path("keyring");
        let new = [
            "--create-keyring",
            &keyring,
            "--gen-key",
            "-n",
            "mon.",
            "--cap",
            "mon",
            "allow *",
        ];
        parts.run("ceph-authtool", &new, &[]).await;
        for name in ["client.admin", "osd.0", "client.rgw.a"] {
            let more = [&keyring, "--gen-key", "-n", name];
            let rights = ["--cap", "mon", "allow *", "--cap", "osd", "allow *"];
            parts
                .run("ceph-authtool", &[&more[..], &rights].concat(), &[])
                .await;
        }
        let conf = ["-c", &config];
        let monitor = [&conf[..], &["-i", "a"]].concat();
        let (map, monitors) = (parts.path("monmap"), monitors.as_str());
        let make = ["--create", "--addv", "a", monitors, "--fsid", CLUSTER, &map];
        parts.run("monmaptool", &make, &[]).await;
        let make = ["--mkfs", "--monmap", &map, "--keyring", &keyring];
        parts
            .run("ceph-mon", &[&monitor[..], &make].concat(), &[])
            .await;
        parts.serve("ceph-mon", &[&monitor[..], &["-f"]].concat(), &[]);
        let ceph = [&conf[..], &["--connect-timeout", "5"]].concat();
        let status = [&ceph[..], &["status"]].concat();
        until(&mut parts, "the monitor answers", &status, "quorum").await;

        const ID: &str = "5c1e5a3e-0000-4000-8000-000000000000";
        parts
            .run("ceph", &[&ceph[..], &["osd", "new", ID, "0"]].concat(), &[])
            .await;
        let osd = [&conf[..], &["-i", "0"]].concat();
        let make = [
            "--mkfs",
            "--osd-uuid",
            ID,
            "--no-mon-config",
            "--keyring",
            &keyring,
        ];
        parts
            .run("ceph-osd", &[&osd[..], &make].concat(), &[])
            .await;
        parts.serve("ceph-osd", &[&osd[..], &["-f"]].concat(), &[]);
        let status = [&ceph[..], &["osd", "stat"]].concat();
        until(&mut parts, "the OSD is up", &status, "1 up").await;

        let keys = [
            format!("--access-key={ACCESS_KEY}"),
            format!("--secret-key={SECRET_KEY}"),
        ];
        let user = [
            "user",
            "create",
            "--uid=all",
            "--display-name=all",
            &keys[0],
            &keys[1],
        ];
        parts
            .run("radosgw-admin", &[&conf[..], &user].concat(), &[])
            .await;
        parts.serve(
            "radosgw",
            &[&conf[..], &["-n", "client.rgw.a", "-f"]].concat(),
            &[],
        );
        parts.ready(port).await
    }
}

/// Asks until the answer has this in it.
async fn until(parts: &mut Parts, what: &str, ceph: &[&str], text: &str) {
    let mut process = parts.processes.pop().unwrap(); // whose end is noticed
    let asked = &*parts;
    process
        .until(what, || async {
            let answer = asked.try_run("ceph", ceph, &[]).await;
            answer.is_ok_and(|answer| answer.contains(text))
        })
        .await;
    parts.processes.push(process);
}

const CLUSTER: &str = "5c1e5a3e-1111-4000-8000-000000000000";

fn configuration(parts: &Parts, port: u16, monitors: &str) -> String {
    let folder = parts.path("");
    let folder = folder.trim_end_matches('/');
    for name in ["mon", "osd", "rgw"] {
        parts.folder(name);
    }
    let lib = crate::process::tools().join("ceph/usr/lib");
    let lib = std::fs::read_dir(&lib)
        .unwrap_or_else(|error| panic!("{}: {error}: run tests/install.sh", lib.display()))
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| path.join("rados-classes").is_dir())
        .unwrap();
    let lib = lib.display();
    let text = format!(
        "[global]
fsid = {CLUSTER}
mon_initial_members = a
mon_host = {monitors}
public_addr = 127.0.0.1
cluster_addr = 127.0.0.1
ms_bind_ipv6 = false
auth_cluster_required = cephx
auth_service_required = cephx
auth_client_required = cephx
keyring = {folder}/keyring
run_dir = {folder}
log_file =
log_to_stderr = true
admin_socket = {folder}/$name.asok
pid_file = {folder}/$name.pid
mon_data = {folder}/mon
mon_data_avail_warn = 1
mon_data_avail_crit = 1
mon_allow_pool_size_one = true
mon_max_pg_per_osd = 1000
osd_data = {folder}/osd
osd_journal = {folder}/osd/journal
osd_objectstore = memstore
memstore_device_bytes = 1073741824
osd_crush_chooseleaf_type = 0
osd_pool_default_size = 1
osd_pool_default_min_size = 1
osd_pool_default_pg_num = 8
osd_pool_default_pgp_num = 8
osd_pool_default_pg_autoscale_mode = off
osd_class_dir = {lib}/rados-classes
erasure_code_dir = {lib}/ceph/erasure-code
plugin_dir = {lib}/ceph
rgw_data = {folder}/rgw
rgw_frontends = beast endpoint=127.0.0.1:{port}
rgw_dynamic_resharding = false
"
    );
    parts.file("ceph.conf", &text)
}
