//! Settings in JSON, perhaps with comments: a property is put into an object, and nothing else is touched.

use jsonc_parser::ast::{Object, Value as Node};
use jsonc_parser::common::Ranged as _;
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};
use serde_json::{Value, json};

use super::{Edit, EditError};

/// Where there is no other line to tell.
const INDENT: &str = "  ";
/// What some editors put at the beginning; the parser does not know it.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// The edit that puts `entry` under `name` into `table`; `None` when it is there.
pub(super) fn insert(text: &str, table: &str, name: &str, entry: &Value) -> Result<Option<Edit>, EditError> {
    if let Some(rest) = text.strip_prefix(BYTE_ORDER_MARK) {
        let edit = insert(rest, table, name, entry)?;
        return Ok(edit.map(|edit| Edit { at: edit.at + BYTE_ORDER_MARK.len_utf8(), ..edit }));
    }
    if text.trim().is_empty() {
        let whole = json!({ table: { name: entry } });
        let after = format!("{}\n", pretty(&whole));
        return Ok(Some(Edit { at: 0, before: text.to_owned(), after }));
    }
    let root = parse(text)?;
    let root = object(&root).ok_or_else(|| EditError::Unreadable("it is no object".to_owned()))?;
    let Some(property) = root.get(table) else {
        return Ok(Some(into(text, root, table, &json!({ name: entry }))));
    };
    let servers = object(&property.value).ok_or_else(|| EditError::InTheWay(table.to_owned()))?;
    match servers.get(name) {
        None => Ok(Some(into(text, servers, name, entry))),
        Some(there) => {
            let range = there.value.range();
            let same = value(&text[range.start..range.end]) == *entry;
            if same { Ok(None) } else { Err(EditError::InTheWay(format!("{table}.{name}"))) }
        }
    }
}

/// The text without `table`'s `name`; `None` when it is not there.
pub(super) fn remove(text: &str, table: &str, name: &str) -> Result<Option<String>, EditError> {
    if let Some(rest) = text.strip_prefix(BYTE_ORDER_MARK) {
        return Ok(remove(rest, table, name)?.map(|rest| format!("{BYTE_ORDER_MARK}{rest}")));
    }
    let root = parse(text)?;
    let Some(servers) = object(&root).and_then(|root| root.get(table)).and_then(|property| object(&property.value))
    else {
        return Ok(None);
    };
    let Some(at) = servers.properties.iter().position(|property| property.name.as_str() == name) else {
        return Ok(None);
    };
    let property = servers.properties[at].range;
    let comma = next_comma(text, property.end);
    let (start, end) = match (at.checked_sub(1).map(|before| servers.properties[before].range.end), comma) {
        // The comma before it, or the one after it, goes with it.
        (Some(before), None) => (next_comma(text, before).unwrap_or(before), property.end),
        (Some(before), Some(comma)) => (next_comma(text, before).map_or(before, |comma| comma + 1), comma + 1),
        (None, Some(comma)) => (servers.range.start + 1, comma + 1),
        (None, None) => (servers.range.start + 1, servers.range.end - 1),
    };
    Ok(Some(format!("{}{}", &text[..start], &text[end..])))
}

/// The text as a value; null where it is none.
pub(super) fn value(text: &str) -> Value {
    fn plain(node: &Node<'_>) -> Value {
        match node {
            Node::StringLit(text) => json!(text.value),
            Node::NumberLit(number) => serde_json::from_str(number.value).unwrap_or_default(),
            Node::BooleanLit(boolean) => json!(boolean.value),
            Node::Object(object) => {
                object.properties.iter().map(|it| (it.name.as_str().to_owned(), plain(&it.value))).collect()
            }
            Node::Array(array) => array.elements.iter().map(plain).collect(),
            Node::NullKeyword(_) => Value::Null,
        }
    }
    parse(text.trim_start_matches(BYTE_ORDER_MARK)).map_or(Value::Null, |node| plain(&node))
}

fn parse(text: &str) -> Result<Node<'_>, EditError> {
    let parsed = parse_to_ast(text, &CollectOptions::default(), &ParseOptions::default());
    let parsed = parsed.map_err(|error| EditError::Unreadable(error.to_string()))?;
    parsed.value.ok_or_else(|| EditError::Unreadable("there is nothing in it".to_owned()))
}

