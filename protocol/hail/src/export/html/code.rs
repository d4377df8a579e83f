//! Colouring code: comments, strings, numbers and keywords of common languages, told apart by a small scanner that
//! never fails. Elements are one letter, because a page holds many thousands: `b` keyword, `i` comment, `s` string, `u`
//! number.

use super::escape;

/// What a scanner has to know of a language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Language {
    line_comments: &'static [&'static str],
    block_comment: Option<(&'static str, &'static str)>,
    quotes: &'static [char],
    keywords: &'static [&'static str],
}

const C_KEYWORDS: &[&str] = &[
    "abstract",
    "async",
    "auto",
    "await",
    "bool",
    "boolean",
    "break",
    "byte",
    "case",
    "catch",
    "char",
    "class",
    "const",
    "constexpr",
    "continue",
    "data",
    "default",
    "defer",
    "delegate",
    "delete",
    "do",
    "double",
    "else",
    "enum",
    "explicit",
    "export",
    "extends",
    "extern",
    "extension",
    "false",
    "final",
    "finally",
    "float",
    "fn",
    "for",
    "foreach",
    "from",
    "fun",
    "func",
    "function",
    "goto",
    "guard",
    "if",
    "implements",
    "import",
    "in",
    "init",
    "inline",
    "instanceof",
    "int",
    "interface",
    "internal",
    "is",
    "lateinit",
    "let",
    "lock",
    "long",
    "namespace",
    "native",
    "new",
    "nil",
    "null",
    "nullptr",
    "object",
    "of",
    "open",
    "operator",
    "out",
    "override",
    "package",
    "private",
    "protected",
    "protocol",
    "public",
    "range",
    "readonly",
    "record",
    "ref",
    "return",
    "sealed",
    "select",
    "self",
    "short",
    "signed",
    "sizeof",
    "static",
    "string",
    "struct",
    "super",
    "suspend",
    "switch",
    "synchronized",
    "template",
    "this",
    "throw",
    "throws",
    "true",
    "try",
    "type",
    "typedef",
    "typename",
    "typeof",
    "undefined",
    "union",
    "unsigned",
    "using",
    "val",
    "var",
    "virtual",
    "void",
    "volatile",
    "when",
    "where",
    "while",
    "with",
    "yield",
    "chan",
    "go",
    "map",
];
const RUST_KEYWORDS: &[&str] = &[
    "as", "async", "await", "break", "const", "continue", "crate", "dyn", "else", "enum", "extern", "false", "fn",
    "for", "if", "impl", "in", "let", "loop", "match", "mod", "move", "mut", "pub", "ref", "return", "self", "Self",
    "static", "struct", "super", "trait", "true", "type", "unsafe", "use", "where", "while",
];
const PYTHON_KEYWORDS: &[&str] = &[
    "and", "as", "assert", "async", "await", "break", "class", "continue", "def", "del", "elif", "else", "except",
    "False", "finally", "for", "from", "global", "if", "import", "in", "is", "lambda", "match", "None", "nonlocal",
    "not", "or", "pass", "raise", "return", "self", "True", "try", "while", "with", "yield", "begin", "end", "ensure",
    "module", "nil", "rescue", "require", "then", "true", "false", "unless", "until", "when", "do", "case",
];
const SHELL_KEYWORDS: &[&str] = &[
    "case", "do", "done", "elif", "else", "esac", "export", "fi", "for", "function", "if", "in", "local", "return",
    "set", "then", "until", "while", "cd", "echo", "exit", "source", "sudo",
];
const SQL_KEYWORDS: &[&str] = &[
    "ADD",
    "ALTER",
    "AND",
    "AS",
    "ASC",
    "BEGIN",
    "BETWEEN",
    "BY",
    "CASE",
    "COMMIT",
    "CREATE",
    "DEFAULT",
    "DELETE",
    "DESC",
    "DISTINCT",
    "DROP",
    "ELSE",
    "END",
    "EXISTS",
    "FROM",
    "GROUP",
    "HAVING",
    "IN",
    "INDEX",
    "INNER",
    "INSERT",
    "INTO",
    "IS",
    "JOIN",
    "KEY",
    "LEFT",
    "LIKE",
    "LIMIT",
    "NOT",
    "NULL",
    "ON",
    "OR",
    "ORDER",
    "PRIMARY",
    "REFERENCES",
    "RETURNING",
    "RIGHT",
    "ROLLBACK",
    "SELECT",
    "SET",
    "TABLE",
    "THEN",
    "UNION",
    "UNIQUE",
    "UPDATE",
    "VALUES",
    "VIEW",
    "WHEN",
    "WHERE",
    "WITH",
];
const WORDS_OF_DATA: &[&str] = &["true", "false", "null", "yes", "no", "on", "off"];

