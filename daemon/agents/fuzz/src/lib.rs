//! What every reader must stand, whatever the records and files hold.

use std::{collections::BTreeMap, fs, path::Path};

use opensession_agents::{
    Agent, CutError, Derived, Deriver, Environment, Limits, Platform, Problem, Record, Sink, Source, SourceKind,
};

/// Derives from records of the agent that the first byte of `input` chooses. The second byte chooses the kind of source,
/// as agents with several forms tell them apart by it.
pub fn derive_any(input: &[u8]) {
    let [choice, kind, rest @ ..] = input else { return };
    let kinds = [SourceKind::Lines, SourceKind::Rows, SourceKind::Document, SourceKind::Section];
    derive(chosen(*choice), kinds[usize::from(*kind) % kinds.len()], rest);
}

/// Where agents keep what they are found by, below a home directory: each is a file's place.
const PLACES: &[&str] = &[
    ".aider.chat.history.md",
    ".claude/projects/p/00000000-0000-4000-8000-000000000000.jsonl",
    ".codex/sessions/2026/01/01/rollout-2026-01-01T00-00-00-00000000-0000-4000-8000-000000000000.jsonl",
    ".codex/sessions/rollout-2025-04-20-00000000-0000-4000-8000-000000000000.json",
    ".config/Code/User/globalStorage/saoudrizwan.claude-dev/tasks/1750000000000/api_conversation_history.json",
    ".config/Code/User/globalStorage/saoudrizwan.claude-dev/tasks/1750000000000/ui_messages.json",
    ".config/Code/User/workspaceStorage/w/chatSessions/00000000-0000-4000-8000-000000000000.json",
    ".config/Code/User/workspaceStorage/w/chatSessions/00000000-0000-4000-8000-000000000000.jsonl",
    ".config/Code/User/workspaceStorage/w/state.vscdb",
    ".config/Cursor/User/globalStorage/state.vscdb",
    ".config/Kiro/User/globalStorage/kiro.kiroagent/0123456789abcdef0123456789abcdef/a.chat",
    ".config/Kiro/User/globalStorage/kiro.kiroagent/workspace-sessions/w/s.json",
    ".continue/sessions/00000000-0000-4000-8000-000000000000.json",
    ".copilot/session-state/00000000-0000-4000-8000-000000000000/events.jsonl",
    ".crush/crush.db",
    ".factory/sessions/00000000-0000-4000-8000-000000000000.jsonl",
    ".gemini/antigravity/brain/c/.system_generated/logs/transcript.jsonl",
    ".gemini/tmp/p/chats/session-2026-01-01T00-00-00000000.json",
    ".kimi/sessions/d/s/wire.jsonl",
    ".kiro/sessions/cli/s.jsonl",
    ".local/share/amazon-q/data.sqlite3",
    ".local/share/amp/threads/T-00000000-0000-4000-8000-000000000000.json",
    ".local/share/goose/sessions/20260101_1.jsonl",
    ".local/share/goose/sessions/sessions.db",
    ".local/share/kiro-cli/data.sqlite3",
    ".local/share/opencode/opencode.db",
    ".local/share/opencode/storage/session/p/ses_1.json",
    ".local/share/opensession/hail/s.hail.jsonl",
    ".local/share/zed/threads/threads.db",
    ".openclaw/agents/a/sessions/s.jsonl",
    ".pi/agent/sessions/p/s.jsonl",
    ".qwen/projects/p/chats/s.jsonl",
];

