//! `opensession diff`

mod sheet;

use opensession_hail::comparison::{Comparison, Side};
use opensession_protocol::SessionDiff;
use serde_json::{Value, json};

use crate::arguments::{HELP_TEMPLATE, SessionName};
use crate::context::Context;
use crate::failure::{Exit, Failure};
use crate::format::{clean, time};
use crate::text;
use sheet::Sheet;

/// Compare two sessions: what for, at what cost, what they ran and changed, and how they ended.
#[derive(Debug, clap::Args)]
#[command(
    help_template = HELP_TEMPLATE,
    before_help = "Examples:\n  opensession diff @~1 @\n  opensession diff 4f2a91c7 b81d03e2 --full\n  opensession diff 4f2a91c7 b81d03e2 --format md > diff.md",
    after_help = "Side by side from 120 columns on. Secrets are taken out. Of a file that both changed, the lines are shown that each \
                  removed and added in the end."
)]
pub(crate) struct Arguments {
    /// One session: its id, @, @~2, a file, agent:id; HAIL files too
    #[arg(value_name = "A")]
    a: String,
    /// The other one
    #[arg(value_name = "B")]
    b: String,
    /// Fold nothing
    #[arg(long, help_heading = "How much")]
    full: bool,
    /// For people here, as Markdown, or as JSON
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t, help_heading = "Display")]
    format: Format,
    /// One JSON object a line: both sessions, checks, files, commands, then a summary
    #[arg(long, help_heading = "Display", conflicts_with = "format")]
    json: bool,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// Laid out for the terminal; piped, a line a thing, fields between tabs
    #[default]
    Text,
    /// For agents and for pages
    Md,
    /// The same as --json
    Json,
}

pub(crate) fn run(arguments: &Arguments, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let mut names = Vec::with_capacity(2);
    for typed in [&arguments.a, &arguments.b] {
        let name = SessionName::parse(typed, context);
        if name.event.is_some() {
            return Err(Failure::wrong_input(text::DIFF_ONE_EVENT).hint(text::HINT_HANDOFF_SESSION));
        }
        names.push(name.session);
    }
    context.await_first_reading()?;
    let format = if arguments.json { Format::Json } else { arguments.format };
    let params = json!({ "a": names[0], "b": names[1], "markdown": format == Format::Md, "scope": context.scope() });
    let answer: SessionDiff = context.ask("session/diff", &params)?;
    let comparison = &answer.comparison;
    match format {
        Format::Json => as_json(comparison, context)?,
        Format::Md => {
            let markdown = answer.markdown.unwrap_or_default();
            clean::lines(&markdown).lines().try_for_each(|line| context.output.line(line))?;
        }
        Format::Text if context.to_terminal() => {
            let sheet = Sheet::of(comparison, context, arguments.full);
            let is_folded = sheet.is_folded();
            sheet.into_lines().iter().try_for_each(|line| context.output.line(line))?;
            let redacted = comparison.redactions.values().sum();
            if redacted > 0 && context.terminal().stderr {
                context.output.talk(&text::diff_redacted(redacted));
            }
            if is_folded {
                context.hint(text::HINT_DIFF_FULL);
            }
        }
        Format::Text => tabs(comparison).iter().try_for_each(|line| context.output.line(line))?,
    }
    Ok(Exit::Done)
}

/// How many entries of a list both have, only the one, and only the other.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Shares {
    both: usize,
    a: usize,
    b: usize,
}

impl Shares {
    fn of(sides: impl Iterator<Item = (bool, bool)>) -> Self {
        let mut shares = Self::default();
        for sides in sides {
            match sides {
                (true, true) => shares.both += 1,
                (true, false) => shares.a += 1,
                (false, true) => shares.b += 1,
                (false, false) => {}
            }
        }
        shares
    }

    fn json(self) -> Value {
        json!({ "both": self.both, "a": self.a, "b": self.b })
    }
}

