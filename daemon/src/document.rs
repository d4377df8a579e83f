//! A session as plain text: a line for each prompt, its turn indented below it, so that editors fold by indentation.
//!
//! ```text
//! #131 you 14:31  Run it a hundred times
//!   #132 Bash  cargo test lock
//!   #133 output  failed, exit 101, 4.1s
//!     thread 'main' panicked at src/lock.rs:88
//! ```

mod clean;

use jiff::{Timestamp, tz::TimeZone};
use opensession_hail::{Body, Content, Edit, EditOperation, Event, Role, Status, TodoStatus, ToolResult};
use opensession_protocol::{DocumentEvent, SessionInfo, uri::SessionUri};
use serde_json::Value;

use clean::{lines, one_line};

/// What editors call the language of these texts.
pub(crate) const LANGUAGE: &str = "opensession";

/// Lines shown of a long output at its beginning and at its end.
const EDGE_LINES: usize = 20;
/// Outputs up to so many lines are shown whole.
const WHOLE_LINES: usize = 200;
/// Characters of what a call is about.
const ABOUT_CHARACTERS: usize = 200;

/// A text as it grows.
pub(crate) struct Text<'a> {
    session: &'a SessionInfo,
    zone: TimeZone,
    out: String,
    outline: Vec<DocumentEvent>,
    /// Line feeds in the first so many bytes of the text.
    counted: (u32, usize),
}

impl<'a> Text<'a> {
    pub(crate) fn new(session: &'a SessionInfo) -> Self {
        Self { session, zone: TimeZone::system(), out: String::new(), outline: Vec::new(), counted: (0, 0) }
    }

    pub(crate) fn len(&self) -> usize {
        self.out.len()
    }

    /// The text, and where its events stand in it.
    pub(crate) fn finish(self) -> (String, Vec<DocumentEvent>) {
        (self.out, self.outline)
    }

