//! Which commands are checks: tests, lints, builds, type checks, of the usual tools of each language.

use super::shell::program;
use crate::handoff::document::CheckKind;

/// Wrappers that may stand one inside the other.
const MAX_WRAPPERS: usize = 6;

/// What a simple command checks; `None` when it checks nothing.
pub(crate) fn kind_of(words: &[String]) -> Option<CheckKind> {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let words = unwrapped(&words);
    let (first, rest) = words.split_first()?;
    if rest.iter().any(|word| matches!(*word, "--help" | "-h" | "--version" | "--list" | "-V")) {
        return None;
    }
    let name = program(first);
    let name = name.strip_suffix(".exe").or_else(|| name.strip_suffix(".cmd")).unwrap_or(name);
    let verb = subcommand(name, rest);
    by_tool(name, verb, rest).or_else(|| by_script_path(first, name, rest))
}

use CheckKind::{Build, Lint, Test, Types};

fn by_tool(name: &str, verb: &str, rest: &[&str]) -> Option<CheckKind> {
    let has = |word: &str| rest.contains(&word);
    Some(match name {
        // Rust
        "cargo" => match verb {
            "test" | "t" | "nextest" | "miri" | "llvm-cov" | "tarpaulin" | "insta" => Test,
            "clippy" | "deny" | "audit" | "machete" => Lint,
            "fmt" if has("--check") => Lint,
            "check" | "c" => Types,
            "build" | "b" | "doc" | "rustc" => Build,
            _ => return None,
        },
        "rustfmt" if has("--check") => Lint,
        "rustc" => Build,
        // Go
        "go" => match verb {
            "test" => Test,
            "vet" => Lint,
            "build" | "install" => Build,
            _ => return None,
        },
        "golangci-lint" | "staticcheck" | "revive" | "golint" | "errcheck" | "govulncheck" => Lint,
        "gofmt" | "goimports" | "gofumpt" if has("-l") || has("-d") => Lint,
        "gotestsum" | "ginkgo" => Test,
        // Python
        "pytest" | "py.test" | "tox" | "nox" | "unittest" | "nosetests" | "trial" | "stestr" | "behave" | "doctest" => {
            Test
        }
        "mypy" | "pyright" | "basedpyright" | "pyre" | "pytype" | "ty" | "pyrefly" | "dmypy" => Types,
        "ruff" => match verb {
            "format" if !has("--check") && !has("--diff") => return None,
            _ => Lint,
        },
        "flake8" | "pylint" | "pycodestyle" | "pydocstyle" | "bandit" | "vulture" | "pyflakes" => Lint,
        "black" | "isort" | "autopep8" | "yapf"
            if has("--check") || has("--check-only") || has("--diff") || has("-c") =>
        {
            Lint
        }
        "py_compile" | "compileall" => Build,
        "maturin" | "flit" if matches!(verb, "build" | "develop") => Build,
        "poetry" | "uv" | "hatch" | "pdm" if verb == "build" => Build,
        "hatch" if verb == "test" => Test,
        "manage.py" if verb == "test" => Test,
        "manage.py" if verb == "check" => Lint,
        "setup.py" if matches!(verb, "test" | "build") => {
            if verb == "test" {
                Test
            } else {
                Build
            }
        }
        // JavaScript and TypeScript
        "npm" | "pnpm" | "yarn" | "bun" | "cnpm" => match verb {
            "test" | "t" | "tst" => Test,
            "build" if name != "npm" => Build,
            "run" | "run-script" => script_kind(after(rest, verb)?)?,
            "" | "install" | "i" | "add" | "remove" | "ci" | "exec" | "x" | "dlx" | "init" | "create" | "publish"
            | "link" => {
                return None;
            }
            script if name != "npm" => script_kind(script)?,
            _ => return None,
        },
        "jest" | "vitest" | "mocha" | "ava" | "karma" | "jasmine" | "tap" | "cypress" | "uvu" | "c8" | "nyc"
        | "wtr" => Test,
        "playwright" if verb == "test" => Test,
        "node" | "tsx" | "ts-node" if has("--test") => Test,
        "node" if has("--check") || has("-c") => Types,
        "eslint" | "stylelint" | "oxlint" | "xo" | "standard" | "tslint" | "knip" | "markdownlint"
        | "markdownlint-cli2" => Lint,
        "biome" | "rome" if matches!(verb, "check" | "lint" | "ci") => Lint,
        "prettier" if has("--check") || has("-c") || has("-l") || has("--list-different") => Lint,
        "tsc" | "vue-tsc" | "svelte-check" | "flow" | "tsgo" | "attw" => Types,
        "vite" | "next" | "nuxt" | "astro" | "remix" | "ng" | "expo" if verb == "build" => Build,
        "next" | "ng" if verb == "lint" => Lint,
        "ng" if matches!(verb, "test" | "e2e") => Test,
        "webpack" | "rollup" | "esbuild" | "tsup" | "parcel" | "tsdown" | "swc" => Build,
        "turbo" | "nx" | "lerna" | "wireit" | "rush" | "moon" => {
            let words = rest.iter().copied().filter(|word| !word.starts_with('-') && *word != "run");
            words.into_iter().find_map(script_kind)?
        }
        "deno" => match verb {
            "test" => Test,
            "lint" => Lint,
            "fmt" if has("--check") => Lint,
            "check" => Types,
            "compile" => Build,
            "task" => script_kind(after(rest, verb)?)?,
            _ => return None,
        },
        // Runners of named tasks
        "make" | "gmake" | "just" | "task" | "rake" | "mage" | "invoke" | "inv" | "doit" | "poe" | "nox-session"
        | "earthly" | "ninja" | "samu" | "grunt" | "gulp" | "xtask" => {
            let targets: Vec<&str> =
                rest.iter().copied().filter(|word| !word.starts_with('-') && !word.contains('=')).collect();
            match targets.iter().find_map(|target| script_kind(target)) {
                Some(kind) => kind,
                None if matches!(name, "make" | "gmake" | "ninja" | "samu") && targets.is_empty() => Build,
                None => return None,
            }
        }
        "mise" | "rtx" | "hatch" | "pdm" | "composer" | "pixi" | "melos" | "lefthook" => match verb {
            "run" | "r" | "run-script" => script_kind(after(rest, verb)?)?,
            "validate" if name == "composer" => Lint,
            "install" | "require" | "update" | "add" | "use" | "" => return None,
            script => script_kind(script)?,
        },
        "bazel" | "bazelisk" | "buck2" | "buck" | "pants" | "please" => match verb {
            "test" | "coverage" => Test,
            "build" | "compile" => Build,
            "lint" | "check" => Lint,
            _ => return None,
        },
        "pre-commit" | "prek" if verb == "run" => Lint,
        // Java, Kotlin, Scala
        "gradle" | "gradlew" => {
            let tasks = rest.iter().copied().filter(|word| !word.starts_with('-'));
            tasks
                .filter_map(|task| jvm_task(task.rsplit(':').next().unwrap_or(task)))
                .max_by_key(|kind| weight(*kind))?
        }
        "mvn" | "mvnw" | "mvnd" => {
            let goals = rest.iter().copied().filter(|word| !word.starts_with('-'));
            goals
                .filter_map(|goal| match goal {
                    "test" | "verify" | "integration-test" | "surefire:test" | "install" => Some(Test),
                    "compile" | "package" | "test-compile" => Some(Build),
                    _ if goal.contains("checkstyle")
                        || goal.contains("spotbugs")
                        || goal.contains("spotless:check") =>
                    {
                        Some(Lint)
                    }
                    _ => None,
                })
                .max_by_key(|kind| weight(*kind))?
        }
        "sbt" | "ant" | "lein" | "mill" | "clj" | "clojure" => {
            rest.iter().filter_map(|word| script_kind(word)).max_by_key(|kind| weight(*kind))?
        }
        "javac" | "kotlinc" | "scalac" => Build,
        "ktlint" | "detekt" | "checkstyle" | "pmd" | "spotbugs" | "scalafix" => Lint,
        // C and C++
        "ctest" => Test,
        "cmake" if has("--build") => {
            let target =
                rest.iter().position(|word| matches!(*word, "--target" | "-t")).and_then(|at| rest.get(at + 1));
            target.and_then(|target| script_kind(target)).unwrap_or(Build)
        }
        "meson" => match verb {
            "test" => Test,
            "compile" => Build,
            _ => return None,
        },
        "gcc" | "g++" | "cc" | "c++" | "clang" | "clang++" | "cl" | "nvcc" | "emcc" => {
            if has("-fsyntax-only") {
                Types
            } else {
                Build
            }
        }
        "clang-tidy" | "cppcheck" | "cpplint" | "include-what-you-use" => Lint,
        "clang-format" if has("--dry-run") || has("-n") => Lint,
        // Ruby
        "rspec" | "minitest" | "cucumber" => Test,
        "rubocop" | "standardrb" | "reek" | "brakeman" | "erblint" => Lint,
        "srb" | "steep" | "sorbet" => Types,
        "rails" if matches!(verb, "test" | "spec" | "test:system") => Test,
        "ruby" if rest.iter().any(|word| word.contains("test") && has_extension(word, "rb")) => Test,
        "ruby" if has("-c") => Types,
        // PHP
        "phpunit" | "pest" | "paratest" | "codecept" | "phpspec" | "behat" => Test,
        "phpstan" | "psalm" | "phan" => Types,
        "phpcs" | "pint" | "phpmd" | "ecs" | "rector" if name != "rector" || has("--dry-run") => Lint,
        "php-cs-fixer" if has("--dry-run") || verb == "check" => Lint,
        "php" if has("-l") => Lint,
        "artisan" if verb == "test" => Test,
        // .NET
        "dotnet" => match verb {
            "test" | "vstest" => Test,
            "build" | "publish" | "msbuild" | "pack" => Build,
            "format" if has("--verify-no-changes") => Lint,
            _ => return None,
        },
        "msbuild" | "xbuild" => Build,
        "vstest.console" | "nunit3-console" | "xunit.console" => Test,
        // Swift, Apple
        "swift" => match verb {
            "test" => Test,
            "build" => Build,
            _ => return None,
        },
        "xcodebuild" => {
            if has("test") || has("test-without-building") {
                Test
            } else {
                Build
            }
        }
        "swiftlint" => Lint,
        "swiftformat" | "swift-format" if has("--lint") || verb == "lint" => Lint,
        "swiftc" => {
            if has("-typecheck") {
                Types
            } else {
                Build
            }
        }
        // Others
        "dart" | "flutter" => match verb {
            "test" => Test,
            "analyze" => Lint,
            "build" | "compile" => Build,
            "format" if has("--set-exit-if-changed") => Lint,
            _ => return None,
        },
        "mix" => match verb {
            "test" => Test,
            "credo" => Lint,
            "dialyzer" => Types,
            "compile" => Build,
            "format" if has("--check-formatted") => Lint,
            _ => return None,
        },
        "zig" => match verb {
            "test" => Test,
            "build" => rest.iter().skip(1).find_map(|word| script_kind(word)).unwrap_or(Build),
            "fmt" if has("--check") => Lint,
            _ => return None,
        },
        "stack" | "cabal" | "dune" | "lake" | "rebar3" | "nimble" | "elm" | "forge" | "hardhat" | "anchor" => {
            match verb {
                "test" | "runtest" | "eunit" | "ct" => Test,
                "build" | "compile" | "make" => Build,
                _ => return None,
            }
        }
        "bats" | "shunit2" | "busted" | "elm-test" | "k6" | "hurl" | "schemathesis" | "promptfoo" => Test,
        "shellcheck" | "hadolint" | "actionlint" | "yamllint" | "tflint" | "ansible-lint" | "vale" | "codespell"
        | "typos" | "luacheck" | "selene" | "credo" | "semgrep" | "solhint" | "nixfmt" | "statix" | "deadnix"
        | "vint" | "proselint" => Lint,
        "shfmt" | "stylua" if has("-d") || has("--check") || has("-l") => Lint,
        "terraform" | "tofu" if verb == "validate" || verb == "fmt" && has("-check") => Lint,
        "helm" | "buf" | "sqlfluff" | "spectral" if verb == "lint" => Lint,
        "docker" | "podman" | "buildah" if matches!(verb, "build" | "bud") => Build,
        _ => return None,
    })
}

