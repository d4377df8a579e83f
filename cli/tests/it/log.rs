use insta::assert_snapshot;
use opensession_cli::Exit;
use opensession_protocol::error::{BAD_VALUE, ErrorData};
use opensession_protocol::{SessionInfo, SessionPage, SessionRelation};

use super::harness::{Run, ready};
use super::samples::{hostile_session, korean_session, lock_session, subagent_session};

fn page(sessions: Vec<SessionInfo>) -> SessionPage {
    let total = sessions.len() as u64;
    SessionPage { sessions, total, sessions_kept: 308, ..SessionPage::default() }
}

fn all() -> SessionPage {
    page(vec![lock_session(), korean_session(), subagent_session()])
}

fn run(run: Run, page: SessionPage) -> Run {
    run.answer("index/status", ready()).answer("session/list", page)
}

#[test]
fn three_lines_a_session() {
    let ended = run(Run::terminal(80), all()).run("log");
    assert!(ended.widest() <= 80);
    assert_snapshot!(ended.shown(), @r"
    session 4f2a91c7  Fix the flaky lock test                                   live
      claude-code, opus-4, app@main, 2026-11-22 12:04 (2h ago), active 38m
      42 turns, 3 files +120 -8, 2 failed calls, 57.3k tokens, $0.42, cargo test ok

    session b81d03e2  잠금 순서 바꾸기
      codex, infra, 2026-11-19 12:00 (3d ago)
      9 turns, 900 tokens, cost -

    session 77aa00bb  ↳ Review lock.rs
      claude-code, app@a-branch-with-a-name-that-goes-on-and-on, 2025-10-14 12:00
      0 turns, tokens -, cost -
    --- exit 0
    ");
}

#[test]
fn at_160_and_at_50_columns() {
    assert_snapshot!(run(Run::terminal(160), all()).shown("log -n 1"), @r"
    session 4f2a91c7  Fix the flaky lock test                                                                           live
      claude-code, opus-4, app@main, 2026-11-22 12:04 (2h ago), active 38m
      42 turns, 3 files +120 -8, 2 failed calls, 57.3k tokens, $0.42, cargo test ok

    session b81d03e2  잠금 순서 바꾸기
      codex, infra, 2026-11-19 12:00 (3d ago)
      9 turns, 900 tokens, cost -

    session 77aa00bb  ↳ Review lock.rs
      claude-code, app@a-branch-with-a-name-that-goes-on-and-on, 2025-10-14 12:00
      0 turns, tokens -, cost -
    --- exit 0
    ");
    let ended = run(Run::terminal(50), all()).run("log");
    assert!(ended.widest() <= 50);
    assert_snapshot!(ended.shown(), @r"
    session 4f2a91c7  Fix the flaky lock test     live
      claude-code, opus-4, app@main,
      2026-11-22 12:04 (2h ago), active 38m
      42 turns, 3 files +120 -8, 2 failed calls,
      57.3k tokens, $0.42, cargo test ok

    session b81d03e2  잠금 순서 바꾸기
      codex, infra, 2026-11-19 12:00 (3d ago)
      9 turns, 900 tokens, cost -

    session 77aa00bb  ↳ Review lock.rs
      claude-code, app@a-branch-wit…, 2025-10-14 12:00
      0 turns, tokens -, cost -
    --- exit 0
    ");
}

#[test]
fn a_line_a_session() {
    let ended = run(Run::terminal(80), all()).run("log --format oneline");
    assert!(ended.widest() <= 80);
    assert_snapshot!(ended.shown(), @r"
    4f2a91c7  Fix the flaky lock test  claude-code  app@main              2h live
    b81d03e2  잠금 순서 바꾸기         codex        infra                 3d
    77aa00bb  ↳ Review lock.rs         claude-code  app@a-branch-with-a…  2025-10-14
    --- exit 0
    ");
    assert_snapshot!(run(Run::terminal(80), all()).shown("log --format oneline --absolute --ascii"), @r"
    4f2a91c7  Fix the fl...  claude-code  app@main      2026-11-22 12:04 +09:00 live
    b81d03e2  잠금 순서...   codex        infra         2026-11-19 12:00 +09:00
    77aa00bb  \_ Review...   claude-code  app@a-bra...  2025-10-14 12:00 +09:00
    --- exit 0
    ");
    let ended = run(Run::terminal(50), all()).run("log --format oneline");
    assert!(ended.widest() <= 50);
    assert_snapshot!(ended.shown(), @r"
    4f2a91c7  Fix the flaky lock test
      claude-code  app@main  2h live
    b81d03e2  잠금 순서 바꾸기
      codex  infra  3d
    77aa00bb  ↳ Review lock.rs
      claude-code  app@a-branch-with-a-na…  2025-10-14
    --- exit 0
    ");
}

#[test]
fn all_that_is_known() {
    let sessions = page(vec![lock_session(), SessionInfo { cwd: None, ..korean_session() }, subagent_session()]);
    assert_snapshot!(run(Run::terminal(100), sessions).shown("log --format full"), @r"
    session 4f2a91c7  Fix the flaky lock test                                                       live
      claude-code, opus-4, app@main, 2026-11-22 12:04 (2h ago), active 38m
      42 turns, 3 files +120 -8, 2 failed calls, 57.3k tokens, $0.42, cargo test ok
      id            4f2a91c70123456789abcdef01234567
      agent's id    0b9c2f7e-1111-2222-3333-444455556666
      started       2026-11-22 10:05 +09:00
      directory     ~/app
      commit        446f931
      remote        https://github.com/mina/app
      version       2.1.0
      events        412, 130 tool calls, 9 edits
      tokens        in 1,200, out 16.1k, cache read 30.0k, cache written 10.0k
      file          ~/.claude/projects/-home-mina-app/0b9c2f7e.jsonl
      first prompt  The lock test fails one time in ten. Find out why.

    session b81d03e2  잠금 순서 바꾸기
      codex, infra, 2026-11-19 12:00 (3d ago)
      9 turns, 900 tokens, cost -
      id            b81d03e20123456789abcdef01234567
      agent's id    019a
      events        40, 0 tool calls, 0 edits
      tokens        in 900, out 0, cache read 0, cache written 0
      file          ~/.codex/sessions/2026/11/19/rollout.jsonl (gone; kept here)

    session 77aa00bb  ↳ Review lock.rs
      claude-code, app@a-branch-with-a-name-that-goes-on-and-on, 2025-10-14 12:00
      0 turns, tokens -, cost -
      id            77aa00bb0123456789abcdef01234567
      from          sub-agent of 4f2a91c70123456789abcdef01234567
      events        0, 0 tool calls, 0 edits
      tokens        in 0, out 0, cache read 0, cache written 0
    --- exit 0
    ");
}

#[test]
fn piped_and_json() {
    assert_snapshot!(run(Run::piped(), all()).shown("log"), @r"
    4f2a91c7→2026-11-22T03:04:00Z→claude-code→opus-4→app@main→live→42→Fix the flaky lock test
    b81d03e2→2026-11-19T03:00:00Z→codex→→infra→→9→잠금 순서 바꾸기
    77aa00bb→2025-10-14T03:00:00Z→claude-code→→app@a-branch-with-a-name-that-goes-on-and-on→→0→Review lock.rs
    --- exit 0
    ");
    let ended = run(Run::piped(), all()).run("log --json");
    let lines = ended.json();
    assert_eq!(lines.len(), 4);
    assert_eq!((&lines[1]["type"], &lines[1]["title"]), (&"session".into(), &"잠금 순서 바꾸기".into()));
    assert_eq!((&lines[3]["type"], &lines[3]["sessions_kept"]), (&"summary".into(), &308.into()));
}

#[test]
fn a_format_of_ones_own() {
    let ended = run(Run::piped(), all()).run("log --format %h%x09%c_%t_%k_[%S]_%s%n__%p");
    assert_snapshot!(ended.stdout, @r"
    4f2a91c7	$0.42 42 57.3k [live] Fix the flaky lock test
      
    b81d03e2	- 9 900 [] 잠금 순서 바꾸기
      
    77aa00bb	- 0 - [] Review lock.rs
      4f2a91c7
    ");
    assert_snapshot!(run(Run::piped(), all()).run("log --format 잠금_%h_%z").stderr, @r"
    error: no placeholder %z
      잠금 %h %z
              ^^
    hint: they are listed: opensession log --help; a percent sign is %%
    ");
    assert_snapshot!(run(Run::piped(), all()).run("log --format nonsense").stderr, @r"
    error: --format does not take nonsense
    hint: one of oneline, short, full, or a text with placeholders: '%h %s'
    ");
}

#[test]
fn what_came_from_a_session_is_drawn_above_it() {
    let fork = SessionInfo {
        id: "f0f0f0f00123456789abcdef01234567".to_owned(),
        short_id: "f0f0f0f0".to_owned(),
        title: "Another way".to_owned(),
        parent: Some(lock_session().id),
        relation: Some(SessionRelation::Fork),
        ..korean_session()
    };
    let sessions = page(vec![lock_session(), korean_session(), fork, subagent_session()]);
    let ended = run(Run::terminal(80), sessions.clone()).run("log --graph");
    assert!(ended.widest() <= 80 && ended.calls[1].contains(r#""subagents":true"#), "{}", ended.calls[1]);
    assert_snapshot!(ended.shown(), @r"
    o   f0f0f0f0  Another way              codex        infra             3d
    | o 77aa00bb  ↳ Review lock.rs         claude-code  app@a-branch-wi…  2025-10-14
    |/
    ◉   4f2a91c7  Fix the flaky lock test  claude-code  app@main          2h live
    o   b81d03e2  잠금 순서 바꾸기         codex        infra             3d
    --- exit 0
    ");
    assert_snapshot!(run(Run::terminal(100), sessions.clone()).shown("log --graph --ascii --format short"), @r"
    o   session f0f0f0f0  Another way
    |     codex, infra, 2026-11-19 12:00 (3d ago)
    |     9 turns, 900 tokens, cost -
    |
    | o session 77aa00bb  \_ Review lock.rs
    | |   claude-code, app@a-branch-with-a-name-that-goes-on-and-on, 2025-10-14 12:00
    | |   0 turns, tokens -, cost -
    |/
    *   session 4f2a91c7  Fix the flaky lock test                                                   live
          claude-code, opus-4, app@main, 2026-11-22 12:04 (2h ago), active 38m
          42 turns, 3 files +120 -8, 2 failed calls, 57.3k tokens, $0.42, cargo test ok

    o   session b81d03e2  잠금 순서 바꾸기
          codex, infra, 2026-11-19 12:00 (3d ago)
          9 turns, 900 tokens, cost -
    --- exit 0
    ");
    assert_snapshot!(run(Run::piped(), sessions.clone()).run("log --graph --format %h_%s").stdout, @r"
    o f0f0f0f0 Another way
    | o 77aa00bb Review lock.rs
    |/
    ◉ 4f2a91c7 Fix the flaky lock test
    o b81d03e2 잠금 순서 바꾸기
    ");
    let reviewed = SessionInfo { updated: lock_session().updated, ..subagent_session() };
    let sessions = page(vec![lock_session(), reviewed, korean_session()]);
    let ended = run(Run::piped(), sessions).run("log --graph -n 1");
    assert!(ended.stdout.contains("77aa00bb") && !ended.stdout.contains("b81d03e2"), "{}", ended.stdout);
}

#[test]
fn the_filter_goes_to_the_daemon() {
    let ended = run(Run::piped(), all()).run(
        "log --since 2w --until today --agent codex --tool goose --host build --model opus* --branch main --touches src/auth \
         --grep lock_panicked --errors --subagents --repo app -n 3",
    );
    assert_eq!(
        ended.calls[1],
        r#"session/list {"filter":{"scope":{"cwd":"/home/mina/app","all":true},"agents":["codex","goose"],"host":"build","model":"opus*","repository":"app","branch":"main","since":"2w","until":"today","touches":"src/auth","grep":"lock panicked","errors":true,"starred":false,"subagents":true},"limit":3,"cursor":null,"time_zone":"Asia/Seoul"}"#
    );
}

#[test]
fn pages_follow_one_another_up_to_the_limit() {
    let first = SessionPage { next: Some("c1".to_owned()), total: 400, ..page(vec![lock_session(); 200]) };
    let second = SessionPage { next: Some("c2".to_owned()), total: 400, ..page(vec![korean_session(); 50]) };
    let ended = run(Run::piped(), first).answer("session/list", second).run("log -n 250");
    assert_eq!(ended.stdout.lines().count(), 250);
    assert!(ended.calls[2].contains(r#""limit":50,"cursor":"c1""#), "{}", ended.calls[2]);
    assert_eq!(ended.calls.len(), 3);
}

#[test]
fn nothing_found_says_where_it_looked() {
    let nothing = SessionPage { scope_repository: Some("mina/app".to_owned()), ..page(vec![]) };
    assert_snapshot!(run(Run::terminal(80), nothing).shown("log --since 2w --errors"), @r"
    --- stderr
    No session of mina/app matches  --since 2w --errors
    Looked through 308 sessions.
    hint: opensession log --all --since 2w --errors
    --- exit 1
    ");
    let ended = run(Run::piped(), page(vec![])).run("log");
    assert_eq!((ended.stdout.as_str(), ended.exit), ("", Exit::NothingFound));
    let never = SessionPage { sessions_kept: 0, ..page(vec![]) };
    assert_snapshot!(run(Run::terminal(80), never).shown("log"), @r"
    --- stderr
    No session
    No session is kept yet.
    hint: see what is found on this machine: opensession discover
    --- exit 1
    ");
}

#[test]
fn hostile_titles_are_harmless() {
    let ended = run(Run::terminal(80), page(vec![hostile_session()])).run("log --format full");
    assert!(!ended.stdout.contains(|character: char| character.is_control() && character != '\n'));
    assert_snapshot!(ended.stdout, @r"
    session 4f2a91c7  clear me                                                  live
      claude-code, opus, app@red, 2026-11-22 12:04 (2h ago), active 38m
      42 turns, 3 files +120 -8, 2 failed calls, 57.3k tokens, $0.42, rm -rf ok
      id            4f2a91c70123456789abcdef01234567
      agent's id    0b9c2f7e-1111-2222-3333-444455556666
      started       2026-11-22 10:05 +09:00
      directory     /tmp/
      commit        446f931
      remote        https://github.com/mina/app
      version       2.1.0
      events        412, 130 tool calls, 9 edits
      tokens        in 1,200, out 16.1k, cache read 30.0k, cache written 10.0k
      file          ~/.claude/projects/-home-mina-app/0b9c2f7e.jsonl
      first prompt  The lock test fails one time in ten. Find out why.
    ");
}

#[test]
fn a_wrong_date_is_wrong_input() {
    let data = ErrorData { hint: Some("2026-02-01, 2w, yesterday".to_owned()), ..ErrorData::default() };
    let run = Run::piped().answer("index/status", ready()).refuse("session/list", BAD_VALUE, "no date: yesterdy", data);
    assert_snapshot!(run.shown("log --since yesterdy"), @r"
    --- stderr
    error: no date: yesterdy
    hint: 2026-02-01, 2w, yesterday
    --- exit 2
    ");
}
