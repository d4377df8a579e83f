use opensession_cli::Exit;
use opensession_protocol::{HostAdded, HostInfo, HostProgress, HostRemoved, HostState, SessionDetail};

use super::harness::{Run, ready};
use super::samples::lock_session;

fn build() -> HostInfo {
    HostInfo {
        name: "build".to_owned(),
        folder: "/home/mina/.local/share/opensession/remotes/build/home".to_owned(),
        address: Some("mina@build.example.org:2222".to_owned()),
        state: HostState::Waiting,
        sessions: 57,
        interval_secs: Some(900),
        last_pull: Some("2026-11-22T05:01:00Z".parse().unwrap()),
        files: 12,
        bytes: 3_400_000,
        ..HostInfo::default()
    }
}

fn away() -> HostInfo {
    HostInfo {
        name: "laptop".to_owned(),
        address: Some("laptop".to_owned()),
        state: HostState::Away,
        failure: Some("Permission denied (publickey).\u{1b}[2J".to_owned()),
        remedy: Some("let a key in".to_owned()),
        ..HostInfo::default()
    }
}

fn folder() -> HostInfo {
    HostInfo {
        name: "old-laptop".to_owned(),
        folder: "/home/mina/backup/home".to_owned(),
        sessions: 3,
        ..HostInfo::default()
    }
}

#[test]
fn machines_are_listed_with_where_they_are() {
    let hosts = vec![build(), away(), folder()];
    let ended = Run::terminal(80).answer("host/list", hosts.clone()).run("remote list");
    let lines: Vec<&str> = ended.stdout.lines().map(str::trim_end).collect();
    assert_eq!(lines.len(), 4, "{lines:?}");
    assert!(lines[1].starts_with("build ") && lines[1].ends_with("mina@build.example.org:2222"), "{lines:?}");
    assert!(lines[2].contains("away") && lines[3].ends_with("~/backup/home"), "{lines:?}");
    assert!(ended.widest() <= 80);

    let piped = Run::piped().answer("host/list", hosts.clone()).run("remote list");
    assert_eq!(piped.stdout.lines().next(), Some("build\t57\t2026-11-22T05:01:00Z\tmina@build.example.org:2222\t"));
    let folders = Run::piped().answer("host/list", hosts.clone()).run("import");
    assert_eq!(folders.stdout, "old-laptop\t3\t\t/home/mina/backup/home\t\n");
    let json = Run::piped().answer("host/list", hosts).run("remote list --json").json();
    assert_eq!((json.len(), &json[0]["type"], &json[3]["away"]), (4, &"host".into(), &1.into()));
}

#[test]
fn no_machine_is_told_with_what_to_do() {
    let ended = Run::terminal(80).answer("host/list", Vec::<HostInfo>::new()).run("remote list");
    assert_eq!(ended.exit, Exit::NothingFound);
    assert!(
        ended.stderr.contains("No other machine is known.") && ended.stderr.contains("remote add"),
        "{}",
        ended.stderr
    );
    let ended = Run::terminal(80).answer("host/list", vec![build()]).run("remote status laptop");
    assert!(ended.stderr.contains("no machine is called laptop") && ended.stderr.contains("known are build"));
}

#[test]
fn how_pulling_goes() {
    let pulling = HostInfo {
        state: HostState::Pulling,
        progress: Some(HostProgress { files_done: 3, files_total: 40, bytes_done: 1_000_000, bytes_total: 9_000_000 }),
        left: vec![".cursor/x.db: larger than 1 GB".to_owned()],
        ..build()
    };
    let ended = Run::terminal(80).answer("host/list", vec![pulling, away()]).run("remote status");
    for part in ["3 of 40 files", "larger than 1 GB", "Permission denied (publickey).", "let a key in"] {
        assert!(ended.stdout.contains(part), "{part}: {}", ended.stdout);
    }
    assert!(!ended.stdout.contains('\u{1b}'), "{}", ended.stdout);
    assert_eq!(ended.exit, Exit::NothingFound);
}

#[test]
fn a_folder_is_imported_and_a_machine_taken_away() {
    let added = HostAdded { host: folder(), is_new: true, agents: vec!["claude-code".to_owned(), "codex".to_owned()] };
    let ended = Run::terminal(80).answer("host/add", added).run("import backup/home --name old-laptop");
    assert_eq!(ended.stdout, "old-laptop: 3 sessions (claude-code, codex).\n");
    assert_eq!(ended.calls, [r#"host/add {"folder":"/home/mina/app/backup/home","name":"old-laptop"}"#]);

    let removed = HostRemoved { name: "build".to_owned(), kept: 57, forgotten: 0 };
    let ended = Run::piped().answer("host/remove", removed).run("remote remove build");
    assert_eq!(ended.stdout, "build: removed; 57 sessions of it stay (--forget deletes them).\n");
}

#[test]
fn intervals_are_times_of_a_minute_at_least() {
    for wrong in ["10", "59s", "x", "99999999d"] {
        let ended = Run::terminal(80).run(&format!("remote add build --every {wrong}"));
        assert_eq!(ended.exit, Exit::WrongInput, "{wrong}");
    }
}

#[test]
fn a_session_of_another_machine_is_gone_on_with_there() {
    let detail = |through: Option<&[&str]>| SessionDetail {
        session: opensession_protocol::SessionInfo { host: Some("build".to_owned()), ..lock_session() },
        resume: Some(["claude", "--resume", "0b9c2f7e"].map(str::to_owned).to_vec()),
        resume_cwd: Some("/srv/it's here".to_owned()),
        resume_through: through.map(|words| words.iter().map(|&word| word.to_owned()).collect()),
        ..SessionDetail::default()
    };
    let ssh = ["ssh", "-t", "-p", "2222", "mina@build"];
    let printed = Run::piped().answer("session/get", detail(Some(&ssh))).run("resume 4f2a91c7 --print");
    let there = r"cd '/srv/it'\''s here' && claude --resume 0b9c2f7e";
    let quoted = format!("'{}'", there.replace('\'', r"'\''"));
    assert_eq!(printed.stdout, format!("ssh -t -p 2222 mina@build {quoted}\n"));
    let run = Run::terminal(80).answer("session/get", detail(Some(&ssh))).run("resume 4f2a91c7");
    assert!(run.exit == Exit::Refused && run.stderr.contains("the session is on build"), "{}", run.stderr);
    let imported = Run::terminal(80).answer("session/get", detail(None)).run("resume 4f2a91c7");
    assert!(imported.exit == Exit::Refused && imported.stderr.contains("handoff --into"), "{}", imported.stderr);
}

#[test]
fn lists_tell_the_machine() {
    let session = opensession_protocol::SessionInfo { host: Some("build".to_owned()), ..lock_session() };
    let page = opensession_protocol::SessionPage { sessions: vec![session], total: 1, ..Default::default() };
    let run = |run: Run| run.answer("index/status", ready()).answer("session/list", page.clone());
    let head = run(Run::terminal(80)).run("log");
    assert!(head.stdout.contains("app@main  build,"), "{}", head.stdout);
    let row = run(Run::piped()).run("log");
    assert!(row.stdout.contains("\tapp@main  build\t"), "{}", row.stdout);
}
