//! `opensession lsp` as editors start it.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use serde_json::{Value, json};

use super::home::{Home, finish, is_here};
use super::records::{SessionFile, claude_edits, needle};

/// A repository at `folder`, and a session in it that changed `src/lock.rs`.
pub(super) fn touched_repository(home: &Home, folder: &Path, number: u32) -> SessionFile {
    fs::create_dir_all(folder.join("src")).unwrap();
    fs::write(folder.join("src/lock.rs"), "two\n").unwrap();
    let made = finish(&mut home.other("git", &["init", "-q", folder.to_str().unwrap()]));
    assert_eq!(made.code, Some(0), "{made:?}");
    let mut session = SessionFile::claude(home, number).in_directory(folder);
    session.say(&format!("Fix the {} lock", needle(1)));
    claude_edits(&session, &folder.join("src/lock.rs"));
    session
}

/// An editor with its language server.
struct Editor {
    process: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    last: u64,
}

impl Editor {
    fn start(home: &Home) -> Self {
        let mut process = home.command(&["lsp"]).stdin(Stdio::piped()).stderr(Stdio::inherit()).spawn().unwrap();
        let input = process.stdin.take().unwrap();
        let output = BufReader::new(process.stdout.take().unwrap());
        Self { process, input, output, last: 0 }
    }

    fn send(&mut self, message: &Value) {
        let body = message.to_string();
        write!(self.input, "Content-Length: {}\r\n\r\n{body}", body.len()).unwrap();
    }

    /// Calls a method, which must answer.
    #[track_caller]
    fn call(&mut self, method: &str, params: &Value) -> Value {
        self.last += 1;
        self.send(&json!({ "jsonrpc": "2.0", "id": self.last, "method": method, "params": params }));
        loop {
            let mut head = String::new();
            self.output.read_line(&mut head).unwrap();
            let length = head.trim_end().strip_prefix("Content-Length: ").unwrap().parse().unwrap();
            let mut body = vec![0; length];
            self.output.read_line(&mut head).unwrap();
            self.output.read_exact(&mut body).unwrap();
            let mut answer: Value = serde_json::from_slice(&body).unwrap();
            if answer["id"] == self.last {
                assert!(answer["error"].is_null(), "{method}: {answer}");
                return answer["result"].take();
            }
        }
    }
}

#[test]
fn an_editor_asks_about_its_workspace() {
    if !is_here("git", true) {
        return;
    }
    let home = Home::new();
    let (app, copy) = (home.home.join("app"), home.home.join("copy"));
    touched_repository(&home, &app, 1);
    // Another repository with a file of the same name, whose session is not the editor's.
    touched_repository(&home, &copy, 2);
    let mut editor = Editor::start(&home);
    // Our methods need no handshake.
    editor.call("index/refresh", &json!({}));
    let folder = json!([{ "uri": format!("file://{}", app.display()), "name": "app" }]);
    let params = json!({ "processId": null, "rootUri": null, "capabilities": {}, "workspaceFolders": folder });
    assert_eq!(editor.call("initialize", &params)["serverInfo"]["name"], "opensession");
    editor.send(&json!({ "jsonrpc": "2.0", "method": "initialized", "params": {} }));

    let symbols = editor.call("workspace/symbol", &json!({ "query": needle(1) }));
    assert_eq!(symbols.as_array().map(Vec::len), Some(1), "only this workspace's: {symbols}");
    let uri = symbols[0]["location"]["uri"].as_str().unwrap().to_owned();
    assert!(uri.starts_with("opensession://session/") && uri.ends_with("#1"), "{uri}");
    let event = editor.call("workspace/textDocumentContent", &json!({ "uri": uri }));
    assert!(event["text"].as_str().unwrap().contains(&needle(1)), "{event}");
    let session = editor.call("opensession/textDocument", &json!({ "uri": uri.split('#').next() }));
    let text = session["text"].as_str().unwrap();
    assert!(text.contains("#1 you") && text.contains("  #3 edit") || text.contains(" edit  "), "{text}");

    let file = json!({ "uri": format!("file://{}", app.join("src/lock.rs").display()) });
    let lenses = editor.call("textDocument/codeLens", &json!({ "textDocument": file }));
    let title = lenses[0]["command"]["title"].as_str().unwrap();
    assert!(title.starts_with("1 session · last: Claude Code, "), "{title}");
    let place = json!({ "textDocument": file, "position": { "line": 0, "character": 0 } });
    let hover = editor.call("textDocument/hover", &place);
    assert!(hover["contents"]["value"].as_str().unwrap().contains(&format!("> Fix the {} lock", needle(1))), "{hover}");

    assert_eq!(editor.call("shutdown", &Value::Null), Value::Null);
    editor.send(&json!({ "jsonrpc": "2.0", "method": "exit" }));
    drop(editor.input);
    assert!(editor.process.wait().unwrap().success());
}

