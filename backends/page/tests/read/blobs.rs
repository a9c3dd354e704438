//! Answers of Azure's: one that Azurite 3.37.0 gave (cut to three blobs), and what Microsoft's
//! documents say of others.

use s3_exporter_api::{Continuation, Oddity, Page, StorageClass};
use s3_exporter_page::{Malformed, read_blobs};

const AZURITE: &str = include_str!("pages/azurite.xml");

fn answer(blobs: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\r\n<EnumerationResults \
         ServiceEndpoint=\"https://a.blob.core.windows.net/\" ContainerName=\"c\"><Prefix/>\
         <MaxResults>3</MaxResults><Blobs>{blobs}</Blobs><NextMarker /></EnumerationResults>"
    )
}

fn blob(name: &str, properties: &str) -> String {
    format!(
        "<Blob>{name}<Deleted>false</Deleted><Properties>\
         <Last-Modified>Sun, 06 Nov 1994 08:49:37 GMT</Last-Modified>{properties}</Properties>\
         <OrMetadata /></Blob>"
    )
}

fn read(body: &str) -> Result<(Continuation, Page), Malformed> {
    let mut page = Page::new();
    let next = read_blobs(body.as_bytes(), &mut page)?;
    Ok((next, page))
}

/// The keys, sizes and tiers of a page that is the last one.
#[track_caller]
fn objects(blobs: &str) -> Vec<(String, u64, String)> {
    let (next, page) = read(&answer(blobs)).unwrap();
    assert_eq!(next, Continuation::End);
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let object = page.iter().map(|object| {
        assert_eq!(object.last_modified.as_millis(), 784_111_777_000);
        let class = text(object.storage_class.name());
        (text(object.key), object.size, class)
    });
    object.collect()
}

#[track_caller]
fn malformed(body: &str) -> String {
    match read(body) {
        Err(malformed) => malformed.reason,
        Ok((next, page)) => panic!("{next:?} {:?}", page.keys().collect::<Vec<_>>()),
    }
}

#[test]
fn of_azurite() {
    let (next, page) = read(AZURITE).unwrap();
    assert_eq!(next, Continuation::Token("<&>\"'".to_owned()));
    let found: Vec<_> = page
        .iter()
        .map(|object| (object.key, object.size, object.last_modified.as_millis()))
        .collect();
    let at = 1_795_969_559_000;
    let expected: [(&[u8], u64, i64); 3] =
        [(b" sp ", 3, at), (b"/lead", 0, at), (b"<&>\"'", 65_537, at)];
    assert_eq!(found, expected);
    let hot = StorageClass::new(b"Hot");
    assert!(page.iter().all(|object| object.storage_class == hot));
    // The same with a break anywhere is an error, and never a shorter page.
    for end in 0..AZURITE.trim_end().len() {
        assert!(read(&AZURITE[..end]).is_err(), "{}", &AZURITE[..end]);
    }
}

/// Since version 2021-02-12 a name with U+FFFE or U+FFFF is encoded; no other is, whatever it
/// looks like.
#[test]
fn a_name_that_xml_cannot_hold() {
    let blobs = [
        "<Name Encoded=\"true\">a%EF%BF%BFb%20c+d%25</Name>",
        "<Name>a%EF%BF%BFb%20c+d%25</Name>",
        "<Name Encoded=\"false\">a%20b</Name>",
    ];
    let blobs = blobs.map(|name| blob(name, "<Content-Length>1</Content-Length>"));
    let keys = ["a\u{ffff}b c+d%", "a%EF%BF%BFb%20c+d%25", "a%20b"];
    let found = objects(&blobs.concat());
    assert!(found.iter().map(|object| &*object.0).eq(keys), "{found:?}");
}

#[test]
fn an_encoded_name_that_is_none() {
    let blob = blob("<Name Encoded=\"true\">100%</Name>", "");
    let (_, page) = read(&answer(&blob)).unwrap();
    let odd: Vec<_> = page.oddities().collect();
    let key = &b"100%"[..];
    assert_eq!(odd, [(Oddity::NoSize, key), (Oddity::LonePercent, key)]);
}

/// In an account with a hierarchical namespace folders are listed beside what is in them.
#[test]
fn a_folder_is_no_object() {
    let kind =
        |kind| format!("<ResourceType>{kind}</ResourceType><Content-Length>0</Content-Length>");
    let blobs = [
        blob("<Name>folder</Name>", &kind("directory")),
        blob("<Name>folder/file</Name>", &kind("file")),
        blob("<Name>marker/</Name>", "<Content-Length>0</Content-Length>"),
    ];
    let found = objects(&blobs.concat());
    let keys = found.iter().map(|object| &*object.0);
    assert!(keys.eq(["folder/file", "marker/"]), "{found:?}");
}

#[test]
fn tiers() {
    let tier = |tier: &str| format!("<Content-Length>1</Content-Length>{tier}");
    let blobs = [
        blob("<Name>1</Name>", &tier("<AccessTier>Archive</AccessTier>")),
        blob("<Name>2</Name>", &tier("<AccessTier> Cool </AccessTier>")),
        blob("<Name>3</Name>", &tier("")), // of a page blob
    ];
    let found = objects(&blobs.concat());
    let tiers = found.iter().map(|object| &*object.2);
    assert!(tiers.eq(["Archive", "Cool", "STANDARD"]), "{found:?}");
}

/// Keys as they are: nothing about slashes and blanks is made better.
#[test]
fn slashes_and_blanks() {
    let names = ["/", "//", "a//b", "/lead", "d/", " ", "a ", "a&#10;b", "."];
    let blobs = names.map(|name| {
        blob(
            &format!("<Name>{name}</Name>"),
            "<Content-Length>1</Content-Length>",
        )
    });
    let found = objects(&blobs.concat());
    let keys = names.map(|name| name.replace("&#10;", "\n"));
    assert!(found.iter().map(|object| &object.0).eq(&keys), "{found:?}");
}

#[test]
fn what_makes_no_sense() {
    let good = blob("<Name>a</Name>", "<Content-Length>1</Content-Length>");
    let table = [
        (
            answer(&good).replace("<NextMarker />", ""),
            "NextMarker is missing",
        ),
        (
            answer(&good).replace("<NextMarker />", "<NextMarker>a</NextMarker><NextMarker/>"),
            "a second NextMarker",
        ),
        (
            answer("<BlobPrefix><Name>a/</Name></BlobPrefix>"),
            "BlobPrefix, though no delimiter was asked for",
        ),
        (answer(&blob("", "")), "a blob without Name"),
        (answer(&blob("<Name/>", "")), "a blob with an empty Name"),
        (
            answer("<Blob><Name>a</Name></Blob>"),
            "a blob without Last-Modified",
        ),
        (
            answer(&good.replace("Sun, 06 Nov 1994 08:49:37 GMT", "1994-11-06T08:49:37Z")),
            "Last-Modified is \"1994-11-06T08:49:37Z\", not a date of HTTP",
        ),
        (
            answer(&good.replace(">1<", ">-1<")),
            "Content-Length is \"-1\", not a whole number below 2^64",
        ),
        (
            "<Error><Code>ServerBusy</Code></Error>".to_owned(),
            "an Error (\"ServerBusy\"), not EnumerationResults",
        ),
        (
            "<ListBucketResult></ListBucketResult>".to_owned(),
            "it is \"ListBucketResult\", not EnumerationResults",
        ),
    ];
    for (body, reason) in table {
        assert_eq!(malformed(&body), reason, "{body}");
    }
}
