use super::*;

fn job(cluster: &str, job: &str) -> JobId {
    JobId {
        cluster: cluster.to_owned(),
        job: job.to_owned(),
    }
}

fn of(cluster: &str, job: &str) -> Selector {
    let pattern = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    Selector {
        cluster: pattern(cluster),
        job: pattern(job),
        is_exact: false,
    }
}

fn says(of: Selector, source: Source, hours: u64, keep: Option<u32>) -> Statement {
    let hours = Duration::from_secs(hours * 3600);
    Statement {
        of,
        source,
        stated: Stated {
            rhythm: (!hours.is_zero()).then_some(Rhythm::Every(hours)),
            keep,
            ..Stated::default()
        },
        must_exist: false,
    }
}

#[test]
fn patterns_are_of_whole_names() {
    for (pattern, matching, others) in [
        (of("", ""), vec![job("", ""), job("a", "b")], vec![]),
        (
            of("prod-*", ""),
            vec![job("prod-", ""), job("prod-1", "x")],
            vec![job("prod", ""), job("xprod-1", "")],
        ),
        (
            of("", "db?"),
            vec![job("", "db1")],
            vec![job("", "db"), job("", "db12")],
        ),
        (
            of("a", "b"),
            vec![job("a", "b")],
            vec![job("a", "bb"), job("", "b")],
        ),
        (
            Selector::one("*", "?"),
            vec![job("*", "?")],
            vec![job("a", "b"), job("", "")],
        ),
    ] {
        for job in matching {
            assert!(pattern.matches(&job), "{pattern:?} {job:?}");
        }
        for job in others {
            assert!(!pattern.matches(&job), "{pattern:?} {job:?}");
        }
    }
}

#[test]
fn the_first_that_says_something_holds_field_by_field() {
    let rules = Rules {
        stated: vec![
            says(of("a", ""), Source::Configuration, 0, Some(7)),
            says(of("*", "x"), Source::Configuration, 1, Some(8)),
            says(Selector::one("a", "x"), Source::Kubernetes, 2, None),
            says(Selector::one("a", "y"), Source::Kubernetes, 3, Some(9)),
            says(Selector::one("b", "z"), Source::Kubernetes, 4, Some(9)),
        ],
        tuning: Vec::new(),
    };
    let held = |cluster, name| {
        let rules = rules.of(&job(cluster, name));
        let hours = rules.stated.rhythm.map(|rhythm| match rhythm {
            Rhythm::Every(every) => every.as_secs() / 3600,
            Rhythm::Cron(_) => unreachable!(),
        });
        (hours, rules.source, rules.stated.keep)
    };
    assert_eq!(
        held("a", "x"),
        (Some(1), Some(Source::Configuration), Some(7))
    );
    assert_eq!(held("a", "y"), (Some(3), Some(Source::Kubernetes), Some(7)));
    assert_eq!(held("b", "z"), (Some(4), Some(Source::Kubernetes), Some(9)));
    assert_eq!(held("c", "z"), (None, None, None));
}

#[test]
fn what_is_turned_off_by_the_stronger_stays_off() {
    let tuning = |off: &[FindingKind], severity: &[(FindingKind, Severity)]| Tuning {
        off: off.iter().copied().collect(),
        severity: severity.iter().copied().collect(),
        ..Tuning::default()
    };
    let (gap, shrunk) = (FindingKind::Gap, FindingKind::Shrunk);
    let rules = Rules {
        stated: Vec::new(),
        tuning: vec![
            (of("a", ""), tuning(&[gap], &[(shrunk, Severity::Info)])),
            (of("", ""), tuning(&[shrunk], &[(gap, Severity::Critical)])),
        ],
    };
    let strong = tuning(&[gap], &[(shrunk, Severity::Info)]);
    assert_eq!(rules.of(&job("a", "x")).tuning, strong);
    assert_eq!(
        rules.of(&job("b", "x")).tuning,
        tuning(&[shrunk], &[(gap, Severity::Critical)])
    );
}
