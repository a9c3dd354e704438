//! What was learned of a destination's store, so that it need not be found out or said again.

use std::sync::{Mutex, MutexGuard, PoisonError};

use s3_exporter_api::Oddity;

use crate::{Message, OrderEvent, OrderState, Target};

/// What is known of the store of one destination. It outlives a listing, and those that run at
/// the same time share it.
#[derive(Debug, Default)]
pub struct StoreKnowledge(Mutex<Knowledge>);

#[derive(Debug, Default)]
struct Knowledge {
    order: OrderState,
    was_in_parts: bool,
    quirks: Quirks,
}

/// Oddities of a store that one listing finds and the next one need not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Quirks {
    /// Less than the prefix may not be asked for.
    pub is_narrow: bool,
    /// What follows a key is told in the first version of the API alone.
    pub by_marker: bool,
    /// It was said that objects come twice.
    told_of_repeats: bool,
    /// It was said what is odd in the answers.
    told_of: [bool; Oddity::ALL.len()],
}

impl Quirks {
    /// What a complete listing has found out.
    pub(crate) fn learn(
        &mut self,
        is_narrow: bool,
        by_marker: bool,
        repeated: u64,
    ) -> Option<Message> {
        (self.is_narrow, self.by_marker) = (is_narrow, by_marker);
        let is_new = repeated > 0 && !self.told_of_repeats;
        self.told_of_repeats |= is_new;
        is_new.then_some(Message::Repeats(repeated))
    }

    /// An answer is odd, as with this key.
    pub(crate) fn see(&mut self, oddity: Oddity, key: &[u8]) -> Option<Message> {
        let was_told = std::mem::replace(&mut self.told_of[oddity as usize], true);
        (!was_told).then(|| Message::Odd(oddity, String::from_utf8_lossy(key).into_owned()))
    }
}

impl StoreKnowledge {
    /// Takes note of what happened, and says in the log what is to be said of it.
    pub fn take_note(&self, target: &Target, event: OrderEvent) {
        let message = {
            let mut known = self.lock();
            let is_reconnected = matches!(event, OrderEvent::Reconnected);
            let (order, message) = known.order.after(event);
            if is_reconnected && order.allows_parts() {
                known.quirks = Quirks::default(); // they are another store's
            }
            known.order = order;
            message
        };
        tell(target, message);
    }

    /// What is held of the order.
    pub fn order(&self) -> OrderState {
        self.lock().order
    }

    /// Whether the latest complete listing was one in parts.
    pub fn was_in_parts(&self) -> bool {
        self.lock().was_in_parts
    }

    pub(crate) fn set_in_parts(&self, was_in_parts: bool) {
        self.lock().was_in_parts = was_in_parts;
    }

    pub(crate) fn quirks(&self) -> Quirks {
        self.lock().quirks
    }

    /// Changes what is odd, and says what is to be said of it.
    pub(crate) fn learn(
        &self,
        target: &Target,
        change: impl FnOnce(&mut Quirks) -> Option<Message>,
    ) {
        let message = change(&mut self.lock().quirks);
        tell(target, message);
    }

    fn lock(&self) -> MutexGuard<'_, Knowledge> {
        // Nobody panics while holding it.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn tell(target: &Target, message: Option<Message>) {
    if let Some(message) = message {
        message.log(target);
    }
}

#[cfg(test)]
mod tests {
    use s3_exporter_api::ListingKind;

    use super::*;

    fn target() -> Target {
        Target {
            name: "d".into(),
            store_url: "s".into(),
            bucket: "b".into(),
            prefix: "".into(),
            kind: ListingKind::Objects,
        }
    }

    #[test]
    fn what_is_odd_is_said_once_of_each_kind() {
        let mut quirks = Quirks::default();
        let odd = Message::Odd(Oddity::NoSize, "a".to_owned());
        assert_eq!(quirks.see(Oddity::NoSize, b"a"), Some(odd));
        assert_eq!(quirks.see(Oddity::NoSize, b"b"), None);
        assert!(quirks.see(Oddity::LonePercent, b"b").is_some());
        assert_eq!(quirks.learn(true, false, 0), None);
        assert_eq!(quirks.learn(false, true, 3), Some(Message::Repeats(3)));
        assert_eq!(quirks.learn(false, true, 3), None);
        assert!(!quirks.is_narrow && quirks.by_marker);
    }

    #[test]
    fn another_connection_begins_anew_unless_an_audit_has_failed() {
        let knowledge = StoreKnowledge::default();
        let learn = || knowledge.learn(&target(), |quirks| quirks.learn(true, true, 1));
        learn();
        knowledge.set_in_parts(true);
        knowledge.take_note(&target(), OrderEvent::Lost);
        knowledge.take_note(&target(), OrderEvent::Reconnected);
        assert_eq!(knowledge.order(), OrderState::Unknown);
        assert_eq!(knowledge.quirks(), Quirks::default());
        assert!(knowledge.was_in_parts(), "that one was");
        learn();
        knowledge.take_note(&target(), OrderEvent::AuditFailed);
        knowledge.take_note(&target(), OrderEvent::Reconnected);
        assert!(!knowledge.order().allows_parts());
        assert!(knowledge.quirks().is_narrow);
    }
}
