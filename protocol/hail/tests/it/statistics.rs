use opensession_hail::Event;
use opensession_hail::statistics::{
    FileStatistics, MAX_FILES, MAX_RESPONSES, MAX_SLOTS, SLOT_SECONDS, Statistics, Tokens, Work,
};
use proptest::prelude::*;

fn events(lines: &str) -> Vec<Event> {
    lines
        .lines()
        .filter(|line| !line.trim().is_empty())
        .map(|line| Event::from_json(line.as_bytes()).unwrap())
        .collect()
}

fn statistics(lines: &str) -> Statistics {
    let mut statistics = Statistics::default();
    for event in events(lines) {
        statistics.add(&event);
    }
    statistics
}

const SESSION: &str = r#"
{"role":"human","content":"go","ts":"2025-01-01T10:00:00Z"}
{"role":"system","content":"reminder"}
{"role":"agent","content":"ok","ts":"2025-01-01T10:01:00Z"}
{"type":"command","call_id":"1","name":"Bash","command":"make","ts":"2025-01-01T10:01:00.500Z"}
{"type":"tool_result","call_id":"1","status":"error","exit_code":2,"content":"no","ts":"2025-01-01T10:03:00Z"}
{"type":"tool_result","call_id":"2","status":"rejected"}
{"role":"human","content":"task","subagent":"a","ts":"2025-01-01T10:02:00Z"}
{"role":"agent","content":"done","subagent":"a"}
{"type":"tool_call","name":"Edit","input":{},"subagent":"a","ts":"2025-01-01T11:00:00Z"}
{"type":"file_edit","path":"a.rs","diff":"@@ -1,2 +1,2 @@\n a\n-b\n+c\n+d\n","subagent":"a"}
{"type":"file_edit","path":"b.rs","operation":"create","added":7,"removed":0,"diff":"@@\n+x\n"}
{"type":"file_edit","path":"a.rs","operation":"rename","to":"c.rs","removed":1}
{"type":"usage","message_id":"m1","input":10,"output":1,"cache_read":100,"cost":0.25}
{"type":"usage","message_id":"m1","input":10,"output":50,"cache_read":100,"reasoning":5,"cost":0.5}
{"type":"usage","message_id":"m2","input":1,"output":1,"subagent":"a"}
{"type":"usage","message_id":"m1","input":10,"output":50}
{"type":"usage","input":1,"output":1}
{"type":"usage","input":1,"output":1,"ts":"2025-01-01T11:05:00Z"}
{"role":"human","content":"bye","ts":"2025-01-01T11:10:00.001Z"}
{"type":"hologram"}
"#;

