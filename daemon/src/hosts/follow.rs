//! A thread for each machine that is pulled from: when, and what is told of it.

use std::{
    hash::{BuildHasher, Hasher, RandomState},
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError, atomic::AtomicBool},
    time::{Duration, Instant},
};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};
use jiff::Timestamp;
use opensession_protocol::{HostProgress, Warning};

use super::{
    Address,
    pull::{self, PullError, Pulled},
    registry::{HostRow, INTERVAL_LEAST_SECS, INTERVAL_SECS, Shared, subject},
    shell::{Bounds, ShellError},
};
use crate::ingest::{Commit, Signal};

/// A machine that is away is looked for at least this often.
const AWAY_LONGEST: Duration = Duration::from_hours(4);
/// After the start, machines wait so long: what is here is read first.
const START: Duration = Duration::from_secs(10);
/// A pull that was broken off by the clock goes on after so long.
const GOES_ON: Duration = Duration::from_secs(30);
/// Progress is told at most this often.
const TOLD: Duration = Duration::from_millis(100);

/// What the thread is told.
pub(super) enum Order {
    /// Pull now, and answer when it has ended.
    Pull(Sender<()>),
    /// End.
    End,
}

/// A machine that is pulled from.
pub(super) struct Follow {
    pub(super) shared: Arc<Shared>,
    pub(super) row: HostRow,
    pub(super) address: Address,
    /// The mirror.
    pub(super) folder: PathBuf,
    pub(super) orders: Receiver<Order>,
    /// Set when a pull under way is to be broken off.
    pub(super) called_off: Arc<AtomicBool>,
    /// It was added just now: who added it orders the first pull.
    pub(super) waits_for_order: bool,
}

impl Follow {
    /// Pulls whenever it is time or ordered, until it is told to end.
    pub(super) fn run(mut self) {
        let mut failures = 0;
        let mut wait = self.first_wait();
        loop {
            let next = Timestamp::now() + wait;
            self.shared.update(self.row.id, |_, outcome| outcome.next = Some(next));
            let mut replies = Vec::new();
            match self.orders.recv_timeout(wait) {
                Ok(Order::Pull(reply)) => replies.push(reply),
                Ok(Order::End) | Err(RecvTimeoutError::Disconnected) => return,
                Err(RecvTimeoutError::Timeout) => {}
            }
            // Whoever asked meanwhile is answered by the same pull.
            while let Ok(order) = self.orders.try_recv() {
                match order {
                    Order::Pull(reply) => replies.push(reply),
                    Order::End => return,
                }
            }
            let pulled = self.pull();
            wait = match &pulled {
                Ok(pulled) if pulled.more => GOES_ON,
                Ok(_) => {
                    failures = 0;
                    jittered(self.interval())
                }
                Err(PullError::Shell(ShellError::CalledOff)) => return,
                Err(_) => {
                    failures += 1;
                    away(self.interval(), failures)
                }
            };
            self.tell(pulled);
            for reply in replies {
                // The asker may have gone.
                reply.send(()).ok();
            }
        }
    }

    fn interval(&self) -> Duration {
        let seconds = self.row.interval_secs.unwrap_or(INTERVAL_SECS).max(INTERVAL_LEAST_SECS);
        Duration::from_secs(u64::from(seconds))
    }

    fn first_wait(&self) -> Duration {
        if self.waits_for_order {
            return self.interval();
        }
        // As if the daemon had never stopped.
        let since =
            self.row.last_pull_ms.map_or(i64::MAX, |last| Timestamp::now().as_millisecond().saturating_sub(last));
        let since = Duration::from_millis(u64::try_from(since).unwrap_or(0));
        jittered(self.interval().saturating_sub(since).max(START))
    }

    fn pull(&self) -> Result<Pulled, PullError> {
        let id = self.row.id;
        self.shared.update(id, |_, outcome| outcome.progress = Some(HostProgress::default()));
        let told = Mutex::new(Instant::now());
        let report = |progress: &HostProgress| {
            let mut told = told.lock().unwrap_or_else(PoisonError::into_inner);
            if told.elapsed() >= TOLD {
                *told = Instant::now();
                self.shared.update(id, |_, outcome| outcome.progress = Some(*progress));
            }
        };
        let bounds = Bounds {
            program: "ssh".into(),
            deadline: Instant::now() + pull::TIME_MOST,
            called_off: self.called_off.clone(),
        };
        let pulled = pull::pull(&self.address, &self.folder, self.shared.agents(), bounds, &report);
        self.shared.update(id, |_, outcome| outcome.progress = None);
        pulled
    }

