//! `daemon.toml`: what the daemon does.

use std::{collections::BTreeMap, fmt, path::Path, str::FromStr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Identity, Server, Settings, check};

/// A `daemon.toml` that says nothing but the defaults.
pub const DAEMON_CONFIG_TEMPLATE: &str = r#"# Settings of the OpenSession daemon. A line that begins with `#` shows a default.

[daemon]
# auto_publish = false     # publish sessions without being asked for each
# publish_on = "manual"    # "manual", "session_end", "realtime"; sessions are kept and searchable in any case
# debounce_secs = 5        # seconds of quiet before a change is published

[watchers]                 # one switch for each agent; all are on: `opensession discover --all` names them
# claude_code = true
# codex = true

[discovery]                # agents that keep their sessions in projects (Aider, Crush): where projects lie
# projects = ["~/work"]    # looked through at the start; projects of known sessions are known anyway

[server]                   # the team server
# url = "https://sessions.example.org"
# api_key = "…"

[identity]
# nickname = "ada"
# team_id = "…"

[privacy]                  # what leaves this machine, and what is not even kept
# strip_paths = true       # write home and repository paths as ~ and .
# strip_env_vars = true    # take the values of secret environment variables out
# exclude_repositories = ["owner/name", "owner/*"]
# exclude_paths = ["~/private"]
# exclude_agents = ["aider"]
# rules = [{ name = "ticket", pattern = "TICKET-[0-9]+" }]

[git_storage]
# method = "none"          # "platform_api", "native", "none"

[search]
# history = true           # keep the last 100 queries that people ran

[storage]
# retention = "forever"    # or "90d", "26w", "2y": sessions without a change for that long are deleted

[prices]                   # US dollars for a million tokens, for costs that no agent logs; they come before the built-in ones
# "example-model" = { input = 3.0, output = 15.0, cache_read = 0.3, cache_write = 3.75 }

# [[readers]]              # an agent that is read by a program of yours, once for each such table
# name = "my-agent"        # its id; its switch under [watchers] is my_agent
# command = ["my-reader"]  # run with a file's path as last argument; prints the session as HAIL
# roots = ["~/.my-agent"]  # folders with the agent's files, and all below them
# pattern = "*.log"        # the files' names
"#;

/// `daemon.toml`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct DaemonConfig {
    /// Publishing.
    pub daemon: DaemonSettings,
    /// One switch for each agent.
    pub watchers: Watchers,
    /// Where projects lie.
    pub discovery: Discovery,
    /// The team server.
    pub server: Server,
    /// Who publishes.
    pub identity: Identity,
    /// What is taken out, and what is left alone altogether.
    pub privacy: Privacy,
    /// Sessions in git.
    pub git_storage: GitStorage,
    /// What searches leave behind.
    pub search: SearchSettings,
    /// What is kept.
    pub storage: Storage,
    /// Prices of models, before the built-in ones.
    pub prices: Prices,
    /// Agents that are read by programs of the user's.
    pub readers: Vec<ReaderSettings>,
}

/// `[daemon]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct DaemonSettings {
    /// Whether sessions are published without being asked for each. Default: `false`.
    pub auto_publish: bool,
    /// When. Default: `"manual"`, which still keeps and indexes everything here.
    pub publish_on: PublishOn,
    /// Seconds of quiet before a change is published, 1 to 3600. Default: 5.
    pub debounce_secs: u32,
}

impl Default for DaemonSettings {
    fn default() -> Self {
        Self { auto_publish: false, publish_on: PublishOn::Manual, debounce_secs: 5 }
    }
}

/// When a session is published.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PublishOn {
    /// When the user says so.
    #[default]
    Manual,
    /// When it ends.
    SessionEnd,
    /// While it runs.
    Realtime,
}

impl PublishOn {
    /// The word in the file.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Manual => "manual",
            Self::SessionEnd => "session_end",
            Self::Realtime => "realtime",
        }
    }
}

/// `[watchers]`: one switch for each agent; what is not named is on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Watchers(pub BTreeMap<String, bool>);

impl Watchers {
    /// Whether an agent is watched, named by its switch (`claude_code`) or its id (`claude-code`).
    pub fn enabled(&self, agent: &str) -> bool {
        self.0.get(agent).or_else(|| self.0.get(&agent.replace('-', "_"))).copied().unwrap_or(true)
    }
}

/// `[discovery]`
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Discovery {
    /// Folders that are looked through at the start for projects in which agents keep sessions; `~/` is the home
    /// directory. Default: none.
    pub projects: Vec<String>,
}

/// `[privacy]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Privacy {
    /// Write home and repository paths as `~` and `.` in what is published. Default: `true`.
    pub strip_paths: bool,
    /// Take the values of secret environment variables out of what is published. Default: `true`.
    pub strip_env_vars: bool,
    /// Sessions of these repositories are not kept: `owner/name`, `*` for anything. Default: none.
    pub exclude_repositories: Vec<String>,
    /// Sessions that began in or below these directories are not kept; `~/` is the home directory. Default: none.
    pub exclude_paths: Vec<String>,
    /// Sessions of these agents are not kept. Default: none.
    pub exclude_agents: Vec<String>,
    /// Further things to take out of what is published. Default: none.
    pub rules: Vec<Rule>,
}

