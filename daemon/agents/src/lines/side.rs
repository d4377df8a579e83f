//! Side files: small files beside a source that are given whole when they changed.

use std::{
    fs::{self, File},
    io::{ErrorKind, Read},
    path::{Path, PathBuf},
};

use super::content;
use crate::{Problem, Record, Sink};

/// A side file longer than this is not read.
const LONGEST: u64 = 1 << 20;

/// Names, sizes and modification times hashed together; zero when none of the files exists.
pub(super) fn fingerprint(files: &[PathBuf]) -> u64 {
    let mut text = Vec::new();
    for file in files {
        if let Ok(metadata) = fs::metadata(file) {
            text.extend_from_slice(name(file).as_bytes());
            text.push(0);
            text.extend_from_slice(&metadata.len().to_le_bytes());
            text.extend_from_slice(&content::modified_ns(&metadata).to_le_bytes());
        }
    }
    if text.is_empty() { 0 } else { content::hash(&text) }
}

/// Gives each file that exists as one record.
pub(super) fn give(files: &[PathBuf], sink: &mut dyn Sink) {
    for file in files {
        let name = name(file);
        match read(file) {
            Ok(Some(bytes)) => {
                let record = Record { side: Some(&name), session: None, position: 0, number: 0, bytes: &bytes };
                sink.record(record);
            }
            Ok(None) => {}
            Err(reason) => {
                let reason = format!("cannot read the side file {name}: {reason}");
                sink.problem(Problem { record: 0, position: 0, reason });
            }
        }
    }
}

fn read(file: &Path) -> Result<Option<Vec<u8>>, String> {
    let opened = fs::metadata(file)
        .and_then(|metadata| if metadata.is_file() { File::open(file) } else { Err(ErrorKind::InvalidInput.into()) });
    let opened = match opened {
        Ok(opened) => opened,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.to_string()),
    };
    let mut bytes = Vec::new();
    opened.take(LONGEST + 1).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    if bytes.len() as u64 > LONGEST {
        return Err("it is longer than 1 MB".to_owned());
    }
    Ok(Some(bytes))
}

fn name(file: &Path) -> String {
    file.file_name().unwrap_or(file.as_os_str()).to_string_lossy().into_owned()
}