    /// What the session is: its title, agent, place, time and size.
    pub(crate) fn head(&mut self) {
        let session = self.session;
        let state = session.state.word().map(|word| format!("  {word}")).unwrap_or_default();
        let title = one_line(&session.title);
        self.line(0, &format!("session {}  {title}{state}", session.short_id));
        let agent = opensession_agents::registry::by_id(&session.agent).map_or(&*session.agent, |agent| agent.name());
        let place = match (&session.repository, &session.branch) {
            (Some(repository), Some(branch)) => format!("{repository}@{branch}"),
            (Some(place), None) | (None, Some(place)) => place.clone(),
            (None, None) => String::new(),
        };
        let time = session.updated.map(|ts| self.time(ts, "%Y-%m-%d %H:%M %:z")).unwrap_or_default();
        let model = session.model.as_deref().unwrap_or_default();
        let parts = [agent, model, &place, &time].map(|part| one_line(part).into_owned());
        self.line(2, &parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", "));
        let stats = &session.stats;
        let counts = [
            (stats.turns, "turn", "turns"),
            (stats.files, "file", "files"),
            (stats.errors, "failed call", "failed calls"),
        ];
        let counts: Vec<String> = counts
            .into_iter()
            .filter(|(count, _, _)| *count > 0)
            .map(|(count, one, several)| format!("{count} {}", if count == 1 { one } else { several }))
            .collect();
        let changed = if stats.files > 0 { format!(" +{} -{}", stats.added, stats.removed) } else { String::new() };
        if !counts.is_empty() {
            self.line(2, &format!("{}{changed}", counts.join(", ")));
        }
    }

    /// Where an event that is shown by itself belongs.
    pub(crate) fn event_head(&mut self, event: u32) {
        let whole = SessionUri::new(&*self.session.id, None);
        let title = one_line(&self.session.title);
        self.line(0, &format!("{}#{event}  {title}  {whole}", self.session.short_id));
        self.out.push('\n');
    }

    /// One event; nothing for those that people do not look for.
    pub(crate) fn event(&mut self, number: u32, event: &Event, whole: bool) {
        // A prompt has an empty line before it.
        let is_prompt = matches!(&event.body, Body::Message(message) if message.role == Role::Human);
        if is_prompt && !whole {
            self.out.push('\n');
        }
        let line = self.lines();
        self.write(number, event, whole);
        let next = self.lines();
        if next > line {
            let (failed, path) = match &event.body {
                Body::ToolResult(result) => (result.status == Status::Error, None),
                Body::Error(_) => (true, None),
                Body::Edit(edit) => (false, Some(edit.path.clone())),
                _ => (false, None),
            };
            let kind = event.body.kind();
            self.outline.push(DocumentEvent { event: number, line, last: next - 1, kind, failed, path });
        }
    }

    fn write(&mut self, number: u32, event: &Event, whole: bool) {
        let indent = if event.subagent.is_some() { 4 } else { 2 };
        match &event.body {
            Body::Message(message) => match message.role {
                Role::Human => {
                    let time = event.ts.map(|ts| format!(" {}", self.time(ts, "%H:%M"))).unwrap_or_default();
                    self.prose(0, &format!("#{number} you{time}"), &message.content);
                }
                Role::Agent => self.prose(indent, &format!("#{number} agent"), &message.content),
                Role::System => self.prose(indent, &format!("#{number} system"), &message.content),
            },
            Body::Thinking(thinking) => {
                let content = if thinking.content.is_empty() { "(hidden by the provider)" } else { &thinking.content };
                self.titled(indent, &format!("#{number} thinking"), "");
                self.body(number, indent, content, whole);
            }
            Body::ToolCall(call) => {
                self.titled(indent, &format!("#{number} {}", one_line(&call.name)), &about(&call.input));
                if whole {
                    self.body(number, indent, &serde_json::to_string_pretty(&call.input).unwrap_or_default(), true);
                }
            }
            Body::Command(command) => {
                let name = if command.name.is_empty() { "command" } else { &command.name };
                let first = command.command.trim().lines().next().unwrap_or_default();
                self.titled(indent, &format!("#{number} {}", one_line(name)), first);
                if whole || command.command.trim().lines().nth(1).is_some() {
                    self.body(number, indent, &command.command, whole);
                }
            }
            Body::ToolResult(result) => {
                self.titled(indent, &format!("#{number} output"), &outcome(result));
                self.body(number, indent, &result.content.text(), whole);
                if let Some(stderr) = result.stderr.as_deref().filter(|stderr| !stderr.trim().is_empty()) {
                    self.body(number, indent, stderr, whole);
                }
            }
            Body::Edit(edit) => {
                self.titled(indent, &format!("#{number} edit"), &changed(edit));
                self.body(number, indent, edit.diff.as_deref().unwrap_or_default(), whole);
            }
            Body::Todo(todo) => {
                let done = todo.items.iter().filter(|item| item.status == TodoStatus::Completed).count();
                self.titled(indent, &format!("#{number} todo"), &format!("{done} of {} done", todo.items.len()));
                for item in &todo.items {
                    let sign = match item.status {
                        TodoStatus::Completed => "x",
                        TodoStatus::InProgress => ">",
                        TodoStatus::Cancelled => "-",
                        TodoStatus::Pending => " ",
                    };
                    self.line(indent + 2, &format!("[{sign}] {}", one_line(&item.content)));
                }
            }
            Body::Compaction(compaction) => {
                self.titled(indent, &format!("#{number} summary"), compaction.trigger.as_deref().unwrap_or_default());
                self.body(number, indent, &compaction.content, whole);
            }
            Body::Subagent(subagent) => {
                let name = one_line(subagent.name.as_deref().unwrap_or("sub-agent")).into_owned();
                let status = subagent.status.map(|status| format!("  {}", word(status))).unwrap_or_default();
                let description = subagent.description.as_deref().unwrap_or_default();
                self.titled(indent, &format!("#{number} ↳ {name}"), &format!("{description}{status}"));
            }
            Body::Error(error) => {
                let code = error.code.as_deref().map(|code| format!("{code}: ")).unwrap_or_default();
                self.titled(indent, &format!("#{number} error"), &format!("{code}{}", error.message));
            }
            Body::Unknown(unknown) if whole => {
                self.titled(indent, &format!("#{number}"), "");
                self.body(number, indent, &serde_json::to_string_pretty(&unknown.fields).unwrap_or_default(), true);
            }
            Body::Usage(_) | Body::Title(_) | Body::Unknown(_) => {}
        }
    }

    /// An event that cannot be read back.
    pub(crate) fn damaged(&mut self, number: u32) {
        let line = self.lines();
        self.line(2, &format!("#{number} (cannot be read)"));
        self.outline.push(DocumentEvent { event: number, line, last: line, ..DocumentEvent::default() });
    }

    /// The text was cut.
    pub(crate) fn goes_on(&mut self, next: u32) {
        let uri = SessionUri::new(&*self.session.id, Some(next));
        self.line(0, &format!("\n… it goes on: {uri}"));
    }

    /// The number of the line that is written next.
    fn lines(&mut self) -> u32 {
        let (count, bytes) = self.counted;
        let more = self.out[bytes..].matches('\n').count();
        self.counted = (count + u32::try_from(more).unwrap_or(u32::MAX), self.out.len());
        self.counted.0
    }

    fn time(&self, ts: Timestamp, format: &str) -> String {
        ts.to_zoned(self.zone.clone()).strftime(format).to_string()
    }

    fn line(&mut self, indent: usize, text: &str) {
        let text = text.trim_end();
        if !text.is_empty() {
            self.out.extend(std::iter::repeat_n(' ', indent));
            self.out.push_str(text);
        }
        self.out.push('\n');
    }

    fn titled(&mut self, indent: usize, label: &str, about: &str) {
        let about = one_line(about);
        let cut = about.char_indices().nth(ABOUT_CHARACTERS).map(|(end, _)| format!("{}…", &about[..end]));
        self.line(indent, &format!("{label}  {}", cut.as_deref().unwrap_or(&about)));
    }

    /// What was said: it begins beside its label and goes on below, indented.
    fn prose(&mut self, indent: usize, label: &str, content: &Content) {
        let text = content.text();
        let text = lines(text.trim());
        let image = if content.has_image() { "[image]" } else { "" };
        for (index, line) in text.lines().chain((!image.is_empty()).then_some(image)).enumerate() {
            if index == 0 {
                self.line(indent, &format!("{label}  {line}"));
            } else {
                self.line(indent + 2, line);
            }
        }
        if text.is_empty() && image.is_empty() {
            self.line(indent, label);
        }
    }

    /// What stands below a title; the middle of something long is left out, and linked to.
    fn body(&mut self, number: u32, indent: usize, text: &str, whole: bool) {
        let text = lines(text.trim_end());
        let text = text.trim_start_matches('\n');
        let all: Vec<&str> = text.lines().collect();
        if whole || all.len() <= WHOLE_LINES {
            for line in all {
                self.line(indent + 2, line);
            }
            return;
        }
        for line in &all[..EDGE_LINES] {
            self.line(indent + 2, line);
        }
        let left_out = all.len() - 2 * EDGE_LINES;
        let uri = SessionUri::new(&*self.session.id, Some(number));
        self.line(indent + 2, &format!("… {left_out} more lines: {uri}"));
        for line in &all[all.len() - EDGE_LINES..] {
            self.line(indent + 2, line);
        }
    }
}

