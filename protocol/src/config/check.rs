//! Reading a file strictly, and saying where it is wrong.

use std::{borrow::Cow, collections::BTreeMap, path::Path};

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{ConfigError, ConfigProblem, Loaded, Settings};

/// The tables and keys of a file.
#[derive(Debug, Clone, Default)]
pub(super) struct Known {
    tables: BTreeMap<String, Vec<String>>,
    /// By table and key: keys of the tables in that list.
    items: BTreeMap<(String, String), Vec<String>>,
    /// Tables whose keys are the user's own, each with a table of these keys.
    any_keys: BTreeMap<String, Vec<String>>,
}

impl Known {
    pub(super) fn tables(tables: &[(&str, &[&str])]) -> Self {
        let tables = tables.iter().map(|(name, keys)| ((*name).to_owned(), owned(keys))).collect();
        Self { tables, items: BTreeMap::new(), any_keys: BTreeMap::new() }
    }

    pub(super) fn with_items(mut self, table: &str, key: &str, keys: &[&str]) -> Self {
        self.items.insert((table.to_owned(), key.to_owned()), owned(keys));
        self
    }

    /// The readers that a file configures have switches like all agents.
    fn with_readers(mut self, root: &DeTable<'_>) -> Self {
        let readers = root.get("readers").and_then(|readers| readers.get_ref().as_array());
        if let Some(switches) = self.tables.get_mut("watchers") {
            let names = readers.into_iter().flat_map(|readers| readers.iter());
            let names = names.filter_map(|reader| reader.get_ref().as_table()?.get("name")?.get_ref().as_str());
            switches.extend(names.map(|name| name.replace('-', "_")));
        }
        self
    }

    /// Adds a table with keys of the user's own, each with a table of `keys`.
    pub(super) fn with_any_keys(mut self, name: &str, keys: &[&str]) -> Self {
        self.tables.insert(name.to_owned(), Vec::new());
        self.any_keys.insert(name.to_owned(), owned(keys));
        self
    }

    /// Adds a list of tables at the first level: `[[name]]`.
    pub(super) fn with_list(mut self, name: &str, keys: &[&str]) -> Self {
        self.tables.insert(name.to_owned(), Vec::new());
        self.with_items(name, "", keys)
    }

    #[cfg(test)]
    pub(super) fn list(&self) -> &BTreeMap<String, Vec<String>> {
        &self.tables
    }
}

fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// Collects what is wrong, with places.
pub(super) struct Report<'a> {
    text: &'a str,
    file: &'a Path,
    root: &'a DeTable<'a>,
    errors: Vec<ConfigProblem>,
}

impl Report<'_> {
    /// Says that the value of `key` in `table` is wrong.
    pub(super) fn error(&mut self, table: &str, key: &str, message: &str, remedy: &str) {
        let value = self.root.get(table).and_then(|table| table.get_ref().as_table()?.get(key));
        let offset = value.map_or(0, |value| value.span().start);
        self.errors.push(problem(self.text, self.file, offset, message.to_owned(), remedy.to_owned()));
    }

    /// Says that the value of `key` in the table number `index` of the list `list` is wrong, or missing there.
    pub(super) fn error_in(&mut self, list: &str, index: usize, key: &str, message: &str, remedy: &str) {
        let item = self.root.get(list).and_then(|list| list.get_ref().as_array()?.get(index));
        let value = item.and_then(|item| item.get_ref().as_table()?.get(key)).or(item);
        let offset = value.map_or(0, |value| value.span().start);
        self.errors.push(problem(self.text, self.file, offset, message.to_owned(), remedy.to_owned()));
    }
}

/// Reads the text of a file.
pub(super) fn parse<T: Settings>(text: &str, file: &Path, names: &[&str]) -> Result<Loaded<T>, ConfigError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let refuse = |error: &toml::de::Error| {
        let offset = error.span().map_or(0, |span| span.start);
        let (message, remedy) = explain(error.message(), line_of(text, offset));
        ConfigError::Invalid(Box::new(problem(text, file, offset, message, remedy)))
    };
    let root = DeTable::parse(text).map_err(|error| refuse(&error))?;
    let mut warnings = Vec::new();
    let known = T::known(names).with_readers(root.get_ref());
    unknown(text, file, root.get_ref(), &known, &mut warnings);
    let settings = T::deserialize(toml::Deserializer::from(root.clone())).map_err(|error| refuse(&error))?;
    let mut report = Report { text, file, root: root.get_ref(), errors: Vec::new() };
    settings.validate(&mut report);
    match report.errors.into_iter().next() {
        Some(problem) => Err(ConfigError::Invalid(Box::new(problem))),
        None => Ok(Loaded { settings, warnings, present: true }),
    }
}

