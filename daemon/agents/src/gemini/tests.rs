//! Sessions of each form in, events out.

use std::fs;

use super::GeminiCli;
use crate::{Agent, Limits, check, rows};

const OLD: &str = include_str!("tests/old.json");
const NEW: &str = include_str!("tests/new.jsonl");
const STUB: &str = r#"{"sessionId":"bbbb2222-0000-4000-8000-000000000002","projectHash":"17f0","startTime":"2026-05-02T09:00:00.000Z","kind":"main"}"#;
const SUBAGENT: &str = concat!(
    r#"{"sessionId":"dddd4444-0000-4000-8000-000000000004","projectHash":"17f0","startTime":"2026-05-02T08:00:05.000Z","kind":"subagent"}"#,
    "\n",
    r#"{"id":"x1","timestamp":"2026-05-02T08:00:05.000Z","type":"user","content":[{"text":"find it"}]}"#,
    "\n",
);
const LOG: &str = r#"[
  {"sessionId": "eeee5555-0000-4000-8000-000000000005", "messageId": 0, "type": "user", "message": "hello", "timestamp": "2025-07-01T10:00:00.000Z"},
  {"sessionId": "bbbb2222-0000-4000-8000-000000000002", "messageId": 0, "type": "user", "message": "run", "timestamp": "2026-05-02T08:00:01.000Z"},
  {"sessionId": "eeee5555-0000-4000-8000-000000000005", "messageId": 1, "type": "user", "message": "/quit", "timestamp": "2025-07-01T10:01:00.000Z"}
]"#;

fn home() -> tempfile::TempDir {
    let hash = "0f1e2d3c".repeat(8);
    check::home(&[
        (&format!(".gemini/tmp/{hash}/chats/session-2025-10-01T10-00-aaaa1111.json"), OLD),
        (".gemini/tmp/p/.project_root", "/w/p\n"),
        (".gemini/tmp/p/logs.json", LOG),
        (".gemini/tmp/p/checkpoint-a.json", "[]"),
        (".gemini/tmp/p/chats/session-2026-05-02T08-00-bbbb2222.jsonl", NEW),
        (".gemini/tmp/p/chats/session-2026-05-02T09-00-bbbb2222.jsonl", STUB),
        (".gemini/tmp/p/chats/session-2026-05-02T09-00-bbbb2222.jsonl.lock", ""),
        (
            ".gemini/tmp/p/chats/bbbb2222-0000-4000-8000-000000000002/dddd4444-0000-4000-8000-000000000004.jsonl",
            SUBAGENT,
        ),
    ])
}

#[test]
fn sessions_of_each_form() {
    let home = home();
    let sessions = check::sessions(&GeminiCli, &check::environment(home.path()));
    insta::assert_snapshot!(check::told(&sessions, home.path()));
    let mut ranks: Vec<_> =
        sessions.iter().map(|session| (GeminiCli.rank(&session.source), session.source.path.clone())).collect();
    ranks.sort();
    let last = ranks.pop().expect("five sources");
    assert!(last.1.display().to_string().ends_with("logs.json#eeee5555-0000-4000-8000-000000000005"));
    assert!(ranks[0].1.ends_with("session-2026-05-02T08-00-bbbb2222.jsonl"));
}

#[test]
fn a_document_that_grows_gives_its_new_messages_alone() {
    let home = home();
    let sources = check::sources(&GeminiCli, &check::environment(home.path()));
    let source = sources.iter().find(|source| source.native_id == "aaaa1111").expect("the document");
    let mut first = Vec::new();
    let running = OLD.replacen("\"status\": \"success\"", "\"status\": \"executing\"", 1);
    fs::write(&source.path, running).expect("a writable folder");
    let cut = GeminiCli.cut(source, None, &Limits::default(), &mut check::Kept(&mut first)).expect("a document");
    assert_eq!((cut.cursor.records, rows::waits(&cut.cursor)), (1, true));
    fs::write(&source.path, OLD).expect("a writable folder");
    let mut second = Vec::new();
    let cut = GeminiCli
        .cut(source, Some(&cut.cursor), &Limits::default(), &mut check::Kept(&mut second))
        .expect("a document");
    assert_eq!((cut.cursor.records, cut.restarted, second.len()), (5, false, 4));
    assert!(first.iter().chain(&second).all(|(_, bytes)| !bytes[..bytes.len() - 1].contains(&b'\n')));
}

#[test]
fn damage_is_no_danger() {
    let home = home();
    for session in check::sessions(&GeminiCli, &check::environment(home.path())) {
        check::assert_robust(&GeminiCli, &session.source, &session.records);
    }
}

#[test]
fn the_projects_path_is_found_by_its_hash() {
    let Some(home) = check::samples("gemini/home") else { return };
    let mut cwds: Vec<_> = check::sessions(&GeminiCli, &check::environment(&home))
        .into_iter()
        .map(|session| (session.source.native_id, session.facts.cwd))
        .collect();
    cwds.sort();
    let of = |id: &str, cwd: Option<&str>| (id.to_owned(), cwd.map(str::to_owned));
    let project = "/Users/jnarowski/Dev/playground/src/test-project";
    let temporary = "/private/tmp/gemini-test";
    assert_eq!(
        cwds,
        [
            of("359abdd0", Some(temporary)),
            of("981c87cb", Some(project)),
            of("9c9a14e1", Some(temporary)),
            of("a63242d9", Some(temporary))
        ]
    );
}

#[test]
fn the_samples_are_read() {
    for sample in ["gemini/home", "gemini/home-0.61.0"] {
        let Some(home) = check::samples(sample) else { continue };
        for session in check::sessions(&GeminiCli, &check::environment(&home)) {
            assert_eq!(session.derived.problems, [], "{}", session.source.path.display());
        }
    }
}
