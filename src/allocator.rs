//! The memory of a long run: one heap for all threads, wherever the program is started.
//!
//! glibc gives each thread a heap of its own, and each of them keeps what one scan needed at its most.
//! With one for all, listing takes no more CPU and some MiB less memory (docs/performance.md).

#[cfg(all(target_os = "linux", target_env = "gnu"))]
use std::ffi::OsStr;
#[cfg(all(target_os = "linux", target_env = "gnu"))]
use std::path::Path;

/// How many there are, read by glibc when a process starts (mallopt(3)).
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const VARIABLE: &str = "MALLOC_ARENA_MAX";
/// The id of the process that has begun anew. glibc takes [`VARIABLE`] out of the environment of a program
/// that has more rights than who starts it, such as by file capabilities, and this one it leaves.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const BEGUN: &str = "S3_EXPORTER_BEGUN_ANEW";

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
        let own = std::process::id().to_string();
        let has_heaps = std::env::var_os(VARIABLE).is_some();
        let has_begun = std::env::var_os(BEGUN).is_some_and(|begun| *begun == *own);
        if !has_heaps && !has_begun && !is_loader(&program) {
            let mut anew = std::process::Command::new(program);
            anew.arg0(name).args(words).env(VARIABLE, "1");
            // Returns only where it fails.
            let _error = anew.env(BEGUN, own).exec();
        }
    }
}

/// Whether this is the program that loads others (ld.so(8)): whoever is started by it is not told where
/// he is himself.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn is_loader(program: &Path) -> bool {
    let name = program.file_name().and_then(OsStr::to_str);
    name.is_some_and(|name| name.starts_with("ld") && name.contains(".so"))
}

#[cfg(all(test, target_os = "linux", target_env = "gnu"))]
mod tests {
    use super::*;

    #[test]
    fn a_loader_is_told_by_its_name() {
        for loader in [
            "/lib64/ld-linux-x86-64.so.2",
            "/usr/lib/aarch64-linux-gnu/ld-linux-aarch64.so.1",
            "/lib/ld64.so.2",
            "/lib/ld-2.31.so",
            "ld.so",
        ] {
            assert!(is_loader(Path::new(loader)), "{loader}");
        }
        for program in [
            "/usr/bin/s3-exporter",
            "/ld.so/exporter",
            "/usr/bin/ld",
            "/",
        ] {
            assert!(!is_loader(Path::new(program)), "{program}");
        }
    }
}
