//! The items of a message in the shapes they have had: without a tag, with the tag outside, with a `type`.

use std::borrow::Cow;

use opensession_hail::Part;
use serde_json::Value;

use crate::json_deriver::{
    binary, part,
    value::{list, parse, text},
};

/// An item of a message.
pub(super) enum Item<'a> {
    Text(&'a str),
    Thinking(&'a str),
    Attached(Part),
    Call {
        id: &'a str,
        /// The tool and its arguments, or why the model's call could not be read.
        call: Result<(&'a str, &'a Value), String>,
    },
    Result {
        id: &'a str,
        /// What came back, or why nothing did.
        result: Result<Cow<'a, Value>, String>,
    },
    /// A notice to the person.
    Notice(&'a str),
    /// A failure of the provider's.
    Error {
        message: &'a str,
        kind: Option<&'a str>,
    },
    /// Something that tells nothing.
    Nothing,
}

/// Tells what an item is.
pub(super) fn item(item: &Value) -> Item<'_> {
    match text(item, "/type") {
        Some(kind) => tagged(kind, item),
        None => old(item),
    }
}

fn tagged<'a>(kind: &str, item: &'a Value) -> Item<'a> {
    let id = text(item, "/id").unwrap_or_default();
    match kind {
        "text" | "Text" => Item::Text(text(item, "/text").unwrap_or_default()),
        "thinking" => Item::Thinking(text(item, "/thinking").unwrap_or_default()),
        "reasoning" => Item::Thinking(text(item, "/text").or_else(|| text(item, "/reasoning")).unwrap_or_default()),
        "image" => Item::Attached(binary(text(item, "/mimeType").or(Some("image/*")), None, text(item, "/data"))),
        "document" => Item::Attached(part("document", text(item, "/name"), text(item, "/mimeType"), None)),
        "toolRequest" | "frontendToolRequest" => Item::Call { id, call: call(item.get("toolCall")) },
        "ToolUse" => Item::Call {
            id,
            call: Ok((text(item, "/name").unwrap_or_default(), item.get("parameters").unwrap_or(&Value::Null))),
        },
        "ToolResult" => Item::Result {
            id: text(item, "/tool_use_id").unwrap_or_default(),
            result: match text(item, "/output").unwrap_or_default() {
                output if item.get("is_error").and_then(Value::as_bool) == Some(true) => Err(output.to_owned()),
                _ => Ok(Cow::Borrowed(item.get("output").unwrap_or(&Value::Null))),
            },
        },
        "toolResponse" => Item::Result { id, result: wrapped(item.get("toolResult")).map(Cow::Borrowed) },
        "systemNotification" | "conversationCompacted" | "summarizationRequested" => {
            Item::Notice(text(item, "/msg").unwrap_or_default())
        }
        "error" => Item::Error { message: text(item, "/message").unwrap_or_default(), kind: text(item, "/kind") },
        "contextLengthExceeded" => {
            Item::Error { message: text(item, "/msg").unwrap_or("context length exceeded"), kind: Some(CONTEXT) }
        }
        _ => Item::Nothing,
    }
}

/// The code of an error that says that the context is full.
const CONTEXT: &str = "context_length_exceeded";

fn old(item: &Value) -> Item<'_> {
    if let Some(inner) = item.get("Text") {
        return Item::Text(text(inner, "/text").unwrap_or_default());
    }
    if let Some(inner) = item.get("Image") {
        return Item::Attached(binary(text(inner, "/mimeType"), None, text(inner, "/data")));
    }
    if let Some(inner) = item.get("ToolRequest") {
        return Item::Call { id: text(inner, "/id").unwrap_or_default(), call: call(inner.get("tool_call")) };
    }
    if let Some(inner) = item.get("ToolResponse") {
        let result = wrapped(inner.get("tool_result")).map(Cow::Borrowed);
        return Item::Result { id: text(inner, "/id").unwrap_or_default(), result };
    }
    let id = text(item, "/id").unwrap_or_default();
    if let Some(name) = text(item, "/tool_name") {
        return Item::Call { id, call: Ok((name, item.get("arguments").unwrap_or(&Value::Null))) };
    }
    if let Some(result) = item.get("tool_result") {
        // A text that holds JSON.
        let result = match result {
            Value::String(text) => parse(text.as_bytes()).map_or(Cow::Borrowed(result), Cow::Owned),
            other => Cow::Borrowed(other),
        };
        return Item::Result { id, result: Ok(result) };
    }
    match item.get("text").and_then(Value::as_str) {
        Some(text) => Item::Text(text),
        None => Item::Nothing,
    }
}

fn call(wrapped_call: Option<&Value>) -> Result<(&str, &Value), String> {
    let call = wrapped(wrapped_call)?;
    Ok((text(call, "/name").unwrap_or_default(), call.get("arguments").unwrap_or(&Value::Null)))
}

/// What stands in `{"status":"success","value":…}` or `{"Ok":…}`.
fn wrapped(outer: Option<&Value>) -> Result<&Value, String> {
    let outer = outer.unwrap_or(&Value::Null);
    if let Some(error) = outer.get("Err") {
        return Err(words(error));
    }
    if text(outer, "/status") == Some("error") {
        return Err(words(outer.get("error").unwrap_or(&Value::Null)));
    }
    Ok(outer.get("value").or_else(|| outer.get("Ok")).unwrap_or(outer))
}

/// The words in an error, which is a text or an object around one.
fn words(error: &Value) -> String {
    match error {
        Value::String(text) => text.clone(),
        Value::Object(fields) if fields.len() == 1 => fields.values().next().map(words).unwrap_or_default(),
        Value::Null => String::new(),
        other => text(other, "/message").map_or_else(|| other.to_string(), str::to_owned),
    }
}

/// What the model was shown of a result: its texts, joined, and what is told of its images.
pub(super) fn shown(result: &Value) -> (String, Vec<Part>) {
    if let Value::String(text) = result {
        return (text.clone(), Vec::new());
    }
    let items = if result.is_array() { list(result, "") } else { list(result, "/content") };
    let (mut texts, mut attached) = (Vec::new(), Vec::new());
    for item in items.iter().filter(|item| is_for_the_model(item)) {
        let inner = item.get("Text").or_else(|| item.get("Resource")).unwrap_or(item);
        if let Some(words) = text(inner, "/text").or_else(|| text(inner, "/resource/text")) {
            texts.push(words);
        } else if let Some(image) = item.get("Image").or(Some(item).filter(|item| item.get("data").is_some())) {
            attached.push(binary(text(image, "/mimeType"), None, text(image, "/data")));
        } else if let Some(address) = text(item, "/uri") {
            texts.push(address);
        }
    }
    (texts.join("\n"), attached)
}

/// One output may stand twice, once for the person and once for the model.
fn is_for_the_model(item: &Value) -> bool {
    let inner = item.get("Text").unwrap_or(item);
    let audience = list(inner, "/annotations/audience");
    audience.is_empty()
        || audience.iter().any(|name| name.as_str().is_some_and(|name| name.eq_ignore_ascii_case("assistant")))
}
