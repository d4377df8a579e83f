//! The lines of a session.

use std::collections::VecDeque;

use opensession_hail::{Body, Compaction, Extra, Status, Unknown, Usage};
use serde::{Deserialize, Serialize};

use crate::{
    codex::hash_id,
    gemini::{TOOLS, result},
    transcript::{
        Came, Format, Made, Session,
        blocks::{Run, data_part, numbered},
        json::{self, Value},
        replace,
    },
};

/// Sessions of Qwen Code since it writes lines.
pub(super) struct Qwen;

/// What is kept of a session beside facts and calls.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Own {
    /// The last records' ids, hashed, by which it is known what a rewinding undid.
    order: VecDeque<u64>,
    /// How many records stand before those.
    before: u64,
    /// Titles with the number of the record that gave them, and whether a person did.
    titles: VecDeque<(u64, bool, String)>,
}

/// A rewinding goes back at most so many records for titles to be taken back.
const REACH: usize = 400;
const MOST_TITLES: usize = 16;

impl Format for Qwen {
    const VERSION: u32 = 1;
    type Own = Own;

    fn record(&self, record: &Value<'_>, session: &mut Session<'_, Own>) {
        let Some(uuid) = json::text(record, "uuid") else { return };
        session.at(json::time_of(record, "timestamp"));
        session.kept.own.passed(uuid);
        let facts = &mut session.kept.facts;
        replace(&mut facts.agent_version, json::text(record, "version"));
        replace(&mut facts.branch, json::text(record, "gitBranch"));
        session.directory(json::text(record, "cwd"));
        let id = session.once(uuid);
        match json::text(record, "type") {
            Some("user") => user(id, record, session),
            Some("assistant") => agent(&id, uuid, record, session),
            Some("tool_result") => results(record, session),
            Some("system") => system(id, record, session),
            _ => {}
        }
    }
}

impl Own {
    fn passed(&mut self, uuid: &str) {
        if self.order.len() == REACH {
            self.order.pop_front();
            self.before += 1;
        }
        self.order.push_back(hash_id(uuid));
    }

    fn now(&self) -> u64 {
        self.before + self.order.len() as u64
    }

    /// The number of the record `uuid`.
    fn number_of(&self, uuid: &str) -> Option<u64> {
        let key = hash_id(uuid);
        let at = self.order.iter().rposition(|known| *known == key)?;
        Some(self.before + at as u64 + 1)
    }
}

fn parts<'v, 'c>(record: &'v Value<'c>) -> &'v [Value<'c>] {
    json::member(record, "message").map(|message| json::elements(message, "parts")).unwrap_or_default()
}

fn user(id: String, record: &Value<'_>, session: &mut Session<'_, Own>) {
    let mut run = Run::default();
    let mut added = Vec::new();
    let payload = json::member(record, "systemPayload");
    let displayed = payload.and_then(|payload| json::text(payload, "displayText"));
    let mut images = Vec::new();
    if let Some(displayed) = displayed {
        run.text(displayed);
    }
    for part in parts(record) {
        if let Some(text) = json::text(part, "text") {
            match displayed {
                Some(displayed) if displayed.trim() == text.trim() => {}
                Some(_) => added.push(text),
                None if text.starts_with("<qwen:") || text.starts_with("<system-reminder>") => added.push(text),
                None => run.text(text),
            }
        } else if let Some(data) = json::either(part, &["inlineData", "fileData"]) {
            let name = json::text_of(data, &["displayName", "fileUri"]);
            images.push(data_part(json::text(data, "mimeType"), name, json::text(data, "data").map(str::len)));
        }
    }
    for image in images {
        run.part(image);
    }
    session.system(Some(format!("{id}:context")), &added.join("\n"));
    let Some((_, content)) = run.take() else { return };
    match json::text(record, "subtype") {
        None | Some("mid_turn_user_message") => session.prompt(Some(id), content),
        Some(_) => session.system(Some(id), &content.text()),
    }
}

fn agent(id: &str, uuid: &str, record: &Value<'_>, session: &mut Session<'_, Own>) {
    session.model(json::text(record, "model"));
    let mut run = Run::default();
    let mut thoughts = 0;
    for part in parts(record) {
        if let Some(call) = json::member(part, "functionCall") {
            run.tell(Some(id), session);
            let Some(name) = json::text(call, "name") else { continue };
            let empty = Value::Null;
            let input = json::member(call, "args").unwrap_or(&empty);
            session.call(&TOOLS, Made { id: json::text(call, "id"), event: None, name, input, description: None });
        } else if let Some(text) = json::text(part, "text") {
            if json::flag(part, "thought") == Some(true) {
                run.tell(Some(id), session);
                session.thinking(Some(numbered(&format!("{id}:thinking"), thoughts)), text);
                thoughts += 1;
            } else {
                run.text(text);
            }
        }
    }
    run.tell(Some(id), session);
    let Some(tokens) = json::member(record, "usageMetadata") else { return };
    let of = |key| json::count(tokens, key);
    let (input, cached, thoughts) = (of("promptTokenCount"), of("cachedContentTokenCount"), of("thoughtsTokenCount"));
    // Whether thoughts are part of the candidates depends on the provider: the total tells.
    let output = match json::number(tokens, "totalTokenCount") {
        Some(total) if total > input => total - input,
        _ => of("candidatesTokenCount"),
    };
    let usage = Usage {
        message_id: Some(uuid.to_owned()),
        input: input.saturating_sub(cached),
        output,
        cache_read: cached,
        reasoning: thoughts,
        ..Usage::default()
    };
    session.usage(Some(format!("{id}:usage")), usage);
}

