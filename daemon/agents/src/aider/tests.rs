//! Logs of several versions, whole and while they grow.

use std::{collections::BTreeMap, fs, path::Path};

use opensession_hail::{Body, Role};

use super::*;
use crate::{Derived, Environment, Limits, Record, check};

const LOG_TEXT: &str = include_str!("tests/log.md");
const INPUTS: &str = "\n# 2025-05-04 17:06:57.158813\n+fix the **login** bug\n+\n+and say why\n\n\
                      # 2025-05-04 17:08:00.000001\n+!ls\n# 2025-05-05 09:01:00.5\n+hello\n";

fn environment(project: &Path) -> Environment {
    Environment { projects: vec![project.to_owned()], ..check::environment(project) }
}

/// A folder `project` with the log in it.
fn project(log: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let project = folder.path().join("project");
    fs::create_dir(&project).unwrap();
    fs::write(project.join(LOG), log).unwrap();
    (folder, project)
}

/// Derives from the lines of a section, its side record before.
fn derive(text: &str, length: Option<usize>) -> (Derived, crate::Facts) {
    let mut deriver = derive::Section::new(Some("/r".to_owned()), None).unwrap();
    let mut derived = Derived::default();
    let side = serde_json::json!({ "zone": "Europe/Berlin", "length": length, "inputs": [] }).to_string();
    deriver.derive(&record(Some("section"), 0, side.as_bytes()), &mut derived);
    let mut position = 0;
    for line in text.as_bytes().split_inclusive(|byte| *byte == b'\n') {
        deriver.derive(&record(None, position, line), &mut derived);
        position += line.len() as u64;
    }
    (derived, deriver.facts().clone())
}

fn record<'a>(side: Option<&'a str>, position: u64, bytes: &'a [u8]) -> Record<'a> {
    Record { side, session: None, position, number: 1, bytes }
}

#[test]
fn a_log_of_three_sessions() {
    let (_folder, project) = project(LOG_TEXT);
    fs::write(project.join(".aider.input.history"), INPUTS).unwrap();
    let mut sessions = check::sessions(&Aider, &environment(&project));
    let mut shown = String::new();
    for session in &mut sessions {
        // The zone is this machine's; what is told in local time is looked at without it.
        session.records[0].1 = serde_json::to_vec(&serde_json::json!({
            "zone": "Europe/Berlin",
            "length": session.records.iter().skip(1).map(|record| record.1.len()).sum::<usize>(),
            "inputs": serde_json::from_slice::<serde_json::Value>(&session.records[0].1).unwrap()["inputs"],
        }))
        .unwrap();
        let (derived, mut facts) = check::derive(&Aider, &session.source, &session.records);
        assert_eq!(derived.problems, []);
        assert_eq!(facts.cwd.take(), Some(project.to_string_lossy().into_owned()));
        facts.last_cwd = None;
        let id = &session.source.native_id;
        shown.push_str(&format!("{id}\n{}{}\n", check::shown(&derived.events), serde_json::to_string(&facts).unwrap()));
    }
    insta::assert_snapshot!(shown);
    let source = &sessions[0];
    check::assert_robust(&Aider, &source.source, &source.records);
}

#[test]
fn a_log_whose_trailing_blanks_were_taken_out() {
    let text = "# aider chat started at 2024-08-20 14:08:19\n\n> Aider v0.50.1\n> Models: claude-3-5-sonnet with ♾️ diff edit format, weak model x\n\
                > Use /help <question> for help\n\n#### /add a.md\n\n> Added a.md to the chat\n\n#### go\n\n> Something was scanned.\n\n\
                Reply.\n\n> quoted\n\n#### Heading or prompt\n\nMore.\n\n> Tokens: 1,234 sent, 56 received. Cost: $0.01 message, $0.01 session.\n";
    let (derived, facts) = derive(text, Some(text.len()));
    insta::assert_snapshot!(check::shown(&derived.events));
    assert_eq!(facts.started.unwrap().to_string(), "2024-08-20T12:08:19Z");
    assert_eq!(facts.agent_version.as_deref(), Some("0.50.1"));
}

#[test]
fn the_last_reply_is_told_once_nothing_more_will_come() {
    let text = "# aider chat started at 2025-01-02 03:04:05\n\n> Aider v0.86.1  \n\n#### hi  \n\nHello.\n\n";
    assert_eq!(derive(text, None).0.events.len(), 1);
    assert_eq!(derive(text, Some(text.len())).0.events.len(), 2);
}

