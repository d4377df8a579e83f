//! Clients that nobody here wrote speak to the socket.

use std::process::Stdio;

use serde_json::{Value, json};

use super::home::{Home, finish, is_here};
use super::records::{SessionFile, needle};

/// A WebSocket client of the standard library alone: RFC 6455, 5.2 (frames), client frames masked.
const WEB_SOCKET: &str = r#"
import base64, json, os, socket, struct, sys

stream = socket.socket(socket.AF_UNIX)
stream.settimeout(60)
stream.connect(sys.argv[1])
key = base64.b64encode(os.urandom(16)).decode()
stream.sendall((
    "GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n"
).encode())
received = stream.makefile("rb")
status = received.readline()
assert b" 101 " in status, status
while received.readline() not in (b"\r\n", b""):
    pass

def send(value):
    text = json.dumps(value).encode()
    assert len(text) < 65536
    mask = os.urandom(4)
    length = bytes([0x80 | len(text)]) if len(text) < 126 else bytes([0x80 | 126]) + struct.pack(">H", len(text))
    stream.sendall(b"\x81" + length + mask + bytes(byte ^ mask[i % 4] for i, byte in enumerate(text)))

def receive():
    while True:
        head, length = received.read(2)
        if length == 126:
            length = struct.unpack(">H", received.read(2))[0]
        elif length == 127:
            length = struct.unpack(">Q", received.read(8))[0]
        payload = received.read(length)
        if head & 0x0F == 1:
            return json.loads(payload)

send({"jsonrpc": "2.0", "id": 1, "method": "search/query", "params": {"query": sys.argv[2]}})
answer = receive()
assert answer["id"] == 1
print(answer["result"]["hits"])
send({"jsonrpc": "2.0", "id": 2, "method": "session/subscribe", "params": {}})
assert "result" in receive()
with open(sys.argv[3], "a") as file:
    file.write(sys.argv[4])
while sys.argv[5] not in json.dumps(receive()):
    pass
print("heard")
"#;

/// The package that VS Code speaks JSON-RPC with, when it is there.
const VSCODE: &str = r"
const rpc = require('vscode-jsonrpc/node');
const stream = require('net').connect(process.argv[1]);
const connection = rpc.createMessageConnection(
    new rpc.StreamMessageReader(stream), new rpc.StreamMessageWriter(stream));
connection.listen();
connection.sendRequest('search/query', rpc.ParameterStructures.byName, { query: process.argv[2] }).then(answer => {
    console.log(answer.hits);
    process.exit(0);
}, error => { console.error(error); process.exit(1); });
";

/// A home in which a session says `needle(1)`.
fn home() -> (Home, SessionFile) {
    let home = Home::new();
    let mut session = SessionFile::claude(&home, 1);
    session.say(&format!("see {}", needle(1)));
    home.rpc("index/refresh", &json!({}));
    (home, session)
}

fn request() -> String {
    json!({ "jsonrpc": "2.0", "id": 7, "method": "search/query", "params": { "query": needle(1) } }).to_string()
}

#[track_caller]
fn one_hit(answer: &str) {
    let answer: Value = serde_json::from_str(answer).unwrap_or_else(|error| panic!("{error}: {answer}"));
    assert_eq!((&answer["id"], &answer["result"]["hits"]), (&json!(7), &json!(1)), "{answer}");
}

#[test]
fn socat_speaks_lines() {
    if !is_here("socat", true) {
        return;
    }
    let (home, _) = home();
    let address = format!("UNIX-CONNECT:{}", home.socket().display());
    let file = home.root.path().join("request");
    std::fs::write(&file, format!("{}\n", request())).unwrap();
    let mut socat = home.other("socat", &["-t60", "-", &address]);
    let ended = finish(socat.stdin(Stdio::from(std::fs::File::open(file).unwrap())));
    assert_eq!(ended.code, Some(0), "{ended:?}");
    one_hit(&ended.stdout);
}

#[test]
fn curl_speaks_http() {
    if !is_here("curl", true) {
        return;
    }
    let (home, _) = home();
    let socket = home.socket();
    let request = request();
    let arguments = ["--silent", "--fail", "--max-time", "60", "--unix-socket", socket.to_str().unwrap()];
    let posted = ["--header", "Content-Type: application/json", "--data", &request, "http://localhost/"];
    let ended = finish(&mut home.other("curl", &[&arguments[..], &posted[..]].concat()));
    assert_eq!(ended.code, Some(0), "{ended:?}");
    one_hit(&ended.stdout);
    // A page in a browser may post to any address; what it can send is refused.
    let foreign = ["--header", "Content-Type: text/plain", "--data", &request, "http://localhost/"];
    let ended = finish(&mut home.other("curl", &[&arguments[..], &foreign[..]].concat()));
    assert_eq!(ended.code, Some(22), "{ended:?}");
}

#[test]
fn python_speaks_web_socket() {
    if !is_here("python3", true) {
        return;
    }
    let (home, mut session) = home();
    let record = session.record(&format!("heard {}", needle(2)));
    let (socket, file) = (home.socket(), session.path.clone());
    let arguments =
        ["-c", WEB_SOCKET, socket.to_str().unwrap(), &needle(1), file.to_str().unwrap(), &record, &needle(2)];
    let ended = finish(&mut home.other("python3", &arguments));
    assert_eq!((ended.code, &*ended.stdout), (Some(0), "1\nheard\n"), "{ended:?}");
}

#[test]
fn vscode_jsonrpc_speaks_frames() {
    if !is_here("node", false) {
        return;
    }
    let (home, _) = home();
    let modules = std::env::var("NODE_PATH").unwrap_or_default();
    let node = |script: &str| {
        let socket = home.socket();
        let mut node = home.other("node", &["-e", script, socket.to_str().unwrap(), &needle(1)]);
        finish(node.env("NODE_PATH", &modules))
    };
    if node("require('vscode-jsonrpc/node')").code != Some(0) {
        println!("skipped: the package vscode-jsonrpc is not here; NODE_PATH tells where it is");
        return;
    }
    let ended = node(VSCODE);
    assert_eq!((ended.code, &*ended.stdout), (Some(0), "1\n"), "{ended:?}");
}
