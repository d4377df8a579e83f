//! Sessions of the editor's, message by message ("bubbles"), of all generations.

use opensession_hail::{Body, Compaction, ErrorEvent, Message, Part, Relation, Role, Thinking, Title, Usage};
use serde_json::Value;

use super::{
    state::{Out, State, parse},
    tool,
};
use crate::{Derived, Deriver, Facts, Record, derive::Activity, lenient_json};

/// A message of the kind that tells that the history was summarised.
const SUMMARISED: u64 = 22;
/// A message of reasoning.
const THINKING: u64 = 30;
/// The texts in a document of the prompt's editor are looked for so deep.
const DEPTH: usize = 64;

/// Derives a session from its messages.
pub(super) struct Bubbles {
    pub(super) state: State,
}

impl Deriver for Bubbles {
    fn derive(&mut self, record: &Record<'_>, derived: &mut Derived) {
        let Some(value) = parse(record, derived) else { return };
        match record.side {
            Some("composer") => self.composer(&value, derived),
            Some("folder") => self.state.in_folder(lenient_json::owned(&value, "folder"), true),
            Some(_) => {}
            None => self.message(&value, derived),
        }
    }

    fn facts(&self) -> &Facts {
        &self.state.facts
    }

    fn state(&self) -> Vec<u8> {
        self.state.put_down()
    }
}

impl Bubbles {
    /// Takes what the session's own row tells.
    fn composer(&mut self, own: &Value, derived: &mut Derived) {
        let state = &mut self.state;
        state.facts.saw(lenient_json::time_of(own, "createdAt"));
        state.facts.saw(lenient_json::time_of(own, "lastUpdatedAt"));
        if state.facts.model.is_none() {
            state.answered_by(own.get("modelConfig").and_then(|config| lenient_json::text(config, "modelName")));
        }
        let repositories = lenient_json::list(own, "trackedGitRepos");
        state.in_folder(repositories.first().and_then(|repository| lenient_json::owned(repository, "repoPath")), false);
        let branch = repositories.first().and_then(|repository| {
            let branches = lenient_json::list(repository, "branches").iter();
            let last = branches.max_by_key(|branch| lenient_json::number(branch, "lastInteractionAt"));
            last.and_then(|branch| lenient_json::owned(branch, "branchName"))
        });
        if let Some(branch) = branch.or_else(|| lenient_json::owned(own, "createdOnBranch")) {
            state.facts.branch = Some(branch);
        }
        if let Some(info) = own.get("subagentInfo")
            && let Some(parent) = lenient_json::owned(info, "parentComposerId")
        {
            state.facts.parent = Some((parent, Relation::Subagent));
            state.facts.subagent_type = lenient_json::owned(info, "subagentTypeName");
        }
        state.facts.activity = match lenient_json::text(own, "status") {
            Some("generating") => Activity::Working,
            Some("aborted") => Activity::Interrupted,
            _ => Activity::Idle,
        };
        let ts = lenient_json::time_of(own, "lastUpdatedAt");
        let mut out = Out { derived, id: None, ts };
        let title = lenient_json::text(own, "name").filter(|name| *name != "New Agent" && *name != "New Chat");
        if let Some(title) = title.or_else(|| lenient_json::text(own, "subtitle")) {
            state.facts.agent_title = Some(title.to_owned());
            if state.title.as_deref() != Some(title) {
                state.title = Some(title.to_owned());
                out.push(Body::Title(Title { title: title.to_owned(), source: None }));
            }
        }
        for (model, usage) in own.get("usageData").and_then(Value::as_object).into_iter().flatten().take(64) {
            let Some(cents) = lenient_json::number(usage, "costInCents").filter(|cents| *cents > 0) else { continue };
            if state.costs.insert(model.clone(), cents) != Some(cents) {
                out.push(Body::Usage(Usage {
                    message_id: Some(format!("usageData:{model}")),
                    model: Some(model.clone()).filter(|model| model != "default"),
                    cost: Some(cents as f64 / 100.0),
                    ..Usage::default()
                }));
            }
        }
    }

    fn message(&mut self, record: &Value, derived: &mut Derived) {
        let (message, chat) = match (record.get("bubble"), record.get("chat")) {
            (Some(message), _) => (message, false),
            (None, Some(message)) => (message, true),
            (None, None) => return,
        };
        let id = lenient_json::any_text(message, &["bubbleId", "id"]).or_else(|| lenient_json::text(record, "id"));
        let timing = message.get("timingInfo").unwrap_or(&Value::Null);
        let ts = lenient_json::time_of(message, "createdAt")
            .or_else(|| lenient_json::time_of(timing, "clientRpcSendTime"))
            .or_else(|| lenient_json::time(message.pointer("/toolFormerData/additionalData/startedAtMs")?));
        let state = &mut self.state;
        state.facts.saw(ts);
        state.facts.saw(lenient_json::time_of(timing, "clientEndTime"));
        state.answered_by(message.get("modelInfo").and_then(|model| lenient_json::text(model, "modelName")));
        state.answered_by(lenient_json::text(message, "modelType"));
        let folder = lenient_json::list(message, "workspaceUris").first().and_then(Value::as_str);
        state.in_folder(folder.map(lenient_json::path_of_uri), false);
        let mut out = Out { derived, id: id.map(str::to_owned), ts };
        let human = if chat {
            lenient_json::text(message, "type") == Some("user")
        } else {
            lenient_json::number(message, "type") == Some(1)
        };
        if human {
            person(message, state, &mut out);
        } else {
            agent(message, record, state, &mut out);
        }
    }
}

