//! Where a session took place: the repository's identity over all its clones and worktrees, and how it is now.

use std::{
    collections::HashMap,
    io::Read,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{Arc, Mutex, mpsc},
    time::Duration,
};

use opensession_hail::handoff::RepositoryState;
use opensession_protocol::RepositoryNow;
use serde::{Deserialize, Serialize};

/// Directories remembered by [`Places`]; beyond, the memory starts anew.
const PLACES_REMEMBERED: usize = 4096;

/// Changed files and commits that are listed.
const LISTED_MOST: usize = 20;
/// Commits that are counted.
const COMMITS_MOST: usize = 1000;
/// How long `git status` may take.
const STATUS_MOST: Duration = Duration::from_secs(3);
/// Bytes of its output that are read.
const STATUS_BYTES_MOST: u64 = 4 << 20;

/// A repository, as far as sessions are grouped by it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// Equal for all clones and worktrees: the remote's `host/owner/name` in lower case; where there is no remote, the
    /// common git directory's path.
    pub identity: String,
    /// The name in lists: `owner/name`, or the work tree's folder.
    pub name: String,
    /// The remote's URL, without credentials.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote: Option<String>,
}

/// Finds places, and remembers them.
#[derive(Debug, Default)]
pub struct Places {
    known: Mutex<HashMap<PathBuf, Option<Arc<Place>>>>,
}

impl Places {
    /// The repository that `directory` is in; `None` where it is in none, or is not on this machine.
    pub fn find(&self, directory: &Path) -> Option<Arc<Place>> {
        let lock = || self.known.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(place) = lock().get(directory) {
            return place.clone();
        }
        let place = look(directory).map(Arc::new);
        let mut known = lock();
        if known.len() >= PLACES_REMEMBERED {
            known.clear();
        }
        known.insert(directory.to_owned(), place.clone());
        place
    }

    /// Forgets what was found: remotes and repositories come and go.
    pub fn forget(&self) {
        self.known.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clear();
    }
}

impl Place {
    /// The place that a remote's URL tells of.
    pub fn of_remote(url: &str) -> Option<Place> {
        let remote = strip_credentials(url);
        let (host, path) = split_remote(&remote)?;
        let path = path.trim_matches('/').trim_end_matches(".git");
        if path.is_empty() {
            return None;
        }
        let mut last = path.rsplit('/').take(2).collect::<Vec<_>>();
        last.reverse();
        Some(Place {
            identity: format!("{host}/{path}").to_lowercase(),
            name: last.join("/"),
            remote: Some(remote.clone()),
        })
    }
}

/// How the repository around `directory` is now.
pub fn now(directory: &Path) -> Option<RepositoryNow> {
    let repository = open(directory)?;
    Some(RepositoryNow {
        path: repository.workdir().unwrap_or(repository.git_dir()).display().to_string(),
        branch: repository.head_name().ok().flatten().map(|name| name.shorten().to_string()),
        head: repository.head_id().ok().map(|id| id.to_string()),
    })
}

/// The work tree that `directory` is in.
pub fn work_tree(directory: &Path) -> Option<PathBuf> {
    open(directory)?.workdir().map(Path::to_owned)
}

/// The first commit of what is checked out around `directory`: the one without parents, the least where there are several.
pub fn first_commit(directory: &Path) -> Option<String> {
    let repository = open(directory)?;
    let head = repository.head_id().ok()?;
    let commits = repository.rev_walk([head]).all().ok()?.filter_map(Result::ok);
    let first = commits.filter(|commit| commit.parent_ids.is_empty()).map(|commit| commit.id);
    first.min().map(|id| id.to_string())
}

/// How the repository around `directory` stands now: what is checked out, what differs from it, what is not pushed.
pub fn state(directory: &Path) -> Option<RepositoryState> {
    let repository = open(directory)?;
    let work_tree = repository.workdir()?.to_owned();
    let changes = changes(&work_tree);
    let unpushed = unpushed(&repository);
    Some(RepositoryState {
        path: work_tree.display().to_string(),
        branch: repository.head_name().ok().flatten().map(|name| name.shorten().to_string()),
        head: repository.head_id().ok().map(|id| id.shorten_or_id().to_string()),
        changed: changes.as_ref().map(|changes| changes.len() as u64),
        changes: changes.unwrap_or_default().into_iter().take(LISTED_MOST).collect(),
        unpushed_count: unpushed.as_ref().map(|commits| commits.len() as u64),
        unpushed: unpushed.unwrap_or_default().into_iter().take(LISTED_MOST).collect(),
    })
}

