//! Clients that are slow, half gone or too many: others are served meanwhile, and memory stays bounded.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::Shutdown;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use serde_json::json;

use super::home::{BOUND, Home, Line};
use super::records::{SessionFile, needle};

/// What the daemon may take in memory over all of this; it has half of it before.
const MEMORY_MB: u64 = 200;

struct Attacked {
    home: Home,
    healthy: Line,
    /// Kept open for as long as the others are asked.
    peers: Vec<UnixStream>,
}

impl Attacked {
    fn new() -> Self {
        let home = Home::new();
        SessionFile::claude(&home, 1).say(&format!("see {} {}", needle(1), "and more ".repeat(10_000)));
        home.rpc("index/refresh", &json!({}));
        let healthy = home.connect().unwrap();
        Self { home, healthy, peers: Vec::new() }
    }

    fn peer(&self) -> UnixStream {
        let peer = UnixStream::connect(self.home.socket()).unwrap();
        peer.set_write_timeout(Some(Duration::from_millis(200))).unwrap();
        peer.set_read_timeout(Some(BOUND)).unwrap();
        peer
    }

    /// Others are answered: one that was there before, and a new one.
    #[track_caller]
    fn serves_others(&mut self) {
        let parameters = json!({ "query": needle(1), "options": { "scope": { "all": true } } });
        assert_eq!(self.healthy.call("search/query", &parameters).unwrap()["hits"], 1);
        assert_eq!(self.home.connect().unwrap().call("search/query", &parameters).unwrap()["hits"], 1);
        if let Some(megabytes) = self.memory() {
            assert!(megabytes < MEMORY_MB, "it takes {megabytes} MB");
        }
    }

    /// The most memory that the daemon had, where the system tells.
    fn memory(&self) -> Option<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.home.pid()?)).ok()?;
        let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
        line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kilobytes| kilobytes / 1024)
    }
}

#[test]
fn slow_and_half_open_clients_hold_nobody_up() {
    let mut attacked = Attacked::new();
    let beginnings: [&[u8]; 7] = [
        b"",
        b"{",
        b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"search/query\",\"params\":{\"query\":\"",
        b"GET / HT",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n{",
        b"Content-Length: 1000000\r\n\r\n{",
        b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n",
    ];
    for beginning in beginnings {
        // One that sends no more, and one that says that it will not.
        for is_half_open in [false, true] {
            let mut peer = attacked.peer();
            peer.write_all(beginning).unwrap();
            if is_half_open {
                peer.shutdown(Shutdown::Write).unwrap();
            }
            attacked.peers.push(peer);
        }
    }
    // A request byte by byte, and others' in between.
    let mut drip = attacked.peer();
    let request = json!({ "jsonrpc": "2.0", "id": 5, "method": "daemon/hello", "params": {} });
    for byte in format!("{request}\n").bytes() {
        drip.write_all(&[byte]).unwrap();
        attacked.healthy.call("daemon/hello", &json!({})).unwrap();
    }
    let mut answer = [0; 8];
    drip.read_exact(&mut answer).unwrap();
    assert_eq!(answer[0], b'{');
    // One that asks, and has closed its side before the answer comes, is answered.
    let mut half = attacked.peer();
    half.write_all(format!("{request}\n").as_bytes()).unwrap();
    half.shutdown(Shutdown::Write).unwrap();
    let mut all = String::new();
    half.read_to_string(&mut all).unwrap();
    assert!(all.contains("\"id\":5"), "{all}");
    attacked.serves_others();
}

#[test]
fn floods_hold_nobody_up() {
    let mut attacked = Attacked::new();
    let query = json!({ "query": "see more", "options": { "hits_per_session": 1000 } });
    let request = json!({ "jsonrpc": "2.0", "id": 1, "method": "search/query", "params": query });
    let requests = format!("{request}\n").repeat(2_000);
    let batch = format!("[{}]\n", vec![request.to_string(); 2_000].join(","));
    let deep = "[".repeat(8 << 20);
    let endless = format!("{{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"{}", "x".repeat(32 << 20));
    let header = format!("GET / HTTP/1.1\r\nX: {}", "y".repeat(16 << 20));
    let frame = format!("Content-Length: 99999999999\r\n\r\n{}", "z".repeat(16 << 20));
    for flood in [&requests, &batch, &deep, &endless, &header, &frame] {
        // None of them reads what it is answered.
        for _ in 0..4 {
            let mut peer = attacked.peer();
            // It is cut off, or not read from any more.
            peer.write_all(flood.as_bytes()).ok();
            attacked.peers.push(peer);
        }
        attacked.serves_others();
    }
    attacked.peers.clear();
    attacked.serves_others();
}

#[test]
fn more_connections_than_there_is_room_for_are_refused_and_room_comes_again() {
    let mut attacked = Attacked::new();
    for _ in 0..1_000 {
        attacked.peers.push(attacked.peer());
    }
    let parameters = json!({});
    attacked.healthy.call("daemon/hello", &parameters).unwrap();
    attacked.peers.clear();
    super::home::eventually("room", || attacked.home.connect()?.call("daemon/hello", &parameters).ok());
    attacked.serves_others();
}

#[test]
fn nobody_else_gets_to_the_socket() {
    let attacked = Attacked::new();
    let socket = attacked.home.socket();
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&socket), mode(socket.parent().unwrap())), (0o600, 0o700));
    attacked.home.stop();
    // A folder that others may write is not trusted.
    fs::set_permissions(socket.parent().unwrap(), fs::Permissions::from_mode(0o777)).unwrap();
    let ended = attacked.home.run(&["search", "anything"]);
    let repaired = mode(socket.parent().unwrap()) == 0o700;
    assert!(repaired || ended.code == Some(3), "{ended:?}");
}