#[test]
fn what_is_longer_than_a_state_may_be_comes_in_pieces() {
    let line = "x".repeat(99);
    let text = format!("#### hi  \n\n{}\n> Tokens: 1 sent, 2 received.  \n", format!("{line}\n").repeat(1000));
    let (derived, _) = derive(&text, None);
    let agent = derived.events.iter().filter_map(|event| match &event.body {
        opensession_hail::Body::Message(message) if message.role == opensession_hail::Role::Agent => {
            Some(message.content.text().lines().count())
        }
        _ => None,
    });
    assert_eq!(agent.sum::<usize>(), 1000);
}

#[test]
fn edits_of_a_long_reply_are_whole() {
    let block =
        |path: &str, old: &str| format!("{path}\n```\n<<<<<<< SEARCH\n{old}\n=======\nnew\n>>>>>>> REPLACE\n```\n\n");
    // The second block stands where the first piece must end.
    let words = "words\n".repeat(4990);
    let second = block("b.py", &format!("{}\n> quoted  \n", "x\n".repeat(60)));
    let reply = format!("{}{words}\n{second}{}", block("a.py", "old"), "y".repeat(70_000));
    let text = format!(
        "#### hi  \n\n{reply}\n\n> Tokens: 1 sent, 2 received.  \n> Applied edit to a.py  \n> Applied edit to b.py  \n"
    );
    let (derived, _) = derive(&text, None);
    let mut told = String::new();
    let mut edits = Vec::new();
    for event in &derived.events {
        match &event.body {
            Body::Message(message) if message.role == Role::Agent => told += &message.content.text(),
            Body::Edit(edit) => edits.push((edit.path.as_str(), edit.removed)),
            _ => {}
        }
    }
    let letters = |text: &str| text.split_whitespace().collect::<String>();
    assert!(letters(&told) == letters(&reply), "nothing is left out");
    assert_eq!(edits, [("a.py", Some(1)), ("b.py", Some(63))]);
}

#[test]
fn a_long_prompt_is_one_turn() {
    let text = format!("{}\n\nHello.\n\n> Tokens: 1 sent, 2 received.  \n", "#### /ask why  \n".repeat(5000));
    let (derived, facts) = derive(&text, None);
    let human =
        |event: &&opensession_hail::Event| matches!(&event.body, Body::Message(message) if message.role == Role::Human);
    let text: usize = derived
        .events
        .iter()
        .filter(human)
        .map(|event| match &event.body {
            Body::Message(message) => message.content.text().lines().count(),
            _ => 0,
        })
        .sum();
    assert_eq!(text, 5000);
    assert!(facts.first_prompt.expect("a prompt").starts_with("why"));
}

/// What a log tells, an event a line: who said something, or what was edited.
fn told(log: &str) -> Vec<String> {
    let (derived, _) = derive(log, Some(log.len()));
    let told = derived.events.iter().filter_map(|event| match &event.body {
        Body::Message(message) => Some(format!("{:?}: {}", message.role, message.content.text())),
        Body::Edit(edit) => Some(format!("{:?} {} {:?}", edit.operation, edit.path, edit.added)),
        _ => None,
    });
    told.collect()
}

#[test]
fn what_is_asked_with_a_command_is_told_once() {
    let log = "#### /ask why is it slow?  \n\n#### why is it slow?  \n\nIt sleeps.\n\n> Tokens: 1 sent, 2 received.  \n\n\
               #### why is it slow?  \n\nAs before.\n\n> Tokens: 1 sent, 2 received.  \n";
    assert_eq!(
        told(log),
        ["Human: /ask why is it slow?", "Agent: It sleeps.", "Human: why is it slow?", "Agent: As before."]
    );
    // Where the program does not write it again, the same words after the reply were typed.
    let log = log.replacen("#### why is it slow?  \n\nIt", "It", 1);
    assert_eq!(
        told(&log),
        ["Human: /ask why is it slow?", "Agent: It sleeps.", "Human: why is it slow?", "Agent: As before."]
    );
}

