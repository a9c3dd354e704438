//! Objects that are called as a folder beside them and a `0`: nothing lies between all that is in
//! the folder and them.

use proptest::prelude::*;

use super::*;

/// Lists twice, the second time with what the first one remembered, in parts as far as there is room,
/// from a store that is wrong about what follows a key in a folder.
fn listed(
    keys: &BTreeSet<String>,
    prefix: &str,
    page_size: u16,
    concurrency: u16,
    hints: &Boundaries,
) -> (Vec<String>, ListingContext, Boundaries) {
    let memory = Memory::new()
        .with_order(Order::Utf8ByFolder)
        .with_short_start_after();
    memory.create_bucket("b");
    let old = UnixTime::from_millis(1);
    memory.put_all("b", keys.iter().map(|key| Upload::new(key, 1).at(old)));
    let mut context = ListingContext {
        page_size,
        concurrency,
        concurrency_now: Arc::new(AtomicU16::new(concurrency)),
        ..context(&memory, ListingKind::Objects)
    };
    context.target.prefix = prefix.into();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    let found = runtime.block_on(context.list(Keys::new, hints)).unwrap();
    assert!(found.fold.is_rising);
    (found.fold.sorted(), context, found.boundaries)
}

/// Two folders beside one another, of which one is called as the other and a `0`, and an object of
/// that name.
#[test]
fn an_object_called_as_a_folder_and_a_zero_is_listed_in_parts() {
    let folder = |name: &'static str| (0..500).map(move |nth| format!("{name}{nth:04}"));
    let names = ["lab-1/", "lab-10/", "p/q/lab-1/", "zoo/"];
    let mut keys: BTreeSet<_> = names.into_iter().flat_map(folder).collect();
    keys.extend(["lab-10", "p/q/lab-10", "p/q0", "p0", "zoo0"].map(str::to_owned));
    let mut hints = Boundaries::default();
    for _ in 0..3 {
        let (found, context, boundaries) = listed(&keys, "", 10, 16, &hints);
        let lacking: Vec<_> = keys.iter().filter(|key| !found.contains(key)).collect();
        assert!(lacking.is_empty(), "{lacking:?}");
        assert_eq!(found.len(), keys.len());
        assert!(context.knowledge.was_in_parts());
        hints = boundaries;
    }
}

/// Names that go on from one another, at any depth, as folders and as objects.
fn keys() -> impl Strategy<Value = BTreeSet<String>> {
    let name = "(a|b|a0|b0|a-|a00|a0-)";
    let key = format!("({name}/){{0,3}}({name}|[0-9]{{1,2}})");
    proptest::collection::btree_set(
        proptest::string::string_regex(&key).expect("the pattern is right"),
        0..120,
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]

    /// Each key once, wherever parts begin: with nothing known, with what the scan before remembers,
    /// and with what is remembered of another bucket. Nothing contradicts anything.
    #[test]
    fn what_is_beside_a_folder_is_listed_once(
        before in keys(),
        now in keys(),
        prefix in prop_oneof![3 => Just(""), 1 => Just("a"), 1 => Just("a/"), 1 => Just("b/a0")],
        page_size in 1..7_u16,
        concurrency in 2..33_u16,
    ) {
        let (.., stale) = listed(&before, prefix, page_size, concurrency, &Boundaries::default());
        let truth: Vec<_> = now.iter().filter(|key| key.starts_with(prefix)).cloned().collect();
        let mut own = Boundaries::default();
        for use_stale in [false, false, true] {
            let hints = if use_stale { &stale } else { &own };
            let (found, context, boundaries) = listed(&now, prefix, page_size, concurrency, hints);
            prop_assert_eq!(&found, &truth);
            prop_assert_eq!(context.knowledge.order(), OrderState::Ordered);
            own = boundaries;
        }
    }
}
