//! A format of the user's own: text with placeholders.

use jiff::Timestamp;
use opensession_protocol::SessionInfo;

use crate::context::Context;
use crate::failure::Failure;
use crate::format::{cells, clean, number, time};
use crate::{session_line, text};

/// What the help says of them; a test holds it equal to what is understood.
pub(super) const PLACEHOLDERS: &str = "\
Placeholders of --format:
  %h %H  id, short and whole           %s  title
  %p %P  id of the session that it came from, likewise
  %a %m  agent, model                  %r %b  repository, branch
  %d %D  changed: age, RFC 3339        %i %I  begun: age, RFC 3339
  %S     state, empty when finished    %w  active time
  %t %E  turns, failed calls           %f  files changed
  %l     lines, as +120 -8             %c  cost, ~ when estimated
  %k %K  tokens, as 57.3k and exact    %v  last check and its outcome
  %C %F  directory, file               %q  first prompt
  %N     the agent's own id            %n %x09 %%  line feed, tab, percent";

/// A format of the user's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Template(Vec<Piece>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    Field(char),
}

const FIELDS: &str = "hHpPsambrdDiISwtEflckKvCFqN";

impl Template {
    /// Reads a format; a placeholder that is not known is pointed at.
    pub(super) fn parse(typed: &str) -> Result<Self, Failure> {
        let mut pieces = Vec::new();
        let mut plain = String::new();
        let mut rest = typed;
        while let Some(at) = rest.find('%') {
            plain.push_str(&rest[..at]);
            let after = &rest[at + 1..];
            let first = after.chars().next();
            let mut length = first.map_or(0, char::len_utf8);
            match first {
                Some('%') => plain.push('%'),
                Some('n') => plain.push('\n'),
                Some('x') if hex(after).is_some() => {
                    plain.extend(hex(after));
                    length = 3;
                }
                Some(field) if FIELDS.contains(field) => {
                    if !plain.is_empty() {
                        pieces.push(Piece::Text(std::mem::take(&mut plain)));
                    }
                    pieces.push(Piece::Field(field));
                }
                _ => return Err(unknown(typed, typed.len() - rest.len() + at, length)),
            }
            rest = &after[length..];
        }
        plain.push_str(rest);
        if !plain.is_empty() {
            pieces.push(Piece::Text(plain));
        }
        Ok(Self(pieces))
    }

    /// The format with a session's values.
    pub(super) fn fill(&self, session: &SessionInfo, context: &Context<'_>) -> String {
        let mut filled = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => filled.push_str(text),
                Piece::Field(field) => filled.push_str(&value(*field, session, context)),
            }
        }
        filled
    }
}

fn value(field: char, session: &SessionInfo, context: &Context<'_>) -> String {
    let stats = &session.stats;
    let clean = |text: &str| clean::one_line(text).into_owned();
    let known = |text: Option<&String>| text.map(|text| clean(text)).unwrap_or_default();
    let age = |time: Option<Timestamp>| context.times.listed(time);
    match field {
        'h' => session_line::short_id(session),
        'H' => clean(&session.id),
        'p' => known(session.parent.as_ref()).chars().take(8).collect(),
        'P' => known(session.parent.as_ref()),
        's' => clean(&session.title),
        'a' => clean(&session.agent),
        'm' => known(session.model.as_ref()),
        'r' => known(session.repository.as_ref()),
        'b' => known(session.branch.as_ref()),
        'd' => age(session.updated),
        'D' => time::iso(session.updated),
        'i' => age(session.started),
        'I' => time::iso(session.started),
        'S' => session.state.word().unwrap_or_default().to_owned(),
        'w' => number::duration(stats.active_ms),
        't' => stats.turns.to_string(),
        'E' => stats.errors.to_string(),
        'f' => stats.files.to_string(),
        'l' => format!("+{} -{}", stats.added, stats.removed),
        'c' => number::cost(stats.cost, stats.cost_estimated),
        'k' if session_line::tokens(stats) == 0 => "-".to_owned(),
        'k' => number::count(session_line::tokens(stats)),
        'K' => session_line::tokens(stats).to_string(),
        'v' => match (&session.last_check, session.last_check_ok) {
            (Some(check), Some(true)) => format!("{} {}", clean(check), text::CHECK_OK),
            (Some(check), Some(false)) => format!("{} {}", clean(check), text::CHECK_FAILED),
            (check, _) => known(check.as_ref()),
        },
        'C' => known(session.cwd.as_ref()),
        'F' => clean(&session.path),
        'q' => known(session.first_prompt.as_ref()),
        _ => clean(&session.native_id),
    }
}

/// The character in `x09`; none for what is no character.
fn hex(after: &str) -> Option<char> {
    let digits = after.get(1..3).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
    u8::from_str_radix(digits, 16).ok().filter(u8::is_ascii).map(char::from)
}

fn unknown(typed: &str, at: usize, length: usize) -> Failure {
    let placeholder = &typed[at..=at + length];
    let shown = typed.replace(['\n', '\t'], " ");
    let caret = format!("{}{}", " ".repeat(cells::cells(&shown[..at])), "^".repeat(cells::cells(placeholder)));
    Failure::wrong_input(text::no_placeholder(placeholder)).at(shown).at(caret).hint(text::HINT_PLACEHOLDERS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_help_names_every_placeholder() {
        for field in FIELDS.chars() {
            assert!(PLACEHOLDERS.contains(&format!("%{field}")), "%{field}");
        }
        let named = PLACEHOLDERS.split('%').skip(1).filter_map(|rest| rest.chars().next());
        for field in named.filter(char::is_ascii_alphabetic) {
            assert!(FIELDS.contains(field) || "nx".contains(field), "%{field}");
        }
    }

    #[test]
    fn text_and_escapes_stand_between_fields() {
        let template = Template::parse("%h%x09%%%s%n…").unwrap();
        let text = |text: &str| Piece::Text(text.to_owned());
        assert_eq!(template.0, [Piece::Field('h'), text("\t%"), Piece::Field('s'), text("\n…")]);
        for wrong in ["%", "%z", "a%한", "%x0", "%xff"] {
            assert!(Template::parse(wrong).is_err(), "{wrong}");
        }
    }
}
