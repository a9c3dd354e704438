use std::ops::Range;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::text::{push_hex, push_number, push_time};
use super::tools::Tool;

/// Ten digits of base 36 name a cluster.
const NAMES: u64 = 36u64.pow(10);
/// 2024-01-01T00:00:00Z, the time of every cluster's first backup.
pub(super) const FIRST: u64 = 1_704_067_200;
/// Seconds from one backup to the next.
const INTERVAL: u64 = 20 * 60;

/// A bucket of any size that is computed and not stored: the object at an index, in byte
/// order, is known by arithmetic.
#[derive(Clone, Debug)]
pub struct SyntheticBucket {
    prefix: String,
    clusters: u64,
    objects: u64,
    /// Of the cluster that has most; the others share the rest.
    heavy: Option<(u64, u64)>,
    names: Names,
    /// Whose keys they are, where not Kubermatic's.
    tool: Option<Tool>,
}

/// What the clusters are called.
#[derive(Clone, Copy, Debug)]
enum Names {
    /// Ten letters and digits, spread over all that there could be.
    Spread,
    /// `cluster-0042`; what stands in their keys beside is of another form too.
    Counted,
}

impl SyntheticBucket {
    /// So many objects, spread evenly over so many clusters.
    pub fn even(objects: u64, clusters: u64) -> Self {
        assert!(clusters > 0, "objects belong to clusters");
        Self {
            prefix: String::new(),
            clusters,
            objects,
            heavy: None,
            names: Names::Spread,
            tool: None,
        }
    }

    /// The same, as `cluster-0042-etcd-2026-01-31T03:00:17-9f3a1c.db.gz`.
    pub fn counted(objects: u64, clusters: u64) -> Self {
        Self {
            names: Names::Counted,
            ..Self::even(objects, clusters)
        }
    }

    /// So many objects of one tool, of no cluster.
    pub fn of(tool: Tool, objects: u64) -> Self {
        Self {
            clusters: 0,
            tool: Some(tool),
            ..Self::even(objects, 1)
        }
    }

    /// One cluster has 90 % of the objects, and all keys begin with the same four folders.
    pub fn skewed(objects: u64, clusters: u64) -> Self {
        let heavy = if clusters == 1 {
            objects
        } else {
            objects / 10 * 9
        };
        Self {
            prefix: "kubermatic/seed-eu-central-1/etcd/v3/".to_owned(),
            heavy: Some((clusters / 2, heavy)),
            ..Self::even(objects, clusters)
        }
    }

    /// How many objects.
    pub const fn objects(&self) -> u64 {
        self.objects
    }

    /// What stands before the clusters' names in the keys.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// Bytes of all objects.
    pub fn bytes(&self) -> u64 {
        (0..self.objects).map(size).sum()
    }

    /// The clusters' names, in order.
    pub fn names(&self) -> impl Iterator<Item = String> {
        (0..self.clusters).map(|cluster| {
            let mut name = Vec::new();
            self.push_name(&mut name, cluster);
            String::from_utf8(name).expect("letters and digits")
        })
    }

    /// The objects of the cluster with this number.
    pub fn objects_of(&self, cluster: u64) -> u64 {
        self.starts_at(cluster + 1) - self.starts_at(cluster)
    }

    /// Writes a `ListObjectsV2` answer with the objects at `range`; the token of the rest
    /// where there is more under the prefix.
    pub fn write_page(
        &self,
        out: &mut Vec<u8>,
        bucket: &str,
        prefix: &str,
        range: Range<u64>,
        more: bool,
    ) {
        out.extend_from_slice(b"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Name>");
        out.extend_from_slice(bucket.as_bytes());
        out.extend_from_slice(b"</Name><Prefix>");
        for part in utf8_percent_encode(prefix, NON_ALPHANUMERIC) {
            out.extend_from_slice(part.as_bytes());
        }
        out.extend_from_slice(b"</Prefix><KeyCount>");
        push_number(out, range.end - range.start, 1);
        out.extend_from_slice(b"</KeyCount><MaxKeys>1000</MaxKeys>");
        if more {
            out.extend_from_slice(b"<NextContinuationToken>");
            push_number(out, range.end, 1);
            out.extend_from_slice(b"</NextContinuationToken><IsTruncated>true</IsTruncated>");
        } else {
            out.extend_from_slice(b"<IsTruncated>false</IsTruncated>");
        }
        for index in range {
            out.extend_from_slice(b"<Contents><Key>");
            let time = self.push_key(out, index);
            out.extend_from_slice(b"</Key><LastModified>");
            push_time(out, time + 42, b'T', b':');
            out.extend_from_slice(b".123Z</LastModified><ETag>&#34;d41d8cd98f00b204e9800998ecf8427e&#34;</ETag><Size>");
            push_number(out, size(index), 1);
            out.extend_from_slice(b"</Size><StorageClass>STANDARD</StorageClass></Contents>");
        }
        out.extend_from_slice(b"<EncodingType>url</EncodingType></ListBucketResult>");
    }

