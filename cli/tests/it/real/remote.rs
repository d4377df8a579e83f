//! Sessions of other machines: pulled from an sshd of our own on the loopback, and imported from folders.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use super::home::{Home, eventually, is_here};
use super::records::{SessionFile, needle};

/// An sshd that lets the user of this process in, into another home directory.
struct Sshd {
    process: Child,
    folder: PathBuf,
    port: u16,
}

impl Sshd {
    /// Makes keys and configurations in `folder`, and starts it.
    fn start(folder: &Path, other_home: &Path) -> Self {
        fs::create_dir_all(folder).unwrap();
        for key in ["host_key", "user_key"] {
            let path = folder.join(key);
            let made = Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(&path).status();
            assert!(made.unwrap().success());
        }
        fs::copy(folder.join("user_key.pub"), folder.join("authorized_keys")).unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let shown = folder.display();
        let server = format!(
            "Port {port}\nListenAddress 127.0.0.1\nHostKey {shown}/host_key\nAuthorizedKeysFile {shown}/authorized_keys\n\
             StrictModes no\nUsePAM no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\nPidFile none\n\
             SetEnv HOME={}\n",
            other_home.display()
        );
        fs::write(folder.join("sshd_config"), server).unwrap();
        let host_key = fs::read_to_string(folder.join("host_key.pub")).unwrap();
        fs::write(folder.join("known_hosts"), format!("[127.0.0.1]:{port} {host_key}")).unwrap();
        let client = format!(
            "Host other\n  HostName 127.0.0.1\n  Port {port}\n  IdentityFile {shown}/user_key\n  IdentitiesOnly yes\n  \
             UserKnownHostsFile {shown}/known_hosts\n  GlobalKnownHostsFile none\n  StrictHostKeyChecking yes\n"
        );
        fs::write(folder.join("ssh_config"), client).unwrap();
        // The user's own ssh, with a configuration that is not looked for in HOME.
        let ssh = std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())
            .map(|folder| folder.join("ssh"))
            .find(|path| path.is_file())
            .unwrap();
        let program = folder.join("bin/ssh");
        fs::create_dir(folder.join("bin")).unwrap();
        fs::write(&program, format!("#!/bin/sh\nexec {} -F '{shown}/ssh_config' \"$@\"\n", ssh.display())).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        // For root it separates its privileges in this folder; others neither need nor may make it.
        fs::create_dir_all("/run/sshd").ok();
        Self { process: Self::spawn(folder), folder: folder.to_owned(), port }
    }

    fn spawn(folder: &Path) -> Child {
        let log = fs::File::create(folder.join("log")).unwrap();
        let mut command = Command::new(program().unwrap());
        command.args(["-D", "-e", "-f"]).arg(folder.join("sshd_config"));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().unwrap()
    }

    fn await_listening(&self) {
        eventually("sshd listens", || std::net::TcpStream::connect(("127.0.0.1", self.port)).ok());
    }

    fn stop(&mut self) {
        self.process.kill().ok();
        self.process.wait().ok();
    }

    fn again(&mut self) {
        self.process = Self::spawn(&self.folder);
        self.await_listening();
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        self.stop();
    }
}

/// sshd must be named by its whole path.
fn program() -> Option<PathBuf> {
    let search = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&search).chain(["/usr/sbin".into(), "/usr/local/sbin".into(), "/sbin".into()]);
    folders.map(|folder| folder.join("sshd")).find(|path| path.is_file())
}

fn host(home: &Home, name: &str) -> Value {
    let hosts = home.rpc("host/list", &json!({}));
    hosts.as_array().unwrap().iter().find(|host| host["name"] == name).cloned().unwrap_or(Value::Null)
}