#[test]
fn a_session_adds_up() {
    let statistics = statistics(SESSION);
    insta::assert_snapshot!(serde_json::to_string_pretty(&statistics).unwrap(), @r#"
    {
      "turns": 2,
      "agent_messages": 1,
      "calls": 2,
      "results": 2,
      "errors": 1,
      "edits": 3,
      "added": 9,
      "removed": 2,
      "files": {
        "b.rs": {
          "edits": 1,
          "added": 7
        },
        "c.rs": {
          "edits": 2,
          "added": 2,
          "removed": 2
        }
      },
      "tokens": {
        "input": 12,
        "output": 52,
        "cache_read": 100,
        "reasoning": 5
      },
      "subagent_tokens": {
        "input": 1,
        "output": 1
      },
      "cost": 0.5,
      "active_ms": 480000,
      "first": "2025-01-01T10:00:00Z",
      "last": "2025-01-01T11:10:00.001Z",
      "timeline": {
        "models": [
          ""
        ],
        "slots": [
          [
            [
              1735725600,
              0
            ],
            [
              1,
              180000,
              1,
              2,
              1,
              0,
              0,
              0,
              0
            ],
            [
              0,
              0,
              0,
              0,
              0
            ],
            null
          ],
          [
            [
              1735729200,
              0
            ],
            [
              1,
              300000,
              1,
              0,
              0,
              3,
              2,
              9,
              2
            ],
            [
              13,
              53,
              100,
              0,
              5
            ],
            0.5
          ]
        ],
        "hand": [
          1735729200,
          0
        ]
      },
      "responses": [
        [
          624182888590515051,
          [
            10,
            50,
            100,
            0,
            5
          ],
          0.5
        ],
        [
          624183988102143262,
          [
            1,
            1,
            0,
            0,
            0
          ],
          null
        ]
      ]
    }
    "#);
    assert_eq!(statistics.tokens.total(), 10 + 50 + 100 + 4);
}

#[test]
fn work_is_of_the_time_and_the_model_at_which_it_was_done() {
    let statistics = statistics(
        r#"
{"role":"human","content":"go"}
{"role":"agent","content":"ok","model":"opus","ts":"2025-01-01T10:00:00Z"}
{"role":"agent","content":"no answer","model":"<synthetic>","ts":"2025-01-01T10:02:00Z"}
{"type":"usage","message_id":"m1","model":"opus","input":10,"output":1,"cost":0.25,"ts":"2025-01-01T10:03:00Z"}
{"type":"usage","message_id":"m1","model":"opus","input":10,"output":5,"cost":0.5,"ts":"2025-01-01T10:16:00Z"}
{"type":"usage","model":"haiku","input":7,"output":7,"subagent":"a","ts":"2025-01-01T10:16:00Z"}
{"type":"tool_call","name":"Edit","input":{},"ts":"2025-01-01T10:17:00Z"}
{"type":"file_edit","path":"a.rs","added":7,"removed":1,"ts":"2025-01-01T10:17:00Z"}
{"type":"file_edit","path":"a.rs","added":1,"removed":0,"ts":"2025-01-01T10:17:00Z"}
"#,
    );
    assert_eq!(statistics.timeline.models(), ["opus", "haiku"]);
    let slots: Vec<String> = statistics
        .timeline
        .slots()
        .iter()
        .map(|slot| {
            let time = jiff::Timestamp::from_second(slot.start).unwrap();
            let Work { turns, active_ms, calls, edits, files, added, tokens, cost, .. } = &slot.work;
            format!(
                "{time} {}: turns {turns}, active {active_ms}, calls {calls}, edits {edits}, files {files}, added {added}, \
                 tokens {}, cost {cost:?}",
                slot.model,
                tokens.total()
            )
        })
        .collect();
    assert_eq!(
        slots,
        [
            "2025-01-01T10:00:00Z 0: turns 1, active 180000, calls 0, edits 0, files 0, added 0, tokens 11, cost Some(0.25)",
            "2025-01-01T10:15:00Z 0: turns 0, active 60000, calls 1, edits 2, files 1, added 8, tokens 4, cost Some(0.25)",
            "2025-01-01T10:15:00Z 1: turns 0, active 0, calls 0, edits 0, files 0, added 0, tokens 14, cost None",
        ]
    );
}

#[test]
fn a_session_without_figures_has_none() {
    assert_eq!(serde_json::to_string(&statistics("")).unwrap(), "{}");
    assert_eq!(statistics(r#"{"type":"usage","input":1,"output":2}"#).cost, None);
}

#[test]
fn the_state_is_bounded() {
    let mut statistics = Statistics::default();
    for number in 0..MAX_FILES + 5 {
        let line = format!(r#"{{"type":"file_edit","path":"{number}","added":1,"removed":{}}}"#, u64::MAX);
        statistics.add(&Event::from_json(line.as_bytes()).unwrap());
    }
    assert_eq!(statistics.files.len(), MAX_FILES);
    assert_eq!((statistics.edits_of_other_files, statistics.added), (5, MAX_FILES as u64 + 5));
    assert_eq!(statistics.files["0"], FileStatistics { edits: 1, added: 1, removed: u64::MAX });

    let mut statistics = Statistics::default();
    for number in 0..MAX_SLOTS as i64 + 9 {
        let ts = jiff::Timestamp::from_second((number + 1) * SLOT_SECONDS).unwrap();
        let line = format!(r#"{{"role":"human","content":"go","ts":"{ts}"}}"#);
        statistics.add(&Event::from_json(line.as_bytes()).unwrap());
    }
    assert_eq!(statistics.timeline.slots().len(), MAX_SLOTS);
    assert_eq!(statistics.timeline.slots().last().unwrap().work.turns, 10);

    let mut statistics = Statistics::default();
    for number in 0..100_000 {
        let line = format!(
            r#"{{"type":"usage","message_id":"msg_01{number:026}","input":{number},"output":900,"cache_read":123456}}"#
        );
        statistics.add(&Event::from_json(line.as_bytes()).unwrap());
    }
    let state = serde_json::to_string(&statistics).unwrap();
    assert!(state.len() < 64 * MAX_RESPONSES, "{} bytes", state.len());
}

fn any_event() -> impl Strategy<Value = Event> {
    let lines: Vec<String> = SESSION.lines().skip(1).map(str::to_owned).collect();
    (0..lines.len(), 0..4u8, 0..9u64, proptest::option::of(0..2_000_000_000i64)).prop_map(
        move |(line, id, count, ts)| {
            let mut event = Event::from_json(lines[line].as_bytes()).unwrap();
            event.ts = ts.map(|ts| jiff::Timestamp::from_second(ts).unwrap());
            if let opensession_hail::Body::Usage(usage) = &mut event.body {
                usage.message_id = (id > 0).then(|| id.to_string());
                usage.output = count;
            }
            event
        },
    )
}

proptest! {
    #[test]
    fn stopping_in_between_changes_nothing(events in proptest::collection::vec(any_event(), 0..60), stop in 0..60usize) {
        let mut whole = Statistics::default();
        let mut parts = Statistics::default();
        for (number, event) in events.iter().enumerate() {
            whole.add(event);
            if number == stop {
                parts = serde_json::from_str(&serde_json::to_string(&parts).unwrap()).unwrap();
            }
            parts.add(event);
        }
        prop_assert_eq!(&whole, &parts);
        let sum = |of: fn(&Work) -> u64| whole.timeline.slots().iter().map(|slot| of(&slot.work)).sum::<u64>();
        prop_assert_eq!(sum(|work| work.turns), whole.turns);
        prop_assert_eq!(sum(|work| work.active_ms), whole.active_ms);
        prop_assert_eq!(sum(|work| work.calls), whole.calls);
        prop_assert_eq!(sum(|work| work.errors), whole.errors);
        prop_assert_eq!(sum(|work| work.edits), whole.edits);
        prop_assert_eq!(sum(|work| work.tokens.total()), whole.tokens.total() + whole.subagent_tokens.total());
        let order: Vec<_> = whole.timeline.slots().iter().map(|slot| (slot.start, slot.model)).collect();
        prop_assert!(order.is_sorted() && order.iter().all(|(start, _)| start % SLOT_SECONDS == 0));
        if let (Some(first), Some(last)) = (whole.first, whole.last) {
            prop_assert!(whole.active_ms <= last.duration_since(first).as_millis() as u64);
        }
    }

    #[test]
    fn a_response_counts_once_with_its_largest_counts(outputs in proptest::collection::vec(0..1000u64, 1..20)) {
        let mut statistics = Statistics::default();
        for output in &outputs {
            let line = format!(r#"{{"type":"usage","message_id":"m","input":3,"output":{output}}}"#);
            statistics.add(&Event::from_json(line.as_bytes()).unwrap());
        }
        let output = outputs.into_iter().max().unwrap();
        prop_assert_eq!(statistics.tokens, Tokens { input: 3, output, ..Tokens::default() });
    }
}
