//! One pull: what changed in a home directory on another machine comes into its mirror.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use opensession_agents::{Agent, Environment};
use opensession_protocol::HostProgress;

use super::{
    Address, database,
    entry::{self, Entry},
    fetch,
    mirror::{Mirror, MirrorError},
    shell::{Bounds, Shell, ShellError},
    wanted::{Folder, How, Wanted, Wishes},
};

/// A larger file is left where it is.
pub(super) const FILE_MOST: u64 = 1 << 30;
/// A pull that takes longer is broken off, and gone on with.
pub(super) const TIME_MOST: Duration = Duration::from_mins(30);
/// Bytes of a folder's listing.
const LISTING_MOST: u64 = 64 << 20;
/// Files pulled at most.
const FILES_MOST: usize = 200_000;
/// Folders whose listings are awaited at once.
const LISTINGS: usize = 32;
/// Files asked for by name at once.
const NAMES: usize = 32;
/// A file written to within so many seconds before it was listed may be written to in the same second again.
const SETTLES: i64 = 2;
/// Files that are named as left there.
const LEFT_NAMED: usize = 20;

/// What a pull brought.
#[derive(Debug, Clone, Default)]
pub(super) struct Pulled {
    /// The home directory there.
    pub(super) home: PathBuf,
    /// Files that are new or changed.
    pub(super) files: u64,
    /// Files that are gone.
    pub(super) gone: u64,
    /// Bytes that came.
    pub(super) bytes: u64,
    /// What was left there, and why.
    pub(super) left: Vec<String>,
    /// It was broken off by the clock: there is more.
    pub(super) more: bool,
}

