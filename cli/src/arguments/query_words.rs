//! `search` takes its query unquoted: where flags end and words begin.
//!
//! Once the first word of the query is there, only the long names of flags that `search` knows are flags; everything
//! else that begins with `-` is a word: `opensession search git commit --no-verify -m --limit 5`. After `--` all is
//! words.

use std::ffi::{OsStr, OsString};

/// The long flags of `search`, and whether they take a value. A test holds them equal to what is declared.
pub(crate) const LONG_FLAGS: &[(&str, bool)] = &[
    ("limit", true),
    ("hits", true),
    ("all", false),
    ("all-repos", false),
    ("save", true),
    ("saved", true),
    ("unsave", true),
    ("history", false),
    ("forget-history", false),
    ("facets", false),
    ("json", false),
    ("color", true),
    ("ascii", false),
    ("absolute", false),
    ("no-pager", false),
    ("help", false),
];

/// Short flags that take a value.
const SHORT_WITH_VALUE: &str = "n";

/// The command line with the flags of `search` before `--` and the words of the query behind it. Other commands' lines
/// stay as they are.
pub(crate) fn separate(arguments: Vec<OsString>) -> Vec<OsString> {
    let Some(command) = command_position(&arguments).filter(|&at| arguments[at] == "search") else {
        return arguments;
    };
    let mut arguments = arguments.into_iter();
    let mut line: Vec<OsString> = arguments.by_ref().take(command + 1).collect();
    let mut words = Vec::new();
    while let Some(argument) = arguments.next() {
        if argument == "--" {
            words.extend(arguments.by_ref());
            break;
        }
        let takes_value = match flag(&argument) {
            Some(Flag::Long { known: None } | Flag::Short { .. }) if !words.is_empty() => {
                words.push(argument);
                continue;
            }
            // Unknown, and no query yet: a slip that is told.
            Some(Flag::Long { known: None }) => false,
            Some(Flag::Long { known: Some(takes_value) } | Flag::Short { takes_value }) => takes_value,
            None => {
                words.push(argument);
                continue;
            }
        };
        line.push(argument);
        if takes_value {
            line.extend(arguments.next());
        }
    }
    if !words.is_empty() {
        line.push("--".into());
        line.append(&mut words);
    }
    line
}

/// The query that the words make. A word that holds white space was quoted in the shell: unless it is a query by
/// itself it is a phrase.
pub(crate) fn query(words: &[String]) -> String {
    let units: Vec<String> = words
        .iter()
        .map(|word| {
            if word.trim().contains(char::is_whitespace) && is_plain(word) {
                format!("\"{}\"", word.trim())
            } else {
                word.clone()
            }
        })
        .collect();
    units.join(" ")
}

/// Whether a text has nothing of the query language in it.
fn is_plain(text: &str) -> bool {
    text.split_whitespace().all(|word| {
        let is_operator = matches!(word, "OR" | "AND" | "NOT" | "|");
        let has_sign = word.contains(['"', ':', '*', '(', ')']) || word.starts_with(['-', '+', '/']);
        !is_operator && !has_sign
    })
}

enum Flag {
    /// `known` tells whether it takes a value from the next argument.
    Long {
        known: Option<bool>,
    },
    Short {
        takes_value: bool,
    },
}

fn flag(argument: &OsStr) -> Option<Flag> {
    let text = argument.to_str()?;
    if let Some(long) = text.strip_prefix("--") {
        let (name, has_value) = long.split_once('=').map_or((long, false), |(name, _)| (name, true));
        let known = LONG_FLAGS.iter().find(|(known, _)| *known == name);
        // A flag without a value does not take one with `=` either.
        let known = known.filter(|(_, takes_value)| *takes_value || !has_value);
        return Some(Flag::Long { known: known.map(|(_, takes_value)| *takes_value && !has_value) });
    }
    let short = text.strip_prefix('-').filter(|short| !short.is_empty())?;
    let takes_value = short.len() == 1 && SHORT_WITH_VALUE.contains(short);
    Some(Flag::Short { takes_value })
}

/// Where the command's name stands.
fn command_position(arguments: &[OsString]) -> Option<usize> {
    let mut at = 1;
    while let Some(argument) = arguments.get(at) {
        match flag(argument) {
            None => return Some(at),
            Some(Flag::Long { known: Some(true) }) => at += 2,
            Some(_) => at += 1,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    fn separated(line: &str) -> String {
        let arguments = line.split(' ').map(OsString::from).collect();
        let separated = separate(arguments);
        separated.iter().map(|argument| argument.to_str().unwrap()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn unknown_flags_are_words_once_the_query_began() {
        for (typed, meant) in [
            ("os search git commit --no-verify", "os search -- git commit --no-verify"),
            ("os search rm -rf --limit 5 x", "os search --limit 5 -- rm -rf x"),
            ("os search --json lock --hits=7 -n", "os search --json --hits=7 -- lock -n"),
            ("os search -n 3 lock", "os search -n 3 -- lock"),
            ("os search lock -- --json", "os search -- lock --json"),
            ("os search -- -test auth", "os search -- -test auth"),
            ("os search --nonsense lock", "os search --nonsense -- lock"),
            ("os search - a", "os search -- - a"),
            ("os --color never search a --all", "os --color never search --all -- a"),
            ("os search a --json=yes", "os search -- a --json=yes"),
            ("os log --grep search --all", "os log --grep search --all"),
            ("os search", "os search"),
            ("os search --save slow duration:>1h --all", "os search --save slow --all -- duration:>1h"),
            ("os search --saved", "os search --saved"),
            ("os search --saved --json", "os search --saved --json"),
            ("os search --saved slow is:error -n", "os search --saved slow -- is:error -n"),
        ] {
            assert_eq!(separated(typed), meant);
        }
    }

    #[test]
    fn what_the_shell_quoted_is_a_phrase_unless_it_is_a_query() {
        let query = |words: &[&str]| query(&words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>());
        assert_eq!(query(&["race condition", "agent:codex"]), "\"race condition\" agent:codex");
        assert_eq!(query(&["lock panicked is:error"]), "lock panicked is:error");
        assert_eq!(query(&["\"race condition\" -test"]), "\"race condition\" -test");
        assert_eq!(query(&["token OR jwt"]), "token OR jwt");
        assert_eq!(query(&["git", "commit", "--no-verify"]), "git commit --no-verify");
    }

    #[test]
    fn the_flags_known_here_are_those_declared() {
        let mut cli = crate::arguments::Cli::command();
        cli.build();
        let search = cli.find_subcommand("search").unwrap();
        let mut declared: Vec<(String, bool)> = search
            .get_arguments()
            .filter_map(|argument| Some((argument.get_long()?.to_owned(), argument.get_action().takes_values())))
            .collect();
        declared.sort();
        let mut known: Vec<(String, bool)> =
            LONG_FLAGS.iter().map(|(name, takes_value)| ((*name).to_owned(), *takes_value)).collect();
        known.sort();
        assert_eq!(known, declared);
        let shorts: String = search
            .get_arguments()
            .filter(|argument| argument.get_action().takes_values())
            .filter_map(clap::Arg::get_short)
            .collect();
        assert_eq!(shorts, SHORT_WITH_VALUE);
    }
}
