//! Failures, and what to do about them.

pub(crate) const CANNOT_WRITE: &str = "cannot write the output";
pub(crate) const DAEMON_LOST: &str = "the connection to the daemon broke";
pub(crate) const ANSWER_UNREADABLE: &str = "the daemon's answer is not understood";
pub(crate) const NO_DIRECTORY: &str = "the current directory cannot be told, so this path must be absolute";
pub(crate) const HINT_LOGS: &str = "its log: opensession daemon logs";
pub(crate) const HINT_RESTART: &str = "perhaps it is of another version: opensession daemon restart";
pub(crate) const HINT_STATUS: &str = "see how it is: opensession daemon status";
pub(crate) const HINT_START: &str = "start it: opensession daemon start";
pub(crate) const HINT_LOG_LISTS: &str = "opensession log lists them";
pub(crate) const HINT_MORE_DIGITS: &str = "type more of the id";
pub(crate) const HINT_SYNTAX: &str = "the language of queries: opensession help search";
pub(crate) const HINT_REBUILD: &str = "build it anew: opensession index --rebuild";
pub(crate) const HINT_DISCOVER: &str = "see what is found on this machine: opensession discover";
pub(crate) const HINT_DISCOVER_ALL: &str = "where it was looked: opensession discover --all";
pub(crate) const HINT_DASHES: &str = "a query that begins with - goes after --: opensession search -- -word";

pub(crate) const HINT_FORMATS: &str = "one of oneline, short, full, or a text with placeholders: '%h %s'";
pub(crate) const HINT_PLACEHOLDERS: &str = "they are listed: opensession log --help; a percent sign is %%";

pub(crate) fn no_placeholder(placeholder: &str) -> String {
    format!("no placeholder {placeholder}")
}

pub(crate) fn no_such_command(name: &str) -> String {
    format!("no command {name}")
}

pub(crate) fn did_you_mean_word(word: &str) -> String {
    format!("did you mean {word}?")
}

pub(crate) fn help_of(command: &str) -> String {
    format!("{command} --help")
}

pub(crate) fn unknown_flag(flag: &str) -> String {
    format!("no flag {flag}")
}

pub(crate) fn unexpected(word: &str) -> String {
    format!("{word} is one word too many")
}

pub(crate) fn bad_flag_value(value: &str, flag: &str) -> String {
    if value.is_empty() { format!("{flag} lacks its value") } else { format!("{flag} does not take {value}") }
}

pub(crate) fn possible_values(values: &str) -> String {
    format!("one of {values}")
}

pub(crate) fn missing_argument(argument: &str) -> String {
    format!("{argument} is missing")
}

pub(crate) fn conflict(one: &str, other: &str) -> String {
    format!("{one} and {other} exclude each other")
}
