//! The requests of a measurement, over one connection that stays open.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use crate::Outcome;

/// The longest time for an answer.
const TIMEOUT: Duration = Duration::from_secs(30);

/// A connection to a peer's interface.
pub(crate) struct Client {
    stream: BufReader<TcpStream>,
    port: u16,
    token: String,
}

impl Client {
    pub(crate) fn open(port: u16, token: &str) -> Outcome<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_read_timeout(Some(TIMEOUT))?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream: BufReader::new(stream),
            port,
            token: token.to_string(),
        })
    }

    pub(crate) fn put(&mut self, name: &str, value: &[u8]) -> Outcome<()> {
        self.ask("PUT", &format!("/api/v1/record?name={name}"), value)?;
        Ok(())
    }

    pub(crate) fn lookup(&mut self, name: &str) -> Outcome<()> {
        let what = name.replace(' ', "%20");
        self.ask("GET", &format!("/api/v1/lookup?what={what}"), &[])?;
        Ok(())
    }

    /// Returns the number of records that the peer holds.
    pub(crate) fn records(&mut self) -> Outcome<usize> {
        let text = self.metrics()?;
        let line = text
            .lines()
            .find(|line| line.starts_with("chordscope_records{level=\"one\"}"));
        let count = line.and_then(|line| line.rsplit(' ').next()?.parse().ok());
        count.ok_or_else(|| "there is no number of records".into())
    }

    pub(crate) fn metrics(&mut self) -> Outcome<String> {
        Ok(String::from_utf8(self.ask("GET", "/metrics", &[])?)?)
    }

    pub(crate) fn ask(&mut self, method: &str, path: &str, body: &[u8]) -> Outcome<Vec<u8>> {
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nAuthorization: Bearer {}\r\nContent-Length: {}\r\n\r\n",
            self.port,
            self.token,
            body.len()
        );
        let mut request = head.into_bytes();
        request.extend_from_slice(body);
        self.stream.get_mut().write_all(&request)?;
        let mut status = String::new();
        self.stream.read_line(&mut status)?;
        let mut length = 0;
        loop {
            let mut line = String::new();
            self.stream.read_line(&mut line)?;
            let line = line.trim().to_ascii_lowercase();
            if line.is_empty() {
                break;
            }
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse()?;
            }
        }
        let mut answer = vec![0; length];
        self.stream.read_exact(&mut answer)?;
        match status.split(' ').nth(1) {
            Some("200") => Ok(answer),
            _ => {
                let words = String::from_utf8_lossy(&answer);
                Err(format!("{method} {path}: {} {words}", status.trim()).into())
            }
        }
    }
}
