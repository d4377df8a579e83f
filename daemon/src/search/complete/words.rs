//! What completions say.

/// What each field is about, in the order of their names.
pub(super) const FIELDS: &[(&str, &str)] = &[
    ("after", "from a date on"),
    ("agent", "sessions of an agent"),
    ("before", "up to a date"),
    ("branch", "sessions on a branch"),
    ("case", "capitals count"),
    ("cost", "sessions by cost"),
    ("cwd", "sessions begun in a directory"),
    ("duration", "sessions by active time"),
    ("exit", "outputs by exit code"),
    ("file", "events that changed a file; file:read: those that read it"),
    ("has", "sessions that hold something"),
    ("is", "failures; sessions by what they are"),
    ("kind", "events of a kind"),
    ("model", "what a model wrote"),
    ("on", "on a day, in a month, in a range"),
    ("parent", "sessions that one started"),
    ("path", "events that name a path"),
    ("repo", "sessions in a repository"),
    ("role", "what was said by whom"),
    ("root", "sessions below one"),
    ("session", "one session"),
    ("since", "from a date on"),
    ("sort", "the order of the answer"),
    ("text", "exactly this text, or a regular expression over it"),
    ("title", "sessions by title"),
    ("tokens", "sessions by tokens"),
    ("tool", "calls of a tool and what came back"),
    ("turns", "sessions by turns"),
    ("until", "up to the end of a date"),
];

/// Values of fixed lists, each with what it means.
pub(super) const IS: &[(&str, &str)] = &[
    ("error", "failures"),
    ("subagent", "run by another session's agent"),
    ("live", "being written"),
    ("waiting", "the agent waits"),
    ("interrupted", "cut off in its work"),
    ("edited", "files were changed"),
    ("starred", "with a star"),
    ("forked", "begun from another's history"),
    ("compacted", "history replaced by a summary"),
];
pub(super) const HAS: &[(&str, &str)] = &[
    ("edit", "a change to a file"),
    ("command", "a shell command"),
    ("todo", "a todo list"),
    ("image", "an image"),
    ("thinking", "reasoning"),
    ("pr", "a pull request"),
];
pub(super) const COST: &[(&str, &str)] = &[(">0.10", ""), (">1", ""), (">5", ""), (">20", ""), ("<0.10", "")];
pub(super) const TOKENS: &[(&str, &str)] = &[(">10k", ""), (">100k", ""), (">1m", ""), (">10m", ""), ("<10k", "")];
pub(super) const TURNS: &[(&str, &str)] = &[(">5", ""), (">20", ""), (">100", ""), ("1", ""), ("<5", "")];
pub(super) const DURATION: &[(&str, &str)] = &[(">10m", ""), (">1h", ""), (">4h", ""), ("<1m", ""), ("<10m", "")];
pub(super) const EXIT: &[(&str, &str)] = &[
    ("0", "succeeded"),
    (">0", "failed"),
    ("1", ""),
    ("101", "a Rust panic"),
    ("127", "no such command"),
    ("130", "interrupted"),
];
pub(super) const SORT: &[(&str, &str)] =
    &[("best", "best first"), ("new", "newest first"), ("old", "oldest first"), ("cost", "dearest first")];
pub(super) const CASE: &[(&str, &str)] = &[("yes", "capitals count")];

/// Dates that need no looking up.
pub(super) const DAYS: &[&str] = &["today", "yesterday"];
pub(super) const AGO: &[&str] = &["1h", "6h", "1d", "3d", "1w", "2w", "1mo", "3mo", "1y"];
pub(super) const WEEKDAYS: &[&str] = &["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
