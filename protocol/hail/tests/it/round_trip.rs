//! What is written is what is read, whatever it is.

use jiff::Timestamp;
use opensession_hail::{
    Body, Command, Compaction, Content, Edit, EditOperation, ErrorEvent, Event, Message, Part, Role, Status, Subagent,
    Thinking, Title, Todo, TodoItem, TodoStatus, ToolCall, ToolResult, Unknown, Usage,
};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use serde_json::{Map, Value};

/// A name that no version uses.
fn unknown_name() -> impl Strategy<Value = String> {
    r"x_(\PC|[\u{0}-\u{1f}]|\p{Hangul}){0,8}"
}

fn text() -> impl Strategy<Value = String> {
    r"(\PC|[\u{0}-\u{1f}]|\p{Hangul}|\u{1f468}\u{200d}\u{1f469}){0,20}"
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_filter("JSON knows no such number", |float| float.is_finite()).prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            vec((text(), inner), 0..4).prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

fn extra() -> impl Strategy<Value = Map<String, Value>> {
    vec((unknown_name(), value()), 0..3).prop_map(|fields| fields.into_iter().collect())
}

fn content() -> impl Strategy<Value = Content> {
    let part =
        ("text|image|document|[a-z]{1,5}", option::of(text()), option::of(text()), option::of(any::<u64>()), extra())
            .prop_map(|(kind, text, media_type, bytes, extra)| Part { kind, text, media_type, bytes, extra });
    prop_oneof![text().prop_map(Content::Text), vec(part, 0..4).prop_map(Content::Parts)]
}

fn status() -> impl Strategy<Value = Status> {
    prop_oneof![
        Just(Status::Ok),
        Just(Status::Error),
        Just(Status::Rejected),
        Just(Status::Interrupted),
        Just(Status::Running)
    ]
}

fn optional() -> impl Strategy<Value = Option<String>> {
    option::of(text())
}

fn body() -> impl Strategy<Value = Body> {
    let role = prop_oneof![Just(Role::Human), Just(Role::Agent), Just(Role::System)];
    let operation = prop_oneof![
        Just(EditOperation::Create),
        Just(EditOperation::Update),
        Just(EditOperation::Delete),
        Just(EditOperation::Rename)
    ];
    let todo_status = prop_oneof![
        Just(TodoStatus::Pending),
        Just(TodoStatus::InProgress),
        Just(TodoStatus::Completed),
        Just(TodoStatus::Cancelled)
    ];
    let count = option::of(any::<u64>());
    prop_oneof![
        (role, content(), vec(value(), 0..2), optional())
            .prop_map(|(role, content, tool_calls, model)| Body::Message(Message { role, content, tool_calls, model })),
        (text(), optional()).prop_map(|(content, model)| Body::Thinking(Thinking { content, model })),
        (optional(), text(), value(), optional()).prop_map(|(call_id, name, input, model)| Body::ToolCall(ToolCall {
            call_id,
            name,
            input,
            model
        })),
        (optional(), text(), text(), optional(), optional(), optional()).prop_map(
            |(call_id, name, command, description, cwd, model)| {
                Body::Command(Command { call_id, name, command, description, cwd, model })
            }
        ),
        (optional(), optional(), status(), option::of(any::<i32>()), count.clone(), content(), optional()).prop_map(
            |(call_id, name, status, exit_code, duration_ms, content, stderr)| {
                Body::ToolResult(ToolResult { call_id, name, status, exit_code, duration_ms, content, stderr })
            }
        ),
        (text(), operation, optional(), count.clone(), count.clone(), optional(), optional()).prop_map(
            |(path, operation, diff, added, removed, to, call_id)| {
                Body::Edit(Edit { path, operation, diff, added, removed, to, call_id })
            }
        ),
        vec((optional(), text(), todo_status), 0..4).prop_map(|items| {
            let items = items.into_iter().map(|(id, content, status)| TodoItem { id, content, status }).collect();
            Body::Todo(Todo { items })
        }),
        (text(), optional(), count.clone()).prop_map(|(content, trigger, tokens_before)| {
            Body::Compaction(Compaction { content, trigger, tokens_before })
        }),
        (optional(), optional(), any::<[u64; 5]>(), option::of(-1e9..1e9f64)).prop_map(
            |(message_id, model, [input, output, cache_read, cache_write, reasoning], cost)| {
                Body::Usage(Usage { message_id, model, input, output, cache_read, cache_write, reasoning, cost })
            }
        ),
        (optional(), optional(), optional(), optional(), option::of(status())).prop_map(
            |(agent_id, call_id, name, description, status)| {
                Body::Subagent(Subagent { agent_id, call_id, name, description, status })
            }
        ),
        (text(), optional()).prop_map(|(title, source)| Body::Title(Title { title, source })),
        (text(), optional()).prop_map(|(message, code)| Body::Error(ErrorEvent { message, code })),
        (option::of("x_[a-z]{0,9}"), extra()).prop_map(|(kind, extra)| {
            let mut fields = Map::new();
            if let Some(kind) = kind {
                fields.insert("type".to_owned(), kind.into());
            }
            fields.extend(extra);
            Body::Unknown(Unknown { fields })
        }),
    ]
}

fn event() -> impl Strategy<Value = Event> {
    let ts = option::of((-62_135_596_800..253_402_207_200i64, 0..1_000_000_000i32))
        .prop_map(|ts| ts.map(|(second, nanosecond)| Timestamp::new(second, nanosecond).unwrap()));
    (body(), optional(), ts, optional(), extra()).prop_map(|(body, id, ts, subagent, extra)| {
        let extra = if matches!(body, Body::Unknown(_)) { Map::new() } else { extra };
        Event { body, id, ts, subagent, extra }
    })
}

fn line(event: &Event) -> Vec<u8> {
    let mut line = Vec::new();
    event.write_json(&mut line);
    line
}

/// Fields of any line, known names and unknown ones, with any values.
fn any_line() -> impl Strategy<Value = Value> {
    let name = prop_oneof![
        "role|type|content|tool_calls|model|call_id|name|input|command|status|exit_code|path|to|items|title|message",
        "id|ts|subagent|cost|output|code|diff|added",
        unknown_name(),
    ];
    let tag = "human|agent|system|thinking|tool_call|command|tool_result|file_edit|todo|compaction|usage|subagent|title|error|x";
    let field = prop_oneof![value(), tag.prop_map(Value::from), text().prop_map(Value::from)];
    let line = vec((name, field), 0..8).prop_map(|fields| fields.into_iter().collect::<Map<_, _>>());
    (line, option::of("role|type"), tag).prop_map(|(mut line, name, tag)| {
        if let Some(name) = name {
            line.insert(name, tag.into());
        }
        Value::Object(line)
    })
}

/// `null` and what every field has by default are left out on writing, and times are written in UTC.
fn normalised(mut line: Value, like: &Value) -> Value {
    if let (Value::Object(fields), Value::Object(like)) = (&mut line, like) {
        fields.retain(|name, value| {
            let is_default = value.is_null() || matches!(value, Value::Array(items) if items.is_empty());
            let is_default =
                is_default || value == "" || value == "update" || value == "ok" || value == &Value::from(0);
            like.contains_key(name) || !is_default
        });
        // A cost is a fraction, `1` and `1.0` are the same.
        if fields.get("type") == Some(&Value::from("usage"))
            && like.get("cost").is_some_and(Value::is_f64)
            && let Some(cost) = fields.get_mut("cost")
        {
            *cost = cost.as_f64().into();
        }
        if let (Some(Value::String(ts)), Some(written)) = (fields.get("ts"), like.get("ts"))
            && let Ok(ts) = ts.parse::<Timestamp>()
            && written == &Value::from(ts.to_string())
        {
            fields.insert("ts".to_owned(), written.clone());
        }
    }
    line
}

proptest! {
    #[test]
    fn events_are_read_as_they_were_written(event in event()) {
        let line = line(&event);
        prop_assert!(!line.contains(&b'\n'));
        prop_assert_eq!(&Event::from_json(&line).unwrap(), &event);
        prop_assert_eq!(&serde_json::from_slice::<Event>(&line).unwrap(), &event);
    }

    #[test]
    fn no_field_of_a_line_is_lost(value in any_line()) {
        let text = serde_json::to_vec(&value).unwrap();
        if let Ok(event) = Event::from_json(&text) {
            let written: Value = serde_json::from_slice(&line(&event)).unwrap();
            let mut expected = normalised(value, &written);
            if let (Value::Object(expected), Value::Object(written)) = (&mut expected, &written) {
                // A field that was null or missing may be written with its default.
                for (name, value) in written {
                    if expected.get(name).is_none_or(Value::is_null) {
                        prop_assert!(value == "" || value.is_null());
                        expected.insert(name.clone(), value.clone());
                    }
                }
            }
            prop_assert_eq!(&expected, &written);
            prop_assert_eq!(Event::from_json(&line(&event)).unwrap(), event);
        }
    }

    #[test]
    fn unknown_lines_are_written_back_as_they_are(kind in "x_[a-z]{0,9}", fields in extra()) {
        let mut line = Map::new();
        line.insert("type".to_owned(), kind.into());
        line.extend(fields);
        let text = serde_json::to_string(&line).unwrap();
        let mut written = Vec::new();
        Event::from_json(text.as_bytes()).unwrap().write_json(&mut written);
        prop_assert_eq!(String::from_utf8(written).unwrap(), text);
    }

    #[test]
    fn the_order_of_fields_does_not_matter(value in any_line(), rotation in 0..8usize) {
        let Value::Object(fields) = &value else { unreachable!() };
        let mut entries: Vec<_> = fields.clone().into_iter().collect();
        if !entries.is_empty() {
            let middle = rotation % entries.len();
            entries.rotate_left(middle);
        }
        let rotated = Value::Object(entries.into_iter().collect());
        let read = |value: &Value| Event::from_json(&serde_json::to_vec(value).unwrap());
        prop_assert_eq!(read(&value).ok(), read(&rotated).ok());
    }

    #[test]
    fn cut_anywhere_a_line_is_an_error(event in event(), cut in any::<prop::sample::Index>()) {
        let line = line(&event);
        prop_assert!(Event::from_json(&line[..cut.index(line.len())]).is_err());
    }

    #[test]
    fn any_bytes_are_no_panic(bytes in vec(any::<u8>(), 0..64)) {
        if let Ok(event) = Event::from_json(&bytes) {
            prop_assert_eq!(Event::from_json(&line(&event)).unwrap(), event);
        }
    }
}
