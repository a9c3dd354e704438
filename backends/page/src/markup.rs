//! Comments, CDATA sections and instructions.

use memchr::memmem;

/// How a CDATA section begins.
pub(crate) const CDATA: &[u8] = b"<![CDATA[";

/// A comment, a CDATA section or an instruction: what begins with `<!` or `<?`.
pub(crate) struct Markup<'a> {
    /// How many bytes it takes.
    pub len: usize,
    /// The text in it, which only CDATA sections have.
    pub text: &'a [u8],
}

/// The comment, CDATA section or instruction at the beginning of `rest`, if it ends.
pub(crate) fn markup(rest: &[u8]) -> Option<Markup<'_>> {
    let (open, close): (&[u8], &[u8]) = match rest {
        [b'<', b'?', name, ..] if name.is_ascii_alphabetic() => (b"<?", b"?>"),
        [b'<', b'!', b'-', b'-', ..] => (b"<!--", b"-->"),
        _ => (CDATA, b"]]>"),
    };
    let inside = rest.strip_prefix(open)?;
    let len = memmem::find(inside, close)?;
    let text = if open == CDATA { &inside[..len] } else { &[] };
    let len = open.len() + len + close.len();
    Some(Markup { len, text })
}
