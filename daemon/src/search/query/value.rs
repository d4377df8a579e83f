//! The fields of the language: their names, and their values read.

use opensession_hail::Kind;
use opensession_protocol::QueryError;

use super::ast::{RegexPattern, Sort};
use super::field::{
    Field, FileAccess, Glob, HasValue, IsValue, PathPattern, RepoPattern, RoleValue, SessionPrefix, TextPattern,
    TextScan,
};
use super::number::{Measure, number_range};
use super::time::{BadTime, Side, time_range};
use super::words::nearest;
use super::{ParseContext, regex::RegexProblem};

/// The names of all fields.
pub(super) const NAMES: [&str; 30] = [
    "after", "agent", "before", "branch", "case", "cost", "cwd", "duration", "exit", "file", "has", "host", "is",
    "kind", "model", "on", "parent", "path", "repo", "role", "root", "session", "since", "sort", "text", "title",
    "tokens", "tool", "turns", "until",
];

/// Whether that is the name of a field.
pub(super) fn is_field(name: &str) -> bool {
    NAMES.binary_search(&name).is_ok()
}

/// One value of a field as typed.
#[derive(Debug, Clone)]
pub(super) struct Item {
    /// Its text, quotes and slashes taken off.
    pub(super) text: String,
    /// How it was marked.
    pub(super) form: ItemForm,
    /// Where it begins in the query, in code points.
    pub(super) start: u32,
    /// Where it ends.
    pub(super) end: u32,
}

/// How a value is typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ItemForm {
    Plain,
    Quoted,
    Regex,
}

/// What a field comes to.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Meaning {
    /// A condition.
    Condition(Field),
    /// The order of the answer.
    Sort(Sort),
    /// Whether capitals count.
    Case(bool),
}

/// Reads the values of the field of that name; `None` when none is left, the reasons among the errors.
pub(super) fn meaning(
    name: &str,
    items: &[Item],
    context: &ParseContext,
    errors: &mut Vec<QueryError>,
) -> Option<Meaning> {
    let mut values = Values { name, items, errors };
    let home = context.home.as_deref();
    Some(Meaning::Condition(match name {
        "agent" => Field::Agent(values.read(|item| Ok(Glob::new(&item.text)))?),
        "model" => Field::Model(values.read(|item| Ok(Glob::new(&item.text)))?),
        "host" => Field::Host(values.read(|item| Ok(Glob::new(&item.text)))?),
        "tool" => Field::Tool(values.read(|item| Ok(Glob::new(&item.text)))?),
        "role" => Field::Role(values.choose(&ROLES)?),
        "kind" => Field::Kind(values.kinds()?),
        "is" => Field::Is(values.choose(&IS)?),
        "has" => Field::Has(values.choose(&HAS)?),
        "repo" => Field::Repo(values.read(|item| RepoPattern::new(&item.text).ok_or(Bad::Empty))?),
        "cwd" => Field::Cwd(values.read(|item| PathPattern::new(&item.text, home).ok_or(Bad::Empty))?),
        "path" => Field::Path(values.read(|item| PathPattern::new(&item.text, home).ok_or(Bad::Empty))?),
        "file" => values.files(home)?,
        "branch" => Field::Branch(values.read(text_pattern)?),
        "title" => Field::Title(values.read(text_pattern)?),
        "session" => Field::Session(values.read(session_prefix)?),
        "parent" => Field::Parent(values.read(session_prefix)?),
        "root" => Field::Root(values.read(session_prefix)?),
        "after" | "since" => values.times(Side::From, context)?,
        "before" => values.times(Side::Before, context)?,
        "until" => values.times(Side::Until, context)?,
        "on" => values.times(Side::On, context)?,
        "cost" => Field::Cost(values.numbers(Measure::Dollars)?),
        "tokens" => Field::Tokens(values.numbers(Measure::Count)?),
        "turns" => Field::Turns(values.numbers(Measure::Count)?),
        "duration" => Field::Duration(values.numbers(Measure::Duration)?),
        "exit" => Field::Exit(values.numbers(Measure::Code)?),
        "text" => Field::Text(values.read(text_scan)?),
        "sort" => return Some(Meaning::Sort(*values.choose(&SORTS)?.first()?)),
        "case" => return Some(Meaning::Case(*values.choose(&CASES)?.first()?)),
        _ => return None,
    }))
}

