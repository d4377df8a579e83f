//! What `forget` says.

use crate::format::clean;

pub(crate) const FORGET_ONE_EVENT: &str = "only whole sessions can be forgotten";
pub(crate) const HINT_FORGET_SESSION: &str = "leave out the event's number";
pub(crate) const FORGET_QUESTION: &str = "Delete it from the store and the index for good? [y/N]";
pub(crate) const NOT_CONFIRMED: &str = "not forgotten: nobody is there to be asked";
pub(crate) const NOT_FORGOTTEN: &str = "not forgotten";
pub(crate) const HINT_YES: &str = "if it is meant: --yes";

pub(crate) fn forgotten(id: &str, size: &str) -> String {
    format!("Forgotten: {}, {size}", clean::one_line(id))
}

pub(crate) fn file_left(path: &str) -> String {
    format!("The agent's own file is left alone, and is not read again: {path}")
}
