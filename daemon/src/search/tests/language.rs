//! Queries as people type them, over sessions that differ in everything a field can ask for.

use std::{collections::BTreeSet, sync::Arc};

use jiff::{Timestamp, tz::TimeZone};
use opensession_agents::derive::Activity;
use opensession_hail::Kind;
use opensession_protocol::{IndexState, Reading, SessionRelation, SessionStats};

use super::model::*;
use crate::catalog::{Catalog, SessionKey};
use crate::search::query::{ParseContext, Query, parse};
use crate::search::{EventTexts, Found, PathAccess, SearchDocument, SearchError, SearchRequest, Stop};

/// Tests are on 2027-01-15, a Friday, at 08:00 UTC.
const DAY_MS: i64 = 24 * 3_600 * 1_000;

/// Session 1: Claude Code in `o/app`, 2: Codex in `o/infra`, 3: Claude Code, a sub-agent of 1, 4: a fork, nowhere.
pub(super) fn events() -> Vec<SearchDocument> {
    let at = |days: i64, document: SearchDocument| SearchDocument { ts_ms: NOW - days * DAY_MS, ..document };
    let prompt = |session, event, text: &str| SearchDocument { kind: Kind::Prompt, ..document(session, event, text) };
    vec![
        at(0, prompt(1, 1, "Fix the Auth bug, the race condition 🚀")),
        at(0, SearchDocument { model: Some("claude-opus-4-5".to_owned()), ..document(1, 2, "wingman looks at C++") }),
        at(
            0,
            SearchDocument {
                kind: Kind::Call,
                edit_call: true,
                tool: Some("Edit".to_owned()),
                paths: vec![(PathAccess::Edited, "/home/u/app/src/auth/token.rs".to_owned())],
                ..document(1, 3, "src/auth/token.rs rewritten")
            },
        ),
        at(40, prompt(2, 1, "deploy the auth service, 환불을 계산")),
        at(
            40,
            SearchDocument {
                kind: Kind::Call,
                tool: Some("mcp__github__search".to_owned()),
                paths: vec![(PathAccess::Read, "/home/u/infra/README.md".to_owned())],
                ..document(2, 2, "reads README.md")
            },
        ),
        at(
            40,
            SearchDocument {
                kind: Kind::Output,
                tool: Some("Bash".to_owned()),
                error: true,
                exit: Some(101),
                model: Some("gpt-5-codex".to_owned()),
                ..document(2, 3, "error: git commit --no-verify failed, err != nil")
            },
        ),
        at(1, document(3, 1, "child of the first, race of tests")),
        at(2, SearchDocument { kind: Kind::Thinking, ..document(4, 1, "a fork thinks about auth") }),
    ]
}

pub(super) fn sessions_of_tests() -> Catalog {
    let mut catalog = catalog(4);
    change(&mut catalog, 1, |entry| {
        entry.updated_ms = NOW - 60_000;
        entry.activity = Activity::Working;
        entry.repository_identity = Some("github.com/o/app".into());
        let info = Arc::make_mut(&mut entry.info);
        info.repository = Some("o/app".to_owned());
        info.branch = Some("feature/ent-221".to_owned());
        info.title = "Fix the flaky LockTest".to_owned();
        info.cwd = Some("/home/u/app/src".to_owned());
        info.starred = true;
        info.native_id = "5e55104e-aaaa".to_owned();
        info.stats = SessionStats {
            turns: 12,
            edits: 3,
            cost: Some(2.5),
            input_tokens: 150_000,
            active_ms: 3_700_000,
            ..info.stats.clone()
        };
        entry.traits.todo = true;
        entry.traits.pull_request = true;
    });
    change(&mut catalog, 2, |entry| {
        entry.updated_ms = NOW - 40 * DAY_MS;
        let info = Arc::make_mut(&mut entry.info);
        info.agent = "codex".to_owned();
        info.repository = Some("o/infra".to_owned());
        entry.repository_identity = Some("github.com/o/infra".into());
        info.branch = Some("main".to_owned());
        info.title = "배포 고치기".to_owned();
        info.cwd = Some("/home/u/infra".to_owned());
        info.stats = SessionStats { turns: 2, input_tokens: 900, active_ms: 60_000, ..SessionStats::default() };
        entry.traits.command = true;
        entry.traits.image = true;
    });
    change(&mut catalog, 3, |entry| {
        entry.updated_ms = NOW - DAY_MS;
        entry.root = 1;
        let info = Arc::make_mut(&mut entry.info);
        info.parent = Some(format!("{:032x}", 1));
        info.relation = Some(SessionRelation::Subagent);
        info.stats =
            SessionStats { turns: 50, input_tokens: 2_000_000, active_ms: 9_000_000, ..SessionStats::default() };
    });
    change(&mut catalog, 4, |entry| {
        entry.updated_ms = NOW - 2 * DAY_MS;
        entry.activity = Activity::Interrupted;
        let info = Arc::make_mut(&mut entry.info);
        info.relation = Some(SessionRelation::Fork);
        entry.traits.thinking = true;
        entry.traits.compacted = true;
        info.stats.cost = Some(0.2);
    });
    catalog
}