/// `scripts/test.sh`, `./check`, `python tests/run_tests.py`: a script whose name says what it does.
fn by_script_path(first: &str, name: &str, rest: &[&str]) -> Option<CheckKind> {
    let path = match name {
        "bash" | "sh" | "zsh" | "python" | "python3" | "node" | "ruby" | "php" | "perl" => {
            rest.iter().find(|word| !word.starts_with('-'))?
        }
        _ => first,
    };
    let is_script = path.contains('/') || has_extension(path, "sh");
    let stem = program(path);
    let stem = stem.rsplit_once('.').map_or(stem, |(stem, _)| stem);
    (is_script && stem.len() <= 64).then(|| script_kind(stem)).flatten()
}

fn has_extension(path: &str, extension: &str) -> bool {
    path.rsplit_once('.').is_some_and(|(_, found)| found.eq_ignore_ascii_case(extension))
}

/// What a script or task of that name checks: `test:unit`, `lint-fix`, `type-check`.
fn script_kind(name: &str) -> Option<CheckKind> {
    let name = name.to_ascii_lowercase();
    let mut words = name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let all: Vec<&str> = words.by_ref().collect();
    let any = |names: &[&str]| all.iter().any(|word| names.contains(word));
    if any(&[
        "fix", "watch", "install", "clean", "release", "deploy", "publish", "dev", "serve", "start", "docs", "update",
    ]) {
        return None;
    }
    if any(&["typecheck", "types", "typing", "tsc", "mypy", "pyright"])
        || all.windows(2).any(|pair| pair == ["type", "check"])
    {
        return Some(Types);
    }
    if any(&["lint", "linter", "clippy", "vet", "eslint", "rubocop", "ruff", "style", "phpstan"]) {
        return Some(Lint);
    }
    if all.windows(2).any(|pair| matches!(pair, ["fmt" | "format", "check"] | ["check", "fmt" | "format"])) {
        return Some(Lint);
    }
    if any(&[
        "test",
        "tests",
        "spec",
        "specs",
        "e2e",
        "unit",
        "integration",
        "pytest",
        "jest",
        "vitest",
        "check",
        "ci",
        "verify",
        "coverage",
        "testall",
    ]) {
        return Some(Test);
    }
    if any(&["build", "compile", "bundle", "assemble", "all"]) {
        return Some(Build);
    }
    None
}

