//! The table of methods and errors. Tests hold it equal to the trait in `rpc.rs` and to `error.rs`: names, parameters,
//! which of them may be left out, and the words of the documentation.

use opensession_hail::Kind as EventKind;
use schemars::{Schema, SchemaGenerator};

use crate::{
    error,
    types::{
        AgentInfo, DaemonStatus, EventPage, ExportAnswer, ExportFormat, FileSessions, Forgotten, HandoffAnswer,
        HandoffFormat, HandoffWritten, Hello, HostAdded, HostInfo, HostRemoved, IndexStatus, ProblemPage, RebuildScope,
        Restored, Scanned, Scope, SearchAnswer, SearchOptions, SessionDetail, SessionDiff, SessionDocument,
        SessionFilter, SessionOutline, SessionPage, SessionSummary, SessionUpdate, SettingChanges, Settings,
        StatsAnswer, StatsBy,
    },
    types::{Completions, History, SavedSearch, Starred},
};

pub(super) struct Method {
    pub(super) name: &'static str,
    pub(super) description: &'static str,
    pub(super) params: Vec<Param>,
    pub(super) kind: Kind,
}

pub(super) struct Param {
    pub(super) name: &'static str,
    pub(super) required: bool,
    pub(super) schema: Schema,
}

pub(super) enum Kind {
    Call { result: Schema },
    Subscription { unsubscribe: &'static str, notification: &'static str, item: Schema },
}

/// Writes the table: a name, parameters (`?` after those that may be left out), what is answered, and a description.
macro_rules! table {
    (
        $generator:ident;
        $($name:literal ($($param:ident $($optional:literal)?: $type:ty),*) $kind:ident $kind_args:tt $description:literal)*
    ) => {
        vec![$(Method {
            name: $name,
            description: $description,
            params: vec![$(Param {
                name: stringify!($param),
                required: true $(&& $optional.is_empty())?,
                schema: $generator.subschema_for::<$type>(),
            }),*],
            kind: table!(@kind $generator $kind $kind_args),
        }),*]
    };
    (@kind $generator:ident gives ($result:ty)) => {
        Kind::Call { result: $generator.subschema_for::<$result>() }
    };
    (@kind $generator:ident sends ($item:ty, $notification:literal, $unsubscribe:literal)) => {
        Kind::Subscription {
            unsubscribe: $unsubscribe,
            notification: $notification,
            item: $generator.subschema_for::<$item>(),
        }
    };
}

