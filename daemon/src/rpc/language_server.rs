//! The door for language-server clients. Until the daemon speaks that protocol, it says so in its framing.

use std::io;

use jsonrpsee::{
    MethodResponse,
    types::{Id, error::ErrorCode},
};
use opensession_protocol::limits;
use serde::Deserialize;
use tokio::{
    io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::UnixStream,
    time::timeout,
};

use super::message;

/// Bytes that the heads of a message may have.
const HEAD_LIMIT: u64 = 8 << 10;

/// Answers the first request with an error, in its framing, and closes.
pub(super) async fn refuse(stream: UnixStream) {
    let answer = async {
        let mut stream = BufReader::new(stream);
        let id = match read_message(&mut stream).await {
            Ok(message) => request_id(&message),
            Err(error) => {
                tracing::debug!(%error, "a language-server client was not understood");
                Id::Null
            }
        };
        let hint = "the editor extensions use the JSON-RPC methods; rpc.discover lists them";
        let error = message::error(ErrorCode::MethodNotFound.code(), "this daemon has no language server", hint);
        let body = MethodResponse::error(id, error).into_json();
        let text = format!("Content-Length: {}\r\n\r\n{}", body.get().len(), body.get());
        stream.get_mut().write_all(text.as_bytes()).await?;
        stream.get_mut().shutdown().await
    };
    match timeout(limits::REQUEST_ARRIVAL_TIME, answer).await {
        Ok(Ok(())) | Err(_) => {}
        Ok(Err(error)) => tracing::debug!(%error, "a language-server client left"),
    }
}

/// Reads one message: heads, an empty line, and as many bytes as `Content-Length` says.
async fn read_message(stream: &mut (impl AsyncBufRead + Unpin)) -> io::Result<Vec<u8>> {
    let invalid = |what: &str| io::Error::new(io::ErrorKind::InvalidData, what.to_owned());
    let mut length = None;
    let mut heads = stream.take(HEAD_LIMIT);
    loop {
        let mut line = String::new();
        if heads.read_line(&mut line).await? == 0 {
            return Err(invalid("the heads do not end"));
        }
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        let (name, value) = line.split_once(':').ok_or_else(|| invalid("a head without a colon"))?;
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse::<usize>().ok();
        }
    }
    let length = length.ok_or_else(|| invalid("no Content-Length"))?;
    if length > limits::REQUEST_BYTES {
        return Err(invalid("Content-Length is too large"));
    }
    let mut body = Vec::new();
    heads.into_inner().take(length as u64).read_to_end(&mut body).await?;
    Ok(body)
}

fn request_id(message: &[u8]) -> Id<'static> {
    #[derive(Deserialize)]
    struct OnlyId<'a> {
        #[serde(borrow)]
        id: Id<'a>,
    }
    serde_json::from_slice::<OnlyId<'_>>(message).map_or(Id::Null, |message| message.id.into_owned())
}
