//! `EncodingType` `url`: keys as a form of the web would send them.
//!
//! AWS and MinIO write a space as `+` and a plus as `%2B`; other stores write a space as
//! `%20`, and a plus never as itself.

use memchr::memchr2;

/// Decodes `key` where it lies and gives its new length; `None` where a `%` is not
/// followed by two hexadecimal digits.
pub(crate) fn decode_in_place(key: &mut [u8]) -> Option<usize> {
    let Some(first) = memchr2(b'%', b'+', key) else {
        return Some(key.len());
    };
    let (mut from, mut to) = (first, first);
    while let Some(&byte) = key.get(from) {
        let (decoded, taken) = match byte {
            b'%' => (16 * digit(key, from + 1)? + digit(key, from + 2)?, 3),
            b'+' => (b' ', 1),
            _ => (byte, 1),
        };
        key[to] = decoded;
        from += taken;
        to += 1;
    }
    Some(to)
}

fn digit(key: &[u8], at: usize) -> Option<u8> {
    let digit = char::from(*key.get(at)?).to_digit(16)?;
    u8::try_from(digit).ok()
}
