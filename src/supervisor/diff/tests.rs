use std::time::Duration;

use figment::value::{Dict, Value};

use super::*;
use crate::destination::Expect;
use crate::resolver::fixed::StaticResolver;

mod laws;

/// A description in few words, parts by their names:
///
/// ```text
/// requests=9            the process's bound
/// store:s=key/4         a backend: what else is said of it, and its bound
/// names:lab=a           a resolver: its source
/// x=bucket@s~lab!5      a destination: its bucket, backend and, where it has one, resolver; and
///                       a setting
/// ```
fn desired(text: &str) -> Desired {
    let mut desired = Desired::default();
    for word in text.split_whitespace() {
        let (name, what) = word.split_once('=').unwrap();
        match name.split_once(':') {
            None if name == "requests" => desired.max_requests_in_flight = what.parse().unwrap(),
            None => {
                let destination = destination(name, what);
                desired.order.push(name.into());
                desired.destinations.insert(name.into(), destination.into());
            }
            Some(("store", name)) => {
                let (said, bound) = what.split_once('/').unwrap();
                let said = Dict::from([("key".to_owned(), Value::from(said))]);
                let backend = DesiredBackend {
                    fingerprint: Fingerprint::of(&said, &[]),
                    max_requests_in_flight: bound.parse().unwrap(),
                };
                desired.backends.insert(name.into(), backend);
            }
            Some((_, name)) => {
                let resolver = StaticResolver {
                    clusters: vec![what.to_owned()],
                    clusters_file: None,
                };
                desired.resolvers.insert(name.into(), Arc::new(resolver));
            }
        }
    }
    desired
}

fn destination(name: &str, what: &str) -> Destination {
    let (what, setting) = what.split_once('!').unwrap_or((what, "1"));
    let (what, resolver) = what.split_once('~').unwrap_or((what, ""));
    let (bucket, backend) = what.split_once('@').unwrap();
    Destination {
        name: name.into(),
        bucket: bucket.into(),
        prefix: "".into(),
        filter: Default::default(),
        separator: "-".into(),
        backend: backend.into(),
        store_url: "http://store".into(),
        resolver: (!resolver.is_empty()).then(|| resolver.into()),
        expect: Expect::All,
        max_age: None,
        interval: Duration::from_secs(setting.parse().unwrap()),
        timeout: Duration::from_secs(1),
        concurrency: 1,
        audit_interval: None,
        probe_interval: None,
        look_interval: None,
        report_interval: None,
        price: None,
        labels: Default::default(),
        tag_labels: Default::default(),
        also: Default::default(),
        judging: crate::destination::Judging::default(),
    }
}

/// As the tables have it: `begin x`, `alter names:lab`.
fn shown(changes: &[Change]) -> String {
    let component = |component: &Component| match component {
        Component::Requests => "requests".to_owned(),
        Component::Backend(name) => format!("store:{name}"),
        Component::Resolver(name) => format!("names:{name}"),
        Component::Destination(name) => name.to_string(),
    };
    let change = |change: &Change| match change {
        Change::End(of) => format!("end {}", component(of)),
        Change::Alter(of) => format!("alter {}", component(of)),
        Change::Begin(of) => format!("begin {}", component(of)),
    };
    changes.iter().map(change).collect::<Vec<_>>().join(", ")
}

