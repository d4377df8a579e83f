use insta::assert_snapshot;
use opensession_cli::Exit;
use opensession_protocol::{AgentInfo, Scanned, ScannedProject};

use super::harness::{Run, ready};

pub(crate) fn agents() -> Vec<AgentInfo> {
    vec![
        AgentInfo {
            id: "claude-code".to_owned(),
            name: "Claude Code".to_owned(),
            enabled: true,
            sessions: 400,
            subagents: 123,
            latest: Some("2026-11-22T05:01:00Z".parse().unwrap()),
            bytes: 351_400_000,
            roots: vec![
                "/home/mina/.claude/projects".to_owned(),
                "/home/mina/code/a-rather-long-name/and-another-one/.claude/projects".to_owned(),
            ],
            sources: 400,
            sources_read: 400,
            problems: 6,
            sources_with_problems: 5,
            ..AgentInfo::default()
        },
        AgentInfo {
            id: "codex".to_owned(),
            name: "Codex".to_owned(),
            sessions: 31,
            latest: Some("2026-10-14T05:01:00Z".parse().unwrap()),
            bytes: 21_000_000,
            roots: vec!["/home/mina/.codex/sessions".to_owned()],
            sources: 31,
            sources_read: 20,
            ..AgentInfo::default()
        },
        AgentInfo {
            id: "goose".to_owned(),
            enabled: true,
            absent_roots: vec!["/home/mina/.local/share/goose/sessions".to_owned()],
            ..AgentInfo::default()
        },
    ]
}

fn run(run: Run, agents: Vec<AgentInfo>) -> Run {
    run.answer("index/status", ready()).answer("agent/list", agents)
}

