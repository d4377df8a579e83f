//! Events as JSON lines, and back.
//!
//! Written by hand for three reasons: a line is a message or an event by what it holds, unknown fields must survive, and
//! the daemon reads its stored events through here, so that a line must not become a tree of values first. A line whose
//! first field is a known `role` or `type` (every line this crate writes) is read in one pass; all others, and all
//! lines with an error, go through a map, which costs more and tells more.

use std::borrow::Cow;
use std::fmt;

use jiff::Timestamp;
use serde::de::{DeserializeOwned, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::{
    Body, Command, Compaction, Content, Edit, ErrorEvent, Event, Message, Part, Role, Subagent, Thinking, Title, Todo,
    ToolCall, ToolResult, Unknown, Usage,
};
use crate::Extra;

impl Event {
    /// Reads one line, without or with its line end.
    pub fn from_json(line: &[u8]) -> Result<Event, DecodeError> {
        // Checked once for the whole line, not for each string; strings that are skipped would not be checked at all.
        let line = std::str::from_utf8(line)
            .map_err(|error| DecodeError { reason: "not UTF-8".to_owned(), column: Some(error.valid_up_to() + 1) })?;
        let mut deserializer = serde_json::Deserializer::from_str(line);
        let fast = deserializer.deserialize_map(OnePass).and_then(|read| deserializer.end().map(|()| read));
        let column = match fast {
            Ok(Some(event)) => return Ok(event),
            Ok(None) => None,
            Err(error) => Some(error.column()),
        };
        match serde_json::from_str::<Value>(line) {
            Ok(Value::Object(fields)) => {
                event_from_fields(fields).map_err(|error| DecodeError { reason: error.to_string(), column })
            }
            Ok(_) => Err(DecodeError { reason: "not a JSON object".to_owned(), column: None }),
            Err(error) => Err(DecodeError::from_json_error(&error)),
        }
    }

    /// Appends the event as one line, without a line end.
    #[expect(clippy::missing_panics_doc, reason = "memory takes every byte, and every key is a string")]
    pub fn write_json(&self, line: &mut Vec<u8>) {
        serde_json::to_writer(line, self).expect("writing strings and numbers into memory cannot fail");
    }
}

/// A line that is not an event: not JSON, not an object, or a known field of a wrong type, which `reason` names.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct DecodeError {
    /// What is wrong, as a lowercase fragment.
    pub reason: String,
    /// The column in the line, in bytes from 1, where it is known.
    pub column: Option<usize>,
}

impl DecodeError {
    /// The error for a line that is not JSON.
    pub(crate) fn from_json_error(error: &serde_json::Error) -> Self {
        let message = error.to_string();
        // The position stands in `column`; there is only one line.
        let reason = message.rsplit_once(" at line ").map_or(message.as_str(), |(reason, _)| reason);
        let kind = if error.is_eof() { "cut off" } else { "not JSON" };
        Self { reason: format!("{kind}: {reason}"), column: (error.column() > 0).then(|| error.column()) }
    }
}