#[test]
fn prompts_of_the_program_are_nobody_s_words() {
    let log = "#### /help how do I undo  \n\n#### # Question: how do I undo  \n####   \n#### # Relevant docs:  \n#### <doc>x</doc>  \n\n\
               With /undo.\n\n> Tokens: 1 sent, 2 received.  \n";
    let roles: Vec<String> = told(log).iter().filter_map(|line| Some(line.split_once(':')?.0.to_owned())).collect();
    assert_eq!(roles, ["Human", "System", "Agent"]);

    let plan = "Put the lock around both reads, and release it before the file is written again.";
    let log = format!(
        "#### Fix the lock  \n\n{plan}\n\nThen test.\n\n> Tokens: 1 sent, 2 received.  \n> Edit the files? (Y)es/(N)o [Yes]: y  \n\n\
         #### {plan}  \n####   \n#### Then test.  \n\nDone.\n\n> Tokens: 1 sent, 2 received.  \n"
    );
    let humans: Vec<String> = told(&log).into_iter().filter(|line| line.starts_with("Human")).collect();
    assert_eq!(humans, ["Human: Fix the lock"]);
}

#[test]
fn a_prompt_with_empty_lines_between_its_own_is_one() {
    let log = "> Aider v0.50.1\n\n#### /add a.md\n\n> Added a.md to the chat\n\n#### the first line\n\n#### the second line\n\n\
               I answer.\n\n#### A heading\n\nWith words.\n\n> Tokens: 1 sent, 2 received.\n\n#### next\n\nYes.\n";
    let told = told(log);
    let humans: Vec<&String> = told.iter().filter(|line| line.starts_with("Human")).collect();
    assert_eq!(humans, ["Human: the first line\nthe second line", "Human: next"]);
    assert!(told.iter().any(|line| line.starts_with("Agent: I answer.") && line.ends_with("With words.")));
}

#[test]
fn what_is_said_before_an_edit_is_told_before_it() {
    let log = "#### go  \n\nYes.\n\n> Tokens: 1 sent, 2 received.  \n> Committing a.py before applying edits.  \n\
               > Commit 1a2b3c4 mine  \n> Applied edit to a.py  \n> Commit 5d6e7f8 feat: yours  \n\n#### /quit  \n";
    assert_eq!(
        told(log)[2..],
        [
            "System: Committing a.py before applying edits.\nCommit 1a2b3c4 mine",
            "Update a.py None",
            "System: Commit 5d6e7f8 feat: yours",
            "System: /quit"
        ]
    );
}

#[test]
fn the_output_of_a_command_goes_on_to_its_end() {
    let log = "#### /test pytest  \n> === test session starts ===\ntests/a.py F\n\n    \"\"\"First.\n    \n    More.\n    \"\"\"\n\
               >   raise Error\nE   Error\n=== 1 failed, 2 passed in 0.1s ===  \n\nI will mend it.\n\n> Tokens: 1 sent, 2 received.  \n";
    let (derived, _) = derive(log, Some(log.len()));
    let output = derived.events.iter().find_map(|event| match &event.body {
        Body::ToolResult(result) => Some(result.content.text()),
        _ => None,
    });
    assert!(output.expect("an output").ends_with("=== 1 failed, 2 passed in 0.1s ==="));
    assert_eq!(told(log), ["Agent: I will mend it."]);
}

#[test]
fn a_file_is_made_once() {
    let block =
        |old: &str, new: &str| format!("a.py\n```\n<<<<<<< SEARCH\n{old}=======\n{new}>>>>>>> REPLACE\n```\n\n");
    let log = format!(
        "#### write it  \n\n{}> Tokens: 1 sent, 2 received.  \n\na.py  \n\n> Create new file? (Y)es/(N)o [Yes]: y  \n\
         > Applied edit to a.py  \n\n{}> Tokens: 1 sent, 2 received.  \n> Applied edit to a.py  \n",
        block("", "one\ntwo\n"),
        block("two\n", "three\n")
    )
    .replace("\na.py  \n\n> Create", "> a.py  \n> Create");
    let edits: Vec<String> = told(&log).into_iter().filter(|line| line.contains(" a.py ")).collect();
    assert_eq!(edits, ["Create a.py Some(2)", "Update a.py Some(1)"]);
}

