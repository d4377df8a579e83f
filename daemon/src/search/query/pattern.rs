//! How the patterns of fields are read and matched.

use unicode_normalization::UnicodeNormalization;

use super::field::{Bound, Glob, NumberRange, PathPattern, RepoPattern, SessionPrefix, TextPattern, TimeRange};
use super::unit::terms;
use crate::search::tokenizer::{TokenBuffer, TokenKind, tokenize};

/// A session's id is named by this many characters at least.
const MIN_ID_CHARS: usize = 4;

impl Glob {
    /// Reads a glob.
    pub fn new(text: &str) -> Self {
        Self { pattern: fold(text) }
    }

    /// Whether the whole name fits.
    pub fn matches(&self, name: &str) -> bool {
        wildcard(&self.pattern, &fold(name))
    }

    /// Whether the name fits as a whole, or a piece of it between `-`, `/`, `:`, `.` and `_`: `opus` fits
    /// `claude-opus-4`, `claude` fits `claude-code`.
    pub fn matches_words(&self, name: &str) -> bool {
        let name = fold(name);
        let is_boundary = |byte: u8| matches!(byte, b'-' | b'/' | b':' | b'.' | b'_' | b' ');
        let bytes = name.as_bytes();
        let starts = (0..bytes.len()).filter(|at| *at == 0 || is_boundary(bytes[at - 1]));
        let ends: Vec<usize> = (1..=bytes.len()).filter(|at| *at == bytes.len() || is_boundary(bytes[*at])).collect();
        wildcard(&self.pattern, &name)
            || starts
                .into_iter()
                .any(|start| ends.iter().any(|end| start < *end && wildcard(&self.pattern, &name[start..*end])))
    }

    /// Whether it has no wildcard: then `pattern` is the name itself, folded.
    pub fn is_plain(&self) -> bool {
        !has_wildcard(&self.pattern)
    }
}

impl PathPattern {
    /// Reads a path; `home` stands for a leading `~`. `None` when nothing is left of it.
    pub fn new(text: &str, home: Option<&str>) -> Option<Self> {
        let text = text.replace('\\', "/");
        let (text, mut rooted) = match (text.strip_prefix('~'), home) {
            (Some(rest), Some(home)) if rest.is_empty() || rest.starts_with('/') => (format!("{home}{rest}"), true),
            (Some(rest), None) if rest.starts_with('/') => (rest.to_owned(), false),
            _ => {
                let rooted = text.starts_with('/');
                (text, rooted)
            }
        };
        let mut components: Vec<String> =
            text.split('/').filter(|component| !matches!(*component, "" | ".")).map(fold).collect();
        if rooted && components.first().is_some_and(|first| first == "**") {
            components.remove(0);
            rooted = false;
        }
        if components.iter().all(|component| component == "**") {
            return None;
        }
        Some(Self { components, rooted })
    }

    /// Whether it stands in the path.
    pub fn matches(&self, path: &str) -> bool {
        let folded = fold(path);
        let path: Vec<&str> = folded.split(['/', '\\']).filter(|component| !matches!(*component, "" | ".")).collect();
        let mut from = 0;
        // Between two `**` stand components that stand side by side; leftmost is always good enough.
        for (group, components) in self.components.split(|component| component == "**").enumerate() {
            if components.is_empty() {
                continue;
            }
            let fits = |at: usize| {
                path.len() >= at + components.len()
                    && components.iter().zip(&path[at..]).all(|(pattern, name)| wildcard(pattern, name))
            };
            let found =
                if self.rooted && group == 0 { fits(0).then_some(0) } else { (from..path.len()).find(|at| fits(*at)) };
            let Some(at) = found else { return false };
            from = at + components.len();
        }
        true
    }

    /// The components without wildcards, which every path that matches has: what an index of paths can be asked for.
    pub fn plain_components(&self) -> impl Iterator<Item = &str> {
        self.components.iter().map(String::as_str).filter(|component| !has_wildcard(component))
    }
}

impl RepoPattern {
    /// Reads a repository; `None` when nothing is left of it.
    pub fn new(text: &str) -> Option<Self> {
        let components = repository_components(text);
        if components.is_empty() { None } else { Some(Self { components }) }
    }

    /// Whether the identity (`host/owner/name`, or a path) ends with it.
    pub fn matches(&self, identity: &str) -> bool {
        let identity = repository_components(identity);
        identity.len() >= self.components.len()
            && self
                .components
                .iter()
                .rev()
                .zip(identity.iter().rev())
                .all(|(pattern, component)| wildcard(pattern, component))
    }
}

