//! `opensession stats`

use opensession_protocol::{StatsAnswer, StatsBy, StatsRow};
use serde_json::json;

use crate::arguments::{FilterArguments, HELP_TEMPLATE};
use crate::context::Context;
use crate::failure::{Exit, Failure};
use crate::format::{clean, number, path};
use crate::output::{Align, Cell, Style, Table};
use crate::{session_line, text};

/// From this width on tokens stand apart and a bar follows.
const WIDE: usize = 120;
/// Cells of the longest bar.
const BAR: usize = 16;

/// Show figures: sessions, active time, turns, tokens, cost, lines changed.
#[derive(Debug, clap::Args)]
#[command(
    help_template = HELP_TEMPLATE,
    before_help = "Examples:\n  opensession stats --by agent --since 30d\n  opensession stats --by week --all --json"
)]
pub(crate) struct Arguments {
    /// What the figures are grouped by
    #[arg(long, value_enum, value_name = "WHAT", default_value_t)]
    by: By,
    #[command(flatten)]
    filter: FilterArguments,
    /// One JSON object a line: groups, then a summary
    #[arg(long, help_heading = "Display")]
    json: bool,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
enum By {
    #[default]
    Agent,
    Model,
    Repo,
    Day,
    Week,
    Month,
}

impl By {
    fn on_the_wire(self) -> StatsBy {
        match self {
            Self::Agent => StatsBy::Agent,
            Self::Model => StatsBy::Model,
            Self::Repo => StatsBy::Repo,
            Self::Day => StatsBy::Day,
            Self::Week => StatsBy::Week,
            Self::Month => StatsBy::Month,
        }
    }

    fn heading(self) -> &'static str {
        match self {
            Self::Agent => "AGENT",
            Self::Model => "MODEL",
            Self::Repo => "REPOSITORY",
            Self::Day => "DAY",
            Self::Week => "WEEK",
            Self::Month => "MONTH",
        }
    }
}

pub(crate) fn run(arguments: Arguments, context: &mut Context<'_>) -> Result<Exit, Failure> {
    context.await_first_reading()?;
    let Arguments { by, filter, json } = arguments;
    let words = filter.words();
    let grep = filter.grep.clone();
    let is_by_time = matches!(by, By::Day | By::Week | By::Month);
    let has_date = is_by_time || filter.since.is_some() || filter.until.is_some();
    let time_zone = if has_date { context.times.zone_name() } else { None };
    let filter = filter.filter(context);
    let params = json!({ "filter": filter, "by": by.on_the_wire(), "time_zone": time_zone });
    let answer = context.connection()?.ask("stats/get", &params);
    let answer: StatsAnswer = answer.map_err(|error| context.refused(error, grep.as_deref()))?;
    if json {
        for row in &answer.rows {
            context.json_as("group", row)?;
        }
        context.json(&json!({
            "type": "summary",
            "by": by.on_the_wire(),
            "groups": answer.rows.len(),
            "total": answer.total,
            "scope_repository": answer.scope_repository,
        }))?;
    } else if context.to_terminal() {
        for line in table(&answer, by, context) {
            context.output.line(&line)?;
        }
    } else {
        for row in &answer.rows {
            context.output.line(&tabs(row))?;
        }
    }
    if !answer.rows.is_empty() {
        return Ok(Exit::Done);
    }
    if !json {
        let here = answer.scope_repository.as_deref().map(clean::one_line);
        context.output.talk(&text::no_session(&path::shell_line(&words), here.as_deref()));
        if here.is_some() {
            let words = path::shell_line(&words);
            context.hint(format!("opensession stats --all {words}").trim_end());
        }
    }
    Ok(Exit::NothingFound)
}

fn table(answer: &StatsAnswer, by: By, context: &Context<'_>) -> Vec<String> {
    if answer.rows.is_empty() {
        return Vec::new();
    }
    let style = context.style;
    let is_wide = context.width() >= WIDE;
    let tokens: &[&str] = if is_wide { &["IN", "OUT", "CACHE"] } else { &["TOKENS"] };
    let mut headings = vec![by.heading(), "SESSIONS", "ACTIVE", "TURNS"];
    headings.extend(tokens);
    headings.extend(["COST", "FILES", "", "LINES"]);
    if is_wide {
        headings.extend(["ERRORS", ""]);
    }
    let mut aligns = vec![Align::Right; headings.len()];
    aligns[0] = Align::Left;
    if is_wide {
        aligns[headings.len() - 1] = Align::Left;
    }
    let mut table = Table::new(&aligns);
    table.row(headings.into_iter().map(|heading| Cell::dressed(heading, Style::bold)).collect());
    let most = answer.rows.iter().map(|row| row.sessions).max().unwrap_or(0).max(1);
    for row in &answer.rows {
        let bar = (row.sessions as f64 / most as f64 * BAR as f64).ceil() as usize;
        table.row(cells(row, &clean::one_line(&row.key), is_wide, bar, style));
    }
    if answer.rows.len() > 1 {
        table.row(cells(&answer.total, text::TOTAL, is_wide, 0, style));
    }
    table.lines(context.width(), &[(0, 8)], style)
}

fn cells(row: &StatsRow, key: &str, is_wide: bool, bar: usize, style: Style) -> Vec<Cell> {
    let stats = &row.stats;
    let mut cells = vec![
        Cell::new(key),
        Cell::new(number::count(row.sessions)),
        Cell::new(if stats.active_ms == 0 { "-".to_owned() } else { number::duration(stats.active_ms) }),
        Cell::new(number::count(stats.turns)),
    ];
    if is_wide {
        cells.push(Cell::new(number::count(stats.input_tokens)));
        cells.push(Cell::new(number::count(stats.output_tokens)));
        cells.push(Cell::new(number::count(stats.cache_read_tokens + stats.cache_write_tokens)));
    } else {
        cells.push(Cell::new(number::count(session_line::tokens(stats))));
    }
    cells.push(Cell::new(number::cost(stats.cost)));
    cells.push(Cell::new(number::count(stats.files)));
    cells.push(Cell::dressed(format!("+{}", number::count(stats.added)), Style::added));
    cells.push(Cell::dressed(format!("-{}", number::count(stats.removed)), Style::removed));
    if is_wide {
        cells.push(Cell::new(number::percent(stats.errors, stats.results)));
        cells.push(Cell::new(if style.ascii { "=" } else { "━" }.repeat(bar)));
    }
    cells
}

/// Key, sessions, active seconds, turns, tokens in, out, read from and written to a cache, cost, files, lines added
/// and removed, calls, errors.
fn tabs(row: &StatsRow) -> String {
    let stats = &row.stats;
    let mut fields = vec![clean::one_line(&row.key).into_owned()];
    let before_cost = [
        row.sessions,
        stats.active_ms / 1_000,
        stats.turns,
        stats.input_tokens,
        stats.output_tokens,
        stats.cache_read_tokens,
        stats.cache_write_tokens,
    ];
    fields.extend(before_cost.map(|value| value.to_string()));
    fields.push(stats.cost.map_or_else(|| "-".to_owned(), |cost| cost.to_string()));
    let after_cost = [stats.files, stats.added, stats.removed, stats.calls, stats.errors];
    fields.extend(after_cost.map(|value| value.to_string()));
    fields.join("\t")
}
