//! A daemon that does what a query tells it to, and a server for it.

use std::{
    io::{BufRead, BufReader, Read, Write},
    os::unix::net::UnixStream,
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use jsonrpsee::{
    PendingSubscriptionSink,
    core::{RpcResult, SubscriptionResult, async_trait},
};
use opensession_daemon::rpc::{self, BoundSocket, CancellationToken};
use opensession_hail::Kind;
use opensession_protocol::{
    AgentInfo, DaemonStatus, DocumentEvent, EventPage, ExportAnswer, ExportFormat, FileSession, FileSessions,
    Forgotten, HandoffAnswer, HandoffFormat, HandoffWritten, Hello, HostAdded, HostInfo, HostRemoved, IndexState,
    IndexStatus, PROTOCOL_VERSION, ProblemPage, RebuildScope, Restored, Scanned, Scope, SearchAnswer, SearchOptions,
    SessionBrief, SessionDetail, SessionDiff, SessionDocument, SessionFilter, SessionHits, SessionInfo, SessionOutline,
    SessionPage, SessionSummary, SessionUpdate, SettingChanges, Settings, StatsAnswer, StatsBy,
    paths::create_private_directory, rpc::DaemonServer,
};
use opensession_protocol::{Completions, History, SavedSearch, Starred};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    net::UnixListener,
    runtime::Runtime,
    sync::{Semaphore, watch},
};

/// Longer than anything here takes, shorter than a person's patience.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// Queries: `panic`; `wait` until somebody asks `release`; `size:N` for an answer of N sessions; `waiting` tells how many
/// wait; `hit` finds something; `scope` tells the directory that the scope came with; anything else is answered with its length.
pub(super) struct FakeDaemon {
    released: Semaphore,
    waiting: Arc<Semaphore>,
    stop: CancellationToken,
    /// `index/rebuild` begins a rebuild, `index/refresh` ends it.
    index: watch::Sender<IndexStatus>,
}

impl FakeDaemon {
    pub(super) fn new(stop: CancellationToken) -> Self {
        Self {
            released: Semaphore::new(0),
            waiting: Arc::new(Semaphore::new(0)),
            stop,
            index: watch::Sender::default(),
        }
    }
}

/// Counts a waiting request, also when it is dropped.
struct Waiting(Arc<Semaphore>);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.forget_permits(1);
    }
}

#[async_trait]
impl DaemonServer for FakeDaemon {
    async fn hello(&self, _required: Option<Vec<String>>, _optional: Option<Vec<String>>) -> RpcResult<Hello> {
        let version = env!("CARGO_PKG_VERSION").to_owned();
        Ok(Hello { version, protocol: PROTOCOL_VERSION, pid: std::process::id(), ..Hello::default() })
    }

    async fn status(&self) -> RpcResult<DaemonStatus> {
        Ok(DaemonStatus { pid: std::process::id(), ..DaemonStatus::default() })
    }

    async fn shutdown(&self) -> RpcResult<()> {
        self.stop.cancel();
        Ok(())
    }

    async fn agents(&self) -> RpcResult<Vec<AgentInfo>> {
        Ok(Vec::new())
    }

    async fn outline(&self, _session: String, _from: Option<u32>, _scope: Option<Scope>) -> RpcResult<SessionOutline> {
        Ok(SessionOutline::default())
    }

    async fn summary(&self, _session: String, _scope: Option<Scope>) -> RpcResult<SessionSummary> {
        Ok(SessionSummary::default())
    }

    async fn diff(
        &self,
        _a: String,
        _b: String,
        _markdown: Option<bool>,
        _scope: Option<Scope>,
    ) -> RpcResult<SessionDiff> {
        Ok(SessionDiff::default())
    }

    async fn handoff(
        &self,
        _sessions: Option<Vec<String>>,
        _hail: Option<String>,
        _budget: Option<String>,
        _format: Option<HandoffFormat>,
        _scope: Option<Scope>,
    ) -> RpcResult<HandoffAnswer> {
        Ok(HandoffAnswer::default())
    }

