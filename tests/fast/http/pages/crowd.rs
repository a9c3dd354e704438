//! Pages of thousands of clusters: small, and nothing is left out.

use s3_exporter::snapshot::ScanHistory;
use s3_exporter_api::FailureKind;
use s3_exporter_judge::expectation::Source;
use s3_exporter_judge::findings::{FindingKind, Severity};

use super::*;

/// So many clusters, each with a job; of every tenth something is wrong.
fn crowd(clusters: usize) -> Snapshot {
    let mut snapshot = sample::snapshot();
    let names: Vec<_> = (0..clusters)
        .map(|nth| format!("cluster-{nth:05}-eu-central"))
        .collect();
    let kinds = FindingKind::ALL;
    let judged = |nth: usize| {
        let wrong = (
            kinds[nth / 10 % kinds.len()],
            "something is wrong with it, and so on",
        );
        let wrong: &[_] = if nth.is_multiple_of(10) {
            &[wrong]
        } else {
            &[]
        };
        sample::judged(Some(600), Source::Kubernetes, wrong)
    };
    let destinations = ["one", "other"].map(|name| {
        let mut of = sample::unscanned(sample::destination(name, name, Some("kkp")));
        of.latest = sample::attempt(60, None);
        let totals: Vec<_> = names
            .iter()
            .map(|name| (name.as_str(), sample::totals(20, 0, 1 << 30, 600)))
            .collect();
        let jobs = names.iter().enumerate();
        let jobs = jobs.map(|(nth, name)| (name.as_str(), "default", judged(nth)));
        let figures = sample::figures(sample::ago(60), Totals::NONE, &totals);
        of.figures = Some(sample::with(sample::judgement(jobs.collect()), figures));
        Arc::new(of)
    });
    snapshot.destinations.extend(destinations);
    snapshot
}

#[test]
fn the_page_of_5000_clusters_is_small() {
    let snapshot = crowd(5000);
    let page = overview(&snapshot, &Query::default());
    assert!(page.len() < 400_000, "{} bytes", page.len());
    assert!(page.contains("10006 of 10006, page 1 of 101."), "{page}");
    let context = Context {
        snapshot: &snapshot,
        started: sample::ago(0),
        now: sample::ago(0),
    };
    let of_one = html::destination(&context, "one", &Query::default());
    let of_one = of_one.unwrap().unwrap();
    assert!(of_one.len() < 400_000, "{} bytes", of_one.len());
    assert!(of_one.contains("5000 of 5000, page 1 of 50."), "{of_one}");
    let second = Query {
        page: "101".to_owned(),
        ..Query::default()
    };
    let page = overview(&snapshot, &second);
    assert!(page.contains("page 101 of 101") && page.contains("cluster-04999-eu-central"));
}

/// As it is where nothing is well: lines with the longest keys, and scans that failed of much.
#[test]
fn the_page_is_small_whatever_is_wrong() {
    let key = "k".repeat(1024);
    let mut snapshot = Snapshot::default();
    for nth in 0..50 {
        let name = format!("destination-{nth}");
        let mut of = sample::unscanned(sample::destination(&name, &name, None));
        of.latest = sample::attempt(60, Some((FailureKind::Denied, "access denied (403)")));
        let jobs: Vec<_> = (0..100).map(|job| format!("job-{job}")).collect();
        let wrong = |job: usize| {
            let kind = FindingKind::ALL[job % FindingKind::ALL.len()];
            let wrong: &[_] = if job < 40 { &[(kind, &*key)] } else { &[] };
            sample::judged(Some(600), Source::Learned, wrong)
        };
        let judged = jobs.iter().enumerate();
        let judged = judged.map(|(at, job)| ("", job.as_str(), wrong(at)));
        let figures = sample::figures(sample::ago(60), sample::totals(20, 0, 1, 60), &[]);
        of.figures = Some(sample::with(sample::judgement(judged.collect()), figures));
        of.history = Arc::new(ScanHistory::from(
            (0..48)
                .map(|at| sample::past(4800 - at, Some((FailureKind::Denied, &[&key[..500]]))))
                .collect::<Vec<_>>(),
        ));
        snapshot.destinations.push(Arc::new(of));
    }
    let page = overview(&snapshot, &Query::default());
    assert!(page.len() < 400_000, "{} bytes", page.len());
    assert!(page.contains("5000 of 5000, page 1 of 50."), "{page}");
    let context = Context {
        snapshot: &snapshot,
        started: sample::ago(0),
        now: sample::ago(0),
    };
    let query = Query::default();
    let page = html::destination(&context, "destination-7", &query);
    let page = page.unwrap().unwrap();
    assert!(page.len() < 400_000, "{} bytes", page.len());
    let page = html::cluster(&context, "destination-7", "", &query);
    let page = page.unwrap().unwrap();
    assert!(page.len() < 400_000, "{} bytes", page.len());
    assert!(
        page.contains("100 jobs, the worst first; page 1 of 5."),
        "{page}"
    );
}

