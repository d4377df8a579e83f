//! Command lines, as far as they can be understood without running a shell: which simple commands they are made of, and
//! whose exit code the line's own is.

use super::check;
use crate::handoff::document::CheckKind;

/// How far a command line is looked at, in bytes.
const MAX_BYTES: usize = 32 * 1024;
/// Simple commands of a line that are told apart.
const MAX_COMMANDS: usize = 64;
/// Words of a simple command.
const MAX_WORDS: usize = 256;
/// How deep `sh -c '…'` is looked into.
const MAX_DEPTH: usize = 3;

/// What joins a simple command to the next one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Join {
    /// `&&`
    And,
    /// `||`
    Or,
    /// `|`
    Pipe,
    /// `;`, a line's end, `&`
    Then,
    /// Nothing comes after it.
    End,
}

/// A command without operators.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Simple {
    /// Its words without quotes; assignments before it stand apart.
    pub(crate) words: Vec<String>,
    /// Assignments before it, or alone.
    pub(crate) assignments: Vec<String>,
    /// Files that its output goes to.
    pub(crate) writes: Vec<String>,
    /// What comes after it.
    pub(crate) join: Join,
    /// Whether it reads the output of the one before.
    pub(crate) piped: bool,
}

impl Simple {
    fn new(piped: bool) -> Self {
        Self { words: Vec::new(), assignments: Vec::new(), writes: Vec::new(), join: Join::End, piped }
    }
}

/// A command line, understood.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) commands: Vec<Simple>,
    /// What tells the line from others: its commands without directory changes, redirections, and filters of the
    /// output. Two lines of one signature do the same.
    pub(crate) signature: String,
    /// The checks it runs, and what each is.
    pub(crate) checks: Vec<(CheckKind, String)>,
    /// The line's exit code need not be that of its checks: a pipe, `||` or further commands hide it.
    pub(crate) masked: bool,
    /// A command of it writes into a pipe.
    pub(crate) piped: bool,
}

impl Line {
    /// Understands a command line.
    pub(crate) fn parse(text: &str) -> Line {
        let mut commands = Vec::new();
        split(&text[..text.floor_char_boundary(MAX_BYTES)], 0, &mut commands);
        let has_pipefail = commands.iter().any(|command: &Simple| {
            command.words.first().is_some_and(|word| word == "set")
                && command.words.iter().any(|word| word == "pipefail")
        });
        let piped = commands.iter().any(|command| command.join == Join::Pipe);
        let mut line = Line { piped, ..Line::default() };
        let mut parts = Vec::new();
        for (index, command) in commands.iter().enumerate() {
            if command.words.is_empty() && !command.assignments.is_empty() {
                // What it sets, a later command may use.
                parts.push(command.assignments.join(" "));
            }
            if is_trifle(command) {
                continue;
            }
            let text = command.words.join(" ");
            if let Some(kind) = check::kind_of(&command.words) {
                line.checks.push((kind, text.clone()));
                line.masked |= match command.join {
                    Join::Pipe => !has_pipefail,
                    Join::Or => true,
                    Join::Then => index + 1 < commands.len(),
                    Join::And | Join::End => false,
                };
            }
            parts.push(text);
        }
        line.signature = parts.join(" && ");
        if line.signature.is_empty() {
            line.signature = text.split_whitespace().take(MAX_WORDS).collect::<Vec<_>>().join(" ");
        }
        line.commands = commands;
        line
    }

    /// What its checks are called together.
    pub(crate) fn check_name(&self) -> String {
        self.checks.iter().map(|(_, text)| text.as_str()).collect::<Vec<_>>().join(" && ")
    }
}

/// Whether it only moves about, talks, or filters what another command printed.
fn is_trifle(command: &Simple) -> bool {
    let Some(first) = command.words.first() else { return true };
    let name = program(first);
    if command.piped {
        return matches!(
            name,
            "head" | "tail" | "grep" | "egrep" | "rg" | "cat" | "tee" | "wc" | "sort" | "uniq" | "less" | "tr" | "cut"
        );
    }
    matches!(
        name,
        "cd" | "pushd"
            | "popd"
            | "echo"
            | "printf"
            | "export"
            | "set"
            | "pwd"
            | "true"
            | ":"
            | "sleep"
            | "source"
            | "."
            | "unset"
            | "exit"
    )
}

/// The last component of a program's path.
pub(crate) fn program(word: &str) -> &str {
    word.rsplit(['/', '\\']).next().unwrap_or(word)
}

