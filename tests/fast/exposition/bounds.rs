//! `limits.max_clusters`: what is left out is summed and counted, and nothing is lost.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use proptest::prelude::*;
use s3_exporter::config::{Compat, Metrics};
use s3_exporter::destination::Expect;
use s3_exporter::exposition::quota::{MostSeries, SeriesQuota};
use s3_exporter::exposition::{Format, text};
use s3_exporter::facts::Totals;
use s3_exporter::resolver::Resolution;
use s3_exporter::snapshot::{DestinationSnapshot, Snapshot};
use s3_exporter_judge::expectation::Source;
use s3_exporter_judge::findings::FindingKind;

use crate::exposition::joined::snapshot;
use crate::sample;

/// A destination with these clusters, each with one object of 10 bytes.
fn of(name: &str, resolver: &str, clusters: &[&str]) -> DestinationSnapshot {
    let mut of = sample::unscanned(sample::destination(name, "bucket", Some(resolver)));
    let clusters: Vec<_> = clusters
        .iter()
        .map(|name| (*name, sample::totals(1, 0, 10, 60)))
        .collect();
    of.latest = sample::attempt(1, None);
    of.figures = Some(sample::figures(
        sample::ago(1),
        sample::totals(2, 0, 5, 9),
        &clusters,
    ));
    of
}

fn resolution(names: &[&str]) -> Resolution {
    let names: Vec<_> = names
        .iter()
        .map(|name| (*name, Some(sample::ago(99))))
        .collect();
    Resolution {
        clusters: Some(sample::clusters(&names)),
        last_success: Some(sample::ago(2)),
        ..Resolution::default()
    }
}

fn shown(snapshot: &Snapshot, max_clusters: usize) -> String {
    let sets = [Compat::KubermaticS3, Compat::KubermaticEtcdbackup];
    let metrics = Metrics {
        max_clusters,
        ..sample::metrics(&sets, "cluster")
    };
    text(snapshot, &metrics, &[], Format::Text)
}

/// So many clusters, and one job.
fn most(clusters: usize) -> MostSeries {
    MostSeries { clusters, jobs: 1 }
}

/// The lines of a family, without its name.
fn lines<'a>(text: &'a str, family: &str) -> Vec<&'a str> {
    text.lines()
        .filter_map(|line| line.strip_prefix(family)?.strip_prefix('{'))
        .collect()
}

fn two() -> Snapshot {
    let names = ["a", "b", "c", "d", "e"];
    Snapshot {
        destinations: vec![
            Arc::new(of("large", "all", &names)),
            Arc::new(of("small", "few", &["x"])),
        ],
        resolvers: BTreeMap::from([
            ("all".into(), resolution(&names)),
            ("few".into(), resolution(&["x"])),
        ]),
        ..Snapshot::default()
    }
}

