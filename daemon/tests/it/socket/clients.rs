//! The protocol's own clients against the server.

use std::{os::unix::net::UnixStream, time::Duration};

use jsonrpsee::core::client::ClientT;
use opensession_protocol::{
    SearchAnswer, SessionUpdate,
    client::{Client, ClientError, asynchronous},
    error, limits,
    rpc::DaemonClient,
};
use serde_json::{json, value::RawValue};

use super::fake::{PATIENCE, TestServer};

fn blocking(server: &TestServer) -> Client {
    Client::over(UnixStream::connect(&server.socket).unwrap()).unwrap()
}

#[test]
fn the_blocking_client_calls() {
    let server = TestServer::start();
    let mut client = blocking(&server);
    let answer: SearchAnswer = client.call("search/query", json!({"query": "four"})).unwrap();
    assert_eq!(answer.hits, 4);
    let answer: SearchAnswer = client.call("search/query", json!({"query": "size:2000"})).unwrap();
    assert_eq!(answer.sessions.len(), 2000);
    let raw: Box<RawValue> = client.call("agent/list", ()).unwrap();
    assert_eq!(raw.get(), "[]");
    let () = client.call("daemon/shutdown", ()).unwrap();
    assert!(matches!(client.call::<()>("daemon/status", ()), Err(ClientError::Closed)));
}

#[test]
fn the_blocking_client_tells_errors_apart() {
    let server = TestServer::start();
    let mut client = blocking(&server);
    let ClientError::Rpc(error) = client.call::<()>("search/query", json!({"query": "panic"})).unwrap_err() else {
        panic!("an error of the daemon");
    };
    assert_eq!(error.code, error::INTERNAL);
    assert!(error.details().hint.unwrap().contains("opensession daemon logs"));
    let error = client.call::<()>("search/query", json!({"query": 1})).unwrap_err();
    assert!(error.hint().unwrap().contains("invalid type"), "{error:?}");
    let error = client.call::<u32>("agent/list", ()).unwrap_err();
    assert!(matches!(error, ClientError::Malformed { .. }), "{error:?}");
    let limit = Duration::from_millis(20);
    let error = client.call_within::<SearchAnswer>("search/query", json!({"query": "wait"}), limit).unwrap_err();
    assert!(matches!(error, ClientError::Timeout { .. }), "{error:?}");
    // The answer that was given up comes late, and is passed over.
    let answer: SearchAnswer = client.call("search/query", json!({"query": "release"})).unwrap();
    assert_eq!(answer.hits, 7);
    let answer: SearchAnswer = client.call("search/query", json!({"query": "x"})).unwrap();
    assert_eq!(answer.hits, 1);

    let others: Vec<_> = (1..limits::CONNECTIONS).map(|_| UnixStream::connect(&server.socket).unwrap()).collect();
    let ClientError::Rpc(error) = blocking(&server).call::<()>("daemon/status", ()).unwrap_err() else {
        panic!("an error of the daemon");
    };
    assert_eq!(error.code, error::TOO_MANY);
    drop(others);
}

#[test]
fn the_blocking_client_subscribes() {
    let server = TestServer::start();
    let mut client = blocking(&server);
    let mut updates = client
        .subscribe::<SessionUpdate>("session/subscribe", "session/unsubscribe", json!({"session": "1000"}))
        .unwrap();
    for expected in 1..=1000 {
        let update = if expected % 2 == 0 {
            updates.next().unwrap().unwrap()
        } else {
            updates.next_within(PATIENCE).unwrap().unwrap()
        };
        assert_eq!(update, SessionUpdate::Dropped { updates: expected });
    }
    assert_eq!(updates.next_within(Duration::from_millis(10)).unwrap(), None);
    updates.end().unwrap();
    let answer: SearchAnswer = client.call("search/query", json!({"query": "x"})).unwrap();
    assert_eq!(answer.hits, 1);

    let mut updates = client.subscribe::<SessionUpdate>("session/subscribe", "session/unsubscribe", ()).unwrap();
    server.stop.cancel();
    assert!(updates.next().is_none(), "it ends with the daemon");
}

#[test]
fn the_methods_of_the_trait_work_on_the_asynchronous_client() {
    let server = TestServer::start();
    server.runtime.block_on(async {
        let stream = tokio::net::UnixStream::connect(&server.socket).await.unwrap();
        let client = asynchronous::over(stream);
        assert_eq!(client.search("four".into(), None).await.unwrap().hits, 4);
        assert_eq!(client.sessions(None, Some(3), None, None).await.unwrap().total, 3);
        let error = asynchronous::explain("search/query", client.search("panic".into(), None).await.unwrap_err());
        assert!(matches!(error, ClientError::Rpc(ref error) if error.code == error::INTERNAL), "{error:?}");
        let mut updates = client.subscribe_sessions(Some("2".into()), None).await.unwrap();
        for updates_dropped in 1..=2 {
            let update = updates.next().await.unwrap().unwrap();
            assert_eq!(update, SessionUpdate::Dropped { updates: updates_dropped });
        }
        updates.unsubscribe().await.unwrap();
        let mut batch = jsonrpsee::core::params::BatchRequestBuilder::new();
        batch.insert("search/query", jsonrpsee::rpc_params!["abc"]).unwrap();
        batch.insert("search/query", jsonrpsee::rpc_params!["ab"]).unwrap();
        let answers = client.batch_request::<SearchAnswer>(batch).await.unwrap();
        assert_eq!(answers.into_iter().map(|it| it.unwrap().hits).collect::<Vec<_>>(), [3, 2]);
    });
}
