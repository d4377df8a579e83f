//! The terminal interface.

use opensession_protocol::{ExportFormat, SettingKind, StatsBy};

use crate::format::number;
use crate::tui::{Action, Place, Tab};

pub(crate) const NAME: &str = "OpenSession";
pub(crate) const OFFLINE: &str = "offline, reconnecting";
pub(crate) const CANNOT_DRAW: &str = "cannot use the terminal";
pub(crate) const HINT_CANNOT_DRAW: &str = "the commands work without it: opensession help";
pub(crate) const HELP_TITLE: &str = "keys";
pub(crate) const PALETTE_TITLE: &str = "actions";
pub(crate) const FILTER: &str = "filter";
pub(crate) const NO_ACTION: &str = "No action has this in its name.";
pub(crate) const NOTHING_CHOSEN: &str = "no session is chosen";
pub(crate) const EXPORT_AS: &str = "export as";
pub(crate) const EXPORT_TO: &str = "export to";
pub(crate) const EXPORT_NOTE: &str = "Secrets are taken out. A file that is there is not written over.";
pub(crate) const EXPORTING: &str = "exporting";
pub(crate) const COPY_WHAT: &str = "copy";
pub(crate) const COPY_RESUME: &str = "resume command";
pub(crate) const COPY_EVENT: &str = "text of the event";
pub(crate) const COPY_SESSION: &str = "text of the session";
pub(crate) const LOADING: &str = "loading";
pub(crate) const SPAN_TITLE: &str = "figures of";
pub(crate) const NO_SESSION_OF_PROBLEM: &str = "no session could be read there";
pub(crate) const NOT_SAVED: &str = "not saved";
pub(crate) const DEFAULT: &str = "default";
pub(crate) const ON: &str = "on";
pub(crate) const OFF: &str = "off";
pub(crate) const NOTHING_TO_SAVE: &str = "nothing is changed";
pub(crate) const CHANGES_DROPPED: &str = "changes dropped";
pub(crate) const NOTHING_CITED: &str = "this line cites no event";
pub(crate) const NO_AGENT_BEGINS: &str = "no agent that can begin with a prompt is known";
pub(crate) const RUN_IN: &str = "begin a session of";
pub(crate) const THE_HANDOFF: &str = "the handoff";
pub(crate) const SAVE_TO: &str = "save to";
pub(crate) const SAVE_NOTE: &str = "A file that is there is not written over.";
pub(crate) const NO_HANDOFF: &str = "No handoff.";
pub(crate) const HERE: &str = "here";
pub(crate) const ALL: &str = "all";
pub(crate) const NO_SESSION: &str = "No session yet.";
pub(crate) const NO_REPOSITORY: &str = "no repository";
pub(crate) const TODAY: &str = "Today";
pub(crate) const YESTERDAY: &str = "Yesterday";
pub(crate) const COPY_TOO_LONG: &str = "it is too long for the terminal's clipboard (export it: x)";
pub(crate) const TRY_ALL: &str = "s shows those of all repositories";

/// The name of a tab.
pub(crate) fn tab(tab: Tab) -> &'static str {
    match tab {
        Tab::Sessions => "Sessions",
        Tab::Stats => "Stats",
        Tab::Problems => "Problems",
        Tab::Settings => "Settings",
    }
}

/// Where keys mean something, as a head in the help.
pub(crate) fn place(place: Place) -> &'static str {
    match place {
        Place::Everywhere => "everywhere",
        Place::Chosen => "the chosen session",
        Place::List => "sessions",
        Place::SearchLine => "search line",
        Place::Candidates => "list beneath the search line",
        Place::KeptSearches => "saved and earlier searches",
        Place::Session => "session",
        Place::Stats => "stats",
        Place::Settings => "settings",
        Place::Handoff => "handoff",
        Place::FindLine => "find line",
        Place::Diff => "diff",
    }
}

