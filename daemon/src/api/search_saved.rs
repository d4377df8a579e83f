//! `search/saved`, `search/save`, `search/unsave`

use jiff::Timestamp;
use jsonrpsee::core::RpcResult;
use opensession_protocol::SavedSearch;

use super::{errors, filter, keep};
use crate::{
    engine::Engine,
    ingest::Keep,
    search::query::{MAX_QUERY_BYTES, nearest_name},
};

/// Characters of a name at most: it stands in lists and menus.
const NAME_CHARS: usize = 60;

/// Lists them.
pub(super) fn list(engine: &Engine) -> RpcResult<Vec<SavedSearch>> {
    engine.texts.with_reader(|reader| reader.saved_searches()).map_err(errors::store)
}

/// Saves one. A query that cannot be run is refused now, rather than whenever it is asked for.
pub(super) fn save(engine: &Engine, name: &str, query: &str) -> RpcResult<SavedSearch> {
    let (name, query) = (name.trim(), query.trim());
    if name.is_empty() || name.chars().count() > NAME_CHARS || name.chars().any(char::is_control) {
        let hint = format!("give one of 1 to {NAME_CHARS} characters on one line");
        return Err(errors::bad_value(format!("`{}` is no name", name.escape_debug()), hint));
    }
    if query.is_empty() || query.len() > MAX_QUERY_BYTES {
        let hint = format!("give one of 1 to {MAX_QUERY_BYTES} bytes");
        return Err(errors::bad_value("no query to save", hint));
    }
    filter::read(query, &filter::context(engine, None)?)?;
    let saved = Timestamp::from_millisecond(Timestamp::now().as_millisecond()).ok();
    let search = SavedSearch { name: name.to_owned(), query: query.to_owned(), saved };
    keep::carry_out(engine, |reply| Keep::Save(search.clone(), reply))?;
    Ok(search)
}

/// Forgets one.
pub(super) fn unsave(engine: &Engine, name: &str) -> RpcResult<SavedSearch> {
    let name = name.trim();
    let known = list(engine)?;
    let Some(search) = known.iter().find(|search| search.name == name) else {
        let names = known.iter().map(|search| search.name.as_str());
        let hint = match nearest_name(name, names) {
            Some(near) => format!("did you mean {near}?"),
            None => "opensession search --saved lists them".to_owned(),
        };
        return Err(errors::bad_value(format!("no saved search {name}"), hint));
    };
    keep::carry_out(engine, |reply| Keep::Unsave(name.to_owned(), reply))?;
    Ok(search.clone())
}
