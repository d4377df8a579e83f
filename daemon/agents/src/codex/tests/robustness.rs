//! Whatever a record holds, nothing panics; and wherever a session is put down, it is taken up as if it never was.

use std::fmt::Write as _;

use proptest::prelude::*;
use serde_json::Value;

use super::{A, B, C, D, derive, derive_with, deriver, records_of};
use crate::SourceKind::{self, Document, Lines};

const ALL: [(SourceKind, &str); 4] = [(Document, A), (Lines, B), (Lines, C), (Lines, D)];

/// Derives with the state put down and taken up after every record, and compares with a single run.
pub(super) fn assert_resumable(kind: SourceKind, bytes: &[u8]) {
    let (whole, whole_deriver) = derive(kind, bytes);
    let mut pieces = crate::Derived::default();
    let mut state: Option<Vec<u8>> = None;
    for (number, record) in (1..).zip(records_of(kind, bytes)) {
        let mut deriver = deriver(kind, state.as_deref());
        let derived = derive_with(&mut *deriver, &[record], number);
        pieces.events.extend(derived.events);
        pieces.problems.extend(derived.problems);
        let put_down = deriver.state();
        assert!(put_down.len() < 24 << 10, "a state of {} bytes", put_down.len());
        state = Some(put_down);
    }
    assert_eq!(pieces, whole);
    assert_eq!(deriver(kind, state.as_deref()).facts(), whole_deriver.facts());
}

#[test]
fn a_session_is_taken_up_after_any_record() {
    for (kind, text) in ALL {
        assert_resumable(kind, text.as_bytes());
    }
}

#[test]
fn a_state_of_another_version_is_refused() {
    let source = super::source(Lines);
    for state in [&b""[..], b"{}", b"{\"version\":99}", b"[1", b"{\"version\":1,\"calls\":7}"] {
        let refused = crate::Agent::deriver(&super::Codex, &source, Some(state)).err();
        assert!(refused.is_some(), "{}", String::from_utf8_lossy(state));
    }
}

#[test]
fn the_state_stays_small() {
    let mut text = String::new();
    for number in 0..3000 {
        let call = serde_json::json!({"type": "response_item", "payload": {"type": "function_call",
            "name": format!("a_tool_with_a_rather_long_name_{}", "x".repeat(200)), "arguments": "{}", "call_id": format!("call_{number}")}});
        let said = serde_json::json!({"type": "event_msg", "payload": {"type": "agent_message", "message": format!("{number}")}});
        writeln!(text, "{call}\n{said}").expect("writing to a string cannot fail");
    }
    let (_, deriver) = derive(Lines, text.as_bytes());
    let bytes = deriver.state().len();
    assert!(bytes < 24 << 10, "{bytes} bytes");
}

#[test]
fn a_line_cut_off_anywhere_is_a_problem_and_no_more() {
    for (kind, text) in ALL {
        for record in records_of(kind, text.as_bytes()) {
            for end in 0..record.len().min(6000) {
                let (derived, _) = derive(kind, &record[..end]);
                let object = record[..end].trim_ascii();
                if !object.is_empty() && object != record.trim_ascii() {
                    assert_eq!(derived.problems.len(), 1, "{}", String::from_utf8_lossy(&record[..end]));
                }
            }
        }
    }
}

#[test]
fn a_damaged_line_does_not_hurt_the_others() {
    let (whole, _) = derive(Lines, C.as_bytes());
    let mut text: Vec<&str> = C.split_inclusive('\n').collect();
    text.insert(10, "{\"timestamp\":\"2026\",\"type\":\n");
    text.insert(12, "\u{0}\u{0}\u{0}\n");
    let (derived, _) = derive(Lines, text.concat().as_bytes());
    assert_eq!(derived.events, whole.events);
    assert_eq!(derived.problems.iter().map(|problem| problem.record).collect::<Vec<_>>(), [11, 13]);
}

#[test]
fn two_objects_on_one_line_are_both_read() {
    let (whole, _) = derive(Lines, C.as_bytes());
    let mut glued = C.to_owned();
    glued.retain(|character| character != '\n');
    let (derived, _) = derive(Lines, glued.as_bytes());
    // Twins are told apart by records; nothing here lies so far away that it matters.
    assert_eq!(derived, whole);
}

