use std::collections::BTreeMap;

use s3_exporter_api::UnixTime;

use crate::expectation::{Selector, Source, Statement};
use crate::judge::tests::{Site, at, every, findings, full, hourly, id, job, layout, unfinished};

fn known(site: Site, clusters: &[(&str, Option<UnixTime>)]) -> Site {
    let clusters: BTreeMap<String, Option<UnixTime>> = clusters
        .iter()
        .map(|(name, created)| ((*name).to_owned(), *created))
        .collect();
    Site {
        clusters: Some(clusters),
        all_expected: true,
        ..site
    }
}

fn of_cluster(
    cluster: &str,
    job: &str,
    backups: Vec<crate::backups::Backup>,
) -> crate::backups::JobBackups {
    crate::backups::JobBackups {
        id: id(cluster, job),
        ..super::super::tests::job(layout("dump"), backups)
    }
}

#[test]
fn a_cluster_that_never_had_a_backup() {
    let daily = of_cluster("a", "db", every(24.0, 10));
    let mut site = known(Site::of(daily), &[("a", None), ("b", Some(at(200.0)))]);
    assert_eq!(site.scan(217.0), "");
    assert_eq!(site.scan(224.9), "", "younger than its period and grace");
    assert_eq!(site.scan(226.0), "missing critical");
    site.backups().push(full(240.0));
    let judgement = site.judge(240.1);
    let missing = &judgement.jobs[&id("b", "")];
    assert_eq!(missing.newest_good, None);
    assert_eq!(
        missing.findings[0].text,
        "there is no backup; the cluster is 1 d 16 h old"
    );
    assert!(missing.findings[0].since >= at(224.0) && missing.findings[0].since <= at(226.0));
}

#[test]
fn an_empty_bucket_is_told_at_the_first_scan_where_nothing_is_known_of_the_cluster() {
    let mut site = known(Site::default(), &[("a", None)]);
    assert_eq!(site.scan(0.0), "missing critical");
    assert_eq!(site.scan(0.1), "missing critical", "it must not go again");
    // Another cluster that comes later may be new.
    site = Site {
        clusters: site.clusters.map(|mut known| {
            known.insert("b".into(), None);
            known
        }),
        ..site
    };
    assert_eq!(site.scan(0.2), "missing critical");
    assert_eq!(site.scan(30.0), "missing critical, missing critical");
    // Where not each cluster must have one, silence says nothing.
    site.all_expected = false;
    assert_eq!(site.scan(31.0), "");
}

#[test]
fn a_job_that_must_exist() {
    let mut stated = hourly(1.0);
    stated.since = Some(at(0.0));
    let mut site = Site::default();
    site.rules.stated.push(Statement {
        of: Selector::one("a", "etcd"),
        source: Source::Kubernetes,
        stated,
        must_exist: true,
    });
    assert_eq!(site.scan(1.0), "");
    assert_eq!(site.scan(2.5), "missing critical");
    site.jobs = vec![of_cluster("a", "etcd", vec![full(2.4)])];
    assert_eq!(site.scan(2.6), "");
    assert_eq!(site.memory.jobs.len(), 1);
}

#[test]
fn a_job_that_has_gone_wholly() {
    let mut site = Site::dumps(every(24.0, 10));
    assert_eq!(site.scan(217.0), "");
    let jobs = std::mem::take(&mut site.jobs);
    assert_eq!(site.scan(218.0), "missing critical");
    assert_eq!(
        findings(&site.judge(218.0))[0].text,
        "nothing is there any more: 10 backups were there 1 h ago, the newest of them is 2 h old now"
    );
    assert_eq!(site.scan(217.0 + 14.0 * 24.0), "missing critical");
    assert_eq!(
        site.scan(217.1 + 14.0 * 24.0),
        "",
        "taken for removed on purpose"
    );
    assert!(site.memory.jobs.is_empty());

    // With a cluster that nobody knows any more, it went on purpose.
    site.jobs = jobs;
    assert_eq!(site.scan(217.0), "");
    site.jobs.clear();
    site.clusters = Some(BTreeMap::new());
    assert_eq!(site.scan(218.0), "");
}

#[test]
fn one_job_of_several_that_has_gone() {
    let mut site = Site::of(of_cluster("a", "db", every(24.0, 10)));
    site.jobs.push(of_cluster("a", "files", every(24.0, 10)));
    assert_eq!(site.scan(217.0), "");
    site.jobs.pop();
    assert_eq!(site.scan(217.5), "missing warning");
}

#[test]
fn no_good_one_is_left() {
    let mut site = Site::dumps(every(24.0, 10));
    assert_eq!(site.scan(217.0), "");
    for backup in site.backups() {
        backup.size = 0;
    }
    assert_eq!(site.scan(218.0), "missing critical, empty critical");
}

#[test]
fn a_repository_that_has_just_been_made() {
    let mut site = Site::of(job(layout("restic"), Vec::new()));
    site.jobs[0].beside.newest = Some(at(0.0));
    assert_eq!(site.scan(0.1), "");
    assert_eq!(site.scan(24.0), "");
    assert_eq!(site.scan(25.1), "missing critical");
}

#[test]
fn a_first_backup_that_is_being_written() {
    let mut site = Site::of(job(layout("pgbackrest"), vec![unfinished(0.0)]));
    assert_eq!(site.scan(0.5), "");
    assert_eq!(site.scan(3.0), "incomplete critical");
    assert_eq!(site.scan(30.0), "missing critical, incomplete critical");
}

#[test]
fn of_thousands_of_clusters_without_anything_the_first_are_told_and_the_others_counted() {
    let names: Vec<String> = (0..1_000).map(|n| format!("c-{n:04}")).collect();
    let old: Vec<(&str, Option<UnixTime>)> = names
        .iter()
        .map(|name| (name.as_str(), Some(at(-1_000.0))))
        .collect();
    let mut site = known(Site::default(), &old);
    let judgement = site.judge(0.0);
    assert_eq!((judgement.jobs.len(), judgement.omitted), (256, 744));
    assert_eq!(judgement.omitted_findings, [0, 0, 744]);

    // Whose age nobody knows: as at the scans of those that are told.
    site = known(
        Site::default(),
        &names
            .iter()
            .map(|name| (name.as_str(), None))
            .collect::<Vec<_>>(),
    );
    for hours in [0.0, 1.0, 30.0] {
        let judgement = site.judge(hours);
        let told = findings(&judgement).len() as u64;
        assert!(told == 0 || told == 256, "{told}");
        let counted = judgement.omitted_findings[2];
        assert_eq!(counted > 0, told > 0, "{hours} h: {counted} and {told}");
        site.memory = judgement.memory.clone();
    }

    // A new one is not missed before its first backup is due.
    let new = names.iter().map(|name| (name.as_str(), Some(at(29.0))));
    let judgement = known(site, &new.collect::<Vec<_>>()).judge(30.0);
    assert_eq!(judgement.omitted_findings, [0, 0, 0]);
}