impl Default for Privacy {
    fn default() -> Self {
        Self {
            strip_paths: true,
            strip_env_vars: true,
            exclude_repositories: Vec::new(),
            exclude_paths: Vec::new(),
            exclude_agents: Vec::new(),
            rules: Vec::new(),
        }
    }
}

impl Privacy {
    /// Whether sessions of this agent are left alone, named by its switch or its id.
    pub fn excludes_agent(&self, agent: &str) -> bool {
        self.exclude_agents.iter().any(|excluded| excluded.replace('_', "-") == agent.replace('_', "-"))
    }

    /// Whether sessions of this repository (`owner/name`, case of letters ignored) are left alone.
    pub fn excludes_repository(&self, repository: &str) -> bool {
        let repository = repository.to_lowercase();
        self.exclude_repositories.iter().any(|pattern| matches(&pattern.to_lowercase(), &repository))
    }

    /// Whether sessions that began in `directory` are left alone.
    pub fn excludes_path(&self, directory: &Path, home: &Path) -> bool {
        self.exclude_paths.iter().any(|excluded| match excluded.strip_prefix('~') {
            Some(rest) => directory.starts_with(home.join(rest.trim_start_matches('/'))),
            None => directory.starts_with(excluded),
        })
    }
}

/// A pattern to take out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Rule {
    /// Stands in the replacement: `[REDACTED:name]`.
    pub name: String,
    /// A regular expression.
    pub pattern: String,
}

/// `[git_storage]`
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct GitStorage {
    /// How. Default: `"none"`.
    pub method: GitStorageMethod,
}

/// How sessions get into git.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum GitStorageMethod {
    /// Through the interface of the platform (GitHub, GitLab).
    PlatformApi,
    /// As refs, written here and pushed by git.
    Native,
    /// Not at all.
    #[default]
    None,
}

/// `[[readers]]`: an agent that is read by a program. When a file changes whose name is `pattern`, the command is run with
/// its path as last argument; what it prints on standard output is the session as HAIL. It has 30 seconds and 64 MiB.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReaderSettings {
    /// The agent's id: lower-case letters, digits and dashes.
    pub name: String,
    /// The program and its first arguments. No shell is involved.
    pub command: Vec<String>,
    /// Folders with the agent's files, and all below them; `~/` is the home directory.
    pub roots: Vec<String>,
    /// The files' names; `*` stands for anything.
    pub pattern: String,
}

impl ReaderSettings {
    /// What is wrong with it: the key, what, and what to write instead.
    fn fault(&self) -> Option<(&'static str, String, &'static str)> {
        let name = &self.name;
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if !name.starts_with(|first: char| first.is_ascii_lowercase()) || !name.bytes().all(plain) || name.len() > 40 {
            return Some(("name", format!("`{name}` is no name for a reader"), "use lower-case letters, digits and -"));
        }
        if KNOWN_AGENTS.contains(&&*name.replace('-', "_")) {
            return Some(("name", format!("`{name}` is the name of another agent"), "choose another name"));
        }
        if self.command.first().is_none_or(String::is_empty) {
            return Some(("command", format!("the reader `{name}` has no command"), "write the program: [\"…\"]"));
        }
        if self.roots.is_empty() {
            return Some(("roots", format!("the reader `{name}` has no folders"), "write at least one: [\"~/…\"]"));
        }
        let is_absolute = |root: &&String| root.starts_with('/') || *root == "~" || root.starts_with("~/");
        if let Some(root) = self.roots.iter().find(|root| !is_absolute(root)) {
            return Some(("roots", format!("`{root}` is no absolute path"), "begin it with / or ~/"));
        }
        if self.pattern.is_empty() || self.pattern.contains('/') {
            let message = format!("`{}` is no pattern for names", self.pattern);
            return Some(("pattern", message, "write one such as \"*.jsonl\""));
        }
        None
    }
}

/// `[search]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct SearchSettings {
    /// Whether the last 100 queries that people ran are kept. Default: `true`. With `false` those kept are forgotten.
    pub history: bool,
}

impl Default for SearchSettings {
    fn default() -> Self {
        Self { history: true }
    }
}

/// `[storage]`
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Storage {
    /// How long sessions are kept after their last change. Default: `"forever"`.
    pub retention: Retention,
}

/// `[prices]`: what a model's tokens cost, by the model's name or the beginning of it that ends at a dash.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Prices(pub BTreeMap<String, Price>);

/// US dollars for a million tokens.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Price {
    /// Input that came from no cache.
    pub input: f64,
    /// Output, reasoning included.
    pub output: f64,
    /// Input read from a cache. Default: as `input`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_read: Option<f64>,
    /// Input written to a cache. Default: as `input`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_write: Option<f64>,
}

impl Price {
    fn is_sound(&self) -> bool {
        let Self { input, output, cache_read, cache_write } = self;
        [Some(*input), Some(*output), *cache_read, *cache_write]
            .into_iter()
            .flatten()
            .all(|price| price.is_finite() && (0.0..=1e6).contains(&price))
    }
}

