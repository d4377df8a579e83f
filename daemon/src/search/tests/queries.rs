//! Every class of query over a small corpus, from memory and from disk.

use opensession_hail::Kind;
use opensession_protocol::Count;

use super::model::*;
use crate::search::query::{
    Clause, Field, FieldClause, FileAccess, Glob, PathPattern, Phrase, RegexPattern, Sort, TimeRange, UnitBody,
};
use crate::search::{PathAccess, SearchDocument, SearchError, SearchRequest};

fn field(field: Field) -> Clause {
    Clause::Field(FieldClause { typed: String::new(), start: 0, end: 0, field })
}

fn glob(pattern: &str) -> Vec<Glob> {
    vec![Glob { pattern: pattern.to_owned() }]
}

fn path(components: &[&str]) -> Vec<PathPattern> {
    vec![PathPattern { components: components.iter().map(|&part| part.to_owned()).collect(), rooted: false }]
}

fn corpus() -> Vec<SearchDocument> {
    let prompt = |session, event, text: &str| SearchDocument { kind: Kind::Prompt, ..document(session, event, text) };
    vec![
        prompt(1, 1, "fix the race condition in the auth module"),
        SearchDocument {
            kind: Kind::Call,
            edit_call: true,
            tool: Some("Edit".to_owned()),
            model: Some("claude-opus-4".to_owned()),
            paths: vec![(PathAccess::Edited, "/home/u/x/src/auth/token.rs".to_owned())],
            ..document(1, 2, "src/auth/token.rs ManualCommitStrategy")
        },
        SearchDocument {
            kind: Kind::Output,
            tool: Some("Bash".to_owned()),
            error: true,
            exit: Some(101),
            ..document(1, 3, "error: test failed, condition race")
        },
        prompt(2, 1, "the manual commit strategy of foo::bar is flaky"),
        SearchDocument {
            kind: Kind::Call,
            tool: Some("Read".to_owned()),
            paths: vec![(PathAccess::Read, "/home/u/x/src/Auth/token.rs".to_owned())],
            ..document(2, 2, "reads manual_commit.go:145")
        },
        prompt(3, 1, "로그인 토큰이 만료되면 登录页面 데이터"),
        SearchDocument { kind: Kind::Thinking, ..document(3, 2, "condensation wingman hooks, race") },
        prompt(4, 1, "unrelated words about wingmen and condensers"),
    ]
}