    /// Everybody hears how a pull ended, before those who ordered it.
    fn tell(&mut self, pulled: Result<Pulled, PullError>) {
        let (id, warnings) = (self.row.id, &self.shared.parts.warnings);
        match pulled {
            Ok(pulled) => {
                warnings.clear(&subject(&self.row.name));
                tracing::info!(
                    host = self.row.name,
                    files = pulled.files,
                    gone = pulled.gone,
                    bytes = pulled.bytes,
                    "pulled"
                );
                let now_ms = Timestamp::now().as_millisecond();
                let is_elsewhere = self.row.original.as_ref() != Some(&pulled.home);
                self.row.original = Some(pulled.home.clone());
                self.row.last_pull_ms = Some(now_ms);
                let row = self.row.clone();
                let changed = pulled.files + pulled.gone > 0;
                // It is gone only when the daemon ends.
                self.shared.parts.commits.send(Commit::HostPulled(id, now_ms, pulled.home)).ok();
                self.shared.update(id, |known, outcome| {
                    *known = row;
                    outcome.files = pulled.files;
                    outcome.bytes = pulled.bytes;
                    outcome.left = pulled.left;
                    outcome.failure = None;
                });
                if is_elsewhere {
                    self.shared.tell_homes();
                } else if changed {
                    // Its folders are watched; where they are not, or not yet, this makes up for it.
                    self.shared.parts.signals.send(Signal::Rescan(None)).ok();
                }
            }
            Err(error) => {
                let remedy = remedy(&error, &self.address);
                tracing::info!(host = self.row.name, %error, "not pulled");
                let message = match self.row.last_pull_ms.and_then(|time| Timestamp::from_millisecond(time).ok()) {
                    Some(time) => format!("cannot pull from {}: {error}; as it was at {time:.0}", self.address),
                    None => format!("cannot pull from {}: {error}", self.address),
                };
                warnings.set(Warning { subject: subject(&self.row.name), message, remedy: Some(remedy.clone()) });
                let failure = Some((error.to_string(), remedy));
                self.shared.update(id, |_, outcome| outcome.failure = failure);
                // What came before it failed is as good.
                self.shared.parts.signals.send(Signal::Rescan(None)).ok();
            }
        }
    }
}

/// What a person can do about a pull that failed.
fn remedy(error: &PullError, address: &Address) -> String {
    let by_hand = address.command();
    match error {
        PullError::Mirror(_) | PullError::Write { .. } => "free some space or make the folder writable".into(),
        PullError::Shell(ShellError::NoSsh(_)) => "install ssh, or put it on the daemon's PATH".into(),
        PullError::Shell(ShellError::Refused(words)) => {
            let says = |part: &str| words.contains(part);
            if says("Permission denied") || says("Too many authentication failures") {
                format!(
                    "nothing is asked while it is pulled, so a key must let you in: ssh-copy-id, or ssh-add; try {by_hand}"
                )
            } else if says("Host key verification failed") || says("REMOTE HOST IDENTIFICATION") {
                format!("look at its host key once by hand: {by_hand}")
            } else if says("Could not resolve") || says("Name or service not known") {
                format!("look at the name; what works by hand works here: {by_hand}")
            } else {
                format!("it is tried again; try {by_hand}")
            }
        }
        PullError::Shell(ShellError::Unusable(_)) => format!("it must give you a POSIX shell: {by_hand} sh"),
        PullError::Shell(_) => format!("it is tried again and goes on where it was; try {by_hand}"),
    }
}

/// After so many failures in a row: longer each time.
fn away(interval: Duration, failures: u32) -> Duration {
    let longer = interval.saturating_mul(1 << failures.min(8).saturating_sub(1));
    jittered(longer.min(AWAY_LONGEST.max(interval)))
}

/// A tenth more or less, so that machines that were added together are not all asked at once.
fn jittered(wait: Duration) -> Duration {
    let random = RandomState::new().build_hasher().finish() % 201;
    wait.mul_f64(0.9 + random as f64 / 1000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_that_is_away_is_asked_ever_less_often() {
        let interval = Duration::from_mins(15);
        let within = |failures: u32, minutes: u64| {
            let wait = away(interval, failures).as_secs_f64() / 60.0;
            (minutes as f64 * 0.89..minutes as f64 * 1.11).contains(&wait)
        };
        assert!(within(1, 15) && within(2, 30) && within(3, 60) && within(5, 240) && within(60, 240));
        assert!(away(Duration::from_hours(24), 9) > Duration::from_hours(21));
    }

    #[test]
    fn what_to_do_depends_on_what_ssh_said() {
        let address: Address = "ann@build:2222".parse().unwrap();
        let refused = |words: &str| remedy(&PullError::Shell(ShellError::Refused(words.into())), &address);
        assert!(refused("ann@build: Permission denied (publickey).").contains("ssh-copy-id"));
        assert!(refused("Host key verification failed.").contains("by hand: ssh -p 2222 ann@build"));
        assert!(refused("ssh: connect to host build port 22: Connection refused").starts_with("it is tried again"));
        assert!(remedy(&PullError::Shell(ShellError::Lost(String::new())), &address).contains("goes on where it was"));
    }
}