const PLAIN: Language = Language { line_comments: &[], block_comment: None, quotes: &[], keywords: &[] };
const C_LIKE: Language = Language {
    line_comments: &["//"],
    block_comment: Some(("/*", "*/")),
    quotes: &['"', '\'', '`'],
    keywords: C_KEYWORDS,
};
const RUST: Language = Language { quotes: &['"'], keywords: RUST_KEYWORDS, ..C_LIKE };
const CSS: Language = Language { line_comments: &[], keywords: &[], quotes: &['"', '\''], ..C_LIKE };
const SCRIPT: Language =
    Language { line_comments: &["#"], block_comment: None, quotes: &['"', '\''], keywords: PYTHON_KEYWORDS };
const SHELL: Language = Language { keywords: SHELL_KEYWORDS, ..SCRIPT };
const SQL: Language = Language {
    line_comments: &["--"],
    block_comment: Some(("/*", "*/")),
    quotes: &['"', '\''],
    keywords: SQL_KEYWORDS,
};
const DATA: Language = Language { keywords: WORDS_OF_DATA, ..SCRIPT };
const JSON: Language = Language { line_comments: &["//"], quotes: &['"'], ..DATA };
const MARKUP: Language =
    Language { line_comments: &[], block_comment: Some(("<!--", "-->")), quotes: &['"'], keywords: &[] };

impl Language {
    pub(super) const SHELL: Language = SHELL;

    /// The language that a fence or the ending of a file's name names; plain text where it is unknown.
    pub(super) fn from_name(name: &str) -> Language {
        let word = name.split(|c: char| c.is_whitespace() || c == ',' || c == '{').next().unwrap_or_default();
        if word.len() > 16 {
            return PLAIN;
        }
        match word.to_ascii_lowercase().as_str() {
            "rs" | "rust" => RUST,
            "js" | "jsx" | "mjs" | "cjs" | "ts" | "tsx" | "mts" | "javascript" | "typescript" | "go" | "c" | "h"
            | "cc" | "cpp" | "cxx" | "hpp" | "c++" | "java" | "kt" | "kts" | "kotlin" | "swift" | "cs" | "csharp"
            | "php" | "scala" | "dart" | "zig" | "proto" | "m" | "vue" | "svelte" | "groovy" | "gradle" => C_LIKE,
            "css" | "scss" | "less" => CSS,
            "py" | "pyi" | "python" | "rb" | "ruby" | "ex" | "exs" | "elixir" | "jl" | "r" | "pl" => SCRIPT,
            "sh" | "bash" | "zsh" | "fish" | "shell" | "console" | "dockerfile" | "makefile" | "mk" => SHELL,
            "sql" => SQL,
            "json" | "jsonc" | "jsonl" | "json5" => JSON,
            "yaml" | "yml" | "toml" | "ini" | "cfg" | "conf" | "env" | "tf" | "hcl" | "nix" => DATA,
            "html" | "htm" | "xml" | "svg" => MARKUP,
            _ => PLAIN,
        }
    }

    /// The language of a file.
    pub(super) fn of_path(path: &str) -> Language {
        let name = path.rsplit(['/', '\\']).next().unwrap_or(path);
        Language::from_name(name.rsplit('.').next().unwrap_or(name))
    }
}

