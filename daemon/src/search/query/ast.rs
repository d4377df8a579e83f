//! The tree that a query is read into.

use opensession_protocol::QueryError;

use super::field::{Field, FieldClause, FieldLevel};

/// A query, read.
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    /// The text that was read: as typed, unless that was too long.
    pub text: String,
    /// What is asked for; `None` asks for every session.
    pub clause: Option<Clause>,
    /// The order of the answer.
    pub sort: Sort,
    /// `case:yes`: capitals must be as typed, which is verified on the text.
    pub case_sensitive: bool,
    /// What is wrong. The reading in `clause` holds all the same, unless one of them is fatal.
    pub errors: Vec<QueryError>,
}

impl Query {
    /// A query that asks for every session.
    pub fn empty(text: &str) -> Self {
        Self { text: text.to_owned(), clause: None, sort: Sort::default(), case_sensitive: false, errors: Vec::new() }
    }

    /// Whether it must not be run.
    pub fn is_fatal(&self) -> bool {
        self.errors.iter().any(|error| error.fatal)
    }

    /// The units that are looked for, in the order typed; those under a `-` are not among them.
    pub fn units(&self) -> Vec<&Unit> {
        let mut units = Vec::new();
        if let Some(clause) = &self.clause {
            clause.visit(false, &mut |clause, negated| {
                if let (Clause::Unit(unit), false) = (clause, negated) {
                    units.push(unit);
                }
            });
        }
        units
    }

    /// Where the unit typed so stands, in code points.
    pub fn place_of(&self, typed: &str) -> Option<(u32, u32)> {
        let mut place = None;
        self.clause.as_ref()?.visit(false, &mut |clause, _| match clause {
            Clause::Unit(unit) if unit.typed == typed => place = place.or(Some((unit.start, unit.end))),
            _ => {}
        });
        place
    }

    /// The query with the word of that number in [`Query::units`] as the beginning of one too.
    #[must_use]
    pub fn with_open_word(&self, unit: usize) -> Self {
        let mut query = self.clone();
        if let Some(clause) = &mut query.clause {
            open_word(clause, false, &mut (0..=unit).rev());
        }
        query
    }

    /// The query with other bodies for the units of those numbers in [`Query::units`].
    #[must_use]
    pub fn with_bodies(&self, bodies: &[(usize, UnitBody)]) -> Self {
        let mut query = self.clone();
        if let Some(clause) = &mut query.clause {
            replace_bodies(clause, false, &mut 0, bodies);
        }
        query
    }

    /// The fields, in the order typed, each with whether it is under a `-`.
    pub fn fields(&self) -> Vec<(&Field, bool)> {
        let mut fields = Vec::new();
        if let Some(clause) = &self.clause {
            clause.visit(false, &mut |clause, negated| {
                if let Clause::Field(field) = clause {
                    fields.push((&field.field, negated));
                }
            });
        }
        fields
    }
}

/// Opens the word at which `left` comes to nought; it counts down by the units that are not under a `-`.
fn open_word(clause: &mut Clause, negated: bool, left: &mut impl Iterator<Item = usize>) {
    match clause {
        Clause::All(children) | Clause::Any(children) => {
            for child in children {
                open_word(child, negated, left);
            }
        }
        Clause::Not(child) => open_word(child, !negated, left),
        Clause::Unit(unit) => {
            if !negated
                && left.next() == Some(0)
                && let UnitBody::Word(word) = &mut unit.body
            {
                word.prefix.get_or_insert(PrefixReason::Rare);
            }
        }
        Clause::Field(_) => {}
    }
}

/// Puts other bodies into units; `next` is the number of the next one that is not under a `-`.
fn replace_bodies(clause: &mut Clause, negated: bool, next: &mut usize, bodies: &[(usize, UnitBody)]) {
    match clause {
        Clause::All(children) | Clause::Any(children) => {
            for child in children {
                replace_bodies(child, negated, next, bodies);
            }
        }
        Clause::Not(child) => replace_bodies(child, !negated, next, bodies),
        Clause::Unit(unit) if !negated => {
            if let Some((_, body)) = bodies.iter().find(|(number, _)| number == next) {
                unit.body = body.clone();
            }
            *next += 1;
        }
        Clause::Unit(_) | Clause::Field(_) => {}
    }
}

/// The order of an answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Sort {
    /// By score; newest first where nothing is scored.
    #[default]
    Best,
    /// Newest first.
    New,
    /// Oldest first.
    Old,
    /// Dearest first.
    Cost,
}

/// A node of the tree.
///
/// Whether a node matches: a unit where its body stands; `Any` where one child matches; `Not` where its child does not;
/// `All` where every child matches that is not a unit with `required` unset, and, when it has no other children than
/// such units, where at least one of those matches.
#[derive(Debug, Clone, PartialEq)]
pub enum Clause {
    /// What stands side by side. Two children at least.
    All(Vec<Clause>),
    /// `OR`. Two children at least.
    Any(Vec<Clause>),
    /// `-` and `NOT`. Every unit inside is required: the node is a plain condition. A session is left out when any event
    /// of its main thread matches the child; when the child holds nothing but fields of events, the events are left out
    /// ([`Clause::level`]).
    Not(Box<Clause>),
    /// Words, or something else that is looked for in texts.
    Unit(Unit),
    /// A field.
    Field(FieldClause),
}

