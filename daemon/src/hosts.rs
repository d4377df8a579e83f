//! Sessions of other machines: their homes are pulled over ssh into a mirror, or lie in a folder that is mounted or was
//! copied. Either way the readers find them as in the user's own home.
//!
//! Pulling needs nothing on the other side but a POSIX shell: one `ssh` runs one `sh`, which is asked for lists and for
//! parts of files and answers in order. What it answers is never trusted: names are checked before they become paths
//! here, and every answer has a bound.

mod address;
mod checksum;
mod database;
mod entry;
mod fetch;
mod follow;
mod home;
mod mirror;
mod pull;
mod registry;
mod shell;
#[cfg(test)]
mod tests;
mod wanted;

pub(crate) use address::THIS_MACHINE;
pub use address::{Address, AddressError, NameFault, check_name};
pub use home::{Home, HomeError, original_home, suggested_name};
pub use registry::{AddError, HostRow, Hosts, HostsParts};
pub(crate) use registry::{INTERVAL_LEAST_SECS, INTERVAL_SECS};
