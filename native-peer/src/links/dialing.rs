//! Dialing: from the address of a peer to an open WebSocket.

use std::io;
use std::time::Duration;

use chordscope_core::base::contact::Address;
use chordscope_core::wire::frame::SUB_PROTOCOL;
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::http::header::SEC_WEBSOCKET_PROTOCOL;
use tokio_tungstenite::tungstenite::http::{HeaderValue, StatusCode};

use super::{Carrier, Inside, spawn};
use crate::address_space::AddressSpace;
use crate::driver::Open;
use crate::failure::plain;
use crate::peer_url;

/// The longest time for a connection to open.
const OPEN_TIMEOUT: Duration = Duration::from_secs(5);

/// The reason why a peer cannot be dialed, in a few words.
#[derive(Debug, Error)]
pub(crate) enum DialError {
    /// The other side was silent for [`OPEN_TIMEOUT`].
    #[error("it does not answer")]
    Silent,
    /// The address is one of TLS.
    #[error("this peer cannot open encrypted connections (wss) yet")]
    Encrypted,
    /// A stranger must not make this peer connect to its own network.
    #[error("it names an address in a more private network than this peer's")]
    Private,
    /// The network refuses it.
    #[error("{}", plain(.0))]
    Network(#[from] io::Error),
    /// A web server answers, and opens no WebSocket.
    #[error("it is no peer: it answers with HTTP {0}")]
    Http(StatusCode),
    /// The answer is of a version of HTTP that has no WebSockets.
    #[error("it is no peer: it speaks HTTP/1.0")]
    OldHttp,
    /// The answer is of another protocol.
    #[error("it is no peer: its answer is not HTTP")]
    NotHttp,
    /// The connection ends before an answer.
    #[error("it is no peer: it ends the connection without an answer")]
    NoAnswer,
    /// The WebSocket is for something else.
    #[error("it is no peer: its WebSocket has not the sub-protocol {SUB_PROTOCOL}")]
    SubProtocol,
    /// The rules of WebSockets are broken, or the address is malformed.
    #[error("it is no peer: it opens no WebSocket")]
    NoSocket,
}

impl From<tungstenite::Error> for DialError {
    fn from(error: tungstenite::Error) -> Self {
        match error {
            tungstenite::Error::Io(error) => Self::Network(error),
            tungstenite::Error::Http(answer) => Self::Http(answer.status()),
            tungstenite::Error::Protocol(ProtocolError::WrongHttpVersion) => Self::OldHttp,
            tungstenite::Error::Protocol(ProtocolError::HttparseError(_)) => Self::NotHttp,
            tungstenite::Error::Protocol(ProtocolError::HandshakeIncomplete) => Self::NoAnswer,
            tungstenite::Error::Protocol(ProtocolError::SecWebSocketSubProtocolError(_)) => {
                Self::SubProtocol
            }
            _ => Self::NoSocket,
        }
    }
}

/// Opens a connection to a peer that is in no more private a space than `within`; in memory, if it is one of those `inside`.
pub(crate) async fn dial(
    address: &Address,
    within: AddressSpace,
    inside: &Inside,
) -> Result<Open, DialError> {
    timeout(OPEN_TIMEOUT, connect(address, within, inside))
        .await
        .unwrap_or(Err(DialError::Silent))
}

async fn connect(
    address: &Address,
    within: AddressSpace,
    inside: &Inside,
) -> Result<Open, DialError> {
    if !address.url().starts_with("ws://") {
        return Err(DialError::Encrypted);
    }
    let found = lookup_host(peer_url::with_port(address)).await?;
    // What is connected to is what was checked: the name is not asked again.
    let allowed: Vec<_> = found
        .filter(|found| AddressSpace::of(found.ip()) <= within)
        .collect();
    if allowed.is_empty() {
        return Err(DialError::Private);
    }
    if let Some(stream) = inside.connect(&allowed).await {
        return upgrade(address, stream, Carrier::Inside).await;
    }
    let stream = TcpStream::connect(allowed.as_slice()).await?;
    // A lookup is a chain of small messages: none may wait for company.
    stream.set_nodelay(true)?;
    upgrade(address, stream, Carrier::Socket).await
}

/// Makes an open connection a WebSocket.
async fn upgrade<S>(address: &Address, stream: S, carrier: Carrier) -> Result<Open, DialError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let mut request = address.url().into_client_request()?;
    let protocol = HeaderValue::from_static(SUB_PROTOCOL);
    request
        .headers_mut()
        .insert(SEC_WEBSOCKET_PROTOCOL, protocol);
    let config = Some(carrier.config());
    let opened = tokio_tungstenite::client_async_with_config(request, stream, config);
    let (socket, _) = opened.await?;
    Ok(Box::new(move |inbox| spawn(socket, inbox, ())))
}
