//! The grammar.
//!
//! ```text
//! query   = and , { ( "OR" | "|" ) , and } ;
//! and     = unary , { [ "AND" ] , unary } ;
//! unary   = { "NOT" | "-" | "+" } , primary ;
//! primary = "(" , query , ")" | field | regex | phrase | word ;
//! ```

mod cursor;
mod fields;
mod pieces;

use opensession_protocol::QueryError;

use super::ast::{Clause, Query, Sort, Unit, UnitBody};
use super::unit::{self, Reading};
use super::words::is_command;
use super::{MAX_DEPTH, ParseContext};

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
