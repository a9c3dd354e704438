use std::os::unix::net::UnixListener;

use rustix::fs::{CWD, Mode, mkfifoat};

use super::*;

const PATIENCE: Patience = Patience {
    writer: Duration::ZERO,
    end: Duration::from_secs(60),
};

fn fault<T>(result: io::Result<T>) -> String {
    result.map(drop).unwrap_err().to_string()
}

#[test]
fn what_is_no_file_is_not_opened() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    mkfifoat(CWD, at("pipe"), Mode::RWXU).unwrap();
    let _listener = UnixListener::bind(at("socket")).unwrap();
    std::os::unix::fs::symlink(at("pipe"), at("link")).unwrap();
    for (path, what) in [
        (folder.path().to_owned(), "a folder"),
        (at("pipe"), "a pipe"),
        (at("link"), "a pipe"),
        (at("socket"), "a socket"),
        ("/dev/zero".into(), "a device"),
    ] {
        let expected = format!("it is {what}, not a file");
        assert_eq!(fault(read(&path, 9)), expected);
        assert_eq!(fault(look(&path, 9)), expected);
        if what != "a pipe" {
            assert_eq!(fault(read_handed_over(&path, 9, PATIENCE)), expected);
        }
    }
    let missing = read(&at("none"), 9).unwrap_err();
    assert_eq!(reason(&missing), "there is no such file");
}

#[test]
fn no_more_is_read_than_makes_sense() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    for (length, is_good) in [(0, true), (1 << 20, true), ((1 << 20) + 1, false)] {
        File::create(&path).unwrap().set_len(length).unwrap();
        for result in [
            read(&path, MAX_FILE).map(|bytes| bytes.len() as u64),
            look(&path, MAX_FILE).map(|()| length),
            read_handed_over(&path, MAX_FILE, PATIENCE).map(|bytes| bytes.len() as u64),
        ] {
            match is_good {
                true => assert_eq!(result.unwrap(), length),
                false => assert_eq!(fault(result), "it is larger than 1 MiB"),
            }
        }
    }
    // A file that says it is empty, and is not.
    assert!(
        !read(Path::new("/proc/self/status"), MAX_FILE)
            .unwrap()
            .is_empty()
    );
}

#[test]
fn a_pipe_is_read_where_one_is_handed_over() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pipe");
    mkfifoat(CWD, &path, Mode::RWXU).unwrap();
    assert_eq!(
        fault(read_handed_over(&path, 9, PATIENCE)),
        "it is a pipe, and nobody writes into it"
    );
    let longer = Patience {
        writer: Duration::from_secs(60),
        ..PATIENCE
    };
    for (text, expected) in [("all of it", Some("all of it")), ("one too many", None)] {
        std::thread::scope(|scope| {
            scope.spawn(|| std::fs::write(&path, text));
            let found = read_handed_over(&path, 9, longer).ok();
            assert_eq!(
                found.as_ref().map(|bytes| &bytes[..]),
                expected.map(str::as_bytes)
            );
        });
    }
    // Both ends are ours, and so its end does not come.
    let _both = OpenOptions::new()
        .read(true)
        .write(true)
        .open(&path)
        .unwrap();
    let never = Patience {
        end: Duration::ZERO,
        ..longer
    };
    assert_eq!(
        fault(read_handed_over(&path, 9, never)),
        "it is a pipe, and who writes into it does not come to an end"
    );
}
