//! Whole rollouts in, events out: own fixtures of each generation, and the samples where they are at hand.

mod corpus;
mod find;
mod robustness;

use std::fmt::Write as _;

use opensession_hail::{Body, Event, Role};

use super::Codex;
use crate::{Agent, Derived, Deriver, Record, Source, SourceKind};

const A: &str = include_str!("tests/generation_a.json");
const B: &str = include_str!("tests/generation_b.jsonl");
const C: &str = include_str!("tests/generation_c.jsonl");
const D: &str = include_str!("tests/generation_d.jsonl");

fn source(kind: SourceKind) -> Source {
    super::source("rollout.jsonl".into(), kind, "from-the-name".to_owned())
}

fn deriver(kind: SourceKind, state: Option<&[u8]>) -> Box<dyn Deriver> {
    Codex.deriver(&source(kind), state).expect("a state of this version")
}

/// Cuts `text` into records and derives from them.
fn derive_with(deriver: &mut dyn Deriver, records: &[&[u8]], first: u64) -> Derived {
    let mut derived = Derived::default();
    for (number, bytes) in (first..).zip(records) {
        deriver.derive(&Record { side: None, session: None, position: 0, number, bytes }, &mut derived);
    }
    derived
}

fn records_of(kind: SourceKind, bytes: &[u8]) -> Vec<&[u8]> {
    match kind {
        SourceKind::Document => vec![bytes],
        _ => bytes.split_inclusive(|byte| *byte == b'\n').collect(),
    }
}

fn derive(kind: SourceKind, bytes: &[u8]) -> (Derived, Box<dyn Deriver>) {
    let mut deriver = deriver(kind, None);
    let derived = derive_with(&mut *deriver, &records_of(kind, bytes), 1);
    (derived, deriver)
}

/// One line for each event.
fn shown(events: &[Event]) -> String {
    let mut shown = String::new();
    for event in events {
        let line = match &event.body {
            Body::Message(message) => {
                let role = match message.role {
                    Role::Human => "human",
                    Role::Agent => "agent",
                    Role::System => "system",
                };
                let image = if message.content.has_image() { " +image" } else { "" };
                format!("{role} {:?}{image}", message.content.text())
            }
            Body::Thinking(thinking) => format!("thinking {:?}", thinking.content),
            Body::ToolCall(call) => format!("call {} {}", call.name, call.input),
            Body::Command(command) => format!("command {} {:?} in {:?}", command.name, command.command, command.cwd),
            Body::ToolResult(result) => format!(
                "result of {} {:?} {:?} {:?}ms {:?}",
                result.name.as_deref().unwrap_or("?"),
                result.status,
                result.exit_code,
                result.duration_ms,
                result.content.text()
            ),
            Body::Edit(edit) => format!(
                "edit {:?} {} +{:?} -{:?} {:?}",
                edit.operation,
                edit.path,
                edit.added,
                edit.removed,
                edit.diff.as_deref().unwrap_or_default()
            ),
            Body::Usage(usage) => format!(
                "usage {} in {} out {} read {} write {} reasoning {}",
                usage.message_id.as_deref().unwrap_or("?"),
                usage.input,
                usage.output,
                usage.cache_read,
                usage.cache_write,
                usage.reasoning
            ),
            other => format!("{other:?}"),
        };
        writeln!(shown, "{} {line}", event.id.as_deref().unwrap_or("-")).expect("writing to a string cannot fail");
    }
    shown
}