#[test]
fn invalid_utf8_is_reported_and_read_all_the_same() {
    let mut line = br#"{"type":"event_msg","payload":{"type":"user_message","message":"a"#.to_vec();
    line.push(0xff);
    line.extend_from_slice(b"b\"}}\n");
    let (derived, _) = derive(Lines, &line);
    assert_eq!(derived.problems.len(), 1);
    insta::assert_snapshot!(super::shown(&derived.events), @r#"
    286ca89e6577cfc9 human "a�b"
    "#);
}

#[test]
fn deep_nesting_is_no_danger() {
    for open in ["[", "{\"a\":"] {
        let deep = open.repeat(200_000);
        let arguments = serde_json::to_string(&deep).expect("a string");
        for line in [
            deep.clone(),
            format!(
                r#"{{"type":"response_item","payload":{{"type":"function_call","name":"x","arguments":{arguments}}}}}"#
            ),
            format!(r#"{{"type":"event_msg","payload":{{"type":"item_completed","item":{deep}"#),
            format!(r#"{{"type":"event_msg","payload":{{"type":"patch_apply_end","changes":{deep}"#),
            r#"{"type":"event_msg","payload":"#.to_owned() + &r#"{"item":"#.repeat(100_000),
        ] {
            let (derived, _) = derive(Lines, line.as_bytes());
            assert!(derived.events.len() <= 1);
        }
    }
}

/// As deep as the parser goes, on a stack on which a frame for each level has no room.
#[test]
fn payloads_within_payloads_take_no_stack() {
    let deep = r#"{"type":"item_completed","item":"#.repeat(120) + "1" + &"}".repeat(120);
    let line = format!(r#"{{"type":"event_msg","payload":{deep}}}"#);
    let reading = std::thread::Builder::new().stack_size(192 << 10).spawn(move || derive(Lines, line.as_bytes()).0);
    let derived = reading.unwrap().join().unwrap();
    assert_eq!((derived.events, derived.problems), (Vec::new(), Vec::new()));
}

/// Every value that stands in `value`, replaced by `other`, one at a time.
fn replaced(value: &Value, other: &Value, found: &mut dyn FnMut(Value)) {
    found(other.clone());
    match value {
        Value::Array(elements) => {
            for (at, element) in elements.iter().enumerate() {
                replaced(element, other, &mut |inner| {
                    let mut copy = elements.clone();
                    copy[at] = inner;
                    found(Value::Array(copy));
                });
            }
        }
        Value::Object(fields) => {
            for (name, field) in fields {
                replaced(field, other, &mut |inner| {
                    let mut copy = fields.clone();
                    copy.insert(name.clone(), inner);
                    found(Value::Object(copy));
                });
            }
        }
        _ => {}
    }
}

#[test]
fn a_value_of_another_type_anywhere_is_no_danger() {
    let others = [
        Value::Null,
        7.into(),
        (-1.5).into(),
        true.into(),
        "".into(),
        "\u{fffd}한".into(),
        serde_json::json!([]),
        serde_json::json!([[], {}, null, "x"]),
        serde_json::json!({}),
        serde_json::json!({"type": 7, "text": []}),
    ];
    for (kind, text) in ALL {
        for record in records_of(kind, text.as_bytes()) {
            let value: Value = serde_json::from_slice(record).expect("a fixture is JSON");
            for other in &others {
                replaced(&value, other, &mut |changed| {
                    let (derived, deriver) = derive(kind, changed.to_string().as_bytes());
                    assert!(derived.problems.len() <= 20);
                    deriver.state();
                });
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn flipped_bits_are_no_danger(
        which in 0_usize..4,
        flips in proptest::collection::vec((any::<prop::sample::Index>(), 0_u8..8), 1..40),
    ) {
        let (kind, text) = ALL[which];
        let mut bytes = text.as_bytes().to_vec();
        for (at, bit) in flips {
            let at = at.index(bytes.len());
            bytes[at] ^= 1 << bit;
        }
        derive(kind, &bytes);
        assert_resumable(kind, &bytes);
    }

    #[test]
    fn lines_in_any_order_are_no_danger(order in proptest::collection::vec((0_usize..3, any::<prop::sample::Index>()), 0..120)) {
        let lines: Vec<Vec<&str>> = [B, C, D].iter().map(|text| text.split_inclusive('\n').collect()).collect();
        let text: String = order.iter().map(|(file, line)| lines[*file][line.index(lines[*file].len())]).collect();
        assert_resumable(Lines, text.as_bytes());
    }
}
