use insta::assert_snapshot;
use opensession_cli::{ConnectError, Exit};
use opensession_hail::Kind;
use opensession_protocol::error::{BAD_QUERY, ErrorData};
use opensession_protocol::{
    AgentProgress, Count, EmptyAnswer, FacetCount, IndexState, IndexStatus, Interpretation, QueryError, Reading,
    SearchAnswer, SessionHits, WithoutPart,
};
use serde_json::json;

use super::discover::agents;
use super::harness::{Ended, Run};
use super::samples::{hit, hostile_session, korean_session, lock_session};

fn facet(value: &str, count: u64) -> FacetCount {
    FacetCount { value: value.to_owned(), count }
}

fn answer() -> SearchAnswer {
    let text =
        "…it panicked because the lock is taken twice when the guard of the first call lives on in the match arm";
    let mut failed = hit(131, Kind::Output, "thread 'main' panicked at src/lock.rs:88: lock poisoned", "panicked");
    failed.error = true;
    SearchAnswer {
        sessions: vec![
            SessionHits {
                session: lock_session(),
                hits: vec![failed, hit(128, Kind::Agent, text, "panicked")],
                total: 6,
                copies: 1,
                ..SessionHits::default()
            },
            SessionHits {
                session: korean_session(),
                hits: vec![hit(17, Kind::Prompt, "lock 순서 때문에 panicked 됩니다", "panicked")],
                total: 1,
                missing: vec!["flaky".to_owned()],
                ..SessionHits::default()
            },
        ],
        matching_all: Count { value: 12, at_least: false },
        matching_any: Count { value: 12, at_least: false },
        hits: 57,
        by_agent: vec![facet("claude-code", 9), facet("codex", 3)],
        by_kind: vec![facet("output", 31), facet("agent", 20)],
        searched: 308,
        took_us: 140,
        ..SearchAnswer::default()
    }
}