#[test]
fn a_row_per_agent() {
    let ended = run(Run::terminal(80), agents()).run("discover");
    assert!(ended.widest() <= 80);
    assert_snapshot!(ended.shown(), @r"
    AGENT        SESSIONS  LATEST    SIZE  WHERE
    claude-code       277  4m      351 MB  ~/.claude/projects
                                           ~/code/a-rath…nother-one/.claude/projects
    codex              31  Oct 14   21 MB  ~/.codex/sessions
                                           (switched off in daemon.toml)
                                           (reading 20 of 31)
    --- stderr
    308 sessions of 2 agents, 123 more of their sub-agents; 1 more agent not found
    (--all).
    6 lines in 5 files unreadable: opensession doctor --problems
    --- exit 0
    ");
    assert_snapshot!(run(Run::terminal(160), agents()).shown("discover --all"), @r"
    AGENT        SESSIONS  LATEST    SIZE  WHERE
    claude-code       277  4m      351 MB  ~/.claude/projects
                                           ~/code/a-rather-long-name/and-another-one/.claude/projects
    codex              31  Oct 14   21 MB  ~/.codex/sessions
                                           (switched off in daemon.toml)
                                           (reading 20 of 31)
    goose               0  -          0 B  not found: ~/.local/share/goose/sessions
    --- stderr
    308 sessions of 2 agents, 123 more of their sub-agents.
    6 lines in 5 files unreadable: opensession doctor --problems
    --- exit 0
    ");
}

#[test]
fn piped_and_json() {
    assert_snapshot!(run(Run::piped(), agents()).shown("discover"), @r"
    claude-code→277→123→2026-11-22T05:01:00Z→351400000→6→/home/mina/.claude/projects→/home/mina/code/a-rather-long-name/and-another-one/.claude/projects
    codex→31→0→2026-10-14T05:01:00Z→21000000→0→/home/mina/.codex/sessions
    --- stderr
    308 sessions of 2 agents, 123 more of their sub-agents; 1 more agent not found (--all).
    6 lines in 5 files unreadable: opensession doctor --problems
    --- exit 0
    ");
    let lines = run(Run::piped(), agents()).run("discover --json --all").json();
    assert_eq!(lines.len(), 4);
    assert_eq!((&lines[2]["type"], &lines[2]["id"]), (&"agent".into(), &"goose".into()));
    assert_eq!((&lines[3]["agents"], &lines[3]["sessions"]), (&2.into(), &308.into()));
}

#[test]
fn no_agent_at_all() {
    let ended = run(Run::terminal(80), agents().split_off(2)).run("discover");
    assert_eq!(ended.exit, Exit::NothingFound);
    assert_snapshot!(ended.shown(), @r"
    --- stderr
    No sessions of any agent were found on this machine.
    hint: where it was looked: opensession discover --all
    --- exit 1
    ");
}

#[test]
fn a_scan_tells_the_projects_it_found() {
    let scanned = Scanned {
        folders: 1234,
        projects: vec![
            ScannedProject { path: "/home/mina/app".to_owned(), agents: vec!["aider".to_owned()], is_new: true },
            ScannedProject { path: "/home/mina/web".to_owned(), agents: vec!["crush".to_owned()], is_new: false },
        ],
        repositories: 7,
        incomplete: true,
    };
    let answer = |run: Run| super::discover::run(run, agents()[..1].to_vec()).answer("agent/scan", scanned.clone());
    let ended = answer(Run::terminal(80)).run("discover --scan ~/work");
    assert_eq!(ended.calls[1], r#"agent/scan {"path":"/home/mina/work"}"#);
    assert_snapshot!(ended.shown(), @r"
    AGENT        SESSIONS  LATEST    SIZE  WHERE
    claude-code       277  4m      351 MB  ~/.claude/projects
                                           ~/code/a-rath…nother-one/.claude/projects
    --- stderr
    ~/app: aider
    ~/web: crush, known before
    2 projects with sessions in 1,234 folders looked through; 7 repositories
    followed from now on.
    hint: too much to look through: name a smaller folder
    277 sessions of 1 agent, 123 more of their sub-agents.
    6 lines in 5 files unreadable: opensession doctor --problems
    --- exit 0
    ");
    assert_snapshot!(answer(Run::piped()).shown("discover --json --scan ."), @r#"
    {"type":"scanned","folders":1234,"projects":[{"path":"/home/mina/app","agents":["aider"],"is_new":true},{"path":"/home/mina/web","agents":["crush"],"is_new":false}],"repositories":7,"incomplete":true}
    {"type":"agent","id":"claude-code","name":"Claude Code","enabled":true,"sessions":400,"subagents":123,"empty":0,"latest":"2026-11-22T05:01:00Z","bytes":351400000,"unreadable":[],"roots":["/home/mina/.claude/projects","/home/mina/code/a-rather-long-name/and-another-one/.claude/projects"],"absent_roots":[],"sources":400,"sources_read":400,"problems":6,"sources_with_problems":5,"begin":null,"takes_sessions":false}
    {"type":"summary","agents":1,"absent":0,"sessions":277,"subagents":123,"bytes":351400000,"problems":6,"sources_with_problems":5}
    --- exit 0
    "#);
}

#[test]
fn drafts_and_what_cannot_be_read_are_told() {
    let mut agents = agents();
    agents.truncate(1);
    agents[0].empty = 30;
    agents[0].unreadable = vec!["/home/mina/.cursor/state.vscdb: another program holds the database".to_owned()];
    assert_snapshot!(run(Run::terminal(80), agents).shown("discover"), @r"
    AGENT        SESSIONS  LATEST    SIZE  WHERE
    claude-code       277  4m      351 MB  ~/.claude/projects
                                           ~/code/a-rath…nother-one/.claude/projects
                                           (30 sessions without a word)
    --- stderr
    277 sessions of 1 agent, 123 more of their sub-agents.
    cannot be read: ~/.cursor/state.vscdb: another program holds the database
    5 lines in 4 files and 1 whole file unreadable: opensession doctor --problems
    --- exit 0
    ");
}
