use insta::assert_snapshot;
use opensession_cli::Exit;
use opensession_protocol::{DaemonStatus, Warning};

use super::harness::{Run, ready};

pub(crate) fn status() -> DaemonStatus {
    DaemonStatus {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        pid: 4121,
        started: Some("2026-11-22T01:53:00Z".parse().unwrap()),
        memory: Some(41_000_000),
        socket: "/run/user/1000/opensession/daemon.sock".to_owned(),
        store: "/home/mina/.local/share/opensession/local.db".to_owned(),
        store_bytes: 52_000_000,
        sessions: 308,
        agents: 2,
        live: 2,
        last_event: Some("2026-11-22T05:04:56Z".parse().unwrap()),
        index: serde_json::from_value(ready()).unwrap(),
        publish_on: "manual".to_owned(),
        warnings: vec![Warning {
            subject: "watch".to_owned(),
            message: "the system watches no more folders".to_owned(),
            remedy: Some("raise fs.inotify.max_user_watches".to_owned()),
        }],
        ..DaemonStatus::default()
    }
}

#[test]
fn status_of_a_daemon_that_runs() {
    assert_snapshot!(Run::terminal(80).answer("daemon/status", status()).shown("daemon status"), @r"
    running   0.1.0, pid 4121, up 3h 12m, 41 MB
    socket    /run/user/1000/opensession/daemon.sock
    sessions  308 of 2 agents, 2 live, last event 4s ago
    store     ~/.local/share/opensession/local.db, 52 MB
    index     ready, 84.1k events, 31 MB
    publish   manual
    warn      watch: the system watches no more folders
              remedy: raise fs.inotify.max_user_watches
    --- exit 0
    ");
    assert_snapshot!(Run::piped().answer("daemon/status", status()).shown("daemon status"), @r"
    running→0.1.0, pid 4121, up 3h 12m, 41 MB
    socket→/run/user/1000/opensession/daemon.sock
    sessions→308 of 2 agents, 2 live, last event 4s ago
    store→~/.local/share/opensession/local.db, 52 MB
    index→ready, 84.1k events, 31 MB
    publish→manual
    warn→watch: the system watches no more folders→raise fs.inotify.max_user_watches
    --- exit 0
    ");
    let lines = Run::piped().answer("daemon/status", status()).run("daemon status --json").json();
    assert_eq!((&lines[0]["running"], &lines[0]["pid"]), (&true.into(), &4121.into()));
}

#[test]
fn status_starts_no_daemon() {
    assert_snapshot!(Run::terminal(80).not_running().shown("daemon status"), @r"
    not running
    --- stderr
    hint: start it: opensession daemon start
    --- exit 3
    ");
    let ended = Run::piped().not_running().run("daemon status --json");
    assert_eq!((ended.json()[0]["running"].as_bool(), ended.exit), (Some(false), Exit::OutOfReach));
}

#[test]
fn start_stop_and_path() {
    let shown = |line: &str| Run::piped().answer("daemon/status", status()).shown(line);
    assert_snapshot!(shown("daemon start"), @r"
    Already running: 0.1.0, pid 4121
    --- exit 0
    ");
    assert_snapshot!(Run::piped().not_running().answer("daemon/status", status()).shown("daemon start"), @r"
    Started: 0.1.0, pid 4121
    --- exit 0
    ");
    assert_snapshot!(shown("daemon restart"), @r"
    Started: 0.1.0, pid 4121
    --- exit 0
    ");
    assert_snapshot!(shown("daemon stop"), @r"
    Stopped.
    --- exit 0
    ");
    assert_snapshot!(Run::piped().not_running().shown("daemon stop"), @r"
    not running
    --- exit 0
    ");
    assert_snapshot!(shown("daemon path"), @r"
    /run/user/1000/opensession/daemon.sock
    --- exit 0
    ");
    assert_snapshot!(shown("daemon install"), @r"
    Installed: /home/mina/.config/systemd/user/opensession.service
    --- exit 0
    ");
    assert_snapshot!(shown("daemon logs"), @r"
    --- stderr
    error: no log at /nowhere/daemon.log: No such file or directory (os error 2)
    hint: start it: opensession daemon start
    --- exit 1
    ");
}
