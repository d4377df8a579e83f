//! Every command's whole output, from a daemon that gives canned answers; and the real daemon, end to end.

#[cfg(test)]
mod it {
    pub(crate) mod daemon;
    pub(crate) mod discover;
    pub(crate) mod doctor;
    pub(crate) mod handoff;
    pub(crate) mod harness;
    pub(crate) mod hosts;
    pub(crate) mod index;
    pub(crate) mod log;
    pub(crate) mod real;
    pub(crate) mod reference;
    pub(crate) mod rpc;
    pub(crate) mod samples;
    pub(crate) mod search;
    pub(crate) mod session;
    pub(crate) mod show;
    pub(crate) mod stats;
    pub(crate) mod usage;
}