/// Files that a simple command changes by itself, as far as its words tell: `(path, what was done)`.
pub(crate) fn changed_files(command: &Simple, found: &mut dyn FnMut(&str, ShellChange)) {
    for target in &command.writes {
        found(target, ShellChange::Written);
    }
    let Some(first) = command.words.first() else { return };
    let plain = |from: usize| command.words.iter().skip(from).filter(|word| !word.starts_with('-'));
    match program(first) {
        "tee" | "touch" => plain(1).for_each(|path| found(path, ShellChange::Written)),
        "rm" | "unlink" => plain(1).for_each(|path| found(path, ShellChange::Deleted)),
        "mv" => {
            let paths: Vec<_> = plain(1).collect();
            if let [from, to] = paths.as_slice() {
                found(from, ShellChange::Deleted);
                found(to, ShellChange::Written);
            }
        }
        "cp" => {
            let paths: Vec<_> = plain(1).collect();
            if let [_, to] = paths.as_slice() {
                found(to, ShellChange::Written);
            }
        }
        "sed" | "gsed" if command.words.iter().any(|word| word.starts_with("-i") || word == "--in-place") => {
            let has_script = command.words.iter().any(|word| word == "-e" || word == "-f");
            let words: Vec<_> = plain(1).filter(|word| !word.is_empty()).collect();
            words.iter().skip(usize::from(!has_script)).for_each(|path| found(path, ShellChange::Written));
        }
        "git" => match command.words.get(1).map(String::as_str) {
            Some("rm") => plain(2).for_each(|path| found(path, ShellChange::Deleted)),
            Some("mv") => {
                let paths: Vec<_> = plain(2).collect();
                if let [from, to] = paths.as_slice() {
                    found(from, ShellChange::Deleted);
                    found(to, ShellChange::Written);
                }
            }
            Some("checkout") => {
                let after = command.words.iter().position(|word| word == "--").map(|at| at + 1);
                if let Some(from) = after {
                    plain(from).for_each(|path| found(path, ShellChange::ThrownAway));
                }
            }
            Some("restore") if !command.words.iter().any(|word| word == "--staged") => {
                plain(2).for_each(|path| found(path, ShellChange::ThrownAway));
            }
            Some("reset") if command.words.iter().any(|word| word == "--hard") => found("", ShellChange::ThrownAway),
            _ => {}
        },
        _ => {}
    }
}

/// What a shell command did to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ShellChange {
    /// Created or changed.
    Written,
    /// Deleted or moved away.
    Deleted,
    /// Its changes since the last commit were dropped; an empty path means all files.
    ThrownAway,
}

/// Takes a line apart.
fn split(text: &str, depth: usize, commands: &mut Vec<Simple>) {
    let mut lexer = Lexer { bytes: text.as_bytes(), text, at: 0, here: Vec::new() };
    let mut current = Simple::new(false);
    loop {
        if commands.len() >= MAX_COMMANDS {
            return;
        }
        match lexer.next() {
            Token::Word(word) => {
                let starts = current.words.is_empty();
                let is_keyword = starts
                    && matches!(
                        &*word,
                        "do" | "then"
                            | "else"
                            | "elif"
                            | "if"
                            | "while"
                            | "until"
                            | "{"
                            | "}"
                            | "!"
                            | "time"
                            | "fi"
                            | "done"
                            | "("
                    );
                let place = if starts && is_assignment(&word) { &mut current.assignments } else { &mut current.words };
                if !is_keyword && place.len() < MAX_WORDS {
                    place.push(word);
                }
            }
            Token::Write(target) => {
                if !target.starts_with('&') && !target.starts_with("/dev/") && !target.is_empty() {
                    current.writes.push(target);
                }
            }
            Token::Read => {}
            Token::Join(join) => {
                let piped = join == Join::Pipe;
                let mut done = std::mem::replace(&mut current, Simple::new(piped));
                done.join = join;
                push(done, depth, commands);
                if join == Join::End {
                    // What ends the line has no successor: an operator before it joins to nothing.
                    if let Some(last) = commands.last_mut()
                        && last.join == Join::Then
                    {
                        last.join = Join::End;
                    }
                    return;
                }
            }
        }
    }
}

fn push(command: Simple, depth: usize, commands: &mut Vec<Simple>) {
    if command.words.is_empty() && command.writes.is_empty() && command.assignments.is_empty() {
        return;
    }
    let is_shell = command
        .words
        .first()
        .is_some_and(|word| matches!(program(word), "bash" | "sh" | "zsh" | "dash" | "ksh" | "pwsh" | "powershell"));
    let script = command.words.iter().position(|word| {
        word.starts_with('-') && !word.starts_with("--") && word.ends_with('c') || word.eq_ignore_ascii_case("-command")
    });
    if is_shell
        && depth < MAX_DEPTH
        && let Some(script) = script.and_then(|at| command.words.get(at + 1))
    {
        let before = commands.len();
        split(script, depth + 1, commands);
        if let Some(last) = commands[before..].last_mut() {
            last.join = command.join;
        }
        return;
    }
    commands.push(command);
}

fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty()
            && !name.starts_with(|c: char| c.is_ascii_digit())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    })
}

enum Token {
    Word(String),
    /// A file that output goes to.
    Write(String),
    /// A redirection of the input.
    Read,
    Join(Join),
}

struct Lexer<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    /// Delimiters of here-documents whose bodies begin after this line.
    here: Vec<String>,
}

impl Lexer<'_> {
    fn next(&mut self) -> Token {
        loop {
            let Some(&byte) = self.bytes.get(self.at) else { return Token::Join(Join::End) };
            match byte {
                b' ' | b'\t' | b'\r' => self.at += 1,
                b'\\' if self.bytes.get(self.at + 1) == Some(&b'\n') => self.at += 2,
                b'#' => self.at = self.line_end(),
                b'\n' => {
                    self.at += 1;
                    self.skip_here_documents();
                    return Token::Join(Join::Then);
                }
                b';' | b'(' | b')' => {
                    self.at += 1;
                    return Token::Join(Join::Then);
                }
                b'&' => {
                    if self.bytes.get(self.at + 1) == Some(&b'&') {
                        self.at += 2;
                        return Token::Join(Join::And);
                    }
                    if self.bytes.get(self.at + 1) == Some(&b'>') {
                        self.at += 1;
                        return self.redirection();
                    }
                    self.at += 1;
                    return Token::Join(Join::Then);
                }
                b'|' => {
                    self.at += 1;
                    match self.bytes.get(self.at) {
                        Some(b'|') => {
                            self.at += 1;
                            return Token::Join(Join::Or);
                        }
                        Some(b'&') => self.at += 1,
                        _ => {}
                    }
                    return Token::Join(Join::Pipe);
                }
                b'<' | b'>' => return self.redirection(),
                _ => {
                    let word = self.word();
                    // `2>&1`: the number belongs to the redirection.
                    if matches!(self.bytes.get(self.at), Some(b'<' | b'>'))
                        && !word.is_empty()
                        && word.bytes().all(|byte| byte.is_ascii_digit())
                    {
                        return self.redirection();
                    }
                    return Token::Word(word);
                }
            }
        }
    }

    fn redirection(&mut self) -> Token {
        let is_read = self.bytes[self.at] == b'<';
        let mut arrows = 0;
        while matches!(self.bytes.get(self.at), Some(b'<' | b'>')) {
            arrows += 1;
            self.at += 1;
        }
        let is_here = is_read && arrows == 2;
        if is_here && self.bytes.get(self.at) == Some(&b'-') {
            self.at += 1;
        }
        if self.bytes.get(self.at) == Some(&b'|') {
            self.at += 1;
        }
        let is_copy = self.bytes.get(self.at) == Some(&b'&');
        if is_copy {
            self.at += 1;
        }
        while matches!(self.bytes.get(self.at), Some(b' ' | b'\t')) {
            self.at += 1;
        }
        let target = self.word();
        if is_here {
            self.here.push(target);
            return Token::Read;
        }
        if is_read || is_copy { Token::Read } else { Token::Write(target) }
    }

    /// A word, its quotes taken off. `$(…)` and `` `…` `` stay as they are.
    fn word(&mut self) -> String {
        let mut word = String::new();
        while let Some(&byte) = self.bytes.get(self.at) {
            match byte {
                b' ' | b'\t' | b'\r' | b'\n' | b';' | b'|' | b'&' | b'<' | b'>' | b')' => break,
                b'(' if word.is_empty() => break,
                b'\'' => {
                    let start = self.at + 1;
                    let end = self.find(start, b'\'');
                    word.push_str(&self.text[start..end]);
                    self.at = (end + 1).min(self.bytes.len());
                }
                b'"' => self.double_quoted(&mut word),
                b'\\' => {
                    self.at += 1;
                    self.character(&mut word);
                }
                b'$' if self.bytes.get(self.at + 1) == Some(&b'(') => self.substitution(&mut word),
                b'`' => {
                    let end = self.find(self.at + 1, b'`');
                    let end = (end + 1).min(self.bytes.len());
                    word.push_str(&self.text[self.at..end]);
                    self.at = end;
                }
                _ => self.character(&mut word),
            }
        }
        word
    }

    fn double_quoted(&mut self, word: &mut String) {
        self.at += 1;
        while let Some(&byte) = self.bytes.get(self.at) {
            match byte {
                b'"' => {
                    self.at += 1;
                    return;
                }
                b'\\' => {
                    self.at += 1;
                    self.character(word);
                }
                b'$' if self.bytes.get(self.at + 1) == Some(&b'(') => self.substitution(word),
                _ => self.character(word),
            }
        }
    }

    /// `$(…)`, with quotes, here-documents and further ones in it.
    fn substitution(&mut self, word: &mut String) {
        let start = self.at;
        self.at += 2;
        let mut depth = 1;
        while let Some(&byte) = self.bytes.get(self.at) {
            match byte {
                b'(' => depth += 1,
                b')' => depth -= 1,
                b'\'' => self.at = self.find(self.at + 1, b'\''),
                b'\\' => self.at += 1,
                b'<' if self.text[self.at..].starts_with("<<") && !self.text[self.at..].starts_with("<<<") => {
                    self.skip_inner_here_document();
                    continue;
                }
                _ => {}
            }
            self.at += 1;
            if depth == 0 {
                break;
            }
        }
        self.at = self.text.ceil_char_boundary(self.at.min(self.bytes.len()));
        word.push_str(&self.text[start..self.at]);
    }

    fn skip_inner_here_document(&mut self) {
        self.at += 2;
        if self.bytes.get(self.at) == Some(&b'-') {
            self.at += 1;
        }
        let delimiter = self.word();
        self.at = self.line_end();
        self.here.push(delimiter);
        if self.at < self.bytes.len() {
            self.at += 1;
        }
        let last = self.here.pop().into_iter().collect::<Vec<_>>();
        let outer = std::mem::replace(&mut self.here, last);
        self.skip_here_documents();
        self.here = outer;
    }

    fn skip_here_documents(&mut self) {
        for delimiter in std::mem::take(&mut self.here) {
            while self.at < self.bytes.len() {
                let end = self.line_end();
                let line = self.text[self.at..end].trim();
                self.at = (end + 1).min(self.bytes.len());
                if line == delimiter {
                    break;
                }
            }
        }
    }

    fn character(&mut self, word: &mut String) {
        let Some(character) = self.text.get(self.at..).and_then(|rest| rest.chars().next()) else {
            self.at = self.bytes.len();
            return;
        };
        word.push(character);
        self.at += character.len_utf8();
    }

    fn find(&self, from: usize, byte: u8) -> usize {
        let from = from.min(self.bytes.len());
        self.bytes[from..].iter().position(|&found| found == byte).map_or(self.bytes.len(), |at| from + at)
    }

    fn line_end(&self) -> usize {
        self.find(self.at, b'\n')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        let line = Line::parse(text);
        let checks: Vec<_> = line.checks.iter().map(|(kind, text)| format!("{kind:?} {text}")).collect();
        format!("{} | {} | {}", line.signature, checks.join(", "), if line.masked { "masked" } else { "" })
    }

    #[test]
    fn lines_are_taken_apart() {
        assert_eq!(shown("cd /x && mise run lint 2>&1 | tail -5"), "mise run lint | Lint mise run lint | masked");
        assert_eq!(shown("RUST_LOG=x cargo test -p a"), "cargo test -p a | Test cargo test -p a | ");
        assert_eq!(
            shown("bash -lc 'go vet ./... && go test ./...'"),
            "go vet ./... && go test ./... | Lint go vet ./..., Test go test ./... | "
        );
        assert_eq!(
            shown("git commit -m \"$(cat <<'EOF'\nIt's (a) \"test\"\ngo test\nEOF\n)\" && git push"),
            "git commit -m $(cat <<'EOF'\nIt's (a) \"test\"\ngo test\nEOF\n) && git push |  | "
        );
        assert_eq!(shown("cat > a.txt <<EOF\ngo test\nEOF\ngo build"), "cat && go build | Build go build | ");
        assert_eq!(shown("go test ./... || true"), "go test ./... | Test go test ./... | masked");
    }

    #[test]
    fn any_text_is_taken() {
        for text in ["", "'", "\"", "$(", "<<", "a <<", "\\", "((", "`", "$(cat <<'E", "> ", "잠금 | '순서"] {
            Line::parse(text);
        }
    }

    #[test]
    fn files_that_the_shell_changes() {
        let changed = |text: &str| {
            let mut all = Vec::new();
            for command in &Line::parse(text).commands {
                changed_files(command, &mut |path, change| all.push(format!("{change:?} {path}")));
            }
            all.join(", ")
        };
        assert_eq!(changed("sed -i 's/a/b/' x.rs y.rs"), "Written x.rs, Written y.rs");
        assert_eq!(changed("cat > a.txt <<EOF\nx\nEOF"), "Written a.txt");
        assert_eq!(changed("rm -rf a && mv b c 2>/dev/null"), "Deleted a, Deleted b, Written c");
        assert_eq!(changed("git checkout -- a b; git reset --hard HEAD"), "ThrownAway a, ThrownAway b, ThrownAway ");
    }
}
