//! The JSON Schema of a line, generated from the types. `schema.json` beside the specification is its text.

use jiff::Timestamp;
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::{Value, json};

use crate::event::TYPES;
use crate::{
    Command, Compaction, Edit, ErrorEvent, Header, Message, Subagent, Thinking, Title, Todo, ToolCall, ToolResult,
    Usage,
};

/// The schema of one line of a HAIL file: the header or an event. Unknown types and fields are valid, wrong values of
/// known fields are not. JSON Schema 2020-12.
pub fn line_schema() -> Schema {
    let mut generator = SchemaSettings::draft2020_12().into_generator();
    let header = reference::<Header>(&mut generator);
    let message = reference::<Message>(&mut generator);
    let common = reference::<Common>(&mut generator);
    let typed: Vec<Value> = [
        ("thinking", reference::<Thinking>(&mut generator)),
        ("tool_call", reference::<ToolCall>(&mut generator)),
        ("command", reference::<Command>(&mut generator)),
        ("tool_result", reference::<ToolResult>(&mut generator)),
        ("file_edit", reference::<Edit>(&mut generator)),
        ("todo", reference::<Todo>(&mut generator)),
        ("compaction", reference::<Compaction>(&mut generator)),
        ("usage", reference::<Usage>(&mut generator)),
        ("subagent", reference::<Subagent>(&mut generator)),
        ("title", reference::<Title>(&mut generator)),
        ("error", reference::<ErrorEvent>(&mut generator)),
    ]
    .into_iter()
    .map(|(name, body)| {
        json!({
            "title": name,
            "properties": { "type": { "const": name } },
            "required": ["type"],
            "not": { "required": ["role"] },
            "allOf": [body, common.clone()],
        })
    })
    .collect();

    let is_tagged = json!({ "anyOf": [{ "required": ["role"] }, { "required": ["type"] }] });
    let mut lines = vec![
        json!({ "title": "header", "not": is_tagged.clone(), "allOf": [header] }),
        json!({ "title": "message", "allOf": [message, common] }),
    ];
    lines.extend(typed);
    lines.push(json!({
        "title": "unknown",
        "description": "A line whose role or type this version does not know, or that has neither: kept as it is.",
        "type": "object",
        "not": { "anyOf": [
            { "required": ["v"], "not": is_tagged },
            { "required": ["role"], "properties": { "role": { "enum": ["human", "agent", "system"] } } },
            {
                "required": ["type"],
                "properties": { "type": { "enum": TYPES } },
                "not": { "required": ["role"] },
            },
        ] },
    }));
    let definitions = generator.take_definitions(true);
    json_schema!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": crate::VERSION,
        "description": "One line of a HAIL file: the header, which is the first line, or an event.",
        "anyOf": lines,
        "$defs": definitions,
    })
}

/// What every event may carry.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is used")]
struct Common {
    /// The id by which the agent knows the record. Copies of one record in several files share it.
    id: Option<String>,
    /// When the agent wrote the record.
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    ts: Option<Timestamp>,
    /// The id of the sub-agent that produced the event, when its records stand inside its parent's session.
    subagent: Option<String>,
}

fn reference<T: JsonSchema>(generator: &mut SchemaGenerator) -> Value {
    generator.subschema_for::<T>().into()
}