fn jvm_task(task: &str) -> Option<CheckKind> {
    let lower = task.to_ascii_lowercase();
    if lower.contains("lint")
        || lower.contains("detekt")
        || lower.contains("checkstyle")
        || lower.ends_with("spotlesscheck")
    {
        return Some(Lint);
    }
    if lower.ends_with("test") || lower.ends_with("tests") || lower == "check" || lower.contains("unittest") {
        return Some(Test);
    }
    (lower.starts_with("compile")
        || lower.contains("build")
        || lower.starts_with("assemble")
        || lower.ends_with("classes"))
    .then_some(Build)
}

/// Of several kinds in one command the one that tells most.
pub(crate) fn weight(kind: CheckKind) -> u8 {
    match kind {
        Test => 3,
        Types => 2,
        Lint => 1,
        Build => 0,
    }
}

/// The first word that is no flag and no flag's value.
fn subcommand<'a>(name: &str, rest: &[&'a str]) -> &'a str {
    let takes_value = |flag: &str| {
        matches!(
            flag,
            "--prefix"
                | "--filter"
                | "-F"
                | "--cwd"
                | "-C"
                | "--dir"
                | "--workspace"
                | "-w"
                | "--manifest-path"
                | "--color"
                | "--config"
                | "-f"
        ) && name != "cargo"
    };
    let mut words = rest.iter();
    while let Some(word) = words.next() {
        if word.starts_with('+') && name == "cargo" {
            continue;
        }
        if !word.starts_with('-') {
            return word;
        }
        if takes_value(word) {
            words.next();
        }
    }
    ""
}

