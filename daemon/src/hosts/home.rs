//! A folder that stands for a home directory of another machine, and where agents keep their sessions in it.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use opensession_agents::{Agent, Environment, Platform, Root, Source, registry};

/// Folders that a home directory is taken apart by: `.claude` of `.claude/projects`.
const PREFIX_DEEPEST: usize = 4;

/// A folder that stands for a home directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home {
    /// The machine's name.
    pub host: Arc<str>,
    /// The order in which machines were added: of a session that several have, the first one's copy is read.
    pub seniority: u32,
    /// The folder.
    pub folder: PathBuf,
    /// What the folder is below the home directory, where it is an agent's own folder: `.claude`. Empty otherwise.
    pub prefix: PathBuf,
    /// The home directory's path on its machine, where it is known.
    pub original: Option<PathBuf>,
    /// The home directory of this machine's user.
    pub own_home: PathBuf,
}

/// Why a folder cannot stand for a home directory.
#[derive(Debug, thiserror::Error)]
pub enum HomeError {
    /// It cannot be listed.
    #[error("cannot list {}: {source}", path.display())]
    Unreadable {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is this user's own.
    #[error("{} is the home directory whose sessions are read anyway", .0.display())]
    Own(PathBuf),
    /// No agent keeps sessions in it.
    #[error("no agent keeps sessions in {}", .0.display())]
    NoAgent(PathBuf),
}

impl Home {
    /// What a folder stands for: a home directory with folders of agents in it, or an agent's own folder, under its own
    /// name or another one.
    pub fn recognise(folder: &Path, own_home: &Path) -> Result<PathBuf, HomeError> {
        fs::read_dir(folder).map_err(|source| HomeError::Unreadable { path: folder.to_owned(), source })?;
        if fs::canonicalize(folder).ok() == fs::canonicalize(own_home).ok() {
            return Err(HomeError::Own(folder.to_owned()));
        }
        let with = |prefix: PathBuf| Self {
            host: "".into(),
            seniority: 0,
            folder: folder.to_owned(),
            prefix,
            original: None,
            own_home: own_home.to_owned(),
        };
        if with(PathBuf::new()).agents().next().is_some() {
            return Ok(PathBuf::new());
        }
        // By its own name first, for `.claude` may be told from `.qwen` by that alone.
        let named = |prefix: &PathBuf| folder.ends_with(prefix);
        let (named, others): (Vec<PathBuf>, Vec<PathBuf>) = prefixes().into_iter().partition(named);
        let found = named.into_iter().chain(others).find(|prefix| with(prefix.clone()).holds_sessions());
        found.ok_or_else(|| HomeError::NoAgent(folder.to_owned()))
    }

    /// Where `agent` may keep sessions in it.
    pub fn roots(&self, agent: &dyn Agent) -> Vec<Root> {
        // Where the folder is only a part of a home directory the rest is not there to be looked at.
        let home = if self.prefix.as_os_str().is_empty() { self.folder.clone() } else { PathBuf::from("/\u{1}") };
        let stands_at = home.join(&self.prefix);
        let mut roots: Vec<Root> = Vec::new();
        for platform in [Platform::Linux, Platform::MacOs] {
            for root in agent.roots(&environment(&home, platform)) {
                let Ok(below) = root.path.strip_prefix(&stands_at) else { continue };
                let path = if below.as_os_str().is_empty() { self.folder.clone() } else { self.folder.join(below) };
                if root.path != home && !roots.iter().any(|known| known.path == path) {
                    roots.push(Root { path, recursive: root.recursive });
                }
            }
        }
        roots
    }

    /// Agents that have a folder in it.
    pub fn agents(&self) -> impl Iterator<Item = &'static dyn Agent> + '_ {
        let has_folder = |agent: &&dyn Agent| self.roots(*agent).iter().any(|root| root.path.is_dir());
        registry::agents().iter().copied().filter(has_folder)
    }

