//! What the cursor stands in: a word, a phrase, a value of a field. The grammar is the parser's; only as much of it is
//! read here as tells the pieces apart.

use crate::search::query::field_names;

/// The piece of a query that the cursor is in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    /// Where the piece begins, in code points.
    pub(super) start: u32,
    /// Where it ends.
    pub(super) end: u32,
    /// The cursor, which lies within.
    pub(super) cursor: u32,
    /// What stands before the cursor, without an opening quote.
    pub(super) typed: String,
    /// Whether it has an opening quote.
    pub(super) quoted: bool,
    /// What it is.
    pub(super) role: Role,
}

/// What a piece of a query is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// The beginning of a unit: a word or a field's name.
    Start,
    /// Words between quotes.
    Quoted,
    /// A value of the field of that name.
    Value(&'static str),
    /// Nothing that could be completed.
    Nothing,
}

impl Place {
    /// The letters and digits right before the cursor.
    pub(super) fn last_word(&self) -> &str {
        let is_word = |character: char| character.is_alphanumeric() || character == '_';
        let start = self.typed.trim_end_matches(is_word).len();
        &self.typed[start..]
    }
}

/// The piece of the query that the cursor is in.
pub(super) fn at(query: &str, cursor: u32) -> Place {
    let chars: Vec<char> = query.chars().collect();
    let cursor = (cursor as usize).min(chars.len());
    let mut reader = Reader { chars: &chars, cursor, at: 0 };
    reader.read().unwrap_or_else(|| reader.piece(cursor, cursor, Role::Start))
}

struct Reader<'q> {
    chars: &'q [char],
    cursor: usize,
    at: usize,
}

