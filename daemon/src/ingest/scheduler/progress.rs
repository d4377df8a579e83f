//! How far the reading is, for whoever follows it.

use opensession_protocol::AgentProgress;
use tokio::sync::watch;

/// How far the reading is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Progress {
    /// Sources are being read.
    pub reading: bool,
    /// This is the first reading of this machine's sessions.
    pub first_run: bool,
    /// Agent by agent.
    pub agents: Vec<AgentProgress>,
    /// How long the last whole round took, in milliseconds.
    pub last_round_ms: u64,
    /// Rounds that ended.
    pub rounds: u64,
    /// Sessions in which nothing was ever said, by agent, as far as their containers tell.
    pub drafts: Vec<(&'static str, u64)>,
    /// What the last look at everything could not read, by agent.
    pub unreadable: Vec<(&'static str, String)>,
}

/// Where the scheduler tells its progress.
pub struct ProgressSender(watch::Sender<Progress>);

impl ProgressSender {
    /// Tells whoever holds a receiver of `sender`.
    pub fn new(sender: watch::Sender<Progress>) -> Self {
        Self(sender)
    }

    /// Tells the progress, if it is another than last time.
    pub(super) fn send_if_changed(&self, progress: impl FnOnce() -> Progress) {
        let progress = progress();
        self.0.send_if_modified(|known| {
            let changed = *known != progress;
            *known = progress;
            changed
        });
    }
}
