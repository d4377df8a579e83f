"""Commands that run a test, a lint, a build or a type check, and what they print when they fail."""

import re

CHECK = re.compile(
    r"(?:^|[\s;&|(])(?:"
    r"go (?:test|vet|build)\b|golangci-lint|cargo (?:\+\S+ )?(?:test|nextest|clippy|check|build)\b|pytest\b|tox\b|"
    r"python3? -m (?:pytest|unittest)|mypy\b|ruff check|flake8|pylint|pyright|"
    r"(?:npm|pnpm|yarn|bun)(?: run)? (?:test|lint|build|typecheck|type-check|check)\b|npm t\b|jest\b|vitest\b|mocha\b|"
    r"eslint\b|tsc\b|biome (?:check|lint)|mise run (?:test|lint|build|check)[\w:-]*|make (?:test|check|lint|build|all)\b|"
    r"just (?:test|check|lint|build)\b|(?:\./)?gradlew? (?:\S+ )*(?:test|check|build)\b|mvn (?:\S+ )*(?:test|verify|package|compile)\b|"
    r"ctest\b|cmake --build|rspec\b|rubocop\b|phpunit\b|phpstan\b|dotnet (?:test|build)\b|swift (?:test|build)\b|"
    r"xcodebuild\b|deno (?:test|lint|check)\b|node --test|shellcheck\b|pre-commit run|(?:\./|(?:ba)?sh )(?:\S*/)?(?:run-)?(?:tests?|lint|check)\b[\w.-]*\.sh\b)")
FAILED_OUTPUT = re.compile(
    r"^(?:FAIL\b|Traceback \(most recent call last\)|--- FAIL|\s+--- FAIL|test result: FAILED|error: could not compile|error\[E\d+|=+ .*\b[1-9]\d* failed|"
    r"FAILED \(|npm (?:ERR!|error\b)|BUILD FAILED|\[[\w:-]+\] ERROR task failed|make(?:\[\d+\])?: \*\*\*|exit status [1-9]|"
    r"Tests:\s+[1-9]\d* failed|Found [1-9]\d* errors?\b|[1-9]\d* issues:|\S+:\d+:\d+: error: )", re.M)

PASSED_OUTPUT = re.compile(r"^(?:ok\s|PASS\b|test result: ok|=+ .*\b\d+ passed|OK\b|Tests:\s+\d+ passed|Passed!)", re.M)


def without_quotes(command):
    """A command line without here-documents and quoted text: what is only talked about there is not run."""
    command = re.sub(r"<<-?\s*(['\"]?)(\w+)\1.*?^\s*\2\s*$", " ", command, flags=re.S | re.M)
    command = re.sub(r"'[^']*'", "''", command)
    return re.sub(r'"(?:[^"\\]|\\.)*"', '""', command)


def is_check(command):
    return bool(CHECK.search(without_quotes(command)))


def is_masked(command):
    """Whether the exit code need not be the check's."""
    plain = re.sub(r"\d?>&\d|&>", "", without_quotes(command))
    found = list(CHECK.finditer(plain))
    if "pipefail" in plain or not found:
        return False
    return bool(re.search(r"\||;|\n", plain[found[-1].start() + 1:].rstrip("; \n")))


def told_by_output(command):
    """How a check ended of which the agent keeps no code, where what it printed tells."""
    # Who wrote into a pipe that was closed ends by 141: it was what came after that had enough.
    closed = command["exit"] == 141 and "|" in without_quotes(command["command"])
    if closed and not is_check(command["command"]):
        return "ok"
    if not closed and (command["status"] is not None or not is_check(command["command"])):
        return command["status"]
    return "failed" if FAILED_OUTPUT.search(command["output"]) else \
        "ok" if PASSED_OUTPUT.search(command["output"]) else None
