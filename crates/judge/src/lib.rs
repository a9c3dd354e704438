//! Whether the backups in a bucket are there, in time, whole and good: pure, no clock and no I/O.
//!
//! ```text
//! objects -> layouts (what is a key?) -> backups (what is a backup?) -> judge <- expectation, memory
//! ```
//!
//! [`layouts`] says what a key is: a piece of a backup of a job, or of a tool and never a backup.
//! [`backups`] folds a listing into the backups of each job. [`expectation`] says when the next one
//! is due. [`judge`] holds the one against the other, and against what was seen before
//! ([`memory`]), and says what is wrong, since when and why ([`findings`]), and on which days
//! ([`calendar`]). Between complete listings a [`look`] says whether newer backups are there.

pub mod backups;
pub mod bytes;
pub mod calendar;
pub mod expectation;
pub mod findings;
pub mod judge;
pub mod layouts;
pub mod look;
pub mod memory;
