//! `opensession` alone on a terminal, which tmux is.

use serde_json::json;

use super::home::{Home, eventually, finish, is_here};
use super::records::{SessionFile, needle};

#[test]
fn sessions_are_browsed_and_searched_on_a_terminal() {
    if !is_here("tmux", true) {
        return;
    }
    let home = Home::new();
    let mut session = SessionFile::claude(&home, 1);
    let first = needle(1);
    session.say(&format!("잠금 순서 {first}"));
    home.rpc("index/refresh", &json!({}));
    let socket = home.root.path().join("tmux");
    let tmux = |arguments: &[&str]| {
        let arguments = [&["-S", socket.to_str().unwrap(), "-f", "/dev/null"], arguments].concat();
        finish(&mut home.other("tmux", &arguments))
    };
    let screen = || tmux(&["capture-pane", "-p"]).stdout;
    let shows = |what: &str| {
        eventually(what, || screen().contains(what).then_some(()));
    };
    let program = env!("CARGO_BIN_EXE_opensession");
    tmux(&["new-session", "-d", "-x", "80", "-y", "24", &format!("TERM=screen-256color {program}; cat")]);
    shows("1 Sessions");
    shows("1 session");
    tmux(&["send-keys", "/"]);
    tmux(&["send-keys", "-l", &first]);
    shows(&format!("/ {first}"));
    shows("hit 1 of 1");
    tmux(&["send-keys", "Enter"]);
    shows("turn 1 of 1");
    shows("잠금 순서");
    // The daemon goes; what is shown stays.
    home.stop();
    tmux(&["send-keys", "q"]);
    shows("1 Sessions");
    shows("잠금 순서");
    tmux(&["send-keys", "C-c"]);
    // The terminal is the shell's again.
    eventually("the end", || (!screen().contains("turn")).then_some(()));
    tmux(&["kill-server"]);
}