fn read(query: &str) -> Query {
    let mut context = ParseContext::new(Timestamp::from_millisecond(NOW).unwrap(), TimeZone::UTC);
    context.home = Some("/home/u".to_owned());
    parse(query, &context)
}

fn texts() -> Texts {
    Texts(events().into_iter().map(|event| ((event.session, event.event), event.text)).collect())
}

/// Runs a query as typed.
fn run(query: &str, way: Way) -> Result<Found, SearchError> {
    run_with(query, way, &|request| request)
}

fn run_with(query: &str, way: Way, with: &dyn Fn(SearchRequest) -> SearchRequest) -> Result<Found, SearchError> {
    let (_folder, index) = index(&events(), way);
    let request = with(SearchRequest { explain: true, ..request() });
    index.search(&read(query), &request, &sessions_of_tests(), &texts())
}

#[test]
fn every_field_finds_what_it_says() {
    let table: &[(&str, &[SessionKey])] = &[
        ("agent:codex", &[2]),
        ("agent:claude", &[1, 4]),
        ("agent:CLAUDE-*", &[1, 4]),
        ("agent:claude,codex auth", &[1, 2, 4]),
        ("-agent:codex auth", &[1, 4]),
        ("model:opus", &[1]),
        ("model:gpt-5*", &[2]),
        ("model:(opus OR gpt*)", &[1, 2]),
        ("role:human auth", &[1, 2]),
        ("role:agent auth", &[1, 4]),
        ("role:tool", &[2]),
        ("kind:prompt auth", &[1, 2]),
        ("kind:thinking", &[4]),
        ("kind:edit", &[1]),
        ("-kind:prompt auth", &[1, 4]),
        ("tool:bash", &[2]),
        ("tool:mcp__*", &[2]),
        ("tool:edit,bash", &[1, 2]),
        ("repo:app", &[1]),
        ("repo:o/app", &[1]),
        ("repo:https://github.com/o/infra.git", &[2]),
        ("repo:o/*", &[1, 2]),
        ("cwd:app", &[1]),
        ("cwd:~/infra", &[2]),
        ("cwd:/home/u/*", &[1, 2]),
        ("path:src/auth", &[1]),
        ("path:readme.md", &[2]),
        ("path:*.rs", &[1]),
        ("file:auth/token.rs", &[1]),
        ("file:readme.md", &[]),
        ("file:read:readme.md", &[2]),
        ("branch:feature/ent-*", &[1]),
        ("branch:ent-221", &[1]),
        ("branch:main", &[2]),
        ("title:\"flaky lock\"", &[1]),
        ("title:배포", &[2]),
        ("title:fix*", &[1]),
        ("session:00000000000000000000000000000002", &[2]),
        ("session:5e55", &[1]),
        ("parent:00000000000000000000000000000001", &[1]),
        ("root:00000000000000000000000000000001 race", &[1]),
        ("is:error", &[2]),
        ("is:subagent", &[3]),
        ("is:live", &[1]),
        ("is:interrupted", &[4]),
        ("is:edited", &[1]),
        ("is:starred", &[1]),
        ("-is:starred auth", &[2, 4]),
        ("is:forked", &[4]),
        ("is:compacted", &[4]),
        ("is:starred,forked", &[1, 4]),
        ("has:edit", &[1]),
        ("has:command", &[2]),
        ("has:todo", &[1]),
        ("has:image", &[2]),
        ("has:thinking", &[4]),
        ("has:pr", &[1]),
        ("is:starred has:pr", &[1]),
        ("after:2027-01-15", &[1]),
        ("since:3d", &[1, 4]),
        ("since:today", &[1]),
        ("on:yesterday", &[1]),
        ("on:wednesday", &[4]),
        ("until:2026-12", &[2]),
        ("before:2026-12-06", &[]),
        ("before:2026-12-07", &[2]),
        ("on:2026-12", &[2]),
        ("on:2027-01-13..yesterday", &[1, 4]),
        ("cost:>1", &[1]),
        ("cost:$0.10..$1", &[4]),
        ("tokens:>100k", &[1]),
        ("tokens:<1k", &[2, 4]),
        ("turns:12", &[1]),
        ("turns:1..5", &[2]),
        ("duration:>1h", &[1]),
        ("duration:<=1m", &[2, 4]),
        ("exit:101", &[2]),
        ("exit:>0", &[2]),
        ("exit:0", &[]),
        ("text:\"!=\"", &[2]),
        ("text:/err.{1,4}nil/", &[2]),
        ("auth -text:deploy", &[1, 4]),
    ];
    for way in WAYS {
        for (query, expected) in table {
            let found = run(query, way).unwrap();
            // A sub-agent's session is found under its root, unless sub-agents are asked for.
            assert_eq!(sessions(&found), expected.iter().copied().collect(), "{query} {way:?}");
        }
    }
}

