//! Backup tools themselves, run against a real MinIO: good runs, runs that are killed half way
//! through a slow connection, retention. After each step the verdict is right: at once, and as it
//! would be days later if nothing else happened.

mod barman;
mod dump;
mod duplicity;
mod pgbackrest;
mod postgres;
mod program;
mod restic;
mod story;
mod verdict;