/// Writes the rest of `input` to the place that its first byte chooses, and reads all that any agent finds there.
pub fn read_any(input: &[u8]) {
    let Some((&choice, bytes)) = input.split_first() else { return };
    let home = tempfile::tempdir().expect("a temporary folder");
    let path = home.path().join(PLACES[usize::from(choice) % PLACES.len()]);
    fs::create_dir_all(path.parent().expect("a file lies in a folder")).expect("a writable folder");
    fs::write(path, bytes).expect("a writable folder");
    let environment = Environment {
        home: home.path().to_owned(),
        variables: BTreeMap::new(),
        platform: Platform::Linux,
        projects: vec![home.path().to_owned()],
        out_of_sight: false,
    };
    for agent in opensession_agents::all() {
        for root in agent.roots(&environment) {
            let mut sources = Vec::new();
            agent.find(&root, &mut |source| sources.push(source));
            let mut containers = Vec::new();
            agent.containers(&root, &mut |container| containers.push(container));
            for container in containers {
                list(*agent, &container, &mut sources);
            }
            for source in sources.iter().take(20) {
                read(*agent, source);
            }
        }
    }
}

fn list(agent: &dyn Agent, container: &Path, sources: &mut Vec<Source>) {
    // A container that cannot be read says so.
    agent.sources_in(container, None, &mut |source| sources.push(source)).ok();
}

/// Cuts and derives a source to its end, in small steps.
fn read(agent: &dyn Agent, source: &Source) {
    let mut sink = Feeding { deriver: agent.deriver(source, None).expect("a beginning"), derived: Derived::default() };
    let limits = Limits { bytes: 1000, take_torn: true, ..Limits::default() };
    let mut cursor = None;
    for _ in 0..1000 {
        match agent.cut(source, cursor.as_ref(), &limits, &mut sink) {
            Ok(cut) if cut.more => cursor = Some(cut.cursor),
            Ok(cut) => {
                assert!(!cut.restarted, "nothing changed");
                return;
            }
            Err(CutError::Gone) => panic!("it was there just now"),
            Err(_) => return,
        }
    }
}

struct Feeding {
    deriver: Box<dyn Deriver>,
    derived: Derived,
}

impl Sink for Feeding {
    fn record(&mut self, record: Record<'_>) {
        self.deriver.derive(&record, &mut self.derived);
    }
    fn oversize(&mut self, _: Record<'_>, _: bool) {}
    fn problem(&mut self, _: Problem) {}
}

fn chosen(choice: u8) -> &'static dyn Agent {
    let agents = opensession_agents::all();
    agents[usize::from(choice) % agents.len()]
}

/// Derives from `input`, once in one go and once with the state put down and taken up after a record that the first
/// byte of `input` chooses: neither panics, and both yield the same.
pub fn derive(agent: &dyn Agent, kind: SourceKind, input: &[u8]) {
    let Some((&choice, bytes)) = input.split_first() else { return };
    let source = Source {
        path: "session.jsonl".into(),
        kind,
        native_id: "00000000-0000-4000-8000-000000000000".to_owned(),
        parent: None,
        side_files: Vec::new(),
        version: 0,
    };
    if agent.deriver(&source, None).is_err() {
        // Its sessions cannot be read at all, as those that Windsurf encrypts.
        return;
    }
    let records: Vec<&[u8]> = match kind {
        SourceKind::Document => vec![bytes],
        _ => bytes.split_inclusive(|byte| *byte == b'\n').collect(),
    };
    let start = |state: Option<&[u8]>| agent.deriver(&source, state).expect("its own state is taken up");

    let mut whole = Derived::default();
    let mut deriver = start(None);
    feed(&mut *deriver, &records, 1, &mut whole);

    let middle = usize::from(choice) % (records.len() + 1);
    let mut pieces = Derived::default();
    let mut first = start(None);
    feed(&mut *first, &records[..middle], 1, &mut pieces);
    let mut second = start(Some(&first.state()));
    feed(&mut *second, &records[middle..], middle as u64 + 1, &mut pieces);

    assert_eq!(pieces, whole);
    assert_eq!(second.facts(), deriver.facts());
    assert_eq!(second.state(), deriver.state());
}

fn feed(deriver: &mut dyn Deriver, records: &[&[u8]], first: u64, derived: &mut Derived) {
    for (number, bytes) in (first..).zip(records) {
        deriver.derive(&Record { side: None, session: None, position: 0, number, bytes }, derived);
    }
}