fn person(message: &Value, state: &mut State, out: &mut Out<'_>) {
    let text = match lenient_json::text(message, "text") {
        Some(text) => text.to_owned(),
        None => lenient_json::text(message, "richText").map(plain_text).unwrap_or_default(),
    };
    let images = images(message);
    if text.trim().is_empty() && images.is_empty() {
        return;
    }
    state.facts.prompted(&text);
    let content = lenient_json::content(text, images);
    out.push(Body::Message(Message { role: Role::Human, content, tool_calls: Vec::new(), model: None }));
}

fn agent(message: &Value, record: &Value, state: &mut State, out: &mut Out<'_>) {
    let kind = lenient_json::number(message, "capabilityType");
    if kind == Some(SUMMARISED) {
        out.push(Body::Compaction(Compaction {
            content: summary(message).unwrap_or_default(),
            ..Compaction::default()
        }));
    }
    let model = state.facts.model.clone();
    if let Some(content) = thinking(message, kind) {
        out.push(Body::Thinking(Thinking { content, model: model.clone() }));
    }
    let text = lenient_json::any_text(message, &["rawText", "text"]).unwrap_or_default();
    if !text.trim().is_empty() {
        let content = lenient_json::content(text.to_owned(), Vec::new());
        out.push(Body::Message(Message { role: Role::Agent, content, tool_calls: Vec::new(), model: model.clone() }));
    }
    if let Some(tool) = message.get("toolFormerData") {
        tool::derive(tool, record, message, state, out);
    }
    if let Some(error) = message.get("errorDetails").and_then(error) {
        out.push(Body::Error(error));
    }
    let tokens = message.get("tokenCount").unwrap_or(&Value::Null);
    let (input, output) = (
        lenient_json::number(tokens, "inputTokens").unwrap_or(0),
        lenient_json::number(tokens, "outputTokens").unwrap_or(0),
    );
    if input > 0 || output > 0 {
        let message_id = out.id.clone();
        out.push(Body::Usage(Usage { message_id, model, input, output, ..Usage::default() }));
    }
    if kind != Some(SUMMARISED)
        && let Some(content) = summary(message)
    {
        out.push(Body::Compaction(Compaction { content, ..Compaction::default() }));
    }
}

/// The reasoning; empty where the provider hid it, `None` where there was none.
fn thinking(message: &Value, kind: Option<u64>) -> Option<String> {
    let own = message.get("thinking");
    let text = own.and_then(|own| own.as_str().or_else(|| lenient_json::text(own, "text")));
    if let Some(text) = text.filter(|text| !text.is_empty()) {
        return Some(text.trim().to_owned());
    }
    let blocks = lenient_json::list(message, "allThinkingBlocks").iter();
    let blocks: Vec<&str> = blocks.filter_map(|block| lenient_json::any_text(block, &["thinking", "text"])).collect();
    if !blocks.is_empty() {
        return Some(blocks.join("\n"));
    }
    let hidden = own.is_some_and(|own| lenient_json::text(own, "signature").is_some());
    (hidden || kind == Some(THINKING)).then(String::new)
}

fn summary(message: &Value) -> Option<String> {
    lenient_json::owned(&*lenient_json::nested(message, "cachedConversationSummary")?, "summary")
}

fn error(details: &Value) -> Option<ErrorEvent> {
    let error = details.get("error").unwrap_or(details);
    let inner = error.get("details").unwrap_or(&Value::Null);
    let told: Vec<&str> = ["title", "detail"].iter().filter_map(|key| lenient_json::text(inner, key)).collect();
    let message = if told.is_empty() {
        lenient_json::any_text(error, &["message", "error"])
            .or_else(|| lenient_json::text(details, "message"))?
            .to_owned()
    } else {
        told.join(": ")
    };
    let code = lenient_json::any_text(error, &["error", "code"]).map(str::to_owned);
    Some(ErrorEvent { code: code.filter(|code| *code != message), message })
}

/// The images of a prompt, by name.
fn images(message: &Value) -> Vec<Part> {
    let context = message.get("context").unwrap_or(&Value::Null);
    let lists = [
        lenient_json::list(message, "images"),
        lenient_json::list(message, "selectedImages"),
        lenient_json::list(context, "selectedImages"),
    ];
    let images = lists.into_iter().find(|list| !list.is_empty()).unwrap_or_default();
    let part = |image: &Value| {
        let name = lenient_json::any_text(image, &["path", "filename", "uuid"]).map(str::to_owned);
        let media_type = lenient_json::any_text(image, &["mimeType", "mediaType"]).map(str::to_owned);
        lenient_json::data_part("image", name, media_type, lenient_json::number(image, "size"))
    };
    images.iter().filter(|image| image.is_object()).take(100).map(part).collect()
}

/// The text in a document of the prompt's editor, one line for each block.
fn plain_text(document: &str) -> String {
    fn gather(node: &Value, depth: usize, text: &mut String) {
        if let Some(words) = lenient_json::text(node, "text") {
            text.push_str(words);
        }
        let children = [lenient_json::list(node, "children"), lenient_json::list(node, "content")];
        for child in children.into_iter().flatten().filter(|_| depth < DEPTH) {
            gather(child, depth + 1, text);
        }
        if matches!(
            lenient_json::text(node, "type"),
            Some("paragraph" | "linebreak" | "hardBreak" | "heading" | "listitem")
        ) {
            text.push('\n');
        }
    }
    let Ok(document) = serde_json::from_str::<Value>(document) else { return String::new() };
    let mut text = String::new();
    gather(document.get("root").unwrap_or(&document), 0, &mut text);
    text.trim().to_owned()
}
