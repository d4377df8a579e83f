//! Code in colours: comments, texts, numbers and words of the language, told apart word by word. It needs no grammar, so
//! it costs nothing before it is used and is right about nearly all that is shown here: pieces of files, not files.

use ratatui::style::Style;
use ratatui::text::Span;

use super::theme::Theme;

/// What is known of a family of languages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Language {
    /// Beginnings of comments that last to the end of their line.
    comments: &'static [&'static str],
    /// Whether a single quote begins a text.
    single_quotes: bool,
    words: &'static str,
}

const C_LIKE: Language = Language {
    comments: &["//", "/*"],
    single_quotes: true,
    words: " as async await break case catch class const continue default defer do else enum export extends false final \
            finally for func function go if implements import in instanceof interface let match new nil null package \
            private protected public range return select static struct super switch this throw true try type \
            undefined var void while with yield ",
};
const RUST: Language = Language {
    comments: &["//", "/*"],
    single_quotes: false,
    words: " as async await break const continue crate dyn else enum extern false fn for if impl in let loop match mod \
            move mut pub ref return self Self static struct super trait true type unsafe use where while ",
};
const SCRIPT: Language = Language {
    comments: &["#"],
    single_quotes: true,
    words: " and as assert async await begin break case class continue def del do done elif else elsif end esac except \
            export exit False fi finally for from function global if import in is lambda local module nil None nonlocal \
            not or pass raise require rescue return self set source then True try unless until while with yield false \
            true null ",
};
const SQL: Language = Language {
    comments: &["--"],
    single_quotes: true,
    words: " and as by create delete desc distinct drop from group having in index inner insert into is join left like \
            limit not null on or order outer select set table union update values where AND AS BY CREATE DELETE DESC \
            DISTINCT DROP FROM GROUP HAVING IN INDEX INNER INSERT INTO IS JOIN LEFT LIKE LIMIT NOT NULL ON OR ORDER \
            OUTER SELECT SET TABLE UNION UPDATE VALUES WHERE ",
};
const DATA: Language = Language { comments: &["#", "//"], single_quotes: true, words: " true false null " };

/// The language of this name, as people write it after a code fence or at the end of a file's name.
pub(crate) fn language(name: &str) -> Option<Language> {
    Some(match name.split([' ', ',', '{']).next().unwrap_or_default().to_ascii_lowercase().as_str() {
        "rs" | "rust" => RUST,
        "c" | "h" | "cc" | "cpp" | "c++" | "hpp" | "cs" | "csharp" | "css" | "dart" | "go" | "golang" | "java"
        | "js" | "javascript" | "jsx" | "kt" | "kotlin" | "m" | "mjs" | "php" | "proto" | "scala" | "scss"
        | "svelte" | "swift" | "ts" | "tsx" | "typescript" | "vue" | "zig" => C_LIKE,
        "bash" | "console" | "dockerfile" | "fish" | "makefile" | "mk" | "pl" | "perl" | "py" | "python" | "rb"
        | "ruby" | "sh" | "shell" | "zsh" | "r" | "ex" | "exs" | "elixir" | "nix" => SCRIPT,
        "sql" => SQL,
        "json" | "jsonc" | "toml" | "yaml" | "yml" | "ini" | "cfg" | "conf" => DATA,
        _ => return None,
    })
}

/// The language of a file.
pub(crate) fn language_of(path: &str) -> Option<Language> {
    let name = path.rsplit('/').next().unwrap_or_default();
    match name.rsplit_once('.') {
        Some((_, ending)) => language(ending),
        None => language(name),
    }
}

/// A line of code in pieces with their colours; plain where the language is not known.
pub(crate) fn spans(line: &str, language: Option<Language>, theme: Theme) -> Vec<Span<'static>> {
    let Some(language) = language else { return vec![Span::raw(line.to_owned())] };
    let mut spans: Vec<Span<'static>> = Vec::new();
    let mut rest = line;
    let mut plain = String::new();
    let mut after_word = false;
    while let Some(first) = rest.chars().next() {
        // A comment in a script begins a word: `$#` and `a#b` are none.
        let is_comment = language.comments.iter().any(|sign| rest.starts_with(sign))
            && (!rest.starts_with('#') || plain.is_empty() || plain.ends_with([' ', '(', ';']))
            && !(rest.starts_with("//") && plain.ends_with(':'));
        let (length, style) = if is_comment {
            (rest.len(), theme.dim())
        } else if first == '"' || first == '`' || first == '\'' && language.single_quotes {
            (quoted(rest, first), theme.code_text())
        } else if first.is_ascii_digit() && !after_word {
            let end = rest.find(|next: char| !next.is_ascii_alphanumeric() && next != '.' && next != '_');
            (end.unwrap_or(rest.len()), theme.code_number())
        } else if (first.is_alphabetic() || first == '_') && !after_word {
            let end = rest.find(|next: char| !next.is_alphanumeric() && next != '_').unwrap_or(rest.len());
            let is_word = language.words.contains(&format!(" {} ", &rest[..end]));
            (end, if is_word { theme.code_word() } else { Style::new() })
        } else {
            (first.len_utf8(), Style::new())
        };
        let (piece, after) = rest.split_at(length);
        after_word = piece.ends_with(|last: char| last.is_alphanumeric() || last == '_');
        if style == Style::new() {
            plain.push_str(piece);
        } else {
            if !plain.is_empty() {
                spans.push(Span::raw(std::mem::take(&mut plain)));
            }
            spans.push(Span::styled(piece.to_owned(), style));
        }
        rest = after;
    }
    if !plain.is_empty() || spans.is_empty() {
        spans.push(Span::raw(plain));
    }
    spans
}

/// Bytes of the text in quotes that `rest` begins with; all of it when it is not closed.
fn quoted(rest: &str, quote: char) -> usize {
    let mut is_escaped = false;
    for (at, character) in rest.char_indices().skip(1) {
        match character {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            _ if character == quote => return at + quote.len_utf8(),
            _ => {}
        }
    }
    rest.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(line: &str, language_name: &str) -> String {
        let theme = Theme { ascii: false, color: true };
        let name = |style: Style| match style {
            _ if style == theme.dim() => "comment",
            _ if style == theme.code_text() => "text",
            _ if style == theme.code_number() => "number",
            _ if style == theme.code_word() => "word",
            _ => "",
        };
        spans(line, language(language_name), theme)
            .iter()
            .map(|span| {
                if span.style == Style::new() {
                    span.content.to_string()
                } else {
                    format!("<{}:{}>", name(span.style), span.content)
                }
            })
            .collect()
    }

    #[test]
    fn pieces_of_code_are_told_apart() {
        assert_eq!(
            shown(r#"let g = self.lock2("a \" b", 0x1f); // 잠금"#, "rust"),
            r#"<word:let> g = <word:self>.lock2(<text:"a \" b">, <number:0x1f>); <comment:// 잠금>"#
        );
        assert_eq!(shown("&'a str", "rust"), "&'a str");
        assert_eq!(shown("x = 'it' # why", "py"), "x = <text:'it'> <comment:# why>");
        assert_eq!(shown("open \"never closed", "go"), "open <text:\"never closed>");
        assert_eq!(shown("see https://x.y/z", "js"), "see https://x.y/z");
        assert_eq!(shown("let g", "unknown"), "let g");
    }
}
