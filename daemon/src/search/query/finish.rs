//! What is settled once a whole query is read: repeated words, common words, case, the word being typed.

use super::ast::{Clause, PrefixReason, Unit, UnitBody};
use super::field::{Field, TextScan};
use super::words::is_stop_word;

/// Drops ranked words that stand beside themselves.
pub(super) fn drop_repeated(clause: &mut Clause) {
    match clause {
        Clause::All(children) => {
            let mut kept: Vec<Clause> = Vec::with_capacity(children.len());
            for mut child in children.drain(..) {
                drop_repeated(&mut child);
                let repeated = matches!(&child, Clause::Unit(unit) if !unit.required && kept.iter().any(|before| {
                    matches!(before, Clause::Unit(before) if before.body == unit.body && before.literal == unit.literal)
                }));
                if !repeated {
                    kept.push(child);
                }
            }
            if let [_] = kept.as_slice()
                && let Some(only) = kept.pop()
            {
                *clause = only;
            } else {
                *children = kept;
            }
        }
        Clause::Any(children) => children.iter_mut().for_each(drop_repeated),
        Clause::Not(child) => drop_repeated(child),
        Clause::Unit(_) | Clause::Field(_) => {}
    }
}

/// Leaves common words unscored where others stand beside them.
pub(super) fn leave_common_words_unscored(clause: &mut Clause) {
    match clause {
        Clause::All(children) => {
            let telling = children.iter().any(has_telling_unit);
            for child in children {
                match child {
                    Clause::Unit(unit) if telling && is_common(unit) => unit.scored = false,
                    child => leave_common_words_unscored(child),
                }
            }
        }
        Clause::Any(children) => children.iter_mut().for_each(leave_common_words_unscored),
        Clause::Not(_) | Clause::Unit(_) | Clause::Field(_) => {}
    }
}

/// Whether a unit is looked for in it that is no common word.
fn has_telling_unit(clause: &Clause) -> bool {
    match clause {
        Clause::All(children) | Clause::Any(children) => children.iter().any(has_telling_unit),
        Clause::Unit(unit) => !is_common(unit),
        Clause::Not(_) | Clause::Field(_) => false,
    }
}

fn is_common(unit: &Unit) -> bool {
    let UnitBody::Word(word) = &unit.body else { return false };
    let mut wholes = word.runs.iter().map(|run| run.whole.as_deref());
    // `don't`, `it's`: the second run is what is left behind the apostrophe.
    let common = match (wholes.next().flatten(), wholes.next(), wholes.next()) {
        (Some(first), None, _) => is_stop_word(first),
        (Some(first), Some(Some(second)), None) => {
            unit.typed.contains(['\'', '’'])
                && matches!(second, "s" | "t" | "re" | "ve" | "ll" | "d" | "m")
                && (is_stop_word(first) || matches!(first, "don" | "doesn" | "didn" | "isn" | "let" | "won" | "he"))
        }
        _ => false,
    };
    common && !unit.required && unit.literal.is_none()
}

/// `case:yes` for patterns over texts.
pub(super) fn make_case_sensitive(clause: &mut Clause) {
    match clause {
        Clause::All(children) | Clause::Any(children) => children.iter_mut().for_each(make_case_sensitive),
        Clause::Not(child) => make_case_sensitive(child),
        Clause::Field(field) => {
            if let Field::Text(scans) = &mut field.field {
                for scan in scans {
                    if let TextScan::Regex(pattern) = scan {
                        pattern.ignore_case = false;
                    }
                }
            }
        }
        Clause::Unit(_) => {}
    }
}

/// Takes the word that ends the query as the beginning of one too.
pub(super) fn open_last_word(clause: &mut Clause, query_end: u32) {
    match clause {
        Clause::All(children) | Clause::Any(children) => {
            if let Some(last) = children.last_mut() {
                open_last_word(last, query_end);
            }
        }
        Clause::Unit(unit) if unit.end == query_end => {
            if let UnitBody::Word(word) = &mut unit.body
                && word.prefix.is_none()
                && unit.typed.ends_with(|last: char| last.is_alphanumeric() || last == '_')
                && word.runs.last().is_some_and(|run| run.whole.is_some())
            {
                word.prefix = Some(PrefixReason::Typing);
            }
        }
        Clause::Unit(_) | Clause::Not(_) | Clause::Field(_) => {}
    }
}
