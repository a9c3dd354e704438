//! Whether a store lists in order, so that its listing may be made in parts: the one owner of that
//! question, for each destination. Pure: an event comes in, the next state and what to say of it
//! go out.
//!
//! A store's order is believed until something speaks against it, and then not again: listing in
//! sequence is right everywhere. Only another connection, which may know the order, or a user who
//! has taken note of a failed audit begins anew.

use s3_exporter_api::Order;

use crate::Message;

/// What is held of the order of a store's listings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OrderState {
    /// No answer has shown an order, and nothing speaks against one.
    #[default]
    Unknown,
    /// An answer has shown that keys come in the order of their bytes.
    Ordered,
    /// What was listed in parts could not be right: it is listed in sequence from then on.
    Disproved,
    /// An audit has found the listing in parts to be wrong. That holds whatever connection there
    /// is, until the user has taken note.
    Condemned {
        /// Whether an answer had shown an order before.
        was_ordered: bool,
    },
}

/// What happens to a destination that says something of its order.
#[derive(Clone, Debug)]
pub enum OrderEvent {
    /// A listing that may be made in parts begins, and this is known of the store by now.
    Begun(Order),
    /// A page of such a listing has come, and this is known of the store by now.
    Answered(Order),
    /// Keys do not rise where that was relied on: what shows it.
    Disorder(String),
    /// Answers ceased to show the order while it was relied on.
    Lost,
    /// Parts lack keys that others saw: what shows it.
    Incomplete(String),
    /// A part may not be asked for: the error.
    Denied(String),
    /// The answer to a key to start after makes no sense: the error. The next listing may fare
    /// better.
    KeyRefused(String),
    /// An audit found that listing in parts gives other figures.
    AuditFailed,
    /// An audit had found that before the process started.
    AuditHadFailed,
    /// The user has taken note of that.
    AuditForgiven,
    /// The store is asked by another connection.
    Reconnected,
}

impl OrderState {
    /// Whether a listing in parts may be tried.
    pub const fn allows_parts(self) -> bool {
        matches!(self, Self::Unknown | Self::Ordered)
    }

    /// The state after an event, and what has to be said.
    #[must_use]
    pub fn after(self, event: OrderEvent) -> (Self, Option<Message>) {
        match event {
            OrderEvent::Begun(Order::Other) if self == Self::Ordered => {
                (Self::Unknown, Some(Message::OrderLost))
            }
            OrderEvent::Begun(order) | OrderEvent::Answered(order) => (self.shown(order), None),
            OrderEvent::Disorder(reason) => (self.disproved(), Some(Message::Disorder(reason))),
            OrderEvent::Lost => (self.disproved(), Some(Message::OrderLost)),
            OrderEvent::Incomplete(reason) => (self.disproved(), Some(Message::Incomplete(reason))),
            OrderEvent::Denied(error) => (self.disproved(), Some(Message::FolderDenied(error))),
            OrderEvent::KeyRefused(error) => (self, Some(Message::KeyRefused(error))),
            OrderEvent::AuditFailed => (self.condemned(), None),
            OrderEvent::AuditHadFailed => (self.condemned(), Some(Message::AuditHadFailed)),
            OrderEvent::AuditForgiven => (self.forgiven(), None),
            OrderEvent::Reconnected => (self.reconnected(), None),
        }
    }

    fn shown(self, order: Order) -> Self {
        match (self, order) {
            (Self::Unknown, Order::Utf8 | Order::Utf8ByFolder) => Self::Ordered,
            _ => self,
        }
    }

    const fn disproved(self) -> Self {
        match self {
            Self::Condemned { .. } => self,
            _ => Self::Disproved,
        }
    }

    const fn condemned(self) -> Self {
        match self {
            Self::Condemned { .. } => self,
            Self::Ordered => Self::Condemned { was_ordered: true },
            Self::Unknown | Self::Disproved => Self::Condemned { was_ordered: false },
        }
    }

    const fn forgiven(self) -> Self {
        match self {
            Self::Condemned { was_ordered: true } => Self::Ordered,
            Self::Condemned { was_ordered: false } => Self::Unknown,
            _ => self,
        }
    }

    const fn reconnected(self) -> Self {
        match self {
            Self::Condemned { .. } => self,
            _ => Self::Unknown,
        }
    }
}

#[cfg(test)]
mod tests;
