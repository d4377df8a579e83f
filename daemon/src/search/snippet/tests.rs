use jiff::{Timestamp, tz::TimeZone};
use proptest::prelude::*;

use super::*;
use crate::search::query::{ParseContext, parse};

fn matcher(query: &str) -> Matcher {
    Matcher::new(&parse(query, &ParseContext::new(Timestamp::UNIX_EPOCH, TimeZone::UTC)))
}

/// The snippet with its matches in brackets.
fn show(text: &str, query: &str, width: usize) -> String {
    snippet(text, &matcher(query), width).map_or("none".to_owned(), |snippet| brackets(&snippet))
}

fn brackets(snippet: &Snippet) -> String {
    let mut shown = String::new();
    for (at, character) in snippet.text.chars().enumerate() {
        let at = at as u32;
        if snippet.ranges.iter().any(|(_, end)| *end == at) {
            shown.push(']');
        }
        if snippet.ranges.iter().any(|(start, _)| *start == at) {
            shown.push('[');
        }
        shown.push(character);
    }
    if snippet.ranges.iter().any(|(_, end)| *end as usize == snippet.text.chars().count()) {
        shown.push(']');
    }
    shown
}

#[test]
fn marks_what_was_asked_for() {
    let table = [
        ("fix the auth bug", "auth", "fix the [auth] bug"),
        ("a ManualCommit and a manual_commit.go", "ManualCommit", "a [ManualCommit] and a [manual_commit].go"),
        ("use manual commit here", "manualCommit", "use [manual commit] here"),
        ("git commit --no-verify", "--no-verify", "git commit [--no-verify]"),
        ("see #242 and 242", "#242", "see [#242] and [242]"),
        ("src/auth.rs: x", "src/auth", "[src/auth].rs: x"),
        ("the src of auth", "src/auth", "the [src] of [auth]"),
        ("the race   condition is", "\"race condition\"", "the [race condition] is"),
        ("race or condition", "\"race condition\"", "none"),
        ("race or condition", "\"race condition\"~1", "[race or condition]"),
        ("condensed, uncondensed", "condens*", "[condensed], uncondensed"),
        ("the Wingmanager runs", "*ingman*", "the W[ingman]ager runs"),
        ("Errors: errs, terror", "/^err(or)?s?$/", "[Errors]: [errs], terror"),
        ("환불을 계산", "환불", "[환불]을 계산"),
        ("환불을 계산", "산", "환불을 계[산]"),
        ("환불을 계산", "불을계산", "환[불을] [계산]"),
        ("C++ and C", "c++", "[C++] and C"),
        ("ｆｕｌｌ cafe\u{301}!", "full café", "[ｆｕｌｌ] [cafe\u{301}]!"),
        ("go 🚀 now", "🚀", "go [🚀] now"),
        ("at 446f931ab", "446f931", "at [446f931ab]"),
        ("a != b", "text:\"!=\"", "a [!=] b"),
        ("x a  b", "text:/a +b/", "x [a b]"),
        ("nothing here", "auth", "none"),
        ("auth Auth AUTH", "case:yes Auth", "auth [Auth] AUTH"),
        ("getUser getuser", "case:yes getUser", "[getUser] getuser"),
        ("Race condition", "case:yes \"race condition\"", "none"),
        ("leave auth", "-leave auth", "leave [auth]"),
    ];
    for (text, query, expected) in table {
        assert_eq!(show(text, query, 80), expected, "{query} in {text}");
    }
}

#[test]
fn cuts_around_the_matches() {
    let words = |from: u32, until: u32| (from..until).map(|number| format!("w{number}")).collect::<Vec<_>>().join(" ");
    let text = format!("{} needle {}", words(0, 100), words(100, 200));
    assert_eq!(show(&text, "needle", 40), "…w98 w99 [needle] w100 w101 w102 w103…");
    assert_eq!(show(&text, "needle w197", 40), "…w98 w99 [needle] w100 w101 w102 w103…");
    assert_eq!(show(&text, "w3", 20), "w0 w1 w2 [w3] w4 w5…");
    assert_eq!(show(&text, "w199", 20), "…w196 w197 w198 [w199]");
    // Where most words are, though another comes first.
    let text = format!("lock {} lock panicked {}", words(0, 50), words(50, 60));
    assert_eq!(show(&text, "lock panicked", 30), "…w49 [lock] [panicked] w50 w51…");
    // A line's beginning is kept when it is near.
    let text = format!("{}\nthread 'main' panicked at x\nnote", words(0, 50));
    assert_eq!(show(&text, "panicked", 60), "…thread 'main' [panicked] at x note");
    // White space at the ends is nothing that was cut.
    assert_eq!(show("\n\n  auth \t\n", "auth", 20), "[auth]");
    // A word longer than the width.
    let long = format!("{} {}", "x".repeat(200), "auth".to_owned() + &"y".repeat(5));
    assert_eq!(show(&long, "auth*", 20), "…xxxxxxxxx [authyyyyy]");
    assert_eq!(show(&"a".repeat(100), "aaa*", 10), "[aaaaaaaaa]…");
}

