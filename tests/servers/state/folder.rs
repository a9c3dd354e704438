//! A folder that cannot be written costs the memory of it, and nothing else.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use s3_exporter_testkit::{Upload, with_rights_felt};

use crate::common::truth::Figures;
use crate::common::{Exporter, program};
use crate::state::{
    LAST_SUCCESS, at_level, config, destination, files, kept, saying, scanned, store,
};

const CANNOT: &str = "what is known cannot be kept";
const CAN_AGAIN: &str = "what is known is kept over a restart again";

/// Waits for so many more complete scans.
async fn scans(exporter: &mut Exporter, destination: &str, more: f64) {
    let total = "objectstore_scans_total";
    let now = exporter.metrics().await.of(destination, total).unwrap();
    let what = format!("{more} more scans of {destination}");
    exporter
        .until(&what, |metrics| {
            metrics.of(destination, total) >= Some(now + more)
        })
        .await;
}

/// The system lets no file grow beyond a bound, as a full disk does not.
#[tokio::test]
async fn full() {
    let (server, right) = store("small");
    // Some thousand clusters do not fit, two do. None of them is missed here: that would be told.
    let names: Vec<_> = (0..2_000).map(|nth| format!("\"c-{nth}\"")).collect();
    server.store().put("large", &Upload::new("c-1-x", 1));
    let state = tempfile::tempdir().unwrap();
    let large = format!(
        "[[destinations]]\nbucket = \"large\"\nclusters = [{}]\ninterval = \"1s\"\nexpect = \"present\"\n",
        names.join(",")
    );
    let config = config(&server, state.path()) + &destination("small", "1s") + &large;
    let bounded = [
        "sh",
        "-c",
        "trap '' XFSZ; ulimit -S -f 64; exec \"$@\"",
        "sh",
    ];
    let mut exporter = Exporter::under(&bounded, &config).await;
    let limits = fs::read_to_string(format!("/proc/{}/limits", exporter.pid())).unwrap();
    assert!(limits.contains("32768"), "{limits}");
    let log = exporter.until_log("a warning", |log| !saying(log, CANNOT).is_empty());
    let warning = log.await;
    let text = saying(&warning, CANNOT)[0].to_string();
    assert!(
        text.contains("large.state") && text.contains("File too large"),
        "{text}"
    );
    scans(&mut exporter, "large", 3.0).await;

    // Figures go on, the other destination is kept, no half file stays, and one line says it.
    let metrics = exporter.metrics().await;
    assert!(scanned("large")(&metrics) && scanned("small")(&metrics));
    assert_eq!(metrics.of("large", "objectstore_listed_objects"), Some(1.0));
    Figures::shown(&metrics, "small").assert_are(&right, "while nothing can be written");
    assert_eq!(
        at_level(&exporter.log_lines(), "warn").len(),
        1,
        "{}",
        exporter.log()
    );
    assert!(files(state.path(), "large.state").is_empty());
    let (_, small) = kept(state.path()).unwrap().unwrap();
    assert_eq!(small.completed.unwrap().found.fold.listed().objects, 5);

    // There is room again.
    let pid = exporter.pid().to_string();
    let raised = Command::new("prlimit")
        .args(["--pid", &pid, "--fsize=unlimited:"])
        .status();
    assert!(raised.unwrap().success());
    let log = exporter.until_log("it is kept", |log| !saying(log, CAN_AGAIN).is_empty());
    log.await;
    assert_eq!(files(state.path(), "large.state").len(), 1);
    assert!(files(state.path(), ".tmp").len() < 2);
    assert!(exporter.terminate().await.success());
    assert!(files(state.path(), ".tmp").is_empty());
}

