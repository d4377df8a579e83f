use insta::assert_snapshot;
use opensession_protocol::{SessionStats, StatsAnswer, StatsRow};

use super::harness::{Run, ready};

fn row(key: &str, sessions: u64, cost: Option<f64>) -> StatsRow {
    StatsRow {
        key: key.to_owned(),
        sessions,
        unpriced_tokens: 0,
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
        ..StatsAnswer::default()
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
    AGENT        SESSIONS   ACTIVE  TURNS    IN   OUT  CACHE READ  WRITTEN     COST  ERRORS  FILES           LINES  sessions
    claude-code       142  61h 20m  2,914  1.2M  7.0M       38.0M     2.0M  $212.40      3%    611  +18.2k  -6,100  ━━━━━━━━━━━━━━━━━━━━━━━━
    codex              31  61h 20m  2,914  1.2M  7.0M       38.0M     2.0M        -      3%    611  +18.2k  -6,100  ━━━━━━
    total             173  61h 20m  2,914  1.2M  7.0M       38.0M     2.0M  $212.40      3%    611  +18.2k  -6,100
    --- exit 0
    ");
}

#[test]
fn piped_and_json() {
    assert_snapshot!(run(Run::piped()).shown("stats --by week"), @r"
    claude-code→142→220800→2914→1200000→7000000→38000000→2000000→212.4→611→18200→6100→40000→1234→logged→0
    codex→31→220800→2914→1200000→7000000→38000000→2000000→-→611→18200→6100→40000→1234→-→0
    --- exit 0
    ");
    let ended = run(Run::piped()).run("stats --by week --json");
    assert!(ended.calls[1].ends_with(r#""by":"week","time_zone":"Asia/Seoul"}"#), "{}", ended.calls[1]);
    let lines = ended.json();
    assert_eq!((&lines[0]["type"], &lines[0]["key"]), (&"group".into(), &"claude-code".into()));
    assert_eq!((&lines[2]["type"], &lines[2]["total"]["sessions"]), (&"summary".into(), &173.into()));
}

/// Estimated costs, some of them not whole.
fn estimated() -> StatsAnswer {
    let mut answer = answer();
    answer.rows[0].stats.cost_estimated = true;
    answer.rows[1].stats = SessionStats { turns: 9, active_ms: 1_000, ..SessionStats::default() };
    answer.total.stats.cost_estimated = true;
    answer.total.unpriced_tokens = 12_345;
    answer.unpriced_models = ["kimi", "<b>", "a\u{1b}[31m", "d"].map(str::to_owned).to_vec();
    answer.prices_as_of = "2026-11-05".to_owned();
    answer
}

#[test]
fn estimates_are_marked_and_explained() {
    let run = |columns| Run::terminal(columns).answer("index/status", ready()).answer("stats/get", estimated());
    assert_snapshot!(run(80).shown("stats"), @r"
    AGENT        SESSIONS   ACTIVE  TURNS  TOKENS       COST  FILES           LINES
    claude-code       142  61h 20m  2,914   48.2M   ~$212.40    611  +18.2k  -6,100
    codex              31     1.0s      9       -          -      0      +0      -0
    total             173  61h 20m  2,914   48.2M  ~$212.40+    611  +18.2k  -6,100
    --- stderr
    ~ estimated from list prices of 2026-11-05; your own: daemon.toml, [prices]
    + at least: 12.3k tokens without a price, of kimi, <b>, a and 1 more
    --- exit 0
    ");
    for columns in [40, 50, 60, 120, 160] {
        let ended = run(columns).run("stats");
        assert!(ended.widest() <= columns, "{columns}: {}", ended.shown());
    }
    assert_snapshot!(run(50).run("stats --ascii").stdout, @r"
    AGENT        SESSIONS   ACTIVE  TOKENS       COST
    claude-code       142  61h 20m   48.2M   ~$212.40
    codex              31     1.0s       -          -
    total             173  61h 20m   48.2M  ~$212.40+
    ");
}

#[test]
fn days_are_drawn_as_a_map() {
    let day = |key: &str, hours: u64| StatsRow {
        key: key.to_owned(),
        sessions: 1,
        stats: SessionStats { turns: 3, active_ms: hours * 3_600_000, ..SessionStats::default() },
        ..StatsRow::default()
    };
    let rows = vec![day("2026-10-30", 1), day("2026-11-02", 2), day("2026-11-10", 3), day("2026-11-19", 9)];
    let answer = StatsAnswer { total: day("total", 15), rows, ..StatsAnswer::default() };
    let run = |columns| Run::terminal(columns).answer("index/status", ready()).answer("stats/get", &answer);
    assert_snapshot!(run(80).shown("stats --by day"), @r"
        Oct Nov
    Mon . + . .
        . . * .
    Wed . . . .
        . . . #
    Fri - . .
        . . .
    Sun . . .

        less . - + * # more; active time a day
        busiest 2026-11-19, 9h 00m

    DAY         SESSIONS   ACTIVE  TURNS  TOKENS  COST  active time
    2026-10-30         1   1h 00m      3       -     -  ━━━
    2026-11-02         1   2h 00m      3       -     -  ━━━━━━
    2026-11-10         1   3h 00m      3       -     -  ━━━━━━━━
    2026-11-19         1   9h 00m      3       -     -  ━━━━━━━━━━━━━━━━━━━━━━━━
    total              1  15h 00m      3       -     -
    --- exit 0
    ");
    assert_snapshot!(run(80).shown("stats --heat"), @r"
        Oct Nov
    Mon . + . .
        . . * .
    Wed . . . .
        . . . #
    Fri - . .
        . . .
    Sun . . .

        less . - + * # more; active time a day
        busiest 2026-11-19, 9h 00m
    --- exit 0
    ");
    assert!(run(12).run("stats --heat").stdout.lines().all(|line| line.len() < 60));
    assert!(run(80).run("stats --by agent --heat").stdout.contains("AGENT"));
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