#[test]
fn cells_are_counted_and_never_split() {
    let text = "환불을 계산하는 코드를 고친다 그리고 테스트를 돌린다";
    for width in 3..40 {
        let snippet = snippet(text, &matcher("코드"), width).unwrap();
        assert!(snippet.text.width() <= width, "{width}: {snippet:?}");
    }
    assert_eq!(show(text, "코드", 24), "…하는 [코드]를 고친다…");
    let family = "👩‍👩‍👧‍👦 a 👩‍👩‍👧‍👦 needle 👩‍👩‍👧‍👦👩‍👩‍👧‍👦";
    for width in 3..30 {
        let snippet = snippet(family, &matcher("needle"), width).unwrap();
        assert!(snippet.text.width() <= width, "{width}: {snippet:?}");
        assert!(snippet.text.graphemes(true).all(|grapheme| family.contains(grapheme) || grapheme == "…"));
    }
}

#[test]
fn control_characters_are_left_out() {
    assert_eq!(show("\u{1b}[31merror\u{1b}[0m:\u{7}\u{0} \r\n\tbad", "bad", 40), "error: [bad]");
    assert_eq!(beginning("  one\n\n two  ", 20), Snippet { text: "one two".to_owned(), ranges: Vec::new() });
    assert_eq!(beginning("one two three", 9).text, "one two…");
    assert_eq!(beginning("", 9), Snippet::default());
}

#[test]
fn long_texts_are_searched_where_the_words_are() {
    let filler = "Lorem ipsum dolor sit amet, consectetur adipiscing elit. ".repeat(20_000);
    let text = format!("{filler}lock {filler}the lock has panicked here {filler}");
    assert_eq!(show(&text, "lock panicked", 40), "…the [lock] has [panicked] here Lorem…");
    assert_eq!(show(&text, "missing", 40), "none");
    let text = format!("{filler}a manualcommit {filler}");
    assert_eq!(show(&text, "ManualCommit", 24), "…a [manualcommit] Lorem…");
    // The words together, though each stands alone before.
    let text = format!("auth {filler} src {filler} src/auth {filler}");
    assert_eq!(show(&text[..], "src/auth", 24), "…lit. [src/auth] Lorem…");
    // Within a word it is none.
    let text = format!("{filler}concatenate {filler} ConCat {filler}");
    assert_eq!(show(&text, "cat", 40), "…elit. Con[Cat] Lorem ipsum dolor sit…");
    // What the prefilter cannot see is found when it is not too far.
    let text = format!("cafe\u{301} {filler}");
    assert_eq!(show(&text, "café", 20), "[cafe\u{301}] Lorem ipsum…");
}

#[test]
fn typos_can_be_marked_too() {
    let mut matcher = matcher("recieve");
    matcher.add_term(0, "receive");
    assert_eq!(
        snippet("to receive it", &matcher, 40).map(|snippet| brackets(&snippet)),
        Some("to [receive] it".to_owned())
    );
}

#[test]
fn counts_and_literals() {
    let matcher = matcher("auth --no-verify \"race condition\"");
    let text = "auth Auth authz no verify, --no-verify; race";
    assert_eq!(matcher.counts(text), [2, 2, 0]);
    assert_eq!(matcher.literals(text), [None, Some(true), None]);
    assert_eq!(matcher.literals("--no-verifying"), [None, Some(false), None]);

    // Runs over 64 characters have equal tokens; the text tells them apart.
    let long = "a".repeat(70);
    let other = format!("{}{}", "a".repeat(64), "bbb");
    assert_eq!(self::matcher(&long).counts(&other), [0]);
    assert_eq!(self::matcher(&long).counts(&format!("x {long}.")), [1]);
}

#[test]
fn literals_stand_alone() {
    let table = [
        ("git commit --no-verify", "--no-verify", true),
        ("git commit --NO-verify", "--no-verify", true),
        ("--no-verifyx", "--no-verify", false),
        ("#2421 #242", "#242", true),
        ("#2421", "#242", false),
        ("foo-f", "-f", false),
        ("foo -f", "-f", true),
        ("ÄÖ", "äö", true),
        ("xÄÖ", "äö", false),
        ("", "x", false),
    ];
    for (text, literal, expected) in table {
        assert_eq!(contains_literal(text, literal, false), expected, "{literal} in {text}");
    }
    assert!(!contains_literal("FOO", "foo", true));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn any_query_on_any_text(query in "(\\PC|[ \"()/:*+~a-e.-]|case:yes |text:/|환){0,24}", text in "(\\PC|[ a-eA-E_.-]|환|\u{301}){0,80}") {
        let matcher = matcher(&query);
        for mark in matcher.marks(&text) {
            prop_assert!(mark.start < mark.end);
            prop_assert!(text.get(mark.start as usize..mark.end as usize).is_some());
        }
        prop_assert!(matcher.counts(&text).len() == matcher.literals(&text).len());
        snippet(&text, &matcher, 40);
    }

    #[test]
    fn snippets_fit(
        text in "(\\PC|[a-z ]|auth |환불|\u{1b}\\[1m|\n|👩‍👧|\u{301}){0,120}",
        query in "(auth|환불|환|a\\*|\\*b\\*|/[a-c]/|\"auth auth\"|x){1}( (auth|b|환))?",
        width in 0_usize..60,
    ) {
        if let Some(snippet) = snippet(&text, &matcher(&query), width) {
            prop_assert!(snippet.text.width() <= width.max(3), "{snippet:?}");
            let length = snippet.text.chars().count() as u32;
            let mut last = 0;
            for (start, end) in &snippet.ranges {
                prop_assert!(last <= *start && start < end && *end <= length, "{snippet:?}");
                last = *end;
            }
            prop_assert!(!snippet.text.contains(|character: char| character.is_control()));
        }
    }
}
