use std::time::Duration;

use s3_exporter_judge::expectation::{Rhythm, Source, Stated};

use super::*;
use crate::destination::Judging;
use crate::resolver;
use crate::schedules::{Jobs, Place, Schedule, Schedules, UsedSchedules};
use crate::snapshot::tests::unscanned;

fn stated(seconds: u64) -> Stated {
    Stated {
        rhythm: Some(Rhythm::Every(Duration::from_secs(seconds))),
        ..Stated::default()
    }
}

fn schedule(jobs: Jobs, place: Place, seconds: u64) -> Schedule {
    Schedule {
        jobs,
        place,
        stated: stated(seconds),
    }
}

fn of_cluster(cluster: &str, job: &str) -> Jobs {
    Jobs::OfCluster {
        cluster: cluster.to_owned(),
        job: job.to_owned(),
    }
}

fn used(is_default: bool) -> UsedSchedules {
    UsedSchedules {
        resolver: "schedules:kkp".into(),
        is_default,
    }
}

/// Each job of which something is said, as `cluster|job seconds`; with `!` where it must exist.
fn said(
    schedules: &[Schedule],
    used: UsedSchedules,
    jobs: &[(&str, &str)],
    change: impl FnOnce(&mut Destination),
) -> Vec<String> {
    let mut of = Destination::clone(&unscanned("etcd").destination);
    of.judging = Judging {
        schedules: [used].into(),
        ..Judging::default()
    };
    change(&mut of);
    let (publisher, handle) = resolver::channel("schedules:kkp");
    publisher.deliver_schedules(Schedules::new(schedules.to_vec()));
    let jobs: Vec<_> = jobs
        .iter()
        .map(|(cluster, job)| JobId {
            cluster: (*cluster).to_owned(),
            job: (*job).to_owned(),
        })
        .collect();
    let rules = rules(&of, &[handle], &jobs);
    let shown = rules.stated.iter().map(|statement| {
        let Some(Rhythm::Every(every)) = &statement.stated.rhythm else {
            panic!("{statement:?}");
        };
        assert_eq!(statement.source, Source::Kubernetes);
        let text = |pattern: &Option<String>| pattern.clone().unwrap_or("*".to_owned());
        let must = if statement.must_exist { "!" } else { "" };
        let (cluster, job) = (text(&statement.of.cluster), text(&statement.of.job));
        format!("{cluster}|{job} {}{must}", every.as_secs())
    });
    shown.collect()
}

#[test]
fn a_job_is_found_by_its_name_whatever_stands_before_it() {
    let all = [
        schedule(of_cluster("c1", "daily"), Place::Default, 1),
        schedule(of_cluster("prod", "daily"), Place::Default, 2),
        schedule(Jobs::Named("nightly".to_owned()), Place::Default, 3),
        schedule(Jobs::Cluster("db1".to_owned()), Place::Default, 4),
    ];
    let there = [
        ("c1", "daily"),
        ("c1", "seed/daily"),
        ("c1", "notdaily"),
        ("", "seed/prod-daily"),
        ("", "velero/nightly"),
        ("", "pgs/db1"),
    ];
    let use_it = || used(true);
    assert_eq!(
        said(&all, use_it(), &there, |_| {}),
        [
            "c1|daily 1!",
            "c1|seed/daily 1!",
            "|seed/prod-daily 2!",
            "|velero/nightly 3!",
            "|pgs/db1 4!"
        ]
    );
    // What is not there is missing, by the name that it would have.
    assert_eq!(
        said(&all, use_it(), &[], |of| of.resolver = None),
        ["c1|daily 1!", "prod|daily 2!", "|nightly 3!", "|db1 4!"]
    );
    assert_eq!(
        said(&all[3..], use_it(), &[], |of| of.resolver =
            Some("cnpg".into())),
        ["db1| 4!"]
    );
    assert_eq!(
        said(&all[3..], use_it(), &[("db1", ""), ("db1", "x")], |_| {}),
        ["db1| 4!", "db1|x 4!"]
    );
}

#[test]
fn an_object_counts_where_its_backups_are() {
    let all = [
        schedule(of_cluster("a", "j"), Place::Default, 1),
        schedule(
            of_cluster("b", "j"),
            Place::Destination("etcd".to_owned()),
            2,
        ),
        schedule(
            of_cluster("c", "j"),
            Place::Destination("other".to_owned()),
            3,
        ),
        schedule(
            Jobs::Under(None),
            Place::Bucket("etcd-bucket".to_owned()),
            4,
        ),
    ];
    let at = |used| said(&all, used, &[], |of| of.bucket = "etcd-bucket".into());
    assert_eq!(at(used(true)), ["a|j 1!", "b|j 2!", "*|* 4"]);
    assert_eq!(at(used(false)), ["b|j 2!", "*|* 4"]);
    let elsewhere = said(&all[3..], used(true), &[], |of| of.bucket = "x".into());
    assert!(elsewhere.is_empty());
}

#[test]
fn that_all_are_elsewhere_can_be_told() {
    let of = |place: Place| Schedules::new(vec![schedule(of_cluster("a", "j"), place, 1)]);
    let destination = unscanned("etcd").destination;
    let elsewhere = |schedules: &Schedules| {
        let places = schedules.elsewhere(&destination.site(), &used(true));
        places.map(|places| places.into_iter().map(str::to_owned).collect::<Vec<_>>())
    };
    let other = of(Place::Destination("minio".to_owned()));
    assert_eq!(elsewhere(&other), Some(vec!["minio".to_owned()]));
    assert_eq!(elsewhere(&of(Place::Default)), None);
    assert_eq!(elsewhere(&Schedules::default()), None);
}

#[test]
fn a_repository_is_told_by_its_path_below_the_prefix() {
    let at = |root: &str, prefix: &str| {
        let one = schedule(Jobs::Under(Some(root.to_owned())), Place::Default, 1);
        said(&[one], used(true), &[], |of| of.prefix = prefix.into())
    };
    assert_eq!(at("", ""), ["| 1!"]);
    assert_eq!(at("web/one", ""), ["|web/one 1!"]);
    assert_eq!(at("/web/one/", "web/"), ["|one 1!"]);
    assert_eq!(at("web", "web/"), ["| 1!"]);
    assert!(at("website", "web/").is_empty());
    assert!(at("", "web/").is_empty());
}

#[test]
fn without_an_answer_the_configuration_holds_alone() {
    let mut of = Destination::clone(&unscanned("etcd").destination);
    of.judging.schedules = [used(true)].into();
    let (publisher, handle) = resolver::channel("schedules:kkp");
    let handles = [handle];
    let of_now = || rules(&of, &handles, []);
    assert!(Arc::ptr_eq(&of_now(), &of.judging.rules));
    publisher.deliver_schedules(Schedules::new(vec![schedule(
        of_cluster("a", "j"),
        Place::Default,
        1,
    )]));
    assert_eq!(of_now().stated.len(), 1);
    publisher.fail("down");
    assert_eq!(of_now().stated.len(), 1, "what was known holds");
}
