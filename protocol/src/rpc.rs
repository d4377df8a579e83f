//! The daemon's interface: one trait, from which the server, the typed client, the OpenRPC document and the reference
//! page come.
//!
//! Parameters go by name. A session is named by its id, by a prefix of it, by `@` (the last one in the scope), `@~2`,
//! by the path of its file, or by `agent:native-id`. Errors carry the codes of [`crate::error`].

use jsonrpsee::{core::RpcResult, proc_macros::rpc};

use crate::types::{
    AgentInfo, DaemonStatus, EventPage, ExportAnswer, ExportFormat, FileSessions, Forgotten, HandoffAnswer,
    HandoffFormat, HandoffWritten, Hello, HostAdded, HostInfo, HostRemoved, IndexStatus, ProblemPage, RebuildScope,
    Restored, Scanned, Scope, SearchAnswer, SearchOptions, SessionDetail, SessionDiff, SessionDocument, SessionFilter,
    SessionOutline, SessionPage, SessionSummary, SessionUpdate, SettingChanges, Settings, StatsAnswer, StatsBy,
};
use crate::types::{Completions, History, SavedSearch, Starred};

/// Methods of the daemon.
#[rpc(server, client)]
pub trait Daemon {
    /// Tells the daemon's version and what it can do; fails when it lacks a `required` capability.
    #[method(name = "daemon/hello", param_kind = map)]
    async fn hello(&self, required: Option<Vec<String>>, optional: Option<Vec<String>>) -> RpcResult<Hello>;

    /// Tells how the daemon is.
    #[method(name = "daemon/status")]
    async fn status(&self) -> RpcResult<DaemonStatus>;

    /// Asks the daemon to finish what is under way and to end.
    #[method(name = "daemon/shutdown")]
    async fn shutdown(&self) -> RpcResult<()>;

    /// Lists every agent with what was found of it.
    #[method(name = "agent/list")]
    async fn agents(&self) -> RpcResult<Vec<AgentInfo>>;

    /// Looks through a folder for projects in which agents keep their sessions (Aider, Crush), and reads them.
    #[method(name = "agent/scan", param_kind = map)]
    async fn scan(&self, path: String) -> RpcResult<Scanned>;

    /// Lists sessions, newest first.
    #[method(name = "session/list", param_kind = map)]
    async fn sessions(
        &self,
        filter: Option<SessionFilter>,
        limit: Option<u32>,
        cursor: Option<String>,
        time_zone: Option<String>,
    ) -> RpcResult<SessionPage>;

    /// Gives one session.
    #[method(name = "session/get", param_kind = map)]
    async fn session(&self, session: String, scope: Option<Scope>) -> RpcResult<SessionDetail>;

    /// Gives events of one session: from number `from` (1 when absent), at most `limit` of them (200 when absent, 2,000
    /// at most) and at most about 4 MB; `around` gives the events about one, `kinds` only events of these kinds.
    #[method(name = "session/events", param_kind = map)]
    async fn events(
        &self,
        session: String,
        from: Option<u32>,
        limit: Option<u32>,
        around: Option<u32>,
        kinds: Option<Vec<opensession_hail::Kind>>,
        scope: Option<Scope>,
    ) -> RpcResult<EventPage>;

    /// Gives a session as a text for people to read, or one event of it in full; a long session's text goes on at event
    /// `next`.
    #[method(name = "session/document", param_kind = map)]
    async fn document(&self, session: String, from: Option<u32>, scope: Option<Scope>) -> RpcResult<SessionDocument>;

    /// Gives a session's turns with what happened in each, from event `from` on (1 when absent).
    #[method(name = "session/outline", param_kind = map)]
    async fn outline(&self, session: String, from: Option<u32>, scope: Option<Scope>) -> RpcResult<SessionOutline>;

    /// Sums a session up in three lines, for lists and hovers.
    #[method(name = "session/summary", param_kind = map)]
    async fn summary(&self, session: String, scope: Option<Scope>) -> RpcResult<SessionSummary>;

    /// Compares two sessions: objective, outcome, figures, commands, checks, and files with what each did to the lines of
    /// those that both changed. A name may be the path of a HAIL file. `markdown` asks for it as Markdown too. Secrets
    /// are taken out.
    #[method(name = "session/diff", param_kind = map)]
    async fn diff(&self, a: String, b: String, markdown: Option<bool>, scope: Option<Scope>) -> RpcResult<SessionDiff>;

