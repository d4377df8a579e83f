//! A log file that is renamed when it is full: `daemon.log`, `daemon.log.1` (the last one), `daemon.log.2`, …

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

/// Appends to a file, and begins a new one when it would grow beyond a limit.
#[derive(Debug)]
pub struct RotatingFile {
    path: PathBuf,
    file: File,
    length: u64,
    limit: u64,
    files: usize,
}

impl RotatingFile {
    /// Opens the file (0600) to append to. It has at most `limit` bytes, and at most `files` files are kept.
    pub fn open(path: &Path, limit: u64, files: usize) -> io::Result<Self> {
        let file = append(path)?;
        let length = file.metadata()?.len();
        Ok(Self { path: path.to_owned(), file, length, limit, files })
    }

    fn rotate(&mut self) -> io::Result<()> {
        let numbered = |number: usize| {
            let mut name = self.path.clone().into_os_string();
            if number > 0 {
                name.push(format!(".{number}"));
            }
            PathBuf::from(name)
        };
        for number in (1..self.files).rev() {
            match fs::rename(numbered(number - 1), numbered(number)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        if self.files <= 1 {
            fs::remove_file(&self.path)?;
        }
        self.file = append(&self.path)?;
        self.length = 0;
        Ok(())
    }
}

impl Write for RotatingFile {
    /// Takes the whole line, so that no line is torn between two files.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if self.length > 0 && self.length + line.len() as u64 > self.limit {
            self.rotate()?;
        }
        self.file.write_all(line)?;
        self.length += line.len() as u64;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

fn append(path: &Path) -> io::Result<File> {
    OpenOptions::new().append(true).create(true).mode(0o600).open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_last_files_and_no_torn_lines() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("daemon.log");
        let mut log = RotatingFile::open(&path, 20, 3).unwrap();
        for number in 0..9 {
            log.write_all(format!("line {number}\n").as_bytes()).unwrap();
        }
        drop(log);
        let read = |name: &str| fs::read_to_string(directory.path().join(name)).unwrap();
        assert_eq!(read("daemon.log"), "line 8\n");
        assert_eq!(read("daemon.log.1"), "line 6\nline 7\n");
        assert_eq!(read("daemon.log.2"), "line 4\nline 5\n");
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 3);

        let mut log = RotatingFile::open(&path, 20, 3).unwrap();
        log.write_all(b"after a start\n").unwrap();
        assert_eq!(read("daemon.log.1"), "line 8\n", "the length of the file that was there counts");
    }
}
