//! Connections between peers of one process: in memory, as a socket at each end would take a descriptor from the process.
//!
//! They carry the same bytes as sockets do: a request to upgrade, and the frames of a WebSocket.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{DuplexStream, duplex};
use tokio::sync::mpsc;

/// The number of connections that wait until a peer accepts them; as for sockets, the dialing side waits then.
const BACKLOG: usize = 1_024;
/// The number of bytes that wait in each direction of a connection before the writer does.
const BUFFER: usize = 64 * 1024;

/// The peers of this process that are dialed in memory.
#[derive(Clone, Debug, Default)]
pub(crate) struct Inside(Arc<Mutex<HashMap<SocketAddr, mpsc::Sender<DuplexStream>>>>);

impl Inside {
    /// Takes connections to an address from now on, for as long as the receiver is there.
    pub(crate) fn listen(&self, address: SocketAddr) -> mpsc::Receiver<DuplexStream> {
        let (connections, accepted) = mpsc::channel(BACKLOG);
        self.table().insert(address, connections);
        accepted
    }

    /// A connection to the first of these addresses that belongs to a peer of this process. `None` where none does, or where it has ended.
    pub(super) async fn connect(&self, addresses: &[SocketAddr]) -> Option<DuplexStream> {
        let peer = {
            let table = self.table();
            addresses.iter().find_map(|at| table.get(at).cloned())
        }?;
        let (mine, theirs) = duplex(BUFFER);
        peer.send(theirs).await.ok()?;
        Some(mine)
    }

    fn table(&self) -> std::sync::MutexGuard<'_, HashMap<SocketAddr, mpsc::Sender<DuplexStream>>> {
        // An insertion cannot panic half-way.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    #[tokio::test]
    async fn peers_of_one_process_are_reached_in_memory_while_they_listen() {
        let inside = Inside::default();
        let [here, elsewhere] =
            ["127.0.0.1:7340", "127.0.0.1:7341"].map(|text| text.parse().unwrap());
        let mut accepted = inside.listen(here);
        assert!(inside.connect(&[elsewhere]).await.is_none());
        let mut mine = inside.connect(&[elsewhere, here]).await.unwrap();
        let mut theirs = accepted.recv().await.unwrap();
        mine.write_all(b"hello").await.unwrap();
        let mut heard = [0; 5];
        theirs.read_exact(&mut heard).await.unwrap();
        assert_eq!(&heard, b"hello");
        drop(accepted);
        assert!(inside.connect(&[here]).await.is_none(), "it has ended");
    }
}
