use insta::assert_snapshot;
use opensession_cli::Exit;
use opensession_protocol::error::{ErrorData, REFUSED};
use opensession_protocol::{Forgotten, Restored, SessionDetail};

use super::harness::Run;
use super::samples::lock_session;

fn restored() -> Restored {
    Restored {
        path: lock_session().path,
        bytes: 4_120_000,
        side_files: vec!["/home/mina/.claude/projects/-home-mina-app/0b9c2f7e/tool-results/1.txt".to_owned()],
        resume: Some(vec!["claude".to_owned(), "--resume".to_owned(), "0b9c2f7e".to_owned()]),
        resume_cwd: Some("/home/mina/my app".to_owned()),
    }
}

#[test]
fn restore_tells_the_file_and_how_to_resume() {
    assert_snapshot!(Run::terminal(80).answer("session/restore", restored()).shown("restore 4f2a91c7"), @r"
    ~/.claude/projects/-home-mina-app/0b9c2f7e.jsonl (4.1 MB)
    ~/.claude/projects/-home-mina-app/0b9c2f7e/tool-results/1.txt
    --- stderr
    hint: resume it: cd '/home/mina/my app' && claude --resume 0b9c2f7e
    --- exit 0
    ");
    assert_snapshot!(Run::piped().answer("session/restore", restored()).shown("restore 4f2a91c7"), @r"
    /home/mina/.claude/projects/-home-mina-app/0b9c2f7e.jsonl
    /home/mina/.claude/projects/-home-mina-app/0b9c2f7e/tool-results/1.txt
    --- exit 0
    ");
    let ended = Run::piped().answer("session/restore", restored()).run("restore @ --to ../x.jsonl");
    assert_eq!(
        ended.calls,
        [
            r#"session/restore {"session":"@","to":"/home/mina/app/../x.jsonl","scope":{"cwd":"/home/mina/app","all":false}}"#
        ]
    );
}

#[test]
fn a_file_in_the_way_is_refused() {
    let data = ErrorData { hint: Some("name another place: --to PATH".to_owned()), ..ErrorData::default() };
    let run = Run::piped().refuse("session/restore", REFUSED, "a file is in the way: ~/x.jsonl", data);
    assert_snapshot!(run.shown("restore 4f2a91c7"), @r"
    --- stderr
    error: a file is in the way: ~/x.jsonl
    hint: name another place: --to PATH
    --- exit 4
    ");
}

fn forget(run: Run) -> Run {
    let forgotten = Forgotten { id: lock_session().id, bytes: 4_120_000, file_left: Some(lock_session().path) };
    run.answer("session/get", SessionDetail { session: lock_session(), ..SessionDetail::default() })
        .answer("session/forget", forgotten)
}

#[test]
fn forget_asks_first() {
    let ended = forget(Run::terminal(80)).typed("y\n").run("forget @");
    assert!(ended.calls[1].contains(r#""session":"4f2a91c70123456789abcdef01234567""#), "{}", ended.calls[1]);
    assert_snapshot!(ended.shown(), @r"
    Forgotten: 4f2a91c7, 4.1 MB
    --- stderr
    session 4f2a91c7  Fix the flaky lock test                                   live
      claude-code, opus-4, app@main, 2026-11-22 12:04 (2h ago), active 38m
      42 turns, 3 files +120 -8, 2 failed calls, 57.3k tokens, $0.42, cargo test ok
    Delete it from the store and the index for good? [y/N] The agent's own file is left alone, and is not read again: ~/.claude/projects/-home-mina-app/0b9c2f7e.jsonl
    --- exit 0
    ");
    for answer in ["n\n", "\n", ""] {
        let ended = forget(Run::terminal(80)).typed(answer).run("forget @");
        assert_eq!((ended.calls.len(), ended.exit), (1, Exit::Refused));
    }
    assert_snapshot!(forget(Run::piped()).typed("y\n").shown("forget @"), @r"
    --- stderr
    error: not forgotten: nobody is there to be asked
    hint: if it is meant: --yes
    --- exit 4
    ");
}

#[test]
fn forget_does_not_ask_when_told_so() {
    let ended = forget(Run::piped()).run("forget 4f2a91c7 --yes");
    assert_eq!(ended.calls.len(), 1);
    assert_eq!(ended.exit, Exit::Done);
    assert_eq!(forget(Run::piped()).run("forget 4f2a91c7#3 --yes").exit, Exit::WrongInput);
}

fn resumable() -> SessionDetail {
    SessionDetail {
        session: lock_session(),
        resume: Some(["claude", "--resume", "0b9c2f7e"].map(str::to_owned).to_vec()),
        resume_cwd: Some("/home/mina/no such folder".to_owned()),
        ..SessionDetail::default()
    }
}

#[test]
fn resume_tells_what_is_missing() {
    let run = |run: Run| run.variable("PATH", "/nowhere").answer("session/get", resumable());
    assert_snapshot!(run(Run::terminal(80)).shown("resume 4f2a91c7"), @"
    --- stderr
    error: the directory it started in is gone: ~/no such folder
    hint: make it again, or name another: --in DIR
    --- exit 4
    ");
    assert_snapshot!(run(Run::terminal(80)).shown("resume 4f2a91c7 --print"), @"
    cd '/home/mina/no such folder' && claude --resume 0b9c2f7e
    --- stderr
    the directory it started in is gone: ~/no such folder
    hint: make it again, or name another: --in DIR
    claude is not on the PATH
    hint: install claude-code, or see the command: opensession resume --print SESSION
    --- exit 0
    ");
    assert_snapshot!(run(Run::piped()).shown("resume 4f2a91c7 --json"), @r#"
    {"type":"resume","session":"4f2a91c70123456789abcdef01234567","command":["claude","--resume","0b9c2f7e"],"cwd":"/home/mina/no such folder","missing":["the directory it started in is gone: ~/no such folder","claude is not on the PATH"]}
    --- exit 0
    "#);
    let none = SessionDetail { resume: None, ..resumable() };
    assert_snapshot!(Run::terminal(80).answer("session/get", none).shown("resume"), @"
    --- stderr
    error: claude-code cannot resume a session by command
    hint: its text is there: opensession show, opensession search
    --- exit 4
    ");
    let gone = SessionDetail {
        session: opensession_protocol::SessionInfo { vanished: true, ..lock_session() },
        ..resumable()
    };
    let run = Run::terminal(80).answer("session/get", gone);
    assert_snapshot!(run.shown("resume 4f2a91c7"), @"
    --- stderr
    error: the session's file is gone: ~/.claude/projects/-home-mina-app/0b9c2f7e.jsonl
    hint: write it back first: opensession restore 4f2a91c7
    --- exit 4
    ");
}