/// Of the description before and the one after: the changes, in their order.
#[test]
fn each_difference_has_its_change() {
    for (what, old, new, expected) in [
        (
            "all is new",
            "",
            "requests=9 store:s=key/4 names:lab=a x=bx@s~lab y=by@s",
            "alter requests, begin store:s, begin names:lab, begin x, begin y",
        ),
        (
            "all is gone",
            "store:s=key/4 names:lab=a x=bx@s~lab",
            "",
            "end x, end names:lab, end store:s",
        ),
        (
            "a destination comes",
            "store:s=key/4 x=bx@s",
            "store:s=key/4 y=by@s x=bx@s",
            "begin y",
        ),
        (
            "a destination goes",
            "store:s=key/4 x=bx@s y=by@s",
            "store:s=key/4 y=by@s",
            "end x",
        ),
        (
            "a setting",
            "store:s=key/4 x=bx@s!5 y=by@s",
            "store:s=key/4 x=bx@s!6 y=by@s",
            "alter x",
        ),
        (
            "other objects by the same name",
            "store:s=key/4 x=bx@s",
            "store:s=key/4 x=other@s",
            "end x, begin x",
        ),
        (
            "another name for the same objects",
            "store:s=key/4 x=bx@s",
            "store:s=key/4 y=bx@s",
            "end x, begin y",
        ),
        (
            "two names change places",
            "store:s=key/4 x=bx@s y=by@s",
            "store:s=key/4 x=by@s y=bx@s",
            "end x, end y, begin x, begin y",
        ),
        (
            "another order",
            "store:s=key/4 x=bx@s y=by@s",
            "store:s=key/4 y=by@s x=bx@s",
            "",
        ),
        (
            "another secret: those who use the connection get the new one",
            "store:s=key/4 store:t=key/4 x=bx@s y=by@t",
            "store:s=new/4 store:t=key/4 x=bx@s y=by@t",
            "end store:s, begin store:s, alter x",
        ),
        (
            "another bound: the connection stays",
            "store:s=key/4 x=bx@s",
            "store:s=key/5 x=bx@s",
            "alter store:s",
        ),
        (
            "another bound and another secret",
            "store:s=key/4 x=bx@s",
            "store:s=new/5 x=bx@s",
            "end store:s, begin store:s, alter x",
        ),
        (
            "another name of the same store",
            "store:s=key/4 x=bx@s",
            "store:t=key/4 x=bx@t",
            "end store:s, begin store:t, alter x",
        ),
        (
            "a backend that nobody uses",
            "store:s=key/4 x=bx@s",
            "store:s=key/4 store:idle=key/4 x=bx@s",
            "begin store:idle",
        ),
        (
            "another source of names: those who follow them do not notice",
            "store:s=key/4 names:lab=a x=bx@s~lab",
            "store:s=key/4 names:lab=b x=bx@s~lab",
            "alter names:lab",
        ),
        (
            "another resolver",
            "store:s=key/4 names:lab=a x=bx@s~lab",
            "store:s=key/4 names:prod=a x=bx@s~prod",
            "end names:lab, begin names:prod, alter x",
        ),
        (
            "a resolver comes",
            "store:s=key/4 x=bx@s",
            "store:s=key/4 names:lab=a x=bx@s~lab",
            "begin names:lab, alter x",
        ),
        (
            "a resolver goes",
            "store:s=key/4 names:lab=a x=bx@s~lab",
            "store:s=key/4 x=bx@s",
            "end names:lab, alter x",
        ),
        (
            "all at once: what ends first, what is used before who uses it",
            "requests=9 store:s=key/4 store:t=key/4 names:lab=a x=bx@s~lab y=by@t z=bz@t!5 g=bg@t",
            "requests=8 store:s=new/4 store:t=key/5 names:lab=b x=bx@s~lab y=other@t z=bz@t!6 n=bn@s",
            "end g, end y, end store:s, alter requests, alter store:t, begin store:s, \
             alter names:lab, alter x, alter z, begin n, begin y",
        ),
    ] {
        let (old, new) = (desired(old), desired(new));
        assert_eq!(shown(&diff(&old, &new)), expected, "{what}");
    }
}

#[test]
fn changes_are_counted_by_what_they_mean_to_people() {
    let none = Changes::default();
    let old = "requests=9 store:s=key/4 names:lab=a x=bx@s~lab y=by@s";
    for (new, expected) in [
        (old, none),
        (
            "requests=9 store:s=key/4 names:lab=a x=bx@s~lab z=bz@s zz=bz@s",
            Changes {
                added: 2,
                removed: 1,
                ..none
            },
        ),
        (
            "requests=9 store:s=key/4 names:lab=a x=other@s~lab y=by@s!7 z=bz@s",
            Changes {
                added: 1,
                changed: 1,
                begun_anew: 1,
                ..none
            },
        ),
        (
            "requests=9 store:s=new/4 names:lab=b x=bx@s~lab y=by@s",
            Changes {
                changed: 2,
                reconnected: 1,
                resolvers_changed: 1,
                ..none
            },
        ),
        // Bounds, what comes and what goes beside destinations are not worth a word.
        (
            "requests=8 store:s=key/5 store:t=key/4 names:lab=a x=bx@s~lab y=by@s",
            none,
        ),
        (
            "requests=9 store:s=key/4 names:prod=a x=bx@s~prod y=by@s",
            Changes { changed: 1, ..none },
        ),
    ] {
        let changes = diff(&desired(old), &desired(new));
        assert_eq!(Changes::count(&changes), expected, "{new}");
    }
}

#[test]
fn a_resolver_that_nobody_asks_is_not_wanted() {
    let known = desired("names:lab=a names:idle=b").resolvers;
    let config = Config {
        server: Default::default(),
        log: Default::default(),
        metrics: crate::config::Metrics {
            compat: Vec::new(),
            cluster_label: "cluster".to_owned(),
            job_label: "job".to_owned(),
            max_clusters: 1,
            max_jobs: 1,
        },
        max_requests_in_flight: 9,
        state_directory: None,
        backends: BTreeMap::new(),
        resolvers: known,
        files: Vec::new(),
        destinations: vec![destination("x", "bx@s~lab").into()],
        probe: Default::default(),
        fleet: Default::default(),
        resolver_labels: BTreeMap::new(),
        discovery: BTreeMap::new(),
        max_discovered: 1,
        discovered: BTreeMap::new(),
        metrics_at_any_path: false,
        warnings: Vec::new(),
    };
    let expected = desired("requests=9 names:lab=a x=bx@s~lab");
    assert_eq!(Desired::of(&config), expected);
}
