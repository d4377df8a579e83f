//! Which sessions a list or a table of figures holds.

use std::{collections::HashSet, sync::Arc};

use jsonrpsee::core::RpcResult;
use opensession_protocol::SessionFilter;

use super::{errors, scope};
use crate::{
    catalog::{Catalog, SessionEntry, SessionKey},
    engine::Engine,
    search::{
        SearchRequest,
        pattern::{is_of_host, repository_matches},
        query::{Field, Glob, ParseContext, Query, TimeRange, parse},
    },
};

/// The sessions that a filter leaves, last changed first; and the repository that its scope came to.
pub(super) struct Left {
    pub(super) sessions: Vec<Arc<SessionEntry>>,
    pub(super) scope_repository: Option<String>,
}

/// Applies a filter.
pub(super) fn apply(
    engine: &Engine,
    catalog: &Catalog,
    filter: &SessionFilter,
    time_zone: Option<&str>,
) -> RpcResult<Left> {
    let resolved = scope::resolve(engine, &filter.scope);
    let context = context(engine, time_zone)?;
    for agent in &filter.agents {
        if opensession_agents::registry::by_id(agent).is_none() {
            let known: Vec<&str> = opensession_agents::registry::agents().iter().map(|agent| agent.id()).collect();
            return Err(errors::no_agent(agent, &known));
        }
    }
    // Fields of the search language, so that a value means the same everywhere.
    let since = filter.since.as_deref().map(|value| time_range("since", value, &context)).transpose()?;
    let until = filter.until.as_deref().map(|value| time_range("until", value, &context)).transpose()?;
    let model = filter.model.as_deref().map(|value| field("model", value, &context)).transpose()?;
    let host = filter.host.as_deref().map(|value| field("host", value, &context)).transpose()?;
    let branch = filter.branch.as_deref().map(|value| field("model", value, &context)).transpose()?;
    let repository = filter.repository.as_deref().map(|value| field("repo", value, &context)).transpose()?;
    let mut searched: Vec<HashSet<SessionKey>> = Vec::new();
    if let Some(path) = &filter.touches {
        searched.push(sessions_matching(engine, catalog, &quoted("file", path), &context)?);
    }
    if let Some(query) = &filter.grep {
        searched.push(sessions_matching(engine, catalog, query, &context)?);
    }
    let fits = |field: &Option<Field>, name: Option<&str>, fits: fn(&Glob, &str) -> bool| match field {
        Some(Field::Model(globs)) => name.is_some_and(|name| globs.iter().any(|glob| fits(glob, name))),
        _ => true,
    };
    let mut sessions: Vec<Arc<SessionEntry>> = catalog
        .iter()
        .filter(|entry| {
            let info = &entry.info;
            resolved.holds(entry)
                && (filter.subagents || entry.root == entry.key)
                && (filter.agents.is_empty() || filter.agents.contains(&info.agent))
                && (!filter.errors || info.stats.errors > 0)
                && match &host {
                    Some(Field::Host(globs)) => is_of_host(globs, info.host.as_deref()),
                    _ => true,
                }
                && (!filter.starred || info.starred)
                && fits(&model, info.model.as_deref(), Glob::matches_words)
                && fits(&branch, info.branch.as_deref(), Glob::matches)
                && match &repository {
                    Some(Field::Repo(patterns)) => patterns.iter().any(|pattern| is_repository(pattern, entry)),
                    _ => true,
                }
                && since.as_ref().into_iter().chain(&until).all(|range| holds(range, entry.updated_ms))
                && searched.iter().all(|found| found.contains(&entry.key))
        })
        .cloned()
        .collect();
    sessions.sort_by_key(|entry| std::cmp::Reverse((entry.updated_ms, entry.key)));
    Ok(Left { sessions, scope_repository: resolved.name() })
}

/// What a query is read against.
pub(super) fn context(engine: &Engine, time_zone: Option<&str>) -> RpcResult<ParseContext> {
    let mut context = ParseContext::new(jiff::Timestamp::now(), scope::time_zone(time_zone)?);
    context.home = Some(engine.environment().home.display().to_string());
    Ok(context)
}

/// The query, unless it has a mistake that leaves nothing to run.
pub(super) fn read(text: &str, context: &ParseContext) -> RpcResult<Query> {
    let query = parse(text, context);
    match query.errors.iter().find(|error| error.fatal) {
        Some(error) => Err(errors::query(error.message.clone(), query.errors.clone())),
        None => Ok(query),
    }
}

fn sessions_matching(
    engine: &Engine,
    catalog: &Catalog,
    text: &str,
    context: &ParseContext,
) -> RpcResult<HashSet<SessionKey>> {
    let query = read(text, context)?;
    let request = SearchRequest {
        limit: catalog.sessions.len().max(1),
        hits_per_session: 1,
        now_ms: context.now.as_millisecond(),
        ..SearchRequest::default()
    };
    let found = engine.index.search(&query, &request, catalog, &*engine.texts).map_err(errors::search)?;
    let holds_all = found.sessions.iter().filter(|session| session.missing.is_empty());
    Ok(holds_all.map(|session| session.session).collect())
}

/// The value of a field of the search language.
fn field(name: &str, value: &str, context: &ParseContext) -> RpcResult<Field> {
    let query = read(&quoted(name, value), context)?;
    query
        .fields()
        .first()
        .map(|(field, _)| (*field).clone())
        .ok_or_else(|| errors::bad_value(format!("{name}: cannot be {value}"), "see: opensession help search"))
}

pub(super) fn time_range(name: &str, value: &str, context: &ParseContext) -> RpcResult<TimeRange> {
    let query = parse(&format!("{name}:{}", value.trim()), context);
    let range = query.fields().first().and_then(|(field, _)| match field {
        Field::Time(ranges) => ranges.first().copied(),
        _ => None,
    });
    match (range, query.errors.first()) {
        (Some(range), None) => Ok(range),
        (_, error) => Err(errors::bad_value(
            error.map_or_else(|| format!("{value} is no date"), |error| error.message.clone()),
            error.and_then(|error| error.hint.clone()).unwrap_or_else(|| "2026-02-01, yesterday, 2w, RFC 3339".into()),
        )),
    }
}

pub(super) fn quoted(name: &str, value: &str) -> String {
    format!("{name}:\"{}\"", value.replace('"', "\\\""))
}

fn holds(range: &TimeRange, time_ms: i64) -> bool {
    range.from_ms.is_none_or(|from| time_ms >= from) && range.until_ms.is_none_or(|until| time_ms < until)
}

fn is_repository(pattern: &crate::search::query::RepoPattern, entry: &SessionEntry) -> bool {
    let names = [entry.repository_identity.as_deref(), entry.info.repository.as_deref()];
    names.into_iter().flatten().any(|name| repository_matches(pattern, name))
}