impl Serialize for Event {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        let names = match &self.body {
            Body::Message(message) => {
                map.serialize_entry("role", &message.role)?;
                write_body(message, &mut map)?
            }
            Body::Thinking(body) => write_typed(body, &mut map)?,
            Body::ToolCall(body) => write_typed(body, &mut map)?,
            Body::Command(body) => write_typed(body, &mut map)?,
            Body::ToolResult(body) => write_typed(body, &mut map)?,
            Body::Edit(body) => write_typed(body, &mut map)?,
            Body::Todo(body) => write_typed(body, &mut map)?,
            Body::Compaction(body) => write_typed(body, &mut map)?,
            Body::Usage(body) => write_typed(body, &mut map)?,
            Body::Subagent(body) => write_typed(body, &mut map)?,
            Body::Title(body) => write_typed(body, &mut map)?,
            Body::Error(body) => write_typed(body, &mut map)?,
            Body::Unknown(unknown) => {
                let further = self.extra.iter().filter(|(name, _)| !unknown.fields.contains_key(*name));
                for (name, value) in unknown.fields.iter().chain(further) {
                    if !self.has_common(name) {
                        map.serialize_entry(name, value)?;
                    }
                }
                &[]
            }
        };
        if let Some(id) = &self.id {
            map.serialize_entry("id", id)?;
        }
        if let Some(ts) = &self.ts {
            map.serialize_entry("ts", ts)?;
        }
        if let Some(subagent) = &self.subagent {
            map.serialize_entry("subagent", subagent)?;
        }
        // A field of this version is never extra; written twice, it would make the line ambiguous.
        let is_known = |name: &str| match &self.body {
            Body::Unknown(_) => true,
            Body::Message(_) => name == "role" || names.contains(&name) || is_common(name),
            _ => name == "role" || name == "type" || names.contains(&name) || is_common(name),
        };
        for (name, value) in self.extra.iter().filter(|(name, _)| !is_known(name)) {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Event {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        event_from_fields(Extra::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

impl Event {
    fn has_common(&self, name: &str) -> bool {
        match name {
            "id" => self.id.is_some(),
            "ts" => self.ts.is_some(),
            "subagent" => self.subagent.is_some(),
            _ => false,
        }
    }
}

fn is_common(name: &str) -> bool {
    matches!(name, "id" | "ts" | "subagent")
}

/// The fields of one kind of body: the single place that says how they are named, read and written.
trait BodyFields: Default {
    /// The `type`, or `role` for messages.
    const TYPE: &'static str;
    /// The names of the fields.
    const NAMES: &'static [&'static str];
    /// The field that must be there.
    const REQUIRED: Option<&'static str>;

    /// Reads the value of the field `name`; `false` when there is no such field and nothing was read.
    fn read<'de, A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<bool, A::Error>;

    fn write<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error>;

    fn into_body(self) -> Body;
}

/// Modes: `required` must be there; `always` is written even when it has its default; `optional` is left out when it
/// has its default. `null` reads as the default, but for required fields.
macro_rules! body_fields {
    ($body:ident => $variant:ident, $type:literal, required: $required:expr, { $($mode:ident $field:ident),* }) => {
        impl BodyFields for $body {
            const TYPE: &'static str = $type;
            const NAMES: &'static [&'static str] = &[$(stringify!($field)),*];
            const REQUIRED: Option<&'static str> = $required;

            fn read<'de, A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<bool, A::Error> {
                $(if name == stringify!($field) {
                    self.$field = body_fields!(@read $mode name map);
                    return Ok(true);
                })*
                Ok(false)
            }

            fn write<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
                $(body_fields!(@write $mode map stringify!($field), self.$field);)*
                Ok(())
            }

            fn into_body(self) -> Body {
                Body::$variant(self)
            }
        }
    };
    (@read required $name:ident $map:ident) => { read_value($name, $map)? };
    (@read $mode:ident $name:ident $map:ident) => { read_or_default($name, $map)? };
    (@write optional $map:ident $name:expr, $value:expr) => {
        if !is_default(&$value) {
            $map.serialize_entry($name, &$value)?;
        }
    };
    (@write $mode:ident $map:ident $name:expr, $value:expr) => { $map.serialize_entry($name, &$value)? };
}

body_fields!(Message => Message, "message", required: None, {
    always content, optional tool_calls, optional model
});
body_fields!(Thinking => Thinking, "thinking", required: None, { optional content, optional model });
body_fields!(ToolCall => ToolCall, "tool_call", required: Some("name"), {
    optional call_id, required name, optional input, optional model
});
body_fields!(Command => Command, "command", required: Some("command"), {
    optional call_id, optional name, required command, optional description, optional cwd, optional model
});
body_fields!(ToolResult => ToolResult, "tool_result", required: None, {
    optional call_id, optional name, optional status, optional exit_code, optional duration_ms, optional content,
    optional stderr
});
body_fields!(Edit => Edit, "file_edit", required: Some("path"), {
    required path, optional operation, optional diff, optional added, optional removed, optional to, optional call_id
});
body_fields!(Todo => Todo, "todo", required: Some("items"), { required items });
body_fields!(Compaction => Compaction, "compaction", required: None, {
    optional content, optional trigger, optional tokens_before
});
body_fields!(Usage => Usage, "usage", required: None, {
    optional message_id, optional model, optional input, optional output, optional cache_read, optional cache_write,
    optional reasoning, optional cost
});
body_fields!(Subagent => Subagent, "subagent", required: None, {
    optional agent_id, optional call_id, optional name, optional description, optional status
});
body_fields!(Title => Title, "title", required: Some("title"), { required title, optional source });
body_fields!(ErrorEvent => Error, "error", required: Some("message"), { required message, optional code });

/// Every `type` that has a meaning in this version.
pub(crate) const TYPES: [&str; 11] = [
    Thinking::TYPE,
    ToolCall::TYPE,
    Command::TYPE,
    ToolResult::TYPE,
    Edit::TYPE,
    Todo::TYPE,
    Compaction::TYPE,
    Usage::TYPE,
    Subagent::TYPE,
    Title::TYPE,
    ErrorEvent::TYPE,
];

/// What a line is, as far as its `role` and `type` tell.
#[derive(Clone, Copy)]
enum Tag {
    Message(Role),
    Typed(Type),
}