#[test]
fn operators_are_about_sessions() {
    let table: &[(&str, &[SessionKey])] = &[
        // In different events of one session.
        ("bug AND wingman", &[1]),
        ("bug AND deploy", &[]),
        ("+bug +wingman", &[1]),
        ("auth -bug", &[2, 4]),
        // What a sub-agent says leaves no session out.
        ("auth -child", &[1, 2, 4]),
        ("-auth", &[]),
        ("-bug", &[2, 4]),
        ("-agent:codex", &[1, 4]),
        ("bug OR deploy", &[1, 2]),
        ("(bug OR deploy) wingman", &[1, 2]),
        ("NOT bug auth", &[2, 4]),
        ("\"race condition\"", &[1]),
        ("\"race of\"", &[1]),
        ("c++", &[1]),
        ("C++ wingman", &[1]),
        ("🚀", &[1]),
        ("환불", &[2]),
        ("환", &[2]),
        ("condit*", &[1]),
        ("*ingma*", &[1]),
        ("/wing(man)?/", &[1]),
        ("Auth case:yes", &[1]),
        ("auth case:yes", &[1, 2, 4]),
        ("AUTH case:yes", &[]),
    ];
    for way in WAYS {
        for (query, expected) in table {
            let found = run(query, way).unwrap();
            assert_eq!(sessions(&found), expected.iter().copied().collect(), "{query} {way:?}");
        }
    }
}

#[test]
fn sorting_is_as_said() {
    for (query, expected) in [
        ("auth sort:new", [1, 4, 2]),
        ("auth sort:newest", [1, 4, 2]),
        ("auth sort:old", [2, 4, 1]),
        ("auth sort:cost", [1, 4, 2]),
    ] {
        assert_eq!(order(&run(query, Way::Mixed).unwrap()), expected, "{query}");
    }
}

#[test]
fn capitals_break_ties_alone() {
    let documents =
        [document(1, 1, "the auth module"), document(2, 1, "the Auth module"), document(3, 1, "the auth module")];
    let texts = Texts(documents.iter().map(|one| ((one.session, one.event), one.text.clone())).collect());
    let mut catalog = catalog(3);
    for session in 1..=3 {
        change(&mut catalog, session, |entry| entry.updated_ms = NOW - 400 * DAY_MS - i64::from(session));
    }
    for way in WAYS {
        let (_folder, index) = index(&documents, way);
        let ordered = |query: &str| order(&index.search(&read(query), &request(), &catalog, &texts).unwrap());
        assert_eq!(ordered("auth"), [1, 2, 3], "{way:?}");
        assert_eq!(ordered("Auth"), [2, 1, 3], "{way:?}");
        assert_eq!(ordered("Auth case:yes"), [2], "{way:?}");
    }
}

/// What the answer says of words that nothing holds.
fn interpreted(found: &Found) -> Vec<String> {
    let told = |one: &opensession_protocol::Interpretation| {
        format!("{}@{}..{} {:?} {}", one.word, one.start, one.end, one.reading, one.terms.join(" "))
    };
    found.interpreted.iter().map(told).collect()
}

