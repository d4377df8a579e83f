//! Settings in TOML: a table is added at the end; where the servers stand in an inline table, into that.

use serde_json::Value;
use toml_edit::{Array, DocumentMut, InlineTable, Item, Table, TableLike};

use super::{Edit, EditError};

/// The edit that puts `entry` under `name` into `table`; `None` when it is there.
pub(super) fn insert(text: &str, table: &str, name: &str, entry: &Value) -> Result<Option<Edit>, EditError> {
    let mut document = parse(text)?;
    let wanted = entry_table(entry);
    match document.get(table) {
        None => return Ok(Some(appended(text, table, name, &wanted))),
        Some(servers) => {
            let Some(servers) = servers.as_table_like() else { return Err(EditError::InTheWay(table.to_owned())) };
            if let Some(there) = servers.get(name) {
                let same = there.as_table_like().is_some_and(|there| is_same(there, &wanted));
                return if same { Ok(None) } else { Err(EditError::InTheWay(format!("{table}.{name}"))) };
            }
            if document.get(table).is_some_and(Item::is_table) {
                return Ok(Some(appended(text, table, name, &wanted)));
            }
        }
    }
    if let Some(servers) = document.get_mut(table).and_then(Item::as_inline_table_mut) {
        let inline: InlineTable = wanted.into_inline_table();
        servers.insert(name, inline.into());
    }
    Ok(Some(difference(text, &document.to_string())))
}

/// The text without `table`'s `name`; `None` when it is not there.
pub(super) fn remove(text: &str, table: &str, name: &str) -> Result<Option<String>, EditError> {
    let mut document = parse(text)?;
    let removed = document.get_mut(table).and_then(Item::as_table_like_mut).and_then(|servers| servers.remove(name));
    Ok(removed.map(|_| document.to_string()))
}

fn parse(text: &str) -> Result<DocumentMut, EditError> {
    text.parse().map_err(|error: toml_edit::TomlError| EditError::Unreadable(error.message().to_owned()))
}

fn entry_table(entry: &Value) -> Table {
    let mut table = Table::new();
    for (key, value) in entry.as_object().into_iter().flatten() {
        let value: toml_edit::Value = match value {
            Value::Array(items) => items.iter().filter_map(Value::as_str).collect::<Array>().into(),
            Value::Object(members) => {
                let texts = members.iter().filter_map(|(key, value)| Some((key, value.as_str()?)));
                texts.collect::<InlineTable>().into()
            }
            other => other.as_str().unwrap_or_default().into(),
        };
        table.insert(key, Item::Value(value));
    }
    table
}

fn is_same(there: &dyn TableLike, wanted: &Table) -> bool {
    let text = |item: &Item| item.to_string().trim().to_owned();
    there.len() == wanted.len()
        && wanted.iter().all(|(key, item)| there.get(key).is_some_and(|it| text(it) == text(item)))
}

fn appended(text: &str, table: &str, name: &str, entry: &Table) -> Edit {
    let line_break = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let mut after = match text {
        "" => String::new(),
        text if text.ends_with('\n') => line_break.to_owned(),
        _ => line_break.repeat(2),
    };
    for line in std::iter::once(format!("[{table}.{name}]")).chain(entry.to_string().lines().map(str::to_owned)) {
        after.push_str(&line);
        after.push_str(line_break);
    }
    Edit { at: text.len(), before: String::new(), after }
}

/// Where two texts differ: what was put into the first to make it the second.
fn difference(old: &str, new: &str) -> Edit {
    let start = old.bytes().zip(new.bytes()).take_while(|(one, other)| one == other).count();
    let start = (0..=start).rev().find(|at| old.is_char_boundary(*at) && new.is_char_boundary(*at)).unwrap_or(0);
    let (old_rest, new_rest) = (&old[start..], &new[start..]);
    let same = old_rest.bytes().rev().zip(new_rest.bytes().rev()).take_while(|(one, other)| one == other).count();
    let same = (0..=same)
        .rev()
        .find(|end| old_rest.is_char_boundary(old_rest.len() - end) && new_rest.is_char_boundary(new_rest.len() - end))
        .unwrap_or(0);
    let (before, after) = (&old_rest[..old_rest.len() - same], &new_rest[..new_rest.len() - same]);
    Edit { at: start, before: before.to_owned(), after: after.to_owned() }
}
