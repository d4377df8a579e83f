//! Writing the server into agents' settings, and taking it out again.
//!
//! Settings are people's: comments, order and formatting stay, an entry of theirs is never written over, and files are
//! replaced in one step. What an installation put in is remembered (only that, nothing of the file's own), so that taking
//! it out leaves every byte as it was, whatever else was changed meanwhile.

mod json;
mod record;
mod toml;

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::failure::{Exit, Failure};
use crate::text;
use record::Record;

/// The entry's name in all settings.
const NAME: &str = "opensession";
/// Bytes of a settings file that are read.
const FILE_MOST: u64 = 32 << 20;

/// Where things are on this machine.
#[derive(Debug, Clone)]
pub(crate) struct Places {
    pub(crate) home: PathBuf,
    /// `CLAUDE_CONFIG_DIR`.
    pub(crate) claude: Option<PathBuf>,
    pub(crate) codex: PathBuf,
    pub(crate) config: PathBuf,
    /// Where it is remembered what was put in.
    pub(crate) records: PathBuf,
    /// The executable that agents are to start.
    pub(crate) program: String,
    /// What it has to know of the environment, which agents keep from servers.
    pub(crate) variables: Vec<(&'static str, String)>,
}

/// What was done.
#[derive(Debug)]
pub(crate) struct Change {
    /// The agent's name.
    pub(crate) name: &'static str,
    /// Its settings.
    pub(crate) path: PathBuf,
    /// Whether they had to be changed.
    pub(crate) changed: bool,
}

/// An agent whose settings are known.
pub(crate) struct Agent {
    id: &'static str,
    name: &'static str,
    format: Format,
    /// The table that holds servers.
    table: &'static str,
    /// The first of these that exists, or else the first.
    files: fn(&Places) -> Vec<PathBuf>,
    /// Our entry.
    entry: fn(&str) -> Value,
    /// The entry's member for variables.
    variables: &'static str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Json,
    Toml,
}

const AGENTS: &[Agent] = &[
    Agent {
        id: "claude-code",
        name: "Claude Code",
        format: Format::Json,
        table: "mcpServers",
        files: |places| vec![places.claude.as_ref().unwrap_or(&places.home).join(".claude.json")],
        entry: |program| json!({ "type": "stdio", "command": program, "args": ["mcp"] }),
        variables: "env",
    },
    Agent {
        id: "codex",
        name: "Codex",
        format: Format::Toml,
        table: "mcp_servers",
        files: |places| vec![places.codex.join("config.toml")],
        entry: |program| json!({ "command": program, "args": ["mcp"] }),
        variables: "env",
    },
    Agent {
        id: "cursor",
        name: "Cursor",
        format: Format::Json,
        table: "mcpServers",
        files: |places| vec![places.home.join(".cursor/mcp.json")],
        entry: |program| json!({ "command": program, "args": ["mcp"] }),
        variables: "env",
    },
    Agent {
        id: "gemini",
        name: "Gemini CLI",
        format: Format::Json,
        table: "mcpServers",
        files: |places| vec![places.home.join(".gemini/settings.json")],
        entry: |program| json!({ "command": program, "args": ["mcp"] }),
        variables: "env",
    },
    Agent {
        id: "opencode",
        name: "OpenCode",
        format: Format::Json,
        table: "mcp",
        files: |places| {
            let folder = places.config.join("opencode");
            ["opencode.json", "opencode.jsonc", "config.json"].map(|name| folder.join(name)).to_vec()
        },
        entry: |program| json!({ "type": "local", "command": [program, "mcp"], "enabled": true }),
        variables: "environment",
    },
];

impl Agent {
    fn entry(&self, places: &Places) -> Value {
        let mut entry = (self.entry)(&places.program);
        if !places.variables.is_empty() {
            let variables = places.variables.iter().map(|(name, value)| ((*name).to_owned(), json!(value)));
            entry[self.variables] = Value::Object(variables.collect());
        }
        entry
    }
}

/// The agent of that id.
pub(crate) fn agent(id: &str) -> Result<&'static Agent, Failure> {
    let alias = if id == "claude" { "claude-code" } else { id };
    AGENTS
        .iter()
        .find(|agent| agent.id == alias)
        .ok_or_else(|| Failure::wrong_input(text::no_mcp_agent(id)).hint(text::HINT_MCP_AGENTS))
}

/// One piece of a text that was replaced by another.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Edit {
    /// Where it began, in bytes.
    at: usize,
    /// What stood there: white space at most.
    before: String,
    /// What stands there now.
    after: String,
}

/// Why settings cannot be edited.
#[derive(Debug, PartialEq, Eq)]
enum EditError {
    /// They are not what their name says.
    Unreadable(String),
    /// The entry, or the table for it, is there and is something else.
    InTheWay(String),
}

