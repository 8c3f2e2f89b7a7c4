//! Pieces of contents as bytes: a header, then the bytes themselves.

use alloc::vec::Vec;

use blake3::hazmat::ChainingValue;

use crate::base::content::ContentId;
use crate::swarm::layout::BLOCK;
use crate::swarm::manifest::block_value;
use crate::swarm::message::{Block, Place};
use crate::wire::frame::{self, Frame, FrameType};

/// The bytes of a block's header: content id, position.
pub const HEADER: usize = 40;
/// Set in the position of a piece of the list of digests.
const DIGESTS: u64 = 1 << 63;

/// The frame of a block, on the link itself.
pub fn encode_block(block: &Block) -> Vec<u8> {
    let bytes = block.bytes();
    let mut frame = Frame::begin(FrameType::Block, 0, HEADER + bytes.len());
    let position = match block.place {
        Place::Content(at) => at,
        Place::Digests(at) => DIGESTS | u64::from(at),
    };
    frame.extend_from_slice(&block.content.0);
    frame.extend_from_slice(&position.to_le_bytes());
    frame.extend_from_slice(bytes);
    frame
}

/// Reads the body of a block's frame: content, place and bytes; `None` when it is too short or long, or does not begin where a block may.
pub fn decode_block(body: &[u8]) -> Option<(ContentId, Place, &[u8])> {
    let (content, rest) = body.split_first_chunk::<32>()?;
    let (position, bytes) = rest.split_first_chunk::<8>()?;
    let position = u64::from_le_bytes(*position);
    let place = match position & DIGESTS {
        0 if position.is_multiple_of(BLOCK.into()) => Place::Content(position),
        0 => return None,
        _ => Place::Digests(u32::try_from(position & !DIGESTS).ok()?),
    };
    (bytes.len() <= BLOCK as usize).then_some((ContentId(*content), place, bytes))
}

/// Returns what a tag covers in place of the bytes of a block: the frame up to them, and their chaining value in the content's
/// tree, which is computed unless it is known. `None` for all else, which is covered as it is.
pub fn summary(frame: &[u8], known: Option<ChainingValue>) -> Option<(&[u8], ChainingValue)> {
    let (head, bytes) = frame.split_at_checked(frame::HEADER + HEADER)?;
    let kind = *head.first()?;
    let position = u64::from_le_bytes(*head.last_chunk::<8>()?);
    if kind != FrameType::Block as u8 || position & DIGESTS != 0 {
        return None;
    }
    Some((head, known.or_else(|| block_value(position, bytes))?))
}

#[cfg(test)]
mod tests {
    use alloc::sync::Arc;

    use super::*;

    #[test]
    fn a_block_goes_there_and_back() {
        for place in [Place::Content(3 * 65_536), Place::Digests(64)] {
            let block = Block {
                content: ContentId([7; 32]),
                place,
                whole: Arc::new(alloc::vec![1, 2, 3, 4]),
                range: 1..3,
                value: None,
            };
            let bytes = encode_block(&block);
            let frame = Frame::decode(&bytes).unwrap();
            assert_eq!(frame.kind, FrameType::Block);
            let body = frame.body;
            assert_eq!(
                decode_block(body),
                Some((block.content, place, &[2, 3][..]))
            );
            assert_eq!(decode_block(&body[..HEADER - 1]), None);
        }
        assert_eq!(
            decode_block(&alloc::vec![0; HEADER + BLOCK as usize + 1]),
            None
        );
    }
}