#[test]
fn generation_a() {
    let (derived, deriver) = derive(SourceKind::Document, A.as_bytes());
    assert_eq!(derived.problems, []);
    insta::assert_snapshot!(shown(&derived.events), @r#"
    bf0adec4f4afaf06 human "rename the flag"
    call_1 command shell "ls -1" in None
    call_1:result result of shell Ok Some(0) Some(100)ms "a.rs\n"
    call_2 call apply_patch "*** Begin Patch\n*** Update File: src/a.rs\n@@ fn main\n context\n-old\n+new\n*** End Patch"
    call_2:result result of apply_patch Ok Some(0) Some(100)ms "Done!"
    call_2:edit:0 edit Update src/a.rs +Some(1) -Some(1) "@@ -0,2 +0,2 @@ fn main\n context\n-old\n+new\n"
    call_3 call apply_patch "*** Begin Patch\n*** Add File: never\n+x\n*** End Patch\n"
    call_3:result result of apply_patch Error Some(1) Some(100)ms "no such file"
    call_4 command local_shell "git status" in Some("/tmp")
    msg_1 agent "Renamed."
    "#);
    insta::assert_json_snapshot!(deriver.facts(), @r#"
    {
      "native_id": "a0000000-0000-4000-8000-000000000001",
      "parent": null,
      "custom_title": null,
      "agent_title": null,
      "first_prompt": "rename the flag",
      "cwd": null,
      "last_cwd": null,
      "branch": null,
      "commit": null,
      "repository": null,
      "model": null,
      "agent_version": null,
      "started": "2025-05-01T10:00:00Z",
      "updated": "2025-05-01T10:00:00Z",
      "subagent_type": null,
      "leaves": [],
      "titles_elsewhere": [],
      "activity": "idle"
    }
    "#);
}

#[test]
fn generation_b() {
    let (derived, deriver) = derive(SourceKind::Lines, B.as_bytes());
    assert_eq!(derived.problems, []);
    insta::assert_snapshot!(shown(&derived.events), @r#"
    0f452d071218170e human "write a script\nthat greets"
    rs_1 thinking "**Plan**\n\nwrite it"
    call_1 command shell "cd /tmp && apply_patch <<'EOF'\n*** Begin Patch\n*** Update File: src/a.rs\n@@ fn main\n context\n-old\n+new\n*** End Patch\nEOF" in None
    call_1:result result of shell Ok Some(0) Some(100)ms "Success. Updated the following files:\nM src/a.rs\n"
    call_1:edit:0 edit Update src/a.rs +Some(1) -Some(1) "@@ -0,2 +0,2 @@ fn main\n context\n-old\n+new\n"
    call_2 command shell "exit 3" in Some("/tmp")
    call_2:result result of shell Error Some(3) Some(100)ms ""
    call_3 call shell "{not json"
    call_3:result result of shell Error None Nonems "failed to parse function arguments: key must be a string"
    msg_2 agent "안녕하세요, done."
    "#);
    insta::assert_json_snapshot!(deriver.facts(), @r#"
    {
      "native_id": "b0000000-0000-4000-8000-000000000002",
      "parent": null,
      "custom_title": null,
      "agent_title": null,
      "first_prompt": "write a script\nthat greets",
      "cwd": "/home/ann/demo",
      "last_cwd": "/home/ann/demo",
      "branch": "main",
      "commit": "abc123",
      "repository": "https://example.com/demo.git",
      "model": null,
      "agent_version": null,
      "started": "2025-07-20T08:00:00Z",
      "updated": "2025-07-20T08:00:00Z",
      "subagent_type": null,
      "leaves": [],
      "titles_elsewhere": [],
      "activity": "idle"
    }
    "#);
}

#[test]
fn generation_c() {
    let (derived, deriver) = derive(SourceKind::Lines, C.as_bytes());
    assert_eq!(derived.problems, []);
    insta::assert_snapshot!(shown(&derived.events), @r##"
    d5db3974fa9974fd system "# AGENTS.md instructions for /home/ann/app\n\nbe brief"
    ef6de29b771e9175 human "fix the auth bug" +image
    e10fda6be064a931 thinking "**One**"
    894e0fe3bfe09d07 usage 0199c000-0000-7000-8000-000000000003:1 in 1500 out 60 read 500 write 0 reasoning 20
    de399153776c21ce thinking "**Two**\n\nthought"
    f16054d0b03987e9 agent "I will look."
    call_1 call update_plan {"explanation":"why","plan":[{"step":"look","status":"in_progress"},{"step":"fix","status":"pending"}]}
    call_1:todo Todo(Todo { items: [TodoItem { id: None, content: "look", status: InProgress }, TodoItem { id: None, content: "fix", status: Pending }] })
    call_1:result result of update_plan Ok None Nonems "Plan updated"
    call_2 command shell_command "cargo test" in Some("/home/ann/app/core")
    call_2:result result of shell_command Error Some(101) Some(2500)ms "test failed\n"
    call_3 call apply_patch "*** Begin Patch\n*** Update File: src/a.rs\n@@ fn main\n context\n-old\n+new\n*** End Patch"
    call_3:edit:0 edit Update /home/ann/app/src/a.rs +Some(1) -Some(1) "@@ -1,2 +1,2 @@\n context\n-old\n+new\n"
    call_3:result result of apply_patch Ok Some(0) Some(100)ms "Success. Updated the following files:\nM src/a.rs\n"
    call_4 call apply_patch "*** Begin Patch\n*** Add File: never\n+x\n*** End Patch\n"
    call_4:result result of apply_patch Error None Nonems "apply_patch verification failed: no"
    call_5 command exec_command "npm run dev" in None
    call_5:running result of exec_command Running None Some(1000)ms "listening\n"
    call_6 call write_stdin {"session_id":7,"chars":"q"}
    call_6:result result of write_stdin Ok Some(0) Some(100)ms "bye\n"
    call_5:result result of exec_command Ok Some(0) Some(3500)ms "listening\nbye\n"
    d8b7345a3781fe09 call web_search {"type":"search","query":"serde","queries":["serde"]}
    call_7 call mcp__docs__search {"q":1}
    call_7:result result of mcp__docs__search Ok None Some(4)ms "found"
    2a7adcdafed63903 usage 0199c000-0000-7000-8000-000000000003:2 in 1650 out 60 read 500 write 0 reasoning 20
    ff291c7769f64068 Compaction(Compaction { content: "so far: looked", trigger: None, tokens_before: None })
    0660640b84966280 usage 0199c000-0000-7000-8000-000000000003:3 in 1000 out 10 read 0 write 0 reasoning 0
    85b1b9b2c1c1c7d3 command user_shell "ls" in None
    85b1b9b2c1c1c7d3:result result of user_shell Ok Some(0) Some(0)ms "a"
    63f6ffebf81d1302 Error(ErrorEvent { message: "turn aborted: interrupted", code: Some("interrupted") })
    64b418547cae86a6 human "continue"
    59909f996b6d4df2 Title(Title { title: "Auth bug", source: Some("human") })
    b991155be8ba364e Unknown(Unknown { fields: {"type": String("rollback"), "turns": Number(1)} })
    bc274acd59e82ce8 Error(ErrorEvent { message: "stream disconnected", code: Some("http_connection_failed") })
    call_8:spawned Subagent(Subagent { agent_id: Some("0199c000-0000-7000-8000-0000000000aa"), call_id: Some("call_8"), name: Some("explorer"), description: Some("look around"), status: None })
    864aac7d9b8c41ac agent "Here is the plan."
    20c0c1194cd58d78 call plan {"plan":"1. do it"}
    "##);
    insta::assert_json_snapshot!(deriver.facts(), @r#"
    {
      "native_id": "0199c000-0000-7000-8000-000000000003",
      "parent": [
        "0199c000-0000-7000-8000-00000000000f",
        "fork"
      ],
      "custom_title": "Auth bug",
      "agent_title": null,
      "first_prompt": "fix the auth bug",
      "cwd": "/home/ann/app",
      "last_cwd": "/home/ann/app",
      "branch": "main",
      "commit": "ab12",
      "repository": "https://example.com/a.git",
      "model": "gpt-5-codex",
      "agent_version": "0.104.0",
      "started": "2026-03-01T08:59:59Z",
      "updated": "2026-03-01T09:00:53Z",
      "subagent_type": null,
      "leaves": [],
      "titles_elsewhere": [],
      "activity": "idle"
    }
    "#);
}

#[test]
fn generation_d() {
    let (derived, deriver) = derive(SourceKind::Lines, D.as_bytes());
    assert_eq!(derived.problems, []);
    insta::assert_snapshot!(shown(&derived.events), @r#"
    msg_1 human "count the files"
    rs_1 thinking "**Counting**"
    msg_2 agent "Counting."
    call_1 command exec_command "ls | wc -l" in None
    resp_1 usage resp_1 in 1500 out 60 read 500 write 7 reasoning 5
    call_1:result result of exec_command Ok Some(0) Some(7)ms "3\n"
    call_9 command exec_command "rm 'a b'" in Some("/home/ann/app/s p")
    call_9:result result of exec_command Rejected None Nonems ""
    call_2 call apply_patch "*** Begin Patch\n*** Update File: src/a.rs\n@@ fn main\n context\n-old\n+new\n*** End Patch"
    call_2:edit:0 edit Create /home/ann/app/new.py +Some(2) -Some(0) "@@ -0,0 +1,2 @@\n+one\n+two\n"
    call_2:edit:1 edit Rename /home/ann/app/old.py +Some(1) -Some(1) "@@ -1 +1 @@\n-a\n+b\n"
    ctco_1 result of apply_patch Ok Some(0) Some(0)ms "Success. Updated the following files:\nA new.py\n"
    call_3 call mcp__docs__read {"p":1}
    call_3:result result of mcp__docs__read Error None Nonems "no such page"
    ws_1 call web_search {"type":"search","query":null,"queries":["rust"]}
    ws_1:result result of web_search Ok None Nonems "Rust\nhttps://example.com\na language"
    am_1 system "hurry"
    msg_3 agent "Three files."
    "#);
    insta::assert_json_snapshot!(deriver.facts(), @r#"
    {
      "native_id": "01a20000-0000-7000-8000-000000000004",
      "parent": [
        "01a20000-0000-7000-8000-0000000000bb",
        "subagent"
      ],
      "custom_title": null,
      "agent_title": null,
      "first_prompt": "count the files",
      "cwd": "/home/ann/app",
      "last_cwd": "/home/ann/app",
      "branch": null,
      "commit": null,
      "repository": null,
      "model": "gpt-5.5",
      "agent_version": "0.169.0",
      "started": "2026-03-01T09:00:00Z",
      "updated": "2026-03-01T09:00:24Z",
      "subagent_type": "worker",
      "leaves": [],
      "titles_elsewhere": [],
      "activity": "idle"
    }
    "#);
}

#[test]
fn a_fork_writes_its_parents_history_again_under_the_same_ids() {
    // A fork begins with its own introduction; the times are those of the copying.
    let own = r#"{"timestamp":"2027-01-01T00:00:00.000Z","type":"session_meta","payload":{"id":"0199ffff-0000-7000-8000-000000000003"}}"#;
    let copied = C.replace("\"timestamp\":\"2026-03-01T09", "\"timestamp\":\"2027-01-01T10");
    let (parent, _) = derive(SourceKind::Lines, C.as_bytes());
    let (fork, deriver) = derive(SourceKind::Lines, format!("{own}\n{copied}").as_bytes());
    let ids = |derived: &Derived| derived.events.iter().map(|event| event.id.clone()).collect::<Vec<_>>();
    assert_eq!(ids(&parent), ids(&fork));
    assert_ne!(parent.events[0].ts, fork.events[0].ts);
    assert_eq!(deriver.facts().native_id.as_deref(), Some("0199ffff-0000-7000-8000-000000000003"));
    let mut distinct = ids(&parent);
    distinct.sort();
    distinct.dedup();
    assert_eq!(distinct.len(), parent.events.len());
}
