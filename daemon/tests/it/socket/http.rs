//! HTTP, WebSocket and the language servers' framing on the same socket.

use std::io::{BufRead, Read};

use serde_json::{Value, json};

use super::fake::{Peer, TestServer};

fn post(peer: &mut Peer, body: &str) -> (u16, Value) {
    peer.send(&format!(
        "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    ));
    let (status, body) = response(peer);
    (status, serde_json::from_slice(&body).unwrap_or_else(|_| json!(String::from_utf8_lossy(&body))))
}

fn response(peer: &mut Peer) -> (u16, Vec<u8>) {
    let (mut length, mut status) = (0, 0);
    loop {
        let mut line = String::new();
        peer.reader.read_line(&mut line).unwrap();
        let line = line.trim_end().to_ascii_lowercase();
        if let Some(rest) = line.strip_prefix("http/1.1 ") {
            status = rest[..3].parse().unwrap();
        } else if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        } else if line.is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    peer.reader.read_exact(&mut body).unwrap();
    (status, body)
}

#[test]
fn answers_http() {
    let server = TestServer::start();
    let mut peer = server.connect();
    peer.send("GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let (status, body) = response(&mut peer);
    let body: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!((status, &body["status"], &body["protocol"]), (200, &json!("ok"), &json!(1)));

    let call = |query: &str| json!({"jsonrpc": "2.0", "id": 1, "method": "search/query", "params": {"query": query}});
    let (status, answer) = post(&mut peer, &call("four").to_string());
    assert_eq!((status, &answer["result"]["hits"]), (200, &json!(4)));
    let (status, answer) = post(&mut peer, &call("panic").to_string());
    assert_eq!((status, &answer["error"]["code"]), (200, &json!(-32603)));
    let (_, answer) = post(&mut peer, &json!([call("a"), call("panic"), call("ab")]).to_string());
    let hits: Vec<_> = answer.as_array().unwrap().iter().map(|it| it["result"]["hits"].as_u64()).collect();
    assert_eq!(hits, [Some(1), None, Some(2)]);
    peer.send("GET /elsewhere HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert!(response(&mut peer).0 >= 400);
}

#[test]
fn answers_a_websocket() {
    let server = TestServer::start();
    let mut peer = server.connect();
    peer.send(
        "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
    );
    let mut heads = String::new();
    while !heads.ends_with("\r\n\r\n") {
        assert_ne!(peer.reader.read_line(&mut heads).unwrap(), 0, "{heads}");
    }
    assert!(heads.starts_with("HTTP/1.1 101"), "{heads}");
    // The answer to this key that RFC 6455, 1.3 gives.
    assert!(heads.contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), "{heads}");

    send_frame(&mut peer, &json!({"jsonrpc":"2.0","id":1,"method":"session/subscribe","params":{"session":"2"}}));
    let answer = receive_frame(&mut peer);
    for _ in 0..2 {
        assert_eq!(receive_frame(&mut peer)["params"]["subscription"], answer["result"]);
    }
    send_frame(&mut peer, &json!({"jsonrpc":"2.0","id":2,"method":"search/query","params":["panic"]}));
    assert_eq!(receive_frame(&mut peer)["error"]["code"], -32603);
    let batch = json!([
        {"jsonrpc":"2.0","id":3,"method":"index/subscribe"},
        {"jsonrpc":"2.0","id":4,"method":"search/query","params":["abc"]},
    ]);
    send_frame(&mut peer, &batch);
    let answer = receive_frame(&mut peer);
    assert_eq!((&answer[0]["error"]["code"], &answer[1]["result"]["hits"]), (&json!(-32600), &json!(3)));

    server.stop.cancel();
    server.runtime.block_on(server.served).unwrap();
    assert_eq!(
        peer.reader.fill_buf().map(|rest| rest.first().map(|byte| byte & 0x0f)).unwrap(),
        Some(8),
        "a close frame"
    );
}

/// A text frame as a client must send it, masked (with zeros, which change nothing).
fn send_frame(peer: &mut Peer, message: &Value) {
    use std::io::Write;
    let text = message.to_string();
    let mut frame = vec![0x81, 0xfe];
    frame.extend_from_slice(&(text.len() as u16).to_be_bytes());
    frame.extend_from_slice(&[0; 4]);
    frame.extend_from_slice(text.as_bytes());
    peer.stream.write_all(&frame).unwrap();
}

fn receive_frame(peer: &mut Peer) -> Value {
    loop {
        let mut head = [0; 2];
        peer.reader.read_exact(&mut head).unwrap();
        let length = match head[1] {
            126 => {
                let mut length = [0; 2];
                peer.reader.read_exact(&mut length).unwrap();
                usize::from(u16::from_be_bytes(length))
            }
            length => usize::from(length),
        };
        let mut payload = vec![0; length];
        peer.reader.read_exact(&mut payload).unwrap();
        if head[0] == 0x81 {
            return serde_json::from_slice(&payload).unwrap();
        }
    }
}