/// Puts our entry in.
pub(crate) fn install(agent: &Agent, places: &Places) -> Result<Change, Failure> {
    let path = settings(agent, places);
    let entry = agent.entry(places);
    let old = read(&path)?;
    let text = old.as_deref().unwrap_or_default();
    let edit = match agent.format {
        Format::Json => json::insert(text, agent.table, NAME, &entry),
        Format::Toml => toml::insert(text, agent.table, NAME, &entry),
    };
    let edit = edit.map_err(|error| explain(&error, &path))?;
    let Some(edit) = edit else { return Ok(Change { name: agent.name, path, changed: false }) };
    let new = format!("{}{}{}", &text[..edit.at], edit.after, &text[edit.at + edit.before.len()..]);
    // First the record: without it the change could not be taken back exactly.
    let record = Record { path: path.clone(), created: old.is_none(), before: edit.before, after: edit.after };
    record.write(&places.records, agent.id).map_err(|error| failed(&places.records, &error))?;
    write(&path, &new).map_err(|error| failed(&path, &error))?;
    Ok(Change { name: agent.name, path, changed: true })
}

/// Takes our entry out.
pub(crate) fn uninstall(agent: &Agent, places: &Places) -> Result<Change, Failure> {
    let record = Record::read(&places.records, agent.id);
    let path = record.as_ref().map_or_else(|| settings(agent, places), |record| record.path.clone());
    let Some(text) = read(&path)? else {
        Record::forget(&places.records, agent.id).map_err(|error| failed(&places.records, &error))?;
        return Ok(Change { name: agent.name, path, changed: false });
    };
    let undone = record.as_ref().and_then(|record| record.undo(&text));
    let removed = match undone {
        Some(undone) => Some(undone),
        None => match agent.format {
            Format::Json => json::remove(&text, agent.table, NAME),
            Format::Toml => toml::remove(&text, agent.table, NAME),
        }
        .map_err(|error| explain(&error, &path))?,
    };
    let changed = removed.is_some();
    match removed {
        Some(rest) if rest.is_empty() && record.as_ref().is_some_and(|record| record.created) => {
            fs::remove_file(&path).map_err(|error| failed(&path, &error))?;
        }
        Some(rest) => write(&path, &rest).map_err(|error| failed(&path, &error))?,
        None => {}
    }
    Record::forget(&places.records, agent.id).map_err(|error| failed(&places.records, &error))?;
    Ok(Change { name: agent.name, path, changed })
}

fn settings(agent: &Agent, places: &Places) -> PathBuf {
    let mut files = (agent.files)(places);
    let there = files.iter().position(|file| file.exists()).unwrap_or(0);
    let path = files.swap_remove(there);
    // Settings are often links into a folder of dotfiles: the link stays, its target is changed.
    path.canonicalize().unwrap_or(path)
}

/// The file's text; `None` where there is none.
fn read(path: &Path) -> Result<Option<String>, Failure> {
    match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(path, &error)),
        Ok(metadata) if metadata.len() > FILE_MOST => {
            return Err(failed(path, &io::Error::other("it is too large")));
        }
        Ok(_) => {}
    }
    fs::read_to_string(path).map(Some).map_err(|error| failed(path, &error))
}

/// Replaces the file in one step, with the mode that it had; a new one is its owner's alone.
fn write(path: &Path, text: &str) -> io::Result<()> {
    use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
    let folder = path.parent().unwrap_or(Path::new("/"));
    fs::create_dir_all(folder)?;
    let mode = fs::metadata(path).map_or(0o600, |metadata| metadata.permissions().mode() & 0o777);
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let unfinished = folder.join(format!(".{name}.{}.opensession", std::process::id()));
    let written = (|| {
        let mut file: File = File::options().write(true).create_new(true).mode(mode).open(&unfinished)?;
        // The umask may have taken something away.
        file.set_permissions(fs::Permissions::from_mode(mode))?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&unfinished, path)
    })();
    if written.is_err() {
        // What is told is why it could not be written.
        fs::remove_file(&unfinished).ok();
    }
    written
}

fn explain(error: &EditError, path: &Path) -> Failure {
    let path = path.display().to_string();
    match error {
        EditError::Unreadable(reason) => Failure::new(Exit::Refused, text::settings_unreadable(&path, reason)),
        EditError::InTheWay(key) => Failure::new(Exit::Refused, text::settings_in_the_way(&path, key)),
    }
}