    async fn handoff_write(
        &self,
        into: String,
        _sessions: Option<Vec<String>>,
        _hail: Option<String>,
        _budget: Option<String>,
        _cwd: Option<String>,
        _scope: Option<Scope>,
    ) -> RpcResult<HandoffWritten> {
        Ok(HandoffWritten { agent: into, ..HandoffWritten::default() })
    }

    async fn scan(&self, _path: String) -> RpcResult<Scanned> {
        Ok(Scanned::default())
    }

    async fn sessions(
        &self,
        _filter: Option<SessionFilter>,
        limit: Option<u32>,
        _cursor: Option<String>,
        _time_zone: Option<String>,
    ) -> RpcResult<SessionPage> {
        Ok(SessionPage { total: u64::from(limit.unwrap_or(0)), ..SessionPage::default() })
    }

    async fn session(&self, _session: String, _scope: Option<Scope>) -> RpcResult<SessionDetail> {
        Ok(SessionDetail::default())
    }

    async fn events(
        &self,
        _session: String,
        _from: Option<u32>,
        _limit: Option<u32>,
        _around: Option<u32>,
        _kinds: Option<Vec<Kind>>,
        _scope: Option<Scope>,
    ) -> RpcResult<EventPage> {
        Ok(EventPage::default())
    }

    async fn document(&self, session: String, _from: Option<u32>, _scope: Option<Scope>) -> RpcResult<SessionDocument> {
        let uri = format!("opensession://session/{session}");
        let (language_id, text) = ("opensession".to_owned(), format!("text of {session}"));
        let prompt = DocumentEvent { event: 131, last: 2, kind: Some(Kind::Prompt), ..DocumentEvent::default() };
        Ok(SessionDocument { uri, language_id, text, session, outline: vec![prompt], ..SessionDocument::default() })
    }

    async fn file_sessions(
        &self,
        path: String,
        _limit: Option<u32>,
        _exclude: Option<Vec<String>>,
        _scope: Option<Scope>,
    ) -> RpcResult<FileSessions> {
        let session = SessionBrief { id: "4f2a91c7".into(), agent: "claude-code".into(), ..SessionBrief::default() };
        let touched = FileSession { session, event: 131, ..FileSession::default() };
        let sessions = if path.ends_with("touched.rs") { vec![touched] } else { Vec::new() };
        Ok(FileSessions { path, total: sessions.len() as u64, sessions, ..FileSessions::default() })
    }

    async fn subscribe_sessions(
        &self,
        pending: PendingSubscriptionSink,
        session: Option<String>,
        _scope: Option<Scope>,
    ) -> SubscriptionResult {
        assert_ne!(session.as_deref(), Some("panic"), "asked to panic");
        let count: u64 = session.and_then(|text| text.parse().ok()).unwrap_or(0);
        let sink = pending.accept().await?;
        for updates in 1..=count {
            sink.send(serde_json::value::to_raw_value(&SessionUpdate::Dropped { updates })?).await?;
        }
        sink.closed().await;
        Ok(())
    }

    async fn forget(&self, _session: String, _scope: Option<Scope>) -> RpcResult<Forgotten> {
        Ok(Forgotten::default())
    }

    async fn star(&self, _session: String, _starred: Option<bool>, _scope: Option<Scope>) -> RpcResult<Starred> {
        Ok(Starred::default())
    }

    async fn complete(
        &self,
        _query: String,
        _cursor: Option<u32>,
        _limit: Option<u32>,
        _scope: Option<Scope>,
        _time_zone: Option<String>,
    ) -> RpcResult<Completions> {
        Ok(Completions::default())
    }

    async fn saved_searches(&self) -> RpcResult<Vec<SavedSearch>> {
        Ok(Vec::new())
    }

    async fn save_search(&self, _name: String, _query: String) -> RpcResult<SavedSearch> {
        Ok(SavedSearch::default())
    }

    async fn unsave_search(&self, _name: String) -> RpcResult<SavedSearch> {
        Ok(SavedSearch::default())
    }

    async fn search_history(&self, _limit: Option<u32>, _clear: Option<bool>) -> RpcResult<History> {
        Ok(History::default())
    }

