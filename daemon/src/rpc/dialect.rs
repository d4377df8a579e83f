//! Which of the dialects a client speaks: told by its first byte, which stays in the socket.

use std::io;

use rustix::net::{RecvFlags, recv};
use tokio::{io::Interest, net::UnixStream};

/// How a client talks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// JSON-RPC 2.0, a message a line.
    Lines,
    /// HTTP/1.1, or a WebSocket after its upgrade.
    Http,
    /// JSON-RPC 2.0 with a `Content-Length` head, as language servers speak.
    LanguageServer,
}

impl Dialect {
    /// The dialect that begins with this byte. HTTP methods are upper-case words, and the two heads of the language
    /// server protocol begin with a C; everything else is JSON, or answered as JSON that is wrong.
    pub fn of(first: u8) -> Self {
        match first {
            b'C' | b'c' => Self::LanguageServer,
            b'A'..=b'Z' => Self::Http,
            _ => Self::Lines,
        }
    }
}

/// Waits for the first byte; `None` when the client left without a word.
pub(super) async fn detect(stream: &UnixStream) -> io::Result<Option<Dialect>> {
    loop {
        stream.readable().await?;
        let mut first = [0; 1];
        let peeked =
            stream.try_io(Interest::READABLE, || recv(stream, &mut first, RecvFlags::PEEK).map_err(io::Error::from));
        match peeked {
            Ok((0, _)) => return Ok(None),
            Ok(_) => return Ok(Some(Dialect::of(first[0]))),
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => {}
            Err(error) => return Err(error),
        }
    }
}