/// Appends `code` coloured, as the content of a `pre`.
pub(super) fn highlight(out: &mut String, code: &str, language: Language) {
    // What is cleaned away must not part a token, nor be seen as one.
    let clean = escape::clean(code);
    let mut rest = &*clean;
    if language == PLAIN {
        escape::text(out, rest);
        return;
    }
    let mut plain_from = rest;
    let mut before = None;
    while let Some(first) = rest.chars().next() {
        let token = token(rest, first, before, language);
        let taken = match token {
            Some((_, length)) => length,
            None if is_word(first) => rest.find(|c| !is_word(c)).unwrap_or(rest.len()),
            None => first.len_utf8(),
        };
        if let Some((element, length)) = token {
            escape::text(out, &plain_from[..plain_from.len() - rest.len()]);
            let (start, end) = match element {
                Element::Keyword => ("<b>", "</b>"),
                Element::Comment => ("<i>", "</i>"),
                Element::Text => ("<s>", "</s>"),
                Element::Number => ("<u>", "</u>"),
            };
            out.push_str(start);
            escape::text(out, &rest[..length]);
            out.push_str(end);
            plain_from = &rest[length..];
        }
        before = rest[..taken].chars().next_back();
        rest = &rest[taken..];
    }
    escape::text(out, plain_from);
}

#[derive(Debug, Clone, Copy)]
enum Element {
    Keyword,
    Comment,
    Text,
    Number,
}

/// The token that `rest` begins with, and its length in bytes.
fn token(rest: &str, first: char, before: Option<char>, language: Language) -> Option<(Element, usize)> {
    let line_end = || rest.find('\n').unwrap_or(rest.len());
    if let Some((start, end)) = language.block_comment
        && let Some(body) = rest.strip_prefix(start)
    {
        return Some((Element::Comment, body.find(end).map_or(rest.len(), |at| start.len() + at + end.len())));
    }
    for mark in language.line_comments {
        // `#` within a word of the shell, `//` within an address.
        let begins = before.is_none_or(|c| c.is_whitespace() || (*mark != "#" && c != ':'));
        if begins && rest.starts_with(mark) {
            return Some((Element::Comment, line_end()));
        }
    }
    if language.quotes.contains(&first) && (first != '\'' || !before.is_some_and(is_word)) {
        return text_length(rest, first).map(|length| (Element::Text, length));
    }
    if first.is_ascii_digit() {
        let length = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '.').unwrap_or(rest.len());
        return Some((Element::Number, rest[..length].trim_end_matches('.').len()));
    }
    if is_word(first) {
        let word = &rest[..rest.find(|c| !is_word(c)).unwrap_or(rest.len())];
        let is_keyword = language.keywords.contains(&word)
            || (language == SQL && language.keywords.iter().any(|keyword| keyword.eq_ignore_ascii_case(word)));
        return is_keyword.then_some((Element::Keyword, word.len()));
    }
    None
}

/// The length of a quoted text; nothing where the quote does not close. Only backquotes go over lines.
fn text_length(rest: &str, quote: char) -> Option<usize> {
    let mut is_escaped = false;
    for (at, character) in rest.char_indices().skip(1) {
        match character {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '\n' if quote != '`' => return None,
            _ if character == quote => return Some(at + character.len_utf8()),
            _ => {}
        }
    }
    None
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    fn coloured(code: &str, language: &str) -> String {
        let mut out = String::new();
        highlight(&mut out, code, Language::from_name(language));
        out
    }

    #[test]
    fn tokens_of_common_languages() {
        for (code, language, expected) in [
            ("let s = \"a<b\"; // x", "rust", "<b>let</b> s = <s>&quot;a&lt;b&quot;</s>; <i>// x</i>"),
            ("fn f<'a>(x: &'a u8) -> 0x1f", "rs", "<b>fn</b> f&lt;&#39;a&gt;(x: &amp;&#39;a u8) -&gt; <u>0x1f</u>"),
            ("if x: # why\n  return 'y'", "py", "<b>if</b> x: <i># why</i>\n  <b>return</b> <s>&#39;y&#39;</s>"),
            ("see https://x/y", "ts", "see https://x/y"),
            ("a /* b\nc", "c", "a <i>/* b\nc</i>"),
            ("select 1", "sql", "<b>select</b> <u>1</u>"),
            ("don't \"open", "sh", "don&#39;t &quot;open"),
            ("순서 = 1", "python", "순서 = <u>1</u>"),
            ("let", "text", "let"),
        ] {
            assert_eq!(coloured(code, language), expected);
        }
    }
}
