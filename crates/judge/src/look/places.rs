//! Looks at what is in one place: all that makes backups whole, the one such object, or what follows the last.

use s3_exporter_api::{Object, StorageClass};

use super::few;
use super::job::Known;
use super::{Entry, Lists, Part, Seen, What};

impl Entry {
    /// As a listing shows it.
    pub(super) fn object(&self) -> Object<'_> {
        Object {
            key: self.key.as_bytes(),
            size: self.size,
            last_modified: self.last_modified,
            storage_class: StorageClass::new(self.class.as_bytes()),
        }
    }
}

/// Looks at a folder that has all of what makes the backups of a root whole.
pub(super) async fn all<L: Lists>(
    folder: &str,
    jobs: Vec<Known<'_>>,
    lists: &mut L,
    seen: &mut Seen,
) -> Result<(), L::Error> {
    let listed = lists.list(&Part::new(folder, What::All)).await?;
    for mut job in jobs {
        let found = few::read(job.full.layout, &job.full.root, &listed.entries);
        let own = job.own(found);
        (job.now.backups, job.now.count) =
            own.map_or_else(Default::default, |own| (own.backups, own.count));
        job.seen(seen);
    }
    Ok(())
}

/// Looks at what makes the one backup of a folder whole. While it is not there, its tool is at work or somebody has
/// deleted it, and what there is is not whole: nothing is said, whatever looks before have seen.
pub(super) async fn place<L: Lists>(
    folder: &str,
    (commit, data): (&str, &str),
    jobs: Vec<Known<'_>>,
    lists: &mut L,
    seen: &mut Seen,
) -> Result<(), L::Error> {
    for mut job in jobs {
        let key = format!("{folder}{commit}");
        let listed = lists.list(&Part::new(&key, What::First)).await?;
        let found = listed.entries.into_iter().find(|entry| entry.key == key);
        let Some((found, known)) = found.zip(job.now.backups.last()) else {
            continue;
        };
        if known.is_complete && known.made == found.last_modified {
            job.seen(seen);
            continue;
        }
        let of_data = Part::new(&format!("{folder}{data}"), What::First);
        let mut objects = lists.list(&of_data).await?.entries;
        objects.push(found);
        let own = job.own(few::read(job.full.layout, &job.full.root, &objects));
        let Some(own) = own.and_then(|own| own.backups.into_iter().next()) else {
            continue;
        };
        job.put(own);
        job.seen(seen);
    }
    Ok(())
}

/// Looks at what follows the last key of a job that the latest complete listing shows: what looks before have shown may
/// have gone since.
pub(super) async fn after_last<L: Lists>(
    prefix: &str,
    jobs: Vec<Known<'_>>,
    lists: &mut L,
    seen: &mut Seen,
) -> Result<(), L::Error> {
    for mut job in jobs {
        job.now = job.full.clone();
        let last = job.now.backups.last().map(|last| last.key.clone());
        let part = Part {
            after: last,
            ..Part::new(prefix, What::All)
        };
        let listed = lists.list(&part).await?;
        let found = few::read(job.full.layout, &job.full.root, &listed.entries);
        for backup in job.own(found).into_iter().flat_map(|own| own.backups) {
            job.put(backup);
        }
        job.seen(seen);
    }
    Ok(())
}

impl Part {
    /// From the first key on.
    pub(super) fn new(prefix: &str, what: What) -> Self {
        Self {
            prefix: prefix.to_owned(),
            after: None,
            what,
        }
    }
}