#[test]
fn every_class_of_query() {
    let prefix = |text: &str| unit(text, UnitBody::Prefix(runs(text).remove(0)));
    let open_phrase = |first: &str, last: &str| {
        let terms = vec![first.to_owned(), last.to_owned()];
        unit(first, UnitBody::Phrase(Phrase { terms, slop: 0, prefix_last: true }))
    };
    let substring = |text: &str| unit(text, UnitBody::Substring(text.to_owned()));
    let regex =
        |pattern: &str| unit(pattern, UnitBody::Regex(RegexPattern { pattern: pattern.to_owned(), ignore_case: true }));
    let time = |from_ms, until_ms| field(Field::Time(vec![TimeRange { from_ms, until_ms }]));
    let cases: Vec<(&str, Vec<Clause>, &[u32])> = vec![
        ("a word", vec![Clause::Unit(word("flaky"))], &[2]),
        ("two words, ranked", vec![Clause::Unit(word("race")), Clause::Unit(word("flaky"))], &[1, 2, 3]),
        ("both words", vec![required(word("race")), required(word("wingman"))], &[3]),
        ("a phrase", vec![Clause::Unit(phrase("race condition"))], &[1]),
        ("an identifier", vec![Clause::Unit(word("ManualCommit"))], &[1, 2]),
        ("the identifier in parts", vec![Clause::Unit(word("manual_commit"))], &[1, 2]),
        ("a whole path", vec![Clause::Unit(word("src/auth/token.rs"))], &[1]),
        ("two colons", vec![Clause::Unit(word("foo::bar"))], &[2]),
        ("a line number", vec![Clause::Unit(word("manual_commit.go:145"))], &[2]),
        ("a word nobody wrote", vec![Clause::Unit(word("zebra"))], &[]),
        ("a phrase in the wrong order", vec![Clause::Unit(phrase("module auth"))], &[]),
        ("a prefix", vec![required(prefix("condens"))], &[3, 4]),
        ("a prefix of a part that nothing begins with", vec![required(prefix("manual_zeb"))], &[]),
        ("a phrase with such an end", vec![required(open_phrase("race", "zeb"))], &[]),
        ("a phrase with an open end", vec![required(open_phrase("race", "cond"))], &[1]),
        ("a substring", vec![required(substring("ingm"))], &[3, 4]),
        ("an expression", vec![required(regex("^wingm[ae]n$"))], &[3, 4]),
        ("an expression on wholes", vec![required(regex("commit_?str"))], &[1]),
        ("Hangul", vec![Clause::Unit(word("토큰이"))], &[3]),
        ("Hangul without its particle", vec![Clause::Unit(word("토큰"))], &[3]),
        ("Han", vec![Clause::Unit(word("登录页面"))], &[3]),
        ("one Han character", vec![required(unit("页", UnitBody::CjkCharacter("页".to_owned())))], &[3]),
        ("a tool", vec![field(Field::Tool(glob("bash")))], &[1]),
        ("a tool and a word", vec![field(Field::Tool(glob("re*"))), Clause::Unit(word("manual"))], &[2]),
        ("a tool and a word elsewhere", vec![field(Field::Tool(glob("bash"))), Clause::Unit(word("auth"))], &[]),
        ("a model", vec![field(Field::Model(glob("*opus*")))], &[1]),
        ("a kind", vec![field(Field::Kind(vec![Kind::Thinking]))], &[3]),
        ("edits with their calls", vec![field(Field::Kind(vec![Kind::Edit]))], &[1]),
        ("a path", vec![field(Field::Path(path(&["src", "auth"])))], &[1, 2]),
        ("an edited file", vec![field(Field::File(FileAccess::Edited, path(&["token.rs"])))], &[1]),
        ("a file that was read", vec![field(Field::File(FileAccess::Read, path(&["*.rs"])))], &[2]),
        ("half a component", vec![field(Field::Path(path(&["src", "aut"])))], &[]),
        ("an agent", vec![field(Field::Agent(glob("claude*"))), Clause::Unit(word("flaky"))], &[2]),
        ("another agent", vec![field(Field::Agent(glob("codex"))), Clause::Unit(word("flaky"))], &[]),
        ("before", vec![time(None, Some(NOW - 1_000_000 + 2)), Clause::Unit(word("race"))], &[1]),
        ("after", vec![time(Some(NOW - 1_000_000 + 2), None), Clause::Unit(word("flaky"))], &[]),
        (
            "without a word",
            vec![
                Clause::Unit(word("race")),
                Clause::Not(Box::new(required(word("flaky")))),
                Clause::Not(Box::new(required(word("wingman")))),
            ],
            &[1],
        ),
        ("only without", vec![Clause::Not(Box::new(required(word("race"))))], &[2, 4]),
        (
            "events left out",
            vec![Clause::Not(Box::new(field(Field::Kind(vec![Kind::Prompt])))), Clause::Unit(word("race"))],
            &[1, 3],
        ),
        (
            "either, and a word",
            vec![Clause::Any(vec![required(word("flaky")), required(word("wingman"))]), Clause::Unit(word("race"))],
            &[2, 3],
        ),
        (
            "a word or a tool",
            vec![Clause::Any(vec![required(word("wingman")), field(Field::Tool(glob("bash")))])],
            &[1, 3],
        ),
    ];
    for way in WAYS {
        let (_folder, index) = index(&corpus(), way);
        let catalog = catalog(4);
        for (name, clauses, expected) in &cases {
            let found = search(&index, &all(clauses.clone()), &catalog);
            let expected: std::collections::BTreeSet<u32> = expected.iter().copied().collect();
            assert_eq!(sessions(&found), expected, "{name}, {way:?}");
            assert_eq!(found.matching_any, Count { value: expected.len() as u64, at_least: false }, "{name}, {way:?}");
            let by_kind: u64 = found.by_kind.iter().map(|facet| facet.count).sum();
            assert_eq!(by_kind, found.hits, "{name}, {way:?}");
            assert_eq!(found.hits, found.sessions.iter().map(|session| session.total).sum::<u64>(), "{name}, {way:?}");
        }
    }
}

