//! What came back from a tool: the several forms in which exit codes and durations are written.

use std::borrow::Cow;

use opensession_hail::{Content, Part, Status};
use serde::Deserialize;

use super::record::{Piece, Raw, Text, elements, read, string};
use crate::codex::image;

/// An output, taken apart.
#[derive(Debug, PartialEq)]
pub(super) struct Output {
    pub(super) status: Status,
    pub(super) exit_code: Option<i32>,
    pub(super) duration_ms: Option<u64>,
    pub(super) content: Content,
}

/// The form `{"output":"…","metadata":{"exit_code":0,"duration_seconds":0.1}}`, written as a string.
#[derive(Deserialize)]
struct Wrapped<'a> {
    #[serde(borrow)]
    output: Text<'a>,
    metadata: Metadata,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Metadata {
    exit_code: Option<i32>,
    duration_seconds: Option<f64>,
}

/// The form `{"content":…,"success":true}`, and a single piece of content in place of an array of them.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Payload<'a> {
    #[serde(borrow)]
    content: Raw<'a>,
    #[serde(borrow)]
    content_items: Raw<'a>,
    success: Option<bool>,
    #[serde(borrow)]
    text: Text<'a>,
}

/// Takes apart the `output` of a call.
pub(super) fn parse(raw: Raw<'_>) -> Output {
    let Some(raw) = raw else { return plain(Cow::Borrowed("")) };
    match raw.get().as_bytes().first() {
        Some(b'"') => plain(string(Some(raw)).unwrap_or_default()),
        Some(b'[') => pieces(&elements(Some(raw))),
        Some(b'{') => {
            let payload: Payload<'_> = read(Some(raw)).unwrap_or_default();
            let mut output = match payload {
                Payload { content_items: Some(items), .. } => pieces(&elements(Some(items))),
                Payload { content: Some(content), .. } => parse(Some(content)),
                Payload { text: Text(Some(text)), .. } => plain(text),
                _ => plain(Cow::Borrowed(raw.get())),
            };
            if payload.success == Some(false) && output.status == Status::Ok {
                output.status = Status::Error;
            }
            output
        }
        _ => plain(Cow::Borrowed(raw.get())),
    }
}

/// Takes apart an output that is text.
pub(super) fn plain(text: Cow<'_, str>) -> Output {
    if text.starts_with('{')
        && let Ok(Wrapped { output: Text(Some(inner)), metadata }) = serde_json::from_str::<Wrapped<'_>>(&text)
    {
        let exit_code = metadata.exit_code;
        let status = match exit_code {
            Some(0) => Status::Ok,
            _ => telling(&inner).unwrap_or(if exit_code.is_some() { Status::Error } else { Status::Ok }),
        };
        let duration_ms = metadata.duration_seconds.and_then(milliseconds);
        return Output { status, exit_code, duration_ms, content: Content::Text(inner.into_owned()) };
    }
    let head = Head::of(&text);
    let body = &text[head.length..];
    let status = match (head.exit_code, head.running) {
        (Some(0), _) => Status::Ok,
        (Some(_), _) => telling(body).unwrap_or(Status::Error),
        (None, true) => Status::Running,
        (None, false) => telling(body).unwrap_or(Status::Ok),
    };
    let content = if head.length == 0 { text.into_owned() } else { body.to_owned() };
    Output { status, exit_code: head.exit_code, duration_ms: head.duration_ms, content: Content::Text(content) }
}