#[test]
fn a_word_that_nothing_holds_is_taken_for_another_and_the_answer_says_so() {
    /// The query, the sessions found, those with all words and those with any, and what the answer says.
    type Row = (&'static str, &'static [SessionKey], (u64, u64), &'static [&'static str]);
    let table: &[Row] = &[
        // The last word: a beginning.
        ("auth wingm", &[1, 2, 4], (1, 3), &["wingm@5..10 Beginning wingman"]),
        // Elsewhere, and what begins nothing: a piece.
        ("ingma auth", &[1, 2, 4], (1, 3), &["ingma@0..5 Substring wingman"]),
        ("환불 ondit", &[1, 2], (0, 2), &["ondit@3..8 Substring condition"]),
        // No piece of any: a slip, which does not count as the word.
        ("wingmen", &[1], (0, 1), &["wingmen@0..7 Near wingman"]),
        ("wingmen auth", &[1, 2, 4], (0, 3), &["wingmen@0..7 Near wingman"]),
        // Written together: the parts.
        ("wingman::deploy", &[1, 2], (0, 2), &["wingman::deploy@0..15 Parts wingman deploy"]),
        (
            "wingman::deploi",
            &[1, 2],
            (0, 2),
            &["wingman::deploi@0..15 Parts wingman deploi", "deploi@0..15 Near deploy"],
        ),
        // Held by something: nothing to say.
        ("wingman auth", &[1, 2, 4], (1, 3), &[]),
        // Meant as typed.
        ("+wingmen auth", &[], (0, 0), &[]),
        ("\"wingmen\"", &[], (0, 0), &[]),
        // Common words beside others are not looked for.
        ("should auth", &[1, 2, 4], (3, 3), &[]),
        // Nothing is near to it.
        ("zzzzzz auth", &[1, 2, 4], (0, 3), &[]),
    ];
    for way in WAYS {
        for (query, expected, counts, said) in table {
            let found = run(query, way).unwrap();
            assert_eq!(sessions(&found), expected.iter().copied().collect(), "{query} {way:?}");
            assert_eq!(interpreted(&found), *said, "{query} {way:?}");
            assert_eq!((found.matching_all.value, found.matching_any.value), *counts, "{query} {way:?}");
        }
    }
}

#[test]
fn what_a_word_was_taken_for_is_marked() {
    for (typed, marked) in [("ingma auth", "ingma"), ("wingmen", "wingman"), ("wingman::deploi", "wingman")] {
        let found = run(typed, Way::Mixed).unwrap();
        let answer = crate::search::answer(found, &read(typed), &sessions_of_tests(), &texts(), Some(60));
        assert!(!answer.interpreted.is_empty());
        let marks: BTreeSet<String> = answer
            .sessions
            .iter()
            .flat_map(|session| &session.hits)
            .flat_map(|hit| {
                let piece = |range: &(u32, u32)| {
                    hit.text.chars().skip(range.0 as usize).take((range.1 - range.0) as usize).collect()
                };
                hit.ranges.iter().map(piece).collect::<Vec<String>>()
            })
            .collect();
        assert!(marks.contains(marked), "{typed}: {marks:?}");
    }
    assert_eq!(serde_json::to_value(Reading::Substring).unwrap(), "substring");
}

#[test]
fn an_empty_answer_says_which_part_and_what_is_near() {
    let table = [
        ("+wingmen", vec!["wingmen without 0 alone 0 near wingman=1"]),
        ("\"race kondition\"", vec![]),
        ("\"rase condition\"", vec!["\"rase condition\" without 0 alone 0 near \"race condition\"=1"]),
        ("+bug agent:codex", vec!["bug without 1 alone 1 near ", "agent:codex without 1 alone 1 near "]),
        ("+auth agent:codec", vec!["auth without 0 alone 3 near ", "agent:codec without 3 alone 0 near agent:codex=1"]),
        (
            "repo:o/ap branch:main",
            vec!["repo:o/ap without 1 alone 0 near repo:o/app=1", "branch:main without 0 alone 1 near "],
        ),
        ("tool:bsh", vec!["tool:bsh without 0 alone 0 near tool:bash=1"]),
        ("model:opsu", vec!["model:opsu without 0 alone 0 near "]),
    ];
    for way in WAYS {
        for (query, expected) in &table {
            let found = run(query, way).unwrap();
            let empty = found.empty.unwrap_or_else(|| panic!("{query} finds something"));
            assert_eq!(empty.index, IndexState::Ready);
            let told = |part: &opensession_protocol::WithoutPart| {
                let near: Vec<String> = part.near.iter().map(|near| format!("{}={}", near.value, near.count)).collect();
                format!("{} without {} alone {} near {}", part.part, part.sessions, part.alone, near.join(" "))
            };
            let told: Vec<String> = empty.without.iter().map(told).collect();
            if expected.is_empty() {
                assert_eq!(told.len(), 1, "{query}");
            } else {
                assert_eq!(told, *expected, "{query} {way:?}");
            }
        }
    }
}

