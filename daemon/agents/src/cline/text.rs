//! Texts that stand for something else: results in the person's turn, calls in the model's, checkboxes.

use opensession_hail::{Status, TodoItem, TodoStatus};

/// A text of the person's turn.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Said<'a> {
    /// What the person wrote.
    Typed(Vec<&'a str>),
    /// What came back from the tool of that name, and what the person wrote in it.
    Result {
        name: &'a str,
        content: &'a str,
        typed: Vec<&'a str>,
    },
    /// What the client put there.
    Added(&'a str),
    Nothing,
}

const TYPED: [&str; 4] = ["task", "feedback", "user_message", "answer"];
const ADDED: [&str; 16] = [
    "[TASK RESUMPTION]",
    "[ERROR]",
    "[The user",
    "[Response interrupted",
    "# TODO LIST",
    "# Todo List",
    "# task_progress",
    "<explicit_instructions",
    "<file_content",
    "<folder_content",
    "<url_content",
    "<SYSTEM_NOTICE>",
    "<system_reminder",
    "<new_task",
    "<hook_context",
    "Tool [",
];

/// Tells what `text` is, without the environment that the client adds.
pub(super) fn classify(text: &str) -> Said<'_> {
    let end = text.find("<environment_details>").unwrap_or(text.len());
    let text = text[..end].trim();
    if text.is_empty() {
        return Said::Nothing;
    }
    if let Some((name, content)) = result(text) {
        return Said::Result { name, content, typed: TYPED.iter().flat_map(|tag| inside(content, tag)).collect() };
    }
    if ADDED.iter().any(|beginning| text.starts_with(beginning)) {
        return Said::Added(text);
    }
    let typed: Vec<&str> = TYPED
        .iter()
        .filter(|tag| text.starts_with(&*format!("<{tag}>")))
        .flat_map(|tag| inside(text, tag).into_iter().take(1))
        .collect();
    Said::Typed(if typed.is_empty() { vec![text] } else { typed })
}

/// `[read_file for 'a'] Result:` and what follows.
pub(super) fn result(text: &str) -> Option<(&str, &str)> {
    let inner = text.strip_prefix('[')?;
    let length = inner.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')).count();
    let (name, rest) = inner.split_at(length);
    if name.is_empty() || !rest.starts_with([' ', ']']) {
        return None;
    }
    let (head, content) = rest.split_once("] Result:")?;
    // The head names a path or a command, which may be long, but is no text of many paragraphs.
    (head.len() < 20_000).then(|| (name, content.trim()))
}

/// The insides of all blocks `<tag>…</tag>`.
fn inside<'a>(text: &'a str, tag: &str) -> Vec<&'a str> {
    let (open, close) = (format!("<{tag}>"), format!("</{tag}>"));
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((_, after)) = rest.split_once(&*open) {
        let Some((inner, after)) = after.split_once(&*close) else { break };
        found.push(inner.trim());
        rest = after;
    }
    found.retain(|inner| !inner.is_empty());
    found
}

/// The directory that an environment names.
pub(super) fn directory(text: &str) -> Option<&str> {
    let (_, rest) = text
        .split_once("# Current Working Directory (")
        .or_else(|| text.split_once("# Current Workspace Directory ("))?;
    let directory = rest.split(['\n', ')']).next()?.trim();
    (!directory.is_empty()).then_some(directory)
}

/// How a result's words say that it ended.
pub(super) fn status(content: &str) -> Status {
    const FAILED: [&str; 8] = [
        "The tool execution failed",
        "<error_details>",
        "<error>",
        "Error:",
        "Error executing",
        "Missing value for required parameter",
        "Command failed",
        "{\"status\":\"error\"",
    ];
    if content.starts_with("The user denied") || content.starts_with("{\"status\":\"denied\"") {
        Status::Rejected
    } else if FAILED.iter().any(|beginning| content.starts_with(beginning)) {
        Status::Error
    } else {
        Status::Ok
    }
}

/// The exit code that a command's result names at its beginning.
pub(super) fn exit_code(content: &str) -> Option<i32> {
    let head = &content[..content.floor_char_boundary(300)];
    let (_, rest) = head.split_once("xit code")?;
    let rest = rest.trim_start_matches([':', ' ']);
    let end = rest.find(|letter: char| !letter.is_ascii_digit() && letter != '-').unwrap_or(rest.len());
    rest[..end].parse().ok()
}

/// The items of a Markdown list of checkboxes.
pub(crate) fn checkboxes(text: &str) -> Vec<TodoItem> {
    let item = |line: &str| {
        let line = line.trim();
        let rest = line.strip_prefix(['-', '*']).unwrap_or(line).trim_start().strip_prefix('[')?;
        let (mark, content) = rest.split_once(']')?;
        let status = match mark {
            " " | "" => TodoStatus::Pending,
            "x" | "X" => TodoStatus::Completed,
            "-" | "~" => TodoStatus::InProgress,
            _ => return None,
        };
        Some(TodoItem { id: None, content: content.trim().to_owned(), status })
    };
    text.lines().filter_map(item).take(1000).collect()
}

