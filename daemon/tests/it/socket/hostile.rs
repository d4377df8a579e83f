//! Clients that do what they should not: others are served meanwhile.

use std::{
    io::{ErrorKind, Read, Write},
    net::Shutdown,
    time::Duration,
};

use opensession_protocol::{error, limits};
use proptest::{prelude::*, test_runner::TestRunner};
use serde_json::json;

use super::fake::TestServer;

#[test]
fn a_request_that_is_too_long_ends_its_connection() {
    let server = TestServer::start();
    let (mut peer, mut other) = (server.connect(), server.connect());
    peer.send("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"search/query\",\"params\":[\"");
    let piece = vec![b'x'; 1 << 20];
    // It may be closed before all is sent.
    for _ in 0..limits::REQUEST_BYTES / piece.len() {
        if peer.stream.write_all(&piece).is_err() {
            break;
        }
    }
    let answer = peer.expect();
    assert_eq!((&answer["id"], &answer["error"]["code"]), (&json!(null), &json!(error::TOO_MANY)));
    assert_eq!(peer.receive(), None);
    other.search(1, "x");
    assert_eq!(other.expect()["result"]["hits"], 1);

    // Just below the limit is no fault.
    let mut peer = server.connect();
    let query = "y".repeat(limits::REQUEST_BYTES - 100);
    peer.search(1, &query);
    assert_eq!(peer.expect()["result"]["hits"], query.len());
}

#[test]
fn a_client_that_does_not_read_is_not_read_from() {
    let server = TestServer::start();
    let (mut peer, mut other) = (server.connect(), server.connect());
    peer.stream.set_write_timeout(Some(Duration::from_millis(300))).unwrap();
    // Every answer is a hundred times its request: without a bound the server would hold gigabytes.
    let request = format!("{}\n", json!({"jsonrpc":"2.0","id":1,"method":"search/query","params":["size:100"]}));
    let requests = request.repeat(1_000);
    let mut sent = 0;
    let full = loop {
        match peer.stream.write(&requests.as_bytes()[sent % request.len()..]) {
            Ok(written) => sent += written,
            Err(error) => break error,
        }
        assert!(sent < 64 << 20, "the server reads on although its answers are not taken");
    };
    assert!(matches!(full.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut), "{full}");
    other.search(1, "x");
    assert_eq!(other.expect()["result"]["hits"], 1);

    // Once it reads, everything comes, and the connection is as good as new.
    let whole = sent / request.len();
    for _ in 0..whole {
        assert_eq!(peer.expect()["result"]["sessions"].as_array().map(Vec::len), Some(100));
    }
}

#[test]
fn requests_under_way_are_bounded() {
    let server = TestServer::start();
    let (mut peer, mut other) = (server.connect(), server.connect());
    let total = limits::REQUESTS_IN_FLIGHT as u64 + 10;
    for id in 0..total {
        peer.search(id, "wait");
    }
    other.until_waiting(limits::REQUESTS_IN_FLIGHT as u64);
    for _ in 0..total {
        other.search(1, "release");
        assert_eq!(other.expect()["id"], 1);
    }
    let mut ids: Vec<u64> = (0..total).map(|_| peer.expect()["id"].as_u64().unwrap()).collect();
    ids.sort_unstable();
    assert_eq!(ids, (0..total).collect::<Vec<_>>());
}

#[test]
fn connections_are_bounded_and_a_refusal_is_said() {
    let server = TestServer::start();
    let mut peers: Vec<_> = (0..limits::CONNECTIONS).map(|_| server.connect()).collect();
    peers[0].search(1, "x");
    assert_eq!(peers[0].expect()["id"], 1);
    let mut refused = server.connect();
    let answer = refused.expect();
    assert_eq!((&answer["id"], &answer["error"]["code"]), (&json!(null), &json!(error::TOO_MANY)));
    assert_eq!(refused.receive(), None);

    drop(peers.split_off(10));
    let deadline = std::time::Instant::now() + super::fake::PATIENCE;
    loop {
        let mut peer = server.connect();
        // A refused connection is closed, possibly before this is written.
        let request = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"daemon/status\"}\n";
        if peer.stream.write_all(request.as_bytes()).is_ok() && peer.expect()["id"] == 1 {
            break;
        }
        assert!(std::time::Instant::now() < deadline, "room was not made");
    }
}

#[test]
fn garbage_never_kills_the_server() {
    let server = TestServer::start();
    let mut healthy = server.connect();
    let call = |id: u64| json!({"jsonrpc": "2.0", "id": id, "method": "search/query", "params": ["x"]}).to_string();
    let piece = prop_oneof![
        Just(b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"daemon/status\"}\n".to_vec()),
        Just(b"[{\"jsonrpc\":\"2.0\",\"method\":\"session/subscribe\"},".to_vec()),
        Just(b"{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"index/subscribe\"}".to_vec()),
        Just(b"POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\n".to_vec()),
        Just(b"Content-Length: 10\r\n\r\n".to_vec()),
        Just(vec![b'['; 5_000]),
        Just(b"\xff\xfe\x00\n".to_vec()),
        proptest::collection::vec(any::<u8>(), 0..64),
        "[\\[\\]{}\":,a-z0-9\\\\ \n]{0,64}".prop_map(String::into_bytes),
    ];
    let input = proptest::collection::vec(piece, 1..6);
    let mut runner =
        TestRunner::new(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() });
    runner
        .run(&(input, any::<bool>()), |(pieces, reads)| {
            let mut peer = server.connect();
            for piece in pieces {
                // The server may have closed it already.
                if peer.stream.write_all(&piece).is_err() {
                    break;
                }
            }
            peer.stream.shutdown(Shutdown::Write).ok();
            // The others leave without reading.
            if reads {
                let mut answers = Vec::new();
                peer.stream.set_read_timeout(Some(Duration::from_millis(1))).unwrap();
                peer.reader.read_to_end(&mut answers).ok();
            }
            Ok(())
        })
        .unwrap();
    for id in 0..3 {
        healthy.send(&format!("{}\n", call(id)));
        assert_eq!(healthy.expect()["id"], id);
    }
    assert!(!server.served.is_finished());
}
