//! Bytes to elements: as much of XML as the answers of object stores use.
//!
//! The caller asks for an element's children one after another and says of each whether it
//! wants its children, its text, or nothing of it. End tags are checked against the start
//! tags, so that a body that was cut short or stitched together is noticed; names and
//! attributes are not validated any further.
//!
//! What runs for every element is inlined into the caller's loop. Otherwise its results,
//! which are larger than two registers, go through memory in pieces of another size than
//! they are read back in, and wait for it: 208 ns an object rather than 123 (before
//! [`Scanner::usual`]; `benches/read.rs`).

use memchr::{memchr, memchr2};

use crate::Malformed;
use crate::markup::{CDATA, markup};
use crate::text::{XmlText, show};

/// How deep elements may lie in one another. Answers of known stores have five levels.
const MAX_DEPTH: usize = 32;

/// Walks over a body.
pub(crate) struct Scanner<'a> {
    body: &'a [u8],
    at: usize,
}

/// The start tag of an element whose content comes next.
#[derive(Clone, Copy)]
pub(crate) struct XmlElement<'a> {
    /// The name without a namespace's prefix.
    pub name: &'a [u8],
    /// The name in the end tag, with the prefix; empty where the start tag is its own end,
    /// as in `<Prefix/>`.
    end: &'a [u8],
    /// At which byte of the body the tag begins.
    pub at: usize,
}

impl XmlElement<'_> {
    /// Whether the start tag is its own end.
    pub fn is_empty(&self) -> bool {
        self.end.is_empty()
    }
}

impl<'a> Scanner<'a> {
    pub fn new(body: &'a [u8]) -> Self {
        let at = if body.starts_with(b"\xEF\xBB\xBF") {
            3
        } else {
            0
        };
        Self { body, at }
    }

    /// Up to which byte of the body everything was taken.
    pub fn position(&self) -> usize {
        self.at
    }

    /// Goes on at this byte, where an element of those that are asked for begins or ends.
    pub fn go_on_at(&mut self, at: usize) {
        self.at = at;
    }

