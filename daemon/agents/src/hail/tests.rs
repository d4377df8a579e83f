//! Files of both dialects, while they grow too.

use std::fs;

use super::*;
use crate::check;

const THIS: &str = r#"{"v":"hail/0.1","tool":"mine","model":"m1","ts":"2026-01-02T03:04:05Z","id":"s1","cwd":"/r","title":"A title","git":{"branch":"main"}}
{"role":"human","content":"fix it","ts":"2026-01-02T03:04:06Z"}
{"role":"agent","content":"Done.","model":"m2"}
{"type":"later","x":1}
not json
"#;
const OLDER: &str = r#"{"version":"hail-1.0.0","session_id":"s2",
 "agent":{"provider":"p","model":"m","tool":"codex"},
 "context":{"title":"Older","created_at":"2026-01-02T03:04:05Z","updated_at":"2026-01-02T03:04:09Z"},
 "events":[
  {"event_id":"e1","timestamp":"2026-01-02T03:04:06Z","event_type":{"type":"UserMessage"},"content":{"blocks":[{"type":"Text","text":"hello"}]}},
  {"event_id":"e2","timestamp":"2026-01-02T03:04:07Z","event_type":{"type":"AgentMessage"},"content":{"blocks":[{"type":"Text","text":"hi"}]}}]}"#;

fn folder(files: &[(&str, &str)]) -> (tempfile::TempDir, std::path::PathBuf) {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join(".local/share/opensession/hail/team");
    fs::create_dir_all(&folder).unwrap();
    for (name, text) in files {
        fs::write(folder.join(name), text).unwrap();
    }
    (home, folder)
}

#[test]
fn both_dialects() {
    let (home, _) = folder(&[("a.hail.jsonl", THIS), ("b.hail.jsonl", OLDER), ("c.txt", "no")]);
    let mut shown = String::new();
    for session in check::sessions(&Hail, &check::environment(home.path())) {
        let facts = serde_json::to_string(&session.facts).unwrap();
        shown.push_str(&format!("{}\n{}{facts}\n", session.source.native_id, check::shown(&session.derived.events)));
        shown.push_str(&format!("{:?}\n", session.derived.problems));
        check::assert_robust(&Hail, &session.source, &session.records);
    }
    insta::assert_snapshot!(shown);
}

#[test]
fn a_file_that_grows_and_one_that_is_gone() {
    let (home, folder) = folder(&[("a.hail.jsonl", THIS)]);
    let source = check::sources(&Hail, &check::environment(home.path())).remove(0);
    let mut count = Count(0);
    let first = Hail.cut(&source, None, &Limits::default(), &mut count).unwrap();
    fs::write(folder.join("a.hail.jsonl"), format!("{THIS}{{\"role\":\"human\",\"content\":\"more\"}}\n")).unwrap();
    let second = Hail.cut(&source, Some(&first.cursor), &Limits::default(), &mut count).unwrap();
    assert_eq!((count.0, second.restarted), (6, false));
    fs::write(folder.join("a.hail.jsonl"), OLDER).unwrap();
    let third = Hail.cut(&source, Some(&second.cursor), &Limits::default(), &mut count).unwrap();
    assert_eq!((count.0, third.restarted), (9, true));
    fs::remove_file(folder.join("a.hail.jsonl")).unwrap();
    assert!(matches!(check::failure(&Hail, &source), CutError::Gone));
}

struct Count(usize);

impl Sink for Count {
    fn record(&mut self, _: crate::Record<'_>) {
        self.0 += 1;
    }
    fn oversize(&mut self, _: crate::Record<'_>, _: bool) {
        panic!("no line is that long");
    }
}
