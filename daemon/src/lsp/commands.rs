//! `workspace/executeCommand`: commands that editors offer by name. Most are a method of the daemon with its parameters
//! in order.

use serde_json::{Map, Value, json};
use tower_lsp::{
    Client,
    jsonrpc::{Error, Result},
    ls_types::{ExecuteCommandParams, ShowDocumentParams, Uri},
};

use super::{daemon::Daemon, options::Options, scope_of};

/// Opens a document in the client's editor: `[uri]`.
pub(super) const OPEN: &str = "opensession.open";

/// A command that is a method.
struct Row {
    name: &'static str,
    method: &'static str,
    /// The parameters that arguments stand for, in order. One object holds them by name instead.
    parameters: &'static [&'static str],
    /// Where the workspace's scope goes, unless the caller says it.
    scope: &'static [&'static str],
    /// What of the result is given.
    shape: fn(Value) -> Value,
}

/// Those whose method the daemon has are offered.
const COMMANDS: &[Row] = &[
    Row {
        name: "opensession.search",
        method: "search/query",
        parameters: &["query", "options"],
        scope: &["options", "scope"],
        shape: |answer| answer,
    },
    Row {
        name: "opensession.resume",
        method: "session/get",
        parameters: &["session"],
        scope: &["scope"],
        shape: resume,
    },
    Row {
        name: "opensession.handoff",
        method: "handoff/create",
        parameters: &["sessions", "budget"],
        scope: &["scope"],
        shape: |answer| answer,
    },
    Row {
        name: "opensession.fileSessions",
        method: "file/sessions",
        parameters: &["path", "limit"],
        scope: &["scope"],
        shape: |answer| answer,
    },
];

/// The commands that this daemon has.
pub(super) fn names(daemon: &Daemon) -> Vec<String> {
    let methods = COMMANDS.iter().filter(|row| daemon.knows(row.method)).map(|row| row.name);
    methods.chain([OPEN]).map(str::to_owned).collect()
}

pub(super) async fn run(
    daemon: &Daemon,
    client: &Client,
    options: &Options,
    params: ExecuteCommandParams,
) -> Result<Value> {
    if params.command == OPEN {
        return open(client, options, &params.arguments).await;
    }
    let row = COMMANDS.iter().find(|row| row.name == params.command && daemon.knows(row.method));
    let row = row.ok_or_else(|| {
        Error::invalid_params(format!("no command {}; there are {}", params.command, names(daemon).join(", ")))
    })?;
    let mut named = by_name(row, params.arguments)?;
    // An editor has one session at hand, the method takes several.
    if let Some(one @ Value::String(_)) = named.get_mut("sessions") {
        *one = json!([one.take()]);
    }
    set_scope(&mut named, row.scope, options);
    let answer: Value = daemon.ask(row.method, Value::Object(named)).await?;
    Ok((row.shape)(answer))
}

fn by_name(row: &Row, arguments: Vec<Value>) -> Result<Map<String, Value>> {
    if arguments.len() > row.parameters.len() {
        let most = row.parameters.join(", ");
        return Err(Error::invalid_params(format!("{} takes {most}, or an object of these", row.name)));
    }
    let mut arguments = arguments.into_iter();
    match arguments.next() {
        Some(Value::Object(named)) if arguments.len() == 0 => Ok(named),
        first => {
            let values = first.into_iter().chain(arguments);
            Ok(row.parameters.iter().map(|name| (*name).to_owned()).zip(values).collect())
        }
    }
}

/// Puts the workspace's scope at `path`, where nothing is.
fn set_scope(params: &mut Map<String, Value>, path: &[&str], options: &Options) {
    let Some((last, folders)) = path.split_last() else { return };
    let mut place = params;
    for folder in folders {
        let inner = place.entry(*folder).or_insert(Value::Null);
        if inner.is_null() {
            *inner = json!({});
        }
        // Whatever else stands there is the method's to refuse.
        let Value::Object(inner) = inner else { return };
        place = inner;
    }
    place.entry(*last).or_insert_with(|| json!(scope_of(options.place())));
}

/// What a terminal needs to resume a session.
fn resume(mut detail: Value) -> Value {
    json!({
        "session": detail["session"]["id"].take(), "title": detail["session"]["title"].take(),
        "command": detail["resume"].take(), "cwd": detail["resume_cwd"].take(),
    })
}

async fn open(client: &Client, options: &Options, arguments: &[Value]) -> Result<Value> {
    let uri = arguments.first().and_then(Value::as_str).and_then(|uri| uri.parse::<Uri>().ok());
    let uri = uri.ok_or_else(|| Error::invalid_params(format!("{OPEN} takes an address")))?;
    if !options.show_document {
        return Err(Error::invalid_params("this client opens no documents when it is asked to"));
    }
    let params = ShowDocumentParams { uri, external: None, take_focus: Some(true), selection: None };
    Ok(json!(client.show_document(params).await?))
}
