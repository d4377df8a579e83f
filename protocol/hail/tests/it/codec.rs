use opensession_hail::{Body, Content, Edit, EditOperation, Event, Header, Message, Role, Status, ToolResult};
use serde_json::{Value, json};

#[track_caller]
fn read(line: &str) -> Event {
    Event::from_json(line.as_bytes()).unwrap()
}

fn write(event: &Event) -> String {
    let mut line = Vec::new();
    event.write_json(&mut line);
    String::from_utf8(line).unwrap()
}

#[track_caller]
fn unchanged(line: &str) -> Event {
    let event = read(line);
    assert_eq!(write(&event), line);
    assert_eq!(serde_json::from_str::<Event>(line).unwrap(), event, "both ways of reading agree");
    event
}

#[track_caller]
fn error(line: &str) -> String {
    let error = Event::from_json(line.as_bytes()).unwrap_err();
    match error.column {
        Some(column) => format!("{column}: {error}"),
        None => error.to_string(),
    }
}

#[test]
fn the_smallest_session_is_written_back_as_it_is() {
    let header = r#"{"v":"hail/0.1","tool":"claude-code","model":"opus-4","ts":"2025-01-01T00:00:00Z"}"#;
    assert_eq!(serde_json::to_string(&serde_json::from_str::<Header>(header).unwrap()).unwrap(), header);

    let prompt = unchanged(r#"{"role":"human","content":"인증 버그 수정해줘"}"#);
    assert_eq!(
        prompt.body,
        Body::Message(Message {
            role: Role::Human,
            content: Content::Text("인증 버그 수정해줘".to_owned()),
            tool_calls: Vec::new(),
            model: None
        })
    );
    let answer = unchanged(
        r#"{"role":"agent","content":"수정하겠습니다...","tool_calls":[{"name":"Edit","input":{"z":1,"a":[2.5]}}]}"#,
    );
    assert!(
        matches!(answer.body, Body::Message(Message { role: Role::Agent, tool_calls, .. }) if tool_calls.len() == 1)
    );
    let edit = unchanged(r#"{"type":"file_edit","path":"src/auth.rs","diff":"@@ -1 +1 @@\n-a\n+b\n"}"#);
    assert!(matches!(edit.body, Body::Edit(Edit { operation: EditOperation::Update, .. })));
}

#[test]
fn every_type_is_written_back_as_it_is() {
    for line in [
        r#"{"role":"system","content":[{"type":"text","text":"a"},{"type":"image","media_type":"image/png","bytes":7,"alt":"x"}],"model":"m","id":"i","ts":"2025-01-01T00:00:00.123Z","subagent":"s","x":{"b":null,"a":[]}}"#,
        r#"{"type":"thinking","content":"hm","model":"m"}"#,
        r#"{"type":"thinking"}"#,
        r#"{"type":"tool_call","call_id":"c","name":"Read","input":{"file_path":"a","limit":3},"model":"m"}"#,
        r#"{"type":"command","call_id":"c","name":"Bash","command":"ls","description":"list","cwd":"/","model":"m"}"#,
        r#"{"type":"tool_result","call_id":"c","name":"Bash","status":"error","exit_code":-1,"duration_ms":9,"content":"no","stderr":"no"}"#,
        r#"{"type":"tool_result","exit_code":0,"content":[{"type":"text","text":""}]}"#,
        r#"{"type":"file_edit","path":"a","operation":"rename","diff":"@@","added":1,"removed":0,"to":"b","call_id":"c"}"#,
        r#"{"type":"todo","items":[{"id":"1","content":"a","status":"in_progress"},{"content":"b","status":"completed"}]}"#,
        r#"{"type":"compaction","content":"so far","trigger":"auto","tokens_before":100000}"#,
        r#"{"type":"usage","message_id":"m1","model":"m","input":1,"output":2,"cache_read":3,"cache_write":4,"reasoning":5,"cost":0.25}"#,
        r#"{"type":"subagent","agent_id":"a","call_id":"c","name":"Explore","description":"look","status":"interrupted"}"#,
        r#"{"type":"title","title":"T","source":"human"}"#,
        r#"{"type":"error","message":"overloaded","code":"529"}"#,
        r#"{"type":"hologram","role":null,"depth":[1,2,{"x":1.5}],"id":"i","ts":"2025-01-01T00:00:00Z"}"#,
        r#"{"role":"oracle","type":"thinking","id":5,"ts":"yesterday"}"#,
        r#"{"a":1}"#,
        r"{}",
    ] {
        let event = unchanged(line);
        assert_eq!(unchanged(&write(&event)), event);
    }
}

#[test]
fn what_a_line_is_does_not_depend_on_the_order_of_its_fields() {
    let message = read(r#"{"role":"human","content":"a","type":"thinking"}"#);
    assert_eq!(read(r#"{"type":"thinking","content":"a","role":"human"}"#), message);
    assert_eq!(read(r#"{"content":"a","type":"thinking","role":"human"}"#), message);
    assert_eq!(write(&message), r#"{"role":"human","content":"a","type":"thinking"}"#);
    assert_eq!(read(r#"{"ts":"2025-01-01T09:00:00+09:00","type":"title","title":"a"}"#), {
        read(r#"{"type":"title","title":"a","ts":"2025-01-01T00:00:00Z"}"#)
    });
    assert_eq!(
        read(r#"{"type":"title","title":"a","title":"b"}"#),
        read(r#"{"x":0,"type":"title","title":"b"}"#).without_extra()
    );
}

trait WithoutExtra {
    fn without_extra(self) -> Self;
}

impl WithoutExtra for Event {
    fn without_extra(mut self) -> Self {
        self.extra.clear();
        self
    }
}

#[test]
fn null_and_defaults_are_left_out() {
    let event = read(r#"{"type":"tool_result","call_id":null,"status":"ok","exit_code":null,"content":"","id":null}"#);
    assert_eq!(event.body, Body::ToolResult(ToolResult { status: Status::Ok, ..ToolResult::default() }));
    assert_eq!(write(&event), r#"{"type":"tool_result"}"#);
    assert_eq!(write(&read(r#"{"role":"agent","content":null,"tool_calls":[]}"#)), r#"{"role":"agent","content":""}"#);
    assert_eq!(write(&read(r#"{"type":"usage","input":0,"output":7,"cost":null}"#)), r#"{"type":"usage","output":7}"#);
    assert_eq!(write(&read(r#"{"type":"tool_call","name":"x","input":null}"#)), r#"{"type":"tool_call","name":"x"}"#);
}

#[test]
fn an_extra_field_never_stands_beside_a_known_one() {
    let mut event = read(r#"{"type":"title","title":"a"}"#);
    event.extra =
        json!({"title": "b", "type": "error", "role": "human", "id": "c", "x": 1}).as_object().unwrap().clone();
    assert_eq!(write(&event), r#"{"type":"title","title":"a","x":1}"#);
}

#[test]
fn errors_name_the_field() {
    insta::assert_snapshot!(error(r#"{"type":"tool_result","exit_code":"1"}"#), @r#"37: `exit_code`: invalid type: string "1", expected i32"#);
    insta::assert_snapshot!(error(r#"{"id":7,"type":"title","title":"a"}"#), @"`id`: invalid type: integer `7`, expected a string");
    insta::assert_snapshot!(error(r#"{"type":"tool_call","input":{}}"#), @"31: `name` is missing");
    insta::assert_snapshot!(error(r#"{"type":"title","title":null}"#), @"28: `title`: invalid type: null, expected a string");
    insta::assert_snapshot!(error(r#"{"role":"human","content":7}"#), @"27: `content`: invalid type: integer `7`, expected a string or an array of parts");
    insta::assert_snapshot!(error(r#"{"role":"human","content":[{"text":"a"}]}"#), @"39: `content`: a part's `type` is missing");
    insta::assert_snapshot!(error(r#"{"role":"human","content":"a","ts":"yesterday"}"#), @"46: `ts`: failed to parse four digit integer as year: invalid digit, expected 0-9 but got y");
    insta::assert_snapshot!(error(r#"{"type":"usage","input":-1}"#), @"26: `input`: invalid value: integer `-1`, expected u64");
    insta::assert_snapshot!(error(r#"{"type":"todo","items":[{"content":"a","status":"later"}]}"#), @"55: `items`: unknown variant `later`, expected one of `pending`, `in_progress`, `completed`, `cancelled`");
    insta::assert_snapshot!(error(r#"{"role":"human","content":"a"#), @"28: cut off: EOF while parsing a string");
    insta::assert_snapshot!(error(r#"{"role":"human","content":"a"} {}"#), @"32: not JSON: trailing characters");
    insta::assert_snapshot!(error("[1]"), @"not a JSON object");
    insta::assert_snapshot!(error(""), @"cut off: EOF while parsing a value");
    insta::assert_snapshot!(error("hello"), @"1: not JSON: expected value");
    insta::assert_snapshot!(error(&format!(r#"{{"type":"tool_call","name":"x","input":{}"#, "[".repeat(100_000))), @"166: not JSON: recursion limit exceeded");
}

#[test]
fn a_cut_line_is_an_error_and_never_a_panic() {
    let line = r#"{"role":"agent","content":[{"type":"text","text":"가\ud83d\ude00"}],"ts":"2025-01-01T00:00:00Z","x":{"a":[1.5]}}"#;
    for end in 0..line.len() {
        assert!(Event::from_json(&line.as_bytes()[..end]).is_err(), "{end}");
    }
    assert!(matches!(serde_json::to_value(read(line)).unwrap(), Value::Object(_)));
}
