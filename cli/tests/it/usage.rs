use std::io::{self, Write};

use insta::assert_snapshot;
use opensession_cli::Exit;

use super::harness::Run;

#[test]
fn alone_it_prints_help() {
    let ended = Run::terminal(80).run("");
    assert_eq!(ended.exit, Exit::Done);
    assert!(ended.stdout.starts_with("Find, keep and search the sessions"), "{}", ended.stdout);
    assert!(ended.stdout.contains("Examples:\n  opensession search race condition"), "{}", ended.stdout);
}

#[test]
fn what_is_typed_wrong_is_told_with_what_was_near() {
    let mut shown = String::new();
    for line in [
        "serch lock",
        "frobnicate",
        "log --sinc 2w",
        "log --format onelin",
        "log --limit many",
        "log --since",
        "show",
        "show a b",
        "show @ --around 3",
        "show @#3 --follow",
        "search",
        "search -test auth",
        "search --limt 3 lock",
        "search lock --all --limit 3",
        "stats --by yaer",
        "index --check --rebuild",
        "index --events",
        "help nonsense",
        "completion tcsh",
    ] {
        let ended = Run::piped().run(line);
        assert_eq!((ended.exit, ended.stdout.as_str()), (Exit::WrongInput, ""), "{line}");
        shown.extend(["$ opensession ", line, "\n", &ended.stderr]);
    }
    assert_snapshot!(shown, @r"
    $ opensession serch lock
    error: no command serch
    hint: did you mean search?
    $ opensession frobnicate
    error: no command frobnicate
    hint: opensession --help
    $ opensession log --sinc 2w
    error: no flag --sinc
    hint: did you mean --since?
    $ opensession log --format onelin
    error: --format does not take onelin
    hint: did you mean oneline?
    $ opensession log --limit many
    error: --limit does not take many
    hint: opensession log --help
    $ opensession log --since
    error: --since lacks its value
    hint: opensession log --help
    $ opensession show
    error: SESSION is missing
    hint: opensession show --help
    $ opensession show a b
    error: b is one word too many
    hint: opensession show --help
    $ opensession show @ --around 3
    error: --around needs an event
    hint: name it: opensession show @#7 --around 5
    $ opensession show @#3 --follow
    error: one event has nothing to follow
    hint: leave out the event: opensession show @ --follow
    $ opensession search
    error: QUERY is missing
    hint: opensession search --help
    $ opensession search -test auth
    error: no flag -t
    hint: a query that begins with - goes after --: opensession search -- -word
    $ opensession search --limt 3 lock
    error: no flag --limt
    hint: did you mean --limit?
    $ opensession search lock --all --limit 3
    error: --all and --limit exclude each other
    hint: opensession search --help
    $ opensession stats --by yaer
    error: --by does not take yaer
    hint: one of agent, model, repo, branch, day, week, month, hour, weekday
    $ opensession index --check --rebuild
    error: --check and --rebuild exclude each other
    hint: opensession index --help
    $ opensession index --events
    error: --rebuild is missing
    hint: opensession index --help
    $ opensession help nonsense
    error: no command nonsense
    hint: opensession help
    $ opensession completion tcsh
    error: SHELL does not take tcsh
    hint: did you mean zsh?
    ");
}

#[test]
fn help_of_the_query_language() {
    let ended = Run::terminal(80).run("help search");
    assert!(ended.widest() <= 96, "{}", ended.widest());
    assert!(ended.stdout.contains("The language of queries\n"));
    assert_eq!(Run::terminal(80).run("help daemon status").exit, Exit::Done);
    assert_eq!(Run::terminal(80).run("log -h").stdout, Run::terminal(80).run("help log").stdout);
    assert_eq!(Run::terminal(80).run("log --help").stdout, Run::terminal(80).run("help log").stdout);
}

#[test]
fn completions_are_there_for_every_shell() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let ended = Run::piped().run(&format!("completion {shell}"));
        assert!(ended.exit == Exit::Done && ended.stdout.contains("discover"), "{shell}");
    }
}

#[test]
fn version() {
    assert_eq!(Run::piped().run("--version").stdout, format!("opensession {}\n", env!("CARGO_PKG_VERSION")));
}

/// A reader that went away, as `head` does.
struct Closed;

impl Write for Closed {
    fn write(&mut self, _bytes: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_broken_pipe_is_quiet() {
    let (ended, stderr) = Run::piped().run_into("help search", &mut Closed);
    assert_eq!((ended, stderr.as_str()), (Exit::Done, ""));
}

#[test]
fn what_is_taller_than_the_screen_is_paged_with_its_talk() {
    let folder = tempfile::tempdir().unwrap();
    let paged = folder.path().join("paged");
    let terminal =
        |height| Run::terminal(80).height(height).variable("OPENSESSION_PAGER", &format!("cat > {}", paged.display()));
    let answers =
        |run: Run| run.answer("agent/list", serde_json::json!([])).answer("index/status", super::harness::ready());

    let (exit, stderr) = answers(terminal(10)).run_into("help log", &mut Closed);
    assert_eq!((exit, stderr.as_str()), (Exit::Done, ""));
    assert!(std::fs::read_to_string(&paged).unwrap().starts_with("List sessions, newest first"));

    std::fs::remove_file(&paged).unwrap();
    assert!(answers(terminal(200)).run("help log").stdout.starts_with("List sessions"));
    assert!(answers(terminal(10)).run("help log --no-pager").stdout.starts_with("List sessions"));
    assert!(
        answers(terminal(10).variable("OPENSESSION_PAGER", "cat")).run("help log").stdout.starts_with("List sessions")
    );
    assert!(!paged.exists());
}
