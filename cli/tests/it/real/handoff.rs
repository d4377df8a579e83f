//! Sessions handed over to an agent, which is a script here.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::json;

use super::home::{Home, finish};
use super::records::{SessionFile, needle};

/// Writes where it was started, how many words it was given and the last of them, and ends with 7.
const AGENT: &str = "#!/bin/sh
{ pwd; echo \"$#\"; for word; do :; done; echo \"$word\"; } > \"$HOME/seen\"
if [ -f \"$word\" ]; then cat \"$word\" >> \"$HOME/seen\"; fi
exit 7
";

#[test]
fn an_agent_begins_with_the_handoff_where_the_session_was() {
    let home = Home::new();
    let programs = home.home.join("bin");
    let project = home.home.join("my app");
    fs::create_dir_all(&programs).unwrap();
    fs::create_dir(&project).unwrap();
    for name in ["claude", "codex", "goose"] {
        fs::write(programs.join(name), AGENT).unwrap();
        fs::set_permissions(programs.join(name), fs::Permissions::from_mode(0o755)).unwrap();
    }
    let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap());
    let home = home.variable("PATH", &path);
    let mut session = SessionFile::codex(&home, 1).in_directory(&project);
    session.say(&format!("mend 'the' $lock {}", needle(1)));
    session.say("Which one?");
    home.rpc("index/refresh", &json!({}));

    for (agent, words) in [("claude-code", "1"), ("codex", "1"), ("goose", "4")] {
        let ended = home.run(&["handoff", "@", "--run", agent]);
        assert_eq!(ended.code, Some(7), "the exit code is the agent's: {ended:?}");
        let seen = fs::read_to_string(home.home.join("seen")).unwrap();
        let mut lines = seen.lines();
        assert_eq!(lines.next(), Some(fs::canonicalize(&project).unwrap().to_str().unwrap()));
        assert_eq!(lines.next(), Some(words), "{agent}");
        assert!(seen.contains(&format!("mend 'the' $lock {}", needle(1))), "{agent}: {seen}");
        assert!(seen.contains("# Handoff"), "{agent}: {seen}");
    }

    // What is not there is told, with what to do.
    let nothing = home.home.join("nothing");
    fs::create_dir(&nothing).unwrap();
    let mut command = home.command(&["handoff", "@", "--run", "claude-code"]);
    let ended = finish(command.env("PATH", nothing));
    assert_eq!(ended.code, Some(4), "{ended:?}");
    assert!(ended.stderr.contains("cannot run claude"), "{ended:?}");
}