    async fn restore(&self, _session: String, _to: Option<String>, _scope: Option<Scope>) -> RpcResult<Restored> {
        Ok(Restored::default())
    }

    async fn export(
        &self,
        _session: String,
        _format: Option<ExportFormat>,
        _to: Option<String>,
        _force: Option<bool>,
        _redact: Option<bool>,
        _scope: Option<Scope>,
    ) -> RpcResult<ExportAnswer> {
        Ok(ExportAnswer::default())
    }

    async fn hosts(&self) -> RpcResult<Vec<HostInfo>> {
        Ok(Vec::new())
    }

    async fn host_add(
        &self,
        _folder: Option<String>,
        _address: Option<String>,
        _name: Option<String>,
        _interval_secs: Option<u32>,
    ) -> RpcResult<HostAdded> {
        Ok(HostAdded::default())
    }

    async fn host_remove(&self, _name: String, _forget: Option<bool>) -> RpcResult<HostRemoved> {
        Ok(HostRemoved::default())
    }

    async fn host_sync(&self, _name: Option<String>) -> RpcResult<Vec<HostInfo>> {
        Ok(Vec::new())
    }

    async fn subscribe_hosts(&self, pending: PendingSubscriptionSink) -> SubscriptionResult {
        let sink = pending.accept().await?;
        sink.closed().await;
        Ok(())
    }

    async fn search(&self, query: String, options: Option<SearchOptions>) -> RpcResult<SearchAnswer> {
        let mut answer = SearchAnswer { hits: query.len() as u64, ..SearchAnswer::default() };
        match query.as_str() {
            "panic" => panic!("asked to panic"),
            "wait" => {
                self.waiting.add_permits(1);
                let _waiting = Waiting(self.waiting.clone());
                self.released.acquire().await.expect("it is never closed").forget();
            }
            "release" => self.released.add_permits(1),
            "waiting" => answer.hits = self.waiting.available_permits() as u64,
            "scope" => answer.scope_repository = options.and_then(|options| options.scope.cwd),
            "hit" => {
                let session = SessionInfo {
                    id: "4f2a91c7".into(),
                    agent: "claude-code".into(),
                    title: "Fix the flaky lock test".into(),
                    ..SessionInfo::default()
                };
                let hit = json!({"event": 131, "kind": "output", "text": "a hit of it"});
                let hits = vec![serde_json::from_value(hit).expect("a hit")];
                answer.sessions = vec![SessionHits { session, hits, ..SessionHits::default() }];
            }
            _ => {
                if let Some(count) = query.strip_prefix("size:").and_then(|count| count.parse().ok()) {
                    answer.sessions = vec![SessionHits::default(); count];
                }
            }
        }
        Ok(answer)
    }

    async fn index_status(&self) -> RpcResult<IndexStatus> {
        Ok(self.index.borrow().clone())
    }

    async fn index_refresh(&self) -> RpcResult<IndexStatus> {
        Ok(self.index.send_replace(IndexStatus::default()))
    }

    async fn index_rebuild(&self, _scope: Option<RebuildScope>) -> RpcResult<IndexStatus> {
        let status = IndexStatus { state: IndexState::Rebuilding, store_sequence: 4, ..IndexStatus::default() };
        self.index.send_replace(IndexStatus { index_sequence: 1, ..status.clone() });
        Ok(status)
    }

    async fn subscribe_index(&self, pending: PendingSubscriptionSink) -> SubscriptionResult {
        let sink = pending.accept().await?;
        let mut index = self.index.subscribe();
        // Tests that only need a subscription are told nothing until a rebuild.
        let mut told = IndexStatus::default();
        loop {
            let status = index.borrow_and_update().clone();
            if status != told {
                sink.send(serde_json::value::to_raw_value(&status)?).await?;
                told = status;
            }
            tokio::select! {
                changed = index.changed() => changed?,
                () = sink.closed() => return Ok(()),
            }
        }
    }

    async fn problems(&self, _agent: Option<String>, _limit: Option<u32>) -> RpcResult<ProblemPage> {
        Ok(ProblemPage::default())
    }

    async fn settings(&self) -> RpcResult<Settings> {
        Ok(Settings::default())
    }

