//! HTTP client: one request at a time.

use std::error::Error;
use std::fmt;
use std::io;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::client::conn::http1;
use hyper::header::{AUTHORIZATION, HOST};
use hyper::{HeaderMap, Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::de::DeserializeOwned;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::client::Target;
use crate::client::target::Place;
use crate::failure::{Failure, plain};
use crate::views::Refusal;

/// The longest time for a connection to open.
const OPEN_TIMEOUT: Duration = Duration::from_secs(5);
/// The longest time for an answer: longer than the peer itself waits.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(45);
/// The longest answer that is read, in bytes: all that one peer shares and fetches.
const MAX_ANSWER: usize = 256 << 20;

/// A way to a peer.
#[derive(Debug)]
pub(super) struct Connection {
    place: Place,
    sender: tokio::sync::Mutex<Sender>,
}

/// An open connection.
type Sender = http1::SendRequest<Full<Bytes>>;

/// The answer of the peer.
#[derive(Debug)]
pub(super) struct Answer {
    from: String,
    headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Connection {
    /// Connects to the peer that the user means.
    pub(super) async fn open(target: &Target) -> Result<Self, Failure> {
        Self::to(target.place()?).await
    }

    /// Connects to a peer.
    pub(super) async fn to(place: Place) -> Result<Self, Failure> {
        let sender = connect(&place.authority).await?;
        let sender = tokio::sync::Mutex::new(sender);
        Ok(Self { place, sender })
    }

    /// Sends a request and gives the answer if it is a good one.
    pub(super) async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Vec<u8>,
    ) -> Result<Answer, Failure> {
        let asked = timeout(ANSWER_TIMEOUT, self.ask_at_leisure(method, path, body));
        let asked = asked.await;
        asked.unwrap_or_else(|_| Err(self.lost(&"it took too long")))
    }

    /// Sends a request that may keep the peer busy for as long as it takes.
    pub(super) async fn ask_at_leisure(
        &self,
        method: Method,
        path: &str,
        body: Vec<u8>,
    ) -> Result<Answer, Failure> {
        match self.exchange(method, path, body).await? {
            (StatusCode::OK, answer) => Ok(answer),
            (status, answer) => Err(self.failure(status, &answer)),
        }
    }

    /// Sends a request for something that may not be there; where it is not, gives the peer's words for that.
    pub(super) async fn look_for(
        &self,
        method: Method,
        path: &str,
    ) -> Result<Result<Answer, String>, Failure> {
        let asked = timeout(ANSWER_TIMEOUT, self.exchange(method, path, Vec::new()));
        let asked = asked.await;
        let (status, answer) = asked.unwrap_or_else(|_| Err(self.lost(&"it took too long")))?;
        match (status, answer.refusal()) {
            (StatusCode::OK, _) => Ok(Ok(answer)),
            (StatusCode::NOT_FOUND, Some(reason)) => Ok(Err(reason)),
            _ => Err(self.failure(status, &answer)),
        }
    }

    async fn exchange(
        &self,
        method: Method,
        path: &str,
        body: Vec<u8>,
    ) -> Result<(StatusCode, Answer), Failure> {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(HOST, &self.place.authority);
        if let Some(token) = &self.place.token {
            request = request.header(AUTHORIZATION, format!("Bearer {token}"));
        }
        let request = request.body(Full::new(Bytes::from(body)));
        let request = request.map_err(|error| self.lost(&error))?;
        let mut sender = self.sender.lock().await;
        if sender.is_closed() {
            // The peer ends connections that rest, and the command may have had other things to do.
            *sender = connect(&self.place.authority).await?;
        }
        let response = sender.send_request(request).await;
        drop(sender);
        let (head, body) = response.map_err(|error| self.broken(&error))?.into_parts();
        let body = Limited::new(body, MAX_ANSWER).collect().await;
        let answer = Answer {
            from: self.place.authority.clone(),
            headers: head.headers,
            body: body.map_err(|error| self.broken(&*error))?.to_bytes(),
        };
        Ok((head.status, answer))
    }

    /// The answer did not come, or not to its end.
    fn broken(&self, error: &(dyn Error + 'static)) -> Failure {
        match why_broken(error) {
            Some(why) => self.lost(&why),
            None => {
                let from = &self.place.authority;
                Failure::failed(format!("http://{from} is no Chordscope peer: {NOT_HTTP}"))
            }
        }
    }

    fn lost(&self, why: &dyn fmt::Display) -> Failure {
        let from = &self.place.authority;
        Failure::failed(format!("the peer at http://{from} did not answer: {why}"))
    }

    /// The peer answered something that no peer answers.
    pub(super) fn nonsense(&self) -> Failure {
        nonsense(&self.place.authority)
    }

    fn failure(&self, status: StatusCode, answer: &Answer) -> Failure {
        let from = &self.place.authority;
        match (status, answer.refusal()) {
            (StatusCode::UNAUTHORIZED, Some(_)) => Failure::failed(format!(
                "no token is known for the peer at http://{from}: only its own user controls a peer, on its own \
                 machine; CHORDSCOPE_TOKEN can hold the token"
            )),
            (_, Some(reason)) => Failure::failed(reason),
            (_, None) => Failure::failed(format!(
                "http://{from} is no Chordscope peer: it answers {status}"
            )),
        }
    }
}

impl Answer {
    /// Returns the reason why a peer refuses the request; nothing else answers so.
    fn refusal(&self) -> Option<String> {
        let refusal = serde_json::from_slice::<Refusal>(&self.body);
        refusal.ok().map(|refusal| refusal.error)
    }

    /// Reads the answer as what the peer says in JSON.
    pub(super) fn json<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        serde_json::from_slice(&self.body).map_err(|_| self.nonsense())
    }

    pub(super) fn header(&self, name: &str) -> Result<&str, Failure> {
        let value = self.headers.get(name).and_then(|value| value.to_str().ok());
        value.ok_or_else(|| self.nonsense())
    }

    pub(super) fn nonsense(&self) -> Failure {
        nonsense(&self.from)
    }
}

async fn connect(authority: &str) -> Result<Sender, Failure> {
    let fail = |reason: &dyn fmt::Display| {
        Failure::failed(format!(
            "no peer answers at http://{authority} ({reason}): start one with `chordscope peer`, or name another \
                 with --peer"
        ))
    };
    let stream = match timeout(OPEN_TIMEOUT, TcpStream::connect(authority)).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => return Err(fail(&plain(&error))),
        Err(_) => return Err(fail(&"nothing came for 5 seconds")),
    };
    let opened = http1::handshake(TokioIo::new(stream)).await;
    let (sender, connection) = opened.map_err(|error| {
        let why = why_broken(&error);
        fail(&why.unwrap_or_else(|| NOT_HTTP.to_string()))
    })?;
    // Errors of the connection come out of the request, too.
    tokio::spawn(connection);
    Ok(sender)
}