#[test]
fn no_clause_asks_for_everything_newest_first() {
    let (_folder, index) = index(&corpus(), Way::Mixed);
    let found = search(&index, &all(Vec::new()), &catalog(4));
    assert_eq!(order(&found), [1, 2, 3, 4]);
    assert_eq!(found.hits, 8);
    let oldest = crate::search::query::Query { sort: Sort::Old, ..all(Vec::new()) };
    assert_eq!(order(&search(&index, &oldest, &catalog(4))), [4, 3, 2, 1]);
}

#[test]
fn hits_tell_what_they_are() {
    for way in WAYS {
        let (_folder, index) = index(&corpus(), way);
        let found = search(&index, &words("failed"), &catalog(4));
        let hit = &found.sessions[0].hits[0];
        assert_eq!((hit.session, hit.event, hit.kind, hit.error), (1, 3, Kind::Output, true));
        assert_eq!(hit.tool.as_deref(), Some("Bash"));
        assert_eq!(hit.ts_ms, NOW - 1_000_000 + 3);
    }
}

#[test]
fn words_that_are_missing_are_named_and_counted() {
    let (_folder, index) = index(&corpus(), Way::Mixed);
    let found = search(&index, &words("race flaky condition"), &catalog(4));
    assert_eq!((found.matching_all.value, found.matching_any.value), (0, 3));
    let missing = |session: u32| found.sessions.iter().find(|one| one.session == session).unwrap().missing.join(" ");
    assert_eq!(missing(1), "flaky");
    assert_eq!(missing(2), "race condition");
    assert_eq!(order(&found)[0], 1);
}

#[test]
fn a_word_found_nowhere_is_cut_into_its_terms() {
    let (_folder, index) = index(&corpus(), Way::Mixed);
    let found = search(&index, &words("strategy::flaky"), &catalog(4));
    assert_eq!(order(&found)[0], 2);
    assert_eq!((found.matching_all.value, found.matching_any.value), (1, 2));
}

#[test]
fn slack_lets_terms_stray() {
    let near = |slop| {
        let terms = vec!["fix".to_owned(), "condition".to_owned()];
        all(vec![required(unit("near", UnitBody::Phrase(Phrase { terms, slop, prefix_last: false })))])
    };
    for way in WAYS {
        let (_folder, index) = index(&corpus(), way);
        assert_eq!(search(&index, &near(1), &catalog(4)).hits, 0);
        assert_eq!(search(&index, &near(2), &catalog(4)).hits, 1);
    }
}

#[test]
fn a_subagents_session_is_listed_under_its_root() {
    let mut catalog = catalog(3);
    change(&mut catalog, 2, |entry| entry.root = 1);
    let documents = [document(1, 1, "parent talks"), document(2, 1, "child finds needle"), document(3, 1, "other")];
    for way in WAYS {
        let (_folder, index) = index(&documents, way);
        let found = search(&index, &words("needle parent"), &catalog);
        assert_eq!(order(&found), [1]);
        assert_eq!((found.matching_all.value, found.sessions[0].total), (1, 2));
        assert!(found.sessions[0].hits.iter().any(|hit| hit.session == 2));
        let apart =
            all(vec![field(Field::Is(vec![crate::search::query::IsValue::Subagent])), Clause::Unit(word("needle"))]);
        assert_eq!(order(&search(&index, &apart, &catalog)), [2]);
    }
}

