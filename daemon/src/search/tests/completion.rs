//! Completions at the cursor, over the sessions of the language's tests.

use jiff::{Timestamp, tz::TimeZone};

use super::language::{events, sessions_of_tests};
use super::model::*;
use crate::search::CompletionRequest;
use crate::search::query::ParseContext;

/// The completions at the end of a query: the text that is replaced, and what it is replaced by.
fn completions(query: &str, way: Way) -> String {
    completions_at(query, u32::MAX, 8, way)
}

fn completions_at(query: &str, cursor: u32, limit: usize, way: Way) -> String {
    let (_folder, index) = index(&events(), way);
    let mut context = ParseContext::new(Timestamp::from_millisecond(NOW).unwrap(), TimeZone::UTC);
    context.home = Some("/home/u".to_owned());
    let catalog = sessions_of_tests();
    let request = CompletionRequest { catalog: &catalog, in_scope: &|_| true, context: &context, cursor, limit };
    let found = index.complete(query, &request).unwrap();
    let replaced: String = query.chars().skip(found.start as usize).take((found.end - found.start) as usize).collect();
    let items: Vec<String> = found
        .items
        .iter()
        .map(|item| match item.count {
            Some(count) => format!("{} {count}", item.text),
            None => item.text.clone(),
        })
        .collect();
    format!("[{replaced}] {}{}", items.join(", "), if found.more { " …" } else { "" })
}

#[test]
fn table() {
    let table = [
        ("agent:", "[] claude-code 2, codex 1"),
        ("auth -agent:cl", "[cl] claude-code 2"),
        ("agent:code", "[code] codex 1, claude-code 2"),
        ("agent:codex,", "[] claude-code 2, codex 1"),
        ("model:", "[] claude-opus-4-5 1, gpt-5-codex 1"),
        ("model:op", "[op] claude-opus-4-5 1"),
        ("tool:m", "[m] mcp__github__search 1"),
        ("repo:", "[] o/app 1, o/infra 1"),
        ("repo:in", "[in] o/infra 1"),
        ("branch:ent", "[ent] feature/ent-221 1"),
        ("kind:p", "[p] prompt 2"),
        ("kind:(call OR o", "[o] output 1"),
        ("role:", "[] agent 5, human 2, tool 1"),
        ("is:s", "[s] starred 1, subagent 1"),
        ("has:t", "[t] thinking 1, todo 1"),
        ("path:src/au", "[src/au] src/auth/ 1"),
        ("path:src/auth/", "[src/auth/] src/auth/token.rs 1"),
        ("file:", "[] token.rs 1"),
        ("file:tok", "[tok] token.rs 1"),
        ("file:read:READ", "[read:READ] read:readme.md 1"),
        ("cwd:~/a", "[~/a] ~/app/ 1"),
        (
            "session:0000000000000000000000000000000",
            "[0000000000000000000000000000000] 00000000, 00000000, 00000000, 00000000",
        ),
        ("session:flaky", "[flaky] 00000000"),
        ("parent:", "[] 00000000"),
        ("root:", "[] 00000000"),
        ("title:fl", "[fl] flaky 1"),
        ("title:\"fix the", "[\"fix the] \"Fix the flaky LockTest\" 1"),
        ("title:배", "[배] 배포 1"),
        ("since:to", "[to] today 1"),
        ("on:2026", "[2026]"),
        ("cost:>", "[>] >0.10 2, >1 1, >5 0, >20 0"),
        ("sort:", "[] best, new, old, cost"),
        ("case:", "[] yes"),
        ("ag", "[ag] agent:"),
        ("w", "[w]"),
        ("wi", "[wi] wingman 1"),
        ("src/to", "[to] token 1"),
        ("\"race con", "[con] condition 1"),
        ("au", "[au] auth 4"),
        ("/er", "[/er]"),
        ("text:wi", "[wi]"),
        ("nothing:", "[]"),
    ];
    for way in [Way::Disk, Way::Mixed] {
        for (query, expected) in table {
            assert_eq!(completions(query, way).trim_end(), expected, "{query} {way:?}");
        }
    }
}

#[test]
fn the_piece_around_the_cursor_is_replaced_and_bounds_hold() {
    assert_eq!(completions_at("agent:cod lock", 8, 8, Way::Mixed), "[cod] codex 1, claude-code 2");
    assert_eq!(completions_at("ti lock", 1, 8, Way::Mixed), "[ti] text:, title:, tokens:, tool:, turns:");
    assert_eq!(completions_at("", 0, 3, Way::Mixed), "[] after:, agent:, before: …");
    assert_eq!(completions_at("kind:", 5, 2, Way::Mixed), "[] agent 2, call 2 …");
}