/// What an action is called, in the foot, in the help and in the palette.
pub(crate) fn action(action: Action) -> &'static str {
    match action {
        Action::Down => "down",
        Action::Up => "up",
        Action::HalfPageDown => "half a page down",
        Action::HalfPageUp => "half a page up",
        Action::First => "first",
        Action::Last => "last",
        Action::Open => "open",
        Action::Back => "back",
        Action::Clear => "close or clear",
        Action::NextPane => "next pane",
        Action::ShowSessions => "show sessions",
        Action::ShowStats => "show stats",
        Action::ShowProblems => "show problems",
        Action::ShowSettings => "show settings",
        Action::Search => "search",
        Action::Palette => "all actions",
        Action::Help => "help",
        Action::Quit => "quit",
        Action::Suspend => "suspend",
        Action::Mark => "mark",
        Action::Diff => "diff two marked",
        Action::Scope => "here or all",
        Action::Order => "order",
        Action::Facets => "facets",
        Action::Preview => "preview",
        Action::Subagents => "subagents",
        Action::Handoff => "handoff",
        Action::Resume => "resume",
        Action::Export => "export",
        Action::Copy => "copy",
        Action::Star => "star, or take it away",
        Action::Forget => "forget",
        Action::ListSmaller => "smaller list, larger preview",
        Action::ListLarger => "larger list, smaller preview",
        Action::NextHit => "next hit",
        Action::PreviousHit => "previous hit",
        Action::LaterSearch => "next hit; in an earlier search the one after it",
        Action::EarlierSearch => "previous hit; in an empty line the search before",
        Action::Complete => "complete",
        Action::KeptSearches => "earlier and saved",
        Action::SaveSearch => "save",
        Action::OpenHit => "open at the hit",
        Action::LeaveSearch => "leave, then clear",
        Action::NextCandidate => "next",
        Action::PreviousCandidate => "previous",
        Action::TakeCandidate => "take",
        Action::CloseCandidates => "close",
        Action::ForgetSearch => "forget a saved one",
        Action::NextPrompt => "prompt",
        Action::PreviousPrompt => "previous prompt",
        Action::NextError => "error",
        Action::PreviousError => "previous error",
        Action::NextEdit => "edit",
        Action::PreviousEdit => "previous edit",
        Action::NextFound => "next found",
        Action::PreviousFound => "previous found",
        Action::Fold => "fold",
        Action::OpenAll => "open all folds",
        Action::FoldAll => "fold all",
        Action::Thinking => "thinking",
        Action::Calls => "calls: line, short, full",
        Action::Wrap => "wrap",
        Action::Follow => "follow",
        Action::OpenFile => "file in the editor",
        Action::Parent => "parent",
        Action::Group => "group by",
        Action::Span => "dates",
        Action::DaysMap => "map of days",
        Action::Default => "default",
        Action::Save => "save",
        Action::Budget => "budget",
        Action::SaveHandoff => "save",
        Action::RunInAgent => "run in agent",
        Action::CopyText => "copy the text",
    }
}

pub(crate) const SOME_WORDS: &str = " with some of the words";
pub(crate) const AT_LEAST: &str = "at least ";
pub(crate) const STILL_READING: &str = "Still reading: more may be found.";
pub(crate) const SEARCH_HERE: &str = "searches";
pub(crate) const FIRST_READING: &str = "Reading the sessions on this machine: they come as they are read.";
pub(crate) const NO_SESSION_HERE: &str = "No session of this repository yet.";
pub(crate) const MARK_TWO: &str = "a diff is of two sessions: mark two with Space";
pub(crate) const FACETS: &str = "facets";
pub(crate) const NO_FACETS: &str = "nothing to narrow by";
pub(crate) const DIFF_TITLE: &str = "diff of two sessions";
pub(crate) const NO_DIFF: &str = "They could not be compared.";
pub(crate) const COPIED_DIFF: &str = "copied: the diff as Markdown";

