//! Who leads, by what one reads of a lease and by one's own clock: pure.
//!
//! A lease counts as new from the moment at which it is seen to have changed, by the monotonic clock of
//! whoever sees it; what its times say, by the clock of whoever wrote them, is looked at by nobody. Who
//! holds it counts from before it was asked for, and stops leading a third of its duration before its end.
//! So two never lead at once, as long as their clocks run about as fast.

use std::time::{Duration, Instant};

/// What a lease says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Who holds it; empty where nobody does.
    pub holder: String,
    /// From its latest change on, others wait so long.
    pub duration: Duration,
    /// Another one after each change: it is compared alone.
    pub version: String,
}

/// One who wants to lead.
#[derive(Clone, Debug)]
pub struct Election {
    identity: String,
    duration: Duration,
    /// The lease, and when it was seen to be so first.
    seen: Option<(Record, Instant)>,
    /// When the lease was asked for that is held.
    held_since: Option<Instant>,
}

impl Election {
    /// One by the name of `identity`, which nobody else has nor had, with leases of this duration.
    pub fn new(identity: String, duration: Duration) -> Self {
        Self {
            identity,
            duration,
            seen: None,
            held_since: None,
        }
    }

    /// Its name.
    pub fn identity(&self) -> &str {
        &self.identity
    }

    /// How long its leases are.
    pub fn duration(&self) -> Duration {
        self.duration
    }

    /// The lease has been read; `None` where there is none. Where it was deleted, whoever knew it goes
    /// on as if it were there: its holder may still lead.
    pub fn read(&mut self, record: Option<Record>, now: Instant) {
        let Some(record) = record else {
            self.held_since = None;
            return;
        };
        if record.holder != self.identity {
            self.held_since = None;
        }
        let is_known = self
            .seen
            .as_ref()
            .is_some_and(|(known, _)| *known == record);
        if !is_known {
            self.seen = Some((record, now));
        }
    }

    /// Whether it is to be asked for: it is one's own, nobody's, or so old that its holder leads no more.
    pub fn may_ask(&self, now: Instant) -> bool {
        self.seen.as_ref().is_none_or(|(record, since)| {
            record.holder == self.identity
                || record.holder.is_empty()
                || now >= *since + record.duration
        })
    }

    /// It was asked for at a moment, and given.
    pub fn got(&mut self, record: Record, asked: Instant) {
        self.held_since = Some(asked);
        self.seen = Some((record, asked));
    }

    /// It was given back.
    pub fn gave_back(&mut self) {
        self.held_since = None;
    }

    /// Until when this one leads, unless it gets the lease again.
    pub fn leads_until(&self) -> Option<Instant> {
        Some(self.held_since? + self.duration * 2 / 3)
    }

    /// When the lease ends that is held: others may lead from then on.
    pub fn lease_ends(&self) -> Option<Instant> {
        Some(self.held_since? + self.duration)
    }

    /// Whether it leads.
    pub fn leads(&self, now: Instant) -> bool {
        self.leads_until().is_some_and(|until| now < until)
    }

    /// How long the answer to a request is waited for.
    pub fn patience(&self) -> Duration {
        self.duration / 5
    }

    /// How long until the lease is to be read again.
    pub fn pause(&self, now: Instant, has_failed: bool) -> Duration {
        let usual = match has_failed {
            true => self.duration / 15,
            false => self.duration / 5,
        };
        match &self.seen {
            Some((record, since)) if record.holder != self.identity => {
                let left = (*since + record.duration).saturating_duration_since(now);
                // Where it is old, somebody else has just got it, or nobody can be asked.
                match left.is_zero() {
                    true => self.duration / 15,
                    false => usual.min(left),
                }
            }
            _ => usual,
        }
    }
}

#[cfg(test)]
mod tests;