#[test]
fn sessions_are_pulled_over_ssh_and_followed() {
    if program().is_none() {
        // Says that it is missing, or fails where it must be there.
        is_here("sshd", true);
        return;
    }
    let other = Home::new();
    let mut sshd = Sshd::start(&other.root.path().join("ssh"), &other.home);
    sshd.await_listening();
    let path = format!("{}:{}", sshd.folder.join("bin").display(), std::env::var("PATH").unwrap());
    let home = Home::new().variable("PATH", &path);
    let mut claude = SessionFile::claude(&other, 1);
    let mut codex = SessionFile::codex(&other, 1);
    let (asked, answered, later) = (needle(1), needle(2), needle(3));
    claude.say(&format!("why does {asked} fail?"));
    codex.say(&format!("because of {answered}"));

    let added = home.done(&["remote", "add", "other", "--name", "build"]);
    assert!(added.starts_with("build: 2 files, "), "{added}");
    assert!(added.ends_with("; 2 sessions kept\n"), "{added}");
    assert_eq!((home.hits(&asked), home.hits(&format!("{answered} host:build"))), (1, 1));
    assert_eq!((home.hits(&format!("{asked} host:local")), home.hits(&format!("{asked} -host:build"))), (0, 0));
    let sessions = home.sessions();
    let session = &sessions[claude.native_id()];
    assert_eq!((&session["host"], &session["vanished"]), (&json!("build"), &json!(false)));
    let id = session["id"].as_str().unwrap().to_owned();
    let listed = home.json(&["log", "--all", "--host", "bui*", "--agent", "claude-code"]);
    assert_eq!((listed.len(), &listed[0]["host"]), (2, &json!("build")));
    assert!(home.done(&["log", "--all"]).lines().all(|line| line.contains("  build\t")));
    assert_eq!(home.json(&["log", "--all", "--host", "local"]).len(), 1);
    let command = format!("ssh -t other 'cd /srv/app && claude --resume {}'\n", claude.native_id());
    assert_eq!(home.done(&["resume", &id, "--print"]), command);
    assert_eq!(home.run(&["resume", &id]).code, Some(4));
    assert_eq!(home.run(&["restore", &id]).code, Some(4));

    // Known already: nothing is added, what grew comes.
    claude.say(&format!("and {later}?"));
    let again = home.run(&["remote", "add", "other"]);
    assert!(again.code == Some(0) && again.stderr.contains("known already"), "{again:?}");
    assert_eq!((home.hits(&asked), home.hits(&later)), (1, 1));
    let nothing = home.done(&["remote", "sync"]);
    assert!(nothing.contains("; 2 sessions kept"), "{nothing}");

    // What the agent deletes there is kept here.
    fs::remove_file(&codex.path).unwrap();
    home.done(&["remote", "sync", "build"]);
    assert_eq!(home.sessions()[codex.native_id()]["vanished"], true);
    assert_eq!(home.hits(&answered), 1);

    // It is away: told with what to do, and nothing is lost.
    sshd.stop();
    let away = home.run(&["remote", "sync", "build"]);
    assert_eq!(away.code, Some(1), "{away:?}");
    assert!(away.stdout.contains("not pulled: "), "{away:?}");
    assert_eq!(host(&home, "build")["state"], "away");
    let status = home.run(&["daemon", "status"]);
    assert!(status.stdout.contains("remote build: cannot pull from other: "), "{status:?}");
    assert_eq!(home.hits(&asked), 1);
    sshd.again();
    assert_eq!(home.run(&["remote", "sync", "build"]).code, Some(0));
    assert!(!home.done(&["daemon", "status"]).contains("remote build"));

    // A daemon that starts anew knows it.
    home.stop();
    assert_eq!(host(&home, "build")["address"], "other");
    assert_eq!(home.sessions()[claude.native_id()]["host"], "build");
    let mirror = home.data.join("opensession/remotes/build");
    let mode = fs::metadata(&mirror).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o700);

    let removed = home.done(&["remote", "remove", "build"]);
    assert!(removed.contains("2 sessions of it stay"), "{removed}");
    assert!(!mirror.exists());
    home.rpc("index/refresh", &json!({}));
    assert_eq!((home.hits(&asked), home.hits(&later)), (1, 1));
    assert_eq!(host(&home, "build"), Value::Null);
    // Added again, what is kept is not doubled; then all of it goes.
    home.done(&["remote", "add", "other", "--name", "build"]);
    assert_eq!((home.sessions().len(), home.hits(&asked)), (2, 1));
    let forgotten = home.done(&["remote", "remove", "build", "--forget"]);
    assert!(forgotten.contains("2 sessions deleted"), "{forgotten}");
    assert_eq!((home.sessions().len(), home.hits(&asked)), (0, 0));
    assert_eq!(home.run(&["remote", "sync", "build"]).code, Some(2));
    let refused = home.run(&["remote", "add", "--", "-oProxyCommand=touch /tmp/x"]);
    assert!(refused.code == Some(2) && refused.stderr.contains("may not begin with `-`"), "{refused:?}");
}