fn nonsense(from: &str) -> Failure {
    Failure::failed(format!(
        "http://{from} answers, but not as a Chordscope peer does"
    ))
}

/// The error for a server that is no web server, or a broken one.
const NOT_HTTP: &str = "what comes is not HTTP";

/// Returns the reason why an answer did not come, or not to its end; `None` where what came is not HTTP.
fn why_broken(error: &(dyn Error + 'static)) -> Option<String> {
    if error.is::<LengthLimitError>() {
        return Some(format!("it is longer than {} MiB", MAX_ANSWER >> 20));
    }
    let http = error.downcast_ref::<hyper::Error>();
    let io = http.and_then(|http| http.source()?.downcast_ref::<io::Error>());
    match io {
        Some(io) if io.kind() == io::ErrorKind::UnexpectedEof => {}
        // Others than the system's are the library's, of what it cannot read.
        Some(io) => return io.raw_os_error().map(|_| plain(io)),
        None if http.is_some_and(hyper::Error::is_parse) => return None,
        None => {}
    }
    Some("the connection was ended".to_string())
}

/// All but the unreserved characters of RFC 3986 §2.3.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Percent-encodes a text for a query.
pub(super) fn escape(text: &str) -> String {
    utf8_percent_encode(text, ESCAPED).to_string()
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    /// The error for a server that answers every client so.
    async fn said_of(answer: &'static [u8]) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let authority = listener.local_addr().unwrap().to_string();
        let serve = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut head = [0; 1024];
            let _ = stream.read(&mut head).await.unwrap();
            stream.write_all(answer).await.unwrap();
        };
        let token = None;
        let ask = async {
            let connection = Connection::to(Place { authority, token }).await.unwrap();
            let answer = connection.ask(Method::GET, "/", Vec::new()).await;
            let answer = answer.and_then(|answer| answer.header("x-chordscope-key").map(drop));
            let said = answer.unwrap_err().to_string();
            said.replace(&connection.place.authority, "HOST")
        };
        tokio::join!(serve, ask).1
    }

    #[tokio::test]
    async fn what_is_no_peer_is_told_of_in_our_own_words() {
        let ended = "the peer at http://HOST did not answer: the connection was ended";
        let not_http = "http://HOST is no Chordscope peer: what comes is not HTTP";
        let other = "http://HOST answers, but not as a Chordscope peer does";
        for (answer, said) in [
            (&b"HTTP/1.0 200 OK\r\n\r\n<html>hello</html>"[..], other),
            (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", other),
            (
                b"HTTP/1.0 404 Not Found\r\n\r\nnothing",
                "http://HOST is no Chordscope peer: it answers 404 Not Found",
            ),
            (
                b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n",
                "http://HOST is no Chordscope peer: it answers 401 Unauthorized",
            ),
            (b"220 mail.example ESMTP\r\n", not_http),
            (b"HTTP/2.0 200 OK\r\n\r\n", not_http),
            (
                b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
                not_http,
            ),
            (b"", ended),
            (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort", ended),
        ] {
            assert_eq!(said_of(answer).await, said);
        }
    }

    #[tokio::test]
    async fn a_connection_that_the_peer_has_ended_is_opened_again() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let authority = listener.local_addr().unwrap().to_string();
        tokio::spawn(async move {
            for _ in 0..2 {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    head.push(stream.read_u8().await.unwrap());
                }
                let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
                stream.write_all(answer).await.unwrap();
            }
        });
        let token = None;
        let connection = Connection::to(Place { authority, token }).await.unwrap();
        for _ in 0..2 {
            let answer = connection.ask(Method::GET, "/", Vec::new()).await.unwrap();
            assert_eq!(answer.body, "ok");
            let ended = async {
                while !connection.sender.lock().await.is_closed() {
                    tokio::task::yield_now().await;
                }
            };
            timeout(ANSWER_TIMEOUT, ended).await.unwrap();
        }
    }
}
