//! Whatever a record holds, nothing panics; and wherever a session is put down, it is taken up as if it never was.

use std::{env, fmt::Write, fs, path::Path};

use proptest::prelude::*;

use super::{SESSION, derive, derive_with, deriver_of, source};
use crate::{Agent, Derived, claude_code::ClaudeCode};

/// Reads `bytes` in pieces that end after the records in `cuts`, with nothing but the state in between.
fn derive_in_pieces(bytes: &[u8], is_cut: impl Fn(u64) -> bool) -> (Derived, crate::Facts, usize) {
    let mut derived = Derived::default();
    let mut deriver = deriver_of(&source(), None);
    let (mut position, mut largest) = (0, 0);
    for (number, line) in (1..).zip(bytes.split_inclusive(|&byte| byte == b'\n')) {
        let record = crate::Record { side: None, session: None, position, number, bytes: line };
        deriver.derive(&record, &mut derived);
        position += line.len() as u64;
        if is_cut(number) {
            let state = deriver.state();
            largest = largest.max(state.len());
            deriver = deriver_of(&source(), Some(&state));
        }
    }
    (derived, deriver.facts().clone(), largest)
}

#[test]
fn a_session_is_taken_up_after_any_record() {
    let (whole, facts) = derive(SESSION.as_bytes());
    let (pieces, facts_of_pieces, _) = derive_in_pieces(SESSION.as_bytes(), |_| true);
    assert_eq!(pieces, whole);
    assert_eq!(facts_of_pieces, facts);
}

#[test]
fn samples_are_taken_up_after_any_record() {
    let Some(corpus) = corpus() else { return };
    let mut samples = 0;
    each_transcript(&corpus.join("claude-code"), &mut |path| {
        let bytes = fs::read(path).unwrap();
        let (whole, facts) = derive(&bytes);
        let (pieces, facts_of_pieces, largest) = derive_in_pieces(&bytes, |number| number % 3 == 0);
        assert!(pieces == whole, "{}", path.display());
        assert_eq!(facts_of_pieces, facts, "{}", path.display());
        assert!(largest < 64 << 10, "a state of {largest} bytes: {}", path.display());
        samples += 1;
    });
    assert!(samples > 0);
}

fn corpus() -> Option<std::path::PathBuf> {
    let folder = env::var_os("OPENSESSION_CORPUS").map(Into::into).or_else(|| {
        let mut above = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
        Some(above.find(|path| path.join("Cargo.lock").exists())?.join("../shared/corpus"))
    });
    let found = folder.filter(|folder| folder.is_dir());
    if found.is_none() {
        println!("skipped: no folder of samples");
    }
    found
}

fn each_transcript(folder: &Path, with: &mut dyn FnMut(&Path)) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            each_transcript(&path, with);
        } else if path.extension().is_some_and(|extension| extension == "jsonl") {
            with(&path);
        }
    }
}

#[test]
fn a_state_of_another_version_is_refused() {
    for state in [&b""[..], b"{}", b"{\"version\":99}", b"[1", b"{\"version\":1,\"calls\":7}"] {
        assert!(ClaudeCode.deriver(&source(), Some(state)).is_err(), "{}", String::from_utf8_lossy(state));
    }
}

#[test]
fn a_record_cut_off_anywhere_is_a_problem_and_no_more() {
    for line in SESSION.lines() {
        for end in (1..line.len()).filter(|&end| line.is_char_boundary(end)) {
            let (derived, _) = derive(&line.as_bytes()[..end]);
            assert_eq!(derived.problems.len(), 1, "{}", &line[..end]);
            assert_eq!(derived.events, [], "{}", &line[..end]);
        }
    }
}

#[test]
fn depth_is_no_danger() {
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let deep = format!("{}1{}", open.repeat(200_000), close.repeat(200_000));
        for place in ["content", "input", "toolUseResult", "data", "message", "uuid"] {
            let line = format!(
                r#"{{"type":"assistant","{place}":{deep},"message":{{"content":[{{"type":"tool_use","id":"t","name":"X","{place}":{deep}}}]}}}}"#
            );
            let (derived, _) = derive(line.as_bytes());
            assert_eq!(derived.problems, []);
            assert_eq!(derived.events.len(), 1);
        }
        assert_eq!(derive(open.repeat(100_000).as_bytes()).0.problems.len(), 1);
    }
}