#[test]
fn a_file_is_the_same_in_its_clones_and_worktrees_and_no_other() {
    if !is_here("git", true) {
        return;
    }
    let home = Home::new();
    let app = home.home.join("app");
    let session = touched_repository(&home, &app, 1);
    let git = |folder: &Path, arguments: &[&str]| {
        let mut all = vec!["-C", folder.to_str().unwrap(), "-c", "user.name=t", "-c", "user.email=t@example.com"];
        all.extend(arguments);
        let ended = finish(&mut home.other("git", &all));
        assert_eq!(ended.code, Some(0), "{ended:?}");
    };
    git(&app, &["commit", "-q", "--allow-empty", "-m", "x"]);
    git(&app, &["worktree", "add", "-q", "../tree", "-b", "side"]);
    home.rpc("index/refresh", &json!({}));
    let total = |path: &Path| home.rpc("file/sessions", &json!({ "path": path }))["total"].clone();
    assert_eq!(total(&app.join("src/lock.rs")), 1);
    assert_eq!(total(&home.home.join("tree/src/lock.rs")), 1);
    assert_eq!(total(&app.join("lock.rs")), 0);
    assert_eq!(total(&app.join("other/src/lock.rs")), 0);
    assert_eq!(total(&home.home.join("src/lock.rs")), 0);

    let scope = json!({ "cwd": app.join("src"), "all": false });
    let told = home.rpc("file/sessions", &json!({ "path": "../src/./lock.rs", "scope": scope }));
    assert_eq!((&told["path"], &told["repository"]), (&json!("src/lock.rs"), &json!("app")));
    let row = &told["sessions"][0];
    assert_eq!((&row["edits"], &row["added"], &row["removed"]), (&json!(1), &json!(1), &json!(1)));
    assert_eq!((&row["prompt_event"], &row["holder"]), (&json!(1), &Value::Null));
    let excluded =
        json!({ "path": app.join("src/lock.rs"), "exclude": [format!("claude-code:{}", session.native_id())] });
    assert_eq!(home.rpc("file/sessions", &excluded)["total"], 0);
}

/// `vscode-jsonrpc`, found where `NODE_PATH` says.
#[test]
fn a_client_of_another_maker_needs_no_handshake() {
    const SCRIPT: &str = r"
        const net = require('net'), rpc = require('vscode-jsonrpc/node');
        const socket = net.connect(process.argv[1], async () => {
            const connection = rpc.createMessageConnection(
                new rpc.SocketMessageReader(socket), new rpc.SocketMessageWriter(socket));
            const updates = [];
            connection.onNotification('index/update', update => updates.push(update.result.state));
            connection.listen();
            const found = await connection.sendRequest('search/query', {query: process.argv[2]});
            await connection.sendRequest('index/subscribe', {});
            const wrong = await connection.sendRequest('session/get', {session: 'ffffffff'}).catch(error => error);
            console.log(JSON.stringify({hits: found.hits, updates, code: wrong.code, near: wrong.data.hint}));
            process.exit(0);
        });";
    if !is_here("node", false) {
        return;
    }
    let home = Home::new();
    let modules = std::env::var("NODE_PATH").unwrap_or_default();
    let node = |arguments: &[&str]| finish(home.other("node", arguments).env("NODE_PATH", &modules));
    if node(&["-e", "require('vscode-jsonrpc/node')"]).code != Some(0) {
        println!("skipped: vscode-jsonrpc is not here");
        return;
    }
    SessionFile::claude(&home, 1).say(&needle(1));
    home.rpc("index/refresh", &json!({}));
    let ended = node(&["-e", SCRIPT, home.socket().to_str().unwrap(), &needle(1)]);
    let said: Value = serde_json::from_str(&ended.stdout).unwrap_or_else(|_| panic!("{ended:?}"));
    let expected = json!({ "hits": 1, "updates": ["ready"], "code": 1, "near": "opensession log lists them" });
    assert_eq!(said, expected);
}
