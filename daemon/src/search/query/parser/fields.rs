//! Fields and their values, up to their text; `value` knows what it means.

use super::super::ast::Clause;
use super::super::field::FieldClause;
use super::super::value::{self, Item, ItemForm, Meaning};
use super::Parser;

impl Parser<'_> {
    /// The name of the field that begins here, if one does.
    pub(super) fn field_name(&mut self) -> Option<String> {
        let start = self.at;
        let name: String = self.chars[start..].iter().take_while(|next| next.is_ascii_alphabetic()).collect();
        let colon = start + name.len();
        if name.is_empty() || self.chars.get(colon) != Some(&':') {
            return None;
        }
        // `std::fs`, `file://host`.
        let next = self.chars.get(colon + 1);
        if next == Some(&':') || (next == Some(&'/') && self.chars.get(colon + 2) == Some(&'/')) {
            return None;
        }
        if !value::is_field(&name) {
            self.near_miss(&name, start, colon, next.copied());
            return None;
        }
        Some(name)
    }

    /// The field of that name, which begins here; `None` when nothing is left of it.
    pub(super) fn field(&mut self, name: &str) -> Option<Clause> {
        let start = self.at;
        self.at += name.len() + 1;
        let items = self.items(name);
        let typed: String = self.chars[start..self.at].iter().collect();
        if items.is_empty() {
            if !self.context.typing {
                self.warn(
                    "empty_value",
                    &format!("{name}: without a value"),
                    start,
                    self.at,
                    "no space around the colon; it is left out",
                );
            }
            return None;
        }
        match value::meaning(name, &items, self.context, &mut self.errors)? {
            Meaning::Condition(field) => {
                Some(Clause::Field(FieldClause { typed, start: start as u32, end: self.at as u32, field }))
            }
            Meaning::Sort(sort) => {
                self.sort = sort;
                None
            }
            Meaning::Case(case_sensitive) => {
                self.case_sensitive = case_sensitive;
                None
            }
        }
    }

    /// A word that looks like a field with a slip in its name.
    pub(super) fn near_miss(&mut self, name: &str, start: usize, colon: usize, next: Option<char>) {
        if name.len() < 4 || next.is_none_or(|next| next.is_whitespace() || matches!(next, '/' | '\\')) {
            return;
        }
        let lower = name.to_lowercase();
        let near = value::NAMES.into_iter().find(|field| strsim::osa_distance(&lower, field) <= 1);
        if let Some(near) = near {
            self.warn(
                "unknown_field",
                &format!("`{name}:` is no field, so it is searched for as a word"),
                start,
                colon + 1,
                &format!("did you mean {near}:?"),
            );
        }
    }

    /// The values of a field, from behind its colon.
    pub(super) fn items(&mut self, name: &str) -> Vec<Item> {
        let mut items = Vec::new();
        if self.peek() == Some('(') && name != "text" {
            self.at += 1;
            loop {
                while self.peek().is_some_and(|next| next.is_whitespace() || matches!(next, ',' | '|')) {
                    self.at += 1;
                }
                match self.peek() {
                    None => break,
                    Some(')') => {
                        self.at += 1;
                        break;
                    }
                    _ => {}
                }
                if let Some(length) = self.peek_word("OR") {
                    self.at += length;
                    continue;
                }
                items.extend(self.item(name, true));
            }
            return items;
        }
        loop {
            items.extend(self.item(name, false));
            if self.peek() != Some(',') || name == "text" {
                return items;
            }
            self.at += 1;
        }
    }

    /// One value; `None` when there is none.
    pub(super) fn item(&mut self, name: &str, in_list: bool) -> Option<Item> {
        let start = self.at;
        let (text, form) = match self.peek()? {
            '"' => {
                let (text, closed) = self.quoted();
                if !closed && !self.context.typing {
                    self.unclosed_quote(start);
                }
                (text, ItemForm::Quoted)
            }
            '/' if name == "text" && self.regex_end(start).is_some() => (self.regex_text()?, ItemForm::Regex),
            _ => {
                let mut end = start;
                let mut open = 0_usize;
                while let Some(next) = self.chars.get(end) {
                    match next {
                        next if next.is_whitespace() => break,
                        ',' if name != "text" => break,
                        '(' => open += 1,
                        ')' if open > 0 => open -= 1,
                        ')' if in_list || self.depth > 0 => break,
                        _ => {}
                    }
                    end += 1;
                }
                self.at = end;
                (self.chars[start..end].iter().collect(), ItemForm::Plain)
            }
        };
        (!text.is_empty()).then_some(Item { text, form, start: start as u32, end: self.at as u32 })
    }
}
