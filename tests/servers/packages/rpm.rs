//! The RPM package, by rpm itself.

use super::machine;
use super::{documented, packages};

#[tokio::test]
async fn it_holds_what_the_debian_package_does() {
    let machine = machine::shared().await;
    let [debian, rpm] = packages();
    machine.write("/tmp/s3-exporter.rpm", std::fs::read(rpm).unwrap(), 0o644);
    machine.write(
        "/tmp/s3-exporter.deb",
        std::fs::read(debian).unwrap(),
        0o644,
    );
    let query = |arguments: &[&str]| {
        let command = [&["rpm", "-qp"][..], arguments, &["/tmp/s3-exporter.rpm"]].concat();
        machine.prints(&command)
    };
    let files = query(&["--list"]);
    let mut own: Vec<_> = files.lines().map(str::to_owned).collect();
    own.sort();
    // Where the two kinds of distribution have other folders for the same.
    let elsewhere = [
        (
            "/usr/share/zsh/site-functions/",
            "/usr/share/zsh/vendor-completions/",
        ),
        ("/usr/lib/systemd/system/", "/lib/systemd/system/"),
        (
            "/usr/share/licenses/s3-exporter/LICENSE",
            "/usr/share/doc/s3-exporter/copyright",
        ),
    ];
    let renamed = own.iter().map(|file| {
        elsewhere.iter().fold(file.clone(), |file, (rpm, debian)| {
            file.replace(rpm, debian)
        })
    });
    let mut renamed: Vec<_> = renamed.collect();
    renamed.sort();
    let contents = machine.prints(&["dpkg-deb", "--contents", "/tmp/s3-exporter.deb"]);
    let theirs = contents.lines().filter(|line| !line.starts_with('d'));
    let theirs = theirs.map(|line| format!("/{}", line.split("./").nth(1).unwrap()));
    let theirs = theirs.map(|file| {
        file.replace("//", "/")
            .replace("/usr/lib/systemd", "/lib/systemd")
    });
    let mut theirs: Vec<_> = theirs
        .filter(|file| !file.contains("/changelog") && !file.contains("CHANGELOG"))
        .collect();
    theirs.sort();
    assert_eq!(renamed, theirs);

    assert_eq!(query(&["--configfiles"]), "/etc/s3-exporter/config.toml\n");
    let requires = query(&["--requires"]);
    assert!(requires.contains("libc.so.6("), "{requires}");
    let scripts = query(&["--scripts"]);
    for words in [
        "systemctl daemon-reload",
        "disable --now s3-exporter.service",
        "try-restart s3-exporter.service",
    ] {
        assert!(scripts.contains(words), "{words}: {scripts}");
    }
    let version = query(&["--queryformat", "%{VERSION} %{LICENSE} %{ARCH}\n"]);
    let arch = std::env::consts::ARCH;
    assert_eq!(
        version,
        format!("{} Apache-2.0 {arch}\n", env!("CARGO_PKG_VERSION"))
    );
}

/// By rpm's own hand, with its scripts, beside an empty database of packages.
#[tokio::test]
async fn it_is_installed_and_removed() {
    let machine = machine::Machine::boot().await;
    let [_, rpm] = packages();
    machine.write("/tmp/s3-exporter.rpm", std::fs::read(rpm).unwrap(), 0o644);
    machine.prints(&["mkdir", "/tmp/rpm"]);
    let database = "--dbpath=/tmp/rpm";
    let [install]: [String; 1] = documented("Fedora, RHEL, SUSE").try_into().unwrap();
    // No other package is known to the database of one that is not the distribution's.
    let install = install.replace("rpm --install", "rpm --dbpath=/tmp/rpm --nodeps --install");
    let install = install.replace("s3-exporter-0.1.0-1.x86_64.rpm", "/tmp/s3-exporter.rpm");
    machine.prints(&["sh", "-c", &install]);
    assert!(
        machine
            .prints(&["s3-exporter", "--version"])
            .starts_with("s3-exporter ")
    );
    assert_eq!(machine.property("s3-exporter", "LoadState"), "loaded");
    assert_eq!(machine.property("s3-exporter", "ActiveState"), "inactive");
    let rights = machine.prints(&["stat", "-c", "%a %U", "/etc/s3-exporter/credentials"]);
    assert_eq!(rights, "700 root\n");
    machine.prints(&["rpm", database, "-e", "--nodeps", "s3-exporter"]);
    assert!(!machine.file("/usr/bin/s3-exporter").exists());
    assert_eq!(machine.property("s3-exporter", "LoadState"), "not-found");
}
