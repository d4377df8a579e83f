//! The grammar.
//!
//! ```text
//! query   = and , { ( "OR" | "|" ) , and } ;
//! and     = unary , { [ "AND" ] , unary } ;
//! unary   = { "NOT" | "-" | "+" } , primary ;
//! primary = "(" , query , ")" | field | regex | phrase | word ;
//! ```

use opensession_protocol::QueryError;

use super::ast::{Clause, Query, RegexPattern, Sort, Unit, UnitBody};
use super::field::FieldClause;
use super::unit::{self, Reading};
use super::value::{self, Item, ItemForm, Meaning};
use super::words::is_command;
use super::{MAX_DEPTH, ParseContext};

/// Digits after `~` at most; more positions of slack are the same as this many.
const MAX_SLOP: u32 = 100;

/// Reads a query; the tree is as typed, common words not told apart yet.
pub(super) fn parse(text: &str, context: &ParseContext) -> Query {
    let mut parser = Parser {
        chars: text.chars().collect(),
        at: 0,
        depth: 0,
        ignored_open: 0,
        wordless: Vec::new(),
        errors: Vec::new(),
        sort: Sort::default(),
        case_sensitive: false,
        context,
    };
    let clause = parser.query();
    if clause.is_none() {
        // Beside other words punctuation is what people paste; alone it should say why nothing is found.
        parser.errors.append(&mut parser.wordless);
    }
    Query {
        text: text.to_owned(),
        clause,
        sort: parser.sort,
        case_sensitive: parser.case_sensitive,
        errors: parser.errors,
    }
}

/// Reads a text of which every word is only a word.
pub(super) fn parse_words(text: &str) -> Query {
    let mut units = Vec::new();
    let mut start = 0_u32;
    for piece in text.split(char::is_whitespace) {
        let end = start + piece.chars().count() as u32;
        // A star is no wish here.
        if let Some(Reading { body, literal, verify, .. }) = unit::word(piece.trim_matches('*')) {
            units.push(Clause::Unit(Unit {
                typed: piece.to_owned(),
                start,
                end,
                required: false,
                scored: true,
                body,
                literal,
                verify,
            }));
        }
        start = end + 1;
    }
    Query { clause: all(units), ..Query::empty(text) }
}

struct Parser<'p> {
    chars: Vec<char>,
    at: usize,
    depth: usize,
    /// Parentheses that were too deep, still open.
    ignored_open: usize,
    /// Errors for pieces without words.
    wordless: Vec<QueryError>,
    errors: Vec<QueryError>,
    sort: Sort,
    case_sensitive: bool,
    context: &'p ParseContext,
}

/// How the next thing is joined to the one before.
enum Operator {
    And,
    Or,
}

