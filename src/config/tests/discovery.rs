//! What patterns of buckets become.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{environment, read};
use crate::config::Config;
use crate::discovery::{Discovered, Discoveries, Places};

const STORES: &str =
    "[backends.a]\ntype = \"nowhere\"\n[backends.b]\ntype = \"nowhere\"\nplace = \"b\"\n";

fn config(text: &str) -> Config {
    let config = read(&format!("{text}\n{STORES}"), &environment(&[]));
    config.unwrap_or_else(|rejected| panic!("{:?}", rejected.faults))
}

/// With what these backends have.
fn with(config: &Config, found: &[(&str, &[&str])]) -> Config {
    let found: Discoveries = found
        .iter()
        .map(|(backend, buckets)| {
            let buckets = buckets.iter().map(|bucket| Arc::from(*bucket)).collect();
            let name: Arc<str> = format!("buckets:{backend}").into();
            let places = Places {
                buckets,
                ..Places::default()
            };
            (name, Arc::new(Discovered::Places(places)))
        })
        .collect();
    config.with_discovered(&found)
}

/// As `name=bucket@backend`, in their order.
fn destinations(config: &Config) -> Vec<String> {
    let all = config.destinations.iter();
    all.map(|of| format!("{}={}@{}", of.name, of.bucket, of.backend))
        .collect()
}

/// What is not watched, by backend, without its beginning.
fn omitted(config: &Config) -> BTreeMap<&str, Vec<&str>> {
    let outcomes = config.discovered.iter();
    let reasons = outcomes.map(|(name, of)| {
        assert_eq!(of.omitted, of.reasons.len());
        let reasons = of.reasons.iter();
        let reasons = reasons.map(|reason| reason.split(" is not watched: ").nth(1).unwrap());
        (&name["buckets:".len()..], reasons.collect())
    });
    reasons
        .filter(|(_, reasons): &(_, Vec<_>)| !reasons.is_empty())
        .collect()
}

const TAKEN: &str = "another destination has its name: leave it out here by a `!`, and give it a `name` in a section of its own";

#[test]
fn each_bucket_that_matches_is_a_destination_with_all_that_the_section_says() {
    let config = config(
        "[[destinations]]\nbackend = \"a\"\nbuckets = [\"own\", \"db-*\", \"!db-old*\"]\nprefix = \"p/\"\n\
         interval = \"7s\"\nmax_age = \"1h\"\nlabels = { team = \"x\" }\n",
    );
    assert_eq!(destinations(&config), ["own=own@a"]);
    let found = with(&config, &[("a", &["db-1", "db-2", "db-old-1", "other"])]);
    assert_eq!(
        destinations(&found),
        ["own=own@a", "db-1=db-1@a", "db-2=db-2@a"]
    );
    let [own, one, _] = &found.destinations[..] else {
        unreachable!()
    };
    assert_eq!(omitted(&found), BTreeMap::new());
    let expected = crate::destination::Destination {
        name: "db-1".into(),
        bucket: "db-1".into(),
        ..(**own).clone()
    };
    assert_eq!(**one, expected);
    // One goes, another comes.
    let found = with(&config, &[("a", &["db-2", "db-3"])]);
    assert_eq!(
        destinations(&found),
        ["own=own@a", "db-2=db-2@a", "db-3=db-3@a"]
    );
    // Nothing is known yet.
    assert_eq!(destinations(&with(&config, &[])), ["own=own@a"]);
}

#[test]
fn a_bucket_is_of_who_names_it_and_else_of_the_first_that_matches() {
    let config = config(
        "[[destinations]]\nbackend = \"a\"\nbuckets = [\"db-*\"]\ninterval = \"1m\"\n\
         [[destinations]]\nbackend = \"a\"\nbuckets = [\"*\"]\ninterval = \"2m\"\n\
         [[destinations]]\nbackend = \"a\"\nname = \"mine\"\nbucket = \"db-2\"\nprefix = \"x/\"\n",
    );
    let found = with(&config, &[("a", &["db-1", "db-2", "z"])]);
    assert_eq!(
        destinations(&found),
        ["mine=db-2@a", "db-1=db-1@a", "z=z@a"]
    );
    let seconds = found.destinations.iter().map(|of| of.interval.as_secs());
    assert_eq!(seconds.collect::<Vec<_>>(), [300, 60, 120]);
    assert_eq!(
        omitted(&found),
        BTreeMap::new(),
        "that is the rule, and no fault"
    );
}

#[test]
fn a_name_that_is_taken_and_one_that_is_none_are_told() {
    let config = config(
        "[[destinations]]\nbackend = \"a\"\nname = \"x\"\nbucket = \"elsewhere\"\n\
         [[destinations]]\nbackend = \"a\"\nbuckets = [\"*\"]\n\
         [[destinations]]\nbackend = \"b\"\nbuckets = [\"*\"]\n",
    );
    let long = "l".repeat(256);
    let buckets = ["both", "x", "a b", &long, ""];
    let found = with(&config, &[("a", &buckets), ("b", &["both", "only-b"])]);
    let expected = ["x=elsewhere@a", "both=both@a", "only-b=only-b@b"];
    assert_eq!(destinations(&found), expected);
    let none = "this cannot be the name of a bucket or a prefix";
    let of_a = vec![TAKEN, none, none, none];
    assert_eq!(
        omitted(&found),
        BTreeMap::from([("a", of_a), ("b", vec![TAKEN])])
    );
}