impl Clause {
    /// What the node is a condition on: sessions when it holds a field of sessions, else events when it holds nothing but
    /// fields of events, else (a unit is in it) `None`: texts.
    pub fn level(&self) -> Option<FieldLevel> {
        match self {
            Clause::All(children) | Clause::Any(children) => {
                let levels: Vec<_> = children.iter().map(Clause::level).collect();
                if levels.contains(&None) { None } else { levels.into_iter().flatten().min() }
            }
            Clause::Not(child) => child.level(),
            Clause::Unit(_) => None,
            Clause::Field(field) => Some(field.field.level()),
        }
    }

    /// Calls `see` with the node and all below it, in the order typed, each with whether it is under an odd number of
    /// [`Clause::Not`].
    pub fn visit<'c>(&'c self, negated: bool, see: &mut impl FnMut(&'c Clause, bool)) {
        see(self, negated);
        match self {
            Clause::All(children) | Clause::Any(children) => {
                for child in children {
                    child.visit(negated, see);
                }
            }
            Clause::Not(child) => child.visit(!negated, see),
            Clause::Unit(_) | Clause::Field(_) => {}
        }
    }
}

/// One thing that is looked for in texts.
#[derive(Debug, Clone, PartialEq)]
pub struct Unit {
    /// As typed, with its quotes and stars.
    pub typed: String,
    /// Where it begins in the query, in code points.
    pub start: u32,
    /// Where it ends.
    pub end: u32,
    /// Whether what is found must have it. Otherwise it only ranks.
    pub required: bool,
    /// Whether it counts in the score. Unset for common words beside others.
    pub scored: bool,
    /// What it is.
    pub body: UnitBody,
    /// The text that should stand literally, for what tokens lose (`--no-verify`, `#242`, `err != nil`). Events that
    /// have it rank first; it is verified on the texts of the best hits.
    pub literal: Option<String>,
    /// Whether a hit of the tokens must be verified on the text, where `literal` has to stand (capitals do not matter): a
    /// run was longer than tokens are.
    pub verify: bool,
}

/// What a unit is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum UnitBody {
    /// A word without quotes.
    Word(Word),
    /// Terms side by side.
    Phrase(Phrase),
    /// `x*`: tokens that begin with the run's whole, or its parts side by side, the last as a beginning.
    Prefix(Run),
    /// `*x*`, folded: tokens that contain it.
    Substring(String),
    /// `/x/`: tokens in which it is found.
    Regex(RegexPattern),
    /// A single Han, Kana or Hangul character: the token itself or any pair that contains it.
    CjkCharacter(String),
}

/// A word without quotes: one run or several that stand together, such as `src/auth.rs`.
///
/// One run: its whole, or its parts side by side. Several: all finest terms side by side ([`Word::terms`]). Where that is
/// found nowhere, the single terms count, at half the weight.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Word {
    /// The runs, one at least.
    pub runs: Vec<Run>,
    /// Whether (and why) the last run also stands for the tokens that begin with it.
    pub prefix: Option<PrefixReason>,
}

impl Word {
    /// The finest terms, in order; they stand at consecutive positions.
    pub fn terms(&self) -> Vec<&str> {
        self.runs.iter().flat_map(Run::terms).collect()
    }
}

/// Why a word also stands for longer ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PrefixReason {
    /// It is being typed.
    Typing,
    /// It looks like a shortened hash.
    Hash,
    /// It ends the query, and hardly any event has it.
    Rare,
}

/// A run of letters and digits, or of Han, Kana and Hangul.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Run {
    /// The run as one token. `None` for Han, Kana and Hangul of two characters or more, which have pairs only.
    pub whole: Option<String>,
    /// Its parts, or its pairs; empty when the whole is all there is.
    pub parts: Vec<String>,
}

impl Run {
    /// The finest terms: the parts, or the whole where there are none.
    pub fn terms(&self) -> impl Iterator<Item = &str> {
        let whole = if self.parts.is_empty() { self.whole.as_deref() } else { None };
        self.parts.iter().map(String::as_str).chain(whole)
    }
}

/// Terms side by side.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Phrase {
    /// The finest terms, one at least.
    pub terms: Vec<String>,
    /// How many positions the terms may stray in all, as in `"a b"~3`.
    pub slop: u32,
    /// Whether the last term is only the beginning of one.
    pub prefix_last: bool,
}

/// A regular expression.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RegexPattern {
    /// The pattern, without slashes; known to compile within the bounds.
    pub pattern: String,
    /// Whether case is ignored. Tokens are in lower case, so a pattern for tokens ignores it unless it says `(?-i)`.
    pub ignore_case: bool,
}
