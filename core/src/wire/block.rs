//! Pieces of contents as bytes: a header, then the bytes themselves.

use alloc::vec::Vec;

use crate::base::content::ContentId;
use crate::swarm::layout::BLOCK;
use crate::swarm::message::{Block, Place};
use crate::wire::frame::{Frame, FrameType};

/// Content id, segment, offset.
pub const HEADER: usize = 40;
/// Stands for the list of digests, where the number of a segment is otherwise.
const DIGESTS: u32 = u32::MAX;

/// The frame of a block, on the link itself.
pub fn encode_block(block: &Block) -> Vec<u8> {
    let bytes = block.bytes();
    let mut frame = Frame::begin(FrameType::Block, 0, HEADER + bytes.len());
    let (segment, offset) = match block.place {
        Place::Segment(segment, offset) => (segment, offset),
        Place::Digests(offset) => (DIGESTS, offset),
    };
    frame.extend_from_slice(&block.content.0);
    frame.extend_from_slice(&segment.to_le_bytes());
    frame.extend_from_slice(&offset.to_le_bytes());
    frame.extend_from_slice(bytes);
    frame
}

/// Reads the body of a block's frame: content, place and bytes; `None` when it is too short or long.
pub fn decode_block(body: &[u8]) -> Option<(ContentId, Place, &[u8])> {
    let (content, rest) = body.split_first_chunk::<32>()?;
    let (segment, rest) = rest.split_first_chunk::<4>()?;
    let (offset, bytes) = rest.split_first_chunk::<4>()?;
    let offset = u32::from_le_bytes(*offset);
    let place = match u32::from_le_bytes(*segment) {
        DIGESTS => Place::Digests(offset),
        segment => Place::Segment(segment, offset),
    };
    (bytes.len() <= BLOCK as usize).then_some((ContentId(*content), place, bytes))
}

#[cfg(test)]
mod tests {
    use alloc::sync::Arc;

    use super::*;

    #[test]
    fn a_block_goes_there_and_back() {
        for place in [Place::Segment(3, 65_536), Place::Digests(64)] {
            let block = Block {
                content: ContentId([7; 32]),
                place,
                whole: Arc::new(alloc::vec![1, 2, 3, 4]),
                range: 1..3,
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
