//! Answers with versions, and with unfinished uploads, in the forms of MinIO and SeaweedFS.

use s3_exporter_api::{Continuation, ListingKind, Page, VersionState};
use s3_exporter_page::{read_kind, split_token};

const VERSIONS: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>
<ListVersionsResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Name>b</Name><Prefix></Prefix>\
<KeyMarker></KeyMarker><VersionIdMarker></VersionIdMarker><NextKeyMarker>a%2Bb+c</NextKeyMarker>\
<NextVersionIdMarker>8f0e</NextVersionIdMarker><MaxKeys>3</MaxKeys><IsTruncated>true</IsTruncated>\
<Version><Key>a%2Bb+c</Key><LastModified>2026-11-24T23:36:24.621Z</LastModified><ETag>&#34;x&#34;</ETag>\
<Size>13</Size><Owner><ID>o</ID></Owner><StorageClass>GLACIER</StorageClass><IsLatest>false</IsLatest>\
<VersionId>1</VersionId></Version>\
<DeleteMarker><Key>b</Key><LastModified>2026-11-25T00:00:00Z</LastModified><IsLatest>true</IsLatest>\
<VersionId>2</VersionId></DeleteMarker>\
<Version><Key>b</Key><LastModified>2026-11-24T00:00:00Z</LastModified><Size>7</Size>\
<IsLatest>true</IsLatest><VersionId>null</VersionId></Version>\
<EncodingType>url</EncodingType></ListVersionsResult>";

const UPLOADS: &str = "<ListMultipartUploadsResult><Bucket>b</Bucket><KeyMarker/><UploadIdMarker/>\
<NextKeyMarker>x</NextKeyMarker><NextUploadIdMarker>u-2</NextUploadIdMarker>\
<MaxUploads>2</MaxUploads><IsTruncated>false</IsTruncated>\
<Upload><Key>x</Key><UploadId>u-1</UploadId><Initiated>2026-11-24T00:00:00Z</Initiated></Upload>\
<Upload><Key>x</Key><UploadId>u-2</UploadId><Initiated>2026-11-23T00:00:00.500Z</Initiated>\
<StorageClass>STANDARD</StorageClass></Upload></ListMultipartUploadsResult>";

#[test]
fn versions_say_what_they_are() {
    let mut page = Page::new();
    let next = read_kind(ListingKind::Versions, VERSIONS.as_bytes(), &mut page).unwrap();
    let Continuation::Token(token) = next else {
        panic!("{next:?}");
    };
    assert_eq!(split_token(&token), ("a+b c", "8f0e"));
    let found: Vec<_> = page
        .iter()
        .map(|it| (it.key.to_vec(), it.size, it.storage_class.name().to_vec()))
        .collect();
    let expected = [
        (b"a+b c".to_vec(), 13, b"GLACIER".to_vec()),
        (b"b".to_vec(), 0, b"STANDARD".to_vec()),
        (b"b".to_vec(), 7, b"STANDARD".to_vec()),
    ];
    assert_eq!(found, expected);
    let states = [
        VersionState::Noncurrent,
        VersionState::DeleteMarker,
        VersionState::Current,
    ];
    assert_eq!(page.states(), states);
    // A page of something else, in the same memory, has none.
    read_kind(ListingKind::Uploads, UPLOADS.as_bytes(), &mut page).unwrap();
    assert_eq!(page.states(), []);
}

#[test]
fn uploads_were_begun_at_some_time() {
    let mut page = Page::new();
    let next = read_kind(ListingKind::Uploads, UPLOADS.as_bytes(), &mut page);
    assert_eq!(next, Ok(Continuation::End));
    let begun: Vec<_> = page.iter().map(|it| it.last_modified.as_millis()).collect();
    assert_eq!(begun, [1_795_478_400_000, 1_795_392_000_500]);
}

/// The id of the token may be missing, and the key may hold whatever it likes.
#[test]
fn a_token_has_both() {
    assert_eq!(
        split_token("id\nkey\nwith lines"),
        ("key\nwith lines", "id")
    );
    assert_eq!(split_token("\nkey"), ("key", ""));
    let without = VERSIONS.replace("<NextVersionIdMarker>8f0e</NextVersionIdMarker>", "");
    let next = read_kind(ListingKind::Versions, without.as_bytes(), &mut Page::new());
    assert_eq!(next, Ok(Continuation::Token("\na+b c".to_owned())));
}

#[test]
fn what_is_not_whole_is_an_error() {
    for (kind, body) in [
        (ListingKind::Versions, VERSIONS),
        (ListingKind::Uploads, UPLOADS),
    ] {
        let mut page = Page::new();
        let mut fails = |body: &str, why: &str| {
            let error = read_kind(kind, body.as_bytes(), &mut page).unwrap_err();
            assert!(error.reason.contains(why), "{why}: {error}");
        };
        for end in 0..body.len() {
            fails(&body[..end], "");
        }
        let entry = match kind {
            ListingKind::Versions => "<LastModified>2026-11-25T00:00:00Z</LastModified>",
            _ => "<Initiated>2026-11-24T00:00:00Z</Initiated>",
        };
        fails(&body.replace(entry, ""), "an entry without ");
        fails(
            &body
                .replace("<Key>x</Key>", "<Key></Key>")
                .replace("<Key>b</Key>", "<Key/>"),
            "an empty Key",
        );
        fails(
            &body
                .replace("<Size>7<", "<Size>seven<")
                .replace("00:00.500Z", "noon"),
            ", not a",
        );
        fails(
            &body
                .replace(">false</IsT", ">maybe</IsT")
                .replace(">true</IsT", ">maybe</IsT"),
            "true or false",
        );
        fails(
            &body
                .replace("<IsTruncated>false", "<IsTruncated>true")
                .replace("NextKeyMarker", "Other"),
            "there is no NextKeyMarker",
        );
        fails(
            "<ListBucketResult></ListBucketResult>",
            "it is \"ListBucketResult\", not a List",
        );
        fails(
            "<Error><Code>NotImplemented</Code></Error>",
            "an Error (\"NotImplemented\")",
        );
    }
    let error = read_kind(
        ListingKind::Versions,
        VERSIONS
            .replace("<IsLatest>false</IsLatest>", "")
            .as_bytes(),
        &mut Page::new(),
    );
    assert!(error.unwrap_err().reason.contains("without IsLatest"));
}