/// Why a pull failed. What came before it failed stays.
#[derive(Debug, thiserror::Error)]
pub(super) enum PullError {
    /// The other side.
    #[error(transparent)]
    Shell(#[from] ShellError),
    /// This side.
    #[error("{0}")]
    Mirror(#[from] MirrorError),
    /// This side.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// How a pull goes: what it brought until now, and who is told.
pub(super) struct Course<'a> {
    pulled: Pulled,
    progress: HostProgress,
    report: &'a dyn Fn(&HostProgress),
    now: i64,
}

impl Course<'_> {
    /// Whether the file will not change without its time changing.
    pub(super) fn is_settled(&self, entry: &Entry) -> bool {
        entry.modified + SETTLES < self.now
    }

    /// So many bytes came.
    pub(super) fn received(&mut self, bytes: u64) {
        self.pulled.bytes += bytes;
        self.progress.bytes_done = self.pulled.bytes;
        (self.report)(&self.progress);
    }

    /// A file is here.
    pub(super) fn brought(&mut self) {
        self.pulled.files += 1;
        self.progress.files_done += 1;
        (self.report)(&self.progress);
    }

    /// A file turned out to be as it was.
    pub(super) fn passed(&mut self) {
        self.progress.files_done += 1;
    }

    fn leave(&mut self, path: &Path, why: &str) {
        match self.pulled.left.len() {
            ..LEFT_NAMED => self.pulled.left.push(format!("{}: {why}", path.display())),
            LEFT_NAMED => self.pulled.left.push("and more".to_owned()),
            _ => {}
        }
    }
}

/// Pulls from `address` into the mirror in `folder`, for these agents. `report` hears how it goes.
pub(super) fn pull(
    address: &Address,
    folder: &Path,
    agents: impl IntoIterator<Item = &'static dyn Agent>,
    bounds: Bounds,
    report: &dyn Fn(&HostProgress),
) -> Result<Pulled, PullError> {
    let mirror = Mirror::open(folder)?;
    let (mut shell, greeting) = Shell::open(address, bounds)?;
    let environment = Environment {
        home: mirror.home().to_owned(),
        variables: BTreeMap::new(),
        platform: greeting.platform,
        projects: Vec::new(),
        out_of_sight: true,
    };
    let wishes = Wishes::new(agents, &environment);
    let pulled = Pulled { home: greeting.home, ..Pulled::default() };
    let mut course = Course { pulled, progress: HostProgress::default(), report, now: greeting.now };
    let outcome = run(&mut shell, &mirror, &wishes, folder, &mut course);
    match outcome {
        Ok(()) => mirror.sweep(),
        Err(PullError::Shell(ShellError::Late)) if course.pulled.bytes > 0 => course.pulled.more = true,
        Err(error) => return Err(error),
    }
    Ok(course.pulled)
}

fn run(
    shell: &mut Shell,
    mirror: &Mirror,
    wishes: &Wishes,
    folder: &Path,
    course: &mut Course<'_>,
) -> Result<(), PullError> {
    let folders = wishes.folders();
    let (listed, whole) = list(shell, &folders, course)?;
    let there: BTreeSet<PathBuf> = listed.iter().map(|entry| entry.path.clone()).collect();
    let (mut wanted, beside) = wishes.choose(listed);
    let beside = named(shell, &beside)?;
    wanted.extend(beside.into_iter().map(|entry| Wanted { entry, how: How::Whole, log: None, journal: false }));
    wanted.retain(|wanted| {
        let fits = wanted.entry.size <= FILE_MOST;
        if !fits {
            course.leave(&wanted.entry.path, "larger than 1 GB");
        }
        fits
    });
    // The last written first: sessions that are looked for most often.
    wanted.sort_by_key(|wanted| std::cmp::Reverse(wanted.entry.modified));
    wanted.truncate(FILES_MOST);
    let mut stamps = Stamps::read(folder);
    wanted.retain(|wanted| match wanted.how {
        How::Database => !stamps.hold(mirror, wanted),
        How::Lines | How::Whole => !mirror.holds(&wanted.entry),
    });
    course.progress.files_total = wanted.len() as u64;
    course.progress.bytes_total = wanted.iter().map(|wanted| lacking(mirror, wanted)).sum();
    (course.report)(&course.progress);

    let (databases, mut files): (Vec<Wanted>, Vec<Wanted>) =
        wanted.into_iter().partition(|wanted| wanted.how == How::Database);
    fetch::fetch(shell, mirror, std::mem::take(&mut files), course)?;
    for wanted in databases {
        match database::fetch(shell, mirror, &wanted, course)? {
            database::Outcome::Here => {
                let mut parts = std::iter::once(&wanted.entry).chain(&wanted.log);
                let is_settled = parts.all(|part| course.is_settled(part));
                stamps.put(&wanted, is_settled);
            }
            database::Outcome::NoDatabase => files.push(Wanted { how: How::Whole, ..wanted }),
            database::Outcome::NotNow => course.leave(&wanted.entry.path, "it is being written; tried again next time"),
            database::Outcome::TooLarge => course.leave(&wanted.entry.path, "larger than 1 GB"),
        }
        stamps.write(folder)?;
    }
    let others = files.clone();
    files.retain(|wanted| !mirror.holds(&wanted.entry));
    fetch::fetch(shell, mirror, files, course)?;
    for wanted in others.iter().filter(|wanted| mirror.holds(&wanted.entry)) {
        stamps.put(wanted, true);
    }
    stamps.write(folder)?;
    for folder in whole {
        for path in mirror.files(&folder.path, folder.recursive) {
            if !there.contains(&path) {
                mirror.remove(&path)?;
                course.pulled.gone += 1;
            }
        }
    }
    Ok(())
}

/// The files in these folders; and those of the folders that are there and were listed whole.
fn list(
    shell: &mut Shell,
    folders: &[Folder],
    course: &mut Course<'_>,
) -> Result<(Vec<Entry>, Vec<Folder>), PullError> {
    let (mut listed, mut whole) = (Vec::new(), Vec::new());
    for some in folders.chunks(LISTINGS) {
        let mut asked = Vec::new();
        for folder in some {
            let Some(name) = entry::quoted(&folder.path) else { continue };
            let depth = if folder.recursive { "''" } else { "'-maxdepth 1'" };
            shell.ask(&format!("L {name} {depth}"))?;
            asked.push(folder);
        }
        for folder in asked {
            let answer = shell.answer(LISTING_MOST)?;
            let (entries, refused) = entry::read(&answer.bytes);
            // A file that is named elsewhere than was asked for is none.
            listed.extend(entries.into_iter().filter(|entry| entry.path.starts_with(&folder.path)));
            match answer.status.as_str() {
                "whole" if refused == 0 => whole.push(folder.clone()),
                "whole" => course.leave(&folder.path, &format!("{refused} files in it have names that are not taken")),
                "part" => course.leave(&folder.path, "parts of it cannot be listed"),
                _ => {}
            }
        }
    }
    Ok((listed, whole))
}

/// Those of the files that are there.
fn named(shell: &mut Shell, paths: &[PathBuf]) -> Result<Vec<Entry>, PullError> {
    let mut entries = Vec::new();
    for some in paths.chunks(NAMES) {
        let names: Vec<String> = some.iter().filter_map(|path| entry::quoted(path)).collect();
        shell.ask(&format!("S {}", names.join(" ")))?;
        let (found, _) = entry::read(&shell.answer(1 << 20)?.bytes);
        entries.extend(found.into_iter().filter(|entry| some.contains(&entry.path)));
    }
    Ok(entries)
}

/// Bytes that are not here yet, as far as that can be told.
fn lacking(mirror: &Mirror, wanted: &Wanted) -> u64 {
    let here = mirror.stamp(&wanted.entry.path).map_or(0, |(size, _)| size);
    match wanted.how {
        How::Lines if here <= wanted.entry.size => wanted.entry.size - here,
        _ => wanted.entry.size,
    }
}

/// What tells that databases are as they were: the file here is not byte for byte the one there.
#[derive(Debug, Default)]
struct Stamps(BTreeMap<String, String>);

impl Stamps {
    const FILE: &'static str = "databases.json";

    fn read(folder: &Path) -> Self {
        // Without it everything is compared again.
        let bytes = fs::read(folder.join(Self::FILE)).unwrap_or_default();
        Self(serde_json::from_slice(&bytes).unwrap_or_default())
    }

    fn write(&self, folder: &Path) -> Result<(), PullError> {
        let path = folder.join(Self::FILE);
        let partial = folder.join("databases.json.partial");
        let json = serde_json::to_vec(&self.0).expect("texts alone");
        let written = fs::write(&partial, json).and_then(|()| fs::rename(&partial, &path));
        written.map_err(|source| PullError::Write { path, source })
    }

    fn name(wanted: &Wanted) -> String {
        wanted.entry.path.to_string_lossy().into_owned()
    }

    fn hold(&self, mirror: &Mirror, wanted: &Wanted) -> bool {
        self.0.get(&Self::name(wanted)) == Some(&database::stamp(wanted)) && mirror.stamp(&wanted.entry.path).is_some()
    }

    fn put(&mut self, wanted: &Wanted, is_settled: bool) {
        if is_settled {
            self.0.insert(Self::name(wanted), database::stamp(wanted));
        } else {
            self.0.remove(&Self::name(wanted));
        }
    }
}
