//! `opensession search`

mod kept;

use opensession_protocol::{
    Hit, IndexState, IndexStatus, Scope, SearchAnswer, SearchOptions, SessionHits, SessionInfo,
};
use serde::Serialize;
use serde_json::{Value, json};

use crate::arguments::{HELP_TEMPLATE, query_words};
use crate::context::Context;
use crate::failure::{self, Exit, Failure};
use crate::format::{cells, clean, number, path, time};
use crate::output::{Align, Cell, Style, Table};
use crate::{progress, session_line, text};

/// Sessions at most that one request gives.
const LIMIT_MOST: u32 = 200;
/// Hits at most that one session gives.
const HITS_MOST: u32 = 1_000;

/// Search what was said, run and changed in all sessions.
#[derive(Debug, clap::Args)]
#[command(
    help_template = HELP_TEMPLATE,
    before_help = "Examples:\n  opensession search lock panicked\n  opensession search '\"race condition\"' agent:codex since:2w\n  \
                   opensession search --save slow 'duration:>1h' is:error",
    after_help = "The query needs no quotes. After its first word everything is a word but the long names of the flags \
                  above: `opensession search git commit --no-verify -m` searches for all of it. After -- all is words. \
                  What the shell was given in quotes, with a space in it and nothing of the language, is a phrase.\n\n\
                  The language of queries: opensession help search"
)]
#[expect(clippy::struct_excessive_bools, reason = "flags, as they are typed")]
pub(crate) struct Arguments {
    /// Words, "phrases", fields such as agent:codex, is:error, since:2w
    #[arg(value_name = "QUERY", required_unless_present_any = ["saved", "unsave", "history", "forget_history"])]
    words: Vec<String>,
    /// Show at most N sessions [default: 20]
    #[arg(long, short = 'n', value_name = "N", help_heading = "How much")]
    limit: Option<u32>,
    /// Show at most N hits of each session [default: 3]
    #[arg(long, value_name = "N", help_heading = "How much")]
    hits: Option<u32>,
    /// Show all sessions and all hits
    #[arg(long, conflicts_with_all = ["limit", "hits"], help_heading = "How much")]
    all: bool,
    /// Sessions of all repositories, not only of the one here
    #[arg(long, help_heading = "Which sessions")]
    all_repos: bool,
    /// Save the query under NAME, and search
    #[arg(long, value_name = "NAME", help_heading = "Saved and earlier searches")]
    save: Option<String>,
    /// Search as saved under NAME, narrowed by QUERY; without NAME list what is saved
    #[arg(
        long,
        value_name = "NAME",
        num_args = 0..=1,
        default_missing_value = "",
        conflicts_with = "save",
        help_heading = "Saved and earlier searches"
    )]
    saved: Option<String>,
    /// Forget the search saved under NAME
    #[arg(
        long,
        value_name = "NAME",
        conflicts_with_all = ["save", "saved", "history", "words"],
        help_heading = "Saved and earlier searches"
    )]
    unsave: Option<String>,
    /// List the last queries that found something, last first
    #[arg(long, conflicts_with_all = ["save", "saved", "words"], help_heading = "Saved and earlier searches")]
    history: bool,
    /// Forget those queries
    #[arg(
        long,
        conflicts_with_all = ["save", "saved", "unsave", "history", "words"],
        help_heading = "Saved and earlier searches"
    )]
    forget_history: bool,
    /// Count by repository and by month too
    #[arg(long, help_heading = "Display")]
    facets: bool,
    /// One JSON object a line: sessions, then a summary
    #[arg(long, help_heading = "Display")]
    json: bool,
}

pub(crate) fn run(arguments: Arguments, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let mut query = query_words::query(&arguments.words);
    if let Some(done) = kept::list_or_forget(&arguments, context)? {
        return Ok(done);
    }
    if let Some(name) = &arguments.saved {
        query = kept::saved_query(name, &query, context)?;
    }
    if let Some(name) = &arguments.save {
        kept::save(name, &query, context)?;
    }
    let mut shown = Shown { query, arguments, sessions: Vec::new() };
    let mut answer = shown.search(context)?;
    if answer.reading {
        let status: IndexStatus = context.ask("index/status", &json!({}))?;
        let is_reading = status.state == IndexState::Reading;
        let found_nothing = shown.sessions.is_empty();
        if is_reading && (status.first_run || found_nothing) {
            // What is found so far stands already; what the rest of the reading brings follows it.
            progress::await_reading(context, &status)?;
        }
        if found_nothing || is_reading && status.first_run {
            answer = shown.search(context)?;
        }
    }
    shown.close(&answer, context)
}

/// A search and what was shown of its answer.
struct Shown {
    query: String,
    arguments: Arguments,
    /// Ids of the sessions shown.
    sessions: Vec<String>,
}

