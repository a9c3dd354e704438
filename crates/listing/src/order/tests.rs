use super::*;

const STATES: [(char, OrderState); 5] = [
    ('U', OrderState::Unknown),
    ('O', OrderState::Ordered),
    ('D', OrderState::Disproved),
    ('C', OrderState::Condemned { was_ordered: false }),
    ('W', OrderState::Condemned { was_ordered: true }),
];

/// An event; the states that follow unknown, ordered, disproved, condemned, and condemned that
/// was ordered; and where something is said, what.
type Row = (OrderEvent, [&'static str; 5], Option<Message>);

/// `!`: the message is said.
fn table() -> Vec<Row> {
    let text = || "why".to_owned();
    vec![
        (
            OrderEvent::Begun(Order::Utf8),
            ["O", "O", "D", "C", "W"],
            None,
        ),
        (
            OrderEvent::Begun(Order::Utf8ByFolder),
            ["O", "O", "D", "C", "W"],
            None,
        ),
        (
            OrderEvent::Begun(Order::Unknown),
            ["U", "O", "D", "C", "W"],
            None,
        ),
        (
            OrderEvent::Begun(Order::Other),
            ["U", "U!", "D", "C", "W"],
            Some(Message::OrderLost),
        ),
        (
            OrderEvent::Answered(Order::Utf8),
            ["O", "O", "D", "C", "W"],
            None,
        ),
        (
            OrderEvent::Answered(Order::Utf8ByFolder),
            ["O", "O", "D", "C", "W"],
            None,
        ),
        (
            OrderEvent::Answered(Order::Unknown),
            ["U", "O", "D", "C", "W"],
            None,
        ),
        (
            OrderEvent::Answered(Order::Other),
            ["U", "O", "D", "C", "W"],
            None,
        ),
        (
            OrderEvent::Disorder(text()),
            ["D!", "D!", "D!", "C!", "W!"],
            Some(Message::Disorder(text())),
        ),
        (
            OrderEvent::Lost,
            ["D!", "D!", "D!", "C!", "W!"],
            Some(Message::OrderLost),
        ),
        (
            OrderEvent::Incomplete(text()),
            ["D!", "D!", "D!", "C!", "W!"],
            Some(Message::Incomplete(text())),
        ),
        (
            OrderEvent::Denied(text()),
            ["D!", "D!", "D!", "C!", "W!"],
            Some(Message::FolderDenied(text())),
        ),
        (
            OrderEvent::KeyRefused(text()),
            ["U!", "O!", "D!", "C!", "W!"],
            Some(Message::KeyRefused(text())),
        ),
        (OrderEvent::AuditFailed, ["C", "W", "C", "C", "W"], None),
        (
            OrderEvent::AuditHadFailed,
            ["C!", "W!", "C!", "C!", "W!"],
            Some(Message::AuditHadFailed),
        ),
        (OrderEvent::AuditForgiven, ["U", "O", "D", "U", "O"], None),
        (OrderEvent::Reconnected, ["U", "U", "U", "C", "W"], None),
    ]
}

#[test]
fn every_event_in_every_state() {
    for (event, expected, message) in table() {
        for ((_, state), expected) in STATES.into_iter().zip(expected) {
            let name = expected.chars().next();
            let (_, after) = *STATES.iter().find(|(of, _)| Some(*of) == name).unwrap();
            let said = message.clone().filter(|_| expected.ends_with('!'));
            assert_eq!(
                state.after(event.clone()),
                (after, said),
                "{event:?} in {state:?}"
            );
        }
    }
}

#[test]
fn parts_are_tried_until_something_speaks_against_them() {
    let tried = STATES.into_iter().filter(|(_, state)| state.allows_parts());
    assert_eq!(tried.map(|(name, _)| name).collect::<String>(), "UO");
}
