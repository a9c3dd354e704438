//! What the exporter must show of a bucket whose content is known, to the last figure.

use std::collections::{BTreeMap, BTreeSet};

use s3_exporter_api::UnixTime;
use s3_exporter_testkit::Upload;

use super::Metrics;

/// The figures of one cluster.
pub const OF_CLUSTERS: [&str; 7] = [
    "objectstore_objects",
    "objectstore_empty_objects",
    "objectstore_objects_size_bytes",
    "objectstore_newest_object_timestamp_seconds",
    "objectstore_newest_object_size_bytes",
    "objectstore_oldest_object_timestamp_seconds",
    "objectstore_largest_object_size_bytes",
];
/// The figures of all that was listed.
pub const LISTED: [&str; 3] = [
    "objectstore_listed_objects",
    "objectstore_listed_size_bytes",
    "objectstore_listed_newest_object_timestamp_seconds",
];
/// The figures of what belongs to no cluster.
pub const UNASSIGNED: [&str; 3] = [
    "objectstore_unassigned_objects",
    "objectstore_unassigned_objects_size_bytes",
    "objectstore_unassigned_newest_object_timestamp_seconds",
];

/// The figures of a destination: a family's name and a cluster's, with the value. The
/// cluster is empty where a series is not of one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Figures(pub BTreeMap<(String, String), f64>);

impl Figures {
    /// What must be shown for these objects where these clusters are known, by trying every
    /// name on every key. With no clusters everything is unassigned.
    pub fn expected(uploads: &[Upload], clusters: &[&str]) -> Self {
        let mut figures = BTreeMap::new();
        let mut put = |family: &str, cluster: &str, value: Option<f64>| {
            if let Some(value) = value {
                figures.insert((family.to_owned(), cluster.to_owned()), value);
            }
        };
        for cluster in clusters {
            let own = |upload: &&Upload| owner(&upload.key, clusters) == Some(cluster);
            let sum = Sum::of(uploads.iter().filter(own));
            let newest = Some(sum.newest_time());
            let newest_size = sum.newest.map(|(_, size)| size as f64);
            let values = [
                Some(sum.objects),
                Some(sum.empty),
                Some(sum.bytes),
                newest,
                newest_size,
                sum.oldest.map(UnixTime::as_seconds),
                sum.largest.map(|size| size as f64),
            ];
            for (family, value) in OF_CLUSTERS.iter().zip(values) {
                put(family, cluster, value);
            }
        }
        let foreign = |upload: &&Upload| owner(&upload.key, clusters).is_none();
        let all = [
            (LISTED, Sum::of(uploads)),
            (UNASSIGNED, Sum::of(uploads.iter().filter(foreign))),
        ];
        for (families, sum) in all {
            let values = [sum.objects, sum.bytes, sum.newest_time()];
            for (family, value) in families.iter().zip(values) {
                put(family, "", Some(value));
            }
        }
        Self(figures)
    }

    /// What is shown of a destination.
    pub fn shown(metrics: &Metrics, destination: &str) -> Self {
        let families = OF_CLUSTERS.iter().chain(&LISTED).chain(&UNASSIGNED);
        let mut figures = BTreeMap::new();
        for family in families {
            for (series, value) in metrics.all(family, &[("destination", destination)]) {
                let cluster = label(series, "cluster").unwrap_or_default();
                let at = ((*family).to_owned(), cluster.to_owned());
                assert!(figures.insert(at, value).is_none(), "twice: {series}");
            }
        }
        Self(figures)
    }

    /// Whether nothing is shown.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The clusters that have series.
    pub fn clusters(&self) -> BTreeSet<&str> {
        let clusters = self.0.keys().map(|(_, cluster)| cluster.as_str());
        clusters.filter(|cluster| !cluster.is_empty()).collect()
    }

    /// The sum over a family.
    pub fn sum(&self, family: &str) -> f64 {
        let of_family = self.0.iter().filter(|((name, _), _)| name == family);
        of_family.map(|(_, value)| value).sum()
    }

    /// Fails with what differs, and nothing else.
    #[track_caller]
    pub fn assert_are(&self, expected: &Self, what: &str) {
        let differs: Vec<_> = self
            .0
            .keys()
            .chain(expected.0.keys())
            .collect::<BTreeSet<_>>()
            .into_iter()
            .filter(|at| self.0.get(at) != expected.0.get(at))
            .map(|at| {
                let (shown, right) = (self.0.get(at), expected.0.get(at));
                format!("{at:?}: {shown:?}, right is {right:?}")
            })
            .collect();
        assert!(differs.is_empty(), "{what}: {differs:#?}");
    }
}

/// The value of a label of a series, as it is written: nothing is unescaped.
pub fn label<'a>(series: &'a str, name: &str) -> Option<&'a str> {
    let (_, labels) = series.split_once('{')?;
    let at = if let Some(rest) = labels.strip_prefix(&format!("{name}=\"")) {
        rest
    } else {
        labels.split_once(&format!(",{name}=\""))?.1
    };
    at.split('"').next()
}

/// The longest name that begins the key, followed by `-`.
fn owner<'a, 'b>(key: &str, clusters: &'a [&'b str]) -> Option<&'a &'b str> {
    let fits = clusters.iter().filter(|name| {
        key.strip_prefix(**name)
            .is_some_and(|rest| rest.starts_with('-'))
    });
    fits.max_by_key(|name| name.len())
}

#[derive(Default)]
struct Sum {
    objects: f64,
    empty: f64,
    bytes: f64,
    newest: Option<(UnixTime, u64)>,
    oldest: Option<UnixTime>,
    largest: Option<u64>,
}

impl Sum {
    fn of<'a>(uploads: impl IntoIterator<Item = &'a Upload>) -> Self {
        let mut sum = Self::default();
        for upload in uploads {
            let size = upload.size;
            let time = upload
                .last_modified
                .expect("what must be shown is known only of objects with a time of their own");
            sum.objects += 1.0;
            sum.bytes += size as f64;
            if size == 0 {
                sum.empty += 1.0;
            } else {
                sum.newest = sum.newest.max(Some((time, size)));
            }
            sum.oldest = Some(sum.oldest.map_or(time, |oldest| oldest.min(time)));
            sum.largest = sum.largest.max(Some(size));
        }
        sum
    }

    fn newest_time(&self) -> f64 {
        self.newest.map_or(0.0, |(time, _)| time.as_seconds())
    }
}

/// A scheduled backup of a cluster, as Kubermatic writes it; `nth` tells its time and size,
/// which are like those of no other.
pub fn backup(cluster: &str, nth: u64) -> Upload {
    let (day, hour, minute) = (nth / 72, nth / 3 % 24, nth % 3 * 20);
    let (year, month, day) = (2001 + day / 336, day / 28 % 12 + 1, day % 28 + 1);
    let key = format!("{cluster}-daily-{year}-{month:02}-{day:02}t{hour:02}-{minute:02}-00.db.gz");
    Upload::new(key, 100 + nth % 97).at(time(nth))
}

/// A moment for the `nth` object.
pub fn time(nth: u64) -> UnixTime {
    UnixTime::from_millis(1_600_000_000_123 + i64::try_from(nth).unwrap() * 1_200_000)
}