#[test]
fn progress_within_progress_is_read_once() {
    let mut line = r#"{"type":"user","message":{"role":"user","content":"x"}}"#.to_owned();
    for _ in 0..1000 {
        line = format!(r#"{{"type":"progress","data":{{"type":"agent_progress","agentId":"a","message":{line}}}}}"#);
    }
    assert_eq!(derive(line.as_bytes()).0, Derived::default());
}

#[test]
fn lists_are_bounded() {
    let mut text = String::new();
    for number in 0..3000 {
        let name = "n".repeat(100);
        write!(
            text,
            r#"{{"type":"queue-operation","operation":"enqueue","content":"prompt {number}"}}
{{"type":"summary","summary":"title {number}","leafUuid":"leaf-{number}"}}
{{"type":"pr-link","prUrl":"https://example.com/{number}"}}
{{"type":"assistant","uuid":"a{number}","message":{{"model":"m","id":"msg_{number}","usage":{{"output_tokens":1}},"content":[{{"type":"tool_use","id":"call_{number}","name":"Write","input":{{"file_path":"/x","content":"{name}"}}}},{{"type":"tool_use","id":"task_{number}","name":"TaskCreate","input":{{"subject":"s{number}"}}}}]}}}}
{{"type":"user","message":{{"role":"user","content":[{{"type":"tool_result","tool_use_id":"task_{number}","content":"Task #{number} created"}}]}}}}
"#
        )
        .unwrap();
    }
    let mut deriver = deriver_of(&source(), None);
    derive_with(&mut *deriver, text.as_bytes(), 1);
    let bytes = deriver.state().len();
    assert!(bytes < 150 << 10, "{bytes} bytes");
    assert_eq!(deriver.facts().leaves.len(), 16);
    assert_eq!(deriver.facts().titles_elsewhere.len(), 64);
}

/// A value of the wrong kind for nearly every field.
fn wrong() -> impl Strategy<Value = &'static str> {
    proptest::sample::select(
        &[
            "null",
            "true",
            "-1",
            "1e999",
            "0.5",
            "\"\"",
            "\"\\ud800\"",
            "\"\\x\"",
            "[]",
            "[null]",
            "[[]]",
            "{}",
            "[{}]",
            "\"text\"",
            "{\"type\":7}",
            "[{\"type\":\"tool_result\"}]",
            "99999999999999999999999",
        ][..],
    )
}

proptest! {
    #[test]
    fn flipped_bits_do_not_panic(line in 0_usize..90, flips in proptest::collection::vec((any::<usize>(), 0_u32..8), 1..6)) {
        let lines: Vec<&str> = SESSION.split_inclusive('\n').collect();
        let mut bytes = lines[line % lines.len()].as_bytes().to_vec();
        for (at, bit) in flips {
            let at = at % bytes.len();
            bytes[at] ^= 1 << bit;
        }
        derive(&bytes);
    }

    #[test]
    fn wrong_types_are_no_problem(line in 0_usize..90, at in any::<usize>(), wrong in wrong()) {
        let lines: Vec<&str> = SESSION.lines().collect();
        let line = lines[line % lines.len()];
        let colons: Vec<usize> = line.match_indices("\":").map(|(at, _)| at + 2).collect();
        let begin = colons[at % colons.len()];
        let mut skim = crate::claude_code::skim::Skim::new(line, begin);
        // A colon inside a string is no place for a value.
        if skim.value().is_ok() {
            let text = format!("{}{wrong}{}", &line[..begin], &line[skim.at()..]);
            derive(text.as_bytes());
        }
    }

    #[test]
    fn strings_are_read_as_serde_reads_them(text in any::<String>()) {
        let json = serde_json::to_string(&text).unwrap();
        prop_assert_eq!(crate::claude_code::skim::text(&json).unwrap(), text.clone());
        let mut json = "\"".to_owned();
        for unit in text.encode_utf16() {
            write!(json, "\\u{unit:04x}").unwrap();
        }
        json.push('"');
        prop_assert_eq!(crate::claude_code::skim::text(&json).unwrap(), text);
    }

    #[test]
    fn a_session_is_taken_up_anywhere(cuts in proptest::collection::vec(any::<bool>(), 100)) {
        let (whole, facts) = derive(SESSION.as_bytes());
        let (pieces, facts_of_pieces, _) =
            derive_in_pieces(SESSION.as_bytes(), |number| cuts[number as usize % cuts.len()]);
        prop_assert_eq!(pieces, whole);
        prop_assert_eq!(facts_of_pieces, facts);
    }
}
