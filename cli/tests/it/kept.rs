//! Stars, saved searches and earlier ones.

use insta::assert_snapshot;
use opensession_cli::Exit;
use opensession_protocol::{History, PastQuery, SavedSearch, SearchAnswer, SessionDetail, Starred};

use super::harness::Run;
use super::samples::{korean_session, lock_session};

fn saved() -> Vec<SavedSearch> {
    let saved = |name: &str, query: &str| SavedSearch {
        name: name.to_owned(),
        query: query.to_owned(),
        saved: Some("2026-11-22T03:04:00Z".parse().unwrap()),
    };
    vec![saved("slow", "duration:>1h is:error"), saved("잠금", "lock OR 잠금")]
}

#[test]
fn saved_searches_are_listed() {
    assert_snapshot!(Run::terminal(80).answer("search/saved", saved()).shown("search --saved"), @r"
    slow  duration:>1h is:error  2h
    잠금  lock OR 잠금           2h
    --- stderr
    --- exit 0
    ");
    assert_snapshot!(Run::piped().answer("search/saved", saved()).shown("search --saved --json"), @r#"
    {"type":"saved_search","name":"slow","query":"duration:>1h is:error","saved":"2026-11-22T03:04:00Z"}
    {"type":"saved_search","name":"잠금","query":"lock OR 잠금","saved":"2026-11-22T03:04:00Z"}
    {"type":"summary","saved_searches":2}
    --- stderr
    --- exit 0
    "#);
    let none = Run::terminal(80).answer("search/saved", Vec::<SavedSearch>::new()).shown("search --saved");
    assert_snapshot!(none, @r"
    --- stderr
    No search is saved.
    hint: opensession search --save NAME QUERY
    --- exit 1
    ");
}

#[test]
fn a_saved_search_is_run_and_narrowed() {
    let run = || Run::piped().answer("search/saved", saved()).answer("search/query", SearchAnswer::default());
    let query = |arguments: &str| run().run(arguments).calls.pop().unwrap();
    assert!(query("search --saved slow").contains(r#""query":"duration:>1h is:error""#));
    assert!(query("search --saved 잠금 agent:codex").contains(r#""query":"(lock OR 잠금) agent:codex""#));
    let unknown = run().run("search --saved slo");
    assert_eq!((unknown.exit, unknown.calls.len()), (Exit::WrongInput, 1));
    assert!(unknown.stderr.contains("no saved search slo"), "{}", unknown.stderr);
}

#[test]
fn earlier_queries_are_listed() {
    let query = |query: &str, sessions| PastQuery {
        query: query.to_owned(),
        ran: Some("2026-11-22T03:04:00Z".parse().unwrap()),
        sessions,
    };
    let history = History { queries: vec![query("lock panicked", 12), query("잠금 is:error", 1)], kept: true };
    assert_snapshot!(Run::terminal(80).answer("search/history", history).shown("search --history"), @r"
    lock panicked  12 sessions  2h
    잠금 is:error  1 session    2h
    --- stderr
    --- exit 0
    ");
    for (kept, told) in [(true, "No query is kept yet."), (false, "Queries are not kept")] {
        let empty = Run::terminal(80).answer("search/history", History { queries: Vec::new(), kept });
        let ended = empty.run("search --history");
        assert!(ended.stderr.starts_with(told) && ended.exit == Exit::NothingFound, "{}", ended.stderr);
    }
}

#[test]
fn a_star_is_given_taken_and_shown() {
    let detail = SessionDetail { session: lock_session(), ..SessionDetail::default() };
    let star = |starred, changed| Starred { id: lock_session().id, starred, changed };
    let run = |answer| Run::terminal(80).answer("session/get", detail.clone()).answer("session/star", answer);
    let given = run(star(true, true)).run("star @");
    assert!(given.calls[1].contains(r#""session":"4f2a91c70123456789abcdef01234567","starred":true"#), "{}", given.calls[1]);
    assert_snapshot!(run(star(true, true)).shown("star 4f2a"), @r"
    Starred:
    4f2a91c7  Fix the flaky lock test       claude-code  app@main  2h starred live
    --- stderr
    hint: opensession search is:starred
    --- exit 0
    ");
    let taken = run(star(false, true)).run("star 4f2a --remove");
    assert!(taken.stdout.starts_with("No star any more:") && !taken.stdout.contains("starred"), "{}", taken.stdout);
    let page = opensession_protocol::SessionPage {
        sessions: vec![
            opensession_protocol::SessionInfo { starred: true, ..korean_session() },
            opensession_protocol::SessionInfo { starred: true, ..lock_session() },
        ],
        total: 2,
        ..Default::default()
    };
    assert_snapshot!(Run::terminal(80).answer("session/list", page).run("log").stdout, @r"
    session b81d03e2  잠금 순서 바꾸기                                       starred
      codex, infra, 2026-11-19 12:00 (3d ago)
      9 turns, 1 file +14 -2, 3,000 tokens, cost -

    session 4f2a91c7  Fix the flaky lock test                           starred live
    ");
}
