//! Sorted keys, and the names of the clusters that they belong to.
#![allow(clippy::unwrap_used)]

use std::hint::black_box;
use std::sync::Arc;

use s3_exporter::assign::Assignment;
use s3_exporter::clusters::Clusters;
use s3_exporter::facts::{Facts, Lane};
use s3_exporter_api::{Object, Page, StorageClass, UnixTime};
use s3_exporter_listing::Fold;
use s3_exporter_testkit::SyntheticBucket;

/// Objects of a case.
pub const OBJECTS: u64 = 1_000_000;

/// A million objects.
pub struct Case {
    assignment: Arc<Assignment>,
    pages: Vec<Page>,
}

impl Case {
    /// Sorted keys, spread evenly over so many clusters.
    pub fn new(clusters: u64) -> Self {
        let bucket = SyntheticBucket::even(OBJECTS, clusters);
        let names: Vec<_> = bucket.names().collect();
        let known = Clusters::from_names(names.iter().map(String::as_str)).unwrap();
        let pages = (0..OBJECTS / 1000).map(|page| {
            let mut objects = Page::new();
            for index in page * 1000..(page + 1) * 1000 {
                objects.push(Object {
                    key: &bucket.key(index),
                    size: index,
                    last_modified: UnixTime::from_millis(1_700_000_000_000 + index as i64),
                    storage_class: StorageClass::STANDARD,
                });
            }
            objects
        });
        Self {
            assignment: Arc::new(Assignment::new(&known, "", "-")),
            pages: pages.collect(),
        }
    }

    /// Finds the owner of each, and adds up.
    pub fn run(&self) {
        let (mut facts, mut lane) = (Facts::new(Arc::clone(&self.assignment)), Lane::default());
        for page in &self.pages {
            page.iter().for_each(|object| facts.add(&mut lane, &object));
        }
        assert_eq!(black_box(facts).listed().objects, OBJECTS);
    }
}
