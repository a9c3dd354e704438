//! Bytes of keys: components, and what of them becomes a name.

use std::borrow::Cow;

/// The longest name of a job or a cluster, in bytes.
pub const MAX_NAME: usize = 128;

/// Where the component begins that ends at `end`.
pub fn component(key: &[u8], end: usize) -> usize {
    memchr::memrchr(b'/', &key[..end]).map_or(0, |slash| slash + 1)
}

/// The component before the one that begins at `start`: where it begins, and it.
pub fn before(key: &[u8], start: usize) -> Option<(usize, &[u8])> {
    let end = start.checked_sub(1)?;
    let begin = component(key, end);
    Some((begin, &key[begin..end]))
}

/// Where each component begins, and it, from the left; the last one too.
pub fn components(key: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let mut next = Some(0);
    std::iter::from_fn(move || {
        let start = next?;
        let end = memchr::memchr(b'/', &key[start..]).map_or(key.len(), |at| start + at);
        next = (end < key.len()).then_some(end + 1);
        Some((start, &key[start..end]))
    })
}

/// Whether these are hexadecimal digits, of either case, and as many.
pub fn is_hex(bytes: &[u8], count: usize) -> bool {
    // To the end in any case: so it is done for many bytes at once.
    let all = |all, byte: &u8| all & byte.is_ascii_hexdigit();
    bytes.len() == count && bytes.iter().fold(true, all)
}

/// Whether a file's name begins with that of a segment of PostgreSQL's log: 24 hexadecimal digits.
pub fn is_segment(file: &[u8]) -> bool {
    file.get(..24).is_some_and(|it| is_hex(it, 24)) && memchr::memchr(b'/', file).is_none()
}

/// Whether these are decimal digits, at least one.
pub fn is_digits(bytes: &[u8]) -> bool {
    !bytes.is_empty() && bytes.iter().all(u8::is_ascii_digit)
}

/// A decimal number of at most 18 digits.
pub fn number(bytes: &[u8]) -> Option<i64> {
    if bytes.len() > 18 || !is_digits(bytes) {
        return None;
    }
    Some(
        bytes
            .iter()
            .fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0')),
    )
}

/// Whether these have the form of a UUID.
pub fn is_uuid(bytes: &[u8]) -> bool {
    bytes.len() == 36
        && bytes.iter().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// Whether a byte stands between the words of a name.
pub fn is_separator(byte: &u8) -> bool {
    matches!(byte, b'-' | b'_' | b'.' | b' ' | b'+' | b'@' | b',' | b':')
}

/// Bytes as text; what is no UTF-8 is replaced.
pub fn text(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text), // asked for each key, and looked at in one go
        Err(_) => String::from_utf8_lossy(bytes),
    }
}

/// Bytes as a name that can be shown and be a label: no control characters, and not longer than
/// [`MAX_NAME`]: the rest of a longer one becomes a checksum, so that different ones stay apart.
pub fn name(bytes: &[u8]) -> Cow<'_, str> {
    let is_plain = |byte: &u8| matches!(byte, b' '..=b'~');
    match text(bytes) {
        short if bytes.len() <= MAX_NAME && bytes.iter().all(is_plain) => short,
        text => Cow::Owned(shown(&text)),
    }
}

/// The same for what is put together.
pub fn joined(parts: &[&[u8]]) -> Cow<'static, str> {
    Cow::Owned(name(&parts.concat()).into_owned())
}

fn shown(text: &str) -> String {
    let mut name: String = text
        .chars()
        .map(|char| {
            if is_shown(char) {
                char
            } else {
                char::REPLACEMENT_CHARACTER
            }
        })
        .collect();
    if name.len() > MAX_NAME {
        let sum = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |sum, byte| {
            (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3) // FNV-1a
        });
        name.truncate(name.floor_char_boundary(MAX_NAME - 17));
        name.push_str(&format!("~{sum:016x}"));
    }
    name
}

/// Neither a control character nor one that turns or hides the text beside it.
fn is_shown(char: char) -> bool {
    !char.is_control()
        && !matches!(char, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}
