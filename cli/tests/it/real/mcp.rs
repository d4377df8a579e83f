//! `opensession mcp` as agents start it.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use serde_json::{Value, json};

use super::home::{Home, is_here};
use super::language::touched_repository;
use super::records::{SessionFile, needle};

/// An agent with the server.
struct Agent {
    process: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    last: u64,
}

impl Agent {
    fn start(home: &Home, directory: &Path, variables: &[(&str, &str)]) -> Self {
        let mut command = home.command(&["mcp"]);
        command.current_dir(directory).envs(variables.iter().copied()).stdin(Stdio::piped()).stderr(Stdio::inherit());
        let mut process = command.spawn().unwrap();
        let (input, output) = (process.stdin.take().unwrap(), process.stdout.take().unwrap());
        let mut agent = Self { process, input, output: BufReader::new(output), last: 0 };
        let client = json!({ "name": "test", "version": "1" });
        let params = json!({ "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": client });
        let answer = agent.call("initialize", &params);
        assert_eq!(answer["serverInfo"]["name"], "opensession");
        assert!(answer["instructions"].as_str().unwrap().contains("4f2a91c7#131"));
        agent.send(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }));
        agent
    }

    fn send(&mut self, message: &Value) {
        writeln!(self.input, "{message}").unwrap();
    }

    #[track_caller]
    fn call(&mut self, method: &str, params: &Value) -> Value {
        self.last += 1;
        self.send(&json!({ "jsonrpc": "2.0", "id": self.last, "method": method, "params": params }));
        loop {
            let mut line = String::new();
            assert_ne!(self.output.read_line(&mut line).unwrap(), 0, "the server ended");
            let mut answer: Value = serde_json::from_str(&line).unwrap();
            if answer["id"] == self.last {
                assert!(answer["error"].is_null(), "{method}: {answer}");
                return answer["result"].take();
            }
        }
    }

    /// What a tool answers, and whether that is an error.
    #[track_caller]
    fn tool(&mut self, name: &str, arguments: &Value) -> (String, bool) {
        let answer = self.call("tools/call", &json!({ "name": name, "arguments": arguments }));
        let text = answer["content"][0]["text"].as_str().unwrap().to_owned();
        (text, answer["isError"] == true)
    }

    fn end(self) {
        let Self { mut process, input, .. } = self;
        drop(input);
        assert!(process.wait().unwrap().success());
    }
}

