use insta::assert_snapshot;
use opensession_protocol::{SessionStats, StatsAnswer, StatsRow};

use super::harness::{Run, ready};

fn row(key: &str, sessions: u64, cost: Option<f64>) -> StatsRow {
    StatsRow {
        key: key.to_owned(),
        sessions,
        stats: SessionStats {
            turns: 2_914,
            calls: 40_000,
            results: 40_000,
            errors: 1_234,
            files: 611,
            added: 18_200,
            removed: 6_100,
            input_tokens: 1_200_000,
            output_tokens: 7_000_000,
            cache_read_tokens: 38_000_000,
            cache_write_tokens: 2_000_000,
            cost,
            active_ms: 220_800_000,
            ..SessionStats::default()
        },
    }
}

fn answer() -> StatsAnswer {
    StatsAnswer {
        rows: vec![row("claude-code", 142, Some(212.4)), row("codex", 31, None)],
        total: row("", 173, Some(212.4)),
        scope_repository: None,
    }
}

fn run(run: Run) -> Run {
    run.answer("index/status", ready()).answer("stats/get", answer())
}

#[test]
fn a_row_per_group() {
    let ended = run(Run::terminal(80)).run("stats --by agent --since 30d");
    assert!(ended.widest() <= 80);
    assert_snapshot!(ended.shown(), @r"
    AGENT        SESSIONS   ACTIVE  TURNS  TOKENS     COST  FILES           LINES
    claude-code       142  61h 20m  2,914   48.2M  $212.40    611  +18.2k  -6,100
    codex              31  61h 20m  2,914   48.2M        -    611  +18.2k  -6,100
    total             173  61h 20m  2,914   48.2M  $212.40    611  +18.2k  -6,100
    --- exit 0
    ");
    assert_snapshot!(run(Run::terminal(160)).shown("stats"), @r"
    AGENT        SESSIONS   ACTIVE  TURNS    IN   OUT  CACHE     COST  FILES           LINES  ERRORS
    claude-code       142  61h 20m  2,914  1.2M  7.0M  40.0M  $212.40    611  +18.2k  -6,100      3%  ━━━━━━━━━━━━━━━━
    codex              31  61h 20m  2,914  1.2M  7.0M  40.0M        -    611  +18.2k  -6,100      3%  ━━━━
    total             173  61h 20m  2,914  1.2M  7.0M  40.0M  $212.40    611  +18.2k  -6,100      3%
    --- exit 0
    ");
}

#[test]
fn piped_and_json() {
    assert_snapshot!(run(Run::piped()).shown("stats --by week"), @r"
    claude-code→142→220800→2914→1200000→7000000→38000000→2000000→212.4→611→18200→6100→40000→1234
    codex→31→220800→2914→1200000→7000000→38000000→2000000→-→611→18200→6100→40000→1234
    --- exit 0
    ");
    let ended = run(Run::piped()).run("stats --by week --json");
    assert!(ended.calls[1].ends_with(r#""by":"week","time_zone":"Asia/Seoul"}"#), "{}", ended.calls[1]);
    let lines = ended.json();
    assert_eq!((&lines[0]["type"], &lines[0]["key"]), (&"group".into(), &"claude-code".into()));
    assert_eq!((&lines[2]["type"], &lines[2]["total"]["sessions"]), (&"summary".into(), &173.into()));
}

#[test]
fn nothing_to_count() {
    let nothing = StatsAnswer { scope_repository: Some("mina/app".to_owned()), ..StatsAnswer::default() };
    let run = Run::terminal(80).answer("index/status", ready()).answer("stats/get", nothing);
    assert_snapshot!(run.shown("stats --agent goose"), @r"
    --- stderr
    No session of mina/app matches  --agent goose
    hint: opensession stats --all --agent goose
    --- exit 1
    ");
}
