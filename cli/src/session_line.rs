//! A session in lists and at the head of its own page.

use opensession_protocol::{SessionInfo, SessionRelation, SessionState, SessionStats};

use crate::context::Context;
use crate::format::{cells, clean, number, time};
use crate::output::{Align, Cell, Style, Table};
use crate::text;

/// The title's column is at least this wide where there is room, so that short titles do not make the list jumpy.
const TITLE_CELLS: usize = 36;
/// Titles give way first, down to this; then places; then titles again.
const TITLE_LEAST: usize = 24;
/// Heads are not laid out wider than this, so that the state at their end is seen.
const WIDEST: usize = 120;
/// What a model or a place is cut to at most.
const CUT_TO: usize = 12;
/// Below this width a session takes two lines.
const NARROW: usize = 60;

/// Rows of sessions: id, title, agent, place, age and state. Under 60 columns two lines each.
pub(crate) fn rows(sessions: &[&SessionInfo], context: &Context<'_>) -> Vec<String> {
    rows_in(context.width(), sessions, context)
}

/// Likewise, in `width` cells.
pub(crate) fn rows_in(width: usize, sessions: &[&SessionInfo], context: &Context<'_>) -> Vec<String> {
    let style = context.style;
    if width < NARROW {
        return sessions.iter().map(|session| narrow_row(session, width, context)).collect();
    }
    let mut table = Table::new(&[Align::Left; 5]);
    for session in sessions {
        table.row(vec![
            Cell::dressed(short_id(session), Style::id),
            Cell::dressed(title(session, style), Style::bold),
            Cell::new(clean::one_line(&session.agent)),
            Cell::new(place(session)),
            age_and_state(session, context),
        ]);
    }
    // The title takes what is left: wider than the longest one only for the sake of a steady look.
    let widths = table.widths();
    let others: usize =
        [0, 2, 3, 4].into_iter().map(|column| if widths[column] > 0 { widths[column] + 2 } else { 0 }).sum();
    let room = width.saturating_sub(others);
    if widths[1] < TITLE_CELLS && room > widths[1] {
        let filled = TITLE_CELLS.min(room);
        table.fill(1, filled);
    }
    table.lines(width, &[(1, TITLE_LEAST), (3, CUT_TO), (1, CUT_TO), (3, 6)], style)
}

/// The head of a session: what, by whom, where, when, how much.
pub(crate) fn head(session: &SessionInfo, context: &Context<'_>) -> Vec<String> {
    head_in(context.width(), session, context)
}

/// Likewise, in `width` cells.
pub(crate) fn head_in(width: usize, session: &SessionInfo, context: &Context<'_>) -> Vec<String> {
    let style = context.style;
    let width = width.min(WIDEST);
    let label = format!("{} {}", text::SESSION, short_id(session));
    let star = session.starred.then_some(text::STARRED);
    let state = star.into_iter().chain(session.state.word()).collect::<Vec<_>>().join(" ");
    let room = width.saturating_sub(cells::cells(&label) + 2 + if state.is_empty() { 0 } else { state.len() + 2 });
    let title = cells::cut_end(&title(session, style), room, style.ellipsis());
    let mut first = format!("{} {}  {}", text::SESSION, style.id(&short_id(session)), style.bold(&title));
    if !state.is_empty() {
        first.push_str(&cells::padding(&title, room));
        first.push_str("  ");
        let words =
            star.map(str::to_owned).into_iter().chain(session.state.word().map(|_| state_word(session.state, style)));
        first.push_str(&words.collect::<Vec<_>>().join(" "));
    }
    let mut lines = vec![first];
    let mut facts = vec![clean::one_line(&session.agent).into_owned()];
    facts.extend(session.model.as_deref().map(|model| clean::one_line(model).into_owned()));
    facts.extend(Some(place(session)).filter(|place| !place.is_empty()));
    let names = facts.len();
    if let Some(updated) = session.updated {
        let ago = context.times.ago(updated);
        let minute = context.times.minute(updated);
        let is_age = ago == "now" || ago.ends_with(text::AGO);
        facts.push(if is_age { format!("{minute} ({ago})") } else { minute });
    }
    if session.stats.active_ms > 0 {
        facts.push(format!("{} {}", text::ACTIVE, number::duration(session.stats.active_ms)));
    }
    shrink(&mut facts, names, width, style);
    lines.extend(joined(&facts, width));
    lines.extend(joined(&figures(session), width));
    lines
}

