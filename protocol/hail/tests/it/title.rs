use opensession_hail::title::{MAX_TITLE_GRAPHEMES, title_from_prompt};
use proptest::prelude::*;
use unicode_segmentation::UnicodeSegmentation;

#[test]
fn titles() {
    for (prompt, title) in [
        ("fix the bug", Some("fix the bug")),
        ("  Fix   the\tlock test please\n\nIt fails now and then.", Some("Fix the lock test please")),
        ("Task:\nrewrite the parser in Rust", Some("Task: rewrite the parser in Rust")),
        ("Implement the following plan:\n\n# Keep the branch's name\n\n## Context", Some("Keep the branch's name")),
        ("Implement the following plan:\n\nkeep the name\n# Why", Some("Implement the following plan:")),
        ("It fails with this error message:\n#12 is closed", Some("It fails with this error message:")),
        ("# Plan\n\n- **Read** the `Cargo.toml` file first", Some("Plan Read the Cargo.toml file first")),
        ("> - [ ] see [the docs](https://x.y/z) and ![shot](a.png)", Some("see the docs and shot")),
        ("[Image #1] what is this? [Pasted text #2 +30 lines]", Some("what is this?")),
        ("```rust\nfn main() {}\n```\nWhy does this panic?", Some("Why does this panic?")),
        ("```\nfn main() {}\n```", Some("fn main() {}")),
        ("---\ntitle here is enough", Some("title here is enough")),
        ("<system-reminder>do <b>not</b> say</system-reminder>Go on with it", Some("Go on with it")),
        (
            "<command-message>review is running</command-message>\n<command-name>/review</command-name>\n<command-args>242</command-args>",
            Some("/review 242"),
        ),
        ("<user_query>\nadd a flag\n</user_query>", Some("add a flag")),
        ("why is Vec<String> and a < b && c > d slow", Some("why is Vec<String> and a < b && c > d slow")),
        ("<task id=\"1\">sort a list</task>", Some("sort a list")),
        ("인증 버그 수정해줘", Some("인증 버그 수정해줘")),
        ("a[0] = b[1]! wow *really* `", Some("a[0] = b[1]! wow *really*")),
        ("\u{1b}[31mred\u{7}", Some("[31mred")),
        ("", None),
        (" \n\t ", None),
        ("<system-reminder>x</system-reminder>", None),
        ("```\n```", None),
    ] {
        assert_eq!(title_from_prompt(prompt).as_deref(), title, "{prompt}");
    }
}

#[test]
fn long_prompts_are_cut_at_a_word() {
    let title = title_from_prompt(&"hello, ".repeat(50)).unwrap();
    assert_eq!(title, format!("{}hello…", "hello, ".repeat(10)));
    assert_eq!(title_from_prompt(&"가".repeat(500)).unwrap(), format!("{}…", "가".repeat(MAX_TITLE_GRAPHEMES - 1)));
    assert_eq!(title_from_prompt(&"가".repeat(80)).unwrap(), "가".repeat(80));
    let family = "👨‍👩‍👧";
    assert_eq!(title_from_prompt(&family.repeat(100)).unwrap(), format!("{}…", family.repeat(79)));
}

proptest! {
    #[test]
    fn any_prompt(prompt in r"(\PC|[<>/`*\[\]()!# \n-]|<a>|</a>|\[x\]\(y\)|가|e\u{301}){0,300}") {
        if let Some(title) = title_from_prompt(&prompt) {
            prop_assert!(!title.is_empty() && !title.contains(char::is_control));
            prop_assert!(title.graphemes(true).count() <= MAX_TITLE_GRAPHEMES);
            prop_assert_eq!(title.trim(), &title);
        }
    }
}