#[test]
fn facets_count_everything_that_matches() {
    let facets = |query: &str, way, zone: &str| {
        let zone = TimeZone::get(zone).unwrap();
        let found = run_with(query, way, &|request| SearchRequest { limit: 1, facets: Some(zone.clone()), ..request });
        let found = found.unwrap();
        let told = |counts: &[opensession_protocol::FacetCount]| {
            counts.iter().map(|facet| format!("{} {}", facet.value, facet.count)).collect::<Vec<_>>().join(", ")
        };
        assert_eq!(found.sessions.len(), 1);
        [&found.by_agent, &found.by_kind, &found.by_repository, &found.by_month].map(|counts| told(counts)).join(" | ")
    };
    for way in WAYS {
        assert_eq!(
            facets("auth", way, "UTC"),
            "claude-code 2, codex 1 | prompt 2, call 1, thinking 1 | o/app 1, o/infra 1 | 2027-01 2, 2026-12 1",
            "{way:?}"
        );
        assert_eq!(facets("is:error", way, "UTC"), "codex 1 | output 1 | o/infra 1 | 2026-12 1");
    }
    // A month counts what `on:` would find in it.
    for month in ["2026-12", "2027-01"] {
        let found = run(&format!("auth on:{month}"), Way::Mixed).unwrap();
        let counted = facets("auth", Way::Mixed, "UTC");
        assert!(counted.contains(&format!("{month} {}", found.matching_any.value)), "{counted}");
    }
    assert_eq!(run("auth", Way::Mixed).unwrap().by_month, []);
}

#[test]
fn a_pattern_that_stands_for_too_much_is_refused_with_the_bound() {
    let text: String = (0..1_100).map(|number| format!("e{number}x ")).collect();
    let documents = [document(1, 1, &text), document(2, 1, "e1x alone")];
    for way in [Way::Fresh, Way::Disk] {
        let (_folder, index) = index(&documents, way);
        let search = |query: &str| index.search(&read(query), &request(), &catalog(2), &Texts::default());
        for (query, place) in [("e*", (0, 2)), ("alone *x*", (6, 9)), ("가 /^e/", (2, 6)), ("alone -e*", (7, 9))] {
            let Err(SearchError::Query(error)) = search(query) else { panic!("{query} is run {way:?}") };
            assert_eq!((error.code.as_str(), error.fatal), ("too_many_terms", true));
            assert!(error.message.contains("1024"), "{}", error.message);
            assert_eq!((error.start, error.end), place, "{query}");
        }
        // Longer patterns are run.
        assert_eq!(search("e109*").unwrap().matching_any.value, 1);
        assert_eq!(search("/^e1x$/").unwrap().matching_any.value, 2);
        // A word under way is looked at in part, and its counts say so.
        let typing = ParseContext { typing: true, ..ParseContext::new(Timestamp::UNIX_EPOCH, TimeZone::UTC) };
        let found = index.search(&parse("alone e", &typing), &request(), &catalog(2), &Texts::default()).unwrap();
        assert!(found.matching_any.at_least && found.hits_at_least);
        assert_eq!(found.errors[0].code, "too_many_terms");
    }
}

/// Texts that are very long.
struct LongTexts;

impl EventTexts for LongTexts {
    fn texts(&self, events: &[(SessionKey, u32)]) -> Vec<Option<String>> {
        events.iter().map(|_| Some("needle ".repeat(40_000))).collect()
    }
}

#[test]
fn a_scan_of_too_much_text_says_that_it_was_cut() {
    let documents: Vec<SearchDocument> = (1..=600).map(|event| document(1 + event % 3, event, "hay")).collect();
    let (_folder, index) = index(&documents, Way::Disk);
    let search = |query: &str| index.search(&read(query), &request(), &catalog(3), &LongTexts).unwrap();
    let found = search("text:needle");
    assert_eq!(found.errors[0].code, "texts_cut");
    assert!(found.errors[0].message.contains("of 600 events"), "{}", found.errors[0].message);
    assert!(found.matching_any.at_least && found.hits_at_least && found.hits < 600);
    // Narrowed by something else all of it is looked at.
    let found = search("text:needle session:00000000000000000000000000000001");
    assert_eq!((found.errors.len(), found.hits, found.matching_any.at_least), (0, 200, false));
}

#[test]
fn a_search_that_nobody_waits_for_ends() {
    let stop = Stop::default();
    let waiting = stop.guard();
    assert!(run_with("auth", Way::Mixed, &|request| SearchRequest { stop: stop.clone(), ..request }).is_ok());
    drop(waiting);
    for query in ["auth", "text:auth", "+zebra agent:codex", ""] {
        let stopped = run_with(query, Way::Mixed, &|request| SearchRequest { stop: stop.clone(), ..request });
        assert!(matches!(stopped, Err(SearchError::Stopped)), "{query}");
    }
}