#[test]
fn the_rest_is_summed_and_counted() {
    let text = shown(&two(), 4);
    let small = r#"destination="small",bucket="bucket",cluster="x"} 1"#;
    let large = |cluster| format!(r#"destination="large",bucket="bucket",cluster="{cluster}"}} 1"#);
    let clusters: Vec<_> = ["a", "b", "c"].map(large).into();
    for family in ["objectstore_objects", "kubermatic_s3_object_count"] {
        let found = lines(&text, family);
        assert_eq!(found[..3], clusters, "{family}");
        assert_eq!(found[3..], [small], "{family}: the small one is whole");
    }
    for (family, large, small) in [
        ("objectstore_clusters_omitted", 2.0, 0.0),
        ("objectstore_omitted_objects", 2.0, 0.0),
        ("objectstore_omitted_objects_size_bytes", 20.0, 0.0),
        (
            "objectstore_omitted_newest_object_timestamp_seconds",
            sample::ago(60).as_seconds(),
            0.0,
        ),
        ("objectstore_unassigned_objects", 2.0, 2.0), // nothing comes to these
        ("objectstore_listed_objects", 7.0, 3.0),
    ] {
        let expected = [
            format!(r#"destination="large",bucket="bucket"}} {large}"#),
            format!(r#"destination="small",bucket="bucket"}} {small}"#),
        ];
        assert_eq!(lines(&text, family), expected, "{family}");
    }
    // A cluster with a creation time and no figures would look like one without backups.
    let created = lines(&text, "objectstore_cluster_created_timestamp_seconds");
    let created: Vec<_> = created
        .iter()
        .map(|line| line.split('}').next().unwrap())
        .collect();
    let of_all = |name| format!(r#"resolver="all",cluster="{name}""#);
    let expected: Vec<_> = ["a", "b", "c"].map(of_all).into();
    assert_eq!(created[..3], expected);
    assert_eq!(created[3..], [r#"resolver="few",cluster="x""#]);
    assert_eq!(
        lines(&text, "objectstore_resolver_clusters_omitted"),
        [r#"resolver="all"} 2"#, r#"resolver="few"} 0"#]
    );
}

/// Jobs are bounded by themselves, divided likewise, and what is wrong with the rest is counted.
#[test]
fn jobs_beyond_the_bound_are_counted() {
    let mut snapshot = two();
    let broken = [(FindingKind::Empty, "a"), (FindingKind::Cold, "b")];
    let job = |findings| sample::judged(Some(9), Source::Learned, findings);
    for (at, names) in [(0, &["a", "b", "c", "d", "e"][..]), (1, &["x"])] {
        let jobs = names.iter().map(|name| (*name, "daily", job(&broken)));
        let figures = Arc::make_mut(&mut snapshot.destinations[at])
            .figures
            .as_mut();
        Arc::make_mut(figures.unwrap()).judgement = sample::judgement(jobs.collect());
    }
    let metrics = Metrics {
        max_jobs: 3,
        ..sample::metrics(&[], "cluster")
    };
    let text = text(&snapshot, &metrics, &[], Format::Text);
    let of = |destination: &str, cluster: &str| {
        format!(
            "destination=\"{destination}\",bucket=\"bucket\",cluster=\"{cluster}\",job=\"daily\"}} 7"
        )
    };
    let shown = [of("large", "a"), of("large", "b"), of("small", "x")];
    assert_eq!(lines(&text, "objectstore_backups"), shown);
    assert_eq!(sum(&text, "objectstore_backup_jobs_omitted", "large"), 3.0);
    assert_eq!(sum(&text, "objectstore_backup_jobs_omitted", "small"), 0.0);
    let counts = lines(&text, "objectstore_omitted_backup_findings");
    let counts: Vec<_> = counts
        .iter()
        .map(|line| line.rsplit_once("severity=").unwrap().1)
        .collect();
    let expected = [
        "\"info\"} 3",
        "\"warning\"} 0",
        "\"critical\"} 3",
        "\"info\"} 0",
        "\"warning\"} 0",
        "\"critical\"} 0",
    ];
    assert_eq!(counts, expected);
    assert_eq!(
        lines(&text, "objectstore_objects").len(),
        6,
        "the clusters are all there"
    );
}

/// Where the names are known, the series of others do not come and go while it is scanned for
/// the first time.
#[test]
fn a_destination_that_was_not_scanned_yet_has_its_share() {
    let all = two();
    let mut before = all.clone();
    Arc::make_mut(&mut before.destinations[0]).figures = None;
    let small = |snapshot: &Snapshot| SeriesQuota::new(snapshot, most(1)).destination(1).shown;
    assert_eq!((small(&before), small(&all)), (0, 0));
    let objects = |text: &str| lines(text, "objectstore_objects").len();
    assert_eq!(objects(&shown(&before, 1)), 0);
    assert_eq!(objects(&shown(&all, 1)), 1);
}

fn sum(text: &str, family: &str, destination: &str) -> f64 {
    let begins = format!("destination=\"{destination}\",");
    let lines = lines(text, family);
    let own = lines.iter().filter(|line| line.starts_with(&begins));
    own.map(|line| line.rsplit(' ').next().unwrap().parse::<f64>().unwrap())
        .sum()
}

fn names<'a>(text: &'a str, family: &str) -> BTreeSet<&'a str> {
    let name = |line: &'a str| line.split_once("cluster=").unwrap().1.rsplit_once('}');
    let lines = lines(text, family).into_iter();
    lines.map(|line| name(line).unwrap().0).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// All that was listed is in the series of a cluster, with those left out, or unassigned.
    #[test]
    fn nothing_is_lost(mut snapshot in snapshot(), most in 0..12_usize) {
        for (at, of) in snapshot.destinations.iter_mut().enumerate() {
            let of = Arc::make_mut(of);
            Arc::make_mut(&mut of.destination).name = format!("d{at}").into();
        }
        let text = shown(&snapshot, most);
        let clusters: usize = snapshot.destinations.iter()
            .filter_map(|of| Some(of.figures.as_ref()?.clusters.len())).sum();
        let series = lines(&text, "objectstore_objects").len();
        prop_assert!(series <= most);
        prop_assert!(lines(&text, "objectstore_cluster_created_timestamp_seconds").len() <= most);
        let mut omitted = 0.0;
        for at in 0..snapshot.destinations.len() {
            let of = |family: &str| sum(&text, &format!("objectstore_{family}"), &format!("d{at}"));
            prop_assert_eq!(of("listed_objects"), of("objects") + of("omitted_objects") + of("unassigned_objects"));
            prop_assert_eq!(
                of("listed_size_bytes"),
                of("objects_size_bytes") + of("omitted_objects_size_bytes") + of("unassigned_objects_size_bytes")
            );
            omitted += of("clusters_omitted");
        }
        prop_assert_eq!(series + omitted as usize, clusters);
        // A destination that was not scanned yet has room for the clusters that it should have.
        let expected: usize = snapshot.destinations.iter()
            .filter(|of| of.figures.is_none() && of.destination.expect == Expect::All)
            .filter_map(|of| snapshot.resolvers.get(of.destination.resolver.as_ref()?))
            .filter_map(|now| Some(now.clusters.as_ref()?.len())).sum();
        if clusters + expected <= most {
            prop_assert_eq!(omitted, 0.0);
        }
        // Whoever has a creation time is not left out anywhere where its resolver counts.
        let shares = SeriesQuota::new(&snapshot, self::most(most));
        let created = names(&text, "objectstore_cluster_created_timestamp_seconds");
        for (at, of) in snapshot.destinations.iter().enumerate() {
            let Some(figures) = &of.figures else { continue };
            let Some(resolver) = &of.destination.resolver else { continue };
            let known = snapshot.resolvers.get(resolver).and_then(|now| now.clusters.clone());
            let Some(known) = known else { continue };
            let shown = shares.resolver(resolver).shown;
            let created_here: BTreeSet<_> = known.names().take(shown).collect();
            for name in figures.clusters.keys().skip(shares.destination(at).shown) {
                prop_assert!(!created_here.contains(name), "{} {:?}", name, created);
            }
        }
    }

    /// What is shown depends on the sets alone: more room never takes a series away.
    #[test]
    fn more_room_shows_more(snapshot in snapshot(), most in 0..12_usize) {
        let (few, more) = (shown(&snapshot, most), shown(&snapshot, most + 1));
        let all = |text: &str| -> BTreeSet<String> {
            lines(text, "objectstore_objects").into_iter().map(str::to_owned).collect()
        };
        prop_assert_eq!(shown(&snapshot, most), few.clone());
        if snapshot.destinations.iter().filter(|of| of.figures.is_some()).count() < 2 {
            prop_assert!(all(&few).is_subset(&all(&more)));
        }
    }
}

#[test]
fn unassigned_is_no_place_for_the_omitted() {
    let mut snapshot = two();
    let figures = Arc::make_mut(&mut snapshot.destinations[0])
        .figures
        .as_mut();
    Arc::make_mut(figures.unwrap()).unassigned = Totals::default();
    let text = shown(&snapshot, 1);
    assert_eq!(sum(&text, "objectstore_unassigned_objects", "large"), 0.0);
    assert_eq!(sum(&text, "objectstore_omitted_objects", "large"), 4.0);
}
