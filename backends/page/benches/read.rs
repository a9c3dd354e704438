//! A page of 1,000 keys, read by us and by the baseline: the crate quick-xml, driven by
//! hand and without serde.
#![allow(missing_docs)] // criterion's macros make public items

use std::fmt::Write;
use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use quick_xml::Reader;
use quick_xml::events::Event;
use s3_exporter_api::{ListingKind, Object, Page, StorageClass, UnixTime};
use s3_exporter_page::Incoming;

/// As MinIO writes it for the keys of etcd backups.
fn answer(objects: usize, key: impl Fn(usize) -> String) -> String {
    let mut body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
         <Name>etcd-backups</Name><Prefix></Prefix><NextContinuationToken>bGc2OXBteDh3Zg==</NextContinuationToken>\
         <KeyCount>{objects}</KeyCount><MaxKeys>1000</MaxKeys><IsTruncated>true</IsTruncated>"
    );
    for index in 0..objects {
        let (key, minute, size) = (key(index), index % 60, 1_u64 << (index % 34));
        write!(
            body,
            "<Contents><Key>{key}</Key><LastModified>2026-01-31T03:{minute:02}:05.123Z</LastModified>\
             <ETag>&#34;67734c9d14a815e29dcd4260ef89c024&#34;</ETag><Size>{size}</Size>\
             <StorageClass>STANDARD</StorageClass></Contents>"
        )
        .expect("writing to a string cannot fail");
    }
    body.push_str("<EncodingType>url</EncodingType></ListBucketResult>");
    body
}

/// The least that a reader made with quick-xml does: the same fields, nothing checked.
fn with_quick_xml(body: &str, page: &mut Page) {
    page.clear();
    let mut reader = Reader::from_str(body);
    let (mut text, mut key) = (String::new(), String::new());
    let (mut size, mut time) = (0, UnixTime::from_millis(0));
    loop {
        match reader.read_event().expect("well-formed") {
            Event::Start(_) => text.clear(),
            Event::Text(part) => text.push_str(str::from_utf8(&part.into_inner()).expect("UTF-8")),
            Event::End(end) => match end.name().as_ref() {
                b"Key" => std::mem::swap(&mut key, &mut text),
                b"Size" => size = text.parse().expect("a number"),
                b"LastModified" => {
                    let parsed: jiff::Timestamp = text.parse().expect("a time");
                    time = UnixTime::from_millis(parsed.as_millisecond());
                }
                b"Contents" => page.push(Object {
                    key: key.as_bytes(),
                    size,
                    last_modified: time,
                    storage_class: StorageClass::STANDARD,
                }),
                _ => {}
            },
            Event::Eof => return,
            _ => {}
        }
    }
}

fn read(c: &mut Criterion) {
    let plain = answer(1000, |index| {
        format!("lg69pmx8wf-daily-2026-01-31t03-00-{index:02}.db.gz")
    });
    let encoded = answer(1000, |index| {
        format!("f%C3%BC%C3%9Fe/{index}+%282%29-2026-01-31t03-00-00")
    });
    let mut page = Page::new();
    let mut group = c.benchmark_group("read");
    for (name, body) in [("plain", &plain), ("encoded", &encoded)] {
        group.throughput(Throughput::Elements(1000));
        group.bench_function(name, |b| {
            b.iter(|| s3_exporter_page::read(black_box(body.as_bytes()), &mut page).is_ok());
        });
        assert_eq!(page.len(), 1000);
    }
    // As it comes from the network.
    let mut came = Incoming::new(ListingKind::Objects, std::mem::take(&mut page));
    group.bench_function("in pieces", |b| {
        b.iter(|| {
            came.begin();
            for piece in black_box(plain.as_bytes()).chunks(32 * 1024) {
                came.push(piece);
            }
            came.read(&came.rest()).is_ok()
        });
    });
    page =
        std::mem::replace(&mut came, Incoming::new(ListingKind::Objects, Page::new())).into_page();
    group.throughput(Throughput::Elements(1000));
    group.bench_function("quick-xml", |b| {
        b.iter(|| with_quick_xml(black_box(&plain), &mut page));
    });
    assert_eq!(page.len(), 1000);
    // What copying the bytes alone costs: the floor.
    let mut copy = Vec::new();
    group.bench_function("copy", |b| {
        b.iter(|| {
            copy.clear();
            copy.extend_from_slice(black_box(plain.as_bytes()));
        });
    });
    group.finish();
}

criterion_group!(benches, read);
criterion_main!(benches);
