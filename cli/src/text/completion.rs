//! What `completion` says.

use crate::format::number;

pub(crate) fn man_pages(count: usize, folder: &str) -> String {
    format!("{} in {folder}", number::counted(count as u64, "man page", "man pages"))
}

pub(crate) fn cannot_write_into(folder: &str, error: &str) -> String {
    format!("cannot write into {folder}: {error}")
}
