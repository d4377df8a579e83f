use insta::assert_snapshot;
use opensession_cli::Exit;
use opensession_protocol::error::{AMBIGUOUS_SESSION, ErrorData, NO_SUCH_SESSION};
use opensession_protocol::{SessionBrief, SessionDetail};
use serde_json::{Value, json};

use super::harness::Run;
use super::samples::{event, events, hostile_session, korean_session, lock_session};

fn detail() -> SessionDetail {
    SessionDetail {
        session: lock_session(),
        resume: Some(vec!["claude".to_owned(), "--resume".to_owned(), lock_session().native_id]),
        resume_cwd: Some("/home/mina/app".to_owned()),
        ..SessionDetail::default()
    }
}

fn page(events: &[Value], next: Option<u32>) -> Value {
    json!({ "session": lock_session().id, "events": events, "next": next, "total": 17 })
}

fn run(run: Run) -> Run {
    run.answer("session/get", detail()).answer("session/events", page(&events(), None))
}

#[test]
fn a_session_with_its_turns_indented() {
    let ended = run(Run::terminal(80)).run("show 4f2a91c7");
    assert!(ended.widest() <= 80);
    assert_snapshot!(ended.shown(), @r"
    session 4f2a91c7  Fix the flaky lock test                                   live
      claude-code, opus-4, app@main, 2026-11-22 12:04 (2h ago), active 38m
      42 turns, 3 files +120 -8, 2 failed calls, 57.3k tokens, $0.42, cargo test ok

    #1 you 14:05  The lock test fails one time in ten. Find out why.
      #4 agent  I read the lock.

        Then I run its test in a loop, with the log kept, until it fails, which
        should take no more than a minute or two.
      #5 Read  src/lock.rs                                                     12 ms
        pub struct Lock;
      #7 Bash  cargo test lock                                           ✗ 101  4.1s
        thread 'main' panicked at src/lock.rs:88
        line 1
        line 2
        line 3
        line 4
        line 5
        … 212 more lines: opensession show 4f2a91c7#7
      #10 edit  src/lock.rs                                                   +14 -3

    #12 you 2026-11-23 10:00  백 번 돌려 봐
      #13 todo  1 of 2 done; now: check the log
      #14 ↳ Explore  Review lock.rs
      #15 Bash  for i in $(seq 100); do …                            ⟳ no output yet
      #16 error  529: overloaded
      #17 summary (auto)  The lock is taken twice.
    --- stderr
    hint: resume it: cd /home/mina/app && claude --resume 0b9c2f7e-1111-2222-3333-444455556666
    --- exit 0
    ");
}

#[test]
fn at_160_and_at_50_columns_and_in_ascii() {
    assert_snapshot!(run(Run::terminal(160)).run("show @").stdout, @r"
    session 4f2a91c7  Fix the flaky lock test                                                                           live
      claude-code, opus-4, app@main, 2026-11-22 12:04 (2h ago), active 38m
      42 turns, 3 files +120 -8, 2 failed calls, 57.3k tokens, $0.42, cargo test ok

    #1 you 14:05  The lock test fails one time in ten. Find out why.
      #4 agent  I read the lock.

        Then I run its test in a loop, with the log kept, until it fails, which should take no more than a minute or two.
      #5 Read  src/lock.rs                                                                                             12 ms
        pub struct Lock;
      #7 Bash  cargo test lock                                                                                   ✗ 101  4.1s
        thread 'main' panicked at src/lock.rs:88
        line 1
        line 2
        line 3
        line 4
        line 5
        … 212 more lines: opensession show 4f2a91c7#7
      #10 edit  src/lock.rs                                                                                           +14 -3

    #12 you 2026-11-23 10:00  백 번 돌려 봐
      #13 todo  1 of 2 done; now: check the log
      #14 ↳ Explore  Review lock.rs
      #15 Bash  for i in $(seq 100); do …                                                                    ⟳ no output yet
      #16 error  529: overloaded
      #17 summary (auto)  The lock is taken twice.
    ");
    let ended = run(Run::terminal(50)).run("show @ --ascii");
    assert!(ended.widest() <= 50);
    assert_snapshot!(ended.stdout, @r"
    session 4f2a91c7  Fix the flaky lock test     live
      claude-code, opus-4, app@main,
      2026-11-22 12:04 (2h ago), active 38m
      42 turns, 3 files +120 -8, 2 failed calls,
      57.3k tokens, $0.42, cargo test ok

    #1 you 14:05  The lock test fails one time in ten.
      Find out why.
      #4 agent  I read the lock.

        Then I run its test in a loop, with the log
        kept, until it fails, which should take no
        more than a minute or two.
      #5 Read  src/lock.rs                       12 ms
        pub struct Lock;
      #7 Bash  cargo test lock             x 101  4.1s
        thread 'main' panicked at src/lock.rs:88
        line 1
        line 2
        line 3
        line 4
        line 5
        ... 212 more lines: 4f2a91c7#7
      #10 edit  src/lock.rs                     +14 -3

    #12 you 2026-11-23 10:00  백 번 돌려 봐
      #13 todo  1 of 2 done; now: check the log
      #14 \_ Explore  Review lock.rs
      #15 Bash  for i in $(seq 100...  ~ no output yet
      #16 error  529: overloaded
      #17 summary (auto)  The lock is taken twice.
    ");
}

#[test]
fn with_thinking_and_in_full() {
    let stdout = run(Run::terminal(80)).run("show @ --thinking").stdout;
    assert!(stdout.contains("  #2 thinking  A race, most likely.\n    Look at the lock first.\n"), "{stdout}");
    let stdout = run(Run::terminal(80)).run("show @ --full").stdout;
    assert!(stdout.contains("    line 217\n") && !stdout.contains("more lines"), "{stdout}");
    let (head, tail) = stdout.split_once("    line 217\n").unwrap();
    assert!(head.contains("#8") || head.contains("#7 Bash"));
    assert_snapshot!(tail, @r#"
      #9 Edit  src/lock.rs
        {
          "file_path": "src/lock.rs"
        }
        The file has been updated.
      #10 edit  src/lock.rs                                                   +14 -3
        @@ -88,1 +88,1 @@
        -  let g = self.inner.lock();
        +  let g = self.inner.lock().unwrap();

    #12 you 2026-11-23 10:00  백 번 돌려 봐
      #13 todo  1 of 2 done; now: check the log
        [x] loop
        [>] check the log
      #14 ↳ Explore  Review lock.rs
      #15 Bash  for i in $(seq 100); do …                            ⟳ no output yet
        for i in $(seq 100); do
          cargo test lock
        done
      #16 error  529: overloaded
      #17 summary (auto)  The lock is taken twice.
    "#);
}

#[test]
fn colours_repeat_what_words_say() {
    let mut few = events();
    few.remove(7);
    let run = Run::terminal(80).without_variable("NO_COLOR");
    let run = run.answer("session/get", detail()).answer("session/events", page(&few, None));
    assert_snapshot!(run.shown("show @ --full --color always"), @r#"
    session ^[[33m4f2a91c7^[[0m  ^[[1mFix the flaky lock test^[[0m                                   ^[[36mlive^[[0m
      claude-code, opus-4, app@main, 2026-11-22 12:04 (2h ago), active 38m
      42 turns, 3 files +120 -8, 2 failed calls, 57.3k tokens, $0.42, cargo test ok

    ^[[1m#1 you 14:05^[[0m  The lock test fails one time in ten. Find out why.
    ^[[2m  #2 thinking  A race, most likely.^[[0m
    ^[[2m    Look at the lock first.^[[0m
    ^[[2m  #4 agent^[[0m  I read the lock.

        Then I run its test in a loop, with the log kept, until it fails, which
        should take no more than a minute or two.
      #5 Read  src/lock.rs                                                     ^[[2m12 ms^[[0m
        {
          "file_path": "/home/mina/app/src/lock.rs"
        }
    ^[[2m    pub struct Lock;^[[0m
      #7 Bash  cargo test lock                                       ^[[2m⟳ no output yet^[[0m
      #9 Edit  src/lock.rs
        {
          "file_path": "src/lock.rs"
        }
    ^[[2m    The file has been updated.^[[0m
      #10 edit  src/lock.rs                                                   ^[[32m+14^[[0m ^[[31m-3^[[0m
        ^[[2m@@ -88,1 +88,1 @@^[[0m
        ^[[31m-  let g = self.inner.lock();^[[0m
        ^[[32m+  let g = self.inner.lock().unwrap();^[[0m

    ^[[1m#12 you 2026-11-23 10:00^[[0m  백 번 돌려 봐
      #13 todo  1 of 2 done; now: check the log
        [x] loop
        [>] check the log
      #14 ↳ Explore  Review lock.rs
      #15 Bash  for i in $(seq 100); do …                            ^[[2m⟳ no output yet^[[0m
        for i in $(seq 100); do
          cargo test lock
        done
    ^[[31m  #16 error  529: overloaded^[[0m
    ^[[2m  #17 summary (auto)  The lock is taken twice.^[[0m
    --- stderr
    ^[[2mhint:^[[0m resume it: cd /home/mina/app && claude --resume 0b9c2f7e-1111-2222-3333-444455556666
    --- exit 0
    "#);
}

#[test]
fn pages_are_joined_and_a_call_waits_for_its_outcome() {
    let all = events();
    let run = Run::terminal(80)
        .answer("session/get", detail())
        .answer("session/events", page(&all[..7], Some(8)))
        .answer("session/events", page(&all[7..], None));
    let in_two = run.run("show @");
    assert_eq!(in_two.stdout, self::run(Run::terminal(80)).run("show @").stdout);
    assert_eq!(
        in_two.calls[2],
        r#"session/events {"session":"4f2a91c70123456789abcdef01234567","from":8,"limit":500}"#
    );
}

#[test]
fn piped_a_line_per_event() {
    let ended = run(Run::piped()).run("show @");
    let shown =
        ended.shown().replace(&(1..218).map(|line| [" line ", &line.to_string()].concat()).collect::<String>(), " […]");
    assert_snapshot!(shown, @r#"
    4f2a91c7#1→prompt→2026-11-22T05:05:00Z→→The lock test fails one time in ten. Find out why.
    4f2a91c7#4→agent→→→I read the lock. Then I run its test in a loop, with the log kept, until it fails, which should take no more than a minute or two.
    4f2a91c7#5→call→→Read→{"file_path":"/home/mina/app/src/lock.rs"}
    4f2a91c7#6→output→→ok 12 ms→pub struct Lock;
    4f2a91c7#7→command→→Bash→cargo test lock
    4f2a91c7#8→output→→failed 101 4.1s→thread 'main' panicked at src/lock.rs:88 […]
    4f2a91c7#9→call→→Edit→{"file_path":"src/lock.rs"}
    4f2a91c7#10→edit→→src/lock.rs +14 -3→@@ -88,1 +88,1 @@ - let g = self.inner.lock(); + let g = self.inner.lock().unwrap();
    4f2a91c7#11→output→→ok→The file has been updated.
    4f2a91c7#12→prompt→2026-11-23T01:00:00Z→→백 번 돌려 봐
    4f2a91c7#13→todo→→→[x] loop [>] check the log
    4f2a91c7#14→call→→Explore→Review lock.rs
    4f2a91c7#15→command→→Bash→for i in $(seq 100); do cargo test lock done
    4f2a91c7#16→error→→529→overloaded
    4f2a91c7#17→summary→→auto→The lock is taken twice.
    --- exit 0
    "#);
}

#[test]
fn one_event_stands_in_full_with_what_belongs_to_it() {
    for line in ["show 4f2a91c7#8", "show 4f2a91c7 --event 8", "show 4f2a91c7#7"] {
        let ended = run(Run::terminal(80)).run(line);
        assert!(ended.stdout.contains("    line 217\n"), "{}", ended.stdout);
        let before: Vec<&str> = ended.stdout.lines().take(3).collect();
        let before = before.join("\n").replace('>', " ");
        assert_eq!(
            before,
            "4f2a91c7  Fix the flaky lock test               claude-code  app@main  2h live\n  \
             #7 Bash  cargo test lock                                           ✗ 101  4.1s\n    \
             thread 'main' panicked at src/lock.rs:88"
        );
    }
    let ended = run(Run::piped()).run("show 4f2a91c7#4");
    assert_snapshot!(ended.shown(), @r"
    4f2a91c7#4→agent→→
        I read the lock.
        
        Then I run its test in a loop, with the log kept, until it fails, which should take no more than a minute or two.
    --- exit 0
    ");
}

#[test]
fn events_around_one_stay_folded() {
    let around = page(&events()[4..10], None);
    let ended = Run::terminal(80)
        .answer("session/get", detail())
        .answer("session/events", around)
        .run("show 4f2a91c7#10 --around 3");
    assert!(ended.calls[1].contains(r#""around":10,"limit":7"#), "{}", ended.calls[1]);
    assert_snapshot!(ended.shown(), @r"
    4f2a91c7  Fix the flaky lock test               claude-code  app@main  2h live
      #5 Read  src/lock.rs                                                     12 ms
        pub struct Lock;
      #7 Bash  cargo test lock                                           ✗ 101  4.1s
        thread 'main' panicked at src/lock.rs:88
        line 1
        line 2
        line 3
        line 4
        line 5
        … 212 more lines: opensession show 4f2a91c7#7
    > #10 edit  src/lock.rs                                                   +14 -3
        @@ -88,1 +88,1 @@
        -  let g = self.inner.lock();
        +  let g = self.inner.lock().unwrap();
    --- stderr
    hint: what was around it: opensession show 4f2a91c7#10 --around 5
    --- exit 0
    ");
}

#[test]
fn raw_is_a_hail_file() {
    let ended = run(Run::piped()).run("show @ --raw");
    let lines = ended.json();
    assert_eq!(lines.len(), 18);
    assert_snapshot!(lines[0], @r#"
    {"v":"hail/0.1","tool":"claude-code","model":"opus-4","ts":"2026-11-22T01:05:00Z","id":"0b9c2f7e-1111-2222-3333-444455556666","agent_version":"2.1.0","cwd":"/home/mina/app","git":{"repository":"https://github.com/mina/app","branch":"main","commit":"446f931"},"title":"Fix the flaky lock test"}
    "#);
    assert_eq!(lines[1], events()[0]["hail"]);
}

#[test]
fn json_has_the_session_its_events_and_a_summary() {
    let lines = run(Run::piped()).run("show @ --json").json();
    assert_eq!(lines.len(), 19);
    assert_eq!((&lines[0]["type"], &lines[0]["short_id"]), (&"session".into(), &"4f2a91c7".into()));
    assert_eq!(
        (&lines[8]["type"], &lines[8]["event"], &lines[8]["kind"]),
        (&"event".into(), &8.into(), &"output".into())
    );
    assert_eq!((&lines[18]["type"], &lines[18]["events"]), (&"summary".into(), &17.into()));
}

#[test]
fn names_of_sessions_go_as_typed_and_files_absolute() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("rollout#1.jsonl"), "").unwrap();
    let asked = |line: &str| {
        let ended = run(Run::piped()).directory(folder.path()).run(line);
        let call: Value = serde_json::from_str(ended.calls[0].split_once(' ').unwrap().1).unwrap();
        (call["session"].as_str().unwrap().to_owned(), ended.calls[1].contains("\"around\""))
    };
    let file = folder.path().join("rollout#1.jsonl").to_str().unwrap().to_owned();
    assert_eq!(asked("show @~2"), ("@~2".to_owned(), false));
    assert_eq!(asked("show claude-code:0b9c#7"), ("claude-code:0b9c".to_owned(), true));
    assert_eq!(
        asked("show ./rollout#1.jsonl"),
        (folder.path().join("./rollout#1.jsonl").to_str().unwrap().to_owned(), false)
    );
    assert_eq!(asked("show rollout#1.jsonl#7"), (file, true));
    assert_eq!(asked("show 4f2a91c7#x"), ("4f2a91c7#x".to_owned(), false));
}

#[test]
fn an_unknown_id_tells_what_was_near() {
    let near = vec![SessionBrief {
        short_id: "4f2a91c7".to_owned(),
        title: "Fix the flaky lock test".to_owned(),
        updated: lock_session().updated,
        ..SessionBrief::default()
    }];
    let data = ErrorData { near: near.clone(), ..ErrorData::default() };
    let run = Run::piped().refuse("session/get", NO_SUCH_SESSION, "no session 4f2b", data);
    assert_snapshot!(run.shown("show 4f2b"), @r"
    --- stderr
    error: no session 4f2b
      near: 4f2a91c7  Fix the flaky lock test (2h)
    hint: opensession log lists them
    --- exit 2
    ");
    let korean = SessionBrief { short_id: "4f2b0000".to_owned(), title: korean_session().title, ..near[0].clone() };
    let data = ErrorData { near: vec![near[0].clone(), korean], ..ErrorData::default() };
    let run = Run::piped().refuse("session/get", AMBIGUOUS_SESSION, "4f2 fits 2 sessions", data);
    assert_snapshot!(run.shown("show 4f2"), @r"
    --- stderr
    error: 4f2 fits 2 sessions
      near: 4f2a91c7  Fix the flaky lock test (2h)
            4f2b0000  잠금 순서 바꾸기 (2h)
    hint: type more of the id
    --- exit 2
    ");
}

#[test]
fn an_event_that_is_not_there() {
    let ended = run(Run::piped()).run("show 4f2a91c7#99");
    assert_snapshot!(ended.shown(), @r"
    --- stderr
    error: no event 4f2a91c7#99
    hint: its events are 1 to 17
    --- exit 2
    ");
    assert_eq!(ended.exit, Exit::WrongInput);
}

#[test]
fn follow_goes_on_with_what_is_added_without_doubling_it() {
    let all = events();
    let update = |events: &[Value]| json!({ "type": "events", "session": "x", "agent": "codex", "events": events });
    let run = Run::terminal(80)
        .answer("session/get", detail())
        .answer("session/events", page(&all[..6], None))
        .answer("session/events", page(&all[11..13], None))
        .update(update(&all[4..8]))
        .update(update(&all[8..11]))
        .update(json!({ "type": "dropped", "updates": 2 }))
        .update(json!({ "type": "forgotten", "session": "x" }));
    assert_snapshot!(run.shown("show @ --follow"), @r"
    session 4f2a91c7  Fix the flaky lock test                                   live
      claude-code, opus-4, app@main, 2026-11-22 12:04 (2h ago), active 38m
      42 turns, 3 files +120 -8, 2 failed calls, 57.3k tokens, $0.42, cargo test ok

    #1 you 14:05  The lock test fails one time in ten. Find out why.
      #4 agent  I read the lock.

        Then I run its test in a loop, with the log kept, until it fails, which
        should take no more than a minute or two.
      #5 Read  src/lock.rs                                                     12 ms
        pub struct Lock;
      #7 Bash  cargo test lock                                           ✗ 101  4.1s
        thread 'main' panicked at src/lock.rs:88
        line 1
        line 2
        line 3
        line 4
        line 5
        … 212 more lines: opensession show 4f2a91c7#7
      #10 edit  src/lock.rs                                                   +14 -3

    #12 you 2026-11-23 10:00  백 번 돌려 봐
      #13 todo  1 of 2 done; now: check the log
    --- stderr
    The session was forgotten.
    hint: resume it: cd /home/mina/app && claude --resume 0b9c2f7e-1111-2222-3333-444455556666
    --- exit 0
    ");
}

#[test]
fn hostile_content_is_harmless() {
    let evil = "\u{1b}]0;owned\u{7}\u{1b}[2J\u{9b}31mred\r50%\u{8}\u{202e}";
    let events = [
        event(1, 1, json!({"role": "human", "content": evil})),
        event(2, 1, json!({"type": "command", "call_id": "a", "name": evil, "command": evil})),
        event(
            3,
            1,
            json!({"type": "tool_result", "call_id": "a", "status": "error", "content": evil, "stderr": format!("{evil}!")}),
        ),
        event(4, 1, json!({"type": "file_edit", "path": evil, "diff": evil, "to": evil})),
        event(5, 1, json!({"type": "error", "message": evil, "code": evil})),
        event(6, 1, json!({"type": "subagent", "name": evil, "description": evil})),
        event(7, 1, json!({"type": "compaction", "trigger": evil, "content": evil})),
        event(8, 1, json!({"type": "todo", "items": [{"content": evil, "status": "in_progress"}]})),
    ];
    for terminal in [true, false] {
        for line in ["show @", "show @ --full", "show @#3"] {
            let host = if terminal { Run::terminal(80) } else { Run::piped() };
            let ended = host
                .answer("session/get", SessionDetail { session: hostile_session(), ..detail() })
                .answer("session/events", page(&events, None))
                .run(line);
            let is_hostile = |c: char| c.is_control() && !"\n\t".contains(c) || c == '\u{202e}';
            assert!(!ended.stdout.contains(is_hostile), "{line}: {:?}", ended.stdout);
            assert!(ended.stdout.contains("red"));
        }
    }
    let json = Run::terminal(80)
        .answer("session/get", SessionDetail { session: hostile_session(), ..detail() })
        .answer("session/events", page(&events, None))
        .run("show @ --json");
    assert!(!json.stdout.contains(|c: char| c.is_control() && c != '\n'));
    assert_eq!(json.json()[1]["hail"]["content"], evil);
}