fn as_json(comparison: &Comparison, context: &mut Context<'_>) -> Result<(), Failure> {
    let Comparison { a, b, commands, checks, files, omitted, redactions, .. } = comparison;
    for (side, session) in [("a", a), ("b", b)] {
        context.json_as("session", &OneSide { side, session })?;
    }
    checks.iter().try_for_each(|check| context.json_as("check", check))?;
    files.iter().try_for_each(|file| context.json_as("file", file))?;
    commands.iter().try_for_each(|command| context.json_as("command", command))?;
    context.json(&json!({
        "type": "summary",
        "checks": Shares::of(checks.iter().map(|check| (check.a.is_some(), check.b.is_some()))).json(),
        "files": Shares::of(files.iter().map(|file| (file.a.is_some(), file.b.is_some()))).json(),
        "commands": Shares::of(commands.iter().map(|command| (command.a.is_some(), command.b.is_some()))).json(),
        "omitted": omitted,
        "redactions": redactions,
    }))
}

/// A session's fields after the side on which it stands.
#[derive(serde::Serialize)]
struct OneSide<'s> {
    side: &'s str,
    #[serde(flatten)]
    session: &'s Side,
}

/// A fact of a side: its name, and what it is.
type Fact = (&'static str, fn(&Side) -> String);

/// What it is, its name, and what the two have of it, between tabs.
fn tabs(comparison: &Comparison) -> Vec<String> {
    let Comparison { a, b, .. } = comparison;
    let line = |kind: &str, name: &str, a: &str, b: &str| {
        [kind, name, a, b].map(|field| clean::one_line(field).into_owned()).join("\t")
    };
    let facts: [Fact; 24] = [
        ("id", |side| side.id.clone()),
        ("title", |side| side.title.clone().unwrap_or_default()),
        ("agent", |side| side.agent.clone()),
        ("model", |side| side.model.clone().unwrap_or_default()),
        ("repository", |side| side.repository.clone().unwrap_or_default()),
        ("branch", |side| side.branch.clone().unwrap_or_default()),
        ("directory", |side| side.cwd.clone().unwrap_or_default()),
        ("started", |side| time::iso(side.started)),
        ("updated", |side| time::iso(side.updated)),
        ("active", |side| (side.active_ms / 1_000).to_string()),
        ("turns", |side| side.turns.to_string()),
        ("calls", |side| side.calls.to_string()),
        ("errors", |side| side.errors.to_string()),
        ("tokens_in", |side| side.tokens.input.to_string()),
        ("tokens_out", |side| side.tokens.output.to_string()),
        ("tokens_cache_read", |side| side.tokens.cache_read.to_string()),
        ("tokens_cache_written", |side| side.tokens.cache_write.to_string()),
        ("tokens_subagents", |side| side.subagent_tokens.to_string()),
        ("cost", |side| side.cost.map_or_else(|| "-".to_owned(), |cost| format!("{cost:.4}"))),
        ("lines_added", |side| side.files.added.to_string()),
        ("lines_removed", |side| side.files.removed.to_string()),
        ("outcome", |side| side.outcome.clone()),
        ("objective", |side| side.objective.as_ref().map(|quote| quote.text.clone()).unwrap_or_default()),
        ("last_words", |side| side.last_words.as_ref().map(|quote| quote.text.clone()).unwrap_or_default()),
    ];
    let mut lines: Vec<String> = facts.iter().map(|(name, value)| line("fact", name, &value(a), &value(b))).collect();
    let style = crate::output::Style { ascii: true, ..crate::output::Style::default() };
    for check in &comparison.checks {
        let ran = |check: &Option<_>| check.as_ref().map(|check| text::check_ran(check, style)).unwrap_or_default();
        lines.push(line("check", &check.command, &ran(&check.a), &ran(&check.b)));
    }
    for file in &comparison.files {
        let change = |change: &Option<_>| change.as_ref().map(text::file_changed).unwrap_or_default();
        lines.push(line("file", &file.path, &change(&file.a), &change(&file.b)));
        for block in file.lines.iter().flat_map(|compared| &compared.blocks) {
            // Spaces at the beginning of a line mean something.
            let row = |a: &str, b: &str| {
                [clean::one_line("line"), clean::one_line(&file.path), clean::lines(a), clean::lines(b)].join("\t")
            };
            lines.extend(block.both.iter().map(|text| row(text, text)));
            lines.extend(block.a.iter().map(|text| row(text, "")));
            lines.extend(block.b.iter().map(|text| row("", text)));
        }
    }
    for command in &comparison.commands {
        let ran = |runs: &Option<_>| runs.as_ref().map(|runs| text::command_ran(runs, style)).unwrap_or_default();
        lines.push(line("command", &command.command, &ran(&command.a), &ran(&command.b)));
    }
    lines
}
