//! The words of the surface, in one place: what a translation has to cover besides the help of the flags.

mod agents;
mod completion;
mod daemon;
mod diff;
mod discover;
mod doctor;
mod export;
mod failures;
mod figures;
mod forget;
mod handoff;
mod hosts;
mod query_language;
mod reading;
mod rpc;
mod search;
mod sessions;
mod show;
pub(crate) mod tui;

pub(crate) use agents::*;
pub(crate) use completion::*;
pub(crate) use daemon::*;
pub(crate) use diff::*;
pub(crate) use discover::*;
pub(crate) use doctor::*;
pub(crate) use export::*;
pub(crate) use failures::*;
pub(crate) use figures::*;
pub(crate) use forget::*;
pub(crate) use handoff::*;
pub(crate) use hosts::*;
pub(crate) use query_language::*;
pub(crate) use reading::*;
pub(crate) use rpc::*;
pub(crate) use search::*;
pub(crate) use sessions::*;
pub(crate) use show::*;

pub(crate) const ERROR: &str = "error:";
pub(crate) const HINT: &str = "hint:";
pub(crate) const NOTE: &str = "note:";
pub(crate) const NEAR: &str = "near:";
pub(crate) const REMEDY: &str = "remedy:";
pub(crate) const NARROW: &str = "narrow:";
pub(crate) const OPENED_HERE: &str = "opened here";
pub(crate) const TOTAL: &str = "total";
pub(crate) const OK: &str = "ok";
pub(crate) const WARN: &str = "warn";
pub(crate) const FAIL: &str = "fail";

fn capitalized(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map(|first| first.to_uppercase().chain(characters).collect()).unwrap_or_default()
}

/// The head of the reference page.
pub(crate) const REFERENCE_HEAD: &str = "\
# The command line

<!-- Written by `UPDATE_DOCS=1 cargo test -p opensession`; a test holds it equal to the program. -->

What `--help` says of every command. How output looks, and what `--json` prints, is described in
[README.md](README.md).";
