//! What the output of a check says: whether it failed, and the names of what failed.

/// Bytes of an output that are looked at: a third from its beginning, the rest from its end.
const MAX_BYTES: usize = 384 * 1024;
/// Names of failing tests that are kept.
const MAX_NAMES: usize = 100;
/// The longest name, in bytes.
const MAX_NAME_BYTES: usize = 200;

/// What an output says by itself, without the exit code.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Reading {
    /// A tool says that something failed.
    pub(crate) failed: bool,
    /// A tool says that all is well.
    pub(crate) passed: bool,
    /// What failed, in the order told.
    pub(crate) failing: Vec<String>,
}

/// Reads the output of a check.
pub(crate) fn read(text: &str) -> Reading {
    let mut reading = Reading::default();
    if text.len() <= MAX_BYTES {
        reading.lines(text);
    } else {
        reading.lines(&text[..text.floor_char_boundary(MAX_BYTES / 3)]);
        reading.lines(&text[text.ceil_char_boundary(text.len() - MAX_BYTES / 3 * 2)..]);
    }
    reading
}

impl Reading {
    fn lines(&mut self, text: &str) {
        // Cargo lists the failed tests once more, alone on a line each.
        for line in text.lines() {
            if line.len() > 4096 {
                continue;
            }
            if line.contains('\u{1b}') {
                self.line(super::quote::clean(line).trim_end());
            } else {
                self.line(line.trim_end());
            }
        }
    }

    fn line(&mut self, line: &str) {
        let trimmed = line.trim_start();
        if trimmed.is_empty() {
            return;
        }
        if let Some(name) = failing_name(trimmed, line) {
            self.failed = true;
            let name = name.trim();
            let is_new = !name.is_empty()
                && name.len() <= MAX_NAME_BYTES
                && self.failing.len() < MAX_NAMES
                && !self.failing.iter().any(|known| known == name);
            if is_new {
                self.failing.push(name.to_owned());
            }
            return;
        }
        if says_failed(trimmed) {
            self.failed = true;
        } else if says_passed(trimmed) {
            self.passed = true;
        }
    }
}

/// The name of a failing test that a line tells.
fn failing_name<'a>(line: &'a str, whole: &'a str) -> Option<&'a str> {
    let first = |text: &'a str| text.split_whitespace().next();
    // Go: `--- FAIL: TestX (0.00s)`
    if let Some(rest) = line.strip_prefix("--- FAIL: ") {
        return first(rest);
    }
    // Rust: `test a::b ... FAILED`
    if let Some(name) = line.strip_prefix("test ").and_then(|rest| rest.strip_suffix(" ... FAILED")) {
        return Some(name.trim_end_matches(" - should panic"));
    }
    // nextest: `FAIL [   0.004s] crate::binary a::b`, with a counter in newer versions
    if let Some(rest) = line.strip_prefix("FAIL [").or_else(|| line.strip_prefix("TIMEOUT [")) {
        let rest = rest.split_once(']')?.1.trim();
        let rest = if rest.starts_with('(') { rest.split_once(')')?.1.trim() } else { rest };
        return rest.rsplit(' ').next();
    }
    // pytest: `FAILED tests/a.py::test_b - AssertionError`, `ERROR tests/a.py::test_b`
    for mark in ["FAILED ", "ERROR "] {
        if let Some(rest) = line.strip_prefix(mark)
            && rest.contains(".py")
            && !rest.starts_with('(')
        {
            return rest.split(" - ").next();
        }
    }
    // unittest: `FAIL: test_b (module.Class)`, Go's own is above
    for mark in ["FAIL: ", "ERROR: "] {
        if let Some(rest) = line.strip_prefix(mark)
            && (rest.starts_with("test") && rest.contains('('))
        {
            return rest.split(" (").next();
        }
    }
    // Jest, Vitest, Mocha, Bun: `✕ name (5 ms)`, `● suite › name`, `(fail) name`
    for mark in ["✕ ", "(fail) "] {
        if let Some(rest) = line.strip_prefix(mark) {
            return Some(without_time(rest));
        }
    }
    if let Some(rest) = line.strip_prefix("● ")
        && rest.contains(" › ")
    {
        return Some(rest);
    }
    // Vitest: `FAIL  src/a.test.ts > suite > name`; Jest: `FAIL src/a.test.ts`
    if let Some(rest) = line.strip_prefix("FAIL ")
        && (rest.contains(" > ") || is_test_file(first(rest)?))
    {
        return Some(without_time(rest));
    }
    // TAP: `not ok 1 - name`
    if let Some(rest) = line.strip_prefix("not ok ") {
        return Some(rest.split_once(" - ").map_or(rest, |(_, name)| name));
    }
    // GoogleTest: `[  FAILED  ] Suite.Name (1 ms)`
    if let Some(rest) = line.strip_prefix("[  FAILED  ] ")
        && rest.contains('.')
    {
        return first(rest).map(|name| name.trim_end_matches(','));
    }
    // CTest: `1 - name (Failed)`
    if let Some(rest) = line.strip_suffix(" (Failed)").or_else(|| line.strip_suffix(" (Timeout)")) {
        return rest.split_once(" - ").map(|(_, name)| name);
    }
    // RSpec: `rspec ./spec/a_spec.rb:12 # description`
    if let Some(rest) = line.strip_prefix("rspec ./") {
        return first(rest);
    }
    // Gradle: `SomeTest > name() FAILED`
    if line.ends_with(" FAILED")
        && let Some((suite, _)) = line.split_once(" > ")
        && !suite.contains(' ')
    {
        return line.strip_suffix(" FAILED");
    }
    // Maven: `[ERROR]   SomeTest.name:12 message`; .NET: `  Failed Space.Name [5 ms]`
    if let Some(rest) = line.strip_prefix("[ERROR] ")
        && let Some(name) = first(rest)
        && let Some((name, number)) = name.rsplit_once(':')
        && name.contains("Test")
        && name.contains('.')
        && number.bytes().all(|byte| byte.is_ascii_digit())
    {
        return Some(name);
    }
    if whole.starts_with(' ')
        && let Some(rest) = line.strip_prefix("Failed ")
        && rest.ends_with(']')
        && let Some((name, _)) = rest.rsplit_once(" [")
    {
        return Some(name);
    }
    // XCTest: `Test Case '-[Suite name]' failed (0.1 seconds).`; Swift Testing: `✘ Test name() failed after`
    if let Some(rest) = line.strip_prefix("Test Case '")
        && let Some((name, rest)) = rest.split_once('\'')
        && rest.starts_with(" failed")
    {
        return Some(name);
    }
    if let Some(rest) = line.strip_prefix("✘ Test ")
        && let Some((name, _)) = rest.split_once(" failed after")
    {
        return Some(name);
    }
    None
}

