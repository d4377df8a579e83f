//! Saved and earlier searches.

use opensession_protocol::{History, SavedSearch};
use serde_json::json;

use super::Arguments;
use crate::context::Context;
use crate::failure::{Exit, Failure};
use crate::format::{clean, number, time};
use crate::output::{Align, Cell, Style, Table};
use crate::text;

/// Does what is no search: lists what is saved or was run, forgets it. `None` where a search is wanted.
pub(super) fn list_or_forget(arguments: &Arguments, context: &mut Context<'_>) -> Result<Option<Exit>, Failure> {
    if let Some(name) = &arguments.unsave {
        let gone: SavedSearch = context.ask("search/unsave", &json!({ "name": name }))?;
        context.output.line(&text::unsaved(&clean::one_line(&gone.name), &clean::one_line(&gone.query)))?;
        return Ok(Some(Exit::Done));
    }
    if arguments.forget_history {
        let _: History = context.ask("search/history", &json!({ "clear": true, "limit": 0 }))?;
        context.output.line(text::HISTORY_FORGOTTEN)?;
        return Ok(Some(Exit::Done));
    }
    if arguments.history {
        return list_history(arguments, context).map(Some);
    }
    if arguments.saved.as_deref() == Some("") && arguments.words.is_empty() {
        return list_saved(arguments, context).map(Some);
    }
    Ok(None)
}

/// The query saved under a name, narrowed by another one.
pub(super) fn saved_query(name: &str, narrowed_by: &str, context: &mut Context<'_>) -> Result<String, Failure> {
    let saved: Vec<SavedSearch> = context.ask("search/saved", &json!({}))?;
    let Some(search) = saved.into_iter().find(|search| search.name == name) else {
        return Err(Failure::wrong_input(text::no_saved_search(name)).hint(text::HINT_SAVED));
    };
    if narrowed_by.is_empty() {
        return Ok(search.query);
    }
    Ok(format!("({}) {narrowed_by}", search.query))
}

/// Saves a query.
pub(super) fn save(name: &str, query: &str, context: &mut Context<'_>) -> Result<(), Failure> {
    let params = json!({ "name": name, "query": query });
    let saved: Result<SavedSearch, _> = context.connection()?.ask("search/save", &params);
    let saved = saved.map_err(|error| context.refused(error, Some(query)))?;
    context.output.talk(&text::saved_as(&crate::format::path::shell_line(&[saved.name])));
    Ok(())
}

fn list_saved(arguments: &Arguments, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let saved: Vec<SavedSearch> = context.ask("search/saved", &json!({}))?;
    if arguments.json {
        saved.iter().try_for_each(|search| context.json_as("saved_search", search))?;
        context.json(&json!({ "type": "summary", "saved_searches": saved.len() }))?;
    }
    if saved.is_empty() {
        if !arguments.json {
            context.output.talk(text::NOTHING_SAVED);
            context.hint(text::HINT_SAVE);
        }
        return Ok(Exit::NothingFound);
    }
    if !arguments.json {
        let rows = saved.iter().map(|search| [search.name.clone(), search.query.clone()]);
        let times: Vec<_> = saved.iter().map(|search| search.saved).collect();
        show(rows.collect(), &times, context)?;
    }
    Ok(Exit::Done)
}

fn list_history(arguments: &Arguments, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let history: History = context.ask("search/history", &json!({ "limit": arguments.limit }))?;
    let queries = &history.queries;
    if arguments.json {
        queries.iter().try_for_each(|query| context.json_as("past_query", query))?;
        context.json(&json!({ "type": "summary", "past_queries": queries.len(), "kept": history.kept }))?;
    }
    if queries.is_empty() {
        if !arguments.json {
            context.output.talk(if history.kept { text::NO_HISTORY } else { text::HISTORY_OFF });
        }
        return Ok(Exit::NothingFound);
    }
    if !arguments.json {
        let found = |sessions| number::counted(sessions, "session", "sessions");
        let rows = queries.iter().map(|query| [query.query.clone(), found(query.sessions)]);
        let times: Vec<_> = queries.iter().map(|query| query.ran).collect();
        show(rows.collect(), &times, context)?;
    }
    Ok(Exit::Done)
}

/// Two texts and a time a row; tabs where nobody reads it.
fn show(rows: Vec<[String; 2]>, times: &[Option<jiff::Timestamp>], context: &mut Context<'_>) -> Result<(), Failure> {
    let rows = rows.iter().map(|row| row.each_ref().map(|text| clean::one_line(text).into_owned())).zip(times);
    if !context.to_terminal() {
        for ([first, second], at) in rows {
            context.output.line(&[first, second, time::iso(*at)].join("\t"))?;
        }
        return Ok(());
    }
    let mut table = Table::new(&[Align::Left; 3]);
    for ([first, second], at) in rows {
        table.row(vec![Cell::dressed(first, Style::bold), Cell::new(second), Cell::new(context.times.listed(*at))]);
    }
    let lines = table.lines(context.width(), &[(1, 20), (0, 20)], context.style);
    lines.iter().try_for_each(|line| context.output.line(line))
}
