//! Archives that MinIO unpacks into objects (`X-Amz-Meta-Snowball-Auto-Extract`): the
//! one way to put many objects in one request, and to tell MinIO their last-modified.

use crate::Upload;

const BLOCK: usize = 512;

/// An archive of the objects, filled with zeros.
pub fn archive(uploads: &[Upload]) -> Vec<u8> {
    let mut out = Vec::with_capacity(uploads.len() * 3 * BLOCK);
    for upload in uploads {
        append(&mut out, upload);
    }
    out.resize(out.len() + 2 * BLOCK, 0);
    out
}

fn append(out: &mut Vec<u8>, upload: &Upload) {
    let millis = upload.last_modified.map_or(0, |time| time.as_millis());
    if upload.key.len() > 100 || !upload.key.is_ascii() || millis % 1000 != 0 {
        // A pax header says what the old one can't: long names, fractions of seconds.
        let mut records = record("path", &upload.key);
        if millis != 0 {
            records += &record("mtime", &format!("{}.{:03}", millis / 1000, millis % 1000));
        }
        header(out, b"pax", records.len() as u64, 0, b'x');
        out.extend_from_slice(records.as_bytes());
        pad(out);
    }
    let name = upload.key.as_bytes();
    let seconds = u64::try_from(millis / 1000).expect("a time after 1970");
    header(
        out,
        &name[..name.len().min(100)],
        upload.size,
        seconds,
        b'0',
    );
    let size = usize::try_from(upload.size).unwrap();
    out.resize(out.len() + size, 0);
    pad(out);
}

/// `length key=value\n`, where the length counts its own digits.
fn record(key: &str, value: &str) -> String {
    let rest = key.len() + value.len() + 3;
    let mut length = rest;
    while length != rest + length.to_string().len() {
        length = rest + length.to_string().len();
    }
    format!("{length} {key}={value}\n")
}

fn header(out: &mut Vec<u8>, name: &[u8], size: u64, seconds: u64, kind: u8) {
    let mut block = [0; BLOCK];
    block[..name.len()].copy_from_slice(name);
    block[100..107].copy_from_slice(b"0000644");
    block[108..115].copy_from_slice(b"0000000");
    block[116..123].copy_from_slice(b"0000000");
    block[124..135].copy_from_slice(format!("{size:011o}").as_bytes());
    block[136..147].copy_from_slice(format!("{seconds:011o}").as_bytes());
    block[148..156].copy_from_slice(b"        ");
    block[156] = kind;
    block[257..265].copy_from_slice(b"ustar\x0000");
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    block[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
    out.extend_from_slice(&block);
}

fn pad(out: &mut Vec<u8>) {
    out.resize(out.len().next_multiple_of(BLOCK), 0);
}
