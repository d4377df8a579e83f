//! What of an event is searched: its text, and the files that it names.

use std::fmt::Write;

use serde_json::Value;

use crate::{Body, Content, Event};

/// The most text that one event gives, in bytes; what comes after it is not searched.
pub const MAX_TEXT_BYTES: usize = 8 * 1024 * 1024;

/// The longest path that is taken for one, in bytes.
pub const MAX_PATH_BYTES: usize = 4096;

/// The most files that one tool call names.
pub const MAX_PATHS_PER_CALL: usize = 64;

/// The most files that one command names.
pub const MAX_PATHS_PER_COMMAND: usize = 16;

/// The longest word of a command that is taken for a path, in bytes.
const MAX_COMMAND_PATH_BYTES: usize = 256;

/// How far a command is looked through for paths, in bytes: what follows is most often a script or data.
const MAX_COMMAND_BYTES: usize = 8 * 1024;

/// `serde_json` reads nothing deeper; a value made by hand may be.
const MAX_DEPTH: usize = 128;

/// Appends the text of `event` that is searched and cut into snippets: what a person could have read of it, without
/// the names of tools and fields. At most [`MAX_TEXT_BYTES`] are appended.
///
/// | event | text |
/// |---|---|
/// | message, thinking, compaction | its text; of images and documents the name or caption |
/// | tool call | every string and number of its input, in order, each on a line of its own |
/// | command | the command line, then what it is for |
/// | tool result | its content, then the standard error unless the content holds it |
/// | edit | the path, and the new one; the change itself is found through its call |
/// | todo | its items, each on a line |
/// | subagent, title, error | description, title, message |
/// | usage, unknown | nothing |
pub fn searchable_text(event: &Event, out: &mut String) {
    let mut text = Lines { start: out.len(), out };
    match &event.body {
        Body::Message(message) => text.content(&message.content),
        Body::Thinking(thinking) => text.line(&thinking.content),
        Body::ToolCall(call) => text.values(&call.input, 0),
        Body::Command(command) => {
            text.line(&command.command);
            text.line(command.description.as_deref().unwrap_or_default());
        }
        Body::ToolResult(result) => {
            text.content(&result.content);
            if let Some(stderr) = &result.stderr
                && !text.holds(stderr.trim())
            {
                text.line(stderr);
            }
        }
        Body::Edit(edit) => {
            text.line(&edit.path);
            text.line(edit.to.as_deref().unwrap_or_default());
        }
        Body::Todo(todo) => todo.items.iter().for_each(|item| text.line(&item.content)),
        Body::Compaction(compaction) => text.line(&compaction.content),
        Body::Subagent(subagent) => text.line(subagent.description.as_deref().unwrap_or_default()),
        Body::Title(title) => text.line(&title.title),
        Body::Error(error) => text.line(&error.message),
        Body::Usage(_) | Body::Unknown(_) => {}
    }
}

/// How an event touches a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PathAccess {
    /// It changed it.
    Edited,
    /// It read it.
    Read,
    /// It names it otherwise.
    Named,
}

/// Tells the files that `event` touches, in order, as they are written there: what it edited and read, and what its
/// calls and commands name. A file may be told more than once.
pub fn path_mentions(event: &Event, found: &mut dyn FnMut(PathAccess, &str)) {
    match &event.body {
        Body::Edit(edit) => {
            for path in [Some(&edit.path), edit.to.as_ref()].into_iter().flatten() {
                if is_path_sized(path) {
                    found(PathAccess::Edited, path);
                }
            }
        }
        Body::ToolCall(call) => {
            let access = if is_read_tool(&call.name) { PathAccess::Read } else { PathAccess::Named };
            let mut left = MAX_PATHS_PER_CALL;
            input_paths(&call.input, 0, &mut left, &mut |path| found(access, path));
        }
        Body::Command(command) => {
            let command = floor_char_boundary(&command.command, MAX_COMMAND_BYTES);
            CommandWords { rest: command }
                .filter_map(path_in_word)
                .take(MAX_PATHS_PER_COMMAND)
                .for_each(|path| found(PathAccess::Named, path));
        }
        _ => {}
    }
}

/// Whether a tool of this name changes files, whichever agent it belongs to.
pub fn is_edit_tool(name: &str) -> bool {
    is_one_of(
        name,
        &[
            "edit",
            "write",
            "multiedit",
            "notebookedit",
            "create",
            "replace",
            "patch",
            "applypatch",
            "applydiff",
            "editfile",
            "writefile",
            "createfile",
            "deletefile",
            "createnewfile",
            "editexistingfile",
            "writetofile",
            "replaceinfile",
            "replacefilecontent",
            "multireplacefilecontent",
            "searchreplace",
            "searchandreplace",
            "singlefindandreplace",
            "insertcontent",
            "inserteditintofile",
            "replacestringinfile",
            "multireplacestringinfile",
            "strreplace",
            "strreplaceeditor",
            "strreplacebasededittool",
            "texteditor",
            "editor",
            "fswrite",
            "undoedit",
            "reapply",
            "editnotebook",
            "editnotebookfile",
        ],
    )
}

