//! What a file says: written, read, of any version, damaged and hostile.

use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use s3_exporter_api::{FailureKind, Object, StorageClass};
use s3_exporter_listing::{Boundaries, Fold};

use super::*;
use crate::assign::Assignment;
use crate::beside::{Beside, Found, Uploads, Versions};
use crate::clusters::Cluster;
use crate::facts::{Facts, Lane, Recent, Totals};
use crate::snapshot::{BesideOutcome, PastFailure, PastScan, ScanFailure};

prop_compose! {
    fn totals()(
        objects in 0..1_u64 << 40,
        empty in 0..=100_u64,
        bytes in any::<u64>(),
        times in (option::of(-9_i64..1 << 53), option::of(-9_i64..1 << 53), option::of(-9_i64..1 << 53)),
        sizes in (any::<u64>(), option::of(any::<u64>())),
        recent in vec((-9_i64..1 << 53, any::<u64>()), 0..12),
    ) -> Totals {
        Totals {
            objects: objects + empty,
            empty,
            bytes,
            newest_of_all: times.0.map(at),
            newest: times.1.map(|time| (at(time), sizes.0)),
            oldest: times.2.map(at),
            largest: sizes.1,
            recent: Recent::restore(recent.into_iter().map(|(time, size)| (at(time), size))),
        }
    }
}

/// Of each cluster its totals, its creation and whether it is still known.
type Owned = std::collections::BTreeMap<String, (Totals, Option<i64>, bool)>;

prop_compose! {
    fn completed()(
        owned in btree_map("[^/\\pC]{1,8}|[ab-]{1,3}", (totals(), option::of(0..1_i64 << 53), any::<bool>()), 0..6),
        unassigned in totals(),
        keys in btree_map(any::<String>(), 0..1_u64 << 30, 0..6),
        loose in 0..9_u64,
        ended in 0..1_i64 << 53,
        gone in option::of(0..1_i64 << 53),
    ) -> CompletedScan {
        let owned: Owned = owned;
        let (mut names, mut known) = (Clusters::new(), Clusters::new());
        for (name, (_, created, is_known)) in &owned {
            let cluster = Cluster { created: created.map(at) };
            names.insert(name, cluster).unwrap();
            if *is_known {
                known.insert(name, cluster).unwrap();
            }
        }
        let assignment = Arc::new(Assignment::new(&names, "p/", "-"));
        let facts = Facts::restore(assignment, |name| owned[name].0.clone(), unassigned);
        let mut sum = 0;
        let keys: Vec<_> = keys.iter().map(|(key, objects)| { sum += objects; (&**key, sum) }).collect();
        let anchors: Vec<u32> = (0..keys.len() as u32).collect(); // 0: not known
        let boundaries = Boundaries::restore(keys.into_iter(), loose).unwrap();
        let boundaries = boundaries.with_anchors(&anchors);
        let gone = names.names().zip(gone).map(|(name, seen)| (Arc::clone(name), at(seen))).collect();
        CompletedScan {
            found: Arc::new(CompleteListing { fold: facts, boundaries, as_of: at(ended), report: None }),
            known: Arc::new(known),
            gone: Arc::new(gone),
            memory: Arc::default(),
        }
    }
}

prop_compose! {
    fn beside()(
        versions in option::of((0..1_i64 << 53, any::<[u64; 3]>())),
        uploads in option::of((0..1_i64 << 53, vec((any::<String>(), 0..1_i64 << 53), 0..4))),
        requests in any::<u64>(),
        failure in option::of(any::<String>()),
    ) -> BesideOutcomes {
        let mut outcomes = BesideOutcomes::default();
        if let Some((ended, [noncurrent, noncurrent_bytes, delete_markers])) = versions {
            let found = Found::Versions(Versions { noncurrent, noncurrent_bytes, delete_markers });
            let found = Some((at(ended), Arc::new(found)));
            *outcomes.of_mut(Beside::Versions) = BesideOutcome { found, requests, failure: None };
        }
        if uploads.is_some() || failure.is_some() {
            let found = uploads.map(|(ended, kept)| {
                let kept: Vec<_> = kept.into_iter().map(|(key, begun)| (key, at(begun))).collect();
                let oldest = kept.iter().map(|(_, begun)| *begun).min();
                (at(ended), Arc::new(Found::Uploads(Uploads { count: kept.len() as u64, oldest, kept })))
            });
            let failure = failure.map(|message| ScanFailure {
                kind: FailureKind::Denied,
                message: message.into(),
            });
            *outcomes.of_mut(Beside::Uploads) = BesideOutcome { found, requests, failure };
        }
        outcomes
    }
}

