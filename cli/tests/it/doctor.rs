use insta::assert_snapshot;
use opensession_cli::{ConnectError, Exit};
use opensession_protocol::{AgentInfo, DaemonStatus, IndexState, IndexStatus, ProblemInfo, ProblemPage};

use super::daemon::status;
use super::harness::Run;

fn agents(problems: u64) -> Vec<AgentInfo> {
    vec![AgentInfo {
        id: "claude-code".to_owned(),
        sessions: 308,
        problems,
        sources_with_problems: problems.min(5),
        ..AgentInfo::default()
    }]
}

#[test]
fn what_is_well_and_what_is_not() {
    let run = |run: Run| run.answer("daemon/status", status()).answer("agent/list", agents(6));
    assert_snapshot!(run(Run::terminal(80)).shown("doctor"), @r"
    ok    daemon   0.1.0, same as this binary
    ok    index    ready, 84.1k events, 31 MB
    ok    agents   308 sessions of 1 agent
    warn  reading  6 damaged lines in 5 files, the rest kept (--problems)
    warn  watch    the system watches no more folders
                   remedy: raise fs.inotify.max_user_watches
    --- stderr
    2 warnings
    --- exit 0
    ");
    assert_snapshot!(run(Run::piped()).shown("doctor"), @r"
    ok→daemon→0.1.0, same as this binary→
    ok→index→ready, 84.1k events, 31 MB→
    ok→agents→308 sessions of 1 agent→
    warn→reading→6 damaged lines in 5 files, the rest kept (--problems)→
    warn→watch→the system watches no more folders→raise fs.inotify.max_user_watches
    --- stderr
    2 warnings
    --- exit 0
    ");
    let lines = run(Run::piped()).run("doctor --json").json();
    assert_eq!((&lines[3]["verdict"], &lines[3]["subject"]), (&"warn".into(), &"reading".into()));
}

#[test]
fn failures_end_with_one() {
    let index = IndexStatus { state: IndexState::Failed, ..IndexStatus::default() };
    let status = DaemonStatus { version: "0.0.9".to_owned(), index, warnings: vec![], ..status() };
    let ended = Run::terminal(80).answer("daemon/status", status).answer("agent/list", agents(0)).run("doctor");
    assert_eq!(ended.exit, Exit::NothingFound);
    assert_snapshot!(ended.shown(), @r"
    warn  daemon   0.0.9, this binary is 0.1.0
                   remedy: opensession daemon restart
    fail  index    failed, 0 events, 0 B
                   remedy: opensession index --rebuild
    ok    agents   308 sessions of 1 agent
    ok    reading  everything found was read
    --- stderr
    1 failure, 1 warning
    --- exit 1
    ");
}

#[test]
fn a_daemon_out_of_reach() {
    let error = ConnectError {
        fact: "no daemon is running at /run/x.sock".to_owned(),
        hint: Some("start it: opensession daemon start".to_owned()),
        ..ConnectError::default()
    };
    assert_snapshot!(Run::terminal(80).unreachable(error).shown("doctor"), @r"
    fail  daemon   no daemon is running at /run/x.sock
                   remedy: start it: opensession daemon start
    --- stderr
    1 failure
    --- exit 3
    ");
}

#[test]
fn problems_are_listed_by_file() {
    let problem = |path: &str, line, reason: &str| ProblemInfo {
        agent: "codex".to_owned(),
        path: path.to_owned(),
        session: Some("b81d03e20123456789abcdef01234567".to_owned()),
        line,
        position: 0,
        reason: reason.to_owned(),
    };
    let page = ProblemPage {
        problems: vec![
            problem("/home/mina/.codex/a.jsonl", 3, "cut off: EOF while parsing a string"),
            problem("/home/mina/.codex/a.jsonl", 9, "not JSON: \u{1b}[31m"),
            problem("/home/mina/.codex/b.jsonl", 0, "cannot be opened: permission denied"),
        ],
        total: 7,
        sources: 3,
    };
    assert_snapshot!(Run::terminal(80).answer("problem/list", page.clone()).shown("doctor --problems"), @r"
    ~/.codex/a.jsonl  b81d03e2
      line 3  cut off: EOF while parsing a string
      line 9  not JSON:
    ~/.codex/b.jsonl  b81d03e2
      file  cannot be opened: permission denied
    --- stderr
    and 4 more
    7 problems in 3 files; the rest of them is kept
    --- exit 0
    ");
    assert_snapshot!(Run::piped().answer("problem/list", page).shown("doctor --problems --agent codex"), @r"
    codex→/home/mina/.codex/a.jsonl→3→b81d03e20123456789abcdef01234567→cut off: EOF while parsing a string
    codex→/home/mina/.codex/a.jsonl→9→b81d03e20123456789abcdef01234567→not JSON:
    codex→/home/mina/.codex/b.jsonl→0→b81d03e20123456789abcdef01234567→cannot be opened: permission denied
    --- stderr
    and 4 more
    7 problems in 3 files; the rest of them is kept
    --- exit 0
    ");
}
