//! JSON-RPC, a message a line.

use std::net::Shutdown;

use opensession_daemon::rpc;
use opensession_protocol::{error, limits, openrpc};
use serde_json::json;

use super::fake::TestServer;

#[test]
fn answers_calls_in_any_shape() {
    let server = TestServer::start();
    let mut peer = server.connect();
    peer.search(1, "four");
    let answer = peer.expect();
    assert_eq!((&answer["jsonrpc"], &answer["id"], &answer["result"]["hits"]), (&json!("2.0"), &json!(1), &json!(4)));

    // Text ids, parameters by position, none at all, glued, pretty-printed, without a line break.
    peer.send(r#"{"jsonrpc":"2.0","id":"a","method":"search/query","params":["xy"]}"#);
    assert_eq!(peer.expect()["id"], "a");
    peer.send("{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"daemon/status\"}{\"jsonrpc\":\"2.0\",\"id\":3,\"method\":\"agent/list\"}");
    assert_eq!(peer.expect()["id"], 2);
    assert_eq!(peer.expect()["result"], json!([]));
    let pretty = serde_json::to_string_pretty(&json!({
        "jsonrpc": "2.0", "id": 4, "method": "session/list", "params": {"limit": 7}
    }));
    peer.send(&pretty.unwrap());
    assert_eq!(peer.expect()["result"]["total"], 7);
    peer.send("  \n\n{\"jsonrpc\":\"2.0\",\"id\":null,\"method\":\"daemon/status\"}\r\n");
    assert_eq!(peer.expect()["id"], json!(null));
}

#[test]
fn tells_what_is_wrong_with_a_request() {
    let server = TestServer::start();
    let mut peer = server.connect();
    for (request, id, code) in [
        ("{\"jsonrpc\":\"2.0\",\"id\":1,\n", json!(null), -32700),
        ("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":daemon}\n", json!(null), -32700),
        ("hello there\n", json!(null), -32700),
        ("{\"id\":5,\"method\":\"daemon/status\"}", json!(5), -32600),
        ("{\"jsonrpc\":\"1.0\",\"id\":5,\"method\":\"daemon/status\"}", json!(5), -32600),
        ("{\"jsonrpc\":\"2.0\",\"id\":6}", json!(6), -32600),
        ("{\"jsonrpc\":\"2.0\",\"id\":6,\"method\":7}", json!(6), -32600),
        ("{\"jsonrpc\":\"2.0\",\"id\":{},\"method\":\"x\"}", json!(null), -32600),
        ("[]", json!(null), -32600),
        ("{\"jsonrpc\":\"2.0\",\"id\":8,\"method\":\"serach/query\"}", json!(8), -32601),
        ("{\"jsonrpc\":\"2.0\",\"id\":9,\"method\":\"search/query\",\"params\":{\"query\":1}}", json!(9), -32602),
        ("{\"jsonrpc\":\"2.0\",\"id\":9,\"method\":\"search/query\",\"params\":{}}", json!(9), -32602),
    ] {
        peer.send(request);
        // A broken line is known to be broken when the next one begins.
        peer.send("\n");
        if request.ends_with(",\n") {
            peer.send("[1]\n");
            peer.send("{\"jsonrpc\":\"2.0\"");
            assert_eq!(peer.expect()["error"]["code"], -32700);
            peer.send("}\n");
            assert_eq!(peer.expect()["error"]["code"], -32600);
            continue;
        }
        let answer = peer.expect();
        assert_eq!((&answer["id"], &answer["error"]["code"]), (&id, &json!(code)), "{request}: {answer}");
    }
    peer.search(10, "still here");
    assert_eq!(peer.expect()["result"]["hits"], 10);
}

#[test]
fn batches_are_answered_together_and_notifications_not_at_all() {
    let server = TestServer::start();
    let mut peer = server.connect();
    let batch = json!([
        {"jsonrpc": "2.0", "id": 1, "method": "search/query", "params": {"query": "a"}},
        {"jsonrpc": "2.0", "method": "search/query", "params": {"query": "notified"}},
        {"jsonrpc": "2.0", "id": 2, "method": "search/query", "params": {"query": "panic"}},
        17,
        {"jsonrpc": "2.0", "id": 3, "method": "index/subscribe"},
        {"jsonrpc": "2.0", "id": 4, "method": "nothing"},
    ]);
    peer.send(&format!("{batch}\n"));
    let answer = peer.expect();
    let codes: Vec<_> = answer.as_array().unwrap().iter().map(|it| (&it["id"], &it["error"]["code"])).collect();
    assert_eq!(
        codes,
        [
            (&json!(1), &json!(null)),
            (&json!(2), &json!(-32603)),
            (&json!(null), &json!(-32600)),
            (&json!(3), &json!(-32600)),
            (&json!(4), &json!(-32601)),
        ]
    );
    peer.send("[{\"jsonrpc\":\"2.0\",\"method\":\"daemon/status\"}]\n{\"jsonrpc\":\"2.0\",\"method\":\"no/such\"}\n");
    let many: Vec<_> = (0..=limits::BATCH_REQUESTS).map(|id| json!({"jsonrpc": "2.0", "id": id})).collect();
    peer.send(&format!("{}\n", json!(many)));
    assert_eq!(peer.expect()["error"]["code"], -32600, "the notifications before were not answered");
}

#[test]
fn answers_come_as_they_are_ready() {
    let server = TestServer::start();
    let (mut peer, mut other) = (server.connect(), server.connect());
    peer.search(1, "wait");
    peer.search(2, "quick");
    assert_eq!(peer.expect()["id"], 2);
    other.search(1, "release");
    assert_eq!(peer.expect()["id"], 1);
}

#[test]
fn a_panic_is_one_requests_error() {
    let server = TestServer::start();
    let mut peer = server.connect();
    peer.search(1, "wait");
    peer.search(2, "panic");
    let answer = peer.expect();
    assert_eq!((&answer["id"], &answer["error"]["code"]), (&json!(2), &json!(error::INTERNAL)));
    assert!(answer["error"]["data"]["hint"].as_str().unwrap().contains("opensession daemon logs"));
    peer.call(3, "session/subscribe", &json!({"session": "panic"}));
    let answer = peer.expect();
    assert_eq!((&answer["id"], &answer["error"]["code"]), (&json!(3), &json!(error::INTERNAL)));
    peer.search(4, "release");
    let mut ids = [peer.expect()["id"].as_u64(), peer.expect()["id"].as_u64()];
    ids.sort_unstable();
    assert_eq!(ids, [Some(1), Some(4)]);
}

#[test]
fn requests_are_taken_back() {
    let server = TestServer::start();
    let (mut peer, mut other) = (server.connect(), server.connect());
    peer.search(1, "wait");
    other.until_waiting(1);
    peer.send("{\"jsonrpc\":\"2.0\",\"method\":\"$/cancelRequest\",\"params\":{\"id\":7}}\n");
    peer.send("{\"jsonrpc\":\"2.0\",\"method\":\"$/cancelRequest\",\"params\":{\"id\":1}}\n");
    let answer = peer.expect();
    assert_eq!((&answer["id"], &answer["error"]["code"]), (&json!(1), &json!(error::TIMED_OUT)));
    other.until_waiting(0);

    peer.search(2, "wait");
    other.until_waiting(1);
    drop(peer);
    other.until_waiting(0);
}

#[test]
fn subscriptions_belong_to_their_connection() {
    let server = TestServer::start();
    let (mut peer, mut other) = (server.connect(), server.connect());
    peer.call(1, "session/subscribe", &json!({"session": "3"}));
    let id = peer.expect()["result"].clone();
    for updates in 1..=3 {
        let notification = peer.expect();
        assert_eq!(notification["method"], "session/update");
        assert_eq!(notification["params"]["subscription"], id);
        assert_eq!(notification["params"]["result"], json!({"type": "dropped", "updates": updates}));
    }
    other.call(1, "session/unsubscribe", &json!([id]));
    assert_eq!(other.expect()["result"], false, "it is not this connection's");
    peer.call(2, "session/unsubscribe", &json!([id]));
    assert_eq!(peer.expect()["result"], true);
    peer.call(3, "session/unsubscribe", &json!([id]));
    assert_eq!(peer.expect()["result"], false);

    // The limit is one connection's, and an ended subscription makes room.
    for number in 0..limits::SUBSCRIPTIONS as u64 {
        peer.call(10 + number, "index/subscribe", &json!([]));
    }
    let mut last = json!(null);
    for _ in 0..limits::SUBSCRIPTIONS {
        last = peer.expect()["result"].clone();
        assert!(!last.is_null());
    }
    peer.call(4, "index/subscribe", &json!([]));
    assert_eq!(peer.expect()["error"]["code"], error::TOO_MANY);
    other.call(2, "index/subscribe", &json!([]));
    assert!(other.expect()["result"].is_number());
    peer.call(5, "index/unsubscribe", &json!([last]));
    assert_eq!(peer.expect()["result"], true);
}

#[test]
fn a_shut_sending_half_gets_its_answers() {
    let server = TestServer::start();
    let (mut peer, mut other) = (server.connect(), server.connect());
    peer.search(1, "wait");
    // The last request lacks its line break.
    peer.send("{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"daemon/status\"}");
    peer.stream.shutdown(Shutdown::Write).unwrap();
    assert_eq!(peer.expect()["id"], 2);
    other.search(1, "release");
    assert_eq!(peer.expect()["id"], 1);
    assert_eq!(peer.receive(), None, "all is said");

    let mut peer = server.connect();
    peer.send("{\"jsonrpc\":\"2.0\",\"id\":1,\"met");
    peer.stream.shutdown(Shutdown::Write).unwrap();
    assert_eq!(peer.expect()["error"]["code"], -32700);
    assert_eq!(peer.receive(), None);

    let mut peer = server.connect();
    peer.call(1, "session/subscribe", &json!({"session": "400"}));
    peer.stream.shutdown(Shutdown::Write).unwrap();
    for _ in 0..=400 {
        peer.expect();
    }
}

#[test]
fn a_stopping_server_answers_what_is_under_way() {
    let server = TestServer::start();
    let (mut peer, mut other, mut subscriber) = (server.connect(), server.connect(), server.connect());
    subscriber.call(1, "index/subscribe", &json!([]));
    subscriber.expect();
    peer.search(1, "wait");
    other.until_waiting(1);
    other.search(1, "wait");
    other.send("{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"daemon/shutdown\"}\n");
    assert_eq!(other.expect()["id"], 2);
    assert_eq!(subscriber.receive(), None);
    // Those that wait for ever are cut off at the end.
    assert_eq!(peer.receive(), None);
    assert_eq!(other.receive(), None);
    server.runtime.block_on(server.served).unwrap();
}

#[test]
fn describes_itself() {
    let server = TestServer::start();
    let mut peer = server.connect();
    peer.call(1, "rpc.discover", &json!([]));
    assert_eq!(&peer.expect()["result"], openrpc::document());
}

#[test]
fn the_document_names_every_method() {
    let methods = rpc::methods(super::fake::FakeDaemon::new(rpc::CancellationToken::new())).unwrap();
    let mut served: Vec<_> = methods.method_names().collect();
    let mut described = openrpc::method_names();
    served.sort_unstable();
    described.sort_unstable();
    assert_eq!(described, served);
}
