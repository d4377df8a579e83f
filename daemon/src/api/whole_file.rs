//! Files that are there whole or not at all.

use std::{
    fs::{self, File, OpenOptions},
    io,
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

use jsonrpsee::core::RpcResult;
use jsonrpsee::types::ErrorObjectOwned;
use opensession_protocol::error;

use super::errors;

/// What becomes of a file that is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Over {
    /// It stays, and nothing is written, even where it came meanwhile.
    Refuses,
    /// The new one takes its place.
    Replaces,
}

/// Writes a file under another name first, so that nobody ever sees a part of it, and puts it into place when it is
/// whole. `hint` tells what can be done where it cannot be written.
pub(super) fn write<T>(
    path: &Path,
    over: Over,
    hint: &str,
    write: impl FnOnce(&mut File) -> RpcResult<T>,
) -> RpcResult<T> {
    let failed = |error: io::Error| unwritable(path, &error, hint);
    let folder = path.parent().ok_or_else(|| errors::bad_value("no folder to write to", "give the whole path"))?;
    fs::create_dir_all(folder).map_err(failed)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let partial = folder.join(format!(".{name}.{}.partial", std::process::id()));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&partial).map_err(failed)?;
    let outcome = write(&mut file).and_then(|written| {
        file.sync_all().map_err(failed)?;
        match over {
            // A link fails where there is a file.
            Over::Refuses => fs::hard_link(&partial, path).map_err(failed)?,
            Over::Replaces => fs::rename(&partial, path).map_err(failed)?,
        }
        Ok(written)
    });
    match fs::remove_file(&partial) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            tracing::warn!(%error, file = %partial.display(), "a partial file is left");
        }
        _ => {}
    }
    outcome
}

pub(super) fn unwritable(path: &Path, error: &io::Error, hint: &str) -> ErrorObjectOwned {
    errors::with_hint(error::REFUSED, format!("cannot write {}: {error}", path.display()), hint)
}