/// Whether a tool of this name runs shell commands, whichever agent it belongs to.
pub fn is_shell_tool(name: &str) -> bool {
    is_one_of(
        name,
        &[
            "bash",
            "shell",
            "sh",
            "zsh",
            "powershell",
            "pwsh",
            "cmd",
            "terminal",
            "exec",
            "execute",
            "executecommand",
            "executebash",
            "executepwsh",
            "execcommand",
            "shellcommand",
            "localshell",
            "localshellcall",
            "runcommand",
            "runcommands",
            "runshellcommand",
            "runterminalcmd",
            "runterminalcommand",
            "runterminalcommandv2",
            "runinterminal",
            "unifiedexec",
        ],
    )
}

/// Whether a tool of this name reads files and leaves them as they are, whichever agent it belongs to.
pub fn is_read_tool(name: &str) -> bool {
    is_one_of(
        name,
        &[
            "read",
            "readfile",
            "readfilev2",
            "readfiles",
            "readmanyfiles",
            "readimage",
            "readmediafile",
            "readtextfile",
            "notebookread",
            "view",
            "viewfile",
            "viewimage",
            "viewcodeitem",
            "openfile",
            "fileread",
            "cat",
            "fsread",
        ],
    )
}

/// Compares without case, `_` and `-`, so that `read_file`, `ReadFile` and `readFile` are one; of `developer__shell`
/// and `mcp__files__read_file` only the last part counts. `names` are lower case and without separators.
fn is_one_of(name: &str, names: &[&str]) -> bool {
    let name = name.rsplit("__").next().unwrap_or(name);
    let name = name.rsplit(['.', ':', '/']).next().unwrap_or(name);
    names.iter().any(|known| {
        let mut letters =
            name.bytes().filter(|byte| !matches!(byte, b'_' | b'-')).map(|byte| byte.to_ascii_lowercase());
        known.bytes().all(|byte| letters.next() == Some(byte)) && letters.next().is_none()
    })
}

/// Lines appended to a string, up to a bound.
struct Lines<'a> {
    out: &'a mut String,
    start: usize,
}

impl Lines<'_> {
    fn line(&mut self, line: &str) {
        if line.is_empty() {
            return;
        }
        if self.out.len() > self.start && self.left() > 0 {
            self.out.push('\n');
        }
        let line = floor_char_boundary(line, self.left());
        self.out.push_str(line);
    }

    fn content(&mut self, content: &Content) {
        match content {
            Content::Text(text) => self.line(text),
            Content::Parts(parts) => {
                parts.iter().filter_map(|part| part.text.as_deref()).for_each(|text| self.line(text));
            }
        }
    }

    fn values(&mut self, value: &Value, depth: usize) {
        if depth > MAX_DEPTH || self.left() == 0 {
            return;
        }
        match value {
            Value::String(text) => self.line(text),
            Value::Number(number) => {
                let mut digits = String::new();
                write!(digits, "{number}").expect("a string takes every byte");
                self.line(&digits);
            }
            Value::Array(values) => values.iter().for_each(|value| self.values(value, depth + 1)),
            Value::Object(fields) => fields.values().for_each(|value| self.values(value, depth + 1)),
            Value::Null | Value::Bool(_) => {}
        }
    }

    fn holds(&self, text: &str) -> bool {
        self.out[self.start..].contains(text)
    }

    fn left(&self) -> usize {
        MAX_TEXT_BYTES - (self.out.len() - self.start).min(MAX_TEXT_BYTES)
    }
}

/// The paths in a call's input: under the keys by which agents' tools name files, at any depth.
fn input_paths(input: &Value, depth: usize, left: &mut usize, found: &mut dyn FnMut(&str)) {
    if depth > MAX_DEPTH {
        return;
    }
    match input {
        Value::Object(fields) => {
            for (key, value) in fields {
                match value {
                    Value::String(path) if is_path_key(key) => take_path(path, left, found),
                    Value::Array(paths) if is_path_key(key) => {
                        for path in paths {
                            match path {
                                Value::String(path) => take_path(path, left, found),
                                other => input_paths(other, depth + 1, left, found),
                            }
                        }
                    }
                    Value::Object(_) | Value::Array(_) => input_paths(value, depth + 1, left, found),
                    _ => {}
                }
            }
        }
        Value::Array(values) => {
            for value in values {
                if *left == 0 {
                    return;
                }
                input_paths(value, depth + 1, left, found);
            }
        }
        _ => {}
    }
}

