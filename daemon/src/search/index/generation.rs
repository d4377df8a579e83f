//! The folders of an index: numbered generations, and the file that says which one counts.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::IndexError;

const CURRENT: &str = "CURRENT";

/// The folder of an index.
#[derive(Debug)]
pub(super) struct Generations {
    folder: PathBuf,
}

impl Generations {
    pub(super) fn new(folder: &Path) -> Result<Self, IndexError> {
        fs::create_dir_all(folder).map_err(|source| IndexError::Io { path: folder.to_owned(), source })?;
        Ok(Self { folder: folder.to_owned() })
    }

    /// The generation that counts; `None` when there is none yet or `CURRENT` makes no sense.
    pub(super) fn current(&self) -> Result<Option<PathBuf>, IndexError> {
        let path = self.folder.join(CURRENT);
        let name = match fs::read_to_string(&path) {
            Ok(name) => name,
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::InvalidData) => {
                return Ok(None);
            }
            Err(source) => return Err(IndexError::Io { path, source }),
        };
        let Ok(number) = name.trim().parse::<u64>() else { return Ok(None) };
        let folder = self.folder.join(number.to_string());
        Ok(folder.is_dir().then_some(folder))
    }

    /// A new, empty generation.
    pub(super) fn next(&self) -> Result<PathBuf, IndexError> {
        let last = self.numbers()?.into_iter().max().unwrap_or(0);
        let path = self.folder.join((last + 1).to_string());
        fs::create_dir(&path).map_err(|source| IndexError::Io { path: path.clone(), source })?;
        Ok(path)
    }

    /// Makes a generation the one that counts, atomically, and deletes all others.
    pub(super) fn make_current(&self, generation: &Path) -> Result<(), IndexError> {
        let name = generation.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let temporary = self.folder.join("CURRENT.new");
        let path = self.folder.join(CURRENT);
        let replace = || {
            let mut file = fs::File::create(&temporary)?;
            io::Write::write_all(&mut file, name.as_bytes())?;
            file.sync_all()?;
            fs::rename(&temporary, &path)
        };
        replace().map_err(|source| IndexError::Io { path: path.clone(), source })?;
        self.sweep()
    }

    /// Deletes all generations but the current one.
    pub(super) fn sweep(&self) -> Result<(), IndexError> {
        let Some(current) = self.current()? else { return Ok(()) };
        for number in self.numbers()? {
            let path = self.folder.join(number.to_string());
            if path != current {
                match fs::remove_dir_all(&path) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => {
                        // What is left over costs room only; the next sweep tries again.
                        tracing::warn!(path = %path.display(), %error, "an old search index could not be deleted");
                    }
                    _ => {}
                }
            }
        }
        Ok(())
    }

    fn numbers(&self) -> Result<Vec<u64>, IndexError> {
        let failed = |source| IndexError::Io { path: self.folder.clone(), source };
        let mut numbers = Vec::new();
        for entry in fs::read_dir(&self.folder).map_err(failed)? {
            let name = entry.map_err(failed)?.file_name();
            numbers.extend(name.to_str().and_then(|name| name.parse::<u64>().ok()));
        }
        Ok(numbers)
    }
}
