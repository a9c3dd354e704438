//! What stores beside MinIO say that their buckets hold. Ceph's gateway says it in headers, with every
//! answer to `HeadBucket` or, from version 20, where it is asked for by `read-stats`. StorageGRID and Alibaba
//! OSS have requests of their own, read here as their manuals have them: nobody could try those.
//!
//! <https://docs.netapp.com/us-en/storagegrid/s3/get-storage-usage-request.html>,
//! <https://www.alibabacloud.com/help/en/oss/developer-reference/getbucketstat>

use s3_exporter_api::{BucketUsage, UnixTime};

use crate::buckets::text;
use crate::list::another_answer;
use crate::scan::{Scanner, XmlElement};
use crate::{Malformed, parse_time, readable};

/// The name in the query of `HeadBucket` by which Ceph's gateway is asked to say what it counts.
pub const CEPH_STATS: &str = "read-stats";
/// The name in the query by which StorageGRID is asked, of all buckets of the account.
pub const STORAGEGRID_USAGE: &str = "x-ntap-sg-usage";
/// The name in the query by which OSS is asked, of a bucket.
pub const OSS_STAT: &str = "stat";

/// A store that says what its buckets hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counter {
    /// Ceph's gateway, which has said it: so many objects, and bytes.
    Ceph(u64, u64),
    /// NetApp StorageGRID, which is to be asked for [`STORAGEGRID_USAGE`].
    StorageGrid,
    /// Alibaba OSS, which is to be asked for [`OSS_STAT`].
    Oss,
}

impl Counter {
    /// Of the store whose answer to `HeadBucket` has these headers, which this finds by names in lower case;
    /// `None` where it is none of them.
    ///
    /// # Errors
    /// What Ceph counts is no number.
    pub fn of<'a>(
        header: impl Fn(&'static str) -> Option<&'a str>,
    ) -> Result<Option<Self>, Malformed> {
        let number = |name, text: &str| {
            let fault = || Malformed::new(0, format!("the header {name} is no number"));
            text.parse().map_err(|_| fault())
        };
        let (objects, bytes) = ("x-rgw-object-count", "x-rgw-bytes-used");
        if let (Some(count), Some(size)) = (header(objects), header(bytes)) {
            let ceph = Self::Ceph(number(objects, count)?, number(bytes, size)?);
            return Ok(Some(ceph));
        }
        let server = header("server").unwrap_or_default();
        let is = |name| {
            server == name
                || server
                    .strip_prefix(name)
                    .is_some_and(|of| of.starts_with('/'))
        };
        Ok(match () {
            () if is("StorageGRID") => Some(Self::StorageGrid),
            () if is("AliyunOSS") => Some(Self::Oss),
            () => None,
        })
    }
}

/// What StorageGRID has counted in a bucket: every version, and no delete marker; whether parts, its manual does
/// not say. `None` where the bucket is
/// not among those of the account.
///
/// # Errors
/// An answer that is not `UsageResult`.
pub fn read_storagegrid_usage(bucket: &str, body: &[u8]) -> Result<Option<BucketUsage>, Malformed> {
    readable(body)?;
    let mut scanner = Scanner::new(body);
    let root = rooted(&mut scanner, body, "UsageResult")?;
    let (mut counted, mut found) = (None, None);
    while let Some(element) = scanner.child(&root)? {
        match element.name {
            b"CalculationTime" => {
                let time = text(&mut scanner, &element)?;
                let fault = || Malformed::new(element.at, "CalculationTime is no time");
                counted = Some(parse_time(time.as_bytes()).ok_or_else(fault)?);
            }
            b"Buckets" => {
                while let Some(one) = scanner.child(&element)? {
                    let [name, objects, bytes] =
                        leaves(&mut scanner, &one, ["Name", "ObjectCount", "DataBytes"])?;
                    if name.is_some_and(|name| name.0 == bucket) {
                        found =
                            Some((number(objects, "ObjectCount")?, number(bytes, "DataBytes")?));
                    }
                }
            }
            _ => scanner.skip(&element)?,
        }
    }
    scanner.end()?;
    let counted = counted.ok_or_else(|| Malformed::new(root.at, "CalculationTime is missing"))?;
    Ok(found.map(|(objects, bytes)| BucketUsage {
        objects,
        bytes,
        counted,
        has_versions: true,
        has_parts: true,
    }))
}

/// What OSS has counted in the bucket that was asked for, without parts; it may be more than an hour old.
///
/// # Errors
/// An answer that is not `BucketStat`.
pub fn read_oss_stat(body: &[u8]) -> Result<BucketUsage, Malformed> {
    readable(body)?;
    let mut scanner = Scanner::new(body);
    let root = rooted(&mut scanner, body, "BucketStat")?;
    let names = ["ObjectCount", "Storage", "LastModifiedTime"];
    let [objects, bytes, time] = leaves(&mut scanner, &root, names)?;
    scanner.end()?;
    let seconds = number(time, names[2])?;
    let millis = seconds
        .checked_mul(1000)
        .and_then(|ms| i64::try_from(ms).ok());
    let counted = millis.ok_or_else(|| Malformed::new(root.at, "LastModifiedTime is no time"))?;
    Ok(BucketUsage {
        objects: number(objects, names[0])?,
        bytes: number(bytes, names[1])?,
        counted: UnixTime::from_millis(counted),
        has_versions: true,
        has_parts: false,
    })
}