/// Tools whose calls stood as elements in the model's words until late in 2025.
const TOOLS: [&str; 33] = [
    "execute_command",
    "read_file",
    "write_to_file",
    "replace_in_file",
    "apply_diff",
    "search_and_replace",
    "insert_content",
    "search_files",
    "list_files",
    "list_code_definition_names",
    "browser_action",
    "use_mcp_tool",
    "access_mcp_resource",
    "ask_followup_question",
    "attempt_completion",
    "plan_mode_respond",
    "act_mode_respond",
    "new_task",
    "switch_mode",
    "fetch_instructions",
    "codebase_search",
    "update_todo_list",
    "condense",
    "summarize_task",
    "new_rule",
    "report_bug",
    "web_fetch",
    "web_search",
    "load_mcp_documentation",
    "run_slash_command",
    "generate_image",
    "edit_file",
    "apply_patch",
];

/// A piece of the model's words.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    Words(&'a str),
    Call { name: &'static str, parameters: Vec<(&'a str, &'a str)> },
}

/// The model's words and the calls that stand in them.
pub(super) fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((start, name)) = next_call(rest) {
        let inner = start + name.len() + 2;
        let close = format!("</{name}>");
        // What is written into a file may hold the closing tag itself; what searches for it last is right then.
        let Some(length) = rest[inner..].find(&close) else { break };
        push_words(&mut pieces, &rest[..start]);
        pieces.push(Piece::Call { name, parameters: parameters(&rest[inner..inner + length]) });
        rest = &rest[inner + length + close.len()..];
    }
    push_words(&mut pieces, rest);
    pieces
}

fn push_words<'a>(pieces: &mut Vec<Piece<'a>>, text: &'a str) {
    if !text.trim().is_empty() {
        pieces.push(Piece::Words(text.trim()));
    }
}

fn next_call(text: &str) -> Option<(usize, &'static str)> {
    let mut from = 0;
    while let Some(at) = text[from..].find('<') {
        let start = from + at;
        let rest = &text[start + 1..];
        let name = TOOLS.iter().find(|name| rest.strip_prefix(**name).is_some_and(|rest| rest.starts_with('>')));
        if let Some(name) = name {
            return Some((start, name));
        }
        from = start + 1;
    }
    None
}

fn parameters(text: &str) -> Vec<(&str, &str)> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find('<') {
        let after = &rest[start + 1..];
        let Some(end) = after.find('>') else { break };
        let name = &after[..end];
        let inner = &after[end + 1..];
        let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        // The last closing tag: contents may hold others.
        match inner.rfind(&*format!("</{name}>")).filter(|_| is_name) {
            Some(length) => {
                found.push((name, inner[..length].trim_matches('\n')));
                rest = &inner[length + name.len() + 3..];
            }
            None => rest = after,
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_the_persons_turn() {
        assert_eq!(classify("<task>\nfix it\n</task>\n<environment_details>x"), Said::Typed(vec!["fix it"]));
        assert_eq!(classify("plain"), Said::Typed(vec!["plain"]));
        assert_eq!(classify("\n# TODO LIST UPDATE"), Said::Added("# TODO LIST UPDATE"));
        assert_eq!(classify("<environment_details>x"), Said::Nothing);
        let result = classify("[ask_followup_question for 'why?'] Result:\n<answer>\nso\n</answer>");
        let Said::Result { name, typed, .. } = result else { panic!("{result:?}") };
        assert_eq!((name, typed), ("ask_followup_question", vec!["so"]));
        assert_eq!(directory("# Current Working Directory (/a b) Files"), Some("/a b"));
        assert_eq!(exit_code("Command executed. Exit code: 2\nOutput"), Some(2));
        assert_eq!(exit_code("no"), None);
        assert_eq!(status("The user denied this operation."), Status::Rejected);
    }

    #[test]
    fn calls_in_words() {
        let text = "I look.\n<read_file>\n<path>a.rs</path>\n</read_file> <b>then</b>\n<write_to_file><path>b</path><content>\n<p>x</p>\n</content></write_to_file>";
        assert_eq!(
            pieces(text),
            [
                Piece::Words("I look."),
                Piece::Call { name: "read_file", parameters: vec![("path", "a.rs")] },
                Piece::Words("<b>then</b>"),
                Piece::Call { name: "write_to_file", parameters: vec![("path", "b"), ("content", "<p>x</p>")] },
            ]
        );
        assert_eq!(pieces("<read_file> was cut"), [Piece::Words("<read_file> was cut")]);
        assert_eq!(checkboxes("- [x] a\n  - [ ] b\ntext").len(), 2);
    }
}