#[test]
fn copies_are_shown_once() {
    let copy = |session, event, identity, text: &str| SearchDocument { identity, ..document(session, event, text) };
    let documents = [
        copy(1, 1, 11, "shared needle"),
        copy(1, 2, 12, "shared more"),
        copy(2, 1, 11, "shared needle"),
        copy(2, 2, 12, "shared more"),
        copy(2, 3, 13, "own thread"),
        copy(3, 1, 14, "needle of its own"),
    ];
    for way in WAYS {
        let (_folder, index) = index(&documents, way);
        let found = search(&index, &words("needle"), &catalog(3));
        assert_eq!(sessions(&found), [1, 3].into(), "{way:?}");
        assert_eq!((found.matching_any.value, found.matching_all.value, found.hits), (2, 2, 2));
        assert_eq!(found.sessions.iter().map(|session| session.copies).sum::<u64>(), 1);
        // Session 2 has more of what is asked for, so it is the one that stays.
        let found = search(&index, &words("shared thread"), &catalog(3));
        assert_eq!(order(&found), [2], "{way:?}");
        assert_eq!((found.matching_any.value, found.hits, found.sessions[0].copies), (1, 3, 1));
        assert_eq!(found.by_kind[0].count, 3);
    }
}

#[test]
fn excluded_sessions_and_other_repositories_are_left_out() {
    let (_folder, index) = index(&corpus(), Way::Mixed);
    let mut catalog = catalog(4);
    change(&mut catalog, 3, |entry| entry.repository_identity = Some("github.com/o/r".into()));
    let mut request = request();
    request.exclude = vec![1];
    let found = index.search(&words("race"), &request, &catalog, &Texts::default()).unwrap();
    assert_eq!(order(&found), [3]);
    request.exclude.clear();
    request.repository = Some("github.com/o/r".into());
    let found = index.search(&words("race"), &request, &catalog, &Texts::default()).unwrap();
    assert_eq!(order(&found), [3]);
}

#[test]
fn pages_follow_one_another() {
    let documents: Vec<_> = (1..=30).map(|session| document(session, 1, "needle")).collect();
    let (_folder, index) = index(&documents, Way::Mixed);
    let whole = order(&search(&index, &words("needle"), &catalog(30)));
    assert_eq!(whole, (1..=30).collect::<Vec<_>>(), "of equals the newest comes first");
    let mut pages = Vec::new();
    for offset in [0, 12, 24] {
        let page = crate::search::SearchRequest { limit: 12, offset, ..request() };
        pages.extend(order(&index.search(&words("needle"), &page, &catalog(30), &Texts::default()).unwrap()));
    }
    assert_eq!(pages, whole);
}

#[test]
fn more_hits_than_are_summed_can_be_had() {
    let documents: Vec<_> = (1..=40).map(|event| document(1, event, "needle")).collect();
    for way in WAYS {
        let (_folder, index) = index(&documents, way);
        let many = crate::search::SearchRequest { hits_per_session: 25, ..request() };
        let found = index.search(&words("needle"), &many, &catalog(1), &Texts::default()).unwrap();
        let events: Vec<u32> = found.sessions[0].hits.iter().map(|hit| hit.event).collect();
        assert_eq!(events, (16..=40).rev().collect::<Vec<_>>(), "{way:?}");
    }
}

/// Runs a query as typed over the corpus, with its texts at hand.
fn typed(query: &str, way: Way) -> (crate::search::query::Query, crate::search::Found, Texts) {
    use crate::search::query::{ParseContext, parse};
    let corpus = corpus();
    let texts = Texts(corpus.iter().map(|one| ((one.session, one.event), one.text.clone())).collect());
    let (_folder, index) = index(&corpus, way);
    let now = jiff::Timestamp::from_millisecond(NOW).unwrap();
    let query = parse(query, &ParseContext::new(now, jiff::tz::TimeZone::UTC));
    let request = crate::search::SearchRequest { explain: true, ..request() };
    let found = index.search(&query, &request, &catalog(4), &texts).unwrap();
    (query, found, texts)
}

