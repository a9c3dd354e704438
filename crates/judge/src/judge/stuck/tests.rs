use crate::judge::tests::{Site, at, every, findings, id, job, layout};

#[test]
fn a_dead_lock() {
    let mut site = Site::of(job(layout("restic"), every(24.0, 3)));
    site.jobs[0].beside.locks = 1;
    site.jobs[0].beside.oldest_lock = Some((at(48.0), "locks/1".into()));
    assert_eq!(site.scan(48.9), "");
    assert_eq!(site.scan(49.1), "retention_stuck warning");
    let finding = &findings(&site.judge(51.0))[0];
    assert_eq!(
        (finding.since, finding.keys.as_slice()),
        (at(49.0), &["locks/1".to_owned()][..])
    );
}

#[test]
fn uploads_that_were_never_finished() {
    let mut site = Site::dumps(every(24.0, 3));
    site.jobs[0].root = "pg/".into();
    let mut other = job(layout("dump"), every(24.0, 3));
    other.id = id("", "pg/web");
    other.root = "pg/".into();
    for (job, name) in site.jobs.iter_mut().chain([&mut other]).zip(["app", "web"]) {
        for backup in &mut job.backups {
            backup.key = format!("pg/{name}-{}", backup.key);
        }
    }
    site.jobs.push(other);
    site.uploads = vec![
        ("pg/web-5".into(), at(24.0)),
        ("pg/web-6".into(), at(25.0)),
        ("x".into(), at(0.0)),
    ];
    assert_eq!(site.scan(47.9), "");
    assert_eq!(site.scan(49.5), "retention_stuck warning");
    let judgement = site.judge(49.5);
    let finding = &judgement.jobs[&id("", "pg/web")].findings[0];
    assert_eq!(finding.keys, ["pg/web-5", "pg/web-6"]);
    assert!(
        finding
            .text
            .starts_with("2 uploads were never finished, the oldest 1 d 1 h old"),
        "{}",
        finding.text
    );
}