impl Reader<'_> {
    /// The piece that the cursor is in; `None` where it stands between pieces.
    fn read(&mut self) -> Option<Place> {
        while self.at < self.cursor {
            match self.chars[self.at] {
                sign if sign.is_whitespace() || matches!(sign, '(' | ')') => self.at += 1,
                // Before a unit, not within: a unit is read as a whole below.
                '-' | '+' if self.chars.get(self.at + 1).is_none_or(|next| *next != '-') => self.at += 1,
                '"' => {
                    let start = self.at;
                    self.skip_quoted();
                    if self.cursor > start && self.cursor <= self.inside_end(start) {
                        return Some(self.piece(start, self.cursor, Role::Quoted));
                    }
                }
                _ => {
                    let place = self.unit();
                    if place.is_some() {
                        return place;
                    }
                }
            }
        }
        // At the very beginning of a unit.
        let is_unit = |sign: &char| !sign.is_whitespace() && !matches!(sign, '(' | ')' | '"');
        if self.at == self.cursor && self.chars.get(self.at).is_some_and(is_unit) {
            return self.unit();
        }
        None
    }

    /// Reads a unit that is no phrase.
    fn unit(&mut self) -> Option<Place> {
        let start = self.at;
        let name: String = self.chars[start..].iter().take_while(|next| next.is_ascii_alphabetic()).collect();
        let colon = start + name.len();
        let field = field_names().iter().find(|field| **field == name);
        let is_field = self.chars.get(colon) == Some(&':') && self.chars.get(colon + 1) != Some(&':');
        if let (Some(field), true) = (field, is_field) {
            if self.cursor <= colon {
                return Some(self.piece(start, colon + 1, Role::Start));
            }
            self.at = colon + 1;
            return self.values(field);
        }
        while self.chars.get(self.at).is_some_and(|next| !next.is_whitespace() && !matches!(next, '(' | ')')) {
            self.at += 1;
        }
        let role = if self.chars[start] == '/' { Role::Nothing } else { Role::Start };
        (self.cursor <= self.at).then(|| self.piece(start, self.at, role))
    }

    /// Reads the values of a field, from behind its colon.
    fn values(&mut self, field: &'static str) -> Option<Place> {
        let role = if field == "text" { Role::Nothing } else { Role::Value(field) };
        let in_list = self.chars.get(self.at) == Some(&'(');
        if in_list {
            if self.cursor == self.at {
                return Some(self.piece(self.at, self.at, role));
            }
            self.at += 1;
        }
        loop {
            let start = self.at;
            if self.chars.get(start) == Some(&'"') {
                self.skip_quoted();
            } else {
                let is_end = |next: char| next.is_whitespace() || next == ')' || (next == ',' && field != "text");
                while self.chars.get(self.at).is_some_and(|next| !is_end(*next)) {
                    self.at += 1;
                }
            }
            if self.cursor <= self.at {
                return Some(self.piece(start, self.at, role));
            }
            match self.chars.get(self.at) {
                Some(',') => self.at += 1,
                Some(next) if in_list && next.is_whitespace() => self.at += 1,
                _ => return None,
            }
        }
    }

    fn skip_quoted(&mut self) {
        self.at += 1;
        while let Some(next) = self.chars.get(self.at) {
            self.at += 1;
            match next {
                '"' => return,
                '\\' => self.at += usize::from(self.chars.get(self.at) == Some(&'"')),
                _ => {}
            }
        }
    }

    /// The last place that counts as inside a quoted piece which begins at `start` and was read.
    fn inside_end(&self, start: usize) -> usize {
        let is_closed = self.at > start + 1 && self.chars[self.at - 1] == '"';
        if is_closed { self.at - 1 } else { self.at }
    }

    fn piece(&self, start: usize, end: usize, role: Role) -> Place {
        let typed: String = self.chars[start..self.cursor.max(start)].iter().collect();
        let quoted = typed.starts_with('"');
        let typed = if quoted { typed[1..].trim_end_matches('"').to_owned() } else { typed };
        Place { start: start as u32, end: end as u32, cursor: self.cursor as u32, typed, quoted, role }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The cursor is where the bar stands.
    fn place(marked: &str) -> String {
        let before = marked.split('|').next().unwrap().chars().count();
        let query = marked.replacen('|', "", 1);
        let place = at(&query, before as u32);
        let piece: String = query.chars().skip(place.start as usize).take((place.end - place.start) as usize).collect();
        let role = match place.role {
            Role::Start => "start".to_owned(),
            Role::Quoted => "quoted".to_owned(),
            Role::Value(field) => format!("{field}:"),
            Role::Nothing => "nothing".to_owned(),
        };
        format!("{role} {} of [{piece}] at {}", place.typed, place.start)
    }

    #[test]
    fn table() {
        let table = [
            ("|", "start  of [] at 0"),
            ("ag|", "start ag of [ag] at 0"),
            ("a|gent:codex", "start a of [agent:] at 0"),
            ("agent|:codex", "start agent of [agent:] at 0"),
            ("agent:|", "agent:  of [] at 6"),
            ("agent:co|dex lock", "agent: co of [codex] at 6"),
            ("agent:codex |", "start  of [] at 12"),
            ("agent:codex lo|", "start lo of [lo] at 12"),
            ("agent:codex,cl|", "agent: cl of [cl] at 12"),
            ("agent:codex,|", "agent:  of [] at 12"),
            ("kind:(call OR ou|)", "kind: ou of [ou] at 14"),
            ("kind:|(call)", "kind:  of [] at 5"),
            ("-agent:cl|", "agent: cl of [cl] at 7"),
            ("-lo|", "start lo of [lo] at 1"),
            ("+|", "start  of [] at 1"),
            ("(to| OR b)", "start to of [to] at 1"),
            ("title:\"fix the|", "title: fix the of [\"fix the] at 6"),
            ("title:\"fix the\"|", "title: fix the of [\"fix the\"] at 6"),
            ("title:\"fix the\" lo|", "start lo of [lo] at 16"),
            ("\"race con|", "quoted race con of [\"race con] at 0"),
            ("\"race con\"|", "start  of [] at 10"),
            ("std::f|", "start std::f of [std::f] at 0"),
            ("foo:ba|", "start foo:ba of [foo:ba] at 0"),
            ("text:a,b|", "nothing a,b of [a,b] at 5"),
            ("/err|", "nothing /err of [/err] at 0"),
            ("잠금 repo:앱|", "repo: 앱 of [앱] at 8"),
            ("--no-ver|", "start --no-ver of [--no-ver] at 0"),
            ("lock  | panic", "start  of [] at 6"),
            ("lock |panic", "start  of [panic] at 5"),
        ];
        for (marked, expected) in table {
            assert_eq!(place(marked), expected, "{marked}");
        }
    }

    #[test]
    fn the_last_word_is_what_is_completed() {
        for (marked, expected) in [("src/au|", "au"), ("\"race con|", "con"), ("--no-ver|", "ver"), ("foo |", "")] {
            let before = marked.find('|').unwrap() as u32;
            assert_eq!(at(&marked.replace('|', ""), before).last_word(), expected, "{marked}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_cursor_lies_in_its_piece(
            text in "(\\PC|[ \"()/:,+a-z-]|agent:|kind:\\(|text:|환){0,30}",
            cursor in 0_u32..60,
        ) {
            let place = at(&text, cursor);
            let length = text.chars().count() as u32;
            proptest::prop_assert!(place.start <= place.cursor && place.cursor <= place.end && place.end <= length);
        }
    }
}
