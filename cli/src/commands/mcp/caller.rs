//! Who asks: the agent's session that started this server, which must not find itself.
//!
//! Agents tell which session it is in a variable or in the request's `_meta`; where they do not, it is the live session of
//! the same agent in the same directory that was written to last.

use opensession_protocol::{Scope, SessionDetail, SessionFilter, SessionPage, SessionState};
use serde_json::{Value, json};

use super::daemon::Daemon;

/// Variables in which agents tell their session's id, and the agent.
const VARIABLES: &[(&str, &str)] = &[
    ("CLAUDE_CODE_SESSION_ID", "claude-code"),
    ("CLAUDE_SESSION_ID", "claude-code"),
    ("CODEX_THREAD_ID", "codex"),
    ("CODEX_SESSION_ID", "codex"),
    ("CURSOR_SESSION_ID", "cursor"),
    ("GEMINI_SESSION_ID", "gemini"),
    ("OPENCODE_SESSION_ID", "opencode"),
];
/// What clients call themselves in the handshake, and the agent.
const CLIENTS: &[(&str, &str)] = &[
    ("claude", "claude-code"),
    ("codex", "codex"),
    ("cursor", "cursor"),
    ("gemini", "gemini"),
    ("opencode", "opencode"),
];
/// Depth at which `_meta` is looked through.
const META_DEPTH: usize = 4;
/// Ids of sessions in `_meta` that are tried.
const META_IDS: usize = 8;

/// The asking side, as far as it is known before a request.
#[derive(Debug, Clone)]
pub(super) struct Caller {
    pub(super) cwd: Option<String>,
    /// Sessions as variables name them: `claude-code:<id>`.
    named: Vec<String>,
}

/// What the variables say.
pub(super) fn variables(variable: &dyn Fn(&str) -> Option<String>) -> Vec<String> {
    let named = |(name, agent): &(&str, &str)| variable(name).filter(|id| is_id(id)).map(|id| format!("{agent}:{id}"));
    VARIABLES.iter().filter_map(named).collect()
}

impl Caller {
    pub(super) fn new(cwd: Option<String>, named: Vec<String>) -> Self {
        Self { cwd, named }
    }

    /// The directory's repository, or everywhere.
    pub(super) fn scope(&self, everywhere: bool) -> Scope {
        Scope { cwd: self.cwd.clone(), all: everywhere }
    }

    /// Ids of the sessions to leave out: the asking one, where it is known and kept.
    pub(super) async fn own(&self, daemon: &Daemon, client: Option<&str>, meta: &Value) -> Vec<String> {
        let agent = client.and_then(agent_of);
        let mut candidates = self.named.clone();
        if let Some(agent) = agent {
            let mut ids = Vec::new();
            session_ids(meta, META_DEPTH, &mut ids);
            candidates.extend(ids.into_iter().take(META_IDS).map(|id| format!("{agent}:{id}")));
        }
        for name in candidates {
            // One that is not kept (yet) cannot be found either.
            if let Ok(detail) = daemon.ask::<SessionDetail>("session/get", json!({ "session": name })).await {
                return vec![detail.session.id];
            }
        }
        let (Some(agent), Some(cwd)) = (agent, &self.cwd) else { return Vec::new() };
        let filter =
            SessionFilter { scope: self.scope(false), agents: vec![agent.to_owned()], ..SessionFilter::default() };
        let page = daemon.ask::<SessionPage>("session/list", json!({ "filter": filter, "limit": 10 })).await;
        let sessions = page.map(|page| page.sessions).unwrap_or_default();
        let own = sessions
            .into_iter()
            .find(|session| session.state == SessionState::Live && session.cwd.as_deref() == Some(cwd));
        own.map(|session| session.id).into_iter().collect()
    }
}

fn agent_of(client: &str) -> Option<&'static str> {
    let client = client.to_ascii_lowercase();
    CLIENTS.iter().find(|(part, _)| client.contains(part)).map(|(_, agent)| *agent)
}

/// Values under names that speak of a session or a thread.
fn session_ids(meta: &Value, depth: usize, found: &mut Vec<String>) {
    let Value::Object(fields) = meta else { return };
    if depth == 0 {
        return;
    }
    for (name, value) in fields {
        let name = name.to_ascii_lowercase();
        match value {
            Value::String(id) if (name.contains("session") || name.contains("thread")) && is_id(id) => {
                found.push(id.clone());
            }
            // Codex writes an object as a string.
            Value::String(text) if text.starts_with('{') => {
                if let Ok(inner) = serde_json::from_str(text) {
                    session_ids(&inner, depth - 1, found);
                }
            }
            other => session_ids(other, depth - 1, found),
        }
    }
}

fn is_id(text: &str) -> bool {
    (8..=100).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_found_in_variables_and_meta() {
        let named = variables(&|name| (name == "CODEX_THREAD_ID").then(|| "0198-abcd-ef".to_owned()));
        assert_eq!(named, ["codex:0198-abcd-ef"]);
        let meta = json!({
            "progressToken": "not-a-session-1", "threadId": "0198-abcd-ef",
            "x-codex-turn-metadata": "{\"session_id\":\"0199-abcd-ef\",\"other\":1}",
            "nested": {"sessionId": "../../etc"},
        });
        let mut found = Vec::new();
        session_ids(&meta, META_DEPTH, &mut found);
        assert_eq!(found, ["0198-abcd-ef", "0199-abcd-ef"]);
        assert_eq!(agent_of("Claude Code"), Some("claude-code"));
        assert_eq!(agent_of("codex-mcp-client"), Some("codex"));
        assert_eq!(agent_of("inspector"), None);
    }
}