fn failed(path: &Path, error: &io::Error) -> Failure {
    Failure::new(Exit::Refused, text::settings_failed(&path.display().to_string(), &error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(home: &Path) -> Places {
        Places {
            home: home.to_owned(),
            claude: None,
            codex: home.join(".codex"),
            config: home.join(".config"),
            records: home.join(".local/share/opensession/mcp"),
            program: "/opt/open session/opensession".into(),
            variables: Vec::new(),
        }
    }

    /// Settings as people write them.
    const JSON: &[&str] = &[
        "",
        "{}",
        "{ }\n",
        "{\n}\n",
        "{\n  // mine\n}\n",
        "{\"a\":1}",
        "{\"a\":1,\"mcpServers\":{},\"mcp\":{}}",
        "{\n  \"a\": 1, // one\n  \"mcpServers\": { },\n  \"mcp\": { }\n}\n",
        "{\n\t\"mcpServers\": {\n\t\t\"x\": {\"command\": \"y\"}\n\t},\n\t\"mcp\": {\n\t\t\"x\": {}, // x\n\t},\n}",
        "\u{feff}{\r\n    \"z\": [1,\r\n  2],\r\n    /* last */ \"b\": \"}\"\r\n    // end\r\n}\r\n",
        "  {\n    \"mcpServers\": {\n      \"x\": 1,\n      // after\n    }\n  }",
    ];
    const TOML: &[&str] = &[
        "",
        "model = \"o\" # mine",
        "model = \"o\"\n\n[mcp_servers.x]\ncommand = \"y\"\n",
        "[mcp_servers]\nx = { command = \"y\" }\n\n# the end\n",
        "mcp_servers = { x = { command = \"y\" } } # inline\n[other]\na = 1\n",
    ];

    #[test]
    fn what_is_put_in_is_read_by_others_and_taken_out_to_the_byte() {
        let variables = vec![("XDG_DATA_HOME", "/data \"home\"".to_owned()), ("XDG_STATE_HOME", "/state".to_owned())];
        for (agent, variables) in AGENTS.iter().flat_map(|agent| [(agent, Vec::new()), (agent, variables.clone())]) {
            let samples = if agent.format == Format::Json { JSON } else { TOML };
            for sample in samples {
                let home = tempfile::tempdir().unwrap();
                let places = &Places { variables: variables.clone(), ..places(home.path()) };
                let path = settings(agent, places);
                if !sample.is_empty() {
                    write(&path, sample).unwrap();
                }
                let done = install(agent, places).unwrap_or_else(|error| panic!("{sample:?}: {error:?}"));
                assert!(done.changed);
                let text = fs::read_to_string(&path).unwrap();
                let read: Value = match agent.format {
                    Format::Json => json::value(&text),
                    Format::Toml => ::toml::from_str(&text).unwrap(),
                };
                assert_eq!(read[agent.table][NAME], agent.entry(places), "{sample:?} became {text}");
                assert!(!install(agent, places).unwrap().changed, "twice is once");
                assert!(uninstall(agent, places).unwrap().changed);
                let left = fs::read_to_string(&path).unwrap_or_default();
                assert_eq!(left, *sample, "{}", agent.id);
                assert_eq!(path.exists(), !sample.is_empty());
                assert!(!uninstall(agent, places).unwrap().changed);
                assert!(!places.records.join(format!("{}.json", agent.id)).exists());
            }
        }
    }

    #[test]
    fn what_changed_meanwhile_stays() {
        for (agent, sample, changes) in [
            ("claude-code", "{\n  \"a\": 1\n}\n", [("\"a\": 1", "\"a\": 2,\n  \"b\": 3")]),
            ("codex", "model = \"o\"\n", [("model = \"o\"", "model = \"p\" # new")]),
        ] {
            let home = tempfile::tempdir().unwrap();
            let places = places(home.path());
            let agent = super::agent(agent).unwrap();
            let path = settings(agent, &places);
            write(&path, sample).unwrap();
            install(agent, &places).unwrap();
            let change = |text: String| changes.iter().fold(text, |text, (from, to)| text.replace(from, to));
            write(&path, &change(fs::read_to_string(&path).unwrap())).unwrap();
            uninstall(agent, &places).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), change(sample.to_owned()));
        }
    }

    #[test]
    fn an_agent_that_writes_its_settings_anew_keeps_all_but_our_entry() {
        let home = tempfile::tempdir().unwrap();
        let places = places(home.path());
        let agent = super::agent("claude").unwrap();
        let path = settings(agent, &places);
        write(&path, "{\"a\": 1}").unwrap();
        install(agent, &places).unwrap();
        let value = json::value(&fs::read_to_string(&path).unwrap());
        write(&path, &serde_json::to_string_pretty(&value).unwrap()).unwrap();
        uninstall(agent, &places).unwrap();
        assert_eq!(json::value(&fs::read_to_string(&path).unwrap()), json!({"a": 1, "mcpServers": {}}));
    }

    #[test]
    fn what_is_somebody_elses_is_left_alone() {
        let home = tempfile::tempdir().unwrap();
        let places = places(home.path());
        for (agent, text) in [
            ("cursor", "{\"mcpServers\": {\"opensession\": {\"command\": \"mine\"}}}"),
            ("cursor", "{\"mcpServers\": []}"),
            ("cursor", "[1]"),
            ("cursor", "{\"a\": "),
            ("codex", "[mcp_servers.opensession]\ncommand = \"mine\"\n"),
            ("codex", "mcp_servers = 1\n"),
            ("codex", "a = \n"),
        ] {
            let agent = super::agent(agent).unwrap();
            let path = settings(agent, &places);
            write(&path, text).unwrap();
            assert_eq!(install(agent, &places).unwrap_err().exit(), Exit::Refused, "{text}");
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
    }
}