/// `https://user@host:443/owner/name.git`, `git@host:owner/name`, `/path/name/.git` → the components that matter.
fn repository_components(text: &str) -> Vec<String> {
    let folded = fold(text).replace('\\', "/");
    let (remote, rest) = match folded.split_once("://") {
        Some((_, rest)) => (true, rest),
        None => (folded.contains('@'), folded.as_str()),
    };
    let rest = if remote { rest.split_once('@').map_or(rest, |(_, rest)| rest) } else { rest };
    let mut components: Vec<String> = rest
        .split('/')
        .flat_map(|component| {
            // `host:owner` and `host:443`.
            let (before, after) = component.split_once(':').unwrap_or((component, ""));
            let after = if after.bytes().all(|byte| byte.is_ascii_digit()) { "" } else { after };
            [before, after]
        })
        .filter(|component| !matches!(*component, "" | "." | ".git"))
        .map(str::to_owned)
        .collect();
    if let Some(name) = components.last_mut()
        && let Some(stem) = name.strip_suffix(".git")
    {
        *name = stem.to_owned();
    }
    components
}

impl TextPattern {
    /// Reads a title or a branch; `None` when nothing is left of it.
    pub fn new(text: &str, quoted: bool) -> Option<Self> {
        if !quoted && has_wildcard(text) {
            return Some(Self::Glob(Glob::new(text)));
        }
        let terms = terms(text);
        if terms.is_empty() { None } else { Some(Self::Words(terms)) }
    }

    /// Whether it fits.
    pub fn matches(&self, text: &str) -> bool {
        match self {
            TextPattern::Glob(glob) => glob.matches(text),
            TextPattern::Words(words) => {
                let mut found = Vec::new();
                tokenize(text, &mut TokenBuffer::default(), |token| {
                    if token.kind == TokenKind::Symbol || token.kind == TokenKind::Whole {
                        return;
                    }
                    found.push((token.position, token.text.to_owned()));
                });
                let mut symbols = Vec::new();
                tokenize(text, &mut TokenBuffer::default(), |token| {
                    if matches!(token.kind, TokenKind::Symbol | TokenKind::Whole) {
                        symbols.push((token.position, token.text.to_owned()));
                    }
                });
                let stands = |position: u32, word: &String| {
                    found.iter().chain(&symbols).any(|(at, term)| *at == position && term == word)
                };
                (0..=found.len())
                    .any(|start| words.iter().enumerate().all(|(offset, word)| stands((start + offset) as u32, word)))
            }
        }
    }
}

impl SessionPrefix {
    /// Reads a session's id or its beginning, an event's number after it left out; `None` when it is none.
    pub fn new(text: &str) -> Option<Self> {
        let id = text.split_once('#').map_or(text, |(id, _)| id).to_ascii_lowercase();
        let is_id = id.len() >= MIN_ID_CHARS
            && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'));
        is_id.then_some(Self { prefix: id })
    }

    /// Whether the id begins with it.
    pub fn matches(&self, id: &str) -> bool {
        id.get(..self.prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(&self.prefix))
    }
}

impl TimeRange {
    /// Whether the time lies within. An unknown time (zero) lies in no range.
    pub fn contains(&self, ts_ms: i64) -> bool {
        ts_ms != 0 && self.from_ms.is_none_or(|from| from <= ts_ms) && self.until_ms.is_none_or(|until| ts_ms < until)
    }
}

impl NumberRange {
    /// Whether the number lies within.
    pub fn contains(&self, number: f64) -> bool {
        let above = match self.low {
            Bound::Open => true,
            Bound::Included(low) => number >= low,
            Bound::Excluded(low) => number > low,
        };
        let below = match self.high {
            Bound::Open => true,
            Bound::Included(high) => number <= high,
            Bound::Excluded(high) => number < high,
        };
        above && below
    }
}

/// NFKC and lower case: file names from macOS are decomposed.
fn fold(text: &str) -> String {
    if text.is_ascii() { text.to_ascii_lowercase() } else { text.nfkc().flat_map(char::to_lowercase).collect() }
}

fn has_wildcard(text: &str) -> bool {
    text.contains(['*', '?'])
}