/// A name on a closed list, and what it means. Names after the first of a meaning are understood, not offered.
type Choice<T> = (&'static str, T);

const ROLES: [Choice<RoleValue>; 5] = [
    ("human", RoleValue::Human),
    ("agent", RoleValue::Agent),
    ("tool", RoleValue::Tool),
    ("user", RoleValue::Human),
    ("assistant", RoleValue::Agent),
];

const IS: [Choice<IsValue>; 9] = [
    ("error", IsValue::Error),
    ("subagent", IsValue::Subagent),
    ("live", IsValue::Live),
    ("waiting", IsValue::Waiting),
    ("interrupted", IsValue::Interrupted),
    ("edited", IsValue::Edited),
    ("starred", IsValue::Starred),
    ("forked", IsValue::Forked),
    ("compacted", IsValue::Compacted),
];

const HAS: [Choice<HasValue>; 6] = [
    ("edit", HasValue::Edit),
    ("command", HasValue::Command),
    ("todo", HasValue::Todo),
    ("image", HasValue::Image),
    ("thinking", HasValue::Thinking),
    ("pr", HasValue::PullRequest),
];

const SORTS: [Choice<Sort>; 6] = [
    ("best", Sort::Best),
    ("new", Sort::New),
    ("old", Sort::Old),
    ("cost", Sort::Cost),
    ("newest", Sort::New),
    ("oldest", Sort::Old),
];

const CASES: [Choice<bool>; 2] = [("yes", true), ("no", false)];

/// Why a value is none.
enum Bad {
    /// Nothing is left of it.
    Empty,
    /// Too short for an id.
    Id,
    /// No date.
    Time(BadTime),
    /// No number.
    Number,
    /// No regular expression.
    Regex(RegexProblem),
}

struct Values<'v> {
    name: &'v str,
    items: &'v [Item],
    errors: &'v mut Vec<QueryError>,
}

impl Values<'_> {
    /// The values that can be read; `None` when there are none.
    fn read<T>(&mut self, read: impl Fn(&Item) -> Result<T, Bad>) -> Option<Vec<T>> {
        let mut values = Vec::new();
        for item in self.items {
            match read(item) {
                Ok(value) => values.push(value),
                Err(bad) => self.errors.push(bad.error(self.name, item)),
            }
        }
        if values.is_empty() { None } else { Some(values) }
    }

    /// The values of a closed list.
    fn choose<T: Copy + PartialEq>(&mut self, choices: &[Choice<T>]) -> Option<Vec<T>> {
        let mut values = Vec::new();
        for item in self.items {
            let typed = item.text.to_lowercase();
            if let Some((_, value)) = choices.iter().find(|(name, _)| *name == typed) {
                values.push(*value);
                continue;
            }
            let mut meanings = Vec::new();
            let mut offered = Vec::new();
            for (name, value) in choices {
                if !meanings.contains(value) {
                    meanings.push(*value);
                    offered.push(*name);
                }
            }
            self.unknown(item, &offered);
        }
        if values.is_empty() { None } else { Some(values) }
    }

    fn kinds(&mut self) -> Option<Vec<Kind>> {
        let mut values = Vec::new();
        for item in self.items {
            match Kind::from_name(&item.text.to_lowercase()) {
                Some(kind) => values.push(kind),
                None => self.unknown(item, &Kind::ALL.map(Kind::name)),
            }
        }
        if values.is_empty() { None } else { Some(values) }
    }

    fn unknown(&mut self, item: &Item, offered: &[&str]) {
        let name = self.name;
        let listed = offered.join(" ");
        let hint = match nearest(&item.text, offered.iter().copied()) {
            Some(near) => format!("{name}:{near}? It has {listed}"),
            None => format!("it has {listed}"),
        };
        self.errors.push(QueryError {
            code: "unknown_value".to_owned(),
            message: format!("{name}: has no `{}`", item.text),
            start: item.start,
            end: item.end,
            hint: Some(hint),
            fatal: true,
        });
    }

    fn files(&mut self, home: Option<&str>) -> Option<Field> {
        // `file:read:x`; the first value says it for all.
        let access = match self.items.first() {
            Some(item) if item.form == ItemForm::Plain && item.text.starts_with("read:") => FileAccess::Read,
            _ => FileAccess::Edited,
        };
        let patterns = self.read(|item| {
            let text = if access == FileAccess::Read {
                item.text.strip_prefix("read:").unwrap_or(&item.text)
            } else {
                &item.text
            };
            PathPattern::new(text, home).ok_or(Bad::Empty)
        })?;
        Some(Field::File(access, patterns))
    }

    fn times(&mut self, side: Side, context: &ParseContext) -> Option<Field> {
        Some(Field::Time(self.read(|item| time_range(&item.text, side, context).map_err(Bad::Time))?))
    }

    fn numbers(&mut self, measure: Measure) -> Option<Vec<super::NumberRange>> {
        self.read(|item| number_range(&item.text, measure).ok_or(Bad::Number))
    }
}