fn is_test_file(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    (name.contains("test") || name.contains("spec"))
        && [".ts", ".tsx", ".js", ".jsx", ".mjs", ".cjs", ".mts"].iter().any(|end| name.ends_with(end))
}

fn without_time(name: &str) -> &str {
    match name.rsplit_once(" (") {
        Some((name, time)) if time.ends_with("s)") => name,
        _ => match name.rsplit_once(" [") {
            Some((name, time)) if time.ends_with("ms]") => name,
            _ => name,
        },
    }
}

/// Lines by which tools say that something failed. Each is a form that a tool prints for that and nothing else.
fn says_failed(line: &str) -> bool {
    const STARTS: [&str; 34] = [
        "FAIL\t",
        "--- FAIL",
        "test result: FAILED",
        "error: could not compile",
        "error: aborting due to",
        "error[E",
        "error: test failed",
        "error: process didn't exit successfully",
        "FAILED (",
        "npm ERR!",
        "npm error",
        " ELIFECYCLE",
        "ELIFECYCLE",
        "ERR_PNPM",
        "BUILD FAILED",
        "BUILD FAILURE",
        "[ERROR] BUILD FAILURE",
        "[INFO] BUILD FAILURE",
        "FAILURE: Build failed",
        "FAILURES!",
        "ERRORS!",
        "Build FAILED",
        "** TEST FAILED **",
        "** BUILD FAILED **",
        "Failed!  - Failed:",
        "The following tests FAILED",
        "ninja: build stopped",
        "FAILED: ",
        "Traceback (most recent call last)",
        "panic: ",
        "exit status ",
        "Error: Process completed with exit code",
        "rake aborted!",
        "error TS",
    ];
    if line == "FAIL" || STARTS.iter().any(|start| line.starts_with(start)) {
        return true;
    }
    if line.starts_with("make: *** ") || line.starts_with("make[") && line.contains("]: *** ") {
        return true;
    }
    if line.contains(" ERROR task failed") || line.contains(": error TS") || line.contains(": error CS") {
        return true;
    }
    // `a.c:1:2: error: …`
    if line.contains(": error: ") || line.contains(": fatal error: ") {
        return true;
    }
    // pytest's and Jest's last lines, RSpec, mypy, ESLint, ruff, golangci-lint
    let counts =
        [" failed", " failures", " failure", " failing", " errors", " error", " issues", " problems", " offenses"];
    is_summary(line) && counts.iter().any(|count| is_positive(line, count))
}