#[derive(Clone, Copy)]
enum Type {
    Thinking,
    ToolCall,
    Command,
    ToolResult,
    Edit,
    Todo,
    Compaction,
    Usage,
    Subagent,
    Title,
    Error,
}

impl Tag {
    fn of(name: &str, value: &str) -> Option<Tag> {
        match name {
            "role" => Tag::role(value).map(Tag::Message),
            "type" => Tag::typed(value).map(Tag::Typed),
            _ => None,
        }
    }

    fn role(value: &str) -> Option<Role> {
        Some(match value {
            "human" => Role::Human,
            "agent" => Role::Agent,
            "system" => Role::System,
            _ => return None,
        })
    }

    fn typed(value: &str) -> Option<Type> {
        Some(match value {
            Thinking::TYPE => Type::Thinking,
            ToolCall::TYPE => Type::ToolCall,
            Command::TYPE => Type::Command,
            ToolResult::TYPE => Type::ToolResult,
            Edit::TYPE => Type::Edit,
            Todo::TYPE => Type::Todo,
            Compaction::TYPE => Type::Compaction,
            Usage::TYPE => Type::Usage,
            Subagent::TYPE => Type::Subagent,
            Title::TYPE => Type::Title,
            ErrorEvent::TYPE => Type::Error,
            _ => return None,
        })
    }

    /// Reads the rest of the line. `None` when a second `role` or `type` makes it another line than it seemed, which
    /// only happens where the tag stood first.
    fn read<'de, A: MapAccess<'de>>(self, map: &mut A, tag_is_gone: bool) -> Result<Option<Event>, A::Error> {
        match self {
            Tag::Message(role) => {
                read_body(Message { role, ..Message::default() }, map, tag_is_gone, |name| name == "role")
            }
            Tag::Typed(kind) => {
                let is_tag = |name: &str| name == "type" || name == "role";
                match kind {
                    Type::Thinking => read_body(Thinking::default(), map, tag_is_gone, is_tag),
                    Type::ToolCall => read_body(ToolCall::default(), map, tag_is_gone, is_tag),
                    Type::Command => read_body(Command::default(), map, tag_is_gone, is_tag),
                    Type::ToolResult => read_body(ToolResult::default(), map, tag_is_gone, is_tag),
                    Type::Edit => read_body(Edit::default(), map, tag_is_gone, is_tag),
                    Type::Todo => read_body(Todo::default(), map, tag_is_gone, is_tag),
                    Type::Compaction => read_body(Compaction::default(), map, tag_is_gone, is_tag),
                    Type::Usage => read_body(Usage::default(), map, tag_is_gone, is_tag),
                    Type::Subagent => read_body(Subagent::default(), map, tag_is_gone, is_tag),
                    Type::Title => read_body(Title::default(), map, tag_is_gone, is_tag),
                    Type::Error => read_body(ErrorEvent::default(), map, tag_is_gone, is_tag),
                }
            }
        }
    }
}

/// Reads a line whose tag stands first; `None` where it does not.
struct OnePass;

