//! Sessions as documents: `workspace/textDocumentContent`, and `opensession/textDocument` for clients without it.

use opensession_protocol::{SessionDocument, uri::SessionUri};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tower_lsp::jsonrpc::{Error, Result};

use super::daemon::Daemon;

/// Which document.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Params {
    /// `opensession://session/<id>`, perhaps with `#<event>`.
    uri: String,
    /// The event that the text is to begin with, for what a long session goes on with.
    #[serde(default)]
    from: Option<u32>,
}

/// The document as the protocol's own types have it: address, language, version, text; and our `next`.
pub(super) async fn text_document(daemon: &Daemon, params: &Params) -> Result<Value> {
    let document = read(daemon, params).await?;
    Ok(json!({
        "uri": document.uri, "languageId": document.language_id, "version": 0, "text": document.text,
        "title": document.title, "next": document.next,
    }))
}

/// Only the text.
pub(super) async fn content(daemon: &Daemon, params: &Params) -> Result<Value> {
    Ok(json!({ "text": read(daemon, params).await?.text }))
}

async fn read(daemon: &Daemon, params: &Params) -> Result<SessionDocument> {
    let uri: SessionUri = params
        .uri
        .parse()
        .map_err(|error: opensession_protocol::uri::UriError| Error::invalid_params(error.to_string()))?;
    daemon.ask("session/document", json!({ "session": uri.name(), "from": params.from })).await
}