/// Whether the pattern fits the whole text; `*` stands for any bytes, `?` for one character. At worst the product of
/// the lengths.
fn wildcard(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut at, mut from) = (0, 0);
    // Where to go on when a star should have taken one byte more.
    let mut star: Option<(usize, usize)> = None;
    while from < text.len() {
        match pattern.get(at) {
            Some(b'*') => {
                star = Some((at, from));
                at += 1;
            }
            Some(b'?') => {
                at += 1;
                from += 1;
                while from < text.len() && text[from] & 0xC0 == 0x80 {
                    from += 1;
                }
            }
            Some(byte) if *byte == text[from] => {
                at += 1;
                from += 1;
            }
            _ => {
                let Some((star_at, taken)) = star else { return false };
                star = Some((star_at, taken + 1));
                at = star_at + 1;
                from = taken + 1;
            }
        }
    }
    pattern[at..].iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs() {
        let table = [
            ("mcp__*", "mcp__github__search", true),
            ("bash", "Bash", true),
            ("*edit", "MultiEdit", true),
            ("b?sh", "bash", true),
            ("b?sh", "bésh", true),
            ("bash", "BashOutput", false),
            ("*a*b*c", "xxaxxbxxbxxc", true),
            ("*a*b*c", "xxaxxbxxbxx", false),
            ("", "", true),
        ];
        for (pattern, name, expected) in table {
            assert_eq!(Glob::new(pattern).matches(name), expected, "{pattern} {name}");
        }
        assert!(Glob::new("opus").matches_words("claude-opus-4-20250514"));
        assert!(Glob::new("opus*").matches_words("claude-opus-4-20250514"));
        assert!(Glob::new("opus-4").matches_words("claude-opus-4-20250514"));
        assert!(Glob::new("Claude").matches_words("claude-code"));
        assert!(!Glob::new("opu").matches_words("claude-opus-4"));
        assert!(!Glob::new("").matches_words("claude"));
    }

    #[test]
    fn paths() {
        let table = [
            ("src/auth", "/x/src/auth/y.rs", true),
            ("auth.rs", "/x/src/auth.rs", true),
            ("auth.rs", "auth.rs", true),
            ("auth", "/x/src/auth.rs", false),
            ("rc/auth", "/x/src/auth/y.rs", false),
            ("SRC/Auth", "/x/src/auth/y.rs", true),
            ("*.rs", "/x/src/auth.rs", true),
            ("src/*.rs", "/x/src/auth/y.rs", false),
            ("src/**/*.rs", "/x/src/auth/deep/y.rs", true),
            ("src/**/*.go", "/x/src/auth/deep/y.rs", false),
            ("**/y.rs", "/x/src/y.rs", true),
            ("/src", "/x/src/y.rs", false),
            ("/x", "/x/src/y.rs", true),
            ("~/proj", "/home/me/proj/a", true),
            ("~/proj", "/home/you/proj/a", false),
            ("src/", "/x/src/y.rs", true),
            ("./src", "/x/src/y.rs", true),
            (r"src\auth", r"C:\x\src\auth\y.rs", true),
            ("한글.txt", "/x/\u{1112}\u{1161}\u{11ab}\u{1100}\u{1173}\u{11af}.txt", true),
        ];
        for (pattern, path, expected) in table {
            let pattern = PathPattern::new(pattern, Some("/home/me")).unwrap();
            assert_eq!(pattern.matches(path), expected, "{pattern:?} {path}");
        }
        assert_eq!(PathPattern::new("/", None), None);
        assert_eq!(PathPattern::new("**", None), None);
        assert!(PathPattern::new("~/proj", None).unwrap().matches("/home/you/proj/a"));
    }

    #[test]
    fn repositories() {
        let table = [
            ("cli", "github.com/entireio/cli", true),
            ("entireio/cli", "github.com/entireio/cli", true),
            ("EntireIO/CLI", "github.com/entireio/cli", true),
            ("https://github.com/entireio/cli.git", "github.com/entireio/cli", true),
            ("git@github.com:entireio/cli.git", "github.com/entireio/cli", true),
            ("ssh://git@github.com:22/entireio/cli", "github.com/entireio/cli", true),
            ("entireio/*", "github.com/entireio/cli", true),
            ("entireio", "github.com/entireio/cli", false),
            ("li", "github.com/entireio/cli", false),
            ("app", "/x/app/.git", true),
        ];
        for (pattern, identity, expected) in table {
            let pattern = RepoPattern::new(pattern).unwrap();
            assert_eq!(pattern.matches(identity), expected, "{pattern:?} {identity}");
        }
        assert_eq!(RepoPattern::new("/"), None);
    }

    #[test]
    fn texts_and_ids() {
        let fits = |pattern: &str, quoted: bool, text: &str| TextPattern::new(pattern, quoted).unwrap().matches(text);
        assert!(fits("feature/ent-*", false, "feature/ent-221"));
        assert!(!fits("feature/ent-*", false, "fix/feature/ent-221"));
        assert!(fits("ent-221", false, "feature/ent-221-phase"));
        assert!(fits("lock test", true, "Fix the flaky LockTest"));
        assert!(!fits("test lock", true, "Fix the flaky lock test"));
        assert!(fits("잠금", false, "잠금 순서 바꾸기"));
        assert!(fits("c++", false, "a C++ build"));
        assert_eq!(TextPattern::new("!!", false), None);

        assert!(SessionPrefix::new("4F2A91c7#128").unwrap().matches("4f2a91c7d0"));
        assert!(!SessionPrefix::new("4f2a").unwrap().matches("4f2"));
        assert_eq!(SessionPrefix::new("4f2"), None);
        assert_eq!(SessionPrefix::new("4f2a/1"), None);
    }
}