impl Parser<'_> {
    fn query(&mut self) -> Option<Clause> {
        let mut branches = Vec::new();
        // Where the last operator stands that has nothing after it yet.
        let mut dangling = None;
        loop {
            match self.and() {
                Some(branch) => {
                    branches.push(branch);
                    dangling = None;
                }
                None => {
                    if let Some(start) = dangling {
                        self.dangling(start, "OR");
                    }
                }
            }
            let start = self.at;
            match self.operator() {
                Some(Operator::Or) => {
                    if branches.is_empty() {
                        self.dangling(start, "OR");
                    } else {
                        dangling = Some(start);
                    }
                }
                _ => break,
            }
        }
        match branches.len() {
            0 => None,
            1 => branches.pop(),
            _ => Some(Clause::Any(branches)),
        }
    }

    /// What stands side by side, up to `OR`, the end or the `)` of an open group.
    fn and(&mut self) -> Option<Clause> {
        let mut clauses: Vec<Clause> = Vec::new();
        let mut pending = None;
        let mut after_command = false;
        loop {
            self.skip_space();
            let start = self.at;
            match self.peek() {
                None => break,
                Some(')') if self.ignored_open > 0 => {
                    self.ignored_open -= 1;
                    self.at += 1;
                    continue;
                }
                Some(')') if self.depth > 0 => break,
                Some(')') => {
                    self.at += 1;
                    self.warn("stray_parenthesis", "`)` closes nothing", start, self.at, "it is left out");
                    continue;
                }
                _ => {}
            }
            match self.peek_operator() {
                Some((Operator::Or, _)) => break,
                Some((Operator::And, length)) => {
                    self.at += length;
                    match clauses.last_mut() {
                        Some(last) if pending.is_none() => {
                            require(last);
                            pending = Some(start);
                        }
                        _ => self.dangling(start, "AND"),
                    }
                    continue;
                }
                None => {}
            }
            let Some(mut clause) = self.unary(after_command) else { continue };
            if pending.take().is_some() {
                require(&mut clause);
            }
            match &clause {
                Clause::Unit(Unit { typed, body: UnitBody::Word(_), .. }) => {
                    after_command |= is_command(typed);
                }
                _ => after_command = false,
            }
            clauses.push(clause);
        }
        if let Some(start) = pending {
            self.dangling(start, "AND");
        }
        all(clauses)
    }

    /// `-`, `+` and `NOT`, and what they stand before. `None` when nothing is left of it.
    fn unary(&mut self, after_command: bool) -> Option<Clause> {
        let start = self.at;
        let mut negated = false;
        let mut required = false;
        let mut operators = 0;
        loop {
            if let Some(length) = self.peek_word("NOT") {
                self.at += length;
                self.skip_space();
                negated = !negated;
            } else if self.peek() == Some('-') && self.is_exclusion(after_command) {
                self.at += 1;
                negated = !negated;
            } else if self.peek() == Some('+') && self.is_requirement() {
                self.at += 1;
                required = true;
            } else {
                break;
            }
            operators += 1;
        }
        if operators > 0 && (self.peek().is_none() || (self.peek() == Some(')') && self.depth > 0)) {
            self.dangling(start, "NOT");
            return None;
        }
        if operators > 0 && self.peek_operator().is_some() {
            self.dangling(start, "NOT");
            return None;
        }
        let mut clause = self.primary()?;
        if required {
            require(&mut clause);
        }
        if negated {
            require_throughout(&mut clause);
            // Twice is none.
            clause = match clause {
                Clause::Not(inner) => *inner,
                clause => Clause::Not(Box::new(clause)),
            };
        }
        Some(clause)
    }

    /// Whether the `-` here leaves something out, rather than begin a flag or a number.
    fn is_exclusion(&mut self, after_command: bool) -> bool {
        let before = self.at.checked_sub(1).map(|at| self.chars[at]);
        if !before.is_none_or(|before| before.is_whitespace() || matches!(before, '(' | '+' | '-')) {
            return false;
        }
        // `--flag`.
        if before == Some('-') {
            return false;
        }
        match self.chars.get(self.at + 1) {
            Some('"' | '(' | '/') => true,
            Some(first) if first.is_alphabetic() => {
                let end = self.word_end(self.at + 1);
                let word = &self.chars[self.at + 1..end];
                let short = word.len() <= 2 && word.iter().all(char::is_ascii_alphabetic);
                if short && after_command {
                    return false;
                }
                if short && !self.context.typing {
                    let word: String = word.iter().collect();
                    self.warn(
                        "short_exclusion",
                        &format!("`-{word}` leaves out sessions with `{word}`"),
                        self.at,
                        end,
                        &format!("to search for it: \"-{word}\""),
                    );
                }
                true
            }
            _ => false,
        }
    }

    fn is_requirement(&self) -> bool {
        let before = self.at.checked_sub(1).map(|at| self.chars[at]);
        before.is_none_or(|before| before.is_whitespace() || before == '(')
            && self.chars.get(self.at + 1).is_some_and(|next| {
                next.is_alphanumeric() || matches!(next, '"' | '(' | '/' | '*' | '_' | '.' | '#' | '@' | '$')
            })
    }

    fn primary(&mut self) -> Option<Clause> {
        match self.peek()? {
            '(' => self.group(),
            '"' => self.phrase(),
            '/' if self.regex_end(self.at).is_some() => self.regex(),
            _ => match self.field_name() {
                Some(name) => self.field(&name),
                None => self.word(),
            },
        }
    }

    fn group(&mut self) -> Option<Clause> {
        let start = self.at;
        self.at += 1;
        if self.depth >= MAX_DEPTH {
            if !self.errors.iter().any(|error| error.code == "too_deep") {
                self.warn(
                    "too_deep",
                    &format!("more than {MAX_DEPTH} parentheses within each other"),
                    start,
                    self.at,
                    "the inner ones are left out",
                );
            }
            self.ignored_open += 1;
            return None;
        }
        self.depth += 1;
        let clause = self.query();
        self.depth -= 1;
        if self.peek() == Some(')') {
            self.at += 1;
        } else if !self.context.typing {
            self.warn("unclosed_parenthesis", "`(` not closed", start, start + 1, "it is closed at the end");
        }
        if clause.is_none() {
            self.warn("empty_group", "nothing between the parentheses", start, self.at, "they are left out");
        }
        clause
    }

    fn phrase(&mut self) -> Option<Clause> {
        let start = self.at;
        let (text, closed) = self.quoted();
        let mut slop = 0;
        if closed && self.peek() == Some('~') {
            let digits: String = self.chars[self.at + 1..].iter().take_while(|next| next.is_ascii_digit()).collect();
            if !digits.is_empty() {
                self.at += 1 + digits.len();
                slop = digits.parse().unwrap_or(MAX_SLOP).min(MAX_SLOP);
            }
        }
        if !closed && !self.context.typing {
            self.unclosed_quote(start);
        }
        self.unit(start, unit::phrase(&text, slop, !closed), &text)
    }

    /// Reads what stands between quotes; the second says whether they are closed.
    fn quoted(&mut self) -> (String, bool) {
        self.at += 1;
        let mut text = String::new();
        while let Some(next) = self.peek() {
            self.at += 1;
            match next {
                '"' => return (text, true),
                '\\' if self.peek() == Some('"') => {
                    self.at += 1;
                    text.push('"');
                }
                next => text.push(next),
            }
        }
        (text, false)
    }

    fn unclosed_quote(&mut self, start: usize) {
        let without: String =
            self.chars[..start].iter().chain(&self.chars[start + 1..]).collect::<String>().trim().to_owned();
        self.warn(
            "unclosed_quote",
            "quote not closed",
            start,
            start + 1,
            &format!("close it, or leave it out: {without}"),
        );
    }

    /// Where the regular expression that begins at a `/` ends, its closing slash and `i` included.
    fn regex_end(&self, start: usize) -> Option<usize> {
        let mut at = start + 1;
        loop {
            match self.chars.get(at)? {
                '\\' => at += 2,
                '/' => break,
                _ => at += 1,
            }
        }
        // `//` is none, and a slash after white space stands for itself: `cd /tmp and ls /`.
        if at == start + 1 || self.chars[at - 1].is_whitespace() {
            return None;
        }
        let end = if self.chars.get(at + 1) == Some(&'i') { at + 2 } else { at + 1 };
        let ends = match self.chars.get(end) {
            None => true,
            Some(')') => self.depth > 0,
            Some(next) => next.is_whitespace(),
        };
        ends.then_some(end)
    }

    /// Reads the regular expression that begins here; its text without slashes.
    fn regex_text(&mut self) -> Option<String> {
        let start = self.at;
        let end = self.regex_end(start)?;
        self.at = end;
        let close = if self.chars[end - 1] == '/' { end - 1 } else { end - 2 };
        let text: String = self.chars[start + 1..close].iter().collect();
        Some(text.replace("\\/", "/"))
    }

    fn regex(&mut self) -> Option<Clause> {
        let start = self.at;
        let pattern = RegexPattern { pattern: self.regex_text()?, ignore_case: true };
        if let Err(problem) = pattern.compile().and_then(|_| pattern.check_for_tokens()) {
            self.errors.push(value::regex_error(&problem, start as u32, self.at as u32, &pattern.pattern));
            return None;
        }
        let body = UnitBody::Regex(pattern);
        self.unit(start, Some(Reading { body, literal: None, verify: false, required: true }), "")
    }

    /// The name of the field that begins here, if one does.
    fn field_name(&mut self) -> Option<String> {
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
    fn field(&mut self, name: &str) -> Option<Clause> {
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
    fn near_miss(&mut self, name: &str, start: usize, colon: usize, next: Option<char>) {
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
    fn items(&mut self, name: &str) -> Vec<Item> {
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
    fn item(&mut self, name: &str, in_list: bool) -> Option<Item> {
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

    fn word(&mut self) -> Option<Clause> {
        let start = self.at;
        // One character at least: what begins nothing else is a word.
        self.at = self.word_end(start).max(start + 1);
        let typed: String = self.chars[start..self.at].iter().collect();
        let reading = unit::word(&typed);
        self.unit(start, reading, &typed)
    }

    /// Where the word that begins there ends: at white space, or at a `)` that closes an open group.
    fn word_end(&self, start: usize) -> usize {
        let mut open = 0_usize;
        for (at, next) in self.chars.iter().enumerate().skip(start) {
            match next {
                next if next.is_whitespace() => return at,
                '(' => open += 1,
                ')' if open > 0 => open -= 1,
                ')' if self.depth > 0 => return at,
                _ => {}
            }
        }
        self.chars.len()
    }

    fn unit(&mut self, start: usize, reading: Option<Reading>, text: &str) -> Option<Clause> {
        let Some(Reading { body, literal, verify, required }) = reading else {
            let hint = if text.trim().is_empty() || text.contains('"') {
                "it is left out".to_owned()
            } else {
                format!("signs alone are found by text:\"{}\"", text.trim())
            };
            let error = QueryError {
                code: "no_words".to_owned(),
                message: "no word to look for".to_owned(),
                start: start as u32,
                end: self.at as u32,
                hint: Some(hint),
                fatal: false,
            };
            self.wordless.push(error);
            return None;
        };
        let typed = self.chars[start..self.at].iter().collect();
        let (start, end) = (start as u32, self.at as u32);
        Some(Clause::Unit(Unit { typed, start, end, required, scored: true, body, literal, verify }))
    }

    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while self.peek().is_some_and(char::is_whitespace) {
            self.at += 1;
        }
    }

    /// The length of that word, when it stands here alone.
    fn peek_word(&self, word: &str) -> Option<usize> {
        let length = word.len();
        let here = self.chars.get(self.at..self.at + length)?;
        let alone = match self.chars.get(self.at + length) {
            None => true,
            Some(next) => next.is_whitespace() || matches!(next, '(' | ')' | '"'),
        };
        (alone && here.iter().copied().eq(word.chars())).then_some(length)
    }

    fn peek_operator(&self) -> Option<(Operator, usize)> {
        if let Some(length) = self.peek_word("OR").or_else(|| self.peek_word("|")) {
            return Some((Operator::Or, length));
        }
        self.peek_word("AND").map(|length| (Operator::And, length))
    }

    fn operator(&mut self) -> Option<Operator> {
        let (operator, length) = self.peek_operator()?;
        self.at += length;
        Some(operator)
    }

    fn dangling(&mut self, start: usize, word: &str) {
        let end = self.chars[start..].iter().position(|next| next.is_whitespace() || *next == ')');
        let end = end.map_or(self.chars.len(), |length| start + length).max(start + 1);
        if !self.context.typing {
            let hint = format!("it is left out; to search for the word: \"{}\"", word.to_lowercase());
            self.warn("dangling_operator", &format!("{word} with nothing to join"), start, end, &hint);
        }
    }

    fn warn(&mut self, code: &str, message: &str, start: usize, end: usize, hint: &str) {
        self.errors.push(QueryError {
            code: code.to_owned(),
            message: message.to_owned(),
            start: start as u32,
            end: end as u32,
            hint: Some(hint.to_owned()),
            fatal: false,
        });
    }
}

/// The clauses side by side; those that are so already come up a level.
fn all(clauses: Vec<Clause>) -> Option<Clause> {
    let mut flat = Vec::with_capacity(clauses.len());
    for clause in clauses {
        match clause {
            Clause::All(children) => flat.extend(children),
            clause => flat.push(clause),
        }
    }
    if flat.len() > 1 { Some(Clause::All(flat)) } else { flat.pop() }
}

/// Makes what stands side by side required. Alternatives are so together; each stays as it is.
fn require(clause: &mut Clause) {
    match clause {
        Clause::Unit(unit) => unit.required = true,
        Clause::All(children) => children.iter_mut().for_each(require),
        Clause::Any(_) | Clause::Not(_) | Clause::Field(_) => {}
    }
}

/// Makes every unit required, so that the clause is a plain condition.
fn require_throughout(clause: &mut Clause) {
    match clause {
        Clause::Unit(unit) => unit.required = true,
        Clause::All(children) | Clause::Any(children) => children.iter_mut().for_each(require_throughout),
        Clause::Not(child) => require_throughout(child),
        Clause::Field(_) => {}
    }
}
