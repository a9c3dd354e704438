//! The memory of a long run: one heap for all threads, wherever the program is started.
//!
//! glibc gives each thread a heap of its own, and each of them keeps what one scan needed at its most.
//! With one for all, listing takes no more CPU and some MiB less memory (docs/performance.md).

/// How many there are, read by glibc when a process starts (mallopt(3)).
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const VARIABLE: &str = "MALLOC_ARENA_MAX";

/// Begins this process anew, by the same id, as one that has one heap; does nothing where its
/// environment says how many there are, and where the C library is another.
///
/// Returns where that is not possible, too: it runs as well with more memory.
pub fn keep_to_one_heap() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        use std::os::unix::process::CommandExt;

        let mut words = std::env::args_os();
        let (Some(name), Ok(program)) = (words.next(), std::env::current_exe()) else {
            return;
        };
        if std::env::var_os(VARIABLE).is_none() {
            let mut anew = std::process::Command::new(program);
            // Returns only where it fails.
            let _error = anew.arg0(name).args(words).env(VARIABLE, "1").exec();
        }
    }
}
