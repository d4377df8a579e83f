//! `session/export`

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

use jsonrpsee::core::RpcResult;
use jsonrpsee::types::ErrorObjectOwned;
use opensession_hail::{
    Event,
    export::{Exported, Exporter, Figures, Form, Subject},
};
use opensession_protocol::{ExportAnswer, ExportFormat, Scope, error};

use super::{
    errors, handoff_create, scope,
    whole_file::{self, Over},
};
use crate::{
    catalog::SessionEntry,
    engine::Engine,
    store::{EventRange, StoreError},
};

/// The longest text that is answered; what is longer needs a file.
const TEXT_BYTES: usize = 8_000_000;

/// What was asked for.
pub(super) struct Asked {
    pub(super) format: ExportFormat,
    pub(super) to: Option<String>,
    pub(super) force: bool,
    pub(super) redact: bool,
}

/// What can be done where a file cannot be written.
const HINT: &str = "write elsewhere: -o FILE";

pub(super) fn answer(engine: &Engine, name: &str, asked: &Asked, wanted: &Scope) -> RpcResult<ExportAnswer> {
    let named = scope::session(engine, name, wanted)?;
    if named.event.is_some() {
        return Err(errors::bad_value("an export is of a whole session", "leave out the event's number"));
    }
    let entry = named.session;
    let session = engine.catalog().brief(&entry);
    let mut answer = ExportAnswer { session, format: asked.format, ..ExportAnswer::default() };
    let Some(to) = &asked.to else {
        let mut text = Limited { bytes: Vec::new(), is_full: false };
        match write(engine, &entry, asked, &mut text) {
            Ok(exported) => {
                answer.bytes = text.bytes.len() as u64;
                answer.text = Some(String::from_utf8(text.bytes).map_err(|error| errors::not_text(&error))?);
                (answer.events, answer.redactions) = counted(exported);
            }
            Err(_) if text.is_full => {}
            Err(failure) => return Err(failure.told(Path::new(name))),
        }
        return Ok(answer);
    };
    let target = PathBuf::from(to);
    if !target.is_absolute() {
        return Err(errors::bad_value(format!("{to} is not an absolute path"), "give the whole path"));
    }
    let (bytes, exported) = write_file(&target, asked.force, |file| write(engine, &entry, asked, file))?;
    answer.path = Some(target.display().to_string());
    answer.bytes = bytes;
    (answer.events, answer.redactions) = counted(exported);
    Ok(answer)
}

/// The figures of an answer. That a home directory was shortened is not told: it is no secret.
fn counted(exported: Exported) -> (u64, BTreeMap<String, u64>) {
    let mut redactions = exported.redactions;
    redactions.remove("home");
    (exported.events, redactions)
}

fn write(engine: &Engine, entry: &SessionEntry, asked: &Asked, writer: impl Write) -> Result<Exported, ExportError> {
    let form = match asked.format {
        ExportFormat::Hail => Form::Hail,
        ExportFormat::Markdown => Form::Markdown,
        ExportFormat::Json => Form::Json,
        ExportFormat::Html => Form::Html,
    };
    let redactor = asked.redact.then(|| handoff_create::redactor().fresh());
    let mut exporter = Exporter::new(writer, form, subject(engine, entry), redactor)?;
    let mut failed = None;
    let range = EventRange { session: entry.key, from: 1, to: u32::MAX };
    engine.texts.with_reader(|reader| {
        reader.event_lines(range, |number, _, line| {
            // A line that cannot be read back is told by `doctor`; the rest holds all the same.
            let Ok(event) = Event::from_json(line) else { return true };
            failed = exporter.event(number, event).err();
            failed.is_none()
        })
    })?;
    match failed {
        Some(error) => Err(error.into()),
        None => Ok(exporter.finish()?.1),
    }
}

fn subject(engine: &Engine, entry: &SessionEntry) -> Subject {
    let info = entry.info_at(jiff::Timestamp::now().as_millisecond());
    let stats = &info.stats;
    let figures = Figures {
        turns: stats.turns,
        files: stats.files,
        added: stats.added,
        removed: stats.removed,
        errors: stats.errors,
        tokens: stats.input_tokens + stats.output_tokens + stats.cache_read_tokens + stats.cache_write_tokens,
        cost: stats.cost,
        cost_estimated: stats.cost_estimated,
        active_ms: stats.active_ms,
    };
    Subject {
        short_id: engine.catalog().short_id(&info.id).to_owned(),
        agent_name: opensession_agents::registry::by_id(&info.agent)
            .map_or(&*info.agent, |agent| agent.name())
            .to_owned(),
        figures: Some(figures),
        zone: jiff::tz::TimeZone::system(),
        header: info.header(),
        id: info.id,
    }
}

/// Writes the file; over one that is there only when it is forced.
fn write_file(
    path: &Path,
    force: bool,
    write: impl FnOnce(&mut BufWriter<&mut File>) -> Result<Exported, ExportError>,
) -> RpcResult<(u64, Exported)> {
    let is_there = path.symlink_metadata();
    if is_there.as_ref().is_ok_and(|there| !there.is_file() && !there.is_symlink()) {
        return Err(refused(format!("{} is no file", path.display()), HINT));
    }
    if is_there.is_ok() && !force {
        return Err(in_the_way(path));
    }
    if path.parent().is_none_or(|folder| !folder.is_dir()) {
        return Err(refused(format!("there is no folder for {}", path.display()), HINT));
    }
    let over = if force { Over::Replaces } else { Over::Refuses };
    whole_file::write(path, over, HINT, |file| {
        let failed = |error: io::Error| ExportError::File(error).told(path);
        let mut buffered = BufWriter::new(&mut *file);
        let exported = write(&mut buffered).map_err(|error| error.told(path))?;
        buffered.flush().map_err(failed)?;
        drop(buffered);
        Ok((file.metadata().map_err(failed)?.len(), exported))
    })
}

fn in_the_way(path: &Path) -> ErrorObjectOwned {
    refused(format!("{} is there", path.display()), "write elsewhere, or over it: --force")
}

fn refused(message: impl Into<String>, hint: impl Into<String>) -> ErrorObjectOwned {
    errors::with_hint(error::REFUSED, message, hint)
}

/// Why a session could not be written.
#[derive(Debug, thiserror::Error)]
enum ExportError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    File(#[from] io::Error),
}

impl ExportError {
    fn told(self, path: &Path) -> ErrorObjectOwned {
        match self {
            ExportError::Store(error) => errors::store(error),
            ExportError::File(error) => whole_file::unwritable(path, &error, HINT),
        }
    }
}

/// Bytes up to a bound.
struct Limited {
    bytes: Vec<u8>,
    is_full: bool,
}

impl Write for Limited {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.bytes.len() + bytes.len() > TEXT_BYTES {
            self.is_full = true;
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