#[test]
fn an_agent_searches_reads_and_lists() {
    if !is_here("git", true) {
        return;
    }
    let home = Home::new();
    let app = home.home.join("app");
    touched_repository(&home, &app, 1);
    home.rpc("index/refresh", &json!({}));
    let id = home.sessions().into_values().next().unwrap()["short_id"].as_str().unwrap().to_owned();
    let mut agent = Agent::start(&home, &app, &[]);
    let tools = agent.call("tools/list", &json!({}));
    let names: Vec<&str> =
        tools["tools"].as_array().unwrap().iter().map(|tool| tool["name"].as_str().unwrap()).collect();
    for name in ["search_sessions", "list_sessions", "get_session", "get_event", "who_touched"] {
        assert!(names.contains(&name), "{names:?}");
    }

    let (found, failed) = agent.tool("search_sessions", &json!({ "query": needle(1) }));
    assert!(!failed && found.contains(&format!("{id}#1 prompt: Fix the {} lock", needle(1))), "{found}");
    assert!(found.contains(&format!(r#"Next: get_event {{"event":"{id}#1"}}"#)), "{found}");
    let (event, _) = agent.tool("get_event", &json!({ "event": format!("{id}#1") }));
    assert!(
        event.contains(&format!("#1 you 10:00  Fix the {} lock", needle(1))) || event.contains(&needle(1)),
        "{event}"
    );
    let (session, _) = agent.tool("get_session", &json!({ "session": id }));
    assert!(session.contains("src/lock.rs +1 -1") && session.contains(&format!("{id}#1 Fix the")), "{session}");
    let (transcript, _) = agent.tool("get_session", &json!({ "session": id, "from": 1 }));
    assert!(transcript.contains("edit  ") && transcript.contains("Next: that is its end"), "{transcript}");
    let (listed, _) = agent.tool("list_sessions", &json!({}));
    assert!(listed.contains(&id), "{listed}");
    let (touched, _) = agent.tool("who_touched", &json!({ "path": "src/lock.rs" }));
    assert!(
        touched.starts_with("1 session changed src/lock.rs") && touched.contains(&format!("prompt {id}#1:")),
        "{touched}"
    );

    let (nothing, failed) = agent.tool("search_sessions", &json!({ "query": "+nothingofthekind" }));
    assert!(!failed && nothing.starts_with("No session in app matches"), "{nothing}");
    for (name, arguments, told) in [
        ("get_event", json!({ "event": "x" }), "4f2a91c7#131"),
        ("get_event", json!({ "event": format!("{id}#99") }), "has no event 99"),
        ("get_session", json!({ "session": "ffffffff" }), "no session ffffffff"),
        ("search_sessions", json!({ "query": "is:eror" }), "eror"),
        ("search_sessions", json!({ "quary": "x" }), "wrong arguments"),
    ] {
        let (text, failed) = agent.tool(name, &arguments);
        assert!(failed && text.contains(told), "{name}: {text}");
    }

    let resources = agent.call("resources/list", &json!({}));
    let uri = &resources["resources"][0]["uri"];
    let read = agent.call("resources/read", &json!({ "uri": uri }));
    assert!(read["contents"][0]["text"].as_str().unwrap().contains(&needle(1)), "{read}");

    // A daemon that ended meanwhile is started anew.
    home.stop();
    let (found, failed) = agent.tool("search_sessions", &json!({ "query": needle(1) }));
    assert!(!failed && found.contains(&id), "{found}");
    agent.end();
}

#[test]
fn the_asking_session_does_not_find_itself() {
    let home = Home::new();
    let (mut own, mut other) = (SessionFile::claude(&home, 1), SessionFile::codex(&home, 2));
    own.say(&needle(1));
    other.say(&needle(1));
    home.rpc("index/refresh", &json!({}));
    let mut agent = Agent::start(&home, &home.home, &[("CLAUDE_CODE_SESSION_ID", own.native_id())]);
    let sessions = home.sessions();
    let short = |session: &SessionFile| sessions[session.native_id()]["short_id"].as_str().unwrap().to_owned();
    for (tool, arguments) in [("search_sessions", json!({ "query": needle(1) })), ("list_sessions", json!({}))] {
        let (text, _) = agent.tool(tool, &arguments);
        assert!(text.contains(&short(&other)) && !text.contains(&short(&own)), "{tool}: {text}");
    }
    agent.end();
}

#[test]
fn settings_are_written_and_undone() {
    let home = Home::new();
    let settings = home.home.join(".claude.json");
    fs::write(&settings, "{\n  \"numStartups\": 3\n}\n").unwrap();
    let first = home.done(&["mcp", "install", "claude-code"]);
    assert!(first.contains(".claude.json"), "{first}");
    let written: Value = serde_json::from_str(&fs::read_to_string(&settings).unwrap()).unwrap();
    assert_eq!(written["mcpServers"]["opensession"]["args"], json!(["mcp"]));
    assert!(home.done(&["mcp", "install", "claude-code"]).starts_with("Already in "));
    home.done(&["mcp", "uninstall", "claude-code"]);
    assert_eq!(fs::read_to_string(&settings).unwrap(), "{\n  \"numStartups\": 3\n}\n");
    assert_eq!(home.run(&["mcp", "install", "nobody"]).code, Some(2));
    // Nothing of this needs a daemon.
    assert!(!home.is_running());
}
