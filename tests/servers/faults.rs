//! Everything that can go wrong with a store, done for real: what the log says, what the
//! metrics show, that others go on unharmed, and that it heals by itself.
//!
//! [`table`] is the table, with a case for each row in [`stores`]; [`row`] does to each row what is
//! common to all. What a row cannot say is in a module of its own. `docs/troubleshooting.md` tells it
//! to users, and each row is compared with what stands there.

mod bodies;
mod clock;
mod moving;
mod nodes;
mod outages;
mod row;
mod stage;
mod stores;
mod table;
mod trouble;
