//! What sessions did to a file: the line above it, and what is told on hovering. Both are silent about files that no
//! session changed.

use jiff::Timestamp;
use opensession_protocol::{FileSessions, uri::SessionUri};
use serde_json::json;
use tower_lsp::{
    jsonrpc::Result,
    ls_types::{CodeLens, Command, Hover, HoverContents, MarkupContent, MarkupKind, Range, Uri},
};

use super::{commands, daemon::Daemon, options, words};

/// Sessions that a hover names.
const NAMED: u32 = 4;

pub(super) async fn code_lens(daemon: &Daemon, uri: &Uri) -> Result<Option<Vec<CodeLens>>> {
    let Some(sessions) = sessions(daemon, uri, 1).await? else { return Ok(None) };
    let Some(last) = sessions.sessions.first() else { return Ok(None) };
    let address = SessionUri::new(last.holder.as_ref().unwrap_or(&last.session.id), Some(last.event));
    let command = Command {
        title: words::lens(&sessions, Timestamp::now()),
        command: commands::OPEN.to_owned(),
        arguments: Some(vec![json!(address.to_string())]),
    };
    Ok(Some(vec![CodeLens { range: Range::default(), command: Some(command), data: None }]))
}

pub(super) async fn hover(daemon: &Daemon, uri: &Uri) -> Result<Option<Hover>> {
    let Some(sessions) = sessions(daemon, uri, NAMED).await? else { return Ok(None) };
    let Some(value) = words::hover(&sessions, Timestamp::now()) else { return Ok(None) };
    let contents = HoverContents::Markup(MarkupContent { kind: MarkupKind::Markdown, value });
    Ok(Some(Hover { contents, range: None }))
}

/// `None` for what is no file.
async fn sessions(daemon: &Daemon, uri: &Uri, limit: u32) -> Result<Option<FileSessions>> {
    match options::path(uri) {
        Some(path) => daemon.ask("file/sessions", json!({ "path": path, "limit": limit })).await.map(Some),
        None => Ok(None),
    }
}
