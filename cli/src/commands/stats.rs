//! `opensession stats`

mod table;

use std::borrow::Cow;

use opensession_protocol::{SessionFilter, StatsAnswer, StatsBy, StatsRow};
use serde_json::json;

use crate::arguments::{FilterArguments, HELP_TEMPLATE};
use crate::context::Context;
use crate::failure::{Exit, Failure};
use crate::format::{clean, number, path};
use crate::output::Style;
use crate::{heat, text};

/// Show figures: sessions, active time, turns, tokens, cost, lines changed.
#[derive(Debug, clap::Args)]
#[command(
    help_template = HELP_TEMPLATE,
    before_help = "Examples:\n  opensession stats --by agent --since 30d\n  opensession stats --by model --all\n  \
                   opensession stats --heat --since 26w",
    after_help = "Figures are of what was done in the time asked for, not of when sessions ended. Costs are as agents logged \
                  them; ~ marks those estimated from list prices, + those to which tokens without a price would come. Prices of \
                  your own go into daemon.toml, [prices]."
)]
pub(crate) struct Arguments {
    /// What the figures are grouped by [default: agent]
    #[arg(long, value_enum, value_name = "WHAT")]
    by: Option<By>,
    /// Draw the days as a map, a column a week; --by day does so too on a terminal
    #[arg(long)]
    heat: bool,
    #[command(flatten)]
    filter: FilterArguments,
    /// One JSON object a line: groups, then a summary
    #[arg(long, help_heading = "Display")]
    json: bool,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum By {
    #[default]
    Agent,
    Model,
    Repo,
    Branch,
    Day,
    Week,
    Month,
    Hour,
    Weekday,
}

impl By {
    fn on_the_wire(self) -> StatsBy {
        match self {
            Self::Agent => StatsBy::Agent,
            Self::Model => StatsBy::Model,
            Self::Repo => StatsBy::Repo,
            Self::Branch => StatsBy::Branch,
            Self::Day => StatsBy::Day,
            Self::Week => StatsBy::Week,
            Self::Month => StatsBy::Month,
            Self::Hour => StatsBy::Hour,
            Self::Weekday => StatsBy::Weekday,
        }
    }

    /// Whether the groups are stretches of time.
    fn is_time(self) -> bool {
        matches!(self, Self::Day | Self::Week | Self::Month | Self::Hour | Self::Weekday)
    }
}

pub(crate) fn run(arguments: Arguments, context: &mut Context<'_>) -> Result<Exit, Failure> {
    context.await_first_reading()?;
    let Arguments { by, heat, filter, json } = arguments;
    let to_terminal = context.to_terminal() && !json;
    // For programs a map is its days.
    let by = by.or(heat.then_some(By::Day));
    let only_map = heat && by == Some(By::Day) && to_terminal;
    let by = by.unwrap_or_default();
    let words = filter.words();
    let grep = filter.grep.clone();
    let has_date = heat || by.is_time() || filter.since.is_some() || filter.until.is_some();
    let time_zone = if has_date { context.times.zone_name() } else { None };
    let filter = filter.filter(context);
    let ask = |by: By, context: &mut Context<'_>| figures(&filter, by, time_zone.as_deref(), grep.as_deref(), context);
    let answer = ask(by, context)?;
    if json {
        for row in &answer.rows {
            context.json_as("group", row)?;
        }
        context.json(&json!({
            "type": "summary",
            "by": by.on_the_wire(),
            "groups": answer.rows.len(),
            "total": answer.total,
            "unpriced_models": answer.unpriced_models,
            "prices_as_of": answer.prices_as_of,
            "scope_repository": answer.scope_repository,
        }))?;
    } else if to_terminal {
        if heat || by == By::Day {
            let days = if by == By::Day { None } else { Some(ask(By::Day, context)?) };
            let map = heat::lines(&days.as_ref().unwrap_or(&answer).rows, context.width());
            map.iter().try_for_each(|line| context.output.line(&dressed(line, context.style)))?;
            if !only_map && !map.is_empty() && !answer.rows.is_empty() {
                context.output.line("")?;
            }
        }
        if !only_map {
            table::lines(&answer, by, context).iter().try_for_each(|line| context.output.line(line))?;
        }
        explain_costs(&answer, context);
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
        context.output.talk_wrapped(&text::no_session(&path::shell_line(&words), here.as_deref()));
        if here.is_some() {
            let words = path::shell_line(&words);
            context.hint(format!("opensession stats --all {words}").trim_end());
        }
    }
    Ok(Exit::NothingFound)
}

/// A line of the map of days.
fn dressed(line: &[heat::Piece], style: Style) -> String {
    let pieces = line.iter().map(|piece| match piece {
        heat::Piece::Text(text) => Cow::Borrowed(&**text),
        heat::Piece::Level(level) => style.heat(*level),
    });
    pieces.collect::<String>().trim_end().to_owned()
}

fn figures(
    filter: &SessionFilter,
    by: By,
    time_zone: Option<&str>,
    grep: Option<&str>,
    context: &mut Context<'_>,
) -> Result<StatsAnswer, Failure> {
    let params = json!({ "filter": filter, "by": by.on_the_wire(), "time_zone": time_zone });
    let answer = context.connection()?.ask("stats/get", &params);
    answer.map_err(|error| context.refused(error, grep))
}

/// What the signs beside costs mean, where there are any.
fn explain_costs(answer: &StatsAnswer, context: &mut Context<'_>) {
    if answer.total.stats.cost_estimated {
        let line = text::estimated(&clean::one_line(&answer.prices_as_of));
        context.output.talk_wrapped(&line);
    }
    if !answer.unpriced_models.is_empty() {
        let models: Vec<_> = answer.unpriced_models.iter().map(|model| clean::one_line(model)).collect();
        let models: Vec<&str> = models.iter().map(AsRef::as_ref).collect();
        context.output.talk_wrapped(&text::unpriced(answer.total.unpriced_tokens, &models));
    }
}

/// Key, sessions, active seconds, turns, tokens in, out, read from and written to a cache, cost, files, lines added
/// and removed, calls, errors, whether the cost is estimated, tokens without a price.
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
    fields.push(stats.cost.map_or_else(|| "-".to_owned(), |cost| number::plain(cost, 6)));
    let after_cost = [stats.files, stats.added, stats.removed, stats.calls, stats.errors];
    fields.extend(after_cost.map(|value| value.to_string()));
    let source = match stats.cost {
        Some(_) if stats.cost_estimated => text::ESTIMATED,
        Some(_) => text::LOGGED,
        None => "-",
    };
    fields.push(source.to_owned());
    fields.push(row.unpriced_tokens.to_string());
    fields.join("\t")
}