#[test]
fn a_copied_home_is_read_once_and_what_is_here_is_not_shown_twice() {
    let home = Home::new();
    let other = Home::new();
    let (mut own, mut theirs) = (SessionFile::claude(&home, 1), SessionFile::claude(&other, 2));
    let (shared, only, later) = (needle(1), needle(2), needle(3));
    own.say(&format!("about {shared}"));
    theirs.say(&format!("about {only}"));
    // The copy is as old as the backup; the session went on here.
    let copy = other.home.join(".claude/projects/-srv-app").join(own.path.file_name().unwrap());
    fs::copy(&own.path, &copy).unwrap();
    own.say(&format!("and {later}"));

    let folder = other.home.to_str().unwrap();
    let imported = home.done(&["import", folder, "--name", "old-laptop"]);
    assert_eq!(imported, "old-laptop: 1 session (claude-code).\n");
    assert_eq!(home.sessions().len(), 2);
    assert_eq!((home.hits(&shared), home.hits(&later), home.hits(&only)), (1, 1, 1));
    assert_eq!(home.hits(&format!("{only} host:old-laptop")), 1);
    let again = home.done(&["import", folder]);
    assert_eq!(again, "old-laptop: 1 session (claude-code), imported before.\n");
    assert_eq!(home.sessions().len(), 2);

    // It is followed where it lies, and known to the next daemon.
    theirs.say(&format!("and {}", needle(4)));
    home.await_hits(&needle(4), 1);
    home.stop();
    home.rpc("index/refresh", &json!({}));
    assert_eq!((home.sessions().len(), home.hits(&shared), home.hits(&only)), (2, 1, 1));
    assert_eq!(home.sessions()[theirs.native_id()]["host"], "old-laptop");
    // Away, as a disk that is not mounted: kept, and told.
    let away = other.root.path().join("away");
    fs::rename(&other.home, &away).unwrap();
    home.rpc("index/refresh", &json!({}));
    assert_eq!(host(&home, "old-laptop")["state"], "away");
    assert_eq!(home.hits(&only), 1);
    fs::rename(&away, &other.home).unwrap();
    home.rpc("index/refresh", &json!({}));
    assert_eq!(home.sessions()[theirs.native_id()]["vanished"], false);

    // The copy went on over there: what is only in it is found, as a session of that machine.
    let mut bytes = fs::read(&copy).unwrap();
    let mut longer = SessionFile::claude(&home, 1);
    for text in ["one", "two", "three", "four", "five", "six"] {
        bytes.extend_from_slice(longer.record(&format!("{text} {}", needle(5))).as_bytes());
    }
    fs::write(&copy, bytes).unwrap();
    home.rpc("index/refresh", &json!({}));
    assert!(home.hits(&format!("{} host:old-laptop", needle(5))) > 0);
    assert_eq!(home.hits(&format!("{later} host:local")), 1);

    let removed = home.done(&["import", "remove", "old-laptop"]);
    assert!(removed.contains("stay"), "{removed}");
    assert!(theirs.path.exists());
    assert_eq!(home.hits(&only), 1);
    for (arguments, said) in [
        (vec!["import", home.home.to_str().unwrap()], "read anyway"),
        (vec!["import", "/nonexistent/folder"], "cannot list"),
        (vec!["import", home.root.path().to_str().unwrap()], "no agent keeps sessions in"),
    ] {
        let refused = home.run(&arguments);
        assert!(refused.code == Some(2) && refused.stderr.contains(said), "{refused:?}");
    }
}

#[test]
fn a_session_that_comes_home_is_taken_over_and_goes_on_apart() {
    let home = Home::new();
    let other = Home::new();
    let mut theirs = SessionFile::claude(&other, 1);
    theirs.say(&format!("about {}", needle(1)));
    home.done(&["import", other.home.to_str().unwrap(), "--name", "laptop"]);
    let id = home.sessions()[theirs.native_id()]["id"].clone();
    // Its file is copied here: the session is this machine's from now on, under the id that it had.
    let own = SessionFile::claude(&home, 1);
    fs::create_dir_all(own.path.parent().unwrap()).unwrap();
    fs::copy(&theirs.path, &own.path).unwrap();
    home.rpc("index/refresh", &json!({}));
    let session = home.sessions()[theirs.native_id()].clone();
    assert_eq!((home.sessions().len(), session.get("host"), &session["id"]), (1, None, &id));
    assert_eq!(home.hits(&needle(1)), 1);
    // It goes on there alone: whole, as one of that machine.
    theirs.say(&format!("because {}", needle(2)));
    home.await_hits(&needle(2), 1);
    assert_eq!(home.hits(&format!("{} host:laptop", needle(1))), 1);
    home.rpc("index/refresh", &json!({}));
    let page = home.rpc("session/list", &json!({ "filter": { "scope": { "all": true } } }));
    assert_eq!(page["total"], 2);
}
