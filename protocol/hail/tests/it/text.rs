use opensession_hail::text::{
    MAX_PATHS_PER_CALL, MAX_PATHS_PER_COMMAND, MAX_TEXT_BYTES, is_edit_tool, is_read_tool, is_shell_tool,
    path_mentions, searchable_text,
};
use opensession_hail::{Body, Content, Event, Message, Role};

#[track_caller]
fn event(line: &str) -> Event {
    Event::from_json(line.as_bytes()).unwrap()
}

#[track_caller]
fn text(line: &str) -> String {
    let mut text = String::new();
    searchable_text(&event(line), &mut text);
    text
}

#[track_caller]
fn paths(line: &str) -> Vec<String> {
    let mut paths = Vec::new();
    path_mentions(&event(line), &mut |access, path| paths.push(format!("{access:?} {path}")));
    paths
}

fn command_paths(command: &str) -> Vec<String> {
    let line = serde_json::json!({"type": "command", "command": command}).to_string();
    paths(&line).iter().map(|path| path.strip_prefix("Named ").unwrap().to_owned()).collect()
}

#[test]
fn text_of_each_type() {
    for (line, expected) in [
        (r#"{"role":"human","content":"fix it"}"#, "fix it"),
        (
            r#"{"role":"human","content":[{"type":"text","text":"see"},{"type":"image","media_type":"image/png"},{"type":"image","text":"shot.png"}]}"#,
            "see\nshot.png",
        ),
        (r#"{"role":"agent","content":"","tool_calls":[{"name":"x"}]}"#, ""),
        (r#"{"type":"thinking","content":"hm"}"#, "hm"),
        (
            r#"{"type":"tool_call","name":"Edit","input":{"file_path":"a.rs","edits":[{"old":"x","n":1.5,"all":true}],"z":null}}"#,
            "a.rs\nx\n1.5",
        ),
        (r#"{"type":"tool_call","name":"apply_patch","input":"*** Begin"}"#, "*** Begin"),
        (r#"{"type":"command","name":"Bash","command":"ls\npwd","description":"look","cwd":"/x"}"#, "ls\npwd\nlook"),
        (r#"{"type":"tool_result","name":"Bash","content":"out","stderr":"bad"}"#, "out\nbad"),
        (r#"{"type":"tool_result","content":"out\nbad\n","stderr":"bad\n"}"#, "out\nbad\n"),
        (r#"{"type":"tool_result","stderr":"bad"}"#, "bad"),
        (r#"{"type":"file_edit","path":"a","to":"b","diff":"@@ secret"}"#, "a\nb"),
        (
            r#"{"type":"todo","items":[{"content":"one","status":"pending"},{"content":"two","status":"completed"}]}"#,
            "one\ntwo",
        ),
        (r#"{"type":"compaction","content":"so far"}"#, "so far"),
        (r#"{"type":"subagent","name":"Explore","description":"look around"}"#, "look around"),
        (r#"{"type":"title","title":"T"}"#, "T"),
        (r#"{"type":"error","message":"overloaded","code":"529"}"#, "overloaded"),
        (r#"{"type":"usage","model":"m","input":1}"#, ""),
        (r#"{"type":"hologram","content":"x"}"#, ""),
    ] {
        assert_eq!(text(line), expected, "{line}");
    }
}

#[test]
fn text_is_appended_and_bounded() {
    let mut text = "before".to_owned();
    searchable_text(&event(r#"{"type":"command","command":"a","description":"b"}"#), &mut text);
    assert_eq!(text, "beforea\nb");

    let long = Event::new(Body::Message(Message {
        role: Role::Human,
        content: Content::Text("가".repeat(MAX_TEXT_BYTES)),
        ..Message::default()
    }));
    let mut text = "x".to_owned();
    searchable_text(&long, &mut text);
    assert_eq!(text.len(), 1 + MAX_TEXT_BYTES / 3 * 3);
}

#[test]
fn paths_of_edits_and_calls() {
    assert_eq!(paths(r#"{"type":"file_edit","path":"a","operation":"rename","to":"b"}"#), ["Edited a", "Edited b"]);
    assert_eq!(paths(r#"{"type":"tool_call","name":"Read","input":{"file_path":"/a b/c.rs"}}"#), ["Read /a b/c.rs"]);
    assert_eq!(
        paths(r#"{"type":"tool_call","name":"mcp__fs__read_file","input":{"options":{"path":"x"},"paths":["y","z"]}}"#),
        ["Read x", "Read y", "Read z"]
    );
    assert_eq!(paths(r#"{"type":"tool_call","name":"Grep","input":{"path":"src","pattern":"a/b"}}"#), ["Named src"]);
    assert_eq!(paths(r#"{"type":"tool_call","name":"Read","input":{"file_path":7,"path":""}}"#), [""; 0]);
    let many =
        serde_json::json!({"type": "tool_call", "name": "view", "input": {"paths": vec!["a"; 1000]}}).to_string();
    assert_eq!(paths(&many).len(), MAX_PATHS_PER_CALL);
}

#[test]
fn paths_of_commands() {
    for (command, expected) in [
        ("cargo test -p x", &[][..]),
        ("cat src/main.rs Cargo.toml", &["src/main.rs", "Cargo.toml"]),
        ("cd /tmp/x && ls ./a; rm -rf target/debug", &["/tmp/x", "./a", "target/debug"]),
        ("cat 'my/file.rs' \"b/c d.rs\" e/f>out.log", &["my/file.rs", "e/f", "out.log"]),
        ("tool --config=etc/a.toml RUST_LOG=info/debug x=1", &["etc/a.toml", "info/debug"]),
        ("curl https://example.com/a.html", &[]),
        ("git clone git@github.com:a/b.git ../b", &["../b"]),
        ("npm i @types/node", &["@types/node"]),
        ("ls *.rs src/**/*.rs $HOME/x {a,b}/c", &[]),
        ("sed -i s/a/b/ x.txt", &["x.txt"]),
        ("echo 1.5 v1.2 3/4 . .. / ./ ../..", &[]),
        ("cat > a/b.txt <<EOF\nc/d.txt\nEOF", &["a/b.txt"]),
        ("vim src/가.rs:", &["src/가.rs"]),
        ("git diff origin/main..HEAD a/b...c x/y >/dev/null", &["x/y"]),
        ("go test ./cmd/... ./...", &["./cmd"]),
        ("echo 'unclosed a/b", &[]),
    ] {
        assert_eq!(command_paths(command), expected, "{command}");
    }
    assert_eq!(command_paths(&"a/b ".repeat(100)).len(), MAX_PATHS_PER_COMMAND);
    assert_eq!(command_paths(&format!("{}/b", "a".repeat(300))), [""; 0]);
}

#[test]
fn kinds_of_tools() {
    for name in ["Edit", "MultiEdit", "apply_patch", "str_replace_editor", "writeToFile", "developer__text_editor"] {
        assert!(is_edit_tool(name), "{name}");
        assert!(!is_shell_tool(name) && !is_read_tool(name), "{name}");
    }
    for name in ["Bash", "exec_command", "local_shell", "run_terminal_cmd", "developer__shell", "functions.shell"] {
        assert!(is_shell_tool(name), "{name}");
        assert!(!is_edit_tool(name) && !is_read_tool(name), "{name}");
    }
    for name in ["Read", "read_file", "view", "View", "NotebookRead", "read_many_files"] {
        assert!(is_read_tool(name), "{name}");
        assert!(!is_edit_tool(name) && !is_shell_tool(name), "{name}");
    }
    for name in ["Grep", "", "TodoWrite", "edit file", "bashful"] {
        assert!(!is_read_tool(name) && !is_edit_tool(name) && !is_shell_tool(name), "{name}");
    }
}
