//! Changing `daemon.toml` as a person would: comments, order and layout stay.

use std::{collections::BTreeMap, path::Path};

use serde_json::Value;
use toml_edit::{Array, DocumentMut, Item, Table};

use super::{ConfigError, ConfigProblem, DAEMON_CONFIG_TEMPLATE, DaemonConfig, Loaded};
use crate::types::{Setting, SettingKind};

/// The keys of `daemon.toml` that are one value, take effect, and so can be changed one by one; `watchers` has one more for
/// each agent. What each means and its default stand in [`DAEMON_CONFIG_TEMPLATE`].
const EDITABLE: &[(&str, &str, SettingKind)] = &[
    ("discovery", "projects", SettingKind::List),
    ("privacy", "exclude_repositories", SettingKind::List),
    ("privacy", "exclude_paths", SettingKind::List),
    ("privacy", "exclude_agents", SettingKind::List),
    ("search", "history", SettingKind::Switch),
    ("storage", "retention", SettingKind::Text),
];

/// The settings of a `daemon.toml` whose text this is, in the order of the template; `agents` are the agents' switches.
pub fn settings(text: &str, file: &Path, agents: &[&str]) -> Result<Vec<Setting>, ConfigError> {
    let document = read(text, file)?;
    let mut settings: Vec<Setting> =
        EDITABLE.iter().map(|(table, key, kind)| setting(text, &document, table, key, *kind)).collect();
    settings.extend(agents.iter().map(|agent| setting(text, &document, "watchers", agent, SettingKind::Switch)));
    Ok(settings)
}

/// The text with `changes`: by `table.key` a new value, or null for the default. What comes of it is checked as a whole.
pub fn changed(
    text: &str,
    changes: &BTreeMap<String, Value>,
    file: &Path,
    agents: &[&str],
) -> Result<(String, Loaded<DaemonConfig>), ConfigError> {
    let begun = if text.trim().is_empty() { DAEMON_CONFIG_TEMPLATE } else { text };
    let mut document = read(begun, file)?;
    for (name, value) in changes {
        let refused = |message: String, remedy: &str| {
            let problem =
                ConfigProblem { file: file.to_owned(), line: 0, column: 0, message, remedy: remedy.to_owned() };
            ConfigError::Invalid(Box::new(problem))
        };
        let (table, key) =
            name.split_once('.').filter(|(table, key)| is_editable(table, key, agents)).ok_or_else(|| {
                refused(format!("no setting `{name}`"), "settings/list gives them; others are changed in the file")
            })?;
        let value = match value {
            Value::Null => None,
            value => Some(toml_value(value).ok_or_else(|| {
                refused(format!("`{name}` cannot be {value}"), "give a text, a switch or a list of texts")
            })?),
        };
        put(&mut document, table, key, value).ok_or_else(|| {
            refused(format!("`{table}` is no table in the file"), "write it as a table, with [ ] around its name")
        })?;
    }
    let text = document.to_string();
    let loaded = DaemonConfig::parse(&text, file, agents)?;
    Ok((text, loaded))
}

fn read(text: &str, file: &Path) -> Result<DocumentMut, ConfigError> {
    // Read strictly first: its errors have place and remedy.
    DaemonConfig::parse(text, file, &[])?;
    text.strip_prefix('\u{feff}').unwrap_or(text).parse().map_err(|error: toml_edit::TomlError| {
        let message = error.message().to_owned();
        let problem = ConfigProblem { file: file.to_owned(), line: 0, column: 0, message, remedy: String::new() };
        ConfigError::Invalid(Box::new(problem))
    })
}

fn is_editable(table: &str, key: &str, agents: &[&str]) -> bool {
    EDITABLE.iter().any(|known| (known.0, known.1) == (table, key)) || (table == "watchers" && agents.contains(&key))
}

fn setting(text: &str, document: &DocumentMut, table: &str, key: &str, kind: SettingKind) -> Setting {
    let written = document.get(table).and_then(|table| table.get(key));
    let (default, about) = described(table, key);
    let default = if kind == SettingKind::Switch { Value::Bool(true) } else { default };
    Setting {
        name: format!("{table}.{key}"),
        kind,
        value: written.and_then(json_value).unwrap_or_else(|| default.clone()),
        default,
        about: about.unwrap_or_default(),
        line: written.and(line_of(text, table, key)),
    }
}

/// What the template says of a key: its default, and what it is.
fn described(table: &str, key: &str) -> (Value, Option<String>) {
    let mut current = "";
    for line in DAEMON_CONFIG_TEMPLATE.lines() {
        if let Some(head) = line.strip_prefix('[') {
            current = head.split(']').next().unwrap_or_default();
        }
        let Some((name, rest)) = line.strip_prefix("# ").and_then(|line| line.split_once(" = ")) else { continue };
        if current != table || name != key {
            continue;
        }
        let (value, about) = match rest.split_once("  #") {
            Some((value, about)) => (value.trim(), Some(about.trim().to_owned())),
            None => (rest.trim(), None),
        };
        // Lists stand in the template as examples: they are empty unless something is said.
        let default = match value.parse::<toml_edit::Value>() {
            Ok(value) if !value.is_array() => json_value(&Item::Value(value)).unwrap_or_default(),
            _ => Value::Array(Vec::new()),
        };
        return (default, about.or_else(|| value.starts_with('[').then(|| value.to_owned())));
    }
    (Value::Null, None)
}

