//! The language server: sessions as symbols, documents, lenses and hovers of any editor that speaks the language server
//! protocol.
//!
//! It is a thin client of the daemon's own methods, which it calls in this process; it opens no store and no index. Who
//! speaks its framing need not speak its protocol: every method of the daemon is answered on the same connection,
//! `initialize` or not (see `rpc::language_server`).

mod commands;
mod daemon;
mod document;
mod file;
mod options;
mod progress;
mod session;
mod symbols;
mod words;

use std::sync::{Mutex, PoisonError};

use jsonrpsee::Methods;
use opensession_protocol::{Scope, uri::SCHEME};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tower_lsp::{
    Client, ClientSocket, LanguageServer, LspService,
    jsonrpc::Result,
    ls_types::{
        CodeLens, CodeLensParams, DidChangeWorkspaceFoldersParams, DocumentLink, DocumentLinkParams,
        DocumentSymbolParams, DocumentSymbolResponse, ExecuteCommandParams, FoldingRange, FoldingRangeParams, Hover,
        HoverParams, InitializeParams, InitializeResult, InitializedParams, LSPAny, ServerInfo, WorkspaceSymbolParams,
        WorkspaceSymbolResponse,
    },
};

use daemon::Daemon;
use options::Options;

/// Requests of the protocol that are answered.
pub(crate) const REQUESTS: &[&str] = &[
    "initialize",
    "shutdown",
    "workspace/symbol",
    "workspace/executeCommand",
    "workspace/textDocumentContent",
    "opensession/textDocument",
    "textDocument/codeLens",
    "textDocument/hover",
    "textDocument/foldingRange",
    "textDocument/documentSymbol",
    "textDocument/documentLink",
];

/// Notifications of the protocol that are heard. Documents are not followed: files are looked up by their path.
pub(crate) const NOTIFICATIONS: &[&str] = &["initialized", "exit", "workspace/didChangeWorkspaceFolders"];

/// A language server whose answers come from `methods`, and what it asks its client.
pub(crate) fn service(methods: Methods) -> (LspService<Backend>, ClientSocket) {
    LspService::build(|client| Backend::new(methods, client))
        .custom_method("workspace/textDocumentContent", Backend::text_document_content)
        .custom_method("opensession/textDocument", Backend::text_document)
        .finish()
}

/// Adds to the answer of `initialize` what version 3.18 of the protocol has and the types of 3.17 lack.
pub(crate) fn announce(result: &mut Value) {
    if let Some(capabilities) = result.get_mut("capabilities").and_then(Value::as_object_mut) {
        let workspace = capabilities.entry("workspace").or_insert_with(|| json!({}));
        if let Some(workspace) = workspace.as_object_mut() {
            workspace.insert("textDocumentContent".to_owned(), json!({ "schemes": [SCHEME] }));
        }
    }
}

/// What answers.
pub(crate) struct Backend {
    daemon: Daemon,
    client: Client,
    options: Mutex<Options>,
    /// What goes on beside requests; it ends with the connection.
    tasks: Mutex<JoinSet<()>>,
}

impl Backend {
    fn new(methods: Methods, client: Client) -> Self {
        Self { daemon: Daemon::new(methods), client, options: Mutex::default(), tasks: Mutex::default() }
    }

    fn options(&self) -> Options {
        self.options.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn text_document(&self, params: document::Params) -> Result<Value> {
        document::text_document(&self.daemon, &params).await
    }

    async fn text_document_content(&self, params: document::Params) -> Result<Value> {
        document::content(&self.daemon, &params).await
    }
}

impl LanguageServer for Backend {
    // It waits for nothing, so that it has ended before the next message is looked at.
    async fn initialize(&self, params: InitializeParams) -> Result<InitializeResult> {
        let options = Options::read(&params);
        let capabilities = options::capabilities(&options, &self.daemon);
        *self.options.lock().unwrap_or_else(PoisonError::into_inner) = options;
        Ok(InitializeResult {
            capabilities,
            server_info: Some(ServerInfo {
                name: "opensession".to_owned(),
                version: Some(env!("CARGO_PKG_VERSION").to_owned()),
            }),
            ..InitializeResult::default()
        })
    }

    async fn initialized(&self, _params: InitializedParams) {
        if self.options().progress {
            let (daemon, client) = (self.daemon.clone(), self.client.clone());
            let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
            tasks.abort_all();
            tasks.spawn(progress::follow(daemon, client));
        }
    }

    async fn shutdown(&self) -> Result<()> {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner).abort_all();
        Ok(())
    }

    async fn did_change_workspace_folders(&self, params: DidChangeWorkspaceFoldersParams) {
        self.options.lock().unwrap_or_else(PoisonError::into_inner).change_folders(&params.event);
    }

    async fn symbol(&self, params: WorkspaceSymbolParams) -> Result<Option<WorkspaceSymbolResponse>> {
        symbols::answer(&self.daemon, &self.options(), &params.query).await.map(Some)
    }

    async fn execute_command(&self, params: ExecuteCommandParams) -> Result<Option<LSPAny>> {
        commands::run(&self.daemon, &self.client, &self.options(), params).await.map(Some)
    }

    async fn code_lens(&self, params: CodeLensParams) -> Result<Option<Vec<CodeLens>>> {
        file::code_lens(&self.daemon, &params.text_document.uri).await
    }

    async fn folding_range(&self, params: FoldingRangeParams) -> Result<Option<Vec<FoldingRange>>> {
        session::folding(&self.daemon, &params.text_document.uri).await
    }

    async fn document_symbol(&self, params: DocumentSymbolParams) -> Result<Option<DocumentSymbolResponse>> {
        session::symbols(&self.daemon, &params.text_document.uri).await
    }

    async fn document_link(&self, params: DocumentLinkParams) -> Result<Option<Vec<DocumentLink>>> {
        session::links(&self.daemon, &params.text_document.uri).await
    }

    async fn hover(&self, params: HoverParams) -> Result<Option<Hover>> {
        file::hover(&self.daemon, &params.text_document_position_params.text_document.uri).await
    }
}

/// Sessions of the repository around `folder`; all where it is in none.
fn scope_of(folder: Option<&str>) -> Scope {
    Scope { cwd: folder.map(str::to_owned), all: false }
}
