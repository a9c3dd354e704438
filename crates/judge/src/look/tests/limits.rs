//! What a look forgets, and of what it says nothing.

use super::*;

/// What was told of by a look and has gone since is not told any more.
#[test]
fn what_has_gone_is_forgotten() {
    for tool in TOOLS {
        let before = Bucket::of(tool.first);
        let whole = before.clone().with(tool.second);
        let jobs = before.jobs();
        let full = judged(&jobs, &Memory::default(), 30.0, judge);
        let newest = |seen: &Seen| {
            let told = judged(&jobs, &full.memory, 60.0, |case| after(case, &full, seen));
            told.jobs.values().next().and_then(|job| job.newest_good)
        };
        let first = looked(&jobs, &Seen::default(), &mut whole.clone());
        let is = newest(&first);
        let again = looked(&jobs, &first, &mut whole.clone());
        assert_eq!(newest(&again), is);
        for key in tool.needed {
            let gone = looked(&jobs, &first, &mut whole.clone().without(key));
            assert!(newest(&gone) < is, "{key}");
        }
    }
}

/// Of all snapshots, be it that none is left.
#[test]
fn what_has_gone_with_all_the_others_is_forgotten() {
    let tool = &TOOLS[0];
    let before = Bucket::of(tool.first);
    let whole = before.clone().with(tool.second);
    let jobs = before.jobs();
    let first = looked(&jobs, &Seen::default(), &mut whole.clone());
    let mut none = whole;
    none.0.retain(|key, _| !key.starts_with("r/snapshots/"));
    let gone = looked(&jobs, &first, &mut none);
    let left = gone.jobs.iter().flat_map(|job| &job.backups);
    assert_eq!(left.count(), 0);
}

/// What is not on the first page may be newer than what says that all is there.
#[test]
fn barmans_of_more_than_a_page_is_not_told() {
    let tool = &TOOLS[3];
    let before = Bucket::of(tool.first);
    for (files, told) in [(PAGE - 1, 1), (PAGE, 0)] {
        let mut later = before.clone();
        let folder = "b/db/base/20261103T000000";
        let files = (0..files).map(|nth| (format!("{folder}/data-{nth:04}.tar.gz"), (9, 48.4)));
        later.0.extend(files);
        later = later.with(&[("b/db/base/20261103T000000/backup.info", 9, 48.5)]);
        let seen = looked(&before.jobs(), &Seen::default(), &mut later);
        assert_eq!(seen.jobs.len(), told);
    }
}

/// Then it is as looks before have shown it, if any did.
#[test]
fn nothing_is_said_of_a_job_with_more_new_backups_than_are_looked_at() {
    let before = Bucket::of(TOOLS[3].first);
    let jobs = before.jobs();
    let with = |new: usize| {
        let mut later = before.clone();
        for nth in 0..new {
            let folder = format!("b/db/base/20261103T00{nth:02}00");
            let files = [("data.tar.gz", 48.4), ("backup.info", 48.5)];
            let files = files.map(|(name, hours)| (format!("{folder}/{name}"), (9, hours)));
            later.0.extend(files);
        }
        later
    };
    let many = looked(&jobs, &Seen::default(), &mut with(32));
    assert_eq!(many.jobs[0].backups.len(), 33);
    assert_eq!(looked(&jobs, &Seen::default(), &mut with(33)).jobs, []);
    let one = looked(&jobs, &Seen::default(), &mut with(1));
    assert_eq!(looked(&jobs, &one, &mut with(34)).jobs, one.jobs);
}