    /// The key at an index.
    pub fn key(&self, index: u64) -> Vec<u8> {
        let mut key = Vec::with_capacity(96);
        self.push_key(&mut key, index);
        key
    }

    /// The indexes of the keys under the prefix.
    pub fn under(&self, prefix: &[u8]) -> Range<u64> {
        let start = self.first(|key| key >= prefix);
        let end = self.first(|key| key >= prefix && !key.starts_with(prefix));
        start..end
    }

    /// The index of the first key after this one.
    pub fn after(&self, key: &[u8]) -> u64 {
        self.first(|other| other > key)
    }

    /// The first index whose key is `far` enough: false for all before, true from there.
    fn first(&self, far: impl Fn(&[u8]) -> bool) -> u64 {
        let (mut low, mut high) = (0, self.objects);
        let mut key = Vec::with_capacity(96);
        while low < high {
            let middle = low + (high - low) / 2;
            key.clear();
            self.push_key(&mut key, middle);
            if far(&key) {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        low
    }

    /// Where a cluster's objects begin.
    fn starts_at(&self, cluster: u64) -> u64 {
        let share = |part: u64, parts: u64, all: u64| {
            u64::try_from(u128::from(part) * u128::from(all) / u128::from(parts.max(1)))
                .expect("a share is no more than all")
        };
        match self.heavy {
            None => share(cluster, self.clusters, self.objects),
            Some((heavy, count)) => {
                let before = if cluster > heavy {
                    cluster - 1
                } else {
                    cluster
                };
                let light = share(before, self.clusters - 1, self.objects - count);
                if cluster > heavy {
                    light + count
                } else {
                    light
                }
            }
        }
    }

    /// Which cluster has the object, and its how manieth it is.
    fn place(&self, index: u64) -> (u64, u64) {
        let cluster = match self.heavy {
            // The right one or one beside it, by rounding.
            None => {
                let guess =
                    u128::from(index) * u128::from(self.clusters) / u128::from(self.objects);
                let mut cluster = u64::try_from(guess).expect("less than the clusters");
                while self.starts_at(cluster + 1) <= index {
                    cluster += 1;
                }
                cluster
            }
            Some(_) => {
                let (mut low, mut high) = (0, self.clusters - 1);
                while low < high {
                    let middle = low + (high - low) / 2;
                    if self.starts_at(middle + 1) > index {
                        high = middle;
                    } else {
                        low = middle + 1;
                    }
                }
                low
            }
        };
        (cluster, index - self.starts_at(cluster))
    }

    /// Appends the key; its time.
    fn push_key(&self, out: &mut Vec<u8>, index: u64) -> u64 {
        if let Some(tool) = self.tool {
            return tool.push_key(out, index, self.objects);
        }
        let (cluster, number) = self.place(index);
        let time = FIRST + number * INTERVAL;
        out.extend_from_slice(self.prefix.as_bytes());
        self.push_name(out, cluster);
        let time = match self.names {
            Names::Spread => {
                out.extend_from_slice(b"-daily-");
                push_time(out, time, b't', b'-');
                time
            }
            Names::Counted => {
                let mixed = (index + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20;
                let time = time + mixed % 60;
                out.extend_from_slice(b"-etcd-");
                push_time(out, time, b'T', b':');
                out.push(b'-');
                push_hex(out, mixed >> 6 & 0xff_ffff, 6);
                time
            }
        };
        out.extend_from_slice(b".db.gz");
        time
    }

    /// The cluster's name: they are in order.
    fn push_name(&self, out: &mut Vec<u8>, cluster: u64) {
        if matches!(self.names, Names::Counted) {
            let width = self.clusters.ilog10() + 1;
            out.extend_from_slice(b"cluster-");
            return push_number(out, cluster, (width as usize).max(4));
        }
        let step = NAMES / (self.clusters + 1);
        let mut rest = (cluster + 1) * step;
        let start = out.len();
        for _ in 0..10 {
            out.push(b"0123456789abcdefghijklmnopqrstuvwxyz"[(rest % 36) as usize]);
            rest /= 36;
        }
        out[start..].reverse();
    }
}

/// Bytes of the object at an index.
const fn size(index: u64) -> u64 {
    20_000_000 + index * 7919 % 1_000_003
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_rise_and_are_found_again() {
        for bucket in [
            SyntheticBucket::even(1000, 7),
            SyntheticBucket::even(5, 10),
            SyntheticBucket::skewed(1000, 7),
            SyntheticBucket::skewed(1000, 1),
            SyntheticBucket::even(0, 3),
            SyntheticBucket::counted(1000, 7),
            SyntheticBucket::of(Tool::Restic, 5000),
            SyntheticBucket::of(Tool::PgBackRest, 9000),
            SyntheticBucket::of(Tool::Barman, 5000),
            SyntheticBucket::of(Tool::Gardener, 5000),
            SyntheticBucket::of(Tool::Litestream, 5000),
            SyntheticBucket::of(Tool::Dumps, 5000),
            SyntheticBucket::of(Tool::Trees, 25_000),
            SyntheticBucket::of(Tool::None, 5000),
        ] {
            let keys: Vec<_> = (0..bucket.objects())
                .map(|index| bucket.key(index))
                .collect();
            assert!(keys.is_sorted_by(|a, b| a < b), "{bucket:?}");
            for (index, key) in keys.iter().enumerate() {
                assert_eq!(bucket.after(key), index as u64 + 1);
                assert_eq!(bucket.after(&key[..key.len() - 1]), index as u64);
                let under = keys[index..]
                    .iter()
                    .take_while(|other| other.starts_with(key));
                let end = index + under.count();
                assert_eq!(bucket.under(key), index as u64..end as u64);
            }
            assert_eq!(bucket.under(b""), 0..bucket.objects());
            assert_eq!(bucket.under(b"~"), bucket.objects()..bucket.objects());
            if bucket.tool.is_some() {
                continue;
            }
            let mut total = 0;
            for (cluster, name) in bucket.names().enumerate() {
                let prefix = format!("{}{name}-", bucket.prefix());
                let under = bucket.under(prefix.as_bytes());
                assert_eq!(under.end - under.start, bucket.objects_of(cluster as u64));
                total += under.end - under.start;
            }
            assert_eq!(total, bucket.objects(), "{bucket:?}");
        }
    }

    #[test]
    fn a_skewed_bucket_has_a_cluster_with_nine_tenths() {
        let bucket = SyntheticBucket::skewed(1000, 7);
        let most = (0..7).map(|cluster| bucket.objects_of(cluster)).max();
        assert_eq!(most, Some(900));
    }

    #[test]
    fn keys_are_as_kubermatic_writes_them() {
        let bucket = SyntheticBucket::even(200_000, 1);
        let text = |index| String::from_utf8(bucket.key(index)).unwrap();
        assert_eq!(text(0), "i000000000-daily-2024-01-01t00-00-00.db.gz");
        assert_eq!(text(60 * 72), "i000000000-daily-2024-03-01t00-00-00.db.gz");
        let counted = SyntheticBucket::counted(43_000, 43).key(42_000);
        let counted = String::from_utf8(counted).unwrap();
        assert!(
            counted.starts_with("cluster-0042-etcd-2024-01-01T00:00:"),
            "{counted}"
        );
        assert_eq!(
            counted.len(),
            "cluster-0042-etcd-2026-01-31T03:00:17-9f3a1c.db.gz".len()
        );
        for index in [0, 4319, 26_351, 26_352, 199_999] {
            let time = i64::try_from(FIRST + index * INTERVAL).unwrap();
            let time = jiff::Timestamp::from_second(time).unwrap();
            let wanted = time.strftime("%Y-%m-%dt%H-%M-%S").to_string();
            assert!(text(index).contains(&wanted), "{}", text(index));
        }
    }
}
