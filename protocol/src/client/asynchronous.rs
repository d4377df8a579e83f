//! The client for programs with a runtime: jsonrpsee's own over the Unix socket, newline-delimited. The methods of
//! [`crate::rpc::DaemonClient`] work on it, subscriptions included.

use std::{io, sync::Arc, time::Duration};

use jsonrpsee::core::client::{Client, ClientBuilder, Error, ReceivedMessage, TransportReceiverT, TransportSenderT};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{
        UnixStream,
        unix::{OwnedReadHalf, OwnedWriteHalf},
    },
};

use super::{ClientError, RpcError, Spawn, connect as blocking_connect};
use crate::{
    limits::{REQUESTS_IN_FLIGHT, RESPONSE_BYTES},
    paths::Paths,
};

/// How long a call may take: what the slowest method is given, so that the daemon's own limits are met first.
const CALL_TIME: Duration = Duration::from_secs(610);

/// Connects; starts a daemon, or replaces an older one, where `spawn` allows it. Must run inside a tokio runtime.
pub async fn connect(paths: &Paths, spawn: &Spawn) -> Result<Arc<Client>, ClientError> {
    let (paths, spawn) = (paths.clone(), spawn.clone());
    let stream = tokio::task::spawn_blocking(move || blocking_connect::connect(&paths, &spawn))
        .await
        .map_err(|error| ClientError::io("cannot connect", io::Error::other(error)))??;
    let stream = stream
        .set_nonblocking(true)
        .and_then(|()| UnixStream::from_std(stream))
        .map_err(|error| ClientError::io("cannot use the socket", error))?;
    Ok(Arc::new(over(stream)))
}

/// Uses a connection that is there. Must run inside a tokio runtime.
pub fn over(stream: UnixStream) -> Client {
    let (reader, writer) = stream.into_split();
    ClientBuilder::default()
        .request_timeout(CALL_TIME)
        .max_concurrent_requests(REQUESTS_IN_FLIGHT)
        .build_with_tokio(Sender { writer }, Receiver { reader: BufReader::new(reader), line: Vec::new() })
}

/// Tells an error of a generated method in the words of the blocking client.
pub fn explain(method: &str, error: Error) -> ClientError {
    match error {
        Error::Call(error) => ClientError::Rpc(RpcError {
            code: error.code(),
            message: error.message().to_owned(),
            data: error.data().map(ToOwned::to_owned),
        }),
        Error::RequestTimeout => ClientError::Timeout { method: method.to_owned(), after: CALL_TIME },
        Error::RestartNeeded(_) | Error::Transport(_) | Error::ServiceDisconnect => ClientError::Closed,
        other => ClientError::Malformed { method: method.to_owned(), reason: other.to_string() },
    }
}

struct Sender {
    writer: OwnedWriteHalf,
}

impl TransportSenderT for Sender {
    type Error = io::Error;

    async fn send(&mut self, mut message: String) -> Result<(), io::Error> {
        message.push('\n');
        self.writer.write_all(message.as_bytes()).await
    }

    async fn close(&mut self) -> Result<(), io::Error> {
        self.writer.shutdown().await
    }
}

struct Receiver {
    reader: BufReader<OwnedReadHalf>,
    /// The part of a line that has come; kept here so that nothing is lost when `receive` is dropped.
    line: Vec<u8>,
}

impl TransportReceiverT for Receiver {
    type Error = io::Error;

    async fn receive(&mut self) -> Result<ReceivedMessage, io::Error> {
        loop {
            let part = self.reader.fill_buf().await?;
            if part.is_empty() {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let end = part.iter().position(|byte| *byte == b'\n');
            let length = end.map_or(part.len(), |at| at + 1);
            self.line.extend_from_slice(&part[..length]);
            self.reader.consume(length);
            if self.line.len() > RESPONSE_BYTES {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "an answer is too long"));
            }
            if end.is_some() {
                let text = String::from_utf8(std::mem::take(&mut self.line)).map_err(io::Error::other)?;
                return Ok(ReceivedMessage::Text(text));
            }
        }
    }
}
