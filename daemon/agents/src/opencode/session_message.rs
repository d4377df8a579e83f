//! Messages of the newest form, each a row of its own with all that belongs to it.

use opensession_hail::{Body, Command, Part, Status, ToolResult};
use serde_json::Value;

use super::{
    derive::{compaction, error_event, prompt, usage},
    tool::{Call, Ended, begin, end_of},
};
use crate::{
    derive::Activity,
    json_deriver::{
        Out, of_url,
        value::{exit_code, list, number, text, time},
    },
};

/// Takes a row of that type.
pub(super) fn take(id: &str, kind: Option<&str>, data: &Value, out: &mut Out<'_>) {
    out.at(time(data, "/time/created"));
    let words = text(data, "/text").unwrap_or_default();
    match kind.or_else(|| text(data, "/type")).unwrap_or_default() {
        "user" => {
            prompt(id, words, out);
            let images: Vec<Part> = list(data, "/files")
                .iter()
                .filter(|file| text(file, "/mime").is_some_and(|media| media.starts_with("image/")))
                .map(|file| {
                    let url = text(file, "/uri").or_else(|| text(file, "/url")).unwrap_or_default();
                    of_url(url, text(file, "/mime"), text(file, "/name"))
                })
                .collect();
            if !images.is_empty() {
                out.human_with(format!("{id}:files"), "", images);
            }
        }
        "synthetic" | "system" => out.system(id, words),
        "assistant" => assistant(id, data, out),
        "compaction" => {
            let trigger = text(data, "/reason").map(str::to_owned);
            compaction(id, text(data, "/summary").unwrap_or(words), trigger, out);
        }
        "shell" => shell(id, data, out),
        "model-switched" => out.model(text(data, "/model/id")),
        _ => {}
    }
}

/// What the agent said and did in one step.
fn assistant(id: &str, data: &Value, out: &mut Out<'_>) {
    out.model(text(data, "/model/id").or_else(|| text(data, "/modelID")));
    for (number, item) in list(data, "/content").iter().enumerate() {
        let own = format!("{id}:{number}");
        match text(item, "/type").unwrap_or_default() {
            "text" => out.agent(own, text(item, "/text").unwrap_or_default()),
            "reasoning" => out.thinking(own, text(item, "/text").unwrap_or_default()),
            "tool" => tool(&own, item, out),
            _ => {}
        }
    }
    out.at(time(data, "/time/completed"));
    let none = Value::Null;
    let aborted = error_event(id, data.get("error").unwrap_or(&none), out);
    if let Some(tokens) = data.get("tokens") {
        let model = out.facts.model.clone();
        out.usage(format!("{id}:usage"), usage(id, tokens, data.get("cost").unwrap_or(&none), model));
    }
    if !aborted && out.facts.activity != Activity::Interrupted {
        let goes_on = text(data, "/finish") == Some("tool-calls");
        out.facts.activity = if goes_on { Activity::Working } else { Activity::Idle };
    }
}

fn tool(id: &str, item: &Value, out: &mut Out<'_>) {
    let none = Value::Null;
    let at = |pointer: &str| item.pointer(pointer).unwrap_or(&none);
    let call = Call {
        id,
        call_id: text(item, "/id").or_else(|| text(item, "/callID")),
        name: text(item, "/name").or_else(|| text(item, "/tool")).unwrap_or_default(),
        input: at("/state/input"),
        metadata: if at("/state/metadata").is_null() { at("/state/structured") } else { at("/state/metadata") },
    };
    out.at(time(item, "/time/created"));
    begin(&call, out);
    let error = match text(item, "/state/status") {
        Some("completed") => None,
        Some("error") => {
            Some(text(item, "/state/error/message").or_else(|| text(item, "/state/error")).unwrap_or_default())
        }
        _ => return,
    };
    let (mut texts, mut attached) = (Vec::new(), Vec::new());
    for piece in list(item, "/state/content") {
        if let Some("text") = text(piece, "/type") {
            texts.extend(text(piece, "/text"));
        } else {
            let url = text(piece, "/uri").or_else(|| text(piece, "/url")).unwrap_or_default();
            attached.push(of_url(url, text(piece, "/mime"), text(piece, "/name")));
        }
    }
    texts.extend(text(item, "/state/output"));
    if texts.is_empty() {
        texts.extend(error);
    }
    let (start, end) = (number(item, "/time/ran"), number(item, "/time/completed"));
    out.at(time(item, "/time/completed"));
    let duration = start.zip(end).and_then(|(start, end)| end.checked_sub(start));
    end_of(&call, Ended { error, output: texts.join("\n"), attached, duration }, out);
}

/// A command that the person ran.
fn shell(id: &str, data: &Value, out: &mut Out<'_>) {
    let call_id = text(data, "/callID").unwrap_or(id).to_owned();
    let body = Command {
        call_id: Some(call_id.clone()),
        name: "shell".to_owned(),
        command: text(data, "/command").unwrap_or_default().to_owned(),
        ..Command::default()
    };
    out.event(id, Body::Command(body));
    let Some(output) = data.get("output").and_then(Value::as_str) else { return };
    let exit = exit_code(data, "/exit");
    let result = ToolResult {
        call_id: Some(call_id),
        name: Some("shell".to_owned()),
        status: if exit.is_some_and(|code| code != 0) { Status::Error } else { Status::Ok },
        exit_code: exit,
        content: opensession_hail::Content::Text(output.to_owned()),
        ..ToolResult::default()
    };
    out.result(format!("{id}:result"), result);
    out.facts.activity = Activity::Idle;
}
