//! Sorted keys, and the names of the clusters that they belong to.
#![allow(clippy::unwrap_used)]

use std::hint::black_box;
use std::sync::Arc;

use s3_exporter::assign::Assignment;
use s3_exporter::clusters::Clusters;
use s3_exporter::facts::{Facts, Lane};
use s3_exporter::filter::{Filter, KeyFilter};
use s3_exporter_api::{Object, Page, StorageClass, UnixTime};
use s3_exporter_listing::Fold;
use s3_exporter_testkit::SyntheticBucket;

/// Objects of a case.
pub const OBJECTS: u64 = 1_000_000;

/// A million objects.
pub struct Case {
    assignment: Arc<Assignment>,
    filter: Option<Arc<KeyFilter>>,
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
            filter: None,
            pages: pages.collect(),
        }
    }

    /// Where only what these globs let through counts: all of it.
    #[allow(dead_code)] // of no use to the one that asks for the ratios
    pub fn with_globs(mut self, include: &[&str], exclude: &[&str]) -> Self {
        let owned = |globs: &[&str]| globs.iter().map(|glob| (*glob).to_owned()).collect();
        let filter = Filter {
            include: owned(include),
            exclude: owned(exclude),
        };
        self.filter = filter.at(UnixTime::now(), "").unwrap().map(Arc::new);
        self
    }

    /// Finds the owner of each, and adds up.
    pub fn run(&self) {
        let facts = Facts::new(Arc::clone(&self.assignment));
        let (mut facts, mut lane) = (facts.with_filter(self.filter.clone()), Lane::default());
        for page in &self.pages {
            page.iter().for_each(|object| facts.add(&mut lane, &object));
        }
        assert_eq!(black_box(facts).listed().objects, OBJECTS);
    }
}
