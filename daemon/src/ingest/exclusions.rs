//! Sessions that the configuration leaves alone: nothing of them is kept.

use std::path::{Path, PathBuf};

use opensession_protocol::config::Privacy;

use crate::{catalog::StoredEntry, git::Place};

/// What is left alone.
#[derive(Debug, Default)]
pub struct Exclusions {
    privacy: Privacy,
    homes: Vec<PathBuf>,
}

impl Exclusions {
    /// What `privacy` leaves alone for the user whose home directories, on this machine and others, are `homes`.
    pub fn new(privacy: Privacy, homes: Vec<PathBuf>) -> Self {
        Self { privacy, homes }
    }

    /// Whether the session is left alone, by where it began and by its repository.
    pub(super) fn holds(&self, entry: &StoredEntry) -> bool {
        let info = &entry.info;
        let is_excluded = |cwd: &str| self.homes.iter().any(|home| self.privacy.excludes_path(Path::new(cwd), home));
        let by_path = info.cwd.as_deref().is_some_and(is_excluded);
        let remote = info.remote.as_deref().and_then(Place::of_remote).map(|place| place.name);
        let names = [info.repository.as_deref(), remote.as_deref()];
        by_path || names.into_iter().flatten().any(|name| self.privacy.excludes_repository(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_and_repositories_are_left_alone() {
        let privacy = Privacy {
            exclude_paths: vec!["~/private".into()],
            exclude_repositories: vec!["acme/*".into()],
            ..Privacy::default()
        };
        let exclusions = Exclusions::new(privacy, vec!["/home/ann".into(), "/Users/ann".into()]);
        let entry = |cwd: Option<&str>, repository: Option<&str>, remote: Option<&str>| {
            let mut entry = StoredEntry::default();
            let info = std::sync::Arc::make_mut(&mut entry.info);
            info.cwd = cwd.map(str::to_owned);
            info.repository = repository.map(str::to_owned);
            info.remote = remote.map(str::to_owned);
            exclusions.holds(&entry)
        };
        assert!(entry(Some("/home/ann/private/app"), None, None));
        assert!(entry(Some("/Users/ann/private"), None, None));
        assert!(entry(None, Some("acme/app"), None));
        assert!(entry(None, Some("app"), Some("https://github.com/Acme/app.git")));
        assert!(!entry(Some("/home/ann/work"), Some("other/app"), None));
        assert!(!entry(None, None, None));
    }
}
