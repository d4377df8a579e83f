//! What `daemon.toml` leaves alone, forgets, looks through and has read by other programs.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::json;

use super::home::{Home, eventually};
use super::records::{SessionFile, needle};

#[test]
fn what_is_left_alone_is_not_kept() {
    let home = Home::new();
    home.configure("[privacy]\nexclude_paths = [\"~/private\"]\nexclude_agents = [\"codex\"]\n");
    SessionFile::claude(&home, 1).in_directory(&home.home.join("private/app")).say(&needle(1));
    SessionFile::claude(&home, 2).in_directory(&home.home.join("work")).say(&needle(2));
    SessionFile::codex(&home, 3).say(&needle(3));
    home.rpc("index/refresh", &json!({}));
    assert_eq!([1, 2, 3].map(|number| home.hits(&needle(number))), [0, 1, 0]);
    // Allowed again, it is read.
    home.configure("[privacy]\nexclude_agents = [\"codex\"]\n");
    home.await_hits(&needle(1), 1);
    assert_eq!(home.hits(&needle(3)), 0);
}

#[test]
fn sessions_beyond_the_retention_are_forgotten() {
    let home = Home::new();
    let mut old = SessionFile::claude(&home, 1);
    old.say(&needle(1));
    home.rpc("index/refresh", &json!({}));
    assert_eq!(home.hits(&needle(1)), 1);
    // The made-up sessions took place in February of 2026.
    home.configure("[storage]\nretention = \"1d\"\n");
    home.await_hits(&needle(1), 0);
    assert!(old.path.exists(), "the agent's own file is left");
    home.stop();
    home.rpc("index/refresh", &json!({}));
    assert_eq!(home.hits(&needle(1)), 0);
}

#[test]
fn projects_are_looked_through_at_the_start() {
    let home = Home::new();
    let project = home.home.join("work/app");
    fs::create_dir_all(&project).unwrap();
    let log = format!("\n# aider chat started at 2026-02-01 10:00:00\n\n#### say {}  \n\nYes.\n\n", needle(1));
    fs::write(project.join(".aider.chat.history.md"), log).unwrap();
    home.rpc("index/refresh", &json!({}));
    assert_eq!(home.hits(&needle(1)), 0, "nobody knows the project");
    home.configure("[discovery]\nprojects = [\"~/work\"]\n");
    home.await_hits(&needle(1), 1);
    let sessions = home.sessions();
    assert_eq!(sessions.values().next().unwrap()["agent"], "aider");
}

#[test]
fn a_program_of_the_users_reads_an_agent() {
    let home = Home::new();
    let program = home.home.join("reader");
    let script = "#!/bin/sh\n\
        echo '{\"v\":\"hail/0.1\",\"tool\":\"my-agent\",\"model\":\"m\",\"ts\":\"2026-02-01T10:00:00Z\"}'\n\
        while read -r line; do echo \"{\\\"role\\\":\\\"human\\\",\\\"content\\\":\\\"$line\\\"}\"; done <\"$1\"\n";
    fs::write(&program, script).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o700)).unwrap();
    let folder = home.home.join("my-agent");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("one.log"), format!("{}\n", needle(1))).unwrap();
    fs::write(folder.join("one.txt"), format!("{}\n", needle(2))).unwrap();
    home.configure(&format!(
        "[[readers]]\nname = \"my-agent\"\ncommand = [\"{}\"]\nroots = [\"~/my-agent\"]\npattern = \"*.log\"\n",
        program.display()
    ));
    home.rpc("index/refresh", &json!({}));
    assert_eq!([1, 2].map(|number| home.hits(&needle(number))), [1, 0]);
    fs::write(folder.join("one.log"), format!("{}\n{}\n", needle(1), needle(3))).unwrap();
    home.await_hits(&needle(3), 1);
    // A program that fails is told, and what was read before stays.
    fs::write(&program, "#!/bin/sh\necho 'no such version' >&2\nexit 1\n").unwrap();
    fs::write(folder.join("one.log"), "changed\n").unwrap();
    eventually("the reader's fault is told", || {
        let page = home.rpc("problem/list", &json!({}));
        page.to_string().contains("no such version").then_some(())
    });
    assert_eq!(home.hits(&needle(3)), 1);
}