/// A cluster of many jobs has pages of them, and nothing is told of those of others.
#[test]
fn the_jobs_of_a_cluster_have_pages() {
    let names: Vec<_> = (0..45).map(|job| format!("job-{job:02}")).collect();
    let judged = |job: usize| {
        let wrong: &[_] = match job {
            44 => &[(FindingKind::Overdue, "it is late")],
            7 => &[(FindingKind::Gap, "some are lacking")],
            _ => &[],
        };
        sample::judged(Some(600), Source::Learned, wrong)
    };
    let jobs = names.iter().enumerate();
    let jobs = jobs.map(|(at, name)| ("many", name.as_str(), judged(at)));
    let mut of = sample::unscanned(sample::destination("d", "d", None));
    of.latest = sample::attempt(60, None);
    let figures = sample::figures(sample::ago(60), Totals::NONE, &[]);
    of.figures = Some(sample::with(sample::judgement(jobs.collect()), figures));
    let snapshot = Snapshot {
        destinations: vec![Arc::new(of)],
        ..Snapshot::default()
    };
    let context = Context {
        snapshot: &snapshot,
        started: sample::ago(0),
        now: sample::ago(0),
    };
    let shown = |page: &str| {
        let query = Query {
            page: page.to_owned(),
            ..Query::default()
        };
        let page = html::cluster(&context, "d", "many", &query);
        let page = page.unwrap().unwrap();
        let jobs = page.split(">Job <code>").skip(1);
        let jobs: Vec<_> = jobs
            .map(|rest| rest.split("</code>").next().unwrap().to_owned())
            .collect();
        has_all(&page, &["class=\"verdict bad\">2 findings.</p>"]);
        (jobs, page)
    };
    let (first, page) = shown("");
    assert_eq!(
        (first.len(), &first[..3]),
        (20, &["job-44", "job-07", "job-00"].map(str::to_owned)[..])
    );
    has_all(
        &page,
        &[
            "<p id=\"count\">45 jobs, the worst first; page 1 of 3.</p>",
            "It is late.",
            "Some are lacking.",
            "<a class=\"swap\" rel=\"next\" href=\"?sort=worst&#38;page=2\">Next page</a>",
        ],
    );
    let (last, page) = shown("3");
    assert_eq!(last, ["job-39", "job-40", "job-41", "job-42", "job-43"]);
    assert!(
        !page.contains("It is late.") && !page.contains("Next page"),
        "{page}"
    );
}

/// Every finding has its own line, or is counted in one that leads to it.
#[test]
fn no_finding_is_left_out() {
    let snapshot = crowd(2000);
    let page = overview(&snapshot, &Query::default());
    for of in &snapshot.destinations {
        let Some(figures) = &of.figures else { continue };
        let name = of.destination.name.to_string();
        for kind in FindingKind::ALL {
            let jobs = figures.judgement.jobs.iter();
            let found = jobs.flat_map(|(id, job)| job.findings.iter().map(move |it| (id, it)));
            let found: Vec<_> = found.filter(|(_, it)| it.kind == *kind).collect();
            let line = format!("status/{name}?finding={}\"", kind.as_str());
            match found.first() {
                None => assert!(!page.contains(&line), "{line}"),
                Some((_, first)) if first.severity == Severity::Info => {
                    let counted = format!("{line}>{} ", found.len());
                    assert!(page.contains(&counted), "{counted} in {page}");
                }
                Some(_) if found.len() > 3 => {
                    let (_, rest) = page.split_once(&format!("href=\"{line}")).unwrap();
                    let (link, _) = rest.split_once("</a>").unwrap();
                    assert!(
                        link.ends_with(&format!(": {} clusters", found.len())),
                        "{link}"
                    );
                }
                Some((id, _)) if name == "etcd" => {
                    assert!(page.contains(&format!("status/etcd/{}\"", id.cluster)));
                }
                Some(_) => assert!(page.contains(&format!(": {}</strong>", kind.as_str()))),
            }
        }
    }
}
