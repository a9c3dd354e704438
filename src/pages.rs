//! What people and programs are shown of a snapshot: what it says ([`Status`]), as a page and
//! as JSON.

use std::io;

use axum::body::Bytes;

pub mod html;
mod status;

pub use status::*;

/// The status as JSON, in pieces: of 20,000 destinations it is 30 MB, which are not to be copied as they grow.
///
/// # Errors
/// None that is known: a fault of ours.
pub fn json(status: &Status<'_>) -> serde_json::Result<Vec<Bytes>> {
    let mut pieces = Pieces::default();
    serde_json::to_writer(&mut pieces, status)?;
    let Pieces { mut full, last } = pieces;
    full.push(last.into());
    Ok(full)
}

/// Bytes of a piece, or a few more.
const PIECE: usize = 64 * 1024;

/// What was written so far.
#[derive(Default)]
struct Pieces {
    full: Vec<Bytes>,
    last: Vec<u8>,
}

impl io::Write for Pieces {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        if self.last.len() + text.len() > PIECE {
            let next = Vec::with_capacity(PIECE.max(text.len()));
            let full = std::mem::replace(&mut self.last, next);
            self.full.push(full.into());
        }
        self.last.extend_from_slice(text);
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn pieces_are_all_that_was_written() {
        let mut pieces = Pieces::default();
        let written: Vec<u8> = (0..5 * PIECE).map(|nth| (nth % 251) as u8).collect();
        let (most, rest) = written.split_at(2 * PIECE + 7);
        pieces.write_all(most).unwrap();
        for some in rest.chunks(1000) {
            pieces.write_all(some).unwrap();
        }
        let Pieces { mut full, last } = pieces;
        full.push(last.into());
        assert!(full.len() > 3);
        assert_eq!(full.concat(), written);
    }
}
