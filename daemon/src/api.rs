//! The methods of the daemon: one file each. They read the engine's state and never wait for the threads that write.

mod agent_list;
mod agent_scan;
mod daemon_hello;
mod daemon_status;
mod errors;
mod file_sessions;
mod filter;
mod handoff_create;
mod handoff_write;
mod host_add;
mod host_remove;
mod host_sync;
mod index_refresh;
mod keep;
mod problem_list;
mod scope;
mod search_complete;
mod search_history;
mod search_query;
mod search_saved;
mod session_diff;
mod session_document;
mod session_events;
mod session_export;
mod session_forget;
mod session_get;
mod session_list;
mod session_outline;
mod session_restore;
mod session_star;
mod session_summary;
mod settings_list;
mod settings_set;
mod stats_get;
mod subscriptions;
mod whole_file;

use std::sync::Arc;

use crate::{engine::Engine, ingest::Commit, rpc::CancellationToken, search::Stop};
use jsonrpsee::{
    PendingSubscriptionSink,
    core::{RpcResult, SubscriptionResult, async_trait},
};
use opensession_hail::Kind;
use opensession_protocol::{
    AgentInfo, Completions, DaemonStatus, EventPage, ExportAnswer, ExportFormat, FileSessions, Forgotten,
    HandoffAnswer, HandoffFormat, HandoffWritten, Hello, History, HostAdded, HostInfo, HostRemoved, IndexStatus,
    ProblemPage, RebuildScope, Restored, SavedSearch, Scanned, Scope, SearchAnswer, SearchOptions, SessionDetail,
    SessionDiff, SessionDocument, SessionFilter, SessionOutline, SessionPage, SessionSummary, SettingChanges, Settings,
    Starred, StatsAnswer, StatsBy, rpc::DaemonServer,
};

/// Answers requests.
#[derive(Clone)]
pub struct Api {
    engine: Arc<Engine>,
    stop: CancellationToken,
}

impl Api {
    /// Answers from `engine`; cancels `stop` when it is asked to end.
    pub fn new(engine: Arc<Engine>, stop: CancellationToken) -> Self {
        Self { engine, stop }
    }

    /// Looks through a folder for projects with sessions in them; blocks until they are read.
    pub(crate) fn scan_folder(engine: &Engine, path: &str) -> RpcResult<Scanned> {
        agent_scan::answer(engine, path)
    }

    /// Runs what reads the database or the index where it may take its time.
    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Engine) -> RpcResult<T> + Send + 'static,
    ) -> RpcResult<T> {
        let engine = self.engine.clone();
        tokio::task::spawn_blocking(move || work(&engine)).await.map_err(errors::joined)?
    }
}

#[async_trait]
impl DaemonServer for Api {
    async fn hello(&self, required: Option<Vec<String>>, optional: Option<Vec<String>>) -> RpcResult<Hello> {
        daemon_hello::answer(&required.unwrap_or_default(), &optional.unwrap_or_default())
    }

    async fn status(&self) -> RpcResult<DaemonStatus> {
        self.blocking(|engine| Ok(daemon_status::answer(engine))).await
    }

    async fn shutdown(&self) -> RpcResult<()> {
        self.stop.cancel();
        Ok(())
    }

    async fn agents(&self) -> RpcResult<Vec<AgentInfo>> {
        self.blocking(agent_list::answer).await
    }

    async fn scan(&self, path: String) -> RpcResult<Scanned> {
        self.blocking(move |engine| agent_scan::answer(engine, &path)).await
    }

    async fn sessions(
        &self,
        filter: Option<SessionFilter>,
        limit: Option<u32>,
        cursor: Option<String>,
        time_zone: Option<String>,
    ) -> RpcResult<SessionPage> {
        self.blocking(move |engine| {
            session_list::answer(engine, &filter.unwrap_or_default(), limit, cursor.as_deref(), time_zone.as_deref())
        })
        .await
    }

    async fn session(&self, session: String, scope: Option<Scope>) -> RpcResult<SessionDetail> {
        self.blocking(move |engine| session_get::answer(engine, &session, &scope.unwrap_or_default())).await
    }