/// Commits of what is checked out that no remote branch holds, newest first; `None` where there is no remote branch.
fn unpushed(repository: &gix::Repository) -> Option<Vec<String>> {
    let references = repository.references().ok()?;
    let remote: Vec<gix::ObjectId> = references
        .remote_branches()
        .ok()?
        .filter_map(|reference| Some(reference.ok()?.into_fully_peeled_id().ok()?.detach()))
        .collect();
    if remote.is_empty() {
        return None;
    }
    let head = repository.head_id().ok()?;
    let walk = repository.rev_walk([head.detach()]).with_hidden(remote).all().ok()?;
    let line = |id: gix::ObjectId| {
        let commit = repository.find_commit(id).ok()?;
        let subject = commit.message().ok()?.summary().to_string();
        Some(format!("{} {subject}", commit.id().shorten_or_id()))
    };
    Some(walk.take(COMMITS_MOST).filter_map(|commit| line(commit.ok()?.id)).collect())
}

/// Files that differ from the commit, as `git status` tells them; comparing work tree and index is the one thing for
/// which gix needs parts that nothing else here uses. Nothing that the repository's configuration names is run but
/// filters of files, and nothing is written. `None` where git is not installed, fails, or takes too long.
fn changes(work_tree: &Path) -> Option<Vec<String>> {
    let mut child = Command::new("git")
        .args(["--no-optional-locks", "-c", "core.fsmonitor=false", "-c", "core.quotePath=false"])
        .args(["status", "--porcelain=v1", "--untracked-files=normal", "--ignore-submodules=dirty"])
        .current_dir(work_tree)
        .env_remove("GIT_DIR")
        .env_remove("GIT_WORK_TREE")
        .env_remove("GIT_INDEX_FILE")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let stdout = child.stdout.take()?;
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let mut text = Vec::new();
        let read = stdout.take(STATUS_BYTES_MOST).read_to_end(&mut text);
        // Whoever asked may have given up waiting.
        sender.send(read.map(|_| text)).ok();
    });
    let text = receiver.recv_timeout(STATUS_MOST);
    if text.is_err() {
        child.kill().ok();
    }
    let status = child.wait().ok()?;
    let text = text.ok()?.ok().filter(|_| status.success())?;
    Some(String::from_utf8_lossy(&text).lines().map(str::to_owned).collect())
}

/// A remote's URL without user name and password.
pub fn strip_credentials(url: &str) -> String {
    let url = url.trim();
    let Some((scheme, rest)) = url.split_once("://") else {
        return url.to_owned();
    };
    let authority_end = rest.find('/').unwrap_or(rest.len());
    let (authority, path) = rest.split_at(authority_end);
    match authority.rsplit_once('@') {
        // The user of an ssh URL is no secret and part of the address; a password beside it is one.
        Some((user, host)) if scheme.ends_with("ssh") => {
            format!("{scheme}://{}@{host}{path}", user.split(':').next().unwrap_or_default())
        }
        Some((_, host)) => format!("{scheme}://{host}{path}"),
        None => url.to_owned(),
    }
}

/// Host and path of a remote's URL, in any of git's forms; a local path has no host.
fn split_remote(url: &str) -> Option<(String, String)> {
    if let Some((_, rest)) = url.split_once("://") {
        let (authority, path) = rest.split_once('/')?;
        let host = authority.rsplit('@').next().unwrap_or(authority);
        let host = host.split(':').next().unwrap_or(host);
        return Some((host.to_owned(), path.to_owned()));
    }
    // `user@host:path`; a single letter before the colon is a Windows drive.
    if let Some((authority, path)) = url.split_once(':')
        && !authority.contains('/')
        && authority.len() > 1
    {
        return Some((authority.rsplit('@').next().unwrap_or(authority).to_owned(), path.to_owned()));
    }
    None
}