#[tokio::test]
async fn read_only_from_the_start_and_later() {
    let (server, right) = store("good");
    let parent = tempfile::tempdir().unwrap();
    let state = parent.path().join("state");
    let rights = |mode| fs::set_permissions(&state, Permissions::from_mode(mode)).unwrap();
    let config = config(&server, &state) + &destination("good", "1s");
    let wrapper = with_rights_felt();

    let mut exporter = Exporter::under(&wrapper, &config).await;
    let first = exporter.until("a complete scan", scanned("good")).await;
    scans(&mut exporter, "good", 1.0).await;

    // It becomes read-only while it runs.
    rights(0o555);
    let log = exporter.until_log("a warning", |log| !saying(log, CANNOT).is_empty());
    assert!(
        saying(&log.await, CANNOT)[0]
            .to_string()
            .contains("Permission denied")
    );
    scans(&mut exporter, "good", 2.0).await;
    assert_eq!(
        at_level(&exporter.log_lines(), "warn").len(),
        1,
        "{}",
        exporter.log()
    );
    assert!(exporter.terminate().await.success());
    let (_, remembered) = kept(&state).unwrap().unwrap();
    let ended = remembered.completed.unwrap().ended().as_seconds();
    assert!(Some(ended) >= first.of("good", LAST_SUCCESS));

    // It is read-only at the start: what is there is used.
    fs::set_permissions(state.join("lock"), Permissions::from_mode(0o400)).unwrap();
    server
        .faults()
        .always(Some(s3_exporter_testkit::Fault::Silence));
    let exporter = Exporter::under(&wrapper, &config).await;
    let metrics = exporter.metrics().await;
    Figures::shown(&metrics, "good").assert_are(&right, "from a folder that is read-only");
    assert_eq!(metrics.of("good", LAST_SUCCESS), Some(ended));
    let log = exporter.log_lines();
    let cannot = saying(&log, "nothing can be kept");
    assert_eq!(cannot.len(), 1, "{}", exporter.log());
    assert!(
        cannot[0].to_string().contains("Permission denied"),
        "{}",
        cannot[0]
    );
    assert!(cannot[0].to_string().contains("/state"), "{}", cannot[0]);

    // It heals within an interval.
    rights(0o700);
    fs::set_permissions(state.join("lock"), Permissions::from_mode(0o600)).unwrap();
    server.faults().always(None);
    drop(exporter);
    let mut exporter = Exporter::under(&wrapper, &config).await;
    scans(&mut exporter, "good", 2.0).await;
    assert_eq!(
        at_level(&exporter.log_lines(), "warn").len(),
        0,
        "{}",
        exporter.log()
    );
    assert!(exporter.terminate().await.success());
    let (_, remembered) = kept(&state).unwrap().unwrap();
    assert!(remembered.completed.unwrap().ended().as_seconds() > ended);
}

/// Not even root makes a folder below a file.
#[tokio::test]
async fn one_that_cannot_be_made_until_it_can() {
    let (server, right) = store("good");
    let parent = tempfile::tempdir().unwrap();
    let file = parent.path().join("file");
    fs::write(&file, "").unwrap();
    let state = file.join("state");
    let config = config(&server, &state) + &destination("good", "1s");
    let mut exporter = Exporter::with_config(&config, &[]).await;
    exporter.until("a complete scan", scanned("good")).await;
    scans(&mut exporter, "good", 1.0).await;
    let metrics = exporter.metrics().await;
    Figures::shown(&metrics, "good").assert_are(&right, "with no folder");
    let log = exporter.log_lines();
    assert_eq!(
        saying(&log, "nothing can be kept").len(),
        1,
        "{}",
        exporter.log()
    );
    assert_eq!(saying(&log, CANNOT).len(), 1, "{}", exporter.log());
    assert_eq!(at_level(&log, "warn").len(), 2, "{}", exporter.log());

    // The place is made free: from the next scan on it is kept.
    fs::remove_file(&file).unwrap();
    exporter
        .until_log("it is kept", |log| !saying(log, CAN_AGAIN).is_empty())
        .await;
    assert!(kept(&state).unwrap().is_ok());

    // The folder is removed while it runs: it is made again, and locked.
    fs::remove_dir_all(&state).unwrap();
    exporter
        .until_log("again", |log| saying(log, CAN_AGAIN).len() == 2)
        .await;
    assert!(kept(&state).unwrap().is_ok());
    assert!(refused(&config).contains(&exporter.pid().to_string()));
    assert!(exporter.terminate().await.success());
}

/// What a second exporter with this configuration ends with, and says.
fn refused(config: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config.toml");
    fs::write(&file, config).unwrap();
    let port = s3_exporter_testkit::Port::take();
    let second = Command::new("timeout")
        .arg("60") // if it should run
        .arg(program())
        .arg("--config")
        .arg(&file)
        .args(["-address", &format!("127.0.0.1:{port}")])
        .output()
        .unwrap();
    let text = String::from_utf8(second.stderr).unwrap();
    assert_eq!(second.status.code(), Some(1), "{text}");
    text
}

#[tokio::test]
async fn one_process_each() {
    let (server, _) = store("good");
    let state = tempfile::tempdir().unwrap();
    let config = config(&server, state.path()) + &destination("good", "1h");
    let mut exporter = Exporter::with_config(&config, &[]).await;
    exporter.until("a complete scan", scanned("good")).await;
    let text = refused(&config);
    for part in [
        format!("in use by process {} on ", exporter.pid()),
        state.path().to_string_lossy().into_owned(),
        "stop that one".to_owned(),
    ] {
        assert!(text.contains(&part), "{part}: {text}");
    }
    // However the first one ends, the next one may have it.
    exporter.signal("KILL");
    exporter.wait().await;
    let exporter = Exporter::with_config(&config, &[]).await;
    assert!(
        scanned("good")(&exporter.metrics().await),
        "it shows what was kept"
    );
}
