//! What `mcp` says to people.

pub(crate) const HINT_MCP_RESTART: &str = "it is there when the agent starts next";
pub(crate) const HINT_MCP_AGENTS: &str = "one of claude-code, codex, cursor, gemini, opencode";
pub(crate) const MCP_ENDED: &str = "the MCP server ended by a fault";
pub(crate) const NO_HOME: &str = "HOME does not say where the agent's settings are";

pub(crate) fn mcp_installed(done: &crate::commands::McpChange, path: &str) -> String {
    if done.changed { format!("{} can search sessions now: {path}", done.name) } else { format!("Already in {path}") }
}

pub(crate) fn mcp_uninstalled(done: &crate::commands::McpChange, path: &str) -> String {
    if done.changed { format!("Taken out of {path}") } else { format!("Not in {path}") }
}

pub(crate) fn no_mcp_agent(agent: &str) -> String {
    format!("no agent {agent} whose settings are known")
}

pub(crate) fn settings_unreadable(path: &str, reason: &str) -> String {
    format!("{path} is not understood, and is left alone: {reason}")
}

pub(crate) fn settings_in_the_way(path: &str, key: &str) -> String {
    format!("{path} has another {key}, which is left alone")
}

pub(crate) fn settings_failed(path: &str, reason: &str) -> String {
    format!("cannot change {path}: {reason}")
}