fn take_path(path: &str, left: &mut usize, found: &mut dyn FnMut(&str)) {
    if *left > 0 && is_path_sized(path) {
        *left -= 1;
        found(path);
    }
}

fn is_path_key(key: &str) -> bool {
    matches!(
        key,
        "path"
            | "paths"
            | "file"
            | "files"
            | "filePath"
            | "file_path"
            | "filepath"
            | "filename"
            | "file_name"
            | "fileName"
            | "notebook_path"
            | "notebookPath"
            | "target_file"
            | "targetFile"
            | "TargetFile"
            | "AbsolutePath"
            | "absolute_path"
            | "absolutePath"
            | "relative_path"
            | "relativePath"
            | "relative_workspace_path"
            | "relativeWorkspacePath"
            | "abs_path"
            | "dir_path"
            | "new_path"
            | "old_path"
            | "source_path"
            | "destination_path"
    )
}

fn is_path_sized(path: &str) -> bool {
    !path.is_empty() && path.len() <= MAX_PATH_BYTES && !path.contains(['\n', '\0'])
}

/// The words of a command line, as far as that can be told without a shell: quotes are taken off, operators cut, and
/// nothing follows the mark of a here-document.
struct CommandWords<'a> {
    rest: &'a str,
}

impl<'a> Iterator for CommandWords<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        const CUTS: [char; 9] = [';', '|', '&', '<', '>', '(', ')', '"', '\''];
        loop {
            self.rest = self.rest.trim_start();
            if self.rest.starts_with("<<") {
                return None;
            }
            let first = self.rest.chars().next()?;
            if first == '"' || first == '\'' {
                let quoted = &self.rest[1..];
                let end = quoted.find(first).unwrap_or(quoted.len());
                self.rest = quoted.get(end + 1..).unwrap_or_default();
                return Some(&quoted[..end]);
            }
            let end = self.rest.find(|c: char| c.is_whitespace() || CUTS.contains(&c)).unwrap_or(self.rest.len());
            if end == 0 {
                self.rest = &self.rest[first.len_utf8()..];
                continue;
            }
            let (word, rest) = self.rest.split_at(end);
            self.rest = rest;
            return Some(word);
        }
    }
}

/// The path that a word of a command is or holds (`--config=a/b.toml`), if it looks like one.
fn path_in_word(word: &str) -> Option<&str> {
    let word = match word.split_once('=') {
        Some((name, value)) if !name.contains('/') => value,
        _ => word,
    };
    let word = word.trim_end_matches([',', ':']);
    // `./...`, `src/...`: everything below.
    let word = word.strip_suffix("/...").unwrap_or(word);
    if word.is_empty()
        || word.len() > MAX_COMMAND_PATH_BYTES
        || word.starts_with('-')
        || word.contains("://")
        || word.contains(|c: char| c.is_whitespace() || c.is_control() || "$*?[]{}!`\\#^%\"'<>|;&()".contains(c))
    {
        return None;
    }
    // `main..HEAD`, `origin/main...topic`: commits.
    let has_range = word.split('/').any(|part| part != ".." && part.contains(".."));
    if has_range || word.starts_with("/dev/") {
        return None;
    }
    // `git@host:owner/name`, `host:/path`
    if word
        .split_once('/')
        .is_some_and(|(first, _)| first.contains(['@', ':']) && first.len() > 2 && !first.starts_with('@'))
    {
        return None;
    }
    let has_letter = word.contains(|c: char| c.is_alphabetic());
    let name = word.rsplit('/').next().unwrap_or(word);
    let has_extension = name.rsplit_once('.').is_some_and(|(stem, extension)| {
        !stem.is_empty()
            && (1..=10).contains(&extension.len())
            && extension.starts_with(|c: char| c.is_ascii_alphabetic())
            && extension.chars().all(|c| c.is_ascii_alphanumeric())
    });
    (has_letter && (word.contains('/') || has_extension) && !is_sed_script(word)).then_some(word)
}

/// `s/a/b/g`, `y/abc/xyz/`: slashes that separate no directories.
fn is_sed_script(word: &str) -> bool {
    word.strip_prefix(['s', 'y']).is_some_and(|rest| rest.starts_with('/') && rest[1..].matches('/').count() >= 2)
}

fn floor_char_boundary(text: &str, max: usize) -> &str {
    &text[..text.floor_char_boundary(max)]
}