/// Turns, files, lines, tokens, cost, the last check.
fn figures(session: &SessionInfo) -> Vec<String> {
    let stats = &session.stats;
    let mut figures = vec![number::counted(stats.turns, text::TURN, text::TURNS)];
    if stats.files > 0 {
        let files = number::counted(stats.files, text::FILE, text::FILES);
        figures.push(format!("{files} {}", changed(stats, Style::default())));
    }
    if stats.errors > 0 {
        figures.push(number::counted(stats.errors, text::FAILED_CALL, text::FAILED_CALLS));
    }
    figures.push(match tokens(stats) {
        // Agents that log none used some all the same.
        0 => format!("{} -", text::TOKENS),
        tokens => number::counted(tokens, text::TOKEN, text::TOKENS),
    });
    figures.push(match stats.cost {
        Some(_) => number::cost(stats.cost, stats.cost_estimated),
        None => format!("{} -", text::COST),
    });
    if let Some(check) = &session.last_check {
        let check = cells::cut_end(&clean::one_line(check), 30, "...");
        figures.push(match session.last_check_ok {
            Some(true) => format!("{check} {}", text::CHECK_OK),
            Some(false) => format!("{check} {}", text::CHECK_FAILED),
            None => check,
        });
    }
    figures
}

/// All that is known of a session, a line a field.
pub(crate) fn fields(session: &SessionInfo, context: &Context<'_>) -> Vec<String> {
    let times = &context.times;
    let stats = &session.stats;
    let clean = |text: &Option<String>| text.as_deref().map(|text| clean::one_line(text).into_owned());
    let parent = session.parent.as_deref().map(|parent| {
        let relation = match session.relation {
            Some(SessionRelation::Fork) => text::FORK_OF,
            _ => text::SUBAGENT_OF,
        };
        format!("{relation} {}", clean::one_line(parent))
    });
    let path = context.path(&session.path);
    let fields: [(&str, Option<String>); 13] = [
        (text::FIELD_ID, Some(clean::one_line(&session.id).into_owned())),
        (text::FIELD_AGENT_ID, Some(clean::one_line(&session.native_id).into_owned())),
        (text::FIELD_PARENT, parent),
        (text::FIELD_STARTED, session.started.map(|started| times.absolute(started))),
        (text::FIELD_HOST, clean(&session.host)),
        (text::FIELD_DIRECTORY, session.cwd.as_deref().map(|cwd| context.path(cwd))),
        (text::FIELD_COMMIT, clean(&session.commit)),
        (text::FIELD_REMOTE, clean(&session.remote)),
        (text::FIELD_VERSION, clean(&session.agent_version)),
        (text::FIELD_EVENTS, Some(text::events_calls_edits(session.events.into(), stats.calls, stats.edits))),
        (text::FIELD_TOKENS, Some(text::tokens_apart(stats))),
        (text::FIELD_FILE, Some(if session.vanished { format!("{path} ({})", text::VANISHED) } else { path })),
        (text::FIELD_PROMPT, clean(&session.first_prompt)),
    ];
    let widest = fields.iter().map(|(label, _)| label.len()).max().unwrap_or(0);
    let known = fields.into_iter().filter_map(|(label, value)| Some((label, value.filter(|value| !value.is_empty())?)));
    known.map(|(label, value)| format!("  {label:widest$}  {value}")).collect()
}

/// A session in piped output: tabs, nothing cut, the time in RFC 3339.
pub(crate) fn tabs(session: &SessionInfo) -> String {
    [
        short_id(session),
        time::iso(session.updated),
        clean::one_line(&session.agent).into_owned(),
        session.model.as_deref().map(|model| clean::one_line(model).into_owned()).unwrap_or_default(),
        place(session),
        session.state.word().unwrap_or_default().to_owned(),
        session.stats.turns.to_string(),
        clean::one_line(&session.title).into_owned(),
    ]
    .join("\t")
}