/// What a call is about: the value of its input that tells most.
fn about(input: &Value) -> String {
    const TELLING: [&str; 8] = ["file_path", "path", "pattern", "query", "url", "command", "description", "prompt"];
    let telling = TELLING.iter().find_map(|key| input.get(key)?.as_str());
    match telling {
        Some(text) => text.lines().next().unwrap_or_default().to_owned(),
        None if input.as_object().is_some_and(serde_json::Map::is_empty) || input.is_null() => String::new(),
        None => input.to_string(),
    }
}

fn outcome(result: &ToolResult) -> String {
    let mut parts = vec![word(result.status).to_owned()];
    parts.extend(result.exit_code.filter(|code| *code != 0).map(|code| format!("exit {code}")));
    parts.extend(result.duration_ms.map(|ms| format!("{}.{}s", ms / 1000, ms % 1000 / 100)));
    parts.join(", ")
}

fn word(status: Status) -> &'static str {
    match status {
        Status::Ok => "ok",
        Status::Error => "failed",
        Status::Rejected => "refused",
        Status::Interrupted => "interrupted",
        Status::Running => "running",
    }
}

fn changed(edit: &Edit) -> String {
    let how = match edit.operation {
        EditOperation::Create => "  new",
        EditOperation::Delete => "  deleted",
        EditOperation::Update | EditOperation::Rename => "",
    };
    let to = edit.to.as_deref().map(|to| format!(" → {to}")).unwrap_or_default();
    let counts = match (edit.added, edit.removed) {
        (None, None) => String::new(),
        (added, removed) => format!("  +{} -{}", added.unwrap_or(0), removed.unwrap_or(0)),
    };
    format!("{}{to}{how}{counts}", edit.path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(lines: &[&str], whole: bool) -> (String, Vec<DocumentEvent>) {
        let session = SessionInfo {
            id: "4f2a91c7aa".into(),
            short_id: "4f2a91c7".into(),
            agent: "claude-code".into(),
            title: "Fix the\u{1b}[31m flaky\nlock test".into(),
            repository: Some("app".into()),
            branch: Some("main".into()),
            ..SessionInfo::default()
        };
        let mut text = Text { zone: TimeZone::UTC, ..Text::new(&session) };
        if whole {
            text.event_head(1);
        } else {
            text.head();
        }
        for (number, line) in (1..).zip(lines) {
            text.event(number, &Event::from_json(line.as_bytes()).unwrap(), whole);
        }
        text.finish()
    }

    fn text(lines: &[&str], whole: bool) -> String {
        written(lines, whole).0
    }

    #[test]
    fn the_outline_says_where_events_stand() {
        let (text, outline) = written(
            &[
                r#"{"role":"human","content":"Run it\n# twice","ts":"2026-11-22T14:31:00Z"}"#,
                r##"{"type":"tool_result","status":"error","content":"#9 not an event\n\n#10 neither"}"##,
                r#"{"type":"usage","input":3}"#,
                r#"{"type":"file_edit","path":"src/lock.rs","diff":"@@ -1 +1 @@\n-a\n+b"}"#,
                r#"{"role":"human","content":"잠금"}"#,
            ],
            false,
        );
        let lines: Vec<&str> = text.lines().collect();
        let shown: Vec<String> = outline
            .iter()
            .map(|DocumentEvent { event, line, last, kind, failed, path }| {
                let kind = kind.map_or("", opensession_hail::Kind::name);
                let path = path.as_deref().unwrap_or_default();
                format!("{event} {kind} {failed} {path}|{}|{}", lines[*line as usize], lines[*last as usize])
            })
            .collect();
        insta::assert_snapshot!(shown.join("\n"), @r"
        1 prompt false |#1 you 14:31  Run it|  # twice
        2 output true |  #2 output  failed|    #10 neither
        4 edit false src/lock.rs|  #4 edit  src/lock.rs|    +b
        5 prompt false |#5 you  잠금|#5 you  잠금
        ");
    }

    #[test]
    fn a_session_is_prompts_with_their_turns_below() {
        let long: Vec<String> = (1..=300).map(|line| format!("line {line}")).collect();
        let long = serde_json::json!({"type":"tool_result","call_id":"c","status":"error","exit_code":101,
            "duration_ms":4120,"content":long.join("\n")})
        .to_string();
        let shown = text(
            &[
                r#"{"role":"human","content":"Run it\n# a hundred times","ts":"2026-11-22T14:31:00Z"}"#,
                r#"{"role":"agent","content":"I loop it."}"#,
                r#"{"type":"command","call_id":"c","name":"Bash","command":"for i in 1 2; do\n  cargo test\ndone"}"#,
                &long,
                r#"{"type":"file_edit","path":"src/lock.rs","diff":"@@ -1 +1 @@\n-a\n+b","added":1,"removed":1}"#,
                r#"{"type":"tool_call","name":"Read","input":{"file_path":"/x/y.rs","limit":3}}"#,
                r#"{"type":"usage","input":3}"#,
                r#"{"type":"error","message":"overloaded","code":"529"}"#,
            ],
            false,
        );
        let is_shown = |line: &&str| match line.trim().strip_prefix("line ").and_then(|number| number.parse().ok()) {
            Some(number) => !(3..=18).contains(&number) && !(283..=298).contains(&number),
            None => true,
        };
        let shown: Vec<&str> = shown.lines().filter(is_shown).collect();
        insta::assert_snapshot!(shown.join("\n"), @r"
        session 4f2a91c7  Fix the flaky lock test
          Claude Code, app@main

        #1 you 14:31  Run it
          # a hundred times
          #2 agent  I loop it.
          #3 Bash  for i in 1 2; do
            for i in 1 2; do
              cargo test
            done
          #4 output  failed, exit 101, 4.1s
            line 1
            line 2
            line 19
            line 20
            … 260 more lines: opensession://session/4f2a91c7aa#4
            line 281
            line 282
            line 299
            line 300
          #5 edit  src/lock.rs +1 -1
            @@ -1 +1 @@
            -a
            +b
          #6 Read  /x/y.rs
          #8 error  529: overloaded
        ");
    }

    #[test]
    fn an_event_by_itself_is_whole() {
        let content: Vec<String> = (1..=300).map(|line| format!("line {line}")).collect();
        let output = serde_json::json!({"type":"tool_result","content":content.join("\n")}).to_string();
        let shown = text(&[&output], true);
        assert!(
            shown.starts_with("4f2a91c7#1  Fix the flaky lock test  opensession://session/4f2a91c7aa\n\n"),
            "{shown}"
        );
        assert!(shown.contains("    line 150\n"));
    }
}