    async fn events(
        &self,
        session: String,
        from: Option<u32>,
        limit: Option<u32>,
        around: Option<u32>,
        kinds: Option<Vec<Kind>>,
        scope: Option<Scope>,
    ) -> RpcResult<EventPage> {
        self.blocking(move |engine| {
            let asked = session_events::Asked { from, limit, around, kinds };
            session_events::answer(engine, &session, &asked, &scope.unwrap_or_default())
        })
        .await
    }

    async fn document(&self, session: String, from: Option<u32>, scope: Option<Scope>) -> RpcResult<SessionDocument> {
        self.blocking(move |engine| session_document::answer(engine, &session, from, &scope.unwrap_or_default())).await
    }

    async fn outline(&self, session: String, from: Option<u32>, scope: Option<Scope>) -> RpcResult<SessionOutline> {
        self.blocking(move |engine| session_outline::answer(engine, &session, from, &scope.unwrap_or_default())).await
    }

    async fn summary(&self, session: String, scope: Option<Scope>) -> RpcResult<SessionSummary> {
        self.blocking(move |engine| session_summary::answer(engine, &session, &scope.unwrap_or_default())).await
    }

    async fn diff(&self, a: String, b: String, markdown: Option<bool>, scope: Option<Scope>) -> RpcResult<SessionDiff> {
        self.blocking(move |engine| {
            session_diff::answer(engine, [&a, &b], markdown.unwrap_or_default(), &scope.unwrap_or_default())
        })
        .await
    }

    async fn handoff(
        &self,
        sessions: Option<Vec<String>>,
        hail: Option<String>,
        budget: Option<String>,
        format: Option<HandoffFormat>,
        scope: Option<Scope>,
    ) -> RpcResult<HandoffAnswer> {
        self.blocking(move |engine| {
            let asked = handoff_create::Asked {
                sessions: sessions.unwrap_or_default(),
                hail,
                budget,
                format: format.unwrap_or_default(),
            };
            handoff_create::answer(engine, &asked, &scope.unwrap_or_default())
        })
        .await
    }

    async fn handoff_write(
        &self,
        into: String,
        sessions: Option<Vec<String>>,
        hail: Option<String>,
        budget: Option<String>,
        cwd: Option<String>,
        scope: Option<Scope>,
    ) -> RpcResult<HandoffWritten> {
        self.blocking(move |engine| {
            let handoff = handoff_create::Asked {
                sessions: sessions.unwrap_or_default(),
                hail,
                budget,
                format: HandoffFormat::Markdown,
            };
            let asked = handoff_write::Asked { into, handoff, cwd };
            handoff_write::answer(engine, &asked, &scope.unwrap_or_default())
        })
        .await
    }

    async fn subscribe_sessions(
        &self,
        pending: PendingSubscriptionSink,
        session: Option<String>,
        scope: Option<Scope>,
    ) -> SubscriptionResult {
        subscriptions::sessions(&self.engine, pending, session, scope.unwrap_or_default()).await
    }

    async fn forget(&self, session: String, scope: Option<Scope>) -> RpcResult<Forgotten> {
        self.blocking(move |engine| session_forget::answer(engine, &session, &scope.unwrap_or_default())).await
    }

    async fn star(&self, session: String, starred: Option<bool>, scope: Option<Scope>) -> RpcResult<Starred> {
        self.blocking(move |engine| {
            session_star::answer(engine, &session, starred.unwrap_or(true), &scope.unwrap_or_default())
        })
        .await
    }

    async fn restore(&self, session: String, to: Option<String>, scope: Option<Scope>) -> RpcResult<Restored> {
        self.blocking(move |engine| {
            session_restore::answer(engine, &session, to.as_deref(), &scope.unwrap_or_default())
        })
        .await
    }

    async fn export(
        &self,
        session: String,
        format: Option<ExportFormat>,
        to: Option<String>,
        force: Option<bool>,
        redact: Option<bool>,
        scope: Option<Scope>,
    ) -> RpcResult<ExportAnswer> {
        self.blocking(move |engine| {
            let asked = session_export::Asked {
                format: format.unwrap_or_default(),
                to,
                force: force.unwrap_or(false),
                redact: redact.unwrap_or(true),
            };
            session_export::answer(engine, &session, &asked, &scope.unwrap_or_default())
        })
        .await
    }

    async fn hosts(&self) -> RpcResult<Vec<HostInfo>> {
        self.blocking(|engine| Ok(engine.hosts.list())).await
    }