fn results(record: &Value<'_>, session: &mut Session<'_, Own>) {
    let told = json::member(record, "toolCallResult");
    let status = told.and_then(|told| json::text(told, "status"));
    let display = told.and_then(|told| json::member(told, "resultDisplay"));
    for response in parts(record).iter().filter_map(|part| json::member(part, "functionResponse")) {
        let mut run = Run::default();
        let error = result::output(response, &mut run);
        let content = run.take().map(|(_, content)| content).unwrap_or_default();
        let name = json::text(response, "name");
        let text = content.text();
        let exit_code = if name == Some("run_shell_command") && !error { result::exit_code(&text) } else { None };
        let status = match status {
            Some("cancelled") if text.contains("did not allow") => Status::Rejected,
            Some("cancelled") => Status::Interrupted,
            Some("error") => Status::Error,
            _ if error || exit_code.is_some_and(|code| code != 0) => Status::Error,
            _ => Status::Ok,
        };
        drop(text);
        let edits = display.and_then(result::edit).map(|edit| vec![edit]);
        session.result(Came {
            id: json::text(response, "id"),
            name,
            status,
            exit_code,
            content,
            edits,
            ..Came::default()
        });
    }
}

fn system(id: String, record: &Value<'_>, session: &mut Session<'_, Own>) {
    let empty = Value::Null;
    let payload = json::member(record, "systemPayload").unwrap_or(&empty);
    match json::text(record, "subtype") {
        Some("custom_title") => {
            let Some(title) = json::text(payload, "customTitle") else { return };
            let custom = json::text(payload, "titleSource") != Some("auto");
            let own = &mut session.kept.own;
            if own.titles.len() == MOST_TITLES {
                own.titles.pop_front();
            }
            own.titles.push_back((own.now(), custom, title.chars().take(500).collect()));
            session.title(Some(id), title, custom);
        }
        Some("rewind") => rewound(id, payload, session),
        Some("chat_compression" | "compression") => {
            let content = json::text_of(payload, &["summary", "text", "content"]).map(str::to_owned);
            let content = content.or_else(|| summary(payload)).unwrap_or_default();
            let tokens_before = json::at(payload, &["info", "originalTokenCount"]).and_then(Value::as_u64);
            session.compaction(Some(id), Compaction { content, trigger: None, tokens_before });
        }
        Some("slash_command") if json::text(payload, "phase") == Some("invocation") => {
            let mut run = Run::default();
            run.text(json::text(payload, "rawCommand").unwrap_or_default());
            if let Some((_, content)) = run.take() {
                session.prompt(Some(id), content);
            }
        }
        _ => {}
    }
}

/// Goes back to an earlier record: titles that were given since do not count.
fn rewound(id: String, payload: &Value<'_>, session: &mut Session<'_, Own>) {
    let Some(target) = json::text(payload, "targetUuid") else { return };
    let own = &mut session.kept.own;
    if let Some(number) = own.number_of(target) {
        own.titles.retain(|(given, ..)| *given <= number);
        let last = |custom: bool| own.titles.iter().rev().find(|title| title.1 == custom).map(|title| title.2.clone());
        let facts = &mut session.kept.facts;
        (facts.custom_title, facts.agent_title) = (last(true), last(false));
    }
    let mut fields = Extra::new();
    fields.insert("type".to_owned(), "rollback".into());
    fields.insert("to".to_owned(), target.into());
    session.push(Some(id), Body::Unknown(Unknown { fields }));
}

/// The summary in a history that was compressed: its first text, or the one that is marked as a snapshot.
fn summary(payload: &Value<'_>) -> Option<String> {
    let history = json::either(payload, &["compressedHistory", "history", "newHistory"])?.as_array()?;
    let texts: Vec<&str> = history
        .iter()
        .take(8)
        .flat_map(|entry| json::elements(entry, "parts"))
        .filter_map(|part| json::text(part, "text"))
        .collect();
    let snapshot = texts.iter().find(|text| text.contains("<state_snapshot>"));
    snapshot.or(texts.first()).map(|text| (*text).to_owned())
}