/// The first word after `verb` that is no flag.
fn after<'a>(rest: &[&'a str], verb: &str) -> Option<&'a str> {
    let at = rest.iter().position(|word| *word == verb)?;
    rest[at + 1..].iter().copied().find(|word| !word.starts_with('-'))
}

/// What is left when the programs that only run another one are taken off.
fn unwrapped<'a, 'w>(words: &'a [&'w str]) -> &'a [&'w str] {
    let mut words = words;
    for _ in 0..MAX_WRAPPERS {
        let Some((first, rest)) = words.split_first() else { break };
        let second = rest.first().copied().unwrap_or_default();
        let skip = match program(first) {
            "sudo" | "env" | "time" | "nohup" | "command" | "exec" | "xvfb-run" | "caffeinate" | "unbuffer"
            | "builtin" | "doas" | "rtk" | "chronic" => 1 + flags(rest),
            "nice" | "ionice" | "stdbuf" | "timeout" | "gtimeout" | "taskset" | "chrt" => {
                let mut skip = 1;
                while let Some(word) = words.get(skip) {
                    let is_value = word.starts_with(|c: char| c.is_ascii_digit());
                    if !word.starts_with('-') && !is_value {
                        break;
                    }
                    skip += 1;
                }
                skip
            }
            "uv" | "poetry" | "pipenv" | "pdm" | "hatch" | "rye" | "conda" | "micromamba" | "pixi"
                if second == "run" =>
            {
                2 + flags(&rest[1..])
            }
            "bundle" | "direnv" | "opam" | "devbox" | "asdf" | "volta" if matches!(second, "exec" | "run") => {
                2 + flags(&rest[1..])
            }
            "npx" | "bunx" | "pnpx" | "uvx" | "pipx" => 1 + flags(rest),
            "pnpm" | "yarn" | "npm" | "bun" if matches!(second, "exec" | "dlx" | "x") => 2 + flags(&rest[1..]),
            "mise" | "rtx" if matches!(second, "exec" | "x") => {
                let dashes = rest.iter().position(|word| *word == "--");
                dashes.map_or(2, |at| at + 2)
            }
            "docker" | "podman" if second == "compose" && rest.len() > 2 && matches!(rest[1], "exec" | "run") => {
                let skip = 3 + flags(&rest[2..]);
                (skip + 1).min(words.len())
            }
            "docker" | "podman" if second == "exec" => {
                let skip = 2 + flags(&rest[1..]);
                (skip + 1).min(words.len())
            }
            "python" | "python3" | "py" if rest.contains(&"-m") => {
                let at = rest.iter().position(|word| *word == "-m").unwrap_or(0);
                at + 2
            }
            "python" | "python3" | "py" | "php"
                if second.ends_with("manage.py") || second.ends_with("setup.py") || second == "artisan" =>
            {
                1
            }
            "php" if second.contains("vendor/bin/") => 1,
            "rails" | "bin/rails" if second == "exec" => 2,
            _ => 0,
        };
        if skip == 0 || skip >= words.len() {
            break;
        }
        words = &words[skip..];
    }
    // `env A=b cargo test`
    let assignments = words.iter().take_while(|word| word.contains('=') && !word.starts_with('-')).count();
    if assignments < words.len() { &words[assignments..] } else { words }
}

