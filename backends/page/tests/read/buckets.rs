//! Lists of buckets and of folders: what the documents of AWS and of Microsoft show, and what is none.

use s3_exporter_api::{Continuation, ListingKind, Page};
use s3_exporter_page::{read_containers, read_kind};

const AWS: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>
<ListAllMyBucketsResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">
  <Buckets>
    <Bucket><BucketRegion>eu-central-1</BucketRegion><CreationDate>2026-01-31T00:00:00.000Z</CreationDate>
      <Name>backup-a</Name></Bucket>
    <Bucket><Name>b&amp;c</Name></Bucket>
  </Buckets>
  <Owner><DisplayName>x</DisplayName><ID>y</ID></Owner>
  <ContinuationToken>a+/=</ContinuationToken>
</ListAllMyBucketsResult>";

const AZURE: &str = "\u{feff}<?xml version=\"1.0\" encoding=\"utf-8\"?>
<EnumerationResults ServiceEndpoint=\"https://a.blob.core.windows.net\"><Prefix/><Marker/><MaxResults>2</MaxResults>
  <Containers>
    <Container><Name>$web</Name><Properties><Etag>e</Etag></Properties><Metadata><Name>no</Name></Metadata></Container>
    <Container><Name>backup-a</Name></Container>
  </Containers><NextMarker>/a/next</NextMarker></EnumerationResults>";

type Read = Result<(Continuation, Vec<String>), String>;

fn with(
    read: impl Fn(&[u8], &mut Page) -> Result<Continuation, s3_exporter_page::Malformed>,
    body: &str,
) -> Read {
    let mut page = Page::new();
    let next = read(body.as_bytes(), &mut page).map_err(|malformed| malformed.reason)?;
    let text = |name: &[u8]| String::from_utf8(name.to_vec()).unwrap();
    Ok((next, page.keys().map(text).collect()))
}

fn buckets(body: &str) -> Read {
    with(
        |body, page| read_kind(ListingKind::Buckets, body, page),
        body,
    )
}

fn containers(body: &str) -> Read {
    with(read_containers, body)
}

fn page(names: &[&str], token: Option<&str>) -> Read {
    let next = match token {
        Some(token) => Continuation::Token(token.to_owned()),
        None => Continuation::End,
    };
    Ok((next, names.iter().map(|name| (*name).to_owned()).collect()))
}

#[test]
fn names_and_how_it_goes_on() {
    assert_eq!(buckets(AWS), page(&["backup-a", "b&c"], Some("a+/=")));
    assert_eq!(
        containers(AZURE),
        page(&["$web", "backup-a"], Some("/a/next"))
    );
    let none = "<ListAllMyBucketsResult><Owner/><Buckets/></ListAllMyBucketsResult>";
    assert_eq!(buckets(none), page(&[], None));
    let last = "<EnumerationResults><Containers></Containers><NextMarker /></EnumerationResults>";
    assert_eq!(containers(last), page(&[], None));
}

#[test]
fn what_is_cut_short_or_another_thing_is_no_list() {
    for (body, read) in [
        (AWS, buckets as fn(&str) -> Read),
        (AZURE, containers as fn(&str) -> Read),
    ] {
        let ends = (0..body.len()).filter(|end| body.is_char_boundary(*end));
        for end in ends {
            assert!(read(&body[..end]).is_err(), "{}", &body[..end]);
        }
    }
    for (body, reason) in [
        (
            "<ListBucketResult/>",
            "it is \"ListBucketResult\", not a list of buckets (ListAllMyBucketsResult)",
        ),
        (
            "<Error><Code>AccessDenied</Code></Error>",
            "an Error (\"AccessDenied\"), not a list of buckets (ListAllMyBucketsResult)",
        ),
        ("<ListAllMyBucketsResult/>", "Buckets is missing"),
        (
            "<ListAllMyBucketsResult><Buckets><Bucket/></Buckets></ListAllMyBucketsResult>",
            "a bucket without Name",
        ),
        (
            "<ListAllMyBucketsResult><Buckets/><Buckets/></ListAllMyBucketsResult>",
            "a second Buckets",
        ),
    ] {
        assert_eq!(buckets(body), Err(reason.to_owned()));
    }
}

fn folders(body: &str) -> Read {
    let kind = ListingKind::Prefixes { delimiter: '/' };
    with(|body, page| read_kind(kind, body, page), body)
}

const FOLDERS: &str = "<ListBucketResult><Name>b</Name><Prefix>t%2F</Prefix><Delimiter>%2F</Delimiter>
    <KeyCount>3</KeyCount><EncodingType>url</EncodingType><IsTruncated>true</IsTruncated>
    <Contents><Key>t%2Fz</Key><LastModified>2026-01-31T00:00:00Z</LastModified><Size>1</Size></Contents>
    <CommonPrefixes><Prefix>t%2F1%2F</Prefix></CommonPrefixes>
    <CommonPrefixes><Prefix>t%2F2+%C3%A9%2F</Prefix></CommonPrefixes>
    <NextContinuationToken>x</NextContinuationToken></ListBucketResult>";

#[test]
fn folders_are_read_and_objects_beside_them_only_counted() {
    assert_eq!(folders(FOLDERS), page(&["t/1/", "t/2 \u{e9}/"], Some("x")));
    let last = FOLDERS.replace("true", "false");
    assert_eq!(folders(&last), page(&["t/1/", "t/2 \u{e9}/"], None));
    let none = "<ListBucketResult><KeyCount>0</KeyCount><IsTruncated>false</IsTruncated></ListBucketResult>";
    assert_eq!(folders(none), page(&[], None));
    for end in (0..FOLDERS.len()).filter(|end| FOLDERS.is_char_boundary(*end)) {
        assert!(folders(&FOLDERS[..end]).is_err(), "{}", &FOLDERS[..end]);
    }
    for (body, reason) in [
        (
            FOLDERS.replace("<KeyCount>3", "<KeyCount>2"),
            "KeyCount is 2, but there are 3 objects",
        ),
        (
            FOLDERS.replace("t%2F1%2F", ""),
            "a common prefix that is empty",
        ),
    ] {
        assert_eq!(folders(&body), Err(reason.to_owned()));
    }
}
