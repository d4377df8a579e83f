//! `session/restore`

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use jsonrpsee::core::RpcResult;
use jsonrpsee::types::ErrorObjectOwned;
use opensession_agents::SourceKind;
use opensession_protocol::{Restored, Scope, error};

use super::{errors, scope};
use crate::engine::Engine;

pub(super) fn answer(engine: &Engine, name: &str, to: Option<&str>, wanted: &Scope) -> RpcResult<Restored> {
    let entry = scope::session(engine, name, wanted)?.session;
    let row = engine
        .texts
        .with_reader(|reader| reader.source(entry.source))
        .map_err(errors::store)?
        .ok_or_else(|| refused("its raw records are not kept", "nothing can be done"))?;
    if matches!(row.source.kind, SourceKind::Rows | SourceKind::Section) {
        return Err(refused(
            format!("{} keeps this session together with others, in a place that is not written into", row.agent),
            "its text is kept: opensession show, opensession search",
        ));
    }
    let target = match to {
        Some(to) if Path::new(to).is_absolute() => PathBuf::from(to),
        Some(to) => return Err(errors::bad_value(format!("{to} is not an absolute path"), "give the whole path")),
        None => row.source.path.clone(),
    };
    let mut twin = target.as_os_str().to_owned();
    twin.push(".zst");
    for there in [target.clone(), PathBuf::from(twin)] {
        if there.symlink_metadata().is_ok() {
            return Err(refused(
                format!("{} is there; nothing is written over it", there.display()),
                "write elsewhere: --to PATH",
            ));
        }
    }
    let bytes = write_whole(&target, |file| {
        let mut written = 0;
        engine
            .texts
            .with_reader(|reader| {
                reader.raw(row.id, row.cursor.generation, |_, _, plain| {
                    written += plain.len() as u64;
                    file.write_all(plain)
                })
            })
            .map_err(errors::store)?;
        Ok(written)
    })?;
    let mut side_files = Vec::new();
    let kept = engine.texts.with_reader(|reader| reader.side_files(row.id)).map_err(errors::store)?;
    for side_file in kept {
        // Kept under a bare name; a separator in it would lead elsewhere.
        let Some(folder) = target.parent().filter(|_| !side_file.name.contains('/')) else { continue };
        let path = folder.join(&side_file.name);
        if path.symlink_metadata().is_err() {
            write_whole(&path, |file| {
                file.write_all(&side_file.bytes).map_err(|error| unwritable(&path, &error))?;
                Ok(0)
            })?;
            side_files.push(path.display().to_string());
        }
    }
    let agent = opensession_agents::registry::by_id(&row.agent);
    Ok(Restored {
        path: target.display().to_string(),
        bytes,
        side_files,
        resume: agent.and_then(|agent| agent.resume(&entry.info.native_id)),
        resume_cwd: entry.info.cwd.clone(),
    })
}

/// Writes a file under another name first, so that nobody ever sees a part of it, and links it into place, so that a
/// file that came meanwhile is not written over.
fn write_whole(path: &Path, write: impl FnOnce(&mut File) -> RpcResult<u64>) -> RpcResult<u64> {
    let failed = |error: io::Error| unwritable(path, &error);
    let folder = path.parent().ok_or_else(|| errors::bad_value("no folder to write to", "give the whole path"))?;
    fs::create_dir_all(folder).map_err(failed)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let partial = folder.join(format!(".{name}.{}.partial", std::process::id()));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&partial).map_err(failed)?;
    let outcome = write(&mut file).and_then(|bytes| {
        file.sync_all().map_err(failed)?;
        fs::hard_link(&partial, path).map_err(failed)?;
        Ok(bytes)
    });
    if let Err(error) = fs::remove_file(&partial) {
        tracing::warn!(%error, file = %partial.display(), "a partial file is left");
    }
    outcome
}

fn unwritable(path: &Path, error: &io::Error) -> ErrorObjectOwned {
    refused(format!("cannot write {}: {error}", path.display()), "write elsewhere: --to PATH")
}

fn refused(message: impl Into<String>, hint: impl Into<String>) -> ErrorObjectOwned {
    errors::with_hint(error::REFUSED, message, hint)
}