impl<'de> Visitor<'de> for OnePass {
    type Value = Option<Event>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        if let Some(Text(name)) = map.next_key()? {
            if name == "type" || name == "role" {
                let Text(value) = map.next_value()?;
                if let Some(tag) = Tag::of(&name, &value)
                    && let Some(event) = tag.read(&mut map, true)?
                {
                    return Ok(Some(event));
                }
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        // The deserializer wants to see the end of the object; the few lines that come here are read again.
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(None)
    }
}

fn read_body<'de, B: BodyFields, A: MapAccess<'de>>(
    mut body: B,
    map: &mut A,
    tag_is_gone: bool,
    is_tag: impl Fn(&str) -> bool,
) -> Result<Option<Event>, A::Error> {
    let (mut id, mut ts, mut subagent) = (None, None, None);
    let mut extra = Extra::new();
    let mut has_required = B::REQUIRED.is_none();
    while let Some(Text(name)) = map.next_key()? {
        if is_tag(&name) {
            if tag_is_gone {
                map.next_value::<IgnoredAny>()?;
                return Ok(None);
            }
            map.next_value::<IgnoredAny>()?;
        } else if body.read(&name, map)? {
            has_required |= B::REQUIRED == Some(&*name);
        } else {
            match &*name {
                "id" => id = read_value(&name, map)?,
                "ts" => ts = read_value::<Option<Timestamp>, A>(&name, map)?,
                "subagent" => subagent = read_value(&name, map)?,
                _ => {
                    let value = map.next_value()?;
                    extra.insert(name.into_owned(), value);
                }
            }
        }
    }
    if !has_required {
        return Err(A::Error::custom(format_args!("`{}` is missing", B::REQUIRED.unwrap_or_default())));
    }
    Ok(Some(Event { body: body.into_body(), id, ts, subagent, extra }))
}

fn event_from_fields(mut fields: Extra) -> Result<Event, serde_json::Error> {
    // What is null is absent, as everywhere.
    let tag = |name| fields.get(name).filter(|value| !value.is_null());
    let tag = match (tag("role"), tag("type")) {
        (Some(role), _) => role.as_str().and_then(|role| Tag::of("role", role)),
        (None, Some(kind)) => kind.as_str().and_then(|kind| Tag::of("type", kind)),
        (None, None) => None,
    };
    if let Some(tag) = tag {
        let mut map = serde::de::value::MapDeserializer::new(fields.into_iter());
        return match tag.read(&mut map, false)? {
            Some(event) => Ok(event),
            None => Err(serde_json::Error::custom("`type` or `role` stands twice")),
        };
    }
    let mut common = |name: &str| match fields.get(name) {
        Some(Value::String(_)) => match fields.shift_remove(name) {
            Some(Value::String(text)) => Some(text),
            _ => None,
        },
        _ => None,
    };
    let (id, subagent) = (common("id"), common("subagent"));
    // A time of another form is left as it is: who wrote the line may know it.
    let ts = fields.get("ts").and_then(Value::as_str).and_then(|ts| ts.parse::<Timestamp>().ok());
    if ts.is_some() {
        fields.shift_remove("ts");
    }
    Ok(Event { body: Body::Unknown(Unknown { fields }), id, ts, subagent, extra: Extra::new() })
}

fn read_value<'de, T: Deserialize<'de>, A: MapAccess<'de>>(name: &str, map: &mut A) -> Result<T, A::Error> {
    map.next_value().map_err(|error| A::Error::custom(format_args!("`{name}`: {error}")))
}

fn read_or_default<'de, T: DeserializeOwned + Default, A: MapAccess<'de>>(
    name: &str,
    map: &mut A,
) -> Result<T, A::Error> {
    Ok(read_value::<Option<T>, A>(name, map)?.unwrap_or_default())
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

fn write_typed<B: BodyFields, M: SerializeMap>(body: &B, map: &mut M) -> Result<&'static [&'static str], M::Error> {
    map.serialize_entry("type", B::TYPE)?;
    write_body(body, map)
}

fn write_body<B: BodyFields, M: SerializeMap>(body: &B, map: &mut M) -> Result<&'static [&'static str], M::Error> {
    body.write(map)?;
    Ok(B::NAMES)
}

/// A string that is borrowed from the line where it can be.
struct Text<'de>(Cow<'de, str>);

impl<'de> Deserialize<'de> for Text<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;

        impl<'de> Visitor<'de> for TextVisitor {
            type Value = Text<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a string")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }

            fn visit_string<E>(self, text: String) -> Result<Self::Value, E> {
                Ok(Text(Cow::Owned(text)))
            }
        }

        deserializer.deserialize_str(TextVisitor)
    }
}

impl<'de> Deserialize<'de> for Content {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ContentVisitor;

        impl<'de> Visitor<'de> for ContentVisitor {
            type Value = Content;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a string or an array of parts")
            }

            fn visit_str<E>(self, text: &str) -> Result<Content, E> {
                Ok(Content::Text(text.to_owned()))
            }

            fn visit_string<E>(self, text: String) -> Result<Content, E> {
                Ok(Content::Text(text))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut parts: A) -> Result<Content, A::Error> {
                let mut content = Vec::new();
                while let Some(part) = parts.next_element()? {
                    content.push(part);
                }
                Ok(Content::Parts(content))
            }
        }

        deserializer.deserialize_any(ContentVisitor)
    }
}

impl<'de> Deserialize<'de> for Part {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PartVisitor;

        impl<'de> Visitor<'de> for PartVisitor {
            type Value = Part;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a part with a `type`")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Part, A::Error> {
                let mut kind = None;
                let mut part =
                    Part { kind: String::new(), text: None, media_type: None, bytes: None, extra: Extra::new() };
                while let Some(Text(name)) = map.next_key()? {
                    match &*name {
                        "type" => kind = Some(read_value(&name, &mut map)?),
                        "text" => part.text = read_value(&name, &mut map)?,
                        "media_type" => part.media_type = read_value(&name, &mut map)?,
                        "bytes" => part.bytes = read_value(&name, &mut map)?,
                        _ => {
                            let value = map.next_value()?;
                            part.extra.insert(name.into_owned(), value);
                        }
                    }
                }
                part.kind = kind.ok_or_else(|| A::Error::custom("a part's `type` is missing"))?;
                Ok(part)
            }
        }

        deserializer.deserialize_map(PartVisitor)
    }
}
