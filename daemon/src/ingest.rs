//! From agents' files to the store: what is there, what changed, and reading it.
//!
//! Three kinds of threads, tied by bounded channels. The *scheduler* knows every source, hears of changes and decides
//! what is read next. *Workers* cut new records, derive events from them and compress both. The *committer* owns the
//! store's writer and the index: it commits a batch, then makes it searchable and tells subscribers. A source is never
//! with two workers, and comes to a worker again only after its last batch was committed.

mod collect;
mod commit;
mod exclusions;
mod keep;
mod rederive;
mod scheduler;
mod session;
mod watch;
mod worker;

pub use commit::{Commit, Committer, CommitterParts};
pub use exclusions::Exclusions;
pub use keep::Keep;
pub(crate) use rederive::rederive as rederive_session;
pub use scheduler::{Progress, ProgressSender};
pub use scheduler::{Scheduler, SchedulerParts, Signal};
pub(crate) use session::{Identities, document};
pub use session::{Origin, SessionReading};
pub use worker::{Job, Worker};
