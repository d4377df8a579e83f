use opensession_cli::Exit;
use opensession_protocol::{AgentBegin, AgentInfo, HandoffAnswer, HandoffFormat, HandoffWritten, SessionBrief};

use super::harness::Run;
use super::samples::lock_session;

fn answer(text: &str) -> HandoffAnswer {
    let session = lock_session();
    HandoffAnswer {
        sessions: vec![SessionBrief { id: session.id, short_id: session.short_id, ..SessionBrief::default() }],
        format: HandoffFormat::Markdown,
        text: text.to_owned(),
        budget: 12_000,
        redactions: [("github".to_owned(), 2)].into(),
        cwd: Some("/".to_owned()),
    }
}

fn run(run: Run) -> Run {
    run.answer("index/status", opensession_protocol::IndexStatus::default())
        .answer("handoff/create", answer("# Handoff: Fix\u{1b}[2J\n\nFirst prompt [#1]:\n"))
}

#[test]
fn the_last_session_here_by_default() {
    let ended = run(Run::terminal(80)).run("handoff");
    assert_eq!(ended.stdout, "# Handoff: Fix\n\nFirst prompt [#1]:\n");
    assert_eq!(ended.stderr, "handoff of 4f2a91c7   budget: standard   39 B of 12 kB   redacted: 2\n");
    assert_eq!(
        ended.calls[1],
        r#"handoff/create {"sessions":[],"hail":null,"budget":"standard","format":"markdown","scope":{"cwd":"/home/mina/app","all":false}}"#
    );
    assert_eq!(run(Run::piped()).run("handoff @ @~1 --budget brief").stderr, "");
}

#[test]
fn standard_input_is_sent_as_hail() {
    let ended = run(Run::piped().typed("{\"v\":\"hail/0.1\",\"tool\":\"x\"}\n")).run("handoff - --format json");
    assert!(ended.calls[1].contains(r#""hail":"{\"v\":\"hail/0.1\",\"tool\":\"x\"}\n""#), "{}", ended.calls[1]);
    assert!(ended.calls[1].contains(r#""format":"json""#));
}

#[test]
fn a_file_or_the_terminals_clipboard_instead_of_the_output() {
    let folder = tempfile::tempdir().unwrap();
    let ended = run(Run::piped().directory(folder.path())).run("handoff -o out.md");
    assert_eq!((ended.exit, ended.stdout.as_str()), (Exit::Done, ""));
    assert!(std::fs::read_to_string(folder.path().join("out.md")).unwrap().starts_with("# Handoff"));
    // Without a terminal and without a display there is no clipboard.
    if cfg!(target_os = "linux") {
        assert_eq!(run(Run::piped()).run("handoff --copy").exit, Exit::Refused);
        let copied = run(Run::terminal(80)).run("handoff --copy");
        assert!(copied.stderr.starts_with("\u{1b}]52;c;IyBIYW5kb2Zm"), "{}", copied.stderr);
    }
}

#[test]
fn one_event_is_no_session() {
    assert_eq!(run(Run::piped()).run("handoff 4f2a91c7#3").exit, Exit::WrongInput);
}

#[test]
fn a_session_written_for_another_agent() {
    let written = HandoffWritten {
        agent: "codex".to_owned(),
        path: "/home/mina/.codex/sessions/x.jsonl".to_owned(),
        bytes: 4_200,
        turns: 12,
        turns_left_out: 3,
        redactions: [("github".to_owned(), 2)].into(),
        resume: ["codex", "resume", "0199"].map(str::to_owned).into(),
        resume_cwd: "/home/mina/my app".to_owned(),
        ..HandoffWritten::default()
    };
    let run = |run: Run| self::run(run).answer("handoff/write", written.clone());
    let ended = run(Run::terminal(80)).run("handoff @~1 --into codex");
    assert_eq!(ended.stdout, "cd '/home/mina/my app' && codex resume 0199\n");
    assert_eq!(
        ended.stderr,
        "~/.codex/sessions/x.jsonl   turns: 12 (4.2 kB)   earlier turns left out: 3   redacted: 2\n"
    );
    assert_eq!(
        ended.calls[1],
        r#"handoff/write {"into":"codex","sessions":["@~1"],"hail":null,"budget":"standard","scope":{"cwd":"/home/mina/app","all":false}}"#
    );
    let ended = run(Run::piped()).run("handoff --into codex --json");
    assert!(ended.stdout.contains(r#""resume":["codex","resume","0199"]"#), "{}", ended.stdout);
    assert_eq!(run(Run::piped()).run("handoff --into codex --copy").exit, Exit::WrongInput);
}

#[test]
fn a_new_session_begins_with_the_handoff() {
    let agents = || {
        let begin = |command: &[&str], from_file| {
            Some(AgentBegin { command: command.iter().map(|&word| word.to_owned()).collect(), from_file })
        };
        let agent =
            |id: &str, begin| AgentInfo { id: id.to_owned(), name: id.to_owned(), begin, ..AgentInfo::default() };
        vec![
            agent("claude-code", begin(&["claude"], false)),
            agent("goose", begin(&["goose", "run", "-s", "-i"], true)),
            agent("zed", None),
            agent("absent", begin(&["opensession-no-such-program"], false)),
        ]
    };
    let run = |run: Run| self::run(run).answer("agent/list", agents());
    let ended = run(Run::piped()).run("handoff --run claude-code --print");
    let expected = "cd / && claude 'Go on with work that was begun in another coding agent. This is its handoff:\n\n# Handoff: Fix\n";
    assert!(ended.stdout.starts_with(expected), "{}", ended.stdout);
    let ended = run(Run::piped()).run("handoff --run goose --print");
    assert_eq!(ended.stdout, "cd / && goose run -s -i HANDOFF.md\n");
    let ended = run(Run::piped()).run("handoff --run zed");
    assert_eq!(ended.exit, Exit::Refused);
    assert!(ended.stderr.contains("one of claude-code, goose, absent"), "{}", ended.stderr);
    assert_eq!(run(Run::piped()).run("handoff --run nobody").exit, Exit::WrongInput);
    let ended = run(Run::piped()).run("handoff --run absent");
    assert_eq!(ended.exit, Exit::Refused);
    assert!(ended.stderr.contains("cannot run opensession-no-such-program"), "{}", ended.stderr);
}