#[test]
fn a_session_that_goes_on() {
    let (_folder, project) = project("# aider chat started at 2025-01-02 03:04:05\n\n#### one  \n\nFirst.\n\n");
    let log = project.join(LOG);
    let listed = |log: &Path| {
        let mut sources = Vec::new();
        let listing = Aider.sources_in(log, None, &mut |source| sources.push(source)).unwrap();
        assert!(listing.whole);
        sources
    };
    let first = listed(&log).remove(0);
    let mut lines = Lines::default();
    let begun = Aider.cut(&first, None, &Limits::default(), &mut lines).unwrap();
    assert_eq!((lines.0.len(), begun.more), (1 + 6, false));

    fs::write(&log, fs::read_to_string(&log).unwrap() + "> Tokens: 1 sent, 2 rec").unwrap();
    let torn = Aider.cut(&listed(&log).remove(0), Some(&begun.cursor), &Limits::default(), &mut lines).unwrap();
    assert_eq!((lines.0.len(), torn.restarted), (7, false));

    let text =
        fs::read_to_string(&log).unwrap() + "eived.  \n\n# aider chat started at 2025-01-03 00:00:00\n\n#### two  \n\n";
    fs::write(&log, &text).unwrap();
    let sources = listed(&log);
    assert_eq!(sources.len(), 2);
    assert_ne!(sources[0].version, first.version);
    let ended = Aider.cut(&sources[0], Some(&torn.cursor), &Limits::default(), &mut lines).unwrap();
    assert_eq!((lines.0.len(), ended.restarted), (7 + 1 + 2, false));
    let whole: String = lines.0.iter().filter(|line| !line.starts_with('{')).cloned().collect();
    assert_eq!(whole, text[..text.find("# aider chat started at 2025-01-03").unwrap()]);

    // The first session is gone: what was the second one is read on where it now lies.
    let mut lines = Lines::default();
    let second = Aider.cut(&sources[1], None, &Limits::default(), &mut lines).unwrap();
    fs::write(&log, &text[text.find("# aider chat started at 2025-01-03").unwrap()..]).unwrap();
    let moved = Aider.cut(&listed(&log).remove(0), Some(&second.cursor), &Limits::default(), &mut lines).unwrap();
    assert!(!moved.restarted);
    assert!(matches!(Aider.cut(&sources[0], None, &Limits::default(), &mut lines), Err(CutError::Gone)));
    fs::write(&log, text.replace("two", "six").split_at(text.find("# aider chat started at 2025-01-03").unwrap()).1)
        .unwrap();
    let other = Aider.cut(&listed(&log).remove(0), Some(&moved.cursor), &Limits::default(), &mut lines).unwrap();
    assert!(other.restarted);
}

#[derive(Default)]
struct Lines(Vec<String>);

impl crate::Sink for Lines {
    fn record(&mut self, record: Record<'_>) {
        self.0.push(String::from_utf8(record.bytes.to_vec()).unwrap());
    }
    fn oversize(&mut self, _: Record<'_>, _: bool) {
        panic!("no line is that long");
    }
}

#[test]
fn logs_at_places_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path();
    let project = home.join("project");
    fs::create_dir(&project).unwrap();
    fs::write(home.join("all.md"), LOG_TEXT).unwrap();
    fs::write(project.join("own.md"), LOG_TEXT).unwrap();
    fs::write(project.join(".aider.conf.yml"), "model: x\nchat-history-file: 'own.md' # here\n").unwrap();
    let environment = Environment {
        variables: BTreeMap::from([("AIDER_CHAT_HISTORY_FILE".to_owned(), "~/all.md".to_owned())]),
        projects: vec![project.clone()],
        ..check::environment(home)
    };
    let roots: Vec<PathBuf> = Aider.roots(&environment).into_iter().map(|root| root.path).collect();
    assert_eq!(roots, [project.clone(), home.join("all.md"), project.join("own.md")]);
    assert_eq!(check::sources(&Aider, &environment).len(), 4);
}

#[test]
fn every_sample_can_be_taken_up_anywhere() {
    let Some(samples) = check::samples("aider") else { return };
    for entry in fs::read_dir(samples).unwrap() {
        for session in check::sessions(&Aider, &environment(&entry.unwrap().path())) {
            assert_eq!(session.derived.problems, []);
            assert!(!session.derived.events.is_empty(), "{}", session.source.native_id);
        }
    }
}