/// The line, from 1, in which a key of a table stands.
fn line_of(text: &str, table: &str, key: &str) -> Option<u32> {
    let root = toml::de::DeTable::parse(text).ok()?;
    let span = root.get_ref().get(table)?.get_ref().as_table()?.get(key)?.span();
    let before = text.get(..span.start)?;
    Some(before.matches('\n').count() as u32 + 1)
}

/// Puts a value into a table, keeping what stands around an older one; `None` where the table is something else.
fn put(document: &mut DocumentMut, table: &str, key: &str, value: Option<toml_edit::Value>) -> Option<()> {
    let Some(mut value) = value else {
        if let Some(table) = document.get_mut(table).and_then(Item::as_table_like_mut) {
            table.remove(key);
        }
        return Some(());
    };
    let table = document.entry(table).or_insert_with(|| Item::Table(Table::new())).as_table_like_mut()?;
    if let Some(old) = table.get(key).and_then(Item::as_value) {
        *value.decor_mut() = old.decor().clone();
    }
    match table.get_mut(key) {
        Some(item) => *item = Item::Value(value),
        None => {
            table.insert(key, Item::Value(value));
        }
    }
    Some(())
}

/// A value as TOML has it; `None` for what no setting can be.
fn toml_value(value: &Value) -> Option<toml_edit::Value> {
    Some(match value {
        Value::Bool(switch) => (*switch).into(),
        Value::String(text) => text.as_str().into(),
        Value::Number(number) => number.as_i64()?.into(),
        Value::Array(items) => {
            let texts: Option<Vec<&str>> = items.iter().map(Value::as_str).collect();
            toml_edit::Value::Array(texts?.into_iter().collect::<Array>())
        }
        Value::Null | Value::Object(_) => return None,
    })
}

fn json_value(item: &Item) -> Option<Value> {
    match item.as_value()? {
        toml_edit::Value::Boolean(switch) => Some(Value::Bool(*switch.value())),
        toml_edit::Value::String(text) => Some(Value::String(text.value().clone())),
        toml_edit::Value::Integer(number) => Some(Value::from(*number.value())),
        toml_edit::Value::Array(items) => {
            Some(items.iter().map(|item| Value::from(item.as_str().unwrap_or_default())).collect())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const AGENTS: &[&str] = &["claude_code", "codex"];

    fn change(text: &str, changes: Value) -> Result<String, String> {
        let changes = serde_json::from_value(changes).unwrap();
        changed(text, &changes, Path::new("daemon.toml"), AGENTS)
            .map(|(text, _)| text)
            .map_err(|error| format!("{error} | {}", error.hint()))
    }

    #[test]
    fn keeps_comments_order_and_layout() {
        let text =
            "# mine\n[storage]\nretention = \"90d\"   # a quarter\n\n# agents\n[watchers]\n  codex = true\n# the end\n";
        let told = change(text, json!({ "storage.retention": "2y", "watchers.codex": false })).unwrap();
        let told_once =
            "# mine\n[storage]\nretention = \"2y\"   # a quarter\n\n# agents\n[watchers]\n  codex = false\n# the end\n";
        assert_eq!(told, told_once);
        let back = change(&told, json!({ "storage.retention": "90d", "watchers.codex": true })).unwrap();
        assert_eq!(back, text);
    }

    #[test]
    fn begins_a_file_with_the_template() {
        let text = change("", json!({ "discovery.projects": ["~/work", "/srv/작업"] })).unwrap();
        let without: String =
            text.lines().filter(|line| !line.starts_with("projects = ")).map(|line| line.to_owned() + "\n").collect();
        assert_eq!(without, DAEMON_CONFIG_TEMPLATE);
        assert!(text.contains("\nprojects = [\"~/work\", \"/srv/작업\"]\n"), "{text}");
        assert_eq!(change(&text, json!({ "discovery.projects": null })).unwrap(), DAEMON_CONFIG_TEMPLATE);
    }

    #[test]
    fn refuses_what_the_file_could_not_be() {
        let refused = |text: &str, changes: Value| change(text, changes).unwrap_err();
        insta::assert_debug_snapshot!([
            refused("", json!({ "storage.retention": "soon" })),
            refused("", json!({ "privacy.exclude_paths": ["private"] })),
            refused("", json!({ "watchers.codex": "yes" })),
            refused("", json!({ "watchers.nobody": true })),
            refused("", json!({ "storage.retention": { "a": 1 } })),
            refused("[storage\n", json!({ "storage.retention": "90d" })),
        ]);
    }

    #[test]
    fn every_setting_has_its_default_its_words_and_its_place() {
        let text = "[storage]\n\nretention = \"1y\"\n";
        let told = settings(text, Path::new("daemon.toml"), AGENTS).unwrap();
        insta::assert_json_snapshot!(told);
    }
}
