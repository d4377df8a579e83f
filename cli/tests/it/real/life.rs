//! A daemon's life as its clients see it.

use std::fs;
use std::os::unix::net::UnixListener;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use super::home::{Home, eventually, finish};
use super::records::{SessionFile, needle};

#[test]
fn no_daemon_is_started_where_that_is_forbidden() {
    let home = Home::new().variable("OPENSESSION_NO_SPAWN", "1");
    let ended = home.run(&["search", "anything"]);
    assert_eq!((ended.code, &*ended.stdout), (Some(3), ""), "{ended:?}");
    assert!(ended.stderr.starts_with("error: ") && ended.stderr.contains("\nhint: "), "{ended:?}");
    assert!(!home.is_running());
}

#[test]
fn a_daemon_is_told_of_stopped_and_started_again() {
    let home = Home::new();
    assert_eq!(home.run(&["daemon", "status"]).code, Some(3));
    assert_eq!(home.done(&["daemon", "stop"]), "not running\n");
    home.done(&["daemon", "start"]);
    let pid = home.pid().unwrap();
    let status = &home.json(&["daemon", "status"])[0];
    assert_eq!((&status["running"], &status["pid"]), (&json!(true), &json!(pid)));
    assert_eq!(home.done(&["daemon", "path"]).trim(), home.socket().to_str().unwrap());
    assert!(home.done(&["daemon", "start"]).starts_with("Already running"));

    // Another one is refused, in the foreground and as a client starts it; the first one stays.
    let second = finish(&mut home.command(&["daemon", "run"]));
    assert!(second.code.is_some_and(|code| code != 0), "{second:?}");
    assert!(second.stderr.contains(&pid.to_string()), "it says which one runs: {second:?}");
    assert_eq!(finish(&mut home.command(&["daemon", "run", "--detached"])).code, Some(75));
    assert_eq!(home.pid(), Some(pid));

    home.done(&["daemon", "restart"]);
    assert_ne!(home.pid(), Some(pid));
    home.stop();
    assert!(!home.is_running() && !home.socket().exists());
}

#[test]
fn what_a_killed_daemon_leaves_is_taken_over() {
    let home = Home::new();
    let mut daemon = home.spawn();
    eventually("it listens", || home.connect());
    daemon.kill().unwrap();
    daemon.wait().unwrap();
    assert!(home.socket().exists() && home.lock_file().exists());
    assert_eq!(home.run(&["daemon", "status"]).code, Some(3));
    assert_eq!(home.hits("anything"), 0);
    home.stop();
    // A socket that somebody left whose lock is gone too.
    drop(UnixListener::bind(home.socket()).unwrap());
    fs::remove_file(home.lock_file()).unwrap();
    assert_eq!(home.hits("anything"), 0);
}

#[test]
fn odd_settings_are_told_and_wrong_ones_refused() {
    let home = Home::new();
    home.configure("[daemon]\ndebounce_sec = 3\n");
    let doctor = home.run(&["doctor"]);
    assert_eq!(doctor.code, Some(0), "{doctor:?}");
    assert!(doctor.stdout.contains("debounce_sec") && doctor.stdout.contains("debounce_secs"), "{doctor:?}");
    home.stop();

    home.configure("[daemon]\ndebounce_secs = \"soon\"\n");
    let refused = home.run(&["doctor"]);
    assert_eq!(refused.code, Some(3), "{refused:?}");
    let told = format!("{}{}", refused.stdout, refused.stderr);
    assert!(told.contains("daemon.toml") && told.contains("daemon.toml:2:17"), "{told}");
    let direct = finish(&mut home.command(&["daemon", "run"]));
    assert!(direct.code.is_some_and(|code| code != 0) && direct.stderr.contains("daemon.toml"), "{direct:?}");
}

#[test]
fn settings_are_taken_while_it_runs() {
    let home = Home::new();
    home.configure("");
    let (first, second) = (needle(1), needle(2));
    let mut session = SessionFile::claude(&home, 1);
    session.say(&format!("see {first}"));
    home.rpc("index/refresh", &json!({}));
    assert_eq!(home.hits(&first), 1);

    let warned = |wanted: bool| {
        eventually("the warning", || {
            let status = &home.json(&["daemon", "status"])[0];
            let warnings = status["warnings"].as_array().unwrap();
            (warnings.iter().any(|warning| warning["subject"] == "config") == wanted).then_some(())
        });
    };
    // The odd name tells that the file was taken.
    home.configure("[watchers]\nclaude_code = false\nclaude_cod = false\n");
    warned(true);
    session.say(&format!("see {second}"));
    home.rpc("index/refresh", &json!({}));
    assert_eq!((home.hits(&first), home.hits(&second)), (1, 0));
    // A broken file changes nothing.
    home.configure("[watchers");
    eventually("it is told", || home.done(&["daemon", "status"]).contains("stay in force").then_some(()));
    assert_eq!(home.hits(&second), 0);
    home.configure("[watchers]\nclaude_code = true\n");
    warned(false);
    home.await_hits(&second, 1);
}

#[test]
fn many_commands_at_once_start_one_daemon() {
    let home = Home::new();
    SessionFile::claude(&home, 1).say(&format!("see {}", needle(1)));
    std::thread::scope(|scope| {
        for _ in 0..12 {
            scope.spawn(|| home.done(&["rpc", "daemon/hello", "{}"]));
        }
    });
    let pid = home.pid().unwrap();
    home.await_hits(&needle(1), 1);
    assert_eq!(home.pid(), Some(pid));
    assert_eq!(home.log().matches(" ready ").count(), 1, "{}", home.log());
}

#[test]
fn a_signal_ends_it_in_order() {
    for signal in [Signal::TERM, Signal::INT] {
        let home = Home::new().variable("OPENSESSION_NO_SPAWN", "1");
        let mut daemon = home.spawn();
        eventually("it listens", || home.connect());
        SessionFile::claude(&home, 1).say(&format!("see {}", needle(1)));
        home.await_hits(&needle(1), 1);
        // Somebody who is connected and says nothing does not keep it.
        let idle = home.connect();
        kill_process(Pid::from_child(&daemon), signal).unwrap();
        let status = eventually("it ends", || daemon.try_wait().unwrap());
        assert_eq!(status.code(), Some(0), "{}", home.log());
        assert!(!home.socket().exists() && !home.is_running());
        drop(idle);
    }
}

#[test]
fn a_stop_is_over_when_somebody_starts_the_next_at_once() {
    let home = Home::new();
    home.done(&["daemon", "start"]);
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                home.run(&["daemon", "start"]);
            }
        });
        let stops: Vec<_> = (0..4).map(|_| home.run(&["daemon", "stop"])).collect();
        is_over.store(true, Ordering::Relaxed);
        assert!(stops.iter().all(|stop| stop.code == Some(0)), "{stops:?}");
    });
}

#[test]
fn it_keeps_no_pipe_and_no_lock_of_whoever_starts_it() {
    let home = Home::new();
    // The pipe ends, and with it the script, once nobody holds its other end.
    let script = "\"$0\" daemon start 9>&1 >/dev/null 2>&1 | cat";
    let ended = finish(&mut home.other("sh", &["-c", script, env!("CARGO_BIN_EXE_opensession")]));
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(home.is_running());
}

#[test]
fn a_stop_ends_subscriptions_too() {
    let home = Home::new();
    home.done(&["daemon", "start"]);
    let mut subscriber = home.connect().unwrap();
    subscriber.call("session/subscribe", &json!({})).unwrap();
    home.stop();
    assert!(!home.is_running());
    assert!(subscriber.next().is_err(), "it is told by the end of the connection");
}