    /// Whether a source lies in it, links followed.
    pub fn holds(&self, source: &Source) -> bool {
        self.holds_file(source.file())
    }

    /// Whether a file lies in it, links followed.
    pub fn holds_file(&self, file: &Path) -> bool {
        match (fs::canonicalize(&self.folder), fs::canonicalize(file)) {
            (Ok(folder), Ok(file)) => file.starts_with(folder),
            // Compressed: the plain name is not there.
            _ => file.starts_with(&self.folder),
        }
    }

    /// The directory here that a directory of the machine corresponds to: the same one below the home directory.
    pub fn here(&self, directory: &Path) -> Option<PathBuf> {
        let below = directory.strip_prefix(self.original.as_ref()?).ok()?;
        Some(self.own_home.join(below))
    }

    /// Whether an agent finds a session in it. Folders alone would not do: `projects` is the name of many.
    fn holds_sessions(&self) -> bool {
        registry::agents().iter().any(|agent| {
            self.roots(*agent).iter().filter(|root| root.path != self.folder).any(|root| {
                let mut found = false;
                // What cannot be read of it is told when it is read.
                agent.find(root, &mut |_| found = true);
                agent.containers(root, &mut |_| found = true);
                found
            })
        })
    }
}

/// The home directory that a copied or mounted one was, as its path tells: the end of `/mnt/disk/home/ann`.
pub fn original_home(folder: &Path) -> Option<PathBuf> {
    let mut names = folder.components().rev();
    let last = names.next()?.as_os_str().to_str()?;
    match names.next().and_then(|name| name.as_os_str().to_str()) {
        Some(above @ ("home" | "Users")) => Some(Path::new("/").join(above).join(last)),
        _ if last == "root" => Some("/root".into()),
        _ => None,
    }
}

/// What a machine may be called whose disk the folder lies on: as `etc/hostname` says, else as the folder.
pub fn suggested_name(folder: &Path) -> Option<String> {
    let plain = |name: &str| {
        let kept = |character: char| {
            if character.is_ascii_alphanumeric() || ".-_".contains(character) { character } else { '-' }
        };
        let name: String = name.trim().chars().take(64).map(kept).collect();
        let name = name.trim_matches(['.', '-', '_']).to_owned();
        super::check_name(&name).is_ok().then_some(name)
    };
    let disks = folder.ancestors().skip(1).take(3).filter(|ancestor| *ancestor != Path::new("/"));
    let mut told = disks.filter_map(|disk| fs::read_to_string(disk.join("etc/hostname")).ok());
    told.find_map(|name| plain(name.lines().next()?)).or_else(|| plain(folder.file_name()?.to_str()?))
}

/// What agents' own folders are below a home directory, the outermost first.
fn prefixes() -> Vec<PathBuf> {
    let home = Path::new("/\u{1}");
    let mut prefixes: Vec<PathBuf> = Vec::new();
    for agent in registry::agents() {
        for platform in [Platform::Linux, Platform::MacOs] {
            for root in agent.roots(&environment(home, platform)) {
                let Ok(below) = root.path.strip_prefix(home) else { continue };
                let outer = below.ancestors().skip(1).filter(|outer| !outer.as_os_str().is_empty());
                prefixes.extend(outer.map(Path::to_owned));
            }
        }
    }
    prefixes.retain(|prefix| prefix.components().count() <= PREFIX_DEEPEST);
    prefixes.sort_by_key(|prefix| prefix.components().count());
    let mut seen = std::collections::BTreeSet::new();
    prefixes.retain(|prefix| seen.insert(prefix.clone()));
    prefixes
}

/// What readers may know of another machine: where its home directory lies here, and nothing of its variables.
fn environment(home: &Path, platform: Platform) -> Environment {
    Environment {
        home: home.to_owned(),
        variables: BTreeMap::new(),
        platform,
        projects: Vec::new(),
        out_of_sight: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_session(folder: &Path) {
        let project = folder.join("projects/-home-ann-app");
        fs::create_dir_all(&project).unwrap();
        fs::write(project.join("0b0d5c1e-1111-4222-8333-444455556666.jsonl"), "{}\n").unwrap();
    }

    #[test]
    fn homes_and_agents_folders_are_recognised_under_any_name() {
        let disk = tempfile::tempdir().unwrap();
        let own = disk.path().join("own");
        let (home, named, renamed) =
            (disk.path().join("home/ann"), disk.path().join("b/.claude"), disk.path().join("volume/_data"));
        fs::create_dir_all(&own).unwrap();
        with_session(&home.join(".claude"));
        with_session(&named);
        with_session(&renamed);
        let recognise = |folder: &Path| Home::recognise(folder, &own);
        assert_eq!(recognise(&home).unwrap(), Path::new(""));
        assert_eq!(recognise(&named).unwrap(), Path::new(".claude"));
        assert_eq!(recognise(&renamed).unwrap(), Path::new(".claude"));
        let parted = Home {
            host: "x".into(),
            seniority: 0,
            folder: renamed.clone(),
            prefix: ".claude".into(),
            original: Some("/home/ann".into()),
            own_home: "/home/bob".into(),
        };
        let roots = parted.roots(opensession_agents::by_id("claude-code").unwrap());
        assert_eq!(roots, [Root { path: renamed.join("projects"), recursive: true }]);
        assert_eq!(parted.here(Path::new("/home/ann/app")), Some("/home/bob/app".into()));
        assert_eq!(parted.here(Path::new("/srv/app")), None);

        let empty = disk.path().join("empty");
        fs::create_dir_all(empty.join("projects/app")).unwrap();
        assert!(matches!(recognise(&empty), Err(HomeError::NoAgent(_))));
        assert!(matches!(recognise(&disk.path().join("absent")), Err(HomeError::Unreadable { .. })));
        assert!(matches!(recognise(&own), Err(HomeError::Own(_))));
    }

    #[test]
    fn a_link_out_of_it_is_not_part_of_it() {
        let disk = tempfile::tempdir().unwrap();
        let (home, outside) = (disk.path().join("home"), disk.path().join("outside.jsonl"));
        fs::create_dir_all(home.join(".claude")).unwrap();
        fs::write(&outside, "").unwrap();
        std::os::unix::fs::symlink(&outside, home.join("link.jsonl")).unwrap();
        fs::write(home.join("own.jsonl"), "").unwrap();
        let home = Home {
            host: "x".into(),
            seniority: 0,
            folder: home,
            prefix: PathBuf::new(),
            original: None,
            own_home: "/home/bob".into(),
        };
        let source = |name: &str| Source {
            path: home.folder.join(name),
            kind: opensession_agents::SourceKind::Lines,
            native_id: "x".into(),
            parent: None,
            side_files: Vec::new(),
            version: 0,
        };
        assert!(home.holds(&source("own.jsonl")));
        assert!(!home.holds(&source("link.jsonl")));
    }

    #[test]
    fn a_machine_is_called_as_its_disk_says() {
        let disk = tempfile::tempdir().unwrap();
        let home = disk.path().join("home/ann");
        fs::create_dir_all(disk.path().join("etc")).unwrap();
        fs::create_dir_all(&home).unwrap();
        assert_eq!(suggested_name(&home).as_deref(), Some("ann"));
        fs::write(disk.path().join("etc/hostname"), "old laptop!\n").unwrap();
        assert_eq!(suggested_name(&home).as_deref(), Some("old-laptop"));
        assert_eq!(original_home(Path::new("/mnt/disk/home/ann")), Some("/home/ann".into()));
        assert_eq!(original_home(Path::new("/mnt/disk/root")), Some("/root".into()));
        assert_eq!(original_home(Path::new("/mnt/backup")), None);
    }
}
