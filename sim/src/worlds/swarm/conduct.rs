//! The conduct of members towards others, and what those that cheat send in place of what they should.

use alloc::sync::Arc;

use chordscope_core::swarm::message::{Block, Message, Said, Standing};

/// The conduct of a member towards others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Conduct {
    /// As it should.
    #[default]
    Honest,
    /// Takes and never gives: its [`Swarm`](chordscope_core::swarm::Swarm) has no slots, so that it unchokes nobody.
    FreeRides,
    /// Changes a byte of everything that it sends.
    Corrupts,
    /// Takes requests, and sends nothing.
    Stalls,
    /// Says that it has everything, and rejects all requests.
    Boasts,
    /// Says that the file is a byte longer.
    Stretches,
}

impl Conduct {
    /// Returns whether a member wants the file itself, so that a swarm that is done has served it.
    pub const fn wants_the_file(self) -> bool {
        matches!(self, Self::Honest | Self::FreeRides)
    }
    /// Returns whether a member announces the file without having it.
    pub(super) const fn poses_as_source(self) -> bool {
        matches!(self, Self::Boasts | Self::Stretches | Self::Stalls)
    }

    /// Returns the message that goes out in place of the honest one; `None` for none. `length` is the file's.
    pub(super) fn says(self, length: u64, message: Message) -> Option<Message> {
        let content = message.content;
        let said = match (self, message.said) {
            (Self::Boasts | Self::Stalls, Said::Hello(_)) => Said::Hello(Standing::Whole(length)),
            (Self::Stretches, Said::Hello(_)) => Said::Hello(Standing::Whole(length + 1)),
            // It is open to everybody, and never gets to sending anything.
            (Self::Boasts | Self::Stalls | Self::Stretches, Said::Interested(_)) => {
                Said::Choked(false)
            }
            (Self::Stalls, Said::Reject(..)) => return None,
            (Self::Boasts | Self::Stalls | Self::Stretches, Said::Request(_)) => return None,
            (_, said) => said,
        };
        Some(Message { content, said })
    }

    /// Returns the block that goes out in place of the right one; `None` for none.
    pub(super) fn sends(self, block: Block) -> Option<Block> {
        match self {
            Self::Stalls => None,
            Self::Corrupts => Some(corrupt(&block)),
            Self::Honest | Self::FreeRides | Self::Boasts | Self::Stretches => Some(block),
        }
    }
}

fn corrupt(block: &Block) -> Block {
    let mut bytes = block.bytes().to_vec();
    if let Some(byte) = bytes.last_mut() {
        *byte ^= 1;
    }
    Block {
        range: 0..bytes.len(),
        whole: Arc::new(bytes),
        value: None,
        ..block.clone()
    }
}
