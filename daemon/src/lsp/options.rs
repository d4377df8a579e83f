//! What a client tells of itself with `initialize`, and what it is offered.

use serde::Deserialize;
use tower_lsp::ls_types::{
    ClientCapabilities, CodeLensOptions, DocumentLinkOptions, ExecuteCommandOptions, FoldingRangeProviderCapability,
    HoverProviderCapability, InitializeParams, OneOf, ServerCapabilities, Uri, WorkDoneProgressOptions,
    WorkspaceFoldersChangeEvent, WorkspaceFoldersServerCapabilities, WorkspaceServerCapabilities,
};

use super::{commands, daemon::Daemon};

/// Folders that are looked at; a workspace with more is searched everywhere.
const FOLDERS_MOST: usize = 16;

/// What a client told.
#[derive(Debug, Clone, Default)]
pub(super) struct Options {
    /// The workspace's folders.
    pub(super) folders: Vec<String>,
    /// Whether it shows how long work goes on.
    pub(super) progress: bool,
    /// Whether it opens documents when it is asked to.
    pub(super) show_document: bool,
    wanted: Wanted,
}

/// `initializationOptions`.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Wanted {
    /// A line above files that sessions changed.
    code_lens: bool,
    /// Who changed the file, on hovering.
    hover: bool,
    /// Folds, outline and links of sessions' documents. They are answered in any case; an editor to which they are
    /// announced asks us about every file, and may then ask nobody else.
    documents: bool,
    /// `workspace` (the folders' repositories) or `all`.
    scope: Where,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Where {
    #[default]
    Workspace,
    All,
}

impl Default for Wanted {
    fn default() -> Self {
        Self { code_lens: true, hover: true, documents: false, scope: Where::Workspace }
    }
}

impl Options {
    #[expect(deprecated, reason = "clients without workspace folders tell their root in the older fields")]
    pub(super) fn read(params: &InitializeParams) -> Self {
        let mut folders: Vec<String> = match &params.workspace_folders {
            Some(folders) => folders.iter().filter_map(|folder| path(&folder.uri)).collect(),
            None => params.root_uri.as_ref().and_then(path).or_else(|| params.root_path.clone()).into_iter().collect(),
        };
        if folders.len() > FOLDERS_MOST {
            folders.clear();
        }
        let wanted = params.initialization_options.clone().filter(|options| !options.is_null());
        let wanted = wanted.map_or_else(Wanted::default, |options| {
            serde_json::from_value(options).unwrap_or_else(|error| {
                tracing::warn!(%error, "the options of a language client are not understood");
                Wanted::default()
            })
        });
        let ClientCapabilities { window, .. } = &params.capabilities;
        let window = window.clone().unwrap_or_default();
        Self {
            folders,
            progress: window.work_done_progress.unwrap_or(false),
            show_document: window.show_document.is_some_and(|show| show.support),
            wanted,
        }
    }

    /// The folders whose repositories are asked about; none: all sessions.
    pub(super) fn places(&self) -> Vec<Option<&str>> {
        if self.wanted.scope == Where::All || self.folders.is_empty() {
            return vec![None];
        }
        self.folders.iter().map(|folder| Some(folder.as_str())).collect()
    }

    /// The folder that a question about one place is about.
    pub(super) fn place(&self) -> Option<&str> {
        self.places().first().copied().flatten()
    }

    pub(super) fn change_folders(&mut self, event: &WorkspaceFoldersChangeEvent) {
        let removed: Vec<String> = event.removed.iter().filter_map(|folder| path(&folder.uri)).collect();
        self.folders.retain(|folder| !removed.contains(folder));
        self.folders.extend(event.added.iter().filter_map(|folder| path(&folder.uri)));
        if self.folders.len() > FOLDERS_MOST {
            self.folders.clear();
        }
    }
}

/// What is offered.
pub(super) fn capabilities(options: &Options, daemon: &Daemon) -> ServerCapabilities {
    let documents = options.wanted.documents;
    ServerCapabilities {
        workspace_symbol_provider: Some(OneOf::Left(true)),
        hover_provider: options.wanted.hover.then_some(HoverProviderCapability::Simple(true)),
        code_lens_provider: options.wanted.code_lens.then_some(CodeLensOptions { resolve_provider: None }),
        folding_range_provider: documents.then_some(FoldingRangeProviderCapability::Simple(true)),
        document_symbol_provider: documents.then_some(OneOf::Left(true)),
        document_link_provider: documents.then_some(DocumentLinkOptions {
            resolve_provider: Some(false),
            work_done_progress_options: WorkDoneProgressOptions::default(),
        }),
        execute_command_provider: Some(ExecuteCommandOptions {
            commands: commands::names(daemon),
            work_done_progress_options: WorkDoneProgressOptions::default(),
        }),
        workspace: Some(WorkspaceServerCapabilities {
            workspace_folders: Some(WorkspaceFoldersServerCapabilities {
                supported: Some(true),
                change_notifications: Some(OneOf::Left(true)),
            }),
            ..WorkspaceServerCapabilities::default()
        }),
        ..ServerCapabilities::default()
    }
}

/// The path of a `file` address.
pub(super) fn path(uri: &Uri) -> Option<String> {
    if !uri.scheme().as_str().eq_ignore_ascii_case("file") {
        return None;
    }
    uri.to_file_path().map(|path| path.to_string_lossy().into_owned())
}
