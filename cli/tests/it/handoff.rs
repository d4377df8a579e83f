use opensession_cli::Exit;
use opensession_protocol::{HandoffAnswer, HandoffFormat, SessionBrief};

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
