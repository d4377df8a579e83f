//! The table of the README that tells what each agent's sessions give, made from the samples.

use std::{collections::BTreeMap, fmt::Write as _, fs, path::Path};

use opensession_agents::{Agent, Facts};
use opensession_hail::{Body, Event, Status};

use crate::{corpus, counts};

const BEGIN: &str = "<!-- what the samples give: begin -->\n";
const END: &str = "<!-- what the samples give: end -->\n";

const COLUMNS: &[&str] = &[
    "title",
    "directory",
    "branch",
    "model",
    "version",
    "times",
    "thinking",
    "exit code",
    "edits",
    "todos",
    "tokens",
    "cost",
    "parent",
    "compaction",
    "error",
];

#[test]
fn the_readme_tells_what_the_samples_give() {
    let Some(corpus) = corpus::corpus() else { return };
    let mut table = String::from("| agent | sessions | events |");
    let mut ruler = String::from("|---|---|---|");
    for column in COLUMNS {
        write!(table, " {column} |").unwrap();
        ruler.push_str("---|");
    }
    writeln!(table, "\n{ruler}").unwrap();
    let samples = samples();
    for agent in opensession_agents::all() {
        let Some(homes) = samples.get(agent.id()) else { continue };
        let mut seen = Seen::default();
        for home in homes {
            seen.look(*agent, &corpus.join(home));
        }
        write!(table, "| {} | {} | {} |", agent.name(), seen.sessions, seen.events).unwrap();
        for column in COLUMNS {
            let count = seen.columns.get(column).copied().unwrap_or(0);
            let cell = if count > 0 { "yes" } else { "" };
            write!(table, " {cell} |").unwrap();
        }
        table.push('\n');
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let page = fs::read_to_string(&path).unwrap();
    let begin = page.find(BEGIN).expect("the table's beginning is marked") + BEGIN.len();
    let end = page.find(END).expect("the table's end is marked");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, format!("{}{table}{}", &page[..begin], &page[end..])).unwrap();
    } else {
        assert_eq!(&page[begin..end], table, "made anew by UPDATE_DOCS=1");
    }
}

/// Homes of samples, by agent.
fn samples() -> BTreeMap<String, Vec<String>> {
    let mut samples = counts::samples();
    samples.insert("claude-code".to_owned(), ["home", "home-fixture"].map(|home| format!("claude-code/{home}")).into());
    let codex = ["home", "home-0.104.0", "home-0.169.0", "home-0.20.0", "home-fixture", "home-zst"];
    samples.insert("codex".to_owned(), codex.map(|home| format!("codex/{home}")).into());
    samples
}

#[derive(Default)]
struct Seen {
    sessions: u64,
    events: u64,
    columns: BTreeMap<&'static str, u64>,
}

impl Seen {
    fn look(&mut self, agent: &dyn Agent, home: &Path) {
        for source in counts::sources(agent, home) {
            let (derived, deriver) = corpus::derive(agent, &source);
            if derived.events.is_empty() {
                continue;
            }
            self.sessions += 1;
            self.events += derived.events.len() as u64;
            let facts = deriver.facts();
            self.facts(facts);
            self.note("parent", facts.parent.is_some() || source.parent.is_some());
            for event in &derived.events {
                self.event(event);
            }
        }
    }

    fn facts(&mut self, facts: &Facts) {
        self.note("title", facts.custom_title.is_some() || facts.agent_title.is_some());
        self.note("directory", facts.cwd.is_some());
        self.note("branch", facts.branch.is_some());
        self.note("model", facts.model.is_some());
        self.note("version", facts.agent_version.is_some());
    }

    fn event(&mut self, event: &Event) {
        self.note("times", event.ts.is_some());
        match &event.body {
            Body::Thinking(thinking) => self.note("thinking", !thinking.content.is_empty()),
            Body::ToolResult(result) => {
                self.note("exit code", result.exit_code.is_some());
                self.note("error", result.status == Status::Error);
            }
            Body::Edit(edit) => self.note("edits", edit.diff.is_some()),
            Body::Todo(_) => self.note("todos", true),
            Body::Usage(usage) => {
                self.note("tokens", usage.input + usage.output > 0);
                self.note("cost", usage.cost.is_some());
            }
            Body::Compaction(_) => self.note("compaction", true),
            Body::Error(_) => self.note("error", true),
            _ => {}
        }
    }

    fn note(&mut self, column: &'static str, there: bool) {
        *self.columns.entry(column).or_default() += u64::from(there);
    }
}