/// An output of several pieces. A header may stand in the first of them.
pub(super) fn pieces(pieces: &[Piece<'_>]) -> Output {
    let mut whole: Option<Output> = None;
    let mut parts = Vec::new();
    for piece in pieces {
        if let Some(text) = piece.text.0.as_deref() {
            let text = if whole.is_none() {
                let output = plain(Cow::Borrowed(text));
                let text = output.content.text().into_owned();
                whole = Some(output);
                text
            } else {
                text.to_owned()
            };
            if !text.is_empty() {
                parts.push(image::text_part(text));
            }
        } else if let Some(part) = image::part(piece) {
            parts.push(part);
        }
    }
    let content = joined(parts);
    match whole {
        Some(output) => Output { content, ..output },
        None => Output { status: Status::Ok, exit_code: None, duration_ms: None, content },
    }
}

/// Parts as content: plain text when there is nothing else.
pub(super) fn joined(parts: Vec<Part>) -> Content {
    if parts.iter().all(|part| part.kind == "text") {
        let texts: Vec<String> = parts.into_iter().filter_map(|part| part.text).collect();
        return Content::Text(if texts.len() == 1 { texts.into_iter().collect() } else { texts.join("\n") });
    }
    Content::Parts(parts)
}

/// The lines above the output of a command.
#[derive(Default)]
struct Head {
    length: usize,
    exit_code: Option<i32>,
    duration_ms: Option<u64>,
    running: bool,
}

impl Head {
    /// At most this many lines belong to a header.
    const LINES: usize = 10;

    fn of(text: &str) -> Self {
        let mut head = Self::default();
        if !["Chunk ID:", "Wall time:", "Exit code:", "Process ", "Output:"].iter().any(|start| text.starts_with(start))
        {
            return head;
        }
        let mut at = 0;
        for line in text.split_inclusive('\n').take(Self::LINES) {
            at += line.len();
            let line = line.trim_end();
            if line == "Output:" {
                head.length = at;
                return head;
            } else if let Some(code) =
                line.strip_prefix("Exit code: ").or(line.strip_prefix("Process exited with code "))
            {
                head.exit_code = code.trim().parse().ok();
            } else if let Some(time) = line.strip_prefix("Wall time: ").or(line.strip_prefix("Duration: ")) {
                let seconds = time.split_whitespace().next().and_then(|seconds| seconds.parse().ok());
                head.duration_ms = seconds.and_then(milliseconds);
            } else if line.starts_with("Process running with session ID") {
                head.running = true;
            } else if !(line.starts_with("Chunk ID:")
                || line.starts_with("Original token count:")
                || line.starts_with("Total output lines:")
                || line.is_empty())
            {
                break;
            } else {
                continue;
            }
            head.length = at;
        }
        head
    }
}

/// What the words of an output without exit code tell of how the call ended.
fn telling(text: &str) -> Option<Status> {
    let start = &text[..text.floor_char_boundary(200)];
    let start = start.trim_start();
    let is = |words: &[&str]| words.iter().any(|word| start.starts_with(word));
    if start.contains("rejected by user") || start.contains("rejected by the user") {
        Some(Status::Rejected)
    } else if is(&["aborted by user", "aborted", "command was interrupted"]) {
        Some(Status::Interrupted)
    } else if is(&[
        "failed to ",
        "execution error",
        "exec_command failed",
        "write_stdin failed",
        "apply_patch verification failed",
        "patch rejected",
        "unsupported call",
        "error:",
        "Error:",
        "err:",
        "command timed out",
        "timeout waiting",
    ]) {
        Some(Status::Error)
    } else {
        None
    }
}

/// Whether `text`, the output of a patch without an exit code, says that it was applied.
pub(super) fn patch_applied(text: &str) -> bool {
    let text = text.trim_start();
    text.starts_with("Success") || text.starts_with("Done")
}

/// Seconds as whole milliseconds; `None` when they make no sense.
pub(super) fn milliseconds(seconds: f64) -> Option<u64> {
    (seconds.is_finite() && (0.0..1e9).contains(&seconds)).then(|| (seconds * 1000.0).round() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        let output = plain(Cow::Borrowed(text));
        format!("{:?} {:?} {:?} {:?}", output.status, output.exit_code, output.duration_ms, output.content.text())
    }

    #[test]
    fn each_form_of_text() {
        let cases = [
            (r#"{"output":"a\n","metadata":{"exit_code":0,"duration_seconds":0.1}}"#, r#"Ok Some(0) Some(100) "a\n""#),
            (r#"{"output":"x","metadata":{"exit_code":2,"duration_seconds":1}}"#, r#"Error Some(2) Some(1000) "x""#),
            (
                "Exit code: 1\nWall time: 0.3 seconds\nTotal output lines: 4\nOutput:\nno\n",
                r#"Error Some(1) Some(300) "no\n""#,
            ),
            (
                "Chunk ID: 1a\nWall time: 0.0517 seconds\nProcess exited with code 0\nOriginal token count: 2\nOutput:\nhi\n",
                r#"Ok Some(0) Some(52) "hi\n""#,
            ),
            (
                "Chunk ID: 1\nWall time: 1 seconds\nProcess running with session ID 7\nOutput:\n",
                r#"Running None Some(1000) """#,
            ),
            ("Wall time: 0.1 seconds\nOutput:\n[]", r#"Ok None Some(100) "[]""#),
            ("Plan updated", r#"Ok None None "Plan updated""#),
            ("exec command rejected by user", r#"Rejected None None "exec command rejected by user""#),
            ("aborted by user after 3.2s", r#"Interrupted None None "aborted by user after 3.2s""#),
            ("failed to parse function arguments: x", r#"Error None None "failed to parse function arguments: x""#),
            ("Output: is not a header", r#"Ok None None "Output: is not a header""#),
            ("{\"output\":7}", r#"Ok None None "{\"output\":7}""#),
            ("", r#"Ok None None """#),
        ];
        for (text, expected) in cases {
            assert_eq!(shown(text), expected, "{text}");
        }
    }
}