impl Shown {
    /// Searches, and shows the sessions that were not shown yet. Gives the first page's answer, which has the counts.
    fn search(&mut self, context: &mut Context<'_>) -> Result<SearchAnswer, Failure> {
        let mut first: Option<SearchAnswer> = None;
        let wanted = if self.arguments.all { u64::MAX } else { u64::from(self.arguments.limit.unwrap_or(20)) };
        let mut offset: u32 = 0;
        loop {
            let limit = u32::try_from(wanted - u64::from(offset)).unwrap_or(u32::MAX).min(LIMIT_MOST);
            let answer = self.ask(limit, offset, context)?;
            let got = answer.sessions.len() as u32;
            offset += got;
            self.show(&answer, context)?;
            let complete = got < limit || u64::from(offset) >= wanted;
            let first = first.get_or_insert(answer);
            if complete {
                return Ok(std::mem::take(first));
            }
        }
    }

    fn ask(&self, limit: u32, offset: u32, context: &mut Context<'_>) -> Result<SearchAnswer, Failure> {
        let hits =
            if self.arguments.all { Some(HITS_MOST) } else { self.arguments.hits.map(|hits| hits.min(HITS_MOST)) };
        let options = SearchOptions {
            scope: Scope { cwd: context.directory(), all: self.arguments.all_repos },
            limit: Some(limit),
            hits_per_session: hits,
            offset,
            facets: self.arguments.facets,
            // What a script asks for is nothing that anybody typed.
            remember: offset == 0 && context.to_terminal(),
            // Looked up only where a date can depend on it.
            time_zone: if has_date(&self.query) { context.times.zone_name() } else { None },
            ..SearchOptions::default()
        };
        let params = json!({ "query": self.query, "options": options });
        let answer = context.connection()?.ask("search/query", &params);
        answer.map_err(|error| context.refused(error, Some(&self.query)))
    }

    fn show(&mut self, answer: &SearchAnswer, context: &mut Context<'_>) -> Result<(), Failure> {
        let new: Vec<&SessionHits> =
            answer.sessions.iter().filter(|found| !self.sessions.contains(&found.session.id)).collect();
        if self.arguments.json {
            for found in &new {
                context.json_as("session", &FoundSession::new(found))?;
            }
        } else if context.to_terminal() {
            self.lay_out(&new, context)?;
        } else {
            for found in &new {
                for line in tabs(found) {
                    context.output.line(&line)?;
                }
            }
        }
        self.sessions.extend(new.iter().map(|found| found.session.id.clone()));
        Ok(())
    }

    fn lay_out(&self, found: &[&SessionHits], context: &mut Context<'_>) -> Result<(), Failure> {
        let style = context.style;
        let infos: Vec<_> = found.iter().map(|found| &found.session).collect();
        let rows = session_line::rows(&infos, context);
        let hits = || found.iter().flat_map(|found| &found.hits);
        let name_width = hits().map(|hit| cells::cells(&hit_name(hit, style))).max().unwrap_or(0);
        let kind_width = hits().map(|hit| hit.kind.name().len()).max().unwrap_or(0);
        for (index, (found, row)) in found.iter().zip(rows).enumerate() {
            if index > 0 || !self.sessions.is_empty() {
                context.output.line("")?;
            }
            context.output.line(&row)?;
            for hit in &found.hits {
                let name = hit_name(hit, style);
                let kind = hit.kind.name();
                let (name_padding, kind_padding) =
                    (cells::padding(&name, name_width), cells::padding(kind, kind_width));
                let room = context.width().saturating_sub(2 + name_width + 2 + kind_width + 2).max(20);
                let dressed_kind = if hit.error { style.failed(kind) } else { style.dim(kind) };
                let line = format!(
                    "  {}{name_padding}  {dressed_kind}{kind_padding}  {}",
                    style.id(&name),
                    snippet(hit, room, style)
                );
                context.output.line(line.trim_end())?;
            }
            for line in self.notes(found, context.width()) {
                context.output.line(&style.dim(&format!("  {line}")))?;
            }
        }
        Ok(())
    }

    /// The query as it can be typed again.
    fn as_typed(&self) -> String {
        let saved = self.arguments.saved.iter().flat_map(|name| ["--saved".to_owned(), name.clone()]);
        path::shell_line(&saved.chain(self.arguments.words.iter().cloned()).collect::<Vec<_>>())
    }

