//! Sessions of Kiro's command line since 2026: a line for each message, and a document beside them.

use opensession_hail::{Compaction, Relation, Status};
use serde::{Deserialize, Serialize};

use super::tools::{self, Shown};
use crate::transcript::{
    Format, Made, Session,
    blocks::{Run, data_part, numbered},
    json::{self, Value},
    replace,
};

/// Sessions of lines.
pub(super) struct Lines;

/// Nothing is kept beside facts and calls.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Own {}

impl Format for Lines {
    const VERSION: u32 = 1;
    type Own = Own;

    fn side(&self, _name: &str, record: &Value<'_>, session: &mut Session<'_, Own>) {
        session.directory(json::text(record, "cwd"));
        session.kept.facts.saw(json::time_of(record, "created_at"));
        session.kept.facts.saw(json::time_of(record, "updated_at"));
        let model = json::at(record, &["session_state", "rts_model_state", "model_info", "model_id"]);
        session.model(model.and_then(Value::as_str));
        let facts = &mut session.kept.facts;
        replace(&mut facts.native_id, json::text(record, "session_id"));
        replace(&mut facts.agent_title, json::text(record, "title"));
        if let Some(parent) = json::text(record, "parent_session_id") {
            let is_subagent = json::text(record, "session_created_reason") == Some("subagent");
            let relation = if is_subagent { Relation::Subagent } else { Relation::Fork };
            facts.parent = Some((parent.to_owned(), relation));
        }
    }

    fn record(&self, record: &Value<'_>, session: &mut Session<'_, Own>) {
        let Some(data) = json::member(record, "data") else { return };
        session.at(json::at(data, &["meta", "timestamp"]).and_then(json::time));
        let id = json::text(data, "message_id");
        match json::text(record, "kind") {
            Some("Prompt") => {
                let mut run = Run::default();
                for part in json::elements(data, "content") {
                    said(part, &mut run);
                }
                if let Some((_, content)) = run.take() {
                    session.prompt(id.map(str::to_owned), content);
                }
            }
            Some("AssistantMessage") => answered(id, data, session),
            Some("ToolResults") => results(data, session),
            Some("Compaction") => {
                let mut run = Run::default();
                run.text(json::text_of(data, &["summary", "content"]).unwrap_or_default());
                for part in json::elements(data, "content") {
                    said(part, &mut run);
                }
                let content = run.take().map(|(_, content)| content.text().into_owned()).unwrap_or_default();
                session.compaction(id.map(str::to_owned), Compaction { content, ..Compaction::default() });
            }
            _ => {}
        }
    }
}

/// Takes a text or an image.
fn said<'v>(part: &'v Value<'_>, run: &mut Run<'v>) {
    match json::text(part, "kind") {
        Some("text") => run.text(json::text(part, "data").unwrap_or_default()),
        Some("image") => {
            let data = json::member(part, "data");
            let format = data.and_then(|data| json::text(data, "format"));
            let media_type = format.map(|format| format!("image/{format}"));
            run.part(data_part(media_type.as_deref(), None, None));
        }
        _ => {}
    }
}

fn answered(id: Option<&str>, data: &Value<'_>, session: &mut Session<'_, Own>) {
    let mut run = Run::default();
    let mut thoughts = 0;
    let nothing = Value::Null;
    for part in json::elements(data, "content") {
        let inner = json::member(part, "data").unwrap_or(&nothing);
        match json::text(part, "kind") {
            Some("thinking") => {
                run.tell(id, session);
                let text = json::text(inner, "text").unwrap_or_default();
                session.thinking(id.map(|id| numbered(&format!("{id}:thinking"), thoughts)), text);
                thoughts += 1;
            }
            Some("toolUse") => {
                run.tell(id, session);
                let Some(name) = json::text(inner, "name") else { continue };
                let input = json::member(inner, "input").unwrap_or(&nothing);
                let description = json::text_of(input, &["summary", "__tool_use_purpose"]);
                let made = Made { id: json::text(inner, "toolUseId"), event: None, name, input, description };
                session.call(tools::of(input), made);
            }
            _ => said(part, &mut run),
        }
    }
    run.tell(id, session);
}

fn results(data: &Value<'_>, session: &mut Session<'_, Own>) {
    for part in json::elements(data, "content") {
        if json::text(part, "kind") != Some("toolResult") {
            continue;
        }
        let Some(result) = json::member(part, "data") else { continue };
        let failed = json::text(result, "status").is_some_and(|status| status.eq_ignore_ascii_case("error"));
        let status = if failed { Status::Error } else { Status::Ok };
        let shown = json::elements(result, "content").iter().filter_map(|part| {
            let value = json::member(part, "data")?;
            Some(value.as_str().map_or(Shown::Json(value), Shown::Text))
        });
        tools::result(json::text(result, "toolUseId"), status, shown, session);
    }
}
