use std::fs::File;
use std::os::unix::fs::symlink;

use super::*;

/// Each letter is what a look finds; `!` follows those that are taken.
#[test]
fn what_is_new_is_taken_once_and_when_it_has_settled() {
    for looks in [
        "aaa",
        "abb!bbb",
        "abcdd!d",
        "aba",
        "abb!aa!a",
        "abb!cbb",
        "abb!cc!bb!",
    ] {
        let mut state = Settle::new(Some('a'));
        let mut seen = String::new();
        for letter in looks.chars().filter(|letter| *letter != '!') {
            seen.push(letter);
            if state.see(letter) == Settled::New {
                seen.push('!');
            }
        }
        assert_eq!(seen, looks);
    }
}

#[test]
fn the_first_look_is_not_enough_either() {
    let mut state = Settle::new(None);
    let looks = ['a', 'a', 'a'].map(|found| state.see(found));
    assert_eq!(looks, [Settled::Not, Settled::New, Settled::Same]);
}

#[test]
fn every_way_to_change_a_file_is_seen_and_a_touch_is_none() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    std::fs::write(at("one"), "1").unwrap();
    symlink(at("one"), at("link")).unwrap();
    let mut files = WatchedFiles::new([at("link"), at("none")]);
    let mut changed = || (files.changed(), files.changed());
    assert_eq!(changed(), (false, false));
    // In place, of the same length, and within one step of the file system's clock.
    std::fs::write(at("one"), "2").unwrap();
    assert_eq!(changed(), (true, false));
    std::fs::write(at("new"), "3").unwrap();
    std::fs::rename(at("new"), at("one")).unwrap();
    assert_eq!(changed(), (true, false));
    std::fs::write(at("two"), "4").unwrap();
    symlink(at("two"), at("other")).unwrap();
    std::fs::rename(at("other"), at("link")).unwrap();
    assert_eq!(changed(), (true, false));
    std::fs::write(at("none"), "").unwrap();
    assert_eq!(changed(), (true, false));
    std::fs::remove_file(at("none")).unwrap();
    assert_eq!(changed(), (true, false));
    let file = File::options().append(true).open(at("two")).unwrap();
    file.set_modified(SystemTime::UNIX_EPOCH).unwrap();
    assert_eq!(changed(), (false, false));
}

#[test]
fn what_is_gone_holds_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token");
    std::fs::write(&path, "one").unwrap();
    let files = WatchedFiles::new([&path]);
    std::fs::remove_file(&path).unwrap();
    assert!(!files.hold_something_else());
    std::fs::write(&path, "one").unwrap();
    assert!(!files.hold_something_else());
    std::fs::write(&path, "two").unwrap();
    assert!(files.hold_something_else());
}

/// A file that nobody has written for a while is not read while its version stays.
#[test]
fn a_file_is_read_where_it_may_have_changed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    std::fs::write(&path, "one").unwrap();
    let version = FileVersion::of(&path);
    let look = |is_young, content| Sight {
        version,
        is_young,
        content,
    };
    assert!(look(false, Ok(1)).stands_for(version));
    assert!(!look(true, Ok(1)).stands_for(version));
    assert!(!look(false, Err(String::new())).stands_for(version));
    assert!(!look(false, Ok(1)).stands_for(FileVersion::of(folder.path())));
    assert!(!look(false, Ok(1)).stands_for(None));
    let now = SystemTime::now();
    let version = version.unwrap();
    assert!(version.is_younger(STEP, now));
    assert!(!version.is_younger(STEP, now + STEP * 2));
    // A clock that was set back.
    assert!(version.is_younger(STEP, now - STEP * 2));
}

#[test]
fn readings_agree_in_the_end_or_are_given_up() {
    let mut rest = [1, 2, 3, 3, 4].into_iter();
    assert_eq!(read_settled(|| rest.next().ok_or(())), Ok(3));
    let mut count = 0;
    let last = read_settled(|| {
        count += 1;
        Ok::<_, ()>(count)
    });
    assert_eq!(last, Ok(READS));
    assert_eq!(read_settled(|| Err::<(), _>("why")), Err("why"));
}

#[test]
fn nothing_of_a_file_is_shown() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    std::fs::write(&path, "hidden").unwrap();
    let shown = format!("{:?}", WatchedFiles::new([&path]));
    assert_eq!(shown, format!("[{path:?}]"));
}