    /// What else there is to a session: more hits, copies, words that it lacks.
    fn notes(&self, found: &SessionHits, width: usize) -> Vec<String> {
        let mut notes = Vec::new();
        let more = found.total.saturating_sub(found.hits.len() as u64);
        if more > 0 {
            let query = self.as_typed();
            let id = session_line::short_id(&found.session);
            let whole = text::more_hits(more, &format!("opensession search {query} session:{id} --all"));
            let fits = cells::cells(&whole) + 2 <= width;
            notes.push(if fits { whole } else { text::more_hits(more, &format!("session:{id} --all")) });
        }
        if !found.missing.is_empty() {
            notes.push(text::missing(&clean::one_line(&found.missing.join(", "))));
        }
        if found.copies > 0 {
            notes.push(text::copies(found.copies));
        }
        notes
    }

    /// Says what was found, and how to go on.
    fn close(&self, answer: &SearchAnswer, context: &mut Context<'_>) -> Result<Exit, Failure> {
        if self.arguments.json {
            context.json(&summary(answer, self.sessions.len()))?;
        }
        for error in &answer.errors {
            let fact = clean::one_line(&error.message).into_owned();
            let [shown, caret] = failure::query_place(&self.query, error);
            let label = context.talk_style.waiting(text::NOTE).into_owned();
            context.output.talk(&format!("{label} {fact}\n  {shown}\n  {caret}"));
            if let Some(hint) = &error.hint {
                context.output.talk(&format!("{} {}", text::HINT, clean::one_line(hint)));
            }
        }
        if !self.arguments.json {
            for word in &answer.interpreted {
                let line = text::interpreted(word);
                let label = context.talk_style.waiting(text::NOTE).into_owned();
                context.output.talk(&format!("{label} {line}"));
            }
        }
        if self.sessions.is_empty() {
            if !self.arguments.json {
                self.explain_nothing(answer, context);
            }
            return Ok(Exit::NothingFound);
        }
        if !self.arguments.json {
            if context.to_terminal() {
                context.output.talk("");
            }
            for line in text::search_summary(answer, self.sessions.len() as u64, context.width(), self.arguments.facets)
            {
                context.output.talk(&line);
            }
            if let Some(hint) = self.next_step(answer) {
                context.hint(&hint);
            }
        }
        if answer.reading {
            context.output.talk(text::STILL_READING);
        }
        Ok(Exit::Done)
    }

    fn next_step(&self, answer: &SearchAnswer) -> Option<String> {
        let best = answer.sessions.first()?;
        let id = session_line::short_id(&best.session);
        let show = match best.hits.first() {
            Some(hit) => hit_id(&id, hit),
            None => id,
        };
        let mut narrow = Vec::new();
        if let Some(agent) = answer.by_agent.get(1).filter(|_| !self.query.contains("agent:")) {
            narrow.push(format!("agent:{}", clean::one_line(&agent.value)));
        }
        for part in ["is:error", "since:1w"] {
            let field = part.split(':').next().unwrap_or_default();
            if !self.query.contains(&format!("{field}:")) {
                narrow.push(part.to_owned());
            }
        }
        Some(match narrow.as_slice() {
            [] => format!("opensession show {show}"),
            _ => format!("opensession show {show}   {} {}", text::NARROW, narrow.join(" ")),
        })
    }

    /// An empty answer says what was searched and which part to drop.
    fn explain_nothing(&self, answer: &SearchAnswer, context: &mut Context<'_>) {
        context.output.talk(&text::no_session_matches(&clean::one_line(&self.query)));
        if let Some(empty) = &answer.empty {
            let mut table = Table::new(&[Align::Left, Align::Right, Align::Left]);
            for part in &empty.without {
                let is_alone = empty.without.len() == 1;
                table.row(vec![
                    Cell::new(text::without(&clean::one_line(&part.part))),
                    Cell::new(number::count(part.sessions)),
                    Cell::new(if part.alone == 0 && !is_alone { text::NOTHING_HAS_IT } else { "" }),
                ]);
            }
            for near in empty.without.iter().flat_map(|part| &part.near) {
                table.row(vec![
                    Cell::new(clean::one_line(&near.value)),
                    Cell::new(number::count(near.count)),
                    Cell::new(text::DID_YOU_MEAN),
                ]);
            }
            for line in table.lines(context.width().saturating_sub(2), &[], context.talk_style) {
                context.output.talk(&format!("  {line}"));
            }
            if empty.elsewhere > 0 {
                context.output.talk(&text::elsewhere(empty.elsewhere));
            }
        }
        if let Some(state) = answer.empty.as_ref().and_then(|empty| text::index_state(empty.index)) {
            context.output.talk(state);
        }
        let here = answer.scope_repository.as_deref().map(clean::one_line);
        context.output.talk(&text::searched(answer.searched, here.as_deref(), has_date(&self.query)));
        if answer.reading {
            context.output.talk(text::STILL_READING);
        }
        if self.arguments.words.iter().any(|word| word.contains(' ')) && !self.query.contains(':') {
            let words = self.arguments.words.join(" ");
            context.hint(&text::as_words(&words));
        }
    }
}