    /// The outermost element, after declaration and comments.
    pub fn root(&mut self) -> Result<XmlElement<'a>, Malformed> {
        self.skip_to_tag()?;
        match self.body.get(self.at + 1) {
            Some(b'/') => Err(Malformed::new(self.at, "an end tag comes first")),
            Some(_) => self.start_tag(),
            None if self.body.iter().all(is_space) => Err(Malformed::new(0, "it is empty")),
            None => Err(Malformed::new(self.at, "it holds no element")),
        }
    }

    /// Sees to it that nothing follows the outermost element.
    pub fn end(&mut self) -> Result<(), Malformed> {
        self.skip_to_tag()?;
        match self.body.get(self.at) {
            None => Ok(()),
            Some(_) => Err(Malformed::new(self.at, "more follows its end")),
        }
    }

    /// The next element in `parent`; `None` at its end, which is then behind us.
    #[inline(always)]
    pub fn child(&mut self, parent: &XmlElement<'a>) -> Result<Option<XmlElement<'a>>, Malformed> {
        if parent.is_empty() {
            return Ok(None);
        }
        self.skip_to_tag()?;
        match self.body.get(self.at + 1) {
            Some(b'/') => self.end_tag(parent).map(|()| None),
            Some(_) => self.start_tag().map(Some),
            None => Err(self.cut_short(parent)),
        }
    }

    /// What stands in the start tag that was taken last, its name included.
    pub fn start_tag_of(&self, element: &XmlElement<'a>) -> &'a [u8] {
        &self.body[element.at..self.at]
    }

    /// The text of an element that has no others in it. Its end is then behind us.
    #[inline(always)]
    pub fn text(&mut self, element: &XmlElement<'a>) -> Result<XmlText<'a>, Malformed> {
        let start = self.at;
        if element.is_empty() {
            return Ok(XmlText::new(&[], start, true));
        }
        let mut plain = true;
        loop {
            let rest = &self.body[self.at..];
            // Once something is to be decoded, another `&` changes nothing.
            let found = if plain {
                memchr2(b'<', b'&', rest)
            } else {
                memchr(b'<', rest)
            };
            self.at += found.ok_or_else(|| self.cut_short(element))?;
            match &self.body[self.at..] {
                [b'&', ..] => {
                    plain = false;
                    self.at += 1;
                }
                [_, b'/', ..] => break,
                [_, b'!' | b'?', ..] => {
                    plain = false;
                    self.skip_markup()?;
                }
                [_] => return Err(self.cut_short(element)),
                _ => {
                    let reason = format!("an element inside {}", show(element.name));
                    return Err(Malformed::new(self.at, reason));
                }
            }
        }
        let raw = &self.body[start..self.at];
        self.end_tag(element)?;
        Ok(XmlText::new(raw, start, plain))
    }

    /// The text of the element `<name>text</name>`, if just that comes next, with nothing
    /// in it that is to be decoded; if it does not, nothing is taken.
    #[inline(always)]
    pub fn usual(&mut self, start: &[u8], end: &[u8]) -> Option<XmlText<'a>> {
        let inside = self.body[self.at..].strip_prefix(start)?;
        let (text, rest) = inside.split_at(memchr2(b'<', b'&', inside)?);
        let at = self.at + start.len();
        rest.starts_with(end).then(|| {
            self.at = at + text.len() + end.len();
            XmlText::new(text, at, true)
        })
    }

    /// Passes over an element, whatever it holds.
    pub fn skip(&mut self, element: &XmlElement<'a>) -> Result<(), Malformed> {
        self.skip_at_depth(element, 0)
    }

    fn skip_at_depth(&mut self, element: &XmlElement<'a>, depth: usize) -> Result<(), Malformed> {
        if element.is_empty() {
            return Ok(());
        }
        if depth == MAX_DEPTH {
            let reason = format!("more than {MAX_DEPTH} elements in one another");
            return Err(Malformed::new(element.at, reason));
        }
        loop {
            let found = memchr(b'<', &self.body[self.at..]);
            self.at += found.ok_or_else(|| self.cut_short(element))?;
            match self.body.get(self.at + 1) {
                Some(b'/') => return self.end_tag(element),
                Some(b'!' | b'?') => self.skip_markup()?,
                Some(_) => {
                    let child = self.start_tag()?;
                    self.skip_at_depth(&child, depth + 1)?;
                }
                None => return Err(self.cut_short(element)),
            }
        }
    }

    /// Goes to the next tag, or to the end of the body, over whitespace, comments and
    /// instructions.
    #[inline(always)]
    fn skip_to_tag(&mut self) -> Result<(), Malformed> {
        loop {
            let rest = &self.body[self.at..];
            match rest {
                [b'<', b'!' | b'?', ..] if !rest.starts_with(CDATA) => self.skip_markup()?,
                [b'<', second, ..] if *second != b'!' => return Ok(()),
                [b'<'] | [] => return Ok(()),
                [byte, ..] if is_space(byte) => self.at += 1,
                _ => return Err(Malformed::new(self.at, "text where only elements belong")),
            }
        }
    }

    /// Passes over a comment, a CDATA section or an instruction.
    fn skip_markup(&mut self) -> Result<(), Malformed> {
        let rest = &self.body[self.at..];
        match markup(rest) {
            Some(markup) => self.at += markup.len,
            None => {
                let doctype = rest
                    .get(2..9)
                    .is_some_and(|name| name.eq_ignore_ascii_case(b"DOCTYPE"));
                let reason = if doctype {
                    "a document type, which no store sends"
                } else {
                    "a comment, section or instruction that does not end"
                };
                return Err(Malformed::new(self.at, reason));
            }
        }
        Ok(())
    }

    /// Takes the start tag that begins here.
    #[inline(always)]
    fn start_tag(&mut self) -> Result<XmlElement<'a>, Malformed> {
        let at = self.at;
        let (mut local, mut end) = (at + 1, at + 1);
        let after = loop {
            match self.body.get(end) {
                Some(b'>' | b'/' | b' ' | b'\t' | b'\r' | b'\n') => break &self.body[end..],
                Some(b':') => local = end + 1,
                Some(b'<' | b'&' | b'"' | b'\'' | b'=') => {
                    return Err(Malformed::new(at, "a tag that is none"));
                }
                Some(_) => {}
                None => return Err(Malformed::new(self.body.len(), "it ends inside a tag")),
            }
            end += 1;
        };
        if local == end {
            return Err(Malformed::new(at, "a tag without a name"));
        }
        let mut element = XmlElement {
            name: &self.body[local..end],
            end: &self.body[at + 1..end],
            at,
        };
        self.at = end + 1;
        if after[0] != b'>' && self.attributes()? {
            element.end = &[];
        }
        Ok(element)
    }

    /// Passes over a tag's attributes and its end; gives whether it ends with `/>`. The byte
    /// after the name is behind us.
    #[cold]
    fn attributes(&mut self) -> Result<bool, Malformed> {
        let mut quote = None;
        if self.body[self.at - 1] == b'/'
            && self.body.get(self.at).is_some_and(|byte| *byte != b'>')
        {
            return Err(Malformed::new(self.at - 1, "a tag that is none"));
        }
        while let Some(&byte) = self.body.get(self.at) {
            self.at += 1;
            match (quote, byte) {
                (None, b'>') => return Ok(self.body[self.at - 2] == b'/'),
                (None, b'"' | b'\'') => quote = Some(byte),
                (Some(open), _) if open == byte => quote = None,
                (_, b'<') => return Err(Malformed::new(self.at - 1, "a tag inside a tag")),
                _ => {}
            }
        }
        Err(Malformed::new(self.body.len(), "it ends inside a tag"))
    }

    /// Takes the end tag that begins here, which must be the element's.
    #[inline(always)]
    fn end_tag(&mut self, element: &XmlElement<'a>) -> Result<(), Malformed> {
        let name = self.at + 2;
        let rest = &self.body[name..];
        if rest.starts_with(element.end) {
            let mut end = name + element.end.len();
            while self.body.get(end).is_some_and(is_space) {
                end += 1;
            }
            if self.body.get(end) == Some(&b'>') {
                self.at = end + 1;
                return Ok(());
            }
        }
        Err(self.wrong_end(element))
    }

    #[cold]
    fn wrong_end(&self, element: &XmlElement<'a>) -> Malformed {
        let rest = &self.body[self.at + 2..];
        match memchr(b'>', rest) {
            Some(end) => {
                let reason = format!("{} ends as {}", show(element.end), show(&rest[..end]));
                Malformed::new(self.at, reason)
            }
            None => Malformed::new(self.body.len(), "it ends inside a tag"),
        }
    }

    #[cold]
    fn cut_short(&self, element: &XmlElement<'a>) -> Malformed {
        let reason = format!("it ends inside {}", show(element.name));
        Malformed::new(self.body.len(), reason)
    }
}

/// XML's whitespace, which lacks the form feed of `u8::is_ascii_whitespace`.
fn is_space(byte: &u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}