    /// Writes the handoff of sessions (the last in the scope when none is named), merged when there are several. A name
    /// may be the path of a HAIL file, `hail` the text of one. `budget` is `brief`, `standard` (when absent), `full`, or
    /// a number of bytes. Secrets are taken out.
    #[method(name = "handoff/create", param_kind = map)]
    async fn handoff(
        &self,
        sessions: Option<Vec<String>>,
        hail: Option<String>,
        budget: Option<String>,
        format: Option<HandoffFormat>,
        scope: Option<Scope>,
    ) -> RpcResult<HandoffAnswer>;

    /// Writes a session that an agent resumes: the handoff first, then what was said in the sessions, tools told as
    /// text. It is written into the agent's own folder, never over a file that is there, and read back; where what is
    /// read is not what was written it is taken away again. `cwd` is the directory in which it goes on, that of the last
    /// session when absent. The rest is as in `handoff/create`.
    #[method(name = "handoff/write", param_kind = map)]
    async fn handoff_write(
        &self,
        into: String,
        sessions: Option<Vec<String>>,
        hail: Option<String>,
        budget: Option<String>,
        cwd: Option<String>,
        scope: Option<Scope>,
    ) -> RpcResult<HandoffWritten>;

    /// Sends events as they are taken in: of one session, or of all.
    #[subscription(
        name = "session/subscribe" => "session/update",
        unsubscribe = "session/unsubscribe",
        item = SessionUpdate,
        param_kind = map
    )]
    async fn subscribe_sessions(
        &self,
        session: Option<String>,
        scope: Option<Scope>,
    ) -> jsonrpsee::core::SubscriptionResult;

    /// Deletes a session from the store and the index for good. The agent's own file is left alone, and is not read
    /// again.
    #[method(name = "session/forget", param_kind = map)]
    async fn forget(&self, session: String, scope: Option<Scope>) -> RpcResult<Forgotten>;

    /// Gives a session a star, or takes it (`starred` false). Stars stay with the session however often it is read anew.
    #[method(name = "session/star", param_kind = map)]
    async fn star(&self, session: String, starred: Option<bool>, scope: Option<Scope>) -> RpcResult<Starred>;

    /// Writes the agent's file back where it was (or to `to`), byte for byte. Never writes over a file that is there.
    #[method(name = "session/restore", param_kind = map)]
    async fn restore(&self, session: String, to: Option<String>, scope: Option<Scope>) -> RpcResult<Restored>;

    /// Writes a session to the file `to`, readable by its owner alone, or gives it as `text` when no file is named. A
    /// file that is there is written over only with `force`. Secrets are taken out unless `redact` is false.
    #[method(name = "session/export", param_kind = map)]
    async fn export(
        &self,
        session: String,
        format: Option<ExportFormat>,
        to: Option<String>,
        force: Option<bool>,
        redact: Option<bool>,
        scope: Option<Scope>,
    ) -> RpcResult<ExportAnswer>;

    /// Lists the other machines whose sessions are kept here.
    #[method(name = "host/list")]
    async fn hosts(&self) -> RpcResult<Vec<HostInfo>>;

    /// Adds another machine: the home directory in `folder` (mounted or copied; an agent's own folder works too), or the
    /// one that ssh reaches at `address` (`user@host:port`, or a name of the user's ssh configuration), which is pulled
    /// every `interval_secs` (900 when absent, 60 at least). One that is known already is given as it is. A folder is
    /// read when this answers, an address is pulled after it.
    #[method(name = "host/add", param_kind = map)]
    async fn host_add(
        &self,
        folder: Option<String>,
        address: Option<String>,
        name: Option<String>,
        interval_secs: Option<u32>,
    ) -> RpcResult<HostAdded>;

    /// Follows a machine no longer, and deletes its mirror. Its sessions stay, unless `forget` is asked for.
    #[method(name = "host/remove", param_kind = map)]
    async fn host_remove(&self, name: String, forget: Option<bool>) -> RpcResult<HostRemoved>;

    /// Pulls from a machine now, or from all, and answers when what came is searchable. A pull that fails is told in the
    /// answer.
    #[method(name = "host/sync", param_kind = map)]
    async fn host_sync(&self, name: Option<String>) -> RpcResult<Vec<HostInfo>>;

    /// Sends the machines whenever something about them changes, at most ten times a second.
    #[subscription(
        name = "host/subscribe" => "host/update",
        unsubscribe = "host/unsubscribe",
        item = Vec<HostInfo>
    )]
    async fn subscribe_hosts(&self) -> jsonrpsee::core::SubscriptionResult;

    /// Searches. The language is described in `protocol/SEARCH.md`.
    #[method(name = "search/query", param_kind = map)]
    async fn search(&self, query: String, options: Option<SearchOptions>) -> RpcResult<SearchAnswer>;

    /// Tells what can stand at the cursor (in code points; at the end when absent) of a query: names of fields, their
    /// values and words, as they are kept here, 20 when `limit` is absent, 200 at most. Sessions are those of the scope.
    #[method(name = "search/complete", param_kind = map)]
    async fn complete(
        &self,
        query: String,
        cursor: Option<u32>,
        limit: Option<u32>,
        scope: Option<Scope>,
        time_zone: Option<String>,
    ) -> RpcResult<Completions>;

    /// Lists saved searches by name.
    #[method(name = "search/saved")]
    async fn saved_searches(&self) -> RpcResult<Vec<SavedSearch>>;

    /// Saves a search under a name, in the place of the one that has it.
    #[method(name = "search/save", param_kind = map)]
    async fn save_search(&self, name: String, query: String) -> RpcResult<SavedSearch>;

    /// Forgets a saved search, and gives it once more.
    #[method(name = "search/unsave", param_kind = map)]
    async fn unsave_search(&self, name: String) -> RpcResult<SavedSearch>;

    /// Lists the last queries that found something and that people ran (`remember` in the options), last first; 100 are
    /// kept. `clear` forgets them all before.
    #[method(name = "search/history", param_kind = map)]
    async fn search_history(&self, limit: Option<u32>, clear: Option<bool>) -> RpcResult<History>;

    /// Lists the sessions that changed a file, the last change first: 20 when `limit` is absent, 200 at most. A relative
    /// path is taken from the scope's directory. Clones, worktrees and copies on other machines count as the same file
    /// where the repository is the same. Sessions named in `exclude` are left out.
    #[method(name = "file/sessions", param_kind = map)]
    async fn file_sessions(
        &self,
        path: String,
        limit: Option<u32>,
        exclude: Option<Vec<String>>,
        scope: Option<Scope>,
    ) -> RpcResult<FileSessions>;

    /// Tells how the index is.
    #[method(name = "index/status")]
    async fn index_status(&self) -> RpcResult<IndexStatus>;

    /// Looks for new, changed and vanished sources now, and answers when everything found is read and searchable.
    #[method(name = "index/refresh")]
    async fn index_refresh(&self) -> RpcResult<IndexStatus>;

    /// Builds the index anew in the background; the old one answers meanwhile.
    #[method(name = "index/rebuild", param_kind = map)]
    async fn index_rebuild(&self, scope: Option<RebuildScope>) -> RpcResult<IndexStatus>;

    /// Sends the index's status whenever it changes, at most ten times a second.
    #[subscription(
        name = "index/subscribe" => "index/update",
        unsubscribe = "index/unsubscribe",
        item = IndexStatus
    )]
    async fn subscribe_index(&self) -> jsonrpsee::core::SubscriptionResult;

    /// Lists what could not be read.
    #[method(name = "problem/list", param_kind = map)]
    async fn problems(&self, agent: Option<String>, limit: Option<u32>) -> RpcResult<ProblemPage>;

    /// Lists the settings of the daemon that can be changed one by one.
    #[method(name = "settings/list")]
    async fn settings(&self) -> RpcResult<Settings>;

    /// Changes settings in `daemon.toml`, by name, null being the default; comments and layout stay, and the daemon takes
    /// them up at once. Nothing is written where one of them cannot be, nor with `check`.
    #[method(name = "settings/set", param_kind = map)]
    async fn set_settings(&self, changes: SettingChanges, check: Option<bool>) -> RpcResult<Settings>;

    /// Gives figures over the sessions that the filter leaves.
    #[method(name = "stats/get", param_kind = map)]
    async fn stats(
        &self,
        filter: Option<SessionFilter>,
        by: Option<StatsBy>,
        time_zone: Option<String>,
    ) -> RpcResult<StatsAnswer>;
}
