//! For any two descriptions the changes make the one of the other, in an order that can be
//! carried out.

use proptest::prelude::*;

use super::*;

/// Few names and few values, so that much is the same.
fn any_desired() -> impl Strategy<Value = Desired> {
    let backends = proptest::collection::btree_map("[st]", "(a|b)/[45]", 0..3);
    let resolvers = proptest::collection::btree_map("[lm]", "[ab]", 0..3);
    let destinations = proptest::collection::btree_map("[w-z]", "[abc]@[st](~[lm])?![56]", 0..5);
    let parts = (1..3_usize, backends, resolvers, destinations);
    parts.prop_map(|(requests, backends, resolvers, mut destinations)| {
        let uses = |of: &str, mark: char, name: &str| {
            let at = of.find(mark).map(|at| &of[at + 1..]);
            at.is_some_and(|rest| rest.starts_with(name))
        };
        // What is used and defined nowhere is a fault of a configuration, and a resolver that
        // nobody asks is not wanted.
        destinations.retain(|_, of| {
            let has_resolver =
                !of.contains('~') || resolvers.keys().any(|name| uses(of, '~', name));
            has_resolver && backends.keys().any(|name| uses(of, '@', name))
        });
        let asked = |name: &str| destinations.values().any(|of| uses(of, '~', name));
        let backends = backends
            .iter()
            .map(|(name, of)| format!("store:{name}={of}"));
        let resolvers = resolvers.iter().filter(|(name, _)| asked(name));
        let resolvers = resolvers.map(|(name, of)| format!("names:{name}={of}"));
        let watched = destinations.iter().map(|(name, of)| format!("{name}={of}"));
        let words = backends.chain(resolvers).chain(watched);
        let words = words.collect::<Vec<_>>().join(" ");
        desired(&format!("requests={requests} {words}"))
    })
}

/// Carries a change out as the supervisor does, by the component's name alone; what cannot be
/// carried out is a fault.
fn carry_out(state: &mut Desired, change: &Change, new: &Desired) {
    match change {
        Change::End(Component::Destination(name)) => drop(state.destinations.remove(name).unwrap()),
        Change::End(Component::Resolver(name)) => drop(state.resolvers.remove(name).unwrap()),
        Change::End(Component::Backend(name)) => drop(state.backends.remove(name).unwrap()),
        Change::Begin(Component::Requests) | Change::End(Component::Requests) => {
            panic!("it is always there")
        }
        Change::Alter(Component::Requests) => {
            state.max_requests_in_flight = new.max_requests_in_flight
        }
        Change::Alter(Component::Backend(name)) => {
            let (is, wanted) = (state.backends.get_mut(name).unwrap(), &new.backends[name]);
            is.max_requests_in_flight = wanted.max_requests_in_flight; // the connection stays
        }
        Change::Begin(Component::Backend(name)) => {
            let before = state
                .backends
                .insert(Arc::clone(name), new.backends[name].clone());
            assert_eq!(before, None);
        }
        Change::Alter(Component::Resolver(name)) | Change::Begin(Component::Resolver(name)) => {
            let before = state
                .resolvers
                .insert(Arc::clone(name), new.resolvers[name].clone());
            assert_eq!(before.is_some(), matches!(change, Change::Alter(_)));
        }
        Change::Alter(Component::Destination(name))
        | Change::Begin(Component::Destination(name)) => {
            let wanted = &new.destinations[name];
            let before = state
                .destinations
                .insert(Arc::clone(name), Arc::clone(wanted));
            assert_eq!(before.is_some(), matches!(change, Change::Alter(_)));
            assert!(before.is_none_or(|before| before.listing().has_objects_of(&wanted.listing())));
            // What it uses is there by now, as it is to be.
            assert_eq!(
                state.backends[&wanted.backend],
                new.backends[&wanted.backend]
            );
            if let Some(resolver) = &wanted.resolver {
                assert_eq!(&state.resolvers[resolver], &new.resolvers[resolver]);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn the_changes_make_the_new_of_the_old(old in any_desired(), new in any_desired()) {
        let changes = diff(&old, &new);
        let mut state = Desired { order: new.order.clone(), ..old.clone() };
        let mut has_begun = false;
        for change in &changes {
            has_begun |= !matches!(change, Change::End(_));
            prop_assert!(!has_begun || !matches!(change, Change::End(_)), "all ends come first");
            carry_out(&mut state, change, &new);
        }
        prop_assert_eq!(&state, &new);

        let counts = Changes::count(&changes);
        let (before, after) = (old.destinations.len(), new.destinations.len());
        prop_assert_eq!(before + counts.added, after + counts.removed);
        prop_assert!(counts.changed + counts.begun_anew <= before.min(after));
    }

    #[test]
    fn nothing_changes_where_both_are_the_same(of in any_desired()) {
        prop_assert_eq!(diff(&of, &of), []);
    }
}
