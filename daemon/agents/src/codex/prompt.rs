//! What a user message of a rollout really is: the person's words, or context that the client put there.

/// A part of a user message.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Prompt<'a> {
    /// What the person typed.
    Typed(&'a str),
    /// Text that the client added and that tells something: instructions, skills, notices.
    Added(&'a str),
    /// The state of the machine, repeated at each turn; the directory in it, when it names one.
    Environment(Option<&'a str>),
    /// A command that the person ran, its exit code and its output.
    Shell { command: &'a str, result: Option<&'a str> },
    /// The person interrupted the agent.
    Aborted,
    /// The mark around an image, or nothing at all.
    Nothing,
}

/// Beginnings of user messages that the client writes.
const ADDED: [&str; 20] = [
    "# AGENTS.md instructions",
    "<user_instructions>",
    "<INSTRUCTIONS>",
    "<skills_instructions>",
    "<skill>",
    "<permissions instructions>",
    "<apps_instructions>",
    "<plugins_instructions>",
    "<collaboration_mode>",
    "<personality_spec>",
    "<model_switch>",
    "<subagent_notification>",
    "<realtime_conversation>",
    "<hook_prompt",
    "<environments_instructions>",
    "<token_budget",
    "<goal_context>",
    "Another language model started to solve this problem and produced a summary of its thinking process.",
    "Warning: The maximum number of unified exec processes",
    "Warning: apply_patch was requested via",
];

const REQUEST: &str = "\n## My request for Codex:";

/// Tells what `text` is.
pub(super) fn classify(text: &str) -> Prompt<'_> {
    let text = text.trim();
    match text.as_bytes().first() {
        None => return Prompt::Nothing,
        Some(b'<' | b'#' | b'A' | b'W') => {}
        Some(_) => return Prompt::Typed(text),
    }
    // Editors put open tabs, selections and attached files above the request, under headings of their own.
    if text.starts_with("# ")
        && let Some((_, request)) = text.split_once(REQUEST)
    {
        let request = request.trim();
        return Prompt::Typed(if request.is_empty() { text } else { request });
    }
    if text.starts_with("<environment_context>") {
        return Prompt::Environment(directory(text));
    }
    if text.starts_with("<turn_aborted>") {
        return Prompt::Aborted;
    }
    if let Some(inner) = text.strip_prefix("<user_shell_command>")
        && let Some(command) = between(inner, "<command>", "</command>")
    {
        return Prompt::Shell {
            command: command.trim(),
            result: between(inner, "<result>", "</result>").map(str::trim),
        };
    }
    if text == "</image>" || text.starts_with("<image") && text.ends_with('>') && !text.contains('\n') {
        return Prompt::Nothing;
    }
    if ADDED.iter().any(|beginning| text.starts_with(beginning)) { Prompt::Added(text) } else { Prompt::Typed(text) }
}

/// The directory that an environment context names, in its tagged and in its older, listed form.
fn directory(text: &str) -> Option<&str> {
    between(text, "<cwd>", "</cwd>")
        .or_else(|| between(text, "Current working directory: ", "\n"))
        .map(str::trim)
        .filter(|directory| !directory.is_empty())
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    let rest = &text[text.find(before)? + before.len()..];
    Some(&rest[..rest.find(after)?])
}

/// `text` without the blocks `<tag>…</tag>`, and the insides of these blocks.
pub(super) fn without_blocks<'a>(text: &'a str, tag: &str) -> (std::borrow::Cow<'a, str>, Vec<&'a str>) {
    let (open, close) = (format!("<{tag}>"), format!("</{tag}>"));
    let Some(first) = text.find(&open) else { return (text.into(), Vec::new()) };
    let (mut left, mut blocks) = (text[..first].to_owned(), Vec::new());
    let mut rest = &text[first..];
    while let Some(start) = rest.find(&open) {
        let Some(length) = rest[start..].find(&close) else { break };
        left.push_str(&rest[..start]);
        blocks.push(rest[start + open.len()..start + length].trim());
        rest = &rest[start + length + close.len()..];
    }
    left.push_str(rest);
    (left.into(), blocks)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_messages() {
        let cases = [
            ("fix it", Prompt::Typed("fix it")),
            ("  \n", Prompt::Nothing),
            ("<b>bold</b> is wrong", Prompt::Typed("<b>bold</b> is wrong")),
            (
                "# Context from my IDE setup:\n\n## Open tabs:\n- a\n\n## My request for Codex:\nfix\nit\n",
                Prompt::Typed("fix\nit"),
            ),
            (
                "# Files mentioned by the user:\n\n## a.rs: /a.rs\n\n## My request for Codex:\nread it",
                Prompt::Typed("read it"),
            ),
            ("# Only a heading", Prompt::Typed("# Only a heading")),
            ("<environment_context>\n <cwd>/r</cwd>\n</environment_context>", Prompt::Environment(Some("/r"))),
            ("<environment_context>\nCurrent working directory: /r\nApproval", Prompt::Environment(Some("/r"))),
            ("# AGENTS.md instructions for /r\nbe brief", Prompt::Added("# AGENTS.md instructions for /r\nbe brief")),
            ("<turn_aborted>\nby the user\n</turn_aborted>", Prompt::Aborted),
            ("<image name=[Image #1]>", Prompt::Nothing),
            ("</image>", Prompt::Nothing),
            (
                "<user_shell_command>\n<command>\nls\n</command>\n<result>\nExit code: 0\nOutput:\na\n</result>\n</user_shell_command>",
                Prompt::Shell { command: "ls", result: Some("Exit code: 0\nOutput:\na") },
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(classify(text), expected, "{text}");
        }
    }

    #[test]
    fn blocks_are_cut_out() {
        assert_eq!(without_blocks("a<x>b</x>c<x>d</x>e<x>f", "x"), ("ace<x>f".into(), vec!["b", "d"]));
        assert_eq!(without_blocks("a", "x"), ("a".into(), vec![]));
    }
}