/// Finds keys that nobody knows.
fn unknown(text: &str, file: &Path, root: &DeTable<'_>, known: &Known, warnings: &mut Vec<ConfigProblem>) {
    let tables: Vec<String> = known.tables.keys().cloned().collect();
    for (name, value) in root {
        let Some(keys) = known.tables.get(name.get_ref().as_ref()) else {
            let what = if value.get_ref().is_table() { "table" } else { "key" };
            // A key written above its table's head is the usual mistake.
            let home = known.tables.iter().find(|(_, keys)| keys.iter().any(|key| key == name.get_ref()));
            let remedy = home.map(|(table, _)| format!("move it below [{table}]"));
            warnings.push(unknown_key(text, file, name, what, &tables, remedy));
            continue;
        };
        if let Some(keys) = known.any_keys.get(name.get_ref().as_ref()) {
            for (_, value) in value.get_ref().as_table().into_iter().flatten() {
                unknown_in(text, file, value.get_ref(), keys, warnings);
            }
            continue;
        }
        if let Some(items) = known.items.get(&(name.get_ref().to_string(), String::new())) {
            unknown_in_items(text, file, value.get_ref(), items, warnings);
        }
        for (key, value) in value.get_ref().as_table().into_iter().flatten() {
            if !keys.iter().any(|known| known == key.get_ref()) {
                warnings.push(unknown_key(text, file, key, "key", keys, None));
            } else if let Some(items) = known.items.get(&(name.get_ref().to_string(), key.get_ref().to_string())) {
                unknown_in_items(text, file, value.get_ref(), items, warnings);
            }
        }
    }
    warnings.sort_by_key(|warning| (warning.line, warning.column));
}

/// Finds keys that nobody knows in a list of tables.
fn unknown_in_items(text: &str, file: &Path, list: &DeValue<'_>, known: &[String], warnings: &mut Vec<ConfigProblem>) {
    for item in list.as_array().into_iter().flat_map(|array| array.iter()) {
        unknown_in(text, file, item.get_ref(), known, warnings);
    }
}

fn unknown_in(text: &str, file: &Path, table: &DeValue<'_>, known: &[String], warnings: &mut Vec<ConfigProblem>) {
    for (key, _) in table.as_table().into_iter().flatten() {
        if !known.iter().any(|known| known == key.get_ref()) {
            warnings.push(unknown_key(text, file, key, "key", known, None));
        }
    }
}

fn unknown_key(
    text: &str,
    file: &Path,
    name: &Spanned<Cow<'_, str>>,
    what: &str,
    known: &[String],
    remedy: Option<String>,
) -> ConfigProblem {
    let nearest = known
        .iter()
        .map(|candidate| (strsim::damerau_levenshtein(candidate, name.get_ref()), candidate))
        .filter(|(distance, candidate)| *distance <= 2.max(candidate.len() / 3))
        .min_by_key(|(distance, _)| *distance);
    let remedy = remedy.unwrap_or_else(|| match nearest {
        Some((_, nearest)) => format!("did you mean `{nearest}`?"),
        None => format!("remove it; known are {}", known.join(", ")),
    });
    problem(text, file, name.span().start, format!("unknown {what} `{}`", name.get_ref()), remedy)
}

/// Makes a message of the parser one that says what to write, without a secret in it.
fn explain(message: &str, line: &str) -> (String, String) {
    if line.trim_start().starts_with("api_key") {
        return ("the value of api_key is no text".into(), "write it between double quotes".into());
    }
    let message = message.lines().next().unwrap_or_default().trim_end_matches('.');
    let remedy = match message.split_once("expected ") {
        Some((_, "a boolean")) => "write true or false, without quotes".to_owned(),
        Some((_, "a string")) => "write it between double quotes".to_owned(),
        Some((_, "a sequence")) => "write a list: [\"…\", \"…\"]".to_owned(),
        Some((_, expected)) => format!("expected {expected}"),
        None => "see the defaults in the documentation of this file".to_owned(),
    };
    (message.to_owned(), remedy)
}

fn problem(text: &str, file: &Path, offset: usize, message: String, remedy: String) -> ConfigProblem {
    let before = &text.as_bytes()[..offset.min(text.len())];
    let line = before.split(|byte| *byte == b'\n').count();
    let line_start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let column = 1 + String::from_utf8_lossy(&before[line_start..]).chars().count();
    ConfigProblem { file: file.to_owned(), line, column, message, remedy }
}

fn line_of(text: &str, offset: usize) -> &str {
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        if offset < start + line.len() {
            return line;
        }
        start += line.len();
    }
    text.lines().last().unwrap_or_default()
}