fn object<'a, 'b>(node: &'b Node<'a>) -> Option<&'b Object<'a>> {
    match node {
        Node::Object(object) => Some(object),
        _ => None,
    }
}

/// The edit that puts a property last into an object, laid out as its others are.
fn into(text: &str, object: &Object<'_>, name: &str, value: &Value) -> Edit {
    let line_break = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let open = object.range.start + 1;
    let insertion = |at: usize, after: String| Edit { at, before: String::new(), after };
    let (Some(first), Some(last)) = (object.properties.first(), object.properties.last()) else {
        let base = indent_of_line(text, object.range.start);
        let unit = unit(text);
        let property = laid_out(name, value, &format!("{base}{unit}"), unit, line_break);
        let inner = &text[open..object.range.end - 1];
        if inner.trim().is_empty() {
            let after = format!("{line_break}{base}{unit}{property}{line_break}{base}");
            return Edit { at: open, before: inner.to_owned(), after };
        }
        // A comment is all there is: what is put in stands before it.
        return insertion(open, format!("{line_break}{base}{unit}{property}"));
    };
    let trailing = next_comma(text, last.range.end);
    let before_first = &text[open..first.range.start];
    let Some((_, indent)) = before_first.rsplit_once('\n').filter(|(_, indent)| indent.trim().is_empty()) else {
        if before_first.contains('\n') {
            // A comment stands before the first property, on its line.
            let indent = indent_of_line(text, first.range.start);
            return in_line(text, last.range.end, trailing, indent, name, value, line_break);
        }
        let property = format!("{}: {value}", json!(name));
        return match trailing {
            Some(comma) => insertion(comma + 1, format!(" {property},")),
            None => insertion(last.range.end, format!(", {property}")),
        };
    };
    in_line(text, last.range.end, trailing, indent, name, value, line_break)
}

/// The edit that puts a property on lines of its own behind the last one.
fn in_line(
    text: &str,
    last: usize,
    trailing: Option<usize>,
    indent: &str,
    name: &str,
    value: &Value,
    line_break: &str,
) -> Edit {
    let property = laid_out(name, value, indent, unit(text), line_break);
    let (at, after) = match trailing {
        Some(comma) => (comma + 1, format!("{line_break}{indent}{property},")),
        None => (last, format!(",{line_break}{indent}{property}")),
    };
    Edit { at, before: String::new(), after }
}

/// A property on several lines, the first without its indent.
fn laid_out(name: &str, value: &Value, indent: &str, unit: &str, line_break: &str) -> String {
    let lines = pretty(value);
    let lines = lines.lines().enumerate().map(|(index, line)| {
        let deep = (line.len() - line.trim_start().len()) / INDENT.len();
        let line = format!("{}{}", unit.repeat(deep), line.trim_start());
        if index == 0 { line } else { format!("{indent}{line}") }
    });
    format!("{}: {}", json!(name), lines.collect::<Vec<_>>().join(line_break))
}

fn pretty(value: &Value) -> String {
    format!("{value:#}")
}

/// By how much the text goes in: the white space of its first line that has some.
fn unit(text: &str) -> &str {
    let indents = text.lines().map(|line| &line[..line.len() - line.trim_start().len()]);
    indents.filter(|indent| !indent.is_empty()).min_by_key(|indent| indent.len()).unwrap_or(INDENT)
}

fn indent_of_line(text: &str, at: usize) -> &str {
    let start = text[..at].rfind('\n').map_or(0, |at| at + 1);
    let line = &text[start..at];
    &line[..line.len() - line.trim_start().len()]
}

/// The comma after `at`, if only white space and comments stand before it.
fn next_comma(text: &str, at: usize) -> Option<usize> {
    let mut at = at;
    loop {
        let rest = &text[at..];
        at += rest.len() - rest.trim_start().len();
        let rest = &text[at..];
        if rest.starts_with("//") {
            at += rest.find('\n')?;
        } else if rest.starts_with("/*") {
            at += rest.find("*/")? + 2;
        } else {
            return rest.starts_with(',').then_some(at);
        }
    }
}