    async fn set_settings(&self, _changes: SettingChanges, _check: Option<bool>) -> RpcResult<Settings> {
        Ok(Settings::default())
    }

    async fn stats(
        &self,
        _filter: Option<SessionFilter>,
        _by: Option<StatsBy>,
        _time_zone: Option<String>,
    ) -> RpcResult<StatsAnswer> {
        Ok(StatsAnswer::default())
    }
}

/// A server in this process.
pub(super) struct TestServer {
    pub(super) runtime: Runtime,
    pub(super) socket: PathBuf,
    pub(super) stop: CancellationToken,
    pub(super) served: tokio::task::JoinHandle<()>,
    _directory: TempDir,
}

impl TestServer {
    pub(super) fn start() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let socket = directory.path().join("run/daemon.sock");
        let uid = rustix::process::getuid().as_raw();
        create_private_directory(&directory.path().join("run"), uid).unwrap();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let stop = CancellationToken::new();
        let methods = rpc::methods(FakeDaemon::new(stop.clone())).unwrap();
        let (_bound, listener) = BoundSocket::bind(&socket, uid).unwrap();
        let served = {
            let stop = stop.clone();
            runtime.spawn(async move {
                let listener: UnixListener = rpc::into_tokio(listener).unwrap();
                rpc::serve(listener, methods, stop).await;
            })
        };
        Self { runtime, socket, stop, served, _directory: directory }
    }

    pub(super) fn connect(&self) -> Peer {
        let stream = UnixStream::connect(&self.socket).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        Peer { reader: BufReader::new(stream.try_clone().unwrap()), stream }
    }
}

/// The other end of a connection, byte by byte.
pub(super) struct Peer {
    pub(super) stream: UnixStream,
    pub(super) reader: BufReader<UnixStream>,
}

impl Peer {
    pub(super) fn send(&mut self, text: &str) {
        self.stream.write_all(text.as_bytes()).unwrap();
    }

    /// Sends a call on a line of its own.
    pub(super) fn call(&mut self, id: u64, method: &str, params: &Value) {
        let request = json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
        self.send(&format!("{request}\n"));
    }

    pub(super) fn search(&mut self, id: u64, query: &str) {
        self.call(id, "search/query", &json!({"query": query}));
    }

    /// Sends a message with a head.
    pub(super) fn frame(&mut self, body: &str) {
        self.send(&format!("Content-Length: {}\r\n\r\n{body}", body.len()));
    }

    /// The next message with a head; `None` at the end of the connection.
    pub(super) fn receive_frame(&mut self) -> Option<Value> {
        let mut length = None;
        loop {
            let mut line = String::new();
            match self.reader.read_line(&mut line) {
                Ok(0) => return None,
                Ok(_) if line == "\r\n" => break,
                Ok(_) => length = line.trim_end().strip_prefix("Content-Length: ").and_then(|it| it.parse().ok()),
                Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => return None,
                Err(error) => panic!("{error}"),
            }
        }
        let mut body = vec![0; length.expect("a Content-Length")];
        self.reader.read_exact(&mut body).unwrap();
        Some(serde_json::from_slice(&body).unwrap())
    }

    /// The next line as JSON; `None` at the end of the connection.
    pub(super) fn receive(&mut self) -> Option<Value> {
        let mut line = String::new();
        match self.reader.read_line(&mut line) {
            Ok(0) => None,
            Ok(_) => Some(serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"))),
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => None,
            Err(error) => panic!("{error}"),
        }
    }

    #[track_caller]
    pub(super) fn expect(&mut self) -> Value {
        self.receive().expect("the connection is open")
    }

    /// Asks until so many requests wait.
    #[track_caller]
    pub(super) fn until_waiting(&mut self, count: u64) {
        let deadline = std::time::Instant::now() + PATIENCE;
        loop {
            self.search(9_999, "waiting");
            let hits = self.expect()["result"]["hits"].as_u64().unwrap();
            if hits == count {
                return;
            }
            assert!(std::time::Instant::now() < deadline, "{hits} instead of {count} wait");
        }
    }
}
