//! The dialect with heads: our own methods without ceremony, and the language server protocol.

use std::net::Shutdown;

use opensession_protocol::{error, limits};
use proptest::{prelude::*, test_runner::TestRunner};
use serde_json::{Value, json};

use super::fake::{Peer, TestServer};

fn request(id: u64, method: &str, params: &Value) -> String {
    json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}).to_string()
}

fn call(peer: &mut Peer, method: &str, params: &Value) -> Value {
    peer.frame(&request(7, method, params));
    let answer = peer.receive_frame().expect("the connection is open");
    assert_eq!(answer["id"], 7, "{answer}");
    answer
}

#[track_caller]
fn result(peer: &mut Peer, method: &str, params: &Value) -> Value {
    let mut answer = call(peer, method, params);
    assert!(answer["error"].is_null(), "{answer}");
    answer["result"].take()
}

/// Makes the peer a language client that works in `/srv/app`.
fn initialize(peer: &mut Peer, capabilities: &Value, options: &Value) -> Value {
    let params = json!({
        "processId": null, "rootUri": null, "capabilities": capabilities, "initializationOptions": options,
        "workspaceFolders": [{"uri": "file:///srv/app", "name": "app"}],
    });
    let answer = result(peer, "initialize", &params);
    peer.frame(r#"{"jsonrpc":"2.0","method":"initialized","params":{}}"#);
    answer
}

#[test]
fn our_methods_need_no_ceremony() {
    let server = TestServer::start();
    let mut peer = server.connect();
    assert_eq!(result(&mut peer, "search/query", &json!({"query": "four"}))["hits"], 4);
    assert_eq!(result(&mut peer, "rpc.discover", &json!([]))["openrpc"].as_str().map(|it| &it[..2]), Some("1."));
    let panicked = call(&mut peer, "search/query", &json!({"query": "panic"}));
    assert_eq!(panicked["error"]["code"], error::INTERNAL);
    let unknown = call(&mut peer, "no/method", &json!({}));
    assert_eq!(unknown["error"]["code"], -32601);
    assert_eq!(unknown["error"]["data"]["hint"], "rpc.discover describes all methods");
    // The same error, word for word, as on the line dialect.
    let mut lines = server.connect();
    lines.call(7, "search/query", &json!({"query": 1}));
    assert_eq!(call(&mut peer, "search/query", &json!({"query": 1})), lines.expect());
}

#[test]
fn subscriptions_are_notifications() {
    let server = TestServer::start();
    let mut peer = server.connect();
    let id = result(&mut peer, "session/subscribe", &json!({"session": "2"}));
    for updates in 1..=2 {
        let update = peer.receive_frame().unwrap();
        assert_eq!(update["method"], "session/update");
        let expected = json!({"subscription": id, "result": {"type": "dropped", "updates": updates}});
        assert_eq!(update["params"], expected);
    }
    assert_eq!(result(&mut peer, "session/unsubscribe", &json!([id])), true);
}

#[test]
fn requests_overlap_and_can_be_taken_back() {
    let server = TestServer::start();
    let mut peer = server.connect();
    peer.frame(&request(1, "search/query", &json!({"query": "wait"})));
    peer.frame(&request(2, "search/query", &json!({"query": "x"})));
    assert_eq!(peer.receive_frame().unwrap()["id"], 2);
    peer.frame(r#"{"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":1}}"#);
    let cancelled = peer.receive_frame().unwrap();
    assert_eq!((&cancelled["id"], &cancelled["error"]["code"]), (&json!(1), &json!(-32800)));
    server.connect().until_waiting(0);
}

#[test]
fn malformed_messages_are_answered_and_the_next_one_too() {
    let server = TestServer::start();
    let mut peer = server.connect();
    for (body, code) in [
        ("{\"jsonrpc\":\"2.0\",\"id\":1,", -32700),
        ("", -32700),
        ("\u{fe}\u{0}", -32700),
        ("[]", -32600),
        ("7", -32600),
        (r#"{"id":1,"method":"daemon/status"}"#, -32600),
    ] {
        peer.frame(body);
        let answer = peer.receive_frame().unwrap();
        assert_eq!(answer["error"]["code"], code, "{body}: {answer}");
    }
    // A batch is no language server's, but ours.
    peer.frame(&format!(
        "[{},{}]",
        request(1, "search/query", &json!(["ab"])),
        request(2, "textDocument/hover", &json!({}))
    ));
    let answers = peer.receive_frame().unwrap();
    assert_eq!((&answers[0]["result"]["hits"], &answers[1]["error"]["code"]), (&json!(2), &json!(-32601)));
    // An answer that nobody asked for, notifications that nobody knows.
    peer.frame(r#"{"jsonrpc":"2.0","id":5,"result":null}"#);
    peer.frame(r#"{"jsonrpc":"2.0","method":"textDocument/didOpen","params":{"textDocument":7}}"#);
    peer.frame(r#"{"jsonrpc":"2.0","method":"$/setTrace","params":{"value":"off"}}"#);
    assert_eq!(result(&mut peer, "search/query", &json!({"query": "x"}))["hits"], 1);
}

#[test]
fn what_is_no_message_ends_the_connection_with_a_word() {
    let server = TestServer::start();
    let too_long = format!("Content-Length: {}\r\n\r\n", limits::REQUEST_BYTES + 1);
    for (input, code) in [
        ("Content-Length: 99999999999999999999\r\n\r\n", error::TOO_MANY),
        (too_long.as_str(), error::TOO_MANY),
        ("Content-Length: 5\r\n\r\nx", -32700),
        ("C\r\n", -32700),
        ("Content-Type: x\r\n\r\n", -32700),
        ("Content-Length: x\r\n\r\n{}", -32700),
    ] {
        let mut peer = server.connect();
        peer.send(input);
        peer.stream.shutdown(Shutdown::Write).unwrap();
        let answer = peer.receive_frame().unwrap_or_else(|| panic!("{input:?} is answered"));
        assert_eq!((&answer["id"], &answer["error"]["code"]), (&Value::Null, &json!(code)), "{input:?}");
        assert_eq!(peer.receive_frame(), None);
    }
    let mut long_head = server.connect();
    long_head.send(&format!("Content-Length: 1\r\nX: {}", "x".repeat(10_000)));
    assert_eq!(long_head.receive_frame().unwrap()["error"]["code"], -32700);
    assert_eq!(long_head.receive_frame(), None);
}

#[test]
fn the_protocol_begins_with_initialize_and_ends_with_exit() {
    let server = TestServer::start();
    let mut peer = server.connect();
    assert_eq!(call(&mut peer, "workspace/symbol", &json!({"query": "hit"}))["error"]["code"], -32002);
    let answer = initialize(&mut peer, &json!({}), &Value::Null);
    assert_eq!(answer["serverInfo"]["name"], "opensession");
    let capabilities = &answer["capabilities"];
    assert_eq!(capabilities["workspaceSymbolProvider"], true);
    assert_eq!(capabilities["hoverProvider"], true);
    assert_eq!(capabilities["workspace"]["textDocumentContent"]["schemes"], json!(["opensession"]));
    assert_eq!(capabilities["workspace"]["workspaceFolders"]["changeNotifications"], true);
    let commands = capabilities["executeCommandProvider"]["commands"].as_array().unwrap();
    assert!(commands.contains(&json!("opensession.search")) && commands.contains(&json!("opensession.handoff")));
    assert_eq!(call(&mut peer, "initialize", &json!({"capabilities": {}}))["error"]["code"], -32600);
    assert_eq!(result(&mut peer, "shutdown", &Value::Null), Value::Null);
    assert_eq!(call(&mut peer, "workspace/symbol", &json!({"query": "hit"}))["error"]["code"], -32600);
    peer.frame(r#"{"jsonrpc":"2.0","method":"exit"}"#);
    assert_eq!(peer.receive_frame(), None);
}

#[test]
fn hits_are_symbols() {
    let server = TestServer::start();
    let mut peer = server.connect();
    initialize(&mut peer, &json!({}), &Value::Null);
    let symbols = result(&mut peer, "workspace/symbol", &json!({"query": "hit"}));
    assert_eq!(
        symbols,
        json!([{
            "name": "a hit of it", "kind": 19,
            "containerName": "Fix the flaky lock test · Claude Code · #131 output",
            "location": {
                "uri": "opensession://session/4f2a91c7#131",
                "range": {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 0}},
            },
        }])
    );
    // A panic is the error of one request, and its id is free again.
    for _ in 0..2 {
        let answer = call(&mut peer, "workspace/symbol", &json!({"query": "panic"}));
        assert_eq!(answer["error"]["code"], error::INTERNAL, "{answer}");
    }
    assert_eq!(result(&mut peer, "workspace/symbol", &json!({"query": "nothing"})), json!([]));
}

#[test]
fn protocol_requests_can_be_taken_back() {
    let server = TestServer::start();
    let mut peer = server.connect();
    initialize(&mut peer, &json!({}), &Value::Null);
    for _ in 0..2 {
        peer.frame(&request(1, "workspace/symbol", &json!({"query": "wait"})));
        server.connect().until_waiting(1);
        peer.frame(r#"{"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":1}}"#);
        assert_eq!(peer.receive_frame().unwrap()["error"]["code"], -32800);
        server.connect().until_waiting(0);
    }
}

#[test]
fn commands_are_methods_in_the_workspaces_scope() {
    let server = TestServer::start();
    let mut peer = server.connect();
    initialize(&mut peer, &json!({}), &Value::Null);
    let mut run = |command: &str, arguments: Value| {
        call(&mut peer, "workspace/executeCommand", &json!({"command": command, "arguments": arguments}))
    };
    let found = |answer: &Value| answer["result"]["scope_repository"].clone();
    assert_eq!(found(&run("opensession.search", json!(["scope"]))), "/srv/app");
    assert_eq!(found(&run("opensession.search", json!(["scope", {"limit": 3}]))), "/srv/app");
    let elsewhere = json!([{"query": "scope", "options": {"scope": {"cwd": "/else"}}}]);
    assert_eq!(found(&run("opensession.search", elsewhere)), "/else");
    let resume = run("opensession.resume", json!(["@"]));
    assert!(resume["result"].as_object().unwrap().contains_key("command"), "{resume}");
    assert!(run("opensession.handoff", json!(["@"]))["result"]["text"].is_string());
    assert!(run("opensession.handoff", json!([["@", "@~1"]]))["result"]["text"].is_string());
    assert_eq!(run("opensession.search", json!(["a", {}, 3]))["error"]["code"], -32602);
    assert_eq!(run("opensession.open", json!(["opensession://session/x"]))["error"]["code"], -32602);

    let change = json!({"event": {"added": [], "removed": [{"uri": "file:///srv/app", "name": "app"}]}});
    peer.frame(
        &json!({"jsonrpc": "2.0", "method": "workspace/didChangeWorkspaceFolders", "params": change}).to_string(),
    );
    let search = json!({"command": "opensession.search", "arguments": ["scope"]});
    assert_eq!(found(&call(&mut peer, "workspace/executeCommand", &search)), Value::Null);
}

#[test]
fn sessions_are_documents() {
    let server = TestServer::start();
    let mut peer = server.connect();
    initialize(&mut peer, &json!({}), &Value::Null);
    let uri = json!({"uri": "opensession://session/4f2a91c7#131"});
    let content = result(&mut peer, "workspace/textDocumentContent", &uri);
    assert_eq!(content, json!({"text": "text of 4f2a91c7#131"}));
    let document = result(&mut peer, "opensession/textDocument", &uri);
    assert_eq!((&document["languageId"], &document["text"]), (&json!("opensession"), &content["text"]));
    let named = json!({"textDocument": {"uri": "opensession://session/4f2a91c7/Fix%20it.session?event=131"}});
    let folds = result(&mut peer, "textDocument/foldingRange", &named);
    assert_eq!(folds, json!([{"startLine": 0, "endLine": 2, "kind": "region"}]));
    let symbols = result(&mut peer, "textDocument/documentSymbol", &named);
    assert_eq!((&symbols[0]["name"], &symbols[0]["detail"]), (&json!("text of 4f2a91c7#131"), &json!("#131")));
    assert_eq!(result(&mut peer, "textDocument/documentLink", &named), json!([]));
    let other = json!({"textDocument": {"uri": "file:///etc/passwd"}});
    for method in ["textDocument/foldingRange", "textDocument/documentSymbol", "textDocument/documentLink"] {
        assert_eq!(result(&mut peer, method, &other), Value::Null, "{method}");
    }
    let wrong = call(&mut peer, "opensession/textDocument", &json!({"uri": "file:///etc/passwd"}));
    assert_eq!(wrong["error"]["code"], -32602);
}

#[test]
fn files_tell_who_changed_them() {
    let server = TestServer::start();
    let mut peer = server.connect();
    initialize(&mut peer, &json!({"window": {"showDocument": {"support": true}}}), &Value::Null);
    let file = |name: &str| json!({"textDocument": {"uri": format!("file:///srv/app/{name}")}});
    let lenses = result(&mut peer, "textDocument/codeLens", &file("touched.rs"));
    let command = &lenses[0]["command"];
    assert_eq!(command["title"], "1 session · last: Claude Code");
    for method in ["textDocument/codeLens", "textDocument/hover"] {
        let mut params = file("other.rs");
        params["position"] = json!({"line": 0, "character": 0});
        assert_eq!(result(&mut peer, method, &params), Value::Null);
    }
    let mut at = file("touched.rs");
    at["position"] = json!({"line": 3, "character": 0});
    let hover = result(&mut peer, "textDocument/hover", &at);
    assert!(hover["contents"]["value"].as_str().unwrap().contains("(opensession://session/4f2a91c7#131)"), "{hover}");

    // Following the lens, the client is asked to open the document.
    let run = json!({"command": command["command"], "arguments": command["arguments"]});
    peer.frame(&request(8, "workspace/executeCommand", &run));
    let asked = peer.receive_frame().unwrap();
    assert_eq!(asked["method"], "window/showDocument");
    assert_eq!(asked["params"]["uri"], "opensession://session/4f2a91c7#131");
    peer.frame(&json!({"jsonrpc": "2.0", "id": asked["id"], "result": {"success": true}}).to_string());
    let answer = peer.receive_frame().unwrap();
    assert_eq!((&answer["id"], &answer["result"]), (&json!(8), &json!(true)));
}

#[test]
fn a_client_may_want_less() {
    let server = TestServer::start();
    let mut peer = server.connect();
    let answer = initialize(&mut peer, &json!({}), &json!({"codeLens": false, "hover": false, "scope": "all"}));
    assert!(answer["capabilities"]["hoverProvider"].is_null() && answer["capabilities"]["codeLensProvider"].is_null());
    let search = json!({"command": "opensession.search", "arguments": ["scope"]});
    assert_eq!(result(&mut peer, "workspace/executeCommand", &search)["scope_repository"], Value::Null);
}

#[test]
fn long_work_shows_its_progress() {
    let server = TestServer::start();
    let mut peer = server.connect();
    initialize(&mut peer, &json!({"window": {"workDoneProgress": true}}), &Value::Null);
    let mut other = server.connect();
    other.call(1, "index/rebuild", &json!({}));
    other.expect();
    let created = peer.receive_frame().unwrap();
    assert_eq!(created["method"], "window/workDoneProgress/create");
    peer.frame(&json!({"jsonrpc": "2.0", "id": created["id"], "result": null}).to_string());
    let begun = peer.receive_frame().unwrap();
    assert_eq!(begun["params"]["token"], created["params"]["token"]);
    assert_eq!(begun["params"]["value"]["title"], "OpenSession: rebuilding the index");
    assert_eq!(begun["params"]["value"]["percentage"], 25);
    other.call(2, "index/refresh", &json!({}));
    other.expect();
    assert_eq!(peer.receive_frame().unwrap()["params"]["value"]["kind"], "end");
    assert_eq!(result(&mut peer, "search/query", &json!({"query": "x"}))["hits"], 1);
}

#[test]
fn garbage_harms_only_who_sends_it() {
    let server = TestServer::start();
    let mut healthy = server.connect();
    initialize(&mut healthy, &json!({}), &Value::Null);
    let framed = |body: &str| format!("Content-Length: {}\r\n\r\n{body}", body.len()).into_bytes();
    let piece = prop_oneof![
        Just(framed(&request(1, "search/query", &json!(["x"])))),
        Just(framed(&request(1, "initialize", &json!({"capabilities": {}})))),
        Just(framed(&request(1, "workspace/symbol", &json!({"query": "hit"})))),
        Just(framed(&request(1, "workspace/symbol", &json!({"query": "panic"})))),
        Just(framed(r#"{"jsonrpc":"2.0","method":"exit"}"#)),
        Just(framed(r#"{"jsonrpc":"2.0","id":1,"result":{}}"#)),
        Just(framed(&"[".repeat(5_000))),
        Just(b"Content-Length: 100\r\n\r\n".to_vec()),
        proptest::collection::vec(any::<u8>(), 0..64),
        "[A-Za-z:\\-0-9\r\n{}]{0,64}".prop_map(String::into_bytes),
    ];
    let config = ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() };
    TestRunner::new(config)
        .run(&proptest::collection::vec(piece, 1..6), |pieces| {
            let mut peer = server.connect();
            // The server may have closed it already.
            std::io::Write::write_all(
                &mut peer.stream,
                &[b"Content-Length: 2\r\n\r\n{}".to_vec(), pieces.concat()].concat(),
            )
            .ok();
            peer.stream.shutdown(Shutdown::Write).ok();
            Ok(())
        })
        .unwrap();
    assert_eq!(result(&mut healthy, "workspace/symbol", &json!({"query": "x"})), json!([]));
}