/// The event's number, with its session's where that is a sub-agent's.
fn hit_name(hit: &Hit, style: Style) -> String {
    match &hit.session {
        Some(session) => format!("{} {}#{}", style.subagent_sign(), short(session), hit.event),
        None => format!("#{}", hit.event),
    }
}

/// What `show` takes.
fn hit_id(listed_under: &str, hit: &Hit) -> String {
    match &hit.session {
        Some(session) => format!("{}#{}", short(session), hit.event),
        None => format!("{listed_under}#{}", hit.event),
    }
}

fn short(session: &str) -> String {
    clean::one_line(session).chars().take(8).collect()
}

/// The snippet in `room` cells, cut around its first match.
fn snippet(hit: &Hit, room: usize, style: Style) -> String {
    // Ranges count code points of the text as it came; what is made harmless has fewer.
    let numbered = clean::numbered(&hit.text);
    let characters: Vec<char> = numbered.iter().map(|(_, character)| *character).collect();
    let place = |number: u32| numbered.partition_point(|(at, _)| *at < number as usize);
    let ranges: Vec<(usize, usize)> = hit.ranges.iter().map(|&(from, to)| (place(from), place(to))).collect();
    let width = |from: usize, to: usize| cells::cells(&characters[from..to].iter().collect::<String>());
    let (first, end_of_first) = ranges.first().copied().unwrap_or_default();
    let dots = cells::cells(style.ellipsis());
    let mut start = 0;
    if width(0, characters.len()) > room && width(0, end_of_first) + dots > room {
        // A third of the room for what comes before the match.
        start = first;
        while start > 0 && width(start - 1, first) + dots <= room / 3 {
            start -= 1;
        }
    }
    let before = if start > 0 { style.ellipsis() } else { "" };
    let mut end = characters.len();
    if width(start, end) + cells::cells(before) > room {
        let text: String = characters[start..].iter().collect();
        let kept = cells::head(&text, room.saturating_sub(cells::cells(before) + dots));
        end = start + kept.chars().count();
    }
    let after = if end < characters.len() { style.ellipsis() } else { "" };
    let mut dressed = before.to_owned();
    let mut at = start;
    for (from, to) in ranges {
        let (from, to) = (from.clamp(at, end), to.clamp(at, end));
        dressed.extend(&characters[at..from]);
        dressed.push_str(&style.hit(&characters[from..to].iter().collect::<String>()));
        at = to;
    }
    dressed.extend(&characters[at..end]);
    dressed.push_str(after);
    dressed
}

/// A line per hit: `id#event`, kind, time, agent, place, title, text.
fn tabs(found: &SessionHits) -> Vec<String> {
    let session = &found.session;
    let id = session_line::short_id(session);
    let line = |name: String, kind: &str, ts, text: &str| {
        [
            &name,
            kind,
            &time::iso(ts),
            &clean::one_line(&session.agent),
            &session_line::place(session),
            &clean::one_line(&session.title),
            &clean::one_line(text),
        ]
        .join("\t")
    };
    if found.hits.is_empty() {
        return vec![line(id, "", session.updated, "")];
    }
    found.hits.iter().map(|hit| line(hit_id(&id, hit), hit.kind.name(), hit.ts, &hit.text)).collect()
}

/// A session's fields, its hits among them.
#[derive(Serialize)]
struct FoundSession<'a> {
    #[serde(flatten)]
    session: &'a SessionInfo,
    hits: &'a [Hit],
    total: u64,
    copies: u64,
    missing: &'a [String],
    score: f32,
}

impl<'a> FoundSession<'a> {
    fn new(found: &'a SessionHits) -> Self {
        let SessionHits { session, hits, total, copies, missing, score } = found;
        Self { session, hits, total: *total, copies: *copies, missing, score: *score }
    }
}

fn summary(answer: &SearchAnswer, shown: usize) -> Value {
    json!({
        "type": "summary",
        "sessions": shown,
        "matching_all": answer.matching_all,
        "matching_any": answer.matching_any,
        "hits": answer.hits,
        "by_agent": answer.by_agent,
        "hits_at_least": answer.hits_at_least,
        "by_kind": answer.by_kind,
        "by_repository": answer.by_repository,
        "by_month": answer.by_month,
        "interpreted": answer.interpreted,
        "errors": answer.errors,
        "empty": answer.empty,
        "scope_repository": answer.scope_repository,
        "searched": answer.searched,
        "reading": answer.reading,
        "took_us": answer.took_us,
    })
}

/// Whether the query has a date in it, which depends on the time zone.
fn has_date(query: &str) -> bool {
    ["after:", "before:", "on:", "since:", "until:"].iter().any(|field| query.contains(field))
}