    async fn host_add(
        &self,
        folder: Option<String>,
        address: Option<String>,
        name: Option<String>,
        interval_secs: Option<u32>,
    ) -> RpcResult<HostAdded> {
        self.blocking(move |engine| {
            let asked = host_add::Asked { folder, address, name, interval_secs };
            host_add::answer(engine, asked)
        })
        .await
    }

    async fn host_remove(&self, name: String, forget: Option<bool>) -> RpcResult<HostRemoved> {
        self.blocking(move |engine| host_remove::answer(engine, &name, forget.unwrap_or_default())).await
    }

    async fn host_sync(&self, name: Option<String>) -> RpcResult<Vec<HostInfo>> {
        self.blocking(move |engine| host_sync::answer(engine, name.as_deref())).await
    }

    async fn subscribe_hosts(&self, pending: PendingSubscriptionSink) -> SubscriptionResult {
        subscriptions::hosts(&self.engine, pending).await
    }

    async fn search(&self, query: String, options: Option<SearchOptions>) -> RpcResult<SearchAnswer> {
        // A request that is taken back is dropped here, and the guard with it.
        let stop = Stop::default();
        let _guard = stop.guard();
        self.blocking(move |engine| search_query::answer(engine, &query, &options.unwrap_or_default(), stop)).await
    }

    async fn complete(
        &self,
        query: String,
        cursor: Option<u32>,
        limit: Option<u32>,
        scope: Option<Scope>,
        time_zone: Option<String>,
    ) -> RpcResult<Completions> {
        self.blocking(move |engine| {
            let asked = search_complete::Asked { cursor, limit, scope: scope.unwrap_or_default(), time_zone };
            search_complete::answer(engine, &query, &asked)
        })
        .await
    }

    async fn saved_searches(&self) -> RpcResult<Vec<SavedSearch>> {
        self.blocking(search_saved::list).await
    }

    async fn save_search(&self, name: String, query: String) -> RpcResult<SavedSearch> {
        self.blocking(move |engine| search_saved::save(engine, &name, &query)).await
    }

    async fn unsave_search(&self, name: String) -> RpcResult<SavedSearch> {
        self.blocking(move |engine| search_saved::unsave(engine, &name)).await
    }

    async fn search_history(&self, limit: Option<u32>, clear: Option<bool>) -> RpcResult<History> {
        self.blocking(move |engine| search_history::answer(engine, limit, clear.unwrap_or(false))).await
    }

    async fn file_sessions(
        &self,
        path: String,
        limit: Option<u32>,
        exclude: Option<Vec<String>>,
        scope: Option<Scope>,
    ) -> RpcResult<FileSessions> {
        self.blocking(move |engine| {
            let exclude = exclude.unwrap_or_default();
            file_sessions::answer(engine, &path, limit, &exclude, &scope.unwrap_or_default())
        })
        .await
    }

    async fn index_status(&self) -> RpcResult<IndexStatus> {
        Ok(self.engine.index_status())
    }

    async fn index_refresh(&self) -> RpcResult<IndexStatus> {
        index_refresh::answer(&self.engine).await
    }

    async fn index_rebuild(&self, scope: Option<RebuildScope>) -> RpcResult<IndexStatus> {
        self.engine.commit(Commit::Rebuild(scope.unwrap_or_default()));
        index_refresh::answer(&self.engine).await
    }

    async fn subscribe_index(&self, pending: PendingSubscriptionSink) -> SubscriptionResult {
        subscriptions::index(&self.engine, pending).await
    }

    async fn problems(&self, agent: Option<String>, limit: Option<u32>) -> RpcResult<ProblemPage> {
        self.blocking(move |engine| problem_list::answer(engine, agent.as_deref(), limit)).await
    }

    async fn settings(&self) -> RpcResult<Settings> {
        self.blocking(settings_list::answer).await
    }

    async fn set_settings(&self, changes: SettingChanges, check: Option<bool>) -> RpcResult<Settings> {
        self.blocking(move |engine| settings_set::answer(engine, &changes, check.unwrap_or_default())).await
    }

    async fn stats(
        &self,
        filter: Option<SessionFilter>,
        by: Option<StatsBy>,
        time_zone: Option<String>,
    ) -> RpcResult<StatsAnswer> {
        self.blocking(move |engine| {
            stats_get::answer(engine, &filter.unwrap_or_default(), by.unwrap_or_default(), time_zone.as_deref())
        })
        .await
    }
}
