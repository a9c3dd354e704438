//! The text of an element: entities, CDATA sections, and how it is shown to people.

use memchr::{memchr, memchr2};

use crate::Malformed;
use crate::markup::markup;

/// The text of an element, as it lies in the body.
#[derive(Clone, Copy)]
pub(crate) struct XmlText<'a> {
    raw: &'a [u8],
    /// At which byte of the body it begins.
    pub at: usize,
    /// Whether it means what it says: no entities, CDATA sections or comments.
    plain: bool,
}

impl<'a> XmlText<'a> {
    pub fn new(raw: &'a [u8], at: usize, plain: bool) -> Self {
        Self { raw, at, plain }
    }

    /// What it means: itself, or decoded into `scratch`.
    ///
    /// Line ends stay as they are, though XML asks to make one of CR LF: stores write
    /// those of a key as references, and a raw one is more likely the key's than a
    /// formatter's.
    #[inline]
    pub fn decode<'s>(&self, scratch: &'s mut Vec<u8>) -> Result<&'s [u8], Malformed>
    where
        'a: 's,
    {
        if self.plain {
            return Ok(self.raw);
        }
        scratch.clear();
        self.decode_into(scratch)?;
        Ok(scratch)
    }

    #[cold]
    fn decode_into(&self, out: &mut Vec<u8>) -> Result<(), Malformed> {
        let mut at = 0;
        while let Some(found) = memchr2(b'&', b'<', &self.raw[at..]) {
            out.extend_from_slice(&self.raw[at..at + found]);
            at += found;
            let rest = &self.raw[at..];
            if rest[0] == b'&' {
                at += reference(rest, out).ok_or_else(|| self.bad_reference(at))?;
            } else if let Some(markup) = markup(rest) {
                out.extend_from_slice(markup.text);
                at += markup.len;
            } else {
                return Err(Malformed::new(self.at + at, "a section that does not end"));
            }
        }
        out.extend_from_slice(&self.raw[at..]);
        Ok(())
    }

    #[cold]
    fn bad_reference(&self, at: usize) -> Malformed {
        let rest = &self.raw[at..];
        let end = memchr(b';', rest).map_or(rest.len(), |end| end + 1);
        let reason = format!("{} is no reference to a character", show(&rest[..end]));
        Malformed::new(self.at + at, reason)
    }
}

/// Writes the character of the reference at the beginning of `rest` and gives the
/// reference's length. Characters that XML 1.0 does not allow (most control characters)
/// are allowed, since keys hold them and stores write them so.
fn reference(rest: &[u8], out: &mut Vec<u8>) -> Option<usize> {
    let end = memchr(b';', rest)?;
    let character = match &rest[1..end] {
        b"amp" => '&',
        b"lt" => '<',
        b"gt" => '>',
        b"quot" => '"',
        b"apos" => '\'',
        [b'#', b'x', digits @ ..] => number(digits, 16)?,
        [b'#', digits @ ..] => number(digits, 10)?,
        _ => return None,
    };
    out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
    Some(end + 1)
}

fn number(digits: &[u8], radix: u32) -> Option<char> {
    let first = digits.first()?;
    let digits = std::str::from_utf8(digits).ok()?;
    // The standard library would take a sign.
    let number = u32::from_str_radix(digits, radix)
        .ok()
        .filter(|_| *first != b'+')?;
    char::from_u32(number)
}

/// Bytes for people: quoted, escaped, and not too long.
pub(crate) fn show(bytes: &[u8]) -> String {
    const MOST: usize = 64;
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(MOST)]);
    let more = if bytes.len() > MOST { "..." } else { "" };
    format!("{text:?}{more}")
}