/// Lines by which tools say that all is well.
fn says_passed(line: &str) -> bool {
    const STARTS: [&str; 14] = [
        "ok  \t",
        "test result: ok",
        "All checks passed",
        "BUILD SUCCESSFUL",
        "[INFO] BUILD SUCCESS",
        "Build succeeded",
        "OK (",
        "** TEST SUCCEEDED **",
        "** BUILD SUCCEEDED **",
        "Passed!  - Failed:",
        "100% tests passed",
        "0 issues.",
        "Success: no issues found",
        "PASS",
    ];
    line == "OK"
        || STARTS.iter().any(|start| line.starts_with(start))
        || is_summary(line) && [" passed", " passing"].iter().any(|count| is_positive(line, count))
}

/// Lines that sum up a run with counts; others that hold such words are talk.
fn is_summary(line: &str) -> bool {
    let bare = line.trim_matches(|c: char| c == '=' || c == ' ' || c == '✖' || c == '*' || c == ':' || c == '-');
    ["Tests:", "Test Suites:", "Tests ", "Test Files", "Found ", "Executed ", "Summary ["]
        .iter()
        .any(|start| bare.starts_with(start))
        || bare.starts_with(|c: char| c.is_ascii_digit())
            && bare.len() <= 200
            && bare
                .trim_start_matches(|c: char| c.is_ascii_digit())
                .trim_start()
                .starts_with(|c: char| c.is_ascii_lowercase())
}

/// Whether a number other than zero stands before `word`.
fn is_positive(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let ends = line[at + word.len()..].chars().next().is_none_or(|next| !next.is_alphanumeric());
        let digits: String = line[..at].chars().rev().take_while(char::is_ascii_digit).collect();
        ends && !digits.is_empty() && digits.bytes().any(|digit| digit != b'0')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failing_tests_are_named() {
        for (text, name) in [
            ("--- FAIL: TestLock (0.01s)", "TestLock"),
            ("    --- FAIL: TestLock/sub_case (0.01s)", "TestLock/sub_case"),
            ("test lock::tests::twice ... FAILED", "lock::tests::twice"),
            ("        FAIL [   0.004s] (3/9) app::it lock::twice", "lock::twice"),
            ("FAILED tests/test_a.py::test_b[x] - AssertionError: x", "tests/test_a.py::test_b[x]"),
            ("FAIL: test_b (tests.test_a.Case)", "test_b"),
            ("  ✕ locks twice (5 ms)", "locks twice"),
            ("  ● Lock › locks twice", "Lock › locks twice"),
            (" FAIL  src/lock.test.ts > Lock > twice", "src/lock.test.ts > Lock > twice"),
            ("not ok 3 - locks twice", "locks twice"),
            ("[  FAILED  ] Lock.Twice (1 ms)", "Lock.Twice"),
            ("\t  3 - lock_twice (Failed)", "lock_twice"),
            ("rspec ./spec/lock_spec.rb:12 # Lock twice", "spec/lock_spec.rb:12"),
            ("LockTest > twice() FAILED", "LockTest > twice()"),
            ("[ERROR]   LockTest.twice:12 expected", "LockTest.twice"),
            ("  Failed App.LockTests.Twice [5 ms]", "App.LockTests.Twice"),
            ("Test Case '-[LockTests testTwice]' failed (0.1 seconds).", "-[LockTests testTwice]"),
        ] {
            let reading = read(text);
            assert_eq!(reading.failing, [name], "{text}");
            assert!(reading.failed, "{text}");
        }
    }

    #[test]
    fn summaries_are_understood() {
        for (text, failed, passed) in [
            ("ok  \tgithub.com/a/b\t0.2s", false, true),
            ("FAIL\tgithub.com/a/b\t0.2s", true, false),
            ("test result: ok. 3 passed; 0 failed; 0 ignored", false, true),
            ("===== 1 failed, 2 passed in 0.1s =====", true, false),
            ("===== 3 passed in 0.1s =====", false, true),
            ("Tests:       1 failed, 2 passed, 3 total", true, false),
            ("Found 3 errors in 1 file (checked 9 source files)", true, false),
            ("0 issues.", false, true),
            ("3 issues:", true, false),
            ("3 examples, 0 failures", false, false),
            ("[lint] ERROR task failed", true, false),
            ("a.c:1:2: error: expected ';'", true, false),
            ("I fixed 3 errors in it", false, false),
            ("make: *** [test] Error 2", true, false),
        ] {
            let reading = read(text);
            assert_eq!((reading.failed, reading.passed), (failed, passed), "{text}");
        }
    }
}
