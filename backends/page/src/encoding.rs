//! `EncodingType` `url`: keys as a form of the web would send them.
//!
//! AWS and MinIO write a space as `+` and a plus as `%2B`; other stores write a space as
//! `%20`, and a plus never as itself.

use memchr::memchr2;

/// Whether keys cannot have been encoded: one holds a blank, a control character or what is
/// not ASCII, which every encoding of URLs replaces.
pub(crate) fn is_raw(keys: &[u8]) -> bool {
    // Without a way out, so that many bytes are looked at together.
    keys.iter()
        .fold(false, |raw, byte| raw | !byte.is_ascii_graphic())
}

/// Decodes `key` where it lies and gives its new length, and whether each `%` in it was
/// followed by two hexadecimal digits. One that was not is left as it is. A `+` is a blank only
/// in a `FORM`, as S3 has it; as Azure has it, it is a `+`.
pub(crate) fn decode_in_place<const FORM: bool>(key: &mut [u8]) -> (usize, bool) {
    let plus = if FORM { b'+' } else { b'%' };
    let Some(first) = memchr2(b'%', plus, key) else {
        return (key.len(), true);
    };
    let (mut from, mut to, mut regular) = (first, first, true);
    while let Some(&byte) = key.get(from) {
        let (decoded, taken) = match byte {
            b'%' => match code(key, from) {
                Some(code) => (code, 3),
                None => {
                    regular = false;
                    (byte, 1)
                }
            },
            b'+' if FORM => (b' ', 1),
            _ => (byte, 1),
        };
        key[to] = decoded;
        from += taken;
        to += 1;
    }
    (to, regular)
}

/// The byte that the two digits behind `at` mean.
fn code(key: &[u8], at: usize) -> Option<u8> {
    Some(16 * digit(key, at + 1)? + digit(key, at + 2)?)
}

fn digit(key: &[u8], at: usize) -> Option<u8> {
    let digit = char::from(*key.get(at)?).to_digit(16)?;
    u8::try_from(digit).ok()
}