prop_compose! {
    fn anything()(
        ended in 0..1_i64 << 53,
        duration in any::<Duration>(),
        failure in option::of((0..FailureKind::ALL.len(), any::<String>())),
        completed in option::of(completed()),
        audit in option::of((0..1_i64 << 53, any::<bool>())),
        history in vec((0..1_i64 << 53, any::<u64>(), option::of(vec(any::<String>(), 0..3))), 0..4),
        beside in beside(),
    ) -> SavedState {
        let failure = failure.map(|(kind, message)| ScanFailure {
            kind: FailureKind::ALL[kind],
            message: message.into(),
        });
        let audit = audit.map(|(ended, success)| Audit { ended: at(ended), success });
        let history = history.into_iter().map(|(began, requests, causes)| PastScan {
            began: at(began),
            duration,
            pages: 1,
            objects: requests / 2,
            requests,
            failure: causes.map(|causes| PastFailure {
                kind: FailureKind::Tls,
                causes: causes.into_iter().map(Into::into).collect(),
            }),
        });
        SavedState {
            latest: ScanOutcome { ended: at(ended), duration, failure },
            completed,
            audit,
            history: Arc::new(history.collect::<Vec<_>>().into()),
            beside,
        }
    }
}

fn written(remembered: &SavedState) -> Vec<u8> {
    to_bytes(&destination("d").listing(), remembered).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn what_was_written_is_what_is_read(before in anything(), name in any::<String>()) {
        let identity = destination(&name).listing();
        let bytes = to_bytes(&identity, &before).unwrap();
        let (found, after) = parse(&bytes).unwrap();
        prop_assert_eq!(found, identity);
        prop_assert_eq!(format!("{:?}", &after.latest), format!("{:?}", &before.latest));
        prop_assert_eq!(after.completed.is_some(), before.completed.is_some());
        prop_assert_eq!(after.audit, before.audit);
        prop_assert_eq!(&after.history, &before.history);
        prop_assert_eq!(format!("{:?}", &after.beside), format!("{:?}", &before.beside));
        if let (Some(after), Some(before)) = (after.completed, before.completed) {
            prop_assert_eq!(after.ended(), before.ended());
            prop_assert_eq!(&after.known, &before.known);
            prop_assert_eq!(&after.gone, &before.gone);
            prop_assert_eq!(&after.found.boundaries, &before.found.boundaries);
            let (after, known, before) = (&after.found.fold, &after.known, &before.found.fold);
            prop_assert_eq!(after.unassigned(), before.unassigned());
            prop_assert!(after.owned().eq(before.owned()));
            prop_assert_eq!(after.split(known, Expect::All), before.split(known, Expect::All));
        }
    }

    /// As the fuzzer does: whatever comes, it is an answer.
    #[test]
    fn any_bytes_are_read_without_a_panic(bytes in vec(any::<u8>(), 0..200), body in any::<String>()) {
        prop_assert!(parse(&bytes).is_err());
        for json in [body.as_str(), "{}", "[[[[", r#"{"identity":{},"latest":{},"good":null}"#] {
            for version in 0..=6 {
                prop_assert!(matches!(parse(signed(version, json).as_bytes()), Err(Unusable::Corrupt(_))));
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(30))]

    #[test]
    fn one_wrong_byte_or_a_missing_end_is_seen(of in anything(), wrong in 1..=255_u8) {
        let bytes = written(&of);
        for at in 0..bytes.len() {
            prop_assert!(matches!(parse(&bytes[..at]), Err(Unusable::Corrupt(_))), "cut at {}", at);
            for wrong in [wrong, 0x01, 0x20, 0x80] {
                let mut bytes = bytes.clone();
                bytes[at] ^= wrong;
                prop_assert!(matches!(parse(&bytes), Err(Unusable::Corrupt(_))), "{} at {}", wrong, at);
            }
        }
    }
}

/// A file of this version with this body.
pub(super) fn signed(version: u32, body: &str) -> String {
    let sum = crc32fast::hash(format!("{version}\n{body}").as_bytes());
    format!("s3-exporter-state {version} {sum:08x}\n{body}")
}

/// What the second version wrote of three objects of no cluster.
const BODY_2: &str = r#"{"identity":{"destination":"d","store_url":"https://minio.example:9000","bucket":"backups","prefix":"p/","separator":"-","resolver":"lab"},"latest":{"ended":1,"duration":{"secs":0,"nanos":5000000},"failure":null},"good":{"ended":1,"unassigned":{"objects":3,"empty":0,"bytes":0,"newest_of_all":null,"newest":null,"oldest":null,"largest":null},"clusters":[],"boundaries":[],"loose":0},"audit":{"ended":1,"success":true}}"#;

/// The same as it is written today.
fn body_6() -> String {
    let audit = Some(Audit {
        ended: at(1),
        success: true,
    });
    let before = SavedState {
        audit,
        ..remembered(at(1), 3)
    };
    let text = String::from_utf8(written(&before)).unwrap();
    text.split_once('\n').unwrap().1.to_owned()
}

const TOTALS: &str = r#"{"objects":1,"empty":0,"bytes":1,"newest_of_all":null,"newest":null,"oldest":null,"largest":null}"#;

/// Changes of a body that nobody can have written are refused.
fn refuses(version: u32, body: &str, cluster: fn(&str) -> String, gone: (&str, &str)) {
    parse(signed(version, body).as_bytes()).unwrap();
    let clusters = |clusters: &str| (r#""clusters":[]"#, format!(r#""clusters":[{clusters}]"#));
    let (one, other) = clusters(&cluster("a"));
    parse(signed(version, &body.replace(one, &other)).as_bytes()).unwrap();
    for (from, to) in [
        clusters(&format!("{0},{0}", cluster("a"))),
        clusters(&cluster("")),
        clusters(&cluster("a/b")),
        clusters(&cluster("a").replace(r#""objects":1"#, r#""objects":1099511627777"#)),
        (
            r#""objects":3"#,
            r#""objects":18446744073709551615"#.to_owned(),
        ),
        (r#""empty":0"#, r#""empty":4"#.to_owned()),
        (
            r#""oldest":null"#,
            r#""oldest":-9223372036854775808"#.to_owned(),
        ),
        (r#""ended":1"#, r#""ended":9223372036854775807"#.to_owned()),
        (r#""loose":0"#, r#""loose":-1"#.to_owned()),
        (
            r#""boundaries":[]"#,
            r#""boundaries":[["b",1],["a",2]]"#.to_owned(),
        ),
        (
            r#""boundaries":[]"#,
            r#""boundaries":[["a",2],["b",1]]"#.to_owned(),
        ),
        (
            r#""boundaries":[]"#,
            r#""boundaries":[["a",18446744073709551615]]"#.to_owned(),
        ),
        (r#""success":true"#, r#""success":1"#.to_owned()),
        (
            r#""audit":{"ended":1"#,
            r#""audit":{"ended":9223372036854775807"#.to_owned(),
        ),
        (r#""failure":null"#, r#""failure":["tired","x"]"#.to_owned()),
        (r#""loose":0"#, r#""loose":0,"more":1"#.to_owned()),
        (gone.0, gone.1.to_owned()),
        (
            r#""largest":null"#,
            format!(r#""largest":null,"recent":[{}[1,1]]"#, "[1,1],".repeat(10)),
        ),
        (
            r#""largest":null"#,
            r#""largest":null,"recent":[[-9223372036854775808,1]]"#.to_owned(),
        ),
    ] {
        let changed = body.replace(from, &to);
        assert_ne!(changed, body, "{from}");
        let result = parse(signed(version, &changed).as_bytes());
        assert!(matches!(result, Err(Unusable::Corrupt(_))), "{to}");
    }
}

#[test]
fn what_cannot_be_is_refused_though_its_checksum_is_right() {
    let cluster = |name: &str| format!(r#"["{name}",{TOTALS}]"#);
    let gone = (r#""gone":[]"#, r#""gone":[["x",1]]"#);
    let body_6 = body_6();
    refuses(6, &body_6, cluster, gone);
    // As the fifth version has it, which knew of no more that may be kept.
    refuses(5, &body_6, cluster, gone);
    // As the fourth version has it, which kept the latest scan alone.
    let body_4 = body_6.replace(r#","history":[]"#, "");
    assert_ne!(body_4, body_6);
    refuses(4, &body_4, cluster, gone);
    // As the third version has it, which kept nothing of backups.
    let body_3 = body_4.replace(r#","memory":{"jobs":[]}"#, "");
    assert_ne!(body_3, body_4);
    refuses(3, &body_3, cluster, gone);
    let cluster = |name: &str| {
        format!(r#"{{"cluster":"{name}","created":null,"known":true,"totals":{TOTALS}}}"#)
    };
    let gone = (r#""loose":0"#, r#""loose":0,"gone":[["x",1]]"#);
    refuses(2, BODY_2, cluster, gone);
}

/// How large objects are is kept where it was counted, and is of no use where it is of other objects.
#[test]
fn sizes_are_kept() {
    let mut facts = Facts::new(Arc::default()).with_sizes(true);
    for size in [0, 1024, 1025, 1 << 50] {
        let object = Object {
            key: b"k",
            size,
            last_modified: at(1),
            storage_class: StorageClass::STANDARD,
        };
        facts.add(&mut Lane::default(), &object);
    }
    let mut saved = remembered(at(1), 0);
    let completed = saved.completed.as_mut().unwrap();
    Arc::get_mut(&mut completed.found).unwrap().fold = facts.clone();
    let bytes = written(&saved);
    let (_, after) = parse(&bytes).unwrap();
    let kept = after.completed.unwrap().found.fold.sizes().copied();
    assert_eq!(kept.as_ref(), facts.sizes());
    assert!(kept.is_some());
    let text = String::from_utf8(bytes).unwrap();
    let body = text.split_once('\n').unwrap().1;
    for (from, to) in [("[2,1,", "[3,1,"), ("[2,1,", "[2,"), ("[2,1,", "[2,1,0,")] {
        let changed = body.replace(from, to);
        assert_ne!(changed, body);
        let result = parse(signed(6, &changed).as_bytes());
        assert!(matches!(result, Err(Unusable::Corrupt(_))), "{to}");
    }
}

/// What one listing has found is not what another has.
#[test]
fn what_lies_beside_is_of_its_listing() {
    let mut saved = remembered(at(1), 0);
    let found = Found::Versions(Versions::default());
    saved.beside.of_mut(Beside::Versions).found = Some((at(1), Arc::new(found)));
    let text = String::from_utf8(written(&saved)).unwrap();
    let body = text.split_once('\n').unwrap().1;
    for (from, to) in [
        (r#""beside":{"versions":"#, r#""beside":{"uploads":"#),
        (r#""beside":{"versions":"#, r#""beside":{"tags":"#),
        (r#""noncurrent":0"#, r#""noncurrent":-1"#),
    ] {
        let changed = body.replace(from, to);
        assert_ne!(changed, body, "{from}");
        let result = parse(signed(6, &changed).as_bytes());
        assert!(matches!(result, Err(Unusable::Corrupt(_))), "{to}");
    }
}

/// A file names the kinds of failures as the label `kind` does.
#[test]
fn kinds_are_kept_by_their_names() {
    for kind in FailureKind::ALL {
        let written = serde_json::to_string(&kind).unwrap();
        assert_eq!(written, format!("\"{kind}\""));
        assert_eq!(serde_json::from_str::<FailureKind>(&written).unwrap(), kind);
    }
}

/// What the first version has written is read: it lacks what is new.
#[test]
fn an_older_file_is_read() {
    let totals = r#"{"objects":2,"empty":1,"bytes":7,"newest_of_all":9,"newest":[8,7],"oldest":8,"largest":7}"#;
    let cluster = format!(r#"{{"cluster":"a","known":true,"totals":{totals}}}"#);
    let body = BODY_2.replace(r#""clusters":[]"#, &format!(r#""clusters":[{cluster}]"#));
    let body = body.replace(r#","audit":{"ended":1,"success":true}"#, "");
    let (_, remembered) = parse(signed(1, &body).as_bytes()).unwrap();
    let good = remembered.completed.as_ref().unwrap();
    let (_, totals) = good.found.fold.owned().next().unwrap();
    assert_eq!(totals.newest, Some((at(8), 7)));
    assert_eq!((totals.recent.newest(), good.gone.len()), (None, 0));
    assert_eq!(remembered.audit, None);
}
