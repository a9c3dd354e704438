use super::*;

mod alike;
mod docs;
mod laws;
mod line;
mod lives;
mod times;

use line::line;

#[test]
fn each_example_is_read_by_its_layout_and_by_no_stronger_one() {
    let mut wrong = Vec::new();
    for layout in ALL {
        assert!(
            !layout.examples.is_empty(),
            "{} has no example",
            layout.name
        );
        for example in layout.examples {
            let key = example.key.as_bytes();
            let own = (layout.read)(key).map(|reading| line(layout, key, &reading));
            let auto = LayoutChoice::Auto.read(key).map(|(layout, _)| layout.name);
            if own.as_deref() != Some(example.read) || auto != Some(layout.name) {
                wrong.push(format!(
                    "{}: {}\n     is {own:?} by {auto:?}\n should {:?}",
                    layout.name, example.key, example.read
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn each_has_a_name_of_its_own() {
    for (at, layout) in ALL.iter().enumerate() {
        assert!(
            ALL[..at].iter().all(|other| other != layout),
            "{}",
            layout.name
        );
        assert_eq!(named(layout.name), Some(*layout));
    }
    assert_eq!(names().count(), ALL.len());
}

#[test]
fn a_folder_without_anything_is_nothing() {
    for key in [
        "",
        "repo/backup",
        "repo/archive",
        "/",
        "repo/backup/main/20261128-184341F/",
        "pg/app-2026-11-28/",
    ] {
        assert_eq!(LayoutChoice::Auto.read(key.as_bytes()), None, "{key}");
    }
}

#[test]
fn a_tools_folder_may_stand_in_the_prefix() {
    let read = |key: &'static str, starts: &[usize]| {
        LayoutChoice::Auto
            .read_from(key.as_bytes(), starts)
            .map(|(start, layout, reading)| (start, layout.name, reading.job.into_owned()))
    };
    let velero = "backups/c1-daily-20260131030000/velero-backup.json";
    assert_eq!(
        read(velero, &[0, 8, 11]),
        Some((0, "velero", "c1-daily".into()))
    );
    let restic = "web/snapshots/3024400a49523e3619600e63f57d0a27d33bac7bc505d7613913a539f001803c";
    assert_eq!(read(restic, &[0, 14]), Some((0, "restic", String::new())));
    // Where the later one is good enough.
    let kubermatic = "seed/c1-default-backups-2026-01-31t03-20-00.db.gz";
    assert_eq!(
        read(kubermatic, &[0, 5, 8]),
        Some((8, "kubermatic", "default-backups".into()))
    );
    let dump = "pg/c1-app-20260131.sql.gz";
    assert_eq!(read(dump, &[0, 3, 6]), Some((6, "dump", "app".into())));
    assert_eq!(read("pg/readme", &[0, 3]), None);
}

/// What reads any name with a time in it is asked after all others.
#[test]
fn the_last_two_have_no_form_of_their_own() {
    let is_any = |layout: &&&Layout| layout.clue == Clue::ANY;
    let names = |all: &[&'static Layout]| -> Vec<&str> {
        all.iter().filter(is_any).map(|it| it.name).collect()
    };
    assert_eq!(names(ALL), ["dump", "folder"]);
    assert_eq!(names(&ALL[ALL.len() - 2..]), ["dump", "folder"]);
}