#[test]
fn what_only_texts_tell_is_looked_up_there() {
    for (query, expected) in [
        ("text:\"race condition\"", &[1][..]),
        ("text:/con[dt]i/", &[1]),
        ("race text:hooks", &[3]),
        ("race -text:hooks", &[1]),
        ("ManualCommitStrategy case:yes", &[1]),
        ("manualcommitstrategy case:yes", &[]),
        ("text:zebra", &[]),
    ] {
        for way in WAYS {
            let (_, found, _) = typed(query, way);
            assert_eq!(sessions(&found), expected.iter().copied().collect(), "{query} {way:?}");
        }
    }
}

#[test]
fn a_slip_of_the_pen_is_found_but_does_not_count() {
    for way in WAYS {
        let (_, found, _) = typed("wingmam", way);
        assert_eq!(sessions(&found), [3].into(), "{way:?}");
        assert_eq!((found.matching_all.value, found.matching_any.value), (0, 1));
        assert_eq!(found.similar, [(0, "wingman".to_owned())]);
        assert_eq!(found.sessions[0].missing, ["wingmam"]);
        let (_, found, _) = typed("+wingmam", way);
        assert_eq!(found.matching_any.value, 0);
    }
}

#[test]
fn a_last_word_that_hardly_any_event_has_is_a_beginning_too() {
    for way in WAYS {
        // Nowhere as typed: longer words count as it.
        for (query, expected) in
            [("ManualComm", &[1, 2][..]), ("condense", &[4]), ("foo::ba", &[2]), ("race wingma", &[1, 3])]
        {
            let (query, found, texts) = typed(query, way);
            assert_eq!(sessions(&found), expected.iter().copied().collect(), "{} {way:?}", query.text);
            assert!(found.matching_all.value > 0 && found.opened.is_some(), "{} {way:?}", query.text);
            let answer = crate::search::answer(found, &query, &catalog(4), &texts, Some(60));
            assert!(answer.sessions.iter().all(|session| !session.hits[0].ranges.is_empty()), "{}", query.text);
        }
        // Rare as typed: longer words come after it, and do not count.
        let (_, found, _) = typed("flaky condition", way);
        assert_eq!((found.matching_any.value, found.opened), (2, None), "nothing is longer: {way:?}");
        let (_, found, _) = typed("token con", way);
        assert_eq!(found.opened, Some(1));
        let (_, found, _) = typed("con token", way);
        assert_eq!(found.opened, None, "it is not the last word");
        let (_, found, _) = typed("+ManualComm", way);
        assert_eq!(found.matching_any.value, 0, "a required word is meant as it is");
    }
    let documents = [document(1, 1, "the ManualComm module"), document(2, 1, "a ManualCommit"), document(3, 1, "x")];
    for way in WAYS {
        let (_folder, index) = index(&documents, way);
        let found = search(&index, &words("ManualComm"), &catalog(3));
        assert_eq!((order(&found), found.matching_all.value, found.matching_any.value), (vec![1, 2], 1, 2));
        assert_eq!(found.sessions[1].missing, ["ManualComm"]);
    }
}

#[test]
fn pages_neither_repeat_nor_pass_over_a_session() {
    // Half of them have both words side by side, which lifts them.
    let text = |session: u32| {
        let words = if session.is_multiple_of(2) { "lock order" } else { "order of lock" };
        format!("{words} {}", "filler ".repeat((session % 7) as usize))
    };
    let documents: Vec<SearchDocument> = (1..=200).map(|session| document(session, 1, &text(session))).collect();
    let (_folder, index) = index(&documents, Way::Mixed);
    let catalog = catalog(200);
    let page = |offset, limit| {
        let request = SearchRequest { limit, offset, ..request() };
        let found = index.search(&words("lock order"), &request, &catalog, &Texts::default()).unwrap();
        assert!(found.sessions.is_sorted_by(|left, right| left.score >= right.score), "scores do not rise");
        order(&found)
    };
    let whole = page(0, 1000);
    for size in [1, 7, 20, 40, 64] {
        let pages: Vec<u32> = (0..200).step_by(size).flat_map(|offset| page(offset, size)).collect();
        assert_eq!(pages, whole, "pages of {size}");
    }
}

