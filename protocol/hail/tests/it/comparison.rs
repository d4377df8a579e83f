use std::sync::LazyLock;

use opensession_hail::comparison::{Comparison, LineBlock, Observer, compare};
use opensession_hail::handoff::{Outcome, SessionFacts, Standing};
use opensession_hail::redact::Redactor;
use opensession_hail::{Event, Item, Reader};
use proptest::prelude::*;
use serde_json::json;

const CLAUDE: &str = include_str!("comparison/claude.hail.jsonl");
const CODEX: &str = include_str!("comparison/codex.hail.jsonl");

static REDACTOR: LazyLock<Redactor> = LazyLock::new(Redactor::new);

fn observed(hail: &str, id: &str) -> Observer {
    let mut observer = None;
    for (number, item) in Reader::new(hail.as_bytes()).enumerate() {
        match item.unwrap() {
            Item::Header(header) => {
                let short_id = id.get(..8).unwrap_or_default().to_owned();
                let facts = SessionFacts { id: id.to_owned(), short_id, ..SessionFacts::of_header(&header) };
                observer = Some(Observer::new(facts));
            }
            Item::Event(event) => observer.as_mut().unwrap().add(number as u32, &event),
            Item::Problem(problem) => panic!("{problem:?}"),
        }
    }
    observer.unwrap()
}

fn compared(a: &str, b: &str) -> Comparison {
    let ids = ["4f2a91c70123456789abcdef01234567", "b81d03e20123456789abcdef01234567"];
    compare(observed(a, ids[0]), observed(b, ids[1]), &REDACTOR)
}

#[test]
fn two_agents_at_one_task() {
    let comparison = compared(CLAUDE, CODEX);
    assert_eq!((comparison.a.standing, comparison.b.standing), (Standing::Finished, Standing::WaitingForUser));
    // `cd` and `| tail` do not tell commands apart.
    let test = &comparison.commands[0];
    assert_eq!(test.command, "cargo test lock");
    let runs = |side: &Option<_>| {
        let runs: &opensession_hail::comparison::CommandRuns = side.as_ref().unwrap();
        (runs.runs, runs.failed, runs.outcome)
    };
    assert_eq!((runs(&test.a), runs(&test.b)), ((2, 1, Outcome::Ok), (2, 2, Outcome::Failed)));
    // One file in two work trees of one repository.
    let lock = &comparison.files[0];
    assert_eq!((lock.path.as_str(), lock.a.is_some(), lock.b.is_some()), ("src/lock.rs", true, true));
    // What the other wrote and took back again counts for nothing.
    let blocks = &lock.lines.as_ref().unwrap().blocks;
    let block = |both: &[&str], a: &[&str], b: &[&str]| LineBlock {
        both: both.iter().map(|line| (*line).to_owned()).collect(),
        a: a.iter().map(|line| (*line).to_owned()).collect(),
        b: b.iter().map(|line| (*line).to_owned()).collect(),
    };
    assert_eq!(
        *blocks,
        [
            block(&["-    let g = self.inner.lock();"], &[], &[]),
            block(&[], &[], &["+    // 스레드가 죽어도 잠금은 살아남는다 💪"]),
            block(&["+    let g = self.inner.lock().unwrap_or_else(PoisonError::into_inner);"], &[], &[]),
            block(&[], &["+    self.taken.fetch_add(1, Ordering::Relaxed);"], &[]),
        ]
    );
    assert_eq!(comparison.files.iter().filter(|file| file.b.is_none()).count(), 1);
    assert_eq!(comparison.redactions, [("authorization".to_owned(), 3)].into());
}

#[test]
fn as_markdown() {
    insta::assert_snapshot!("two_agents_markdown", compared(CLAUDE, CODEX).markdown());
}

#[test]
fn nothing_secret_is_in_it() {
    let key = ["-----BEGIN RSA PRIV", "ATE KEY-----"].concat();
    let end = ["-----END RSA PRIV", "ATE KEY-----"].concat();
    let diff = format!("@@ -0,0 +1,4 @@\n+{key}\n+MIIEbm90IGEga2V5\n+{end}\n+password=hunter2hunter\n");
    let edit = json!({"type": "file_edit", "path": "key.pem", "operation": "create", "diff": diff});
    let hail = format!("{}\n{edit}\n", CLAUDE.lines().next().unwrap());
    let json = serde_json::to_string(&compared(&hail, &hail)).unwrap();
    assert!(json.contains("[REDACTED:private-key]") && json.contains("+password=[REDACTED:keyed]"), "{json}");
    assert!(!json.contains("MIIE") && !json.contains("hunter2") && !json.contains("/home/mina"), "{json}");
}

