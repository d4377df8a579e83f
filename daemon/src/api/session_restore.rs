//! `session/restore`

use std::{
    io::Write,
    path::{Path, PathBuf},
};

use jsonrpsee::core::RpcResult;
use jsonrpsee::types::ErrorObjectOwned;
use opensession_agents::SourceKind;
use opensession_protocol::{Restored, Scope, error};

use super::{
    errors, scope,
    whole_file::{self, Over},
};
use crate::engine::Engine;

const HINT: &str = "write elsewhere: --to PATH";

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
        None if row.host.is_some() => {
            return Err(refused("its file is another machine's, and is not written back there", HINT));
        }
        None => row.source.path.clone(),
    };
    let mut twin = target.as_os_str().to_owned();
    twin.push(".zst");
    for there in [target.clone(), PathBuf::from(twin)] {
        if there.symlink_metadata().is_ok() {
            return Err(refused(format!("{} is there; nothing is written over it", there.display()), HINT));
        }
    }
    let bytes = whole_file::write(&target, Over::Refuses, HINT, |file| {
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
            whole_file::write(&path, Over::Refuses, HINT, |file| {
                file.write_all(&side_file.bytes).map_err(|error| whole_file::unwritable(&path, &error, HINT))
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

fn refused(message: impl Into<String>, hint: impl Into<String>) -> ErrorObjectOwned {
    errors::with_hint(error::REFUSED, message, hint)
}