#[test]
fn no_more_than_the_limit_are_made_in_all() {
    let config = config(
        "[limits]\nmax_discovered = 3\n\
         [[destinations]]\nbackend = \"a\"\nbuckets = [\"own\", \"*\"]\n\
         [[destinations]]\nbackend = \"b\"\nbuckets = [\"*\"]\n",
    );
    let found = with(&config, &[("a", &["1", "2"]), ("b", &["3", "4", "5"])]);
    assert_eq!(
        destinations(&found),
        ["own=own@a", "1=1@a", "2=2@a", "3=3@b"]
    );
    let more = "there are more than `limits.max_discovered`";
    assert_eq!(omitted(&found), BTreeMap::from([("b", vec![more; 2])]));
}

#[test]
fn clusters_of_the_section_are_those_of_each() {
    let config =
        config("[[destinations]]\nbackend = \"a\"\nbuckets = [\"*\"]\nclusters = [\"lab\"]\n");
    let found = with(&config, &[("a", &["x", "y"])]);
    for (of, name) in found
        .destinations
        .iter()
        .zip(["destination:x", "destination:y"])
    {
        assert_eq!(of.resolver.as_deref(), Some(name));
        assert!(found.resolvers.contains_key(name));
    }
}

#[test]
fn a_backend_is_asked_once_for_all_patterns_and_not_without_any() {
    let config = config(
        "[scan]\ndiscovery_interval = \"7m\"\n\
         [[destinations]]\nbackend = \"a\"\nbuckets = [\"x*\"]\n\
         [[destinations]]\nbackend = \"a\"\nbuckets = [\"y*\"]\n\
         [[destinations]]\nbackend = \"b\"\nbuckets = [\"z\"]\n",
    );
    let sources: Vec<_> = config.discovery.keys().map(|name| &**name).collect();
    assert_eq!(sources, ["buckets:a"]);
    let described = config.resolvers["buckets:a"].describe();
    assert_eq!(
        described,
        "the buckets at nowhere://at-all, listed every 7m"
    );
}

/// With these folders at the backend `a`: a bucket, what they begin with, and they.
fn with_folders(config: &Config, buckets: &[&str], folders: &[(&str, &str, &[&str])]) -> Config {
    let folders = folders.iter().map(|(bucket, head, all)| {
        let all = all.iter().map(|folder| Arc::from(*folder)).collect();
        ((Arc::from(*bucket), Arc::from(*head)), all)
    });
    let places = Places {
        buckets: buckets.iter().map(|bucket| Arc::from(*bucket)).collect(),
        folders: folders.collect(),
        was_whole: true,
    };
    let found = Arc::new(Discovered::Places(places));
    config.with_discovered(&Discoveries::from([("buckets:a".into(), found)]))
}

#[test]
fn each_folder_that_matches_is_a_destination() {
    let config = config(
        "[[destinations]]\nbackend = \"a\"\nbuckets = [\"b\", \"x*\"]\nprefixes = [\"t/{tenant}/\", \"!t/old/\"]\n\
         labels = { team = \"x\" }\nclusters = [\"lab\"]\n\
         [[destinations]]\nbackend = \"a\"\nname = \"mine\"\nbucket = \"b\"\nprefix = \"t/2/\"\n\
         [[destinations]]\nbackend = \"a\"\nname = \"x1/t/5\"\nbucket = \"elsewhere\"\n",
    );
    assert_eq!(destinations(&config), ["mine=b@a", "x1/t/5=elsewhere@a"]);
    let described = config.resolvers["buckets:a"].describe();
    assert_eq!(
        described,
        "the buckets and folders at nowhere://at-all, listed every 5m"
    );
    let found = with_folders(
        &config,
        &["x1", "y"],
        &[
            ("b", "t/", &["t/1/", "t/2/", "t/old/"]),
            ("x1", "t/", &["t/4/", "t/5/"]),
        ],
    );
    let expected = ["mine=b@a", "x1/t/5=elsewhere@a", "b/t/1=b@a", "x1/t/4=x1@a"];
    assert_eq!(destinations(&found), expected);
    let one = &found.destinations[2];
    assert_eq!(
        (&*one.prefix, one.resolver.as_deref()),
        ("t/1/", Some("destination:b/t/1"))
    );
    let labels: Vec<_> = one.labels.iter().map(|(a, b)| (&**a, &**b)).collect();
    assert_eq!(labels, [("team", "x"), ("tenant", "1")]);
    let reasons = found.discovered.values().flat_map(|of| &of.reasons);
    let taken = format!("\"x1/t/5\" of the backend \"a\" is not watched: {TAKEN}");
    assert_eq!(reasons.collect::<Vec<_>>(), [&taken]);
}

/// A bucket of whose folders a section is, by its name or as the first whose patterns match it, is no
/// destination by the patterns of another.
#[test]
fn a_bucket_of_whose_folders_a_section_is_is_left_alone_by_patterns() {
    let config = config(
        "[[destinations]]\nbackend = \"a\"\nbuckets = [\"w*\"]\n\
         [[destinations]]\nbackend = \"a\"\nbuckets = [\"w1\", \"x*\"]\nprefixes = [\"t/*/\"]\n\
         [[destinations]]\nbackend = \"a\"\nbuckets = [\"*\"]\n\
         [[destinations]]\nbackend = \"b\"\nbuckets = [\"z\"]\n",
    );
    // Be there a folder in it or not.
    let found = with_folders(
        &config,
        &["w1", "w2", "x1", "x2", "z"],
        &[
            ("w1", "t/", &["t/1/"]),
            ("x1", "t/", &["t/1/"]),
            ("x2", "t/", &[]),
        ],
    );
    let expected = ["z=z@b", "w2=w2@a", "w1/t/1=w1@a", "x1/t/1=x1@a"];
    assert_eq!(destinations(&found), expected);
    assert_eq!(omitted(&found), BTreeMap::from([("a", vec![TAKEN])]), "z");
}