pub(super) fn methods(generator: &mut SchemaGenerator) -> Vec<Method> {
    table! { generator;
        "daemon/hello" (required "?": Vec<String>, optional "?": Vec<String>) gives (Hello)
            "Tells the daemon's version and what it can do; fails when it lacks a `required` capability."
        "daemon/status" () gives (DaemonStatus)
            "Tells how the daemon is."
        "daemon/shutdown" () gives (())
            "Asks the daemon to finish what is under way and to end."
        "agent/list" () gives (Vec<AgentInfo>)
            "Lists every agent with what was found of it."
        "agent/scan" (path: String) gives (Scanned)
            "Looks through a folder for projects in which agents keep their sessions (Aider, Crush), and reads them."
        "session/list" (filter "?": SessionFilter, limit "?": u32, cursor "?": String, time_zone "?": String)
            gives (SessionPage)
            "Lists sessions, newest first."
        "session/get" (session: String, scope "?": Scope) gives (SessionDetail)
            "Gives one session."
        "session/events" (
            session: String, from "?": u32, limit "?": u32, around "?": u32, kinds "?": Vec<EventKind>, scope "?": Scope
        ) gives (EventPage)
            "Gives events of one session: from number `from` (1 when absent), at most `limit` of them (200 when absent, \
             2,000 at most) and at most about 4 MB; `around` gives the events about one, `kinds` only events of these kinds."
        "session/document" (session: String, from "?": u32, scope "?": Scope) gives (SessionDocument)
            "Gives a session as a text for people to read, or one event of it in full; a long session's text goes on at event \
             `next`."
        "session/outline" (session: String, from "?": u32, scope "?": Scope) gives (SessionOutline)
            "Gives a session's turns with what happened in each, from event `from` on (1 when absent)."
        "session/summary" (session: String, scope "?": Scope) gives (SessionSummary)
            "Sums a session up in three lines, for lists and hovers."
        "session/diff" (a: String, b: String, markdown "?": bool, scope "?": Scope) gives (SessionDiff)
            "Compares two sessions: objective, outcome, figures, commands, checks, and files with what each did to the lines of \
             those that both changed. A name may be the path of a HAIL file. `markdown` asks for it as Markdown too. Secrets \
             are taken out."
        "handoff/create" (
            sessions "?": Vec<String>, hail "?": String, budget "?": String, format "?": HandoffFormat, scope "?": Scope
        ) gives (HandoffAnswer)
            "Writes the handoff of sessions (the last in the scope when none is named), merged when there are several. A \
             name may be the path of a HAIL file, `hail` the text of one. `budget` is `brief`, `standard` (when absent), \
             `full`, or a number of bytes. Secrets are taken out."
        "handoff/write" (
            into: String, sessions "?": Vec<String>, hail "?": String, budget "?": String, cwd "?": String, scope "?": Scope
        ) gives (HandoffWritten)
            "Writes a session that an agent resumes: the handoff first, then what was said in the sessions, tools told as \
             text. It is written into the agent's own folder, never over a file that is there, and read back; where what is \
             read is not what was written it is taken away again. `cwd` is the directory in which it goes on, that of the \
             last session when absent. The rest is as in `handoff/create`."
        "session/subscribe" (session "?": String, scope "?": Scope)
            sends (SessionUpdate, "session/update", "session/unsubscribe")
            "Sends events as they are taken in: of one session, or of all."
        "session/forget" (session: String, scope "?": Scope) gives (Forgotten)
            "Deletes a session from the store and the index for good. The agent's own file is left alone, and is not read \
             again."
        "session/star" (session: String, starred "?": bool, scope "?": Scope) gives (Starred)
            "Gives a session a star, or takes it (`starred` false). Stars stay with the session however often it is read \
             anew."
        "session/restore" (session: String, to "?": String, scope "?": Scope) gives (Restored)
            "Writes the agent's file back where it was (or to `to`), byte for byte. Never writes over a file that is there."
        "session/export" (
            session: String, format "?": ExportFormat, to "?": String, force "?": bool, redact "?": bool, scope "?": Scope
        ) gives (ExportAnswer)
            "Writes a session to the file `to`, readable by its owner alone, or gives it as `text` when no file is named. A \
             file that is there is written over only with `force`. Secrets are taken out unless `redact` is false."
        "host/list" () gives (Vec<HostInfo>)
            "Lists the other machines whose sessions are kept here."
        "host/add" (folder "?": String, address "?": String, name "?": String, interval_secs "?": u32) gives (HostAdded)
            "Adds another machine: the home directory in `folder` (mounted or copied; an agent's own folder works too), or the \
             one that ssh reaches at `address` (`user@host:port`, or a name of the user's ssh configuration), which is pulled \
             every `interval_secs` (900 when absent, 60 at least). One that is known already is given as it is. A folder is \
             read when this answers, an address is pulled after it."
        "host/remove" (name: String, forget "?": bool) gives (HostRemoved)
            "Follows a machine no longer, and deletes its mirror. Its sessions stay, unless `forget` is asked for."
        "host/sync" (name "?": String) gives (Vec<HostInfo>)
            "Pulls from a machine now, or from all, and answers when what came is searchable. A pull that fails is told in the \
             answer."
        "host/subscribe" () sends (Vec<HostInfo>, "host/update", "host/unsubscribe")
            "Sends the machines whenever something about them changes, at most ten times a second."
        "search/query" (query: String, options "?": SearchOptions) gives (SearchAnswer)
            "Searches. The language is described in `protocol/SEARCH.md`."
        "search/complete" (
            query: String, cursor "?": u32, limit "?": u32, scope "?": Scope, time_zone "?": String
        ) gives (Completions)
            "Tells what can stand at the cursor (in code points; at the end when absent) of a query: names of fields, their \
             values and words, as they are kept here, 20 when `limit` is absent, 200 at most. Sessions are those of the \
             scope."
        "search/saved" () gives (Vec<SavedSearch>)
            "Lists saved searches by name."
        "search/save" (name: String, query: String) gives (SavedSearch)
            "Saves a search under a name, in the place of the one that has it."
        "search/unsave" (name: String) gives (SavedSearch)
            "Forgets a saved search, and gives it once more."
        "search/history" (limit "?": u32, clear "?": bool) gives (History)
            "Lists the last queries that found something and that people ran (`remember` in the options), last first; 100 \
             are kept. `clear` forgets them all before."
        "file/sessions" (path: String, limit "?": u32, exclude "?": Vec<String>, scope "?": Scope) gives (FileSessions)
            "Lists the sessions that changed a file, the last change first: 20 when `limit` is absent, 200 at most. A relative \
             path is taken from the scope's directory. Clones, worktrees and copies on other machines count as the same file \
             where the repository is the same. Sessions named in `exclude` are left out."
        "index/status" () gives (IndexStatus)
            "Tells how the index is."
        "index/refresh" () gives (IndexStatus)
            "Looks for new, changed and vanished sources now, and answers when everything found is read and searchable."
        "index/rebuild" (scope "?": RebuildScope) gives (IndexStatus)
            "Builds the index anew in the background; the old one answers meanwhile."
        "index/subscribe" () sends (IndexStatus, "index/update", "index/unsubscribe")
            "Sends the index's status whenever it changes, at most ten times a second."
        "problem/list" (agent "?": String, limit "?": u32) gives (ProblemPage)
            "Lists what could not be read."
        "settings/list" () gives (Settings)
            "Lists the settings of the daemon that can be changed one by one."
        "settings/set" (changes: SettingChanges, check "?": bool) gives (Settings)
            "Changes settings in `daemon.toml`, by name, null being the default; comments and layout stay, and the daemon takes \
             them up at once. Nothing is written where one of them cannot be, nor with `check`."
        "stats/get" (filter "?": SessionFilter, by "?": StatsBy, time_zone "?": String) gives (StatsAnswer)
            "Gives figures over the sessions that the filter leaves."
    }
}

