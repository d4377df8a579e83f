//! Regular expressions in queries, within bounds.

use regex_automata::meta::Regex;
use regex_automata::util::syntax;

use super::ast::RegexPattern;
use super::{MAX_REGEX_BYTES, MAX_REGEX_SIZE};

/// Parentheses and classes within each other at most.
const MAX_NESTING: u32 = 32;
/// Memory for a search's lazily built automaton, in bytes.
const MAX_CACHE: usize = 1 << 20;

/// Why a regular expression cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RegexProblem {
    /// It is longer than [`MAX_REGEX_BYTES`].
    #[error("longer than {MAX_REGEX_BYTES} bytes")]
    TooLong,
    /// Compiled it is larger than [`MAX_REGEX_SIZE`].
    #[error("larger than 1 MB when compiled")]
    TooLarge,
    /// It is none.
    #[error("{0}")]
    Syntax(String),
    /// It asks for what separates tokens, in which it is looked for.
    #[error("`{0}` stands in no word")]
    Separator(String),
}

impl RegexPattern {
    /// Compiles it. Only patterns that compile come out of the parser.
    pub fn compile(&self) -> Result<Regex, RegexProblem> {
        if self.pattern.len() > MAX_REGEX_BYTES {
            return Err(RegexProblem::TooLong);
        }
        let syntax = syntax::Config::new().case_insensitive(self.ignore_case).multi_line(true).nest_limit(MAX_NESTING);
        let config = Regex::config()
            .nfa_size_limit(Some(MAX_REGEX_SIZE))
            .onepass_size_limit(Some(MAX_REGEX_SIZE))
            .hybrid_cache_capacity(MAX_CACHE);
        Regex::builder().syntax(syntax).configure(config).build(&self.pattern).map_err(|error| {
            if error.size_limit().is_some() {
                return RegexProblem::TooLarge;
            }
            let text = error.syntax_error().map_or_else(|| error.to_string(), ToString::to_string);
            // The library draws the pattern and a caret; the last line says what is wrong.
            let last = text.lines().last().unwrap_or_default();
            RegexProblem::Syntax(last.strip_prefix("error: ").unwrap_or(last).to_owned())
        })
    }

    /// Whether it can be found in a token: fails on what separates tokens and is asked for outright.
    pub(super) fn check_for_tokens(&self) -> Result<(), RegexProblem> {
        let mut characters = self.pattern.chars();
        let mut in_class = 0_usize;
        while let Some(character) = characters.next() {
            let separator = match character {
                '\\' => match characters.next() {
                    Some('p' | 'P') => {
                        // `\p{Han}`
                        if characters.as_str().starts_with('{') {
                            characters.by_ref().find(|character| *character == '}');
                        }
                        None
                    }
                    Some(escaped @ ('s' | 'n' | 't' | 'r')) => Some(format!("\\{escaped}")),
                    Some(escaped) if is_separator(escaped) => Some(escaped.to_string()),
                    _ => None,
                },
                '[' => {
                    in_class += 1;
                    None
                }
                ']' => {
                    in_class = in_class.saturating_sub(1);
                    None
                }
                '(' if characters.as_str().starts_with('?') => {
                    // Flags and names: `(?-i)`, `(?:`, `(?P<name>`.
                    characters.by_ref().find(|character| matches!(character, ')' | ':' | '>'));
                    None
                }
                '{' => {
                    // `x{2,3}`
                    characters.by_ref().find(|character| *character == '}');
                    None
                }
                '.' | '^' | '$' | '|' | '?' | '*' | '+' | '(' | ')' => None,
                character if is_separator(character) => Some(character.to_string()),
                _ => None,
            };
            if let (Some(separator), 0) = (separator, in_class) {
                return Err(RegexProblem::Separator(separator));
            }
        }
        Ok(())
    }
}

fn is_separator(character: char) -> bool {
    character.is_whitespace() || (character.is_ascii_punctuation() && !matches!(character, '_' | '+' | '#'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pattern: &str) -> String {
        let pattern = RegexPattern { pattern: pattern.to_owned(), ignore_case: true };
        match pattern.compile().and_then(|_| pattern.check_for_tokens()) {
            Ok(()) => "ok".to_owned(),
            Err(problem) => problem.to_string(),
        }
    }

    #[test]
    fn table() {
        let table = [
            ("err(or)?s?", "ok"),
            ("^e.*r$", "ok"),
            (r"[a-z -]+\d{2,3}\p{Han}(?-i)(?:x|y)(?P<n>z)\bé", "ok"),
            (r"c\+\+", "ok"),
            ("foo bar", "` ` stands in no word"),
            ("foo-bar", "`-` stands in no word"),
            (r"foo\.rs", "`.` stands in no word"),
            (r"a\s+b", r"`\s` stands in no word"),
            ("(a", "unclosed group"),
            ("a(?=b)", "look-around, including look-ahead and look-behind, is not supported"),
            (r"(a)\1", "backreferences are not supported"),
            (r"\w{1000}{1000}", "larger than 1 MB when compiled"),
        ];
        for (pattern, expected) in table {
            assert_eq!(check(pattern), expected, "{pattern}");
        }
        assert_eq!(check(&"a".repeat(257)), "longer than 256 bytes");
        let nested = check(&format!("{}a{}", "(".repeat(100), ")".repeat(100)));
        assert!(nested.contains("nest"), "{nested}");
    }
}