fn look(directory: &Path) -> Option<Place> {
    let repository = open(directory)?;
    let common = std::fs::canonicalize(repository.common_dir()).unwrap_or(repository.common_dir().to_owned());
    let config = repository.config_snapshot();
    let remote =
        ["remote.origin.url", "remote.upstream.url"].iter().find_map(|key| config.string(*key)).or_else(|| {
            let name = repository.remote_names().into_iter().next()?;
            config.string(format!("remote.{name}.url").as_str())
        });
    if let Some(place) = remote.and_then(|url| Place::of_remote(&url.to_string())) {
        return Some(place);
    }
    // Worktrees share the common directory; its parent is the main work tree, unless the repository is bare.
    let folder = match common.file_name() {
        Some(name) if name == ".git" => common.parent().unwrap_or(&common),
        _ => &common,
    };
    Some(Place {
        identity: common.display().to_string(),
        name: folder.file_name()?.to_string_lossy().trim_end_matches(".git").to_owned(),
        remote: None,
    })
}

fn open(directory: &Path) -> Option<gix::Repository> {
    if !directory.is_absolute() || !directory.is_dir() {
        return None;
    }
    gix::discover(directory).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_forms_of_a_remote_are_one_place() {
        for url in [
            "https://github.com/Owner/app.git",
            "https://user:secret@github.com/Owner/app",
            "git@github.com:Owner/app.git",
            "ssh://git@github.com:22/Owner/app.git/",
        ] {
            let place = Place::of_remote(url).unwrap();
            assert_eq!(place.identity, "github.com/owner/app", "{url}");
            assert_eq!(place.name, "Owner/app", "{url}");
            assert!(!place.remote.unwrap().contains("secret"), "{url}");
        }
        assert_eq!(Place::of_remote("https://gitlab.com/group/sub/app").unwrap().name, "sub/app");
        assert_eq!(Place::of_remote("/srv/git/app.git"), None);
        assert_eq!(Place::of_remote(r"C:\git\app"), None);
    }

    #[test]
    fn credentials_never_stay() {
        assert_eq!(strip_credentials("https://token@host/x"), "https://host/x");
        assert_eq!(strip_credentials("ssh://git:pw@host/x"), "ssh://git@host/x");
        assert_eq!(strip_credentials("https://a:p@ss@host/x"), "https://host/x");
    }

    #[test]
    fn clones_and_worktrees_are_one_place() {
        let folder = tempfile::tempdir().unwrap();
        let main = folder.path().join("app");
        let run = |directory: &Path, arguments: &[&str]| {
            let status = std::process::Command::new("git")
                .args(["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "init.defaultBranch=main"])
                .args(arguments)
                .current_dir(directory)
                .env("GIT_CONFIG_GLOBAL", "/dev/null")
                .output()
                .unwrap();
            assert!(status.status.success(), "{status:?}");
        };
        std::fs::create_dir(&main).unwrap();
        run(&main, &["init", "-q"]);
        run(&main, &["commit", "-q", "--allow-empty", "-m", "x"]);
        run(&main, &["worktree", "add", "-q", "../tree", "-b", "side"]);
        std::fs::create_dir_all(main.join("src/deep")).unwrap();
        let places = Places::default();
        let place = places.find(&main.join("src/deep")).unwrap();
        assert_eq!(place.name, "app");
        assert_eq!(places.find(&folder.path().join("tree")).unwrap().identity, place.identity);
        assert_eq!(now(&folder.path().join("tree")).unwrap().branch.as_deref(), Some("side"));
        assert_eq!(places.find(folder.path()), None);
        std::fs::write(main.join("new.txt"), "x").unwrap();
        let standing = state(&main.join("src/deep")).unwrap();
        assert_eq!((standing.branch.as_deref(), standing.changed), (Some("main"), Some(1)));
        assert_eq!(standing.changes, ["?? new.txt"]);
        assert_eq!(standing.unpushed_count, None);
        run(&main, &["update-ref", "refs/remotes/origin/main", "HEAD"]);
        assert_eq!(state(&main).unwrap().unpushed_count, Some(0));
        run(&main, &["commit", "-q", "--allow-empty", "-m", "more"]);
        assert!(state(&main).unwrap().unpushed[0].ends_with(" more"));
        run(&main, &["remote", "add", "origin", "https://me:pw@host.test/Team/App.git"]);
        places.forget();
        assert_eq!(places.find(&folder.path().join("tree")).unwrap().identity, "host.test/team/app");
    }
}