fn text_pattern(item: &Item) -> Result<TextPattern, Bad> {
    TextPattern::new(&item.text, item.form == ItemForm::Quoted).ok_or(Bad::Empty)
}

fn session_prefix(item: &Item) -> Result<SessionPrefix, Bad> {
    SessionPrefix::new(&item.text).ok_or(Bad::Id)
}

fn text_scan(item: &Item) -> Result<TextScan, Bad> {
    if item.form != ItemForm::Regex {
        return if item.text.is_empty() { Err(Bad::Empty) } else { Ok(TextScan::Literal(item.text.clone())) };
    }
    // Case is ignored as it is everywhere; `case:yes` changes that in the end.
    let pattern = RegexPattern { pattern: item.text.clone(), ignore_case: true };
    pattern.compile().map_err(Bad::Regex)?;
    Ok(TextScan::Regex(pattern))
}

impl Bad {
    fn error(self, name: &str, item: &Item) -> QueryError {
        let typed = &item.text;
        let (code, message, hint, fatal) = match self {
            Bad::Empty => ("empty_value", format!("{name}: says nothing with `{typed}`"), "left out", false),
            Bad::Id => (
                "short_id",
                format!("`{typed}` is no session's id"),
                "give four characters of it at least, as in session:4f2a",
                true,
            ),
            Bad::Time(BadTime::Unknown) => (
                "bad_date",
                format!("`{typed}` is no date"),
                "as in 2026-02-01, 2026-02, today, monday, 90m, 3d, 2w, 1mo, 2026-02-01..2026-02-08",
                true,
            ),
            Bad::Time(BadTime::Backwards) => {
                ("bad_date", format!("`{typed}` ends before it begins"), "the earlier date comes first", true)
            }
            Bad::Number => (
                "bad_number",
                format!("`{typed}` is no number for {name}:"),
                match name {
                    "duration" => "as in duration:>10m, duration:1h..2h",
                    "cost" => "as in cost:>0.50, cost:1..5",
                    "exit" => "as in exit:1, exit:>0",
                    _ => "as in tokens:>100k, turns:5..20",
                },
                true,
            ),
            Bad::Regex(problem) => return regex_error(&problem, item.start, item.end, typed),
        };
        QueryError {
            code: code.to_owned(),
            message,
            start: item.start,
            end: item.end,
            hint: Some(hint.to_owned()),
            fatal,
        }
    }
}

/// The error for a regular expression that cannot be used.
pub(super) fn regex_error(problem: &RegexProblem, start: u32, end: u32, pattern: &str) -> QueryError {
    let (code, hint) = match problem {
        RegexProblem::TooLong => ("regex_too_long", "shorten it, or use several words".to_owned()),
        RegexProblem::TooLarge => ("regex_too_large", "count less: {1,20} rather than {1,1000}".to_owned()),
        RegexProblem::Syntax(_) => ("bad_regex", "quote it to search for it as it is".to_owned()),
        RegexProblem::Separator(_) => {
            ("regex_separator", format!("a regex is matched with single words; over whole texts: text:/{pattern}/"))
        }
    };
    QueryError {
        code: code.to_owned(),
        message: format!("regex: {problem}"),
        start,
        end,
        hint: Some(hint),
        fatal: true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_in_order() {
        assert!(NAMES.is_sorted());
    }
}
