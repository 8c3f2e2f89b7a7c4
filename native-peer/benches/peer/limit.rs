//! The limit: what the WebSocket library itself moves.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{accept_async, client_async};

use crate::Outcome;

/// MiB/s of 64 KiB messages from one socket to another in this process.
pub(crate) async fn socket_rate(measure: Duration) -> Outcome<f64> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let sender = tokio::spawn(async move {
        let Ok((stream, _)) = listener.accept().await else {
            return;
        };
        let Ok(mut socket) = accept_async(stream).await else {
            return;
        };
        let body = bytes::Bytes::from(vec![7; 64 * 1024]);
        while socket.send(Message::Binary(body.clone())).await.is_ok() {}
    });
    let stream = TcpStream::connect(address).await?;
    let (mut socket, _) = client_async(format!("ws://{address}/"), stream).await?;
    let (mut bytes, start) = (0_usize, Instant::now());
    while start.elapsed() < measure {
        match socket.next().await {
            Some(Ok(message)) => bytes += message.len(),
            _ => break,
        }
    }
    sender.abort();
    Ok(bytes as f64 / start.elapsed().as_secs_f64() / f64::from(1 << 20))
}