/// How long sessions are kept: `"forever"`, or a number with `d`, `w` or `y`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub enum Retention {
    /// For good.
    #[default]
    Forever,
    /// So many days after the last change.
    Days(u32),
}

impl FromStr for Retention {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no time to keep sessions for: `forever`, `90d`, `26w` or `2y` are");
        if text == "forever" {
            return Ok(Self::Forever);
        }
        let unit = text.chars().last().ok_or_else(wrong)?;
        let days = match unit {
            'd' => 1,
            'w' => 7,
            'y' => 365,
            _ => return Err(wrong()),
        };
        let number: u32 = text[..text.len() - 1].parse().map_err(|_| wrong())?;
        let days = number.checked_mul(days).filter(|days| (1..=36_500).contains(days)).ok_or_else(wrong)?;
        Ok(Self::Days(days))
    }
}

impl TryFrom<String> for Retention {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Retention> for String {
    fn from(retention: Retention) -> Self {
        retention.to_string()
    }
}

impl fmt::Display for Retention {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Forever => formatter.write_str("forever"),
            Self::Days(days) => write!(formatter, "{days}d"),
        }
    }
}

/// Agents that a file may name before they are read: those that are known to keep sessions.
const KNOWN_AGENTS: &[&str] = &[
    "aider",
    "amp",
    "antigravity",
    "claude_code",
    "cline",
    "codex",
    "continue",
    "copilot",
    "crush",
    "cursor",
    "factory_droid",
    "gemini",
    "goose",
    "hail",
    "kilo_code",
    "kimi",
    "kiro",
    "openclaw",
    "opencode",
    "pi",
    "qwen_code",
    "roo_code",
    "windsurf",
    "zed",
];

impl Settings for DaemonConfig {
    fn known(names: &[&str]) -> check::Known {
        let mut agents: Vec<&str> = KNOWN_AGENTS.iter().chain(names).copied().collect();
        agents.sort_unstable();
        agents.dedup();
        check::Known::tables(&[
            ("daemon", &["auto_publish", "publish_on", "debounce_secs"]),
            ("watchers", &agents),
            ("discovery", &["projects"]),
            ("server", &["url", "api_key"]),
            ("identity", &["nickname", "team_id"]),
            (
                "privacy",
                &["strip_paths", "strip_env_vars", "exclude_repositories", "exclude_paths", "exclude_agents", "rules"],
            ),
            ("git_storage", &["method"]),
            ("search", &["history"]),
            ("storage", &["retention"]),
        ])
        .with_items("privacy", "rules", &["name", "pattern"])
        .with_any_keys("prices", &["input", "output", "cache_read", "cache_write"])
        .with_list("readers", &["name", "command", "roots", "pattern"])
    }

    fn validate(&self, report: &mut check::Report<'_>) {
        if !(1..=3600).contains(&self.daemon.debounce_secs) {
            report.error("daemon", "debounce_secs", "debounce_secs is out of range", "write a number from 1 to 3600");
        }
        self.server.validate(report);
        for folder in &self.discovery.projects {
            if !folder.starts_with('/') && !folder.starts_with("~/") {
                let message = format!("`{folder}` is no absolute path");
                report.error("discovery", "projects", &message, "begin it with / or ~/");
            }
        }
        for excluded in &self.privacy.exclude_paths {
            if !excluded.starts_with('/') && excluded != "~" && !excluded.starts_with("~/") {
                let message = format!("`{excluded}` is no absolute path");
                report.error("privacy", "exclude_paths", &message, "begin it with / or ~/");
            }
        }
        for (model, price) in &self.prices.0 {
            if !price.is_sound() {
                let message = format!("a price of `{model}` is out of range");
                report.error("prices", model, &message, "write US dollars for a million tokens, 0 or more");
            }
        }
        for (index, reader) in self.readers.iter().enumerate() {
            if let Some((key, message, remedy)) = reader.fault() {
                report.error_in("readers", index, key, &message, remedy);
            } else if self.readers[..index].iter().any(|other| other.name == reader.name) {
                let message = format!("a second reader `{}`", reader.name);
                report.error_in("readers", index, "name", &message, "give it another name");
            }
        }
        for rule in &self.privacy.rules {
            let plain = |character: char| character.is_ascii_alphanumeric() || character == '-' || character == '_';
            if rule.name.is_empty() || !rule.name.chars().all(plain) {
                let message = format!("`{}` is no name for a rule", rule.name);
                report.error("privacy", "rules", &message, "use letters, digits, - and _");
            }
            if rule.pattern.is_empty() {
                let message = format!("the rule `{}` has no pattern", rule.name);
                report.error("privacy", "rules", &message, "write a regular expression, or leave the rule out");
            }
        }
    }
}

/// Whether `text` is what `pattern` says, `*` standing for anything.
fn matches(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((head, rest)) => text.strip_prefix(head).is_some_and(|text| {
            text.char_indices().map(|(at, _)| at).chain([text.len()]).any(|at| matches(rest, &text[at..]))
        }),
    }
}
