//! Where the parser stands, the operators there, and what it says about them.

use opensession_protocol::QueryError;

use super::{Operator, Parser};

impl Parser<'_> {
    pub(super) fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    pub(super) fn skip_space(&mut self) {
        while self.peek().is_some_and(char::is_whitespace) {
            self.at += 1;
        }
    }

    /// The length of that word, when it stands here alone.
    pub(super) fn peek_word(&self, word: &str) -> Option<usize> {
        let length = word.len();
        let here = self.chars.get(self.at..self.at + length)?;
        let alone = match self.chars.get(self.at + length) {
            None => true,
            Some(next) => next.is_whitespace() || matches!(next, '(' | ')' | '"'),
        };
        (alone && here.iter().copied().eq(word.chars())).then_some(length)
    }

    pub(super) fn peek_operator(&self) -> Option<(Operator, usize)> {
        if let Some(length) = self.peek_word("OR").or_else(|| self.peek_word("|")) {
            return Some((Operator::Or, length));
        }
        self.peek_word("AND").map(|length| (Operator::And, length))
    }

    pub(super) fn operator(&mut self) -> Option<Operator> {
        let (operator, length) = self.peek_operator()?;
        self.at += length;
        Some(operator)
    }

    pub(super) fn dangling(&mut self, start: usize, word: &str) {
        let end = self.chars[start..].iter().position(|next| next.is_whitespace() || *next == ')');
        let end = end.map_or(self.chars.len(), |length| start + length).max(start + 1);
        if !self.context.typing {
            let hint = format!("it is left out; to search for the word: \"{}\"", word.to_lowercase());
            self.warn("dangling_operator", &format!("{word} with nothing to join"), start, end, &hint);
        }
    }

    pub(super) fn warn(&mut self, code: &str, message: &str, start: usize, end: usize, hint: &str) {
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
