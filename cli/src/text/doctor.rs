//! What `doctor` says.

use crate::format::number;

pub(crate) const CHECK_DAEMON: &str = "daemon";
pub(crate) const CHECK_INDEX: &str = "index";
pub(crate) const CHECK_AGENTS: &str = "agents";
pub(crate) const CHECK_READING: &str = "reading";
pub(crate) const REMEDY_RESTART: &str = "opensession daemon restart";
pub(crate) const REMEDY_REBUILD: &str = "opensession index --rebuild";
pub(crate) const REMEDY_DISCOVER: &str = "opensession discover --all";

pub(crate) fn same_version(version: &str) -> String {
    format!("{version}, same as this binary")
}

pub(crate) fn other_version(version: &str) -> String {
    format!("{version}, this binary is {}", env!("CARGO_PKG_VERSION"))
}

pub(crate) fn doctor_summary(failures: u64, warnings: u64) -> String {
    match (failures, warnings) {
        (0, 0) => "All is well.".to_owned(),
        (0, _) => number::counted(warnings, "warning", "warnings"),
        (_, 0) => number::counted(failures, "failure", "failures"),
        _ => format!(
            "{}, {}",
            number::counted(failures, "failure", "failures"),
            number::counted(warnings, "warning", "warnings")
        ),
    }
}
