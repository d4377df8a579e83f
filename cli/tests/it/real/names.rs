//! The names that sessions go by, and the repositories that they belong to.

use std::path::Path;

use opensession_daemon::catalog::session_id;
use serde_json::json;

use super::home::{Ended, Home, finish, is_here};
use super::records::{SessionFile, needle};

#[test]
fn sessions_go_by_many_names() {
    let home = Home::new();
    let mut older = SessionFile::claude(&home, 1);
    older.say(&needle(1));
    let mut newer = SessionFile::codex(&home, 2);
    for number in 2..6 {
        newer.say(&needle(number));
    }
    home.rpc("index/refresh", &json!({}));
    let sessions = home.sessions();
    let id = |session: &SessionFile| sessions[session.native_id()]["id"].as_str().unwrap().to_owned();
    let (older_id, newer_id) = (id(&older), id(&newer));
    let named = |name: &str| home.json(&["show", name])[0]["id"].as_str().unwrap().to_owned();

    assert_eq!((named("@"), named("@~1")), (newer_id.clone(), older_id.clone()));
    for (session, id, agent) in [(&older, &older_id, "claude-code"), (&newer, &newer_id, "codex")] {
        assert_eq!(&named(id), id);
        assert_eq!(&named(&id[..8]), id);
        assert_eq!(&named(session.path.to_str().unwrap()), id);
        let relative = session.path.strip_prefix(&home.home).unwrap();
        assert_eq!(&named(relative.to_str().unwrap()), id);
        assert_eq!(&named(&format!("{agent}:{}", session.native_id())), id);
    }
    let event = home.done(&["show", &format!("{}#3", &newer_id[..8])]);
    assert!(event.contains(&needle(4)) && !event.contains(&needle(3)), "{event}");
}

#[test]
fn names_that_fit_nothing_or_too_much_are_wrong_input() {
    let home = Home::new();
    // As many sessions as it takes until two ids begin alike, and those two alone.
    let native_id = |number| SessionFile::claude(&home, number).native_id().to_owned();
    let mut seen = std::collections::BTreeMap::new();
    let (first, second) = (0..)
        .find_map(|number| {
            let id = session_id("claude-code", &native_id(number));
            seen.insert(id[..4].to_owned(), number).map(|earlier| (earlier, number))
        })
        .unwrap();
    for number in [first, second] {
        SessionFile::claude(&home, number).say(&format!("the {} of it", needle(u64::from(number))));
    }
    home.rpc("index/refresh", &json!({}));
    let ids = [first, second].map(|number| session_id("claude-code", &native_id(number)));
    wrong(&home.run(&["show", &ids[0][..4]]), &[&ids[0][..8], &ids[1][..8]]);

    let mut unknown = ids[0].clone();
    let last = if unknown.ends_with('0') { "1" } else { "0" };
    unknown.replace_range(31.., last);
    // What is near is told.
    wrong(&home.run(&["show", &unknown]), &[&ids[0][..8], &needle(u64::from(first))]);
    wrong(&home.run(&["show", &format!("{}#2", ids[0])]), &[]);
    wrong(&home.run(&["show", "@~2"]), &[]);
    wrong(&home.run(&["show", "claude-code:nothing-of-the-kind"]), &[]);
    wrong(&home.run(&["restore", &unknown]), &[]);
    wrong(&home.run(&["forget", &unknown, "--yes"]), &[]);
}

#[test]
fn a_repository_is_one_over_its_worktrees() {
    if !is_here("git", true) {
        return;
    }
    let home = Home::new();
    let (clone, worktree, elsewhere) =
        (home.home.join("src/engine"), home.home.join("src/engine-fix"), home.home.join("notes"));
    for folder in [&clone, &elsewhere] {
        std::fs::create_dir_all(folder.join("deep")).unwrap();
    }
    let git = |folder: &Path, arguments: &[&str]| {
        let identity = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"];
        let ended = finish(home.other("git", &[&identity, arguments].concat()).current_dir(folder));
        assert_eq!(ended.code, Some(0), "{ended:?}");
    };
    git(&clone, &["init", "--quiet", "--initial-branch=main"]);
    git(&clone, &["commit", "--quiet", "--allow-empty", "--message=Begin"]);
    git(&clone, &["worktree", "add", "--quiet", worktree.to_str().unwrap()]);
    for (number, folder) in (0..).zip([clone.clone(), clone.join("deep"), worktree.clone(), elsewhere.clone()]) {
        SessionFile::claude(&home, number).in_directory(&folder).say(&needle(u64::from(number)));
    }
    home.rpc("index/refresh", &json!({}));

    let listed = |folder: &Path, more: &[&str]| {
        let ended = finish(home.command(&[&["log", "--json"], more].concat()).current_dir(folder));
        assert!(matches!(ended.code, Some(0 | 1)), "{ended:?}");
        let lines = ended.stdout.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
        let mut directories: Vec<String> = lines
            .filter(|line| line["type"] == "session")
            .map(|line| line["cwd"].as_str().unwrap().to_owned())
            .collect();
        directories.sort();
        directories
    };
    let path = |folder: &Path| folder.to_str().unwrap().to_owned();
    let of_the_repository = [path(&clone), path(&worktree), path(&clone.join("deep"))];
    let mut of_the_repository = of_the_repository.to_vec();
    of_the_repository.sort();
    for folder in [&clone, &clone.join("deep"), &worktree] {
        assert_eq!(listed(folder, &[]), of_the_repository, "in {}", folder.display());
        assert_eq!(listed(folder, &["--all"]).len(), 4);
    }
    assert_eq!(listed(&elsewhere, &[]).len(), 4, "a folder of no repository shows all");

    let found = finish(home.command(&["search", &needle(3)]).current_dir(&worktree));
    assert_eq!(found.code, Some(1), "{found:?}");
    let found = finish(home.command(&["search", &needle(0)]).current_dir(&worktree));
    assert_eq!(found.code, Some(0), "{found:?}");
    let found = finish(home.command(&["search", "--all-repos", &needle(3)]).current_dir(&worktree));
    assert_eq!(found.code, Some(0), "{found:?}");
}

/// The name was refused as wrong input, and these were told.
#[track_caller]
fn wrong(ended: &Ended, told: &[&str]) {
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.stderr.starts_with("error: "), "{ended:?}");
    for text in told {
        assert!(ended.stderr.contains(text), "{text} is not told: {ended:?}");
    }
}
