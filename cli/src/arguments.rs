//! What can be typed: the flags that all commands know, and those that several share.

pub(crate) mod query_words;

use clap::{ArgAction, Args, Parser};
use opensession_protocol::{Scope, SessionFilter};

use crate::commands::Command;
use crate::context::Context;
use crate::output::ColorChoice;

/// Layout of every help page: what it is, examples, how it is written, flags in groups.
pub(crate) const HELP_TEMPLATE: &str =
    "{about-with-newline}\n{before-help}{usage-heading} {usage}\n\n{all-args}{after-help}";

/// Find, keep and search the sessions of every AI coding agent on this machine.
#[derive(Debug, Parser)]
#[command(
    name = "opensession",
    version,
    disable_help_subcommand = true,
    disable_help_flag = true,
    max_term_width = 100,
    help_template = HELP_TEMPLATE,
    subcommand_help_heading = "Commands",
    before_help = "Examples:\n  opensession search race condition\n  opensession show @\n\nAlone on a terminal it shows all sessions, to browse and to search.",
    after_help = "A session is named by its id or the beginning of it, by @ (the last one here), @~2 (two before that), by the \
                  path of its file, or by agent:id; an event by SESSION#N.\n\n\
                  Exit codes: 0 done, 1 nothing found, 2 wrong input, 3 daemon out of reach, 4 refused, 70 our bug."
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) display: DisplayArguments,
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

/// Flags of every command.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Display")]
pub(crate) struct DisplayArguments {
    #[arg(
        long,
        global = true,
        value_enum,
        value_name = "WHEN",
        hide_default_value = true,
        default_value_t,
        help = "When to use colours [default: auto; NO_COLOR and CLICOLOR_FORCE are obeyed]"
    )]
    pub(crate) color: ColorChoice,
    /// Draw with ASCII signs only [default: where the locale is not UTF-8]
    #[arg(long, global = true)]
    pub(crate) ascii: bool,
    /// Show dates and times instead of ages
    #[arg(long, global = true)]
    pub(crate) absolute: bool,
    #[arg(
        long,
        global = true,
        help = "Never page [default: $OPENSESSION_PAGER, $PAGER or less, when taller than the screen]"
    )]
    pub(crate) no_pager: bool,
    /// Show this help
    #[arg(short, long, global = true, action = ArgAction::HelpShort)]
    help: Option<bool>,
}

/// Flags that choose sessions.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Which sessions")]
#[expect(clippy::struct_excessive_bools, reason = "flags, as they are typed")]
pub(crate) struct FilterArguments {
    /// Only sessions last changed at or after TIME: 2026-02-01, 2w, yesterday
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Option<String>,
    /// Only sessions last changed before the end of TIME
    #[arg(long, value_name = "TIME")]
    pub(crate) until: Option<String>,
    /// Only sessions of this agent, by its id: claude-code; may be repeated
    #[arg(long, visible_alias = "tool", value_name = "AGENT")]
    pub(crate) agent: Vec<String>,
    /// Only sessions of this machine, by its name; local is this one; * stands for anything
    #[arg(long, value_name = "HOST")]
    pub(crate) host: Option<String>,
    /// Only sessions of this model; * stands for anything: 'opus*'
    #[arg(long, value_name = "MODEL")]
    pub(crate) model: Option<String>,
    /// Only sessions of this repository: owner/name, name, or a remote's URL; implies --all
    #[arg(long, value_name = "REPOSITORY")]
    pub(crate) repo: Option<String>,
    /// Only sessions on this branch; * stands for anything
    #[arg(long, value_name = "BRANCH")]
    pub(crate) branch: Option<String>,
    /// Only sessions that changed a file of this path, or below it
    #[arg(long, value_name = "PATH")]
    pub(crate) touches: Option<String>,
    /// Only sessions in which this query matches
    #[arg(long, value_name = "QUERY")]
    pub(crate) grep: Option<String>,
    /// Only sessions with a failed call
    #[arg(long)]
    pub(crate) errors: bool,
    /// Only sessions with a star
    #[arg(long)]
    pub(crate) starred: bool,
    /// Sessions of all repositories, not only of the one here
    #[arg(long)]
    pub(crate) all: bool,
    /// Sub-agents' sessions too
    #[arg(long)]
    pub(crate) subagents: bool,
}

impl FilterArguments {
    /// The filter as the daemon takes it.
    pub(crate) fn filter(self, context: &Context<'_>) -> SessionFilter {
        SessionFilter {
            scope: Scope { cwd: context.directory(), all: self.all || self.repo.is_some() },
            agents: self.agent,
            host: self.host,
            model: self.model,
            repository: self.repo,
            branch: self.branch,
            since: self.since,
            until: self.until,
            touches: self.touches,
            grep: self.grep,
            errors: self.errors,
            starred: self.starred,
            subagents: self.subagents,
        }
    }

    /// What was asked for, as it may be typed again.
    pub(crate) fn words(&self) -> Vec<String> {
        let mut words = Vec::new();
        let mut push = |name: &str, value: Option<&String>| {
            if let Some(value) = value {
                words.push(format!("--{name}"));
                words.push(value.clone());
            }
        };
        push("since", self.since.as_ref());
        push("until", self.until.as_ref());
        for agent in &self.agent {
            push("agent", Some(agent));
        }
        push("host", self.host.as_ref());
        push("model", self.model.as_ref());
        push("repo", self.repo.as_ref());
        push("branch", self.branch.as_ref());
        push("touches", self.touches.as_ref());
        push("grep", self.grep.as_ref());
        if self.errors {
            words.push("--errors".to_owned());
        }
        if self.starred {
            words.push("--starred".to_owned());
        }
        words
    }
}

/// A session, as typed, and the event in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SessionName {
    pub(crate) session: String,
    pub(crate) event: Option<u32>,
}

impl SessionName {
    /// Parts `typed` into session and event, and makes the path of a file absolute: the daemon has another directory.
    pub(crate) fn parse(typed: &str, context: &Context<'_>) -> SessionName {
        if let Some(path) = context.existing_file(typed) {
            return SessionName { session: path, event: None };
        }
        if let Some((session, digits)) = typed.rsplit_once('#')
            && let Ok(event) = digits.parse()
        {
            let session = context.existing_file(session).unwrap_or_else(|| session.to_owned());
            return SessionName { session, event: Some(event) };
        }
        SessionName { session: typed.to_owned(), event: None }
    }
}