pub(crate) const FACET_AGENT: &str = "agent";
pub(crate) const FACET_KIND: &str = "kind";
pub(crate) const FACET_REPOSITORY: &str = "repo";
pub(crate) const FACET_MONTH: &str = "month";
pub(crate) const NOTHING_TO_COMPLETE: &str = "nothing completes this";
pub(crate) const NO_KEPT_SEARCHES: &str = "no search is saved or was run yet";
pub(crate) const NOTHING_TO_SAVE_YET: &str = "type a query first: it is saved under a name";
pub(crate) const SAVED: &str = "saved";
pub(crate) const EARLIER: &str = "earlier";
pub(crate) const SAVE_SEARCH_AS: &str = "save the search as";
pub(crate) const NO_NAME: &str = "not saved: it needs a name";
pub(crate) const ONLY_SAVED_ARE_FORGOTTEN: &str = "only saved searches are forgotten one by one";

/// How many there are of what a completion counts.
pub(crate) fn completions(shown: usize) -> String {
    format!("the first {}: type on", number::count(shown as u64))
}

pub(crate) fn search_saved(name: &str) -> String {
    format!("saved: {name}")
}

pub(crate) fn starred(id: &str, has_star: bool) -> String {
    let became = if has_star { "starred: is:starred finds it" } else { "no star any more" };
    format!("{id} {became}")
}

pub(crate) fn hit_of(hit: usize, total: u64) -> String {
    format!("hit {} of {}", number::count(hit as u64), number::count(total))
}

pub(crate) fn marked(sessions: usize) -> String {
    format!("{} marked", number::count(sessions as u64))
}

pub(crate) fn subagents(are_shown: bool) -> &'static str {
    if are_shown { "subagents: shown" } else { "subagents: left out" }
}

pub(crate) fn elsewhere(sessions: u64) -> String {
    format!("  {} in other repositories: s", number::counted(sessions, "session", "sessions"))
}

pub(crate) fn searched(sessions: u64, here: Option<&str>) -> String {
    let place = here.map(|here| format!(" of {here}")).unwrap_or_default();
    format!("Searched {}{place}.", number::counted(sessions, "session", "sessions"))
}

pub(crate) const CALL: &str = "call";
pub(crate) const CALLS: &str = "calls";
pub(crate) const LINE: &str = "line";
pub(crate) const LINES: &str = "lines";
pub(crate) const NO_EVENT: &str = "No event yet.";
pub(crate) const NOT_IN_SESSION: &str = "not in this session";
pub(crate) const NOTHING_FOUND_YET: &str = "nothing is looked for: / begins";
pub(crate) const NO_MORE_ERRORS: &str = "no more errors that way";
pub(crate) const NO_MORE_EDITS: &str = "no more edits that way";
pub(crate) const FIRST_PROMPT: &str = "this is the first prompt";
pub(crate) const LAST_PROMPT: &str = "this is the last prompt";
pub(crate) const CALLS_LINE: &str = "calls: one line each";
pub(crate) const CALLS_SHORT: &str = "calls: short";
pub(crate) const CALLS_FULL: &str = "calls: full";
pub(crate) const NO_PARENT: &str = "this session has no parent";
pub(crate) const NO_FILE: &str = "no file here: o opens that of an edit or of a call that names one";
pub(crate) const FOLLOWING: &str = "following";

pub(crate) fn failed(errors: u64) -> String {
    format!("{} failed", number::count(errors))
}

pub(crate) fn turn_of(turn: u32, turns: u32) -> String {
    format!("turn {} of {}", number::count(turn.into()), number::count(turns.into()))
}

pub(crate) fn of(at: &str, total: &str) -> String {
    format!("{at} of {total}")
}

pub(crate) fn unseen(events: &str) -> String {
    format!("{events} new  F")
}

pub(crate) fn thinking(is_open: bool) -> &'static str {
    if is_open { "thinking: open" } else { "thinking: folded" }
}