#[test]
fn at_80_columns() {
    let ended = Run::terminal(80).answer("search/query", answer()).run("search lock panicked");
    assert!(ended.widest() <= 80);
    assert_snapshot!(ended.shown(), @r"
    4f2a91c7  Fix the flaky lock test               claude-code  app@main  2h live
      #131  output  thread 'main' panicked at src/lock.rs:88: lock poisoned
      #128  agent   …it panicked because the lock is taken twice when the guard of …
      +4 more: opensession search lock panicked session:4f2a91c7 --all
      1 more session has the same events

    b81d03e2  잠금 순서 바꾸기                      codex        infra     3d
      #17   prompt  lock 순서 때문에 panicked 됩니다
      without: flaky
    --- stderr

    12 sessions, 57 hits, 2 shown.
    agent: claude-code 9, codex 3. kind: output 31, agent 20
    hint: opensession show 4f2a91c7#131   narrow: agent:codex is:error since:1w
    --- exit 0
    ");
}

#[test]
fn at_160_columns_snippets_are_longer() {
    let ended = Run::terminal(160).answer("search/query", answer()).run("search lock panicked");
    assert!(ended.widest() <= 160);
    assert_snapshot!(ended.shown(), @r"
    4f2a91c7  Fix the flaky lock test               claude-code  app@main  2h live
      #131  output  thread 'main' panicked at src/lock.rs:88: lock poisoned
      #128  agent   …it panicked because the lock is taken twice when the guard of the first call lives on in the match arm
      +4 more: opensession search lock panicked session:4f2a91c7 --all
      1 more session has the same events

    b81d03e2  잠금 순서 바꾸기                      codex        infra     3d
      #17   prompt  lock 순서 때문에 panicked 됩니다
      without: flaky
    --- stderr

    12 sessions, 57 hits, 2 shown. agent: claude-code 9, codex 3. kind: output 31, agent 20
    hint: opensession show 4f2a91c7#131   narrow: agent:codex is:error since:1w
    --- exit 0
    ");
}

#[test]
fn under_60_columns_a_session_takes_two_lines() {
    let ended = Run::terminal(50).answer("search/query", answer()).run("search lock panicked");
    assert!(ended.widest() <= 50);
    assert_snapshot!(ended.shown(), @r"
    4f2a91c7  Fix the flaky lock test
      claude-code  app@main  2h live
      #131  output  thread 'main' panicked at src/loc…
      #128  agent   …it panicked because the lock is …
      +4 more: session:4f2a91c7 --all
      1 more session has the same events

    b81d03e2  잠금 순서 바꾸기
      codex  infra  3d
      #17   prompt  lock 순서 때문에 panicked 됩니다
      without: flaky
    --- stderr

    12 sessions, 57 hits, 2 shown.
    agent: claude-code 9, codex 3. kind: output 31, agent 20
    hint: opensession show 4f2a91c7#131   narrow: agent:codex is:error since:1w
    --- exit 0
    ");
}

#[test]
fn with_colours_and_with_ascii() {
    let run = || Run::terminal(80).without_variable("NO_COLOR").answer("search/query", answer());
    assert_snapshot!(run().shown("search lock panicked"), @r"
    ^[[33m4f2a91c7^[[0m  ^[[1mFix the flaky lock test^[[0m               claude-code  app@main  ^[[36m2h live^[[0m
      ^[[33m#131^[[0m  ^[[31moutput^[[0m  thread 'main' ^[[1;4mpanicked^[[0m at src/lock.rs:88: lock poisoned
      ^[[33m#128^[[0m  ^[[2magent^[[0m   …it ^[[1;4mpanicked^[[0m because the lock is taken twice when the guard of …
    ^[[2m  +4 more: opensession search lock panicked session:4f2a91c7 --all^[[0m
    ^[[2m  1 more session has the same events^[[0m

    ^[[33mb81d03e2^[[0m  ^[[1m잠금 순서 바꾸기^[[0m                      codex        infra     3d
      ^[[33m#17^[[0m   ^[[2mprompt^[[0m  lock 순서 때문에 ^[[1;4mpanicked^[[0m 됩니다
    ^[[2m  without: flaky^[[0m
    --- stderr

    12 sessions, 57 hits, 2 shown.
    agent: claude-code 9, codex 3. kind: output 31, agent 20
    ^[[2mhint:^[[0m opensession show 4f2a91c7#131   narrow: agent:codex is:error since:1w
    --- exit 0
    ");
    assert_snapshot!(Run::terminal(80).answer("search/query", answer()).shown("--ascii search lock panicked"), @r"
    4f2a91c7  Fix the flaky lock test               claude-code  app@main  2h live
      #131  output  thread 'main' [panicked] at src/lock.rs:88: lock poisoned
      #128  agent   …it [panicked] because the lock is taken twice when the guard o...
      +4 more: opensession search lock panicked session:4f2a91c7 --all
      1 more session has the same events

    b81d03e2  잠금 순서 바꾸기                      codex        infra     3d
      #17   prompt  lock 순서 때문에 [panicked] 됩니다
      without: flaky
    --- stderr

    12 sessions, 57 hits, 2 shown.
    agent: claude-code 9, codex 3. kind: output 31, agent 20
    hint: opensession show 4f2a91c7#131   narrow: agent:codex is:error since:1w
    --- exit 0
    ");
    for (variable, value, is_coloured) in
        [("NO_COLOR", "1", false), ("TERM", "dumb", false), ("TERM", "xterm", true), ("NO_COLOR", "", true)]
    {
        let stdout = run().variable(variable, value).run("search lock").stdout;
        assert_eq!(stdout.contains('\u{1b}'), is_coloured, "{variable}={value}");
    }
    let forced = Run::piped().variable("CLICOLOR_FORCE", "1").answer("search/query", answer()).run("search lock");
    assert!(!forced.stdout.contains('\u{1b}'), "tabs are for programs, whatever is forced");
    assert!(!run().run("search lock --color never").stdout.contains('\u{1b}'));
}

#[test]
fn piped_a_line_per_hit() {
    let ended = Run::piped().answer("search/query", answer()).run("search lock panicked");
    assert_snapshot!(ended.shown(), @r"
    4f2a91c7#131→output→2026-11-22T03:00:00.12Z→claude-code→app@main→Fix the flaky lock test→thread 'main' panicked at src/lock.rs:88: lock poisoned
    4f2a91c7#128→agent→2026-11-22T03:00:00.12Z→claude-code→app@main→Fix the flaky lock test→…it panicked because the lock is taken twice when the guard of the first call lives on in the match arm
    b81d03e2#17→prompt→2026-11-22T03:00:00.12Z→codex→infra→잠금 순서 바꾸기→lock 순서 때문에 panicked 됩니다
    --- stderr
    12 sessions, 57 hits, 2 shown.
    agent: claude-code 9, codex 3. kind: output 31, agent 20
    --- exit 0
    ");
}

#[test]
fn json_has_an_object_a_line_and_a_summary_at_the_end() {
    let ended = Run::piped().answer("search/query", answer()).run("search --json lock panicked");
    let lines = ended.json();
    assert_eq!(lines.len(), 3);
    assert_eq!(lines[0]["type"], "session");
    assert_eq!(lines[0]["id"], "4f2a91c70123456789abcdef01234567");
    assert_eq!(lines[0]["hits"][0]["event"], 131);
    assert_eq!(lines[0]["hits"][0]["kind"], "output");
    assert_eq!(lines[0]["hits"][0]["ranges"], json!([[14, 22]]));
    assert_eq!(lines[2]["type"], "summary");
    assert_eq!(lines[2]["matching_all"]["value"], 12);
    assert_eq!(lines[2]["sessions"], 2);
    assert_eq!(ended.stderr, "");
}

#[test]
fn the_query_goes_to_the_daemon_as_it_was_typed() {
    let calls = |line: &str| Run::piped().answer("search/query", answer()).run(line).calls;
    assert_eq!(
        calls("search git commit --no-verify --limit 5 -m"),
        [
            r#"search/query {"query":"git commit --no-verify -m","options":{"scope":{"cwd":"/home/mina/app","all":false},"limit":5,"hits_per_session":null,"offset":0,"typing":false,"exclude":[],"no_snippets":false,"facets":false,"remember":false,"now":null,"time_zone":null}}"#
        ]
    );
    let here = calls("search race_condition since:2w").remove(0);
    assert!(here.contains(r#""query":"\"race condition\" since:2w""#), "{here}");
    assert!(here.contains(r#""all":false"#) && here.contains(r#""time_zone":"Asia/Seoul""#), "{here}");
    let everywhere = calls("search lock --all-repos").remove(0);
    assert!(everywhere.contains(r#""query":"lock""#) && everywhere.contains(r#""all":true"#), "{everywhere}");
}

#[test]
fn all_goes_through_all_pages() {
    let page = |from: usize, many: usize| {
        let sessions = (from..from + many).map(|number| SessionHits {
            session: opensession_protocol::SessionInfo { id: format!("{number:032}"), ..lock_session() },
            ..SessionHits::default()
        });
        SearchAnswer { sessions: sessions.collect(), ..answer() }
    };
    let run = Run::piped().answer("search/query", page(0, 200)).answer("search/query", page(200, 3));
    let ended = run.run("search lock --all");
    assert_eq!(ended.stdout.lines().count(), 203);
    assert!(ended.calls[1].contains(r#""limit":200,"hits_per_session":1000,"offset":200"#), "{}", ended.calls[1]);
}

#[test]
fn a_word_that_stands_nowhere_is_told_with_what_it_was_taken_for() {
    let taken = |word: &str, reading, terms: &[&str]| Interpretation {
        word: word.to_owned(),
        start: 0,
        end: 0,
        reading,
        terms: terms.iter().map(|&term| term.to_owned()).collect(),
    };
    let interpreted = vec![
        taken("panikced", Reading::Near, &["panicked", "panicker"]),
        taken("ock", Reading::Substring, &["lock"]),
        taken("src/lok", Reading::Parts, &["src", "lok"]),
        taken("ManualComm", Reading::Beginning, &["manualcommit"]),
    ];
    let answer = SearchAnswer { interpreted, ..answer() };
    let ended = Run::terminal(80).answer("search/query", answer.clone()).run("search panikced");
    assert_snapshot!(ended.stderr, @r"
    note: `panikced` stands nowhere; looked for words near to it: panicked, panicker
    note: `ock` stands nowhere; looked for words that contain it: lock
    note: `src/lok` stands nowhere; looked for its parts: src, lok
    note: `ManualComm` stands nowhere; looked for words that begin so: manualcommit

    12 sessions, 57 hits, 2 shown.
    agent: claude-code 9, codex 3. kind: output 31, agent 20
    hint: opensession show 4f2a91c7#131   narrow: agent:codex is:error since:1w
    ");
    let json = Run::piped().answer("search/query", answer).run("search --json panikced");
    assert_eq!(json.json().last().unwrap()["interpreted"][1]["as"], "substring");
}

#[test]
fn facets_are_told_one_below_the_other() {
    let months = (1..=9).map(|month| facet(&format!("2026-0{month}"), 40 - month)).collect();
    let answer = SearchAnswer {
        by_repository: vec![facet("mina/app", 9), facet("mina/infra", 3)],
        by_month: months,
        hits_at_least: true,
        ..answer()
    };
    let ended = Run::terminal(80).answer("search/query", answer).run("search lock --facets");
    assert!(ended.widest() <= 80);
    assert!(ended.calls[0].contains(r#""facets":true"#), "{}", ended.calls[0]);
    assert_snapshot!(ended.stderr, @r"

    12 sessions, at least 57 hits, 2 shown.
    agent: claude-code 9, codex 3
    kind:  output 31, agent 20
    repo:  mina/app 9, mina/infra 3
    month: 2026-01 39, 2026-02 38, 2026-03 37, 2026-04 36, 2026-05 35, 2026-06 34,
           2026-07 33, 2026-08 32, 2026-09 31
    hint: opensession show 4f2a91c7#131   narrow: agent:codex is:error since:1w
    ");
}

#[test]
fn only_what_a_person_runs_is_to_be_remembered() {
    for (run, remembered) in [(Run::terminal(80), true), (Run::piped(), false)] {
        let ended = run.answer("search/query", answer()).run("search lock");
        assert!(ended.calls[0].contains(&format!("\"remember\":{remembered}")), "{}", ended.calls[0]);
    }
}

#[test]
fn an_empty_answer_says_what_was_searched_and_which_part_to_drop() {
    let empty = SearchAnswer {
        searched: 308,
        empty: Some(EmptyAnswer {
            without: vec![
                WithoutPart { part: "agent:codex".to_owned(), sessions: 0, alone: 31, near: vec![] },
                WithoutPart {
                    part: "\"rase condition\"".to_owned(),
                    sessions: 31,
                    alone: 0,
                    near: vec![facet("\"race condition\"", 41)],
                },
            ],
            elsewhere: 2,
            index: IndexState::Rebuilding,
        }),
        ..SearchAnswer::default()
    };
    assert_snapshot!(
        Run::terminal(80).answer("search/query", empty.clone()).shown("search rase_condition agent:codex"), @r#"
    --- stderr
    No session matches  "rase condition" agent:codex
      without agent:codex        0
      without "rase condition"  31  nothing has it
      "race condition"          41  did you mean this?
      2 sessions in other repositories: --all-repos
    The index is being built anew; more may be found then: opensession index
    Searched 308 sessions, all time. Syntax: opensession help search
    --- exit 1
    "#);
    let piped = Run::piped().answer("search/query", empty.clone()).run("search rase_condition agent:codex");
    assert_eq!((piped.stdout.as_str(), piped.exit), ("", Exit::NothingFound));
    let json = Run::piped().answer("search/query", empty).run("search --json rase");
    assert_eq!((json.json().len(), json.stderr.as_str(), json.exit), (1, "", Exit::NothingFound));
}

fn unclosed() -> QueryError {
    QueryError {
        code: "unclosed_quote".to_owned(),
        message: "quote not closed".to_owned(),
        start: 12,
        end: 27,
        hint: Some("close it, or leave it out: agent:codex race condition".to_owned()),
        fatal: true,
    }
}

#[test]
fn an_error_in_a_query_has_a_caret_under_its_place() {
    let data = ErrorData { errors: vec![unclosed()], ..ErrorData::default() };
    let run = Run::piped().refuse("search/query", BAD_QUERY, "quote not closed", data);
    assert_snapshot!(run.shown("search agent:codex \"race_condition"), @r#"
    --- stderr
    error: quote not closed
      agent:codex "race condition
                  ^ opened here
    hint: close it, or leave it out: agent:codex race condition
    --- exit 2
    "#);

    let error = QueryError {
        code: "unknown_value".to_owned(),
        message: "is: has no eror".to_owned(),
        start: 9,
        end: 13,
        hint: Some("is:error".to_owned()),
        fatal: true,
    };
    let data = ErrorData { errors: vec![error], ..ErrorData::default() };
    let run = Run::piped().refuse("search/query", BAD_QUERY, "is: has no eror", data);
    assert_snapshot!(run.shown("search 잠금 순서 is:eror"), @r"
    --- stderr
    error: is: has no eror
      잠금 순서 is:eror
                   ^^^^
    hint: is:error
    --- exit 2
    ");
}

#[test]
fn an_error_that_stops_nothing_is_told_beside_the_answer() {
    let answer = SearchAnswer { errors: vec![QueryError { fatal: false, ..unclosed() }], ..answer() };
    let ended = Run::piped().answer("search/query", answer).run("search agent:codex \"race_condition");
    assert_eq!((ended.stdout.lines().count(), ended.exit), (3, Exit::Done));
    assert_snapshot!(ended.stderr, @r#"
    note: quote not closed
      agent:codex "race condition
                  ^ opened here
    hint: close it, or leave it out: agent:codex race condition
    12 sessions, 57 hits, 2 shown.
    agent: claude-code 9, codex 3. kind: output 31, agent 20
    "#);
}

#[test]
fn text_of_sessions_cannot_command_the_terminal() {
    let text = "\u{1b}[31mred\u{1b}[0m panicked \u{7}\u{9b}2J\u{202e}x\ty";
    let hostile = SearchAnswer {
        sessions: vec![SessionHits {
            session: hostile_session(),
            hits: vec![hit(1, Kind::Output, text, "panicked")],
            total: 3,
            missing: vec!["\u{1b}[1mbold".to_owned()],
            ..SessionHits::default()
        }],
        by_agent: vec![facet("a\u{1b}[2J", 1)],
        ..answer()
    };
    for line in ["search lock", "search lock --json"] {
        for run in [Run::terminal(80), Run::piped()] {
            let ended = run.answer("search/query", hostile.clone()).run(line);
            let is_hostile =
                |character: char| character.is_control() && !"\n\t".contains(character) || character == '\u{202e}';
            let both = format!("{}{}", ended.stdout, ended.stderr);
            // Piped JSON is data, and escapes by itself what JSON escapes.
            let both = if ended.stdout.starts_with('{') { both.replace(['\u{9b}', '\u{202e}'], "") } else { both };
            assert!(!both.contains(is_hostile), "{line}: {both:?}");
        }
    }
    assert_snapshot!(Run::terminal(80).answer("search/query", hostile).run("search lock").stdout, @r"
    4f2a91c7  clear me                              claude-code  app@red  2h live
      #1  output  red panicked x y
      +2 more: opensession search lock session:4f2a91c7 --all
      without: bold
    ");
}

#[test]
fn the_first_run_shows_what_is_found_so_far_and_then_the_rest() {
    let progress = |done, bytes_done, state| IndexStatus {
        state,
        first_run: true,
        bytes_done,
        bytes_total: 372_000_000,
        last_round_ms: if state == IndexState::Ready { 3_100 } else { 0 },
        agents: vec![
            AgentProgress { agent: "claude-code".to_owned(), done, total: 277, bytes_done, bytes_total: 351_000_000 },
            AgentProgress {
                agent: "codex".to_owned(),
                done: 31,
                total: 31,
                bytes_done: 21_000_000,
                bytes_total: 21_000_000,
            },
        ],
        ..IndexStatus::default()
    };
    let early = SearchAnswer { sessions: answer().sessions.split_off(1), reading: true, ..answer() };
    let run = |run: Run| {
        run.answer("search/query", early.clone())
            .answer("search/query", answer())
            .answer("index/status", progress(184, 232_000_000, IndexState::Reading))
            .answer("agent/list", agents())
            .update(IndexStatus { agents: vec![], ..progress(277, 351_000_000, IndexState::Ready) })
    };
    assert_snapshot!(run(Run::piped()).shown("search lock panicked"), @r"
    b81d03e2#17→prompt→2026-11-22T03:00:00.12Z→codex→infra→잠금 순서 바꾸기→lock 순서 때문에 panicked 됩니다
    4f2a91c7#131→output→2026-11-22T03:00:00.12Z→claude-code→app@main→Fix the flaky lock test→thread 'main' panicked at src/lock.rs:88: lock poisoned
    4f2a91c7#128→agent→2026-11-22T03:00:00.12Z→claude-code→app@main→Fix the flaky lock test→…it panicked because the lock is taken twice when the guard of the first call lives on in the match arm
    --- stderr
    First run: reading the sessions on this machine. Nothing leaves it.
      codex  31 read, 21 MB
      claude-code  277 read, 351 MB
    Ready: 308 sessions of 2 agents, 372 MB, 3.1s. Browse them: opensession
    12 sessions, 57 hits, 2 shown.
    agent: claude-code 9, codex 3. kind: output 31, agent 20
    --- exit 0
    ");
    let progress = run(Run::terminal(80)).run("search lock panicked");
    assert_snapshot!(Ended { stdout: String::new(), ..progress }.shown(), @r"
    --- stderr
    First run: reading the sessions on this machine. Nothing leaves it.
      claude-code  184 of 277  [=============>      ]  66%^[[K
      codex        31 of 31    [====================] 100%^[[K
    ^[[2A^M^[[J  claude-code  184 of 277  [=============>      ]  66%^[[K
      codex        31 of 31    [====================] 100%^[[K
    ^[[2A^M^[[J  claude-code  277 of 277  [====================] 100%^[[K
      codex        31 of 31    [====================] 100%^[[K
    Ready: 308 sessions of 2 agents, 372 MB, 3.1s. Browse them: opensession

    12 sessions, 57 hits, 2 shown.
    agent: claude-code 9, codex 3. kind: output 31, agent 20
    hint: opensession show 4f2a91c7#131   narrow: agent:codex is:error since:1w
    --- exit 0
    ");
}

#[test]
fn a_later_reading_is_only_mentioned() {
    let status = IndexStatus { state: IndexState::Reading, ..IndexStatus::default() };
    let answer = SearchAnswer { reading: true, ..answer() };
    let ended = Run::piped().answer("search/query", answer).answer("index/status", status).run("search lock");
    assert!(ended.stderr.ends_with("Still reading: more may be found. How far it is: opensession index\n"));
    assert_eq!(ended.calls.len(), 2);
}

#[test]
fn nothing_found_while_reading_is_no_answer_yet() {
    let nothing = SearchAnswer { reading: true, ..SearchAnswer::default() };
    for state in [IndexState::Reading, IndexState::Ready] {
        let ended = Run::piped()
            .answer("search/query", nothing.clone())
            .answer("search/query", answer())
            .answer("index/status", IndexStatus { state, ..IndexStatus::default() })
            .run("search lock");
        assert_eq!((ended.stdout.lines().count(), ended.exit), (3, Exit::Done), "{state:?}");
    }
}

#[test]
fn a_daemon_that_does_not_start_is_told_with_its_last_words() {
    let error = ConnectError {
        fact: "the daemon did not start within 5s".to_owned(),
        place: vec!["its last words: cannot open ~/.local/share/opensession/local.db: disk full".to_owned()],
        hint: Some("free some space, run again; log: opensession daemon logs".to_owned()),
        not_running: false,
    };
    assert_snapshot!(Run::piped().unreachable(error).shown("search lock"), @r"
    --- stderr
    error: the daemon did not start within 5s
      its last words: cannot open ~/.local/share/opensession/local.db: disk full
    hint: free some space, run again; log: opensession daemon logs
    --- exit 3
    ");
}