/// Sessions of a few files and commands, so that two of them have something in common.
fn session() -> impl Strategy<Value = String> {
    let line = prop::sample::select(vec!["fn a() {", "    잠금();", "}", "", "emoji 👩‍👩‍👧‍👦", "tab\there"]);
    let diff = (0..40_u32, prop::collection::vec((prop::sample::select(vec!['+', '-', ' ']), line), 1..6)).prop_map(
        |(start, lines)| {
            let count = |signs: [char; 2]| lines.iter().filter(|(sign, _)| signs.contains(sign)).count();
            let body: Vec<String> = lines.iter().map(|(sign, line)| format!("{sign}{line}")).collect();
            let (old, new) = (count(['-', ' ']), count(['+', ' ']));
            format!("@@ -{start},{old} +{start},{new} @@\n{}\n", body.join("\n"))
        },
    );
    let path =
        prop::sample::select(vec!["src/a.rs", "/home/mina/app/src/a.rs", "문서/설명.md", "/etc/hosts", "../b.rs"]);
    let edit = (path, prop::option::of(diff))
        .prop_map(|(path, diff)| vec![json!({"type": "file_edit", "path": path, "diff": diff})]);
    let commands = vec!["cargo test", "cd x && cargo test | tail", "ls", "echo '안녕 👋'", "npm run build", "false"];
    let command = (prop::sample::select(commands), 0..3_i32, any::<bool>()).prop_map(|(command, exit, answered)| {
        let status = if exit == 0 { "ok" } else { "error" };
        let mut events = vec![json!({"type": "command", "name": "Bash", "command": command})];
        if answered {
            events.push(json!({"type": "tool_result", "status": status, "exit_code": exit, "content": "x"}));
        }
        events
    });
    let said = (prop::sample::select(vec!["human", "agent"]), "[a-z가-힣 ?]{0,20}")
        .prop_map(|(role, content)| vec![json!({"role": role, "content": content})]);
    let head = prop::sample::select(vec![
        json!({"v": "hail/0.1", "tool": "codex", "cwd": "/home/mina/app", "git": {"repository": "mina/app"}}),
        json!({"v": "hail/0.1", "tool": "claude-code", "cwd": "/home/mina/tree", "git": {"repository": "mina/app"}}),
        json!({"v": "hail/0.1", "tool": "goose", "cwd": "/srv/app"}),
        json!({"v": "hail/0.1", "tool": "aider"}),
    ]);
    (head, prop::collection::vec(prop_oneof![edit, command, said], 0..30)).prop_map(|(head, events)| {
        let lines = std::iter::once(head).chain(events.into_iter().flatten());
        lines.map(|line| format!("{line}\n")).collect()
    })
}

fn bare(hail: &str) -> Observer {
    observed(hail, "")
}

proptest! {
    #[test]
    fn a_session_has_nothing_that_it_lacks_itself(hail in session()) {
        let comparison = compare(bare(&hail), bare(&hail), &REDACTOR);
        prop_assert_eq!(&comparison.a, &comparison.b);
        prop_assert!(comparison.commands.iter().all(|command| command.a == command.b && command.a.is_some()));
        prop_assert!(comparison.checks.iter().all(|check| check.a == check.b && check.a.is_some()));
        prop_assert!(comparison.files.iter().all(|file| file.a == file.b && file.a.is_some()));
        let blocks = comparison.files.iter().filter_map(|file| file.lines.as_ref()).flat_map(|lines| &lines.blocks);
        prop_assert!(blocks.into_iter().all(|block| block.a.is_empty() && block.b.is_empty()));
    }

    #[test]
    fn exchanging_the_two_exchanges_the_sides(a in session(), b in session()) {
        let there = compare(bare(&a), bare(&b), &REDACTOR);
        let back = compare(bare(&b), bare(&a), &REDACTOR);
        prop_assert_eq!(&there.clone().mirrored(), &back);
        prop_assert_eq!(there.clone().mirrored().mirrored(), there);
    }

    #[test]
    fn every_changed_line_is_told_once_on_its_side(a in session(), b in session()) {
        let comparison = compare(bare(&a), bare(&b), &REDACTOR);
        for file in &comparison.files {
            let Some(lines) = &file.lines else { continue };
            let told = |side: fn(&LineBlock) -> &Vec<String>, sign: char| {
                let blocks = lines.blocks.iter();
                let lines = blocks.flat_map(|block| block.both.iter().chain(side(block)));
                lines.filter(|line| line.starts_with(sign)).count() as u64
            };
            if lines.left_out > 0 {
                continue;
            }
            let (in_a, in_b) = (file.a.as_ref().unwrap(), file.b.as_ref().unwrap());
            prop_assert_eq!((Some(told(|block| &block.a, '+')), Some(told(|block| &block.a, '-'))), (in_a.added, in_a.removed));
            prop_assert_eq!((Some(told(|block| &block.b, '+')), Some(told(|block| &block.b, '-'))), (in_b.added, in_b.removed));
        }
    }
}

#[test]
fn an_event_is_read_back() {
    // The fixtures are what they say they are: nothing in them is unknown.
    for line in CLAUDE.lines().chain(CODEX.lines()).filter(|line| !line.starts_with("{\"v\"")) {
        assert!(
            Event::from_json(line.as_bytes()).unwrap().body.kind().is_some() || line.contains("\"usage\""),
            "{line}"
        );
    }
}