/// Where a session took place: `app@main`, the repository's owner left out; of another machine `app@main  laptop`.
pub(crate) fn place(session: &SessionInfo) -> String {
    let repository = session.repository.as_deref().map(clean::one_line).unwrap_or_default();
    let name = repository.rsplit('/').next().unwrap_or_default();
    let place = match session.branch.as_deref().map(clean::one_line) {
        Some(branch) if !branch.is_empty() => format!("{name}@{branch}"),
        _ => name.to_owned(),
    };
    match session.host.as_deref().map(clean::one_line) {
        Some(host) if place.is_empty() => host.into_owned(),
        Some(host) => format!("{place}  {host}"),
        None => place,
    }
}

pub(crate) fn short_id(session: &SessionInfo) -> String {
    clean::one_line(&session.short_id).into_owned()
}

/// All tokens, whatever their price.
pub(crate) fn tokens(stats: &SessionStats) -> u64 {
    stats.input_tokens + stats.output_tokens + stats.cache_read_tokens + stats.cache_write_tokens
}

/// `+120 -8`
pub(crate) fn changed(stats: &SessionStats, style: Style) -> String {
    let added = format!("+{}", number::count(stats.added));
    let removed = format!("-{}", number::count(stats.removed));
    format!("{} {}", style.added(&added), style.removed(&removed))
}

fn title(session: &SessionInfo, style: Style) -> String {
    let title = clean::one_line(&session.title);
    if session.relation == Some(SessionRelation::Subagent) {
        format!("{} {title}", style.subagent_sign())
    } else {
        title.into_owned()
    }
}

fn age_and_state(session: &SessionInfo, context: &Context<'_>) -> Cell {
    let mut age = context.times.listed(session.updated);
    if session.starred {
        age = format!("{age} {}", text::STARRED);
    }
    let Some(word) = session.state.word() else { return Cell::new(age) };
    let dress = match session.state {
        SessionState::Live => Style::live,
        SessionState::Waiting => Style::waiting,
        _ => Style::dim,
    };
    Cell::dressed(format!("{age} {word}"), dress)
}

fn state_word(state: SessionState, style: Style) -> String {
    let word = state.word().unwrap_or_default();
    match state {
        SessionState::Live => style.live(word).into_owned(),
        SessionState::Waiting => style.waiting(word).into_owned(),
        _ => style.dim(word).into_owned(),
    }
}

/// Two lines: the title by itself, the rest below.
fn narrow_row(session: &SessionInfo, width: usize, context: &Context<'_>) -> String {
    let style = context.style;
    let id = short_id(session);
    let title = cells::cut_end(&title(session, style), width.saturating_sub(cells::cells(&id) + 2), style.ellipsis());
    let agent = clean::one_line(&session.agent);
    let age = age_and_state(session, context).into_text();
    let room = width.saturating_sub(cells::cells(&agent) + cells::cells(&age) + 6);
    let place = cells::cut_end(&place(session), room, style.ellipsis());
    let place = if place.is_empty() { place } else { format!("{place}  ") };
    format!("{}  {}\n  {agent}  {place}{age}", style.id(&id), style.bold(&title))
}

/// Cuts the first `names` facts but the agent (the model, then the place) where that brings the facts on one line. Ids, counts and times stay whole.
fn shrink(facts: &mut [String], names: usize, width: usize, style: Style) {
    let excess = |facts: &[String]| {
        let total: usize = facts.iter().map(|fact| cells::cells(fact) + 2).sum();
        total.saturating_sub(width)
    };
    let mut cut = facts.to_vec();
    for index in 1..names {
        let own = cells::cells(&cut[index]);
        let to = own.saturating_sub(excess(&cut)).max(CUT_TO.min(own));
        cut[index] = cells::cut_end(&cut[index], to, style.ellipsis());
    }
    if excess(&cut) == 0 {
        facts.clone_from_slice(&cut);
    }
}

/// Parts with commas between them, indented, broken only between parts.
fn joined(parts: &[String], width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for (index, part) in parts.iter().enumerate() {
        let comma = if index + 1 < parts.len() { "," } else { "" };
        match lines.last_mut() {
            Some(line) if cells::cells(line) + 1 + cells::cells(part) + comma.len() <= width => {
                line.extend([" ", part, comma]);
            }
            _ => lines.push(format!("  {part}{comma}")),
        }
    }
    lines
}
