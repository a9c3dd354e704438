//! One gzip stream made of parts that are compressed already and parts that are not.
//!
//! A deflate stream that is flushed ends at a byte, refers to nothing outside itself and
//! is not final: such pieces can stand one after another (RFC 1951), and the checksums
//! of their contents combine to that of the whole.

use std::io::Write;

use axum::body::Bytes;
use crc32fast::Hasher;
use flate2::Compression;
use flate2::write::DeflateEncoder;

/// Magic number, deflate, no flags, no time, nothing said of the level, unknown system (RFC 1952).
const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
/// An empty block that is the final one.
const FINAL: [u8; 2] = [3, 0];

/// A piece of a deflate stream.
#[derive(Clone, Debug, Default)]
pub struct Deflated {
    bytes: Bytes,
    content: Hasher,
}

impl Deflated {
    /// Compresses `plain` on its own.
    pub fn new(plain: &[u8], level: Compression) -> Self {
        Deflater::new(level).deflated(plain)
    }

    /// How many compressed bytes there are.
    pub fn size(&self) -> usize {
        self.bytes.len()
    }
}

/// Compresses one piece after another. Its tables are larger than most pieces: to make them for each
/// takes longer than to compress it.
#[derive(Debug)]
pub struct Deflater(DeflateEncoder<Vec<u8>>);

impl Deflater {
    /// One that compresses so much.
    pub fn new(level: Compression) -> Self {
        Self(DeflateEncoder::new(Vec::new(), level))
    }

    /// Compresses `plain` on its own.
    pub fn deflated(&mut self, plain: &[u8]) -> Deflated {
        let encoder = &mut self.0;
        encoder.get_mut().reserve(plain.len() / 8 + 64);
        // Writing into a Vec cannot fail.
        let _ = encoder.write_all(plain).and_then(|()| encoder.flush());
        let mut bytes = std::mem::take(encoder.get_mut());
        bytes.shrink_to_fit();
        let _its_end = encoder.reset(Vec::new());
        let mut content = Hasher::new();
        content.update(plain);
        Deflated {
            bytes: bytes.into(),
            content,
        }
    }
}

/// The gzip stream of the pieces, whose contents have `length` bytes in all.
pub fn join(pieces: impl IntoIterator<Item = Deflated>, length: usize) -> Vec<Bytes> {
    let mut stream = vec![Bytes::from_static(&HEADER)];
    let mut content = Hasher::new();
    for piece in pieces {
        content.combine(&piece.content);
        stream.push(piece.bytes);
    }
    let mut end = FINAL.to_vec();
    end.extend_from_slice(&content.finalize().to_le_bytes());
    end.extend_from_slice(&(length as u32).to_le_bytes()); // modulo 2^32, says RFC 1952
    stream.push(end.into());
    stream
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use flate2::read::GzDecoder;
    use proptest::prelude::*;

    use super::*;

    /// Reads exactly one gzip member, checksum and length included, with nothing after it.
    fn gunzip(stream: &[u8]) -> Vec<u8> {
        let mut plain = Vec::new();
        let mut decoder = GzDecoder::new(stream);
        decoder.read_to_end(&mut plain).unwrap();
        assert!(
            decoder.into_inner().is_empty(),
            "something after the stream"
        );
        plain
    }

    #[test]
    fn nothing_is_a_stream_too() {
        assert_eq!(gunzip(&join([], 0).concat()), b"");
    }

    proptest! {
        /// Few different bytes, so that a piece would gladly refer to the one before.
        #[test]
        fn pieces_join(pieces in proptest::collection::vec(("[ab]{0,300}", 0..10_u32), 0..8)) {
            let plain: String = pieces.iter().map(|(text, _)| text.as_str()).collect();
            let deflated = pieces.iter()
                .map(|(text, level)| Deflated::new(text.as_bytes(), Compression::new(*level)));
            prop_assert_eq!(gunzip(&join(deflated, plain.len()).concat()), plain.as_bytes());
        }

        /// Whatever came before it, and in whatever order they are joined.
        #[test]
        fn a_piece_refers_to_none_before(pieces in proptest::collection::vec("[ab]{0,300}", 0..8)) {
            let mut deflater = Deflater::new(Compression::fast());
            let deflated: Vec<_> =
                pieces.iter().map(|text| deflater.deflated(text.as_bytes())).collect();
            let reversed: String = pieces.iter().rev().map(String::as_str).collect();
            let joined = join(deflated.into_iter().rev(), reversed.len());
            prop_assert_eq!(gunzip(&joined.concat()), reversed.as_bytes());
        }
    }
}
