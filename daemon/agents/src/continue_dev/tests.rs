//! Sessions of the extensions and of the command line.

use std::fs;

use super::*;
use crate::check;

const ID: &str = "0f8fad5b-d9cb-469f-a165-70867728950e";
const SESSION: &str = r#"{
 "sessionId":"0f8fad5b-d9cb-469f-a165-70867728950e","title":"Rename it","workspaceDirectory":"file:///r/a%20b","chatModelTitle":"Sonnet",
 "history":[
  {"message":{"id":"m1","role":"user","content":[{"type":"text","text":"rename\nit"},{"type":"imageUrl","imageUrl":{"url":"data:image/png;base64,AAAA"}}]},
   "contextItems":[{"name":"a.rs","content":"long","uri":{"type":"file","value":"file:///r/a.rs"}}],"editorState":{"x":1}},
  {"message":{"id":"m2","role":"assistant","content":"I do.","toolCalls":[{"id":"c1"},{"id":"c2"}],"usage":{"promptTokens":100,"completionTokens":7,"promptTokensDetails":{"cachedTokens":60}}},
   "reasoning":{"text":"hm","startAt":1760000000000,"endAt":1760000001000,"active":false},
   "promptLogs":[{"modelTitle":"Opus","prompt":"all again"}],
   "toolCallStates":[
    {"toolCallId":"c1","status":"done","toolCall":{"id":"c1","type":"function","function":{"name":"single_find_and_replace","arguments":"{\"filepath\":\"a.rs\",\"old_string\":\"a\\n\",\"new_string\":\"b\\n\"}"}},"output":[{"name":"x","content":"edited"}]},
    {"toolCallId":"c2","status":"canceled","toolCall":{"id":"c2","function":{"name":"run_terminal_command","arguments":"{\"command\":\"rm a\"}"}},"parsedArgs":{"command":"rm a"}}]},
  {"message":{"role":"tool","toolCallId":"c1","content":"edited"}},
  {"message":{"role":"assistant","content":"","toolCalls":[{"id":"c3","function":{"name":"Write","arguments":"{\"filepath\":\"n\",\"content\":\"x\"}"}},{"id":"c4","function":{"name":"Checklist","arguments":"{"}}]}},
  {"message":{"role":"tool","toolCallId":"c3","content":"written"}},
  {"message":{"role":"thinking","content":"so"}},
  {"message":{"role":"assistant","content":"Done."},"conversationSummary":"All of it"}
 ]}"#;

#[test]
fn a_session() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join(".continue/sessions");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join(format!("{ID}.json")), SESSION).unwrap();
    let list = json!([{ "sessionId": ID, "dateCreated": "1759999999000" }]);
    fs::write(folder.join(LIST), list.to_string()).unwrap();
    let session = check::sessions(&Continue, &check::environment(home.path())).remove(0);
    assert_eq!(session.derived.problems, []);
    let facts = serde_json::to_string(&session.facts).unwrap();
    insta::assert_snapshot!(format!("{}{facts}\n", check::shown(&session.derived.events)));
    check::assert_robust(&Continue, &session.source, &session.records);
    assert_eq!(Continue.resume(ID).unwrap(), ["cn", "--fork", ID]);
    assert_eq!(Continue.resume("x"), None);
}

#[test]
fn a_tool_that_runs_is_waited_for() {
    let home = tempfile::tempdir().unwrap();
    let root = Root { path: home.path().to_owned(), recursive: false };
    let path = home.path().join(format!("{ID}.json"));
    let written = |status: &str| {
        let call = json!({ "id": "c", "function": { "name": "ls", "arguments": "{}" } });
        let history = json!([
            { "message": { "role": "user", "content": "list" } },
            { "message": { "role": "assistant", "content": "x" }, "toolCallStates": [{ "toolCallId": "c", "toolCall": call, "status": status }] },
        ]);
        fs::write(&path, json!({ "sessionId": ID, "history": history }).to_string()).unwrap();
    };
    written("calling");
    let source = Continue.source_at(&root, &path).unwrap();
    let mut count = Count(0);
    let first = Continue.cut(&source, None, &Limits::default(), &mut count).unwrap();
    assert_eq!((count.0, rows::waits(&first.cursor)), (1, true));
    written("done");
    let second = Continue.cut(&source, Some(&first.cursor), &Limits::default(), &mut count).unwrap();
    assert_eq!((count.0, second.restarted, rows::waits(&second.cursor)), (2, false, false));
    fs::write(&path, "{").unwrap();
    assert!(matches!(check::failure(&Continue, &source), CutError::Busy(_)));
}

struct Count(usize);

impl Sink for Count {
    fn record(&mut self, record: crate::Record<'_>) {
        self.0 += usize::from(record.side.is_none());
    }
    fn oversize(&mut self, _: crate::Record<'_>, _: bool) {
        panic!("no element is that long");
    }
}