#[test]
fn what_the_query_leaves_out_was_searched_all_the_same() {
    for query in ["agent:codex race", "race zebra -race", "session:ffffffff race"] {
        let (_, found, _) = typed(query, Way::Mixed);
        assert_eq!((found.matching_all.value, found.searched), (0, 4), "{query}");
    }
}

#[test]
fn an_empty_answer_says_why() {
    let (_, found, _) = typed("+wingmam +race", Way::Mixed);
    let empty = found.empty.unwrap();
    let without: Vec<(&str, u64)> =
        empty.without.iter().map(|one| (one.part.trim_start_matches('+'), one.sessions)).collect();
    assert_eq!(without, [("wingmam", 2), ("race", 0)]);
    assert_eq!(empty.without[0].near[0].value, "wingman");
    assert_eq!(empty.without[0].near[0].count, 1);
}

#[test]
fn what_tokens_lose_ranks_first() {
    let documents =
        [document(1, 1, "never verify that"), document(2, 1, "git commit --no-verify"), document(1, 2, "no verify")];
    let texts = Texts(documents.iter().map(|one| ((one.session, one.event), one.text.clone())).collect());
    let now = jiff::Timestamp::from_millisecond(NOW).unwrap();
    let context = crate::search::query::ParseContext::new(now, jiff::tz::TimeZone::UTC);
    let query = crate::search::query::parse("--no-verify", &context);
    for way in WAYS {
        let (_folder, index) = index(&documents, way);
        let found = index.search(&query, &request(), &catalog(2), &texts).unwrap();
        assert_eq!(order(&found), [2, 1], "{way:?}");
    }
}

#[test]
fn an_answer_has_snippets_and_names_what_is_folded() {
    let (query, found, texts) = typed("wingmam", Way::Mixed);
    let answer = crate::search::answer(found, &query, &catalog(4), &texts, Some(60));
    let hit = &answer.sessions[0].hits[0];
    let (start, end) = hit.ranges[0];
    let marked: String = hit.text.chars().skip(start as usize).take((end - start) as usize).collect();
    assert_eq!(marked, "wingman");
    assert_eq!((hit.event, hit.kind, hit.session.as_deref()), (2, Kind::Thinking, None));
    assert_eq!(answer.sessions[0].session.id, catalog(4).get(3).unwrap().info.id);
}

#[test]
fn what_is_remembered_answers_alike() {
    let (_folder, index) = index(&corpus(), Way::Mixed);
    let catalog = catalog(4);
    for query in [words("src/auth/token.rs"), words("manual_commit"), all(vec![Clause::Unit(phrase("race condition"))])]
    {
        let first = search(&index, &query, &catalog);
        assert!(!first.sessions.is_empty());
        assert_eq!(search(&index, &query, &catalog), first, "{query:?}");
    }
    // What is deleted is not found again through what was remembered.
    let query = words("manual_commit");
    assert_eq!(sessions(&search(&index, &query, &catalog)), [1, 2].into());
    index.remove_session(2, 9).unwrap();
    assert_eq!(sessions(&search(&index, &query, &catalog)), [1].into());
}

#[test]
fn a_search_is_taken_back() {
    let (_folder, index) = index(&corpus(), Way::Disk);
    let request = request();
    drop(request.stop.guard());
    let found = index.search(&words("race"), &request, &catalog(4), &Texts::default());
    assert!(matches!(found, Err(SearchError::Stopped)), "{found:?}");
}