pub(crate) fn wrap(is_on: bool) -> &'static str {
    if is_on { "long lines: wrapped" } else { "long lines: cut" }
}

pub(crate) fn file_gone(path: &str) -> String {
    format!("{path} is not there any more")
}

pub(crate) fn indexing(share: &str) -> String {
    format!("indexing {share}")
}

pub(crate) fn live(sessions: u64) -> String {
    format!("{} live", number::count(sessions))
}

pub(crate) fn sessions(count: u64) -> String {
    number::counted(count, "session", "sessions")
}

pub(crate) fn ended(program: &str, code: i32) -> String {
    format!("{program} ended with exit code {code}")
}

pub(crate) fn export_format(format: ExportFormat) -> &'static str {
    match format {
        ExportFormat::Html => "page for a browser (html)",
        ExportFormat::Markdown => "Markdown (md)",
        ExportFormat::Hail => "HAIL lines, which can be read again (hail.jsonl)",
        ExportFormat::Json => "one JSON object (json)",
    }
}

pub(crate) fn exported(path: &str, size: &str, redacted: u64) -> String {
    format!("exported to {path}, {size}, redacted: {}", number::count(redacted))
}

pub(crate) fn copy_id(id: &str) -> String {
    format!("id  {id}")
}

pub(crate) fn copied(what: &str) -> String {
    format!("copied: {what}")
}

pub(crate) fn forget_title(id: &str, title: &str) -> String {
    format!("forget {id}  {title}")
}

pub(crate) fn forget_note(digits: &str) -> String {
    format!("Deletes it from the store and the index for good; the agent's own file stays. To confirm, type {digits}")
}

pub(crate) fn order(order: crate::tui::Order) -> &'static str {
    use crate::tui::Order;
    match order {
        Order::Best => "best",
        Order::Newest => "newest",
        Order::Day => "day",
        Order::Repository => "repo",
    }
}

pub(crate) fn by(order: &str) -> String {
    format!("by: {order}")
}

pub(crate) fn turns(turns: u64) -> String {
    format!("{}t", number::count(turns))
}

pub(crate) fn written(path: &str) -> String {
    format!("written: {path}")
}

pub(crate) fn stats_by(by: StatsBy) -> String {
    format!("by {}", super::head_of_groups(by).to_lowercase())
}

pub(crate) fn span(since: Option<&str>) -> String {
    match since {
        Some("7d") => "the last 7 days".to_owned(),
        Some("30d") => "the last 30 days".to_owned(),
        Some("90d") => "the last 90 days".to_owned(),
        Some("1y") => "the last year".to_owned(),
        Some(other) => format!("since {other}"),
        None => "all time".to_owned(),
    }
}

pub(crate) fn no_session_in(since: Option<&str>) -> String {
    format!("No session in {}.", span(since))
}

pub(crate) fn setting_line(line: u32) -> String {
    format!("daemon.toml:{line}")
}

pub(crate) fn setting_note(kind: SettingKind, about: &str) -> String {
    match kind {
        SettingKind::List if about.is_empty() => "Several with commas between; empty for none.".to_owned(),
        SettingKind::List => format!("{about}. Several with commas between; empty for none."),
        SettingKind::Switch | SettingKind::Text => about.to_owned(),
    }
}

pub(crate) fn saved(file: &str) -> String {
    format!("saved: {file}; the daemon takes it up")
}

pub(crate) fn unsaved(changes: u64) -> String {
    format!("{} not saved", number::counted(changes, "change", "changes"))
}

pub(crate) fn handoff_of(id: &str, budget: &str) -> String {
    format!("handoff of {id}   budget: {budget}")
}

pub(crate) fn handoff_size(size: &str, budget: &str) -> String {
    format!("{size} of {budget}")
}

pub(crate) fn redacted(count: u64) -> String {
    format!("redacted: {}", number::count(count))
}
