//! Sessions written into files.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};

use serde_json::json;

use super::home::Home;
use super::records::{SessionFile, needle};

#[test]
fn a_file_is_private_whole_and_never_written_over_unasked() {
    let home = Home::new();
    SessionFile::claude(&home, 1).say(&format!("{} with sk-ant-api03-{}", needle(1), "aB3".repeat(30)));
    home.rpc("index/refresh", &json!({}));
    let file = home.home.join("page.html");
    let path = file.to_str().unwrap();
    home.done(&["export", "@", "-o", path]);
    let page = fs::read_to_string(&file).unwrap();
    assert!(page.starts_with("<!") && page.contains(&needle(1)) && page.ends_with("</html>\n"), "{page}");
    assert!(!page.contains("sk-ant-api03-aB3"), "secrets are taken out");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);

    fs::write(&file, "mine").unwrap();
    let refused = home.run(&["export", "@", "-o", path]);
    assert_eq!(refused.code, Some(4), "{refused:?}");
    assert_eq!(fs::read_to_string(&file).unwrap(), "mine");
    home.done(&["export", "@", "-o", path, "--force", "--no-redact"]);
    assert!(fs::read_to_string(&file).unwrap().contains("sk-ant-api03-aB3"));

    // A link is replaced, not followed; a folder is in the way whatever is asked.
    let target = home.home.join("elsewhere");
    fs::write(&target, "kept").unwrap();
    let link = home.home.join("link.md");
    symlink(&target, &link).unwrap();
    home.done(&["export", "@", "-o", link.to_str().unwrap(), "--force"]);
    assert_eq!(fs::read_to_string(&target).unwrap(), "kept");
    assert!(fs::read_to_string(&link).unwrap().contains(&needle(1)));
    for place in [home.home.to_str().unwrap(), home.home.join("no/such/page.md").to_str().unwrap()] {
        let refused = home.run(&["export", "@", "-o", place, "--force", "--format", "md"]);
        assert_eq!(refused.code, Some(4), "{refused:?}");
    }
    let left = fs::read_dir(&home.home).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert!(left.into_iter().all(|name| !name.ends_with(".partial")));
}

#[test]
fn what_is_exported_as_hail_can_be_handed_off_again() {
    let home = Home::new();
    SessionFile::codex(&home, 1).say(&format!("mend {}", needle(1)));
    home.rpc("index/refresh", &json!({}));
    let file = home.home.join("session.jsonl");
    home.done(&["export", "@", "--format", "hail", "-o", file.to_str().unwrap()]);
    let handoff = home.done(&["handoff", file.to_str().unwrap()]);
    assert!(handoff.contains(&needle(1)), "{handoff}");
}