fn flags(rest: &[&str]) -> usize {
    rest.iter().take_while(|word| word.starts_with('-') || word.contains('=') && !word.contains('/')).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_tools_are_known() {
        let cases: [(&str, Option<CheckKind>); 60] = [
            ("cargo test -p a", Some(Test)),
            ("cargo +nightly clippy --all-targets", Some(Lint)),
            ("cargo nextest run", Some(Test)),
            ("cargo fmt", None),
            ("cargo fmt --check", Some(Lint)),
            ("cargo run", None),
            ("nice -n 5 timeout 600 cargo check", Some(Types)),
            ("go test ./... -run X", Some(Test)),
            ("go build ./...", Some(Build)),
            ("go run .", None),
            ("gofmt -w .", None),
            ("gofmt -l .", Some(Lint)),
            ("golangci-lint run", Some(Lint)),
            ("mise run test:ci", Some(Test)),
            ("mise run fmt", None),
            ("pytest -x", Some(Test)),
            ("python -m pytest tests/a.py", Some(Test)),
            ("uv run pytest", Some(Test)),
            ("uv run --frozen mypy src", Some(Types)),
            ("ruff check .", Some(Lint)),
            ("ruff format .", None),
            ("black --check .", Some(Lint)),
            ("python manage.py test app", Some(Test)),
            ("pip install pytest", None),
            ("npm test", Some(Test)),
            ("npm run lint", Some(Lint)),
            ("npm run build", Some(Build)),
            ("npm run type-check", Some(Types)),
            ("npm run dev", None),
            ("npm install jest", None),
            ("pnpm --filter web test", Some(Test)),
            ("yarn typecheck", Some(Types)),
            ("npx tsc --noEmit", Some(Types)),
            ("npx -y vitest run", Some(Test)),
            ("bun test", Some(Test)),
            ("node --test", Some(Test)),
            ("eslint src", Some(Lint)),
            ("make", Some(Build)),
            ("make -j4 check", Some(Test)),
            ("make install", None),
            ("./gradlew :app:testDebugUnitTest", Some(Test)),
            ("mvn -q -DskipTests package", Some(Build)),
            ("ctest --output-on-failure", Some(Test)),
            ("cmake --build build -j", Some(Build)),
            ("cmake -S . -B build", None),
            ("gcc -o a a.c", Some(Build)),
            ("bundle exec rspec spec/a_spec.rb", Some(Test)),
            ("rubocop -a", Some(Lint)),
            ("vendor/bin/phpunit", Some(Test)),
            ("php artisan test", Some(Test)),
            ("composer run lint", Some(Lint)),
            ("dotnet test --no-build", Some(Test)),
            ("swift build", Some(Build)),
            ("xcodebuild -scheme App test", Some(Test)),
            ("./scripts/run-tests.sh", Some(Test)),
            ("bash scripts/lint.sh", Some(Lint)),
            ("cat src/test.rs", None),
            ("git commit -m test", None),
            ("cargo test --help", None),
            ("docker compose exec web pytest", Some(Test)),
        ];
        for (command, expected) in cases {
            let words: Vec<String> = command.split(' ').map(str::to_owned).collect();
            assert_eq!(kind_of(&words), expected, "{command}");
        }
    }
}