/// Name, code and meaning of every error besides JSON-RPC's own.
pub(super) const ERRORS: &[(&str, i32, &str)] = &[
    (
        "NO_SUCH_SESSION",
        error::NO_SUCH_SESSION,
        "No session of that name; `data.near` lists [`crate::SessionBrief`]s with similar ones.",
    ),
    ("AMBIGUOUS_SESSION", error::AMBIGUOUS_SESSION, "The name fits several sessions; `data.near` lists them."),
    ("NO_SUCH_EVENT", error::NO_SUCH_EVENT, "The session has no event of that number."),
    ("BAD_QUERY", error::BAD_QUERY, "The query cannot be run; `data.errors` lists [`crate::QueryError`]s."),
    ("BAD_VALUE", error::BAD_VALUE, "A value in a filter is not understood: a date, an agent, a cursor."),
    ("REFUSED", error::REFUSED, "It is refused: a file is in the way, or the caller did not confirm."),
    (
        "STORE_UNWRITABLE",
        error::STORE_UNWRITABLE,
        "The store cannot be written: the disk is full, or the folder is read-only.",
    ),
    ("TIMED_OUT", error::TIMED_OUT, "The request took longer than the daemon allows, or was cancelled."),
    ("TOO_MANY", error::TOO_MANY, "Too many requests or subscriptions of this connection are under way."),
    ("INTERNAL", error::INTERNAL, "A fault of ours: the request panicked. The daemon goes on."),
];