fn rooted<'a>(
    scanner: &mut Scanner<'a>,
    body: &'a [u8],
    name: &str,
) -> Result<XmlElement<'a>, Malformed> {
    let root = scanner.root()?;
    match root.name == name.as_bytes() {
        true => Ok(root),
        false => Err(another_answer(body, &root, name)),
    }
}

/// A text, and where it stands.
type Leaf = Option<(String, usize)>;

/// The texts of these elements right below this one.
fn leaves<'a, const N: usize>(
    scanner: &mut Scanner<'a>,
    parent: &XmlElement<'a>,
    names: [&str; N],
) -> Result<[Leaf; N], Malformed> {
    let mut found = [const { None }; N];
    while let Some(element) = scanner.child(parent)? {
        match names
            .iter()
            .position(|name| name.as_bytes() == element.name)
        {
            Some(nth) => found[nth] = Some((text(scanner, &element)?, element.at)),
            None => scanner.skip(&element)?,
        }
    }
    Ok(found)
}

fn number(leaf: Leaf, name: &str) -> Result<u64, Malformed> {
    let (text, at) = leaf.ok_or_else(|| Malformed::new(0, format!("{name} is missing")))?;
    let fault = || Malformed::new(at, format!("{name} is no number"));
    text.trim_ascii().parse().map_err(|_| fault())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counter(headers: &[(&'static str, &'static str)]) -> Result<Option<Counter>, Malformed> {
        Counter::of(|name| {
            headers
                .iter()
                .find(|(of, _)| *of == name)
                .map(|(_, text)| *text)
        })
    }

    #[test]
    fn a_store_is_known_by_its_headers() {
        let counts =
            |objects, bytes| [("x-rgw-object-count", objects), ("x-rgw-bytes-used", bytes)];
        assert_eq!(counter(&counts("5", "15")), Ok(Some(Counter::Ceph(5, 15))));
        assert!(counter(&counts("-5", "15")).is_err());
        assert_eq!(counter(&counts("5", "15")[..1]), Ok(None));
        for (server, expected) in [
            ("StorageGRID/11.9.0", Some(Counter::StorageGrid)),
            ("AliyunOSS", Some(Counter::Oss)),
            ("AliyunOSSX", None),
            ("MinIO", None),
            ("", None),
        ] {
            assert_eq!(counter(&[("server", server)]), Ok(expected), "{server}");
        }
        assert_eq!(counter(&[]), Ok(None));
    }

    /// As the manual of StorageGRID has it.
    const STORAGEGRID: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<UsageResult xmlns="http://s3.storagegrid.com/doc/2015-02-01"><CalculationTime>2014-11-19T05:30:11.000000Z</CalculationTime>
<ObjectCount>4</ObjectCount><DataBytes>12</DataBytes><Buckets><Bucket><Name>bucket1</Name><ObjectCount>3</ObjectCount>
<DataBytes>7</DataBytes></Bucket><Bucket><Name>bucket2</Name><ObjectCount>1</ObjectCount><DataBytes>5</DataBytes></Bucket>
</Buckets></UsageResult>"#;

    #[test]
    fn storagegrid_counts_all_buckets_of_an_account() {
        let of = |objects, bytes| BucketUsage {
            objects,
            bytes,
            counted: UnixTime::from_millis(1_416_375_011_000),
            has_versions: true,
            has_parts: true,
        };
        let read = |bucket| read_storagegrid_usage(bucket, STORAGEGRID.as_bytes());
        assert_eq!(read("bucket1"), Ok(Some(of(3, 7))));
        assert_eq!(read("bucket2"), Ok(Some(of(1, 5))));
        assert_eq!(read("bucket3"), Ok(None));
        for (from, to) in [
            ("<ObjectCount>3<", "<ObjectCount>three<"),
            ("<DataBytes>7</DataBytes>", ""),
            ("2014-11-19T", "then"),
            ("UsageResult", "ListAllMyBucketsResult"),
            ("</Buckets>", ""),
        ] {
            let other = STORAGEGRID.replace(from, to);
            assert!(
                read_storagegrid_usage("bucket1", other.as_bytes()).is_err(),
                "{to}"
            );
        }
    }

    /// As the manual of OSS has it.
    const OSS: &str = r#"<?xml version="1.0" encoding="UTF-8"?><BucketStat><Storage>1600</Storage><ObjectCount>230</ObjectCount>
<MultipartUploadCount>40</MultipartUploadCount><LiveChannelCount>4</LiveChannelCount>
<LastModifiedTime>1643341269</LastModifiedTime><StandardStorage>430</StandardStorage></BucketStat>"#;

    #[test]
    fn oss_counts_a_bucket() {
        let expected = BucketUsage {
            objects: 230,
            bytes: 1600,
            counted: UnixTime::from_millis(1_643_341_269_000),
            has_versions: true,
            has_parts: false,
        };
        assert_eq!(read_oss_stat(OSS.as_bytes()), Ok(expected));
        for (from, to) in [
            ("<ObjectCount>230<", "<ObjectCount><"),
            ("1643341269", "99999999999999999999"),
            ("1643341269", "9999999999999999999"),
            ("BucketStat", "ListBucketResult"),
        ] {
            assert!(
                read_oss_stat(OSS.replace(from, to).as_bytes()).is_err(),
                "{to}"
            );
        }
    }
}
