//! `session/export`

use std::{
    collections::BTreeMap,
    fs::{self, File, OpenOptions},
    io::{self, BufWriter, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use jsonrpsee::core::RpcResult;
use jsonrpsee::types::ErrorObjectOwned;
use opensession_hail::{
    Event, Git, Header, Relation,
    export::{Exported, Exporter, Figures, Form, Subject},
};
use opensession_protocol::{ExportAnswer, ExportFormat, Scope, SessionInfo, SessionRelation, error};

use super::{errors, handoff_create, scope};
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
        active_ms: stats.active_ms,
    };
    Subject {
        short_id: engine.catalog().short_id(&info.id).to_owned(),
        agent_name: opensession_agents::by_id(&info.agent).map_or(&*info.agent, |agent| agent.name()).to_owned(),
        figures: Some(figures),
        zone: jiff::tz::TimeZone::system(),
        header: header(&info),
        id: info.id,
    }
}

/// The header line that makes the events a HAIL file.
fn header(session: &SessionInfo) -> Header {
    let git = Git {
        repository: session.remote.clone().or_else(|| session.repository.clone()),
        branch: session.branch.clone(),
        commit: session.commit.clone(),
    };
    Header {
        model: session.model.clone(),
        ts: session.started,
        id: Some(session.native_id.clone()).filter(|id| !id.is_empty()),
        agent_version: session.agent_version.clone(),
        cwd: session.cwd.clone(),
        git: Some(git).filter(|git| *git != Git::default()),
        title: Some(session.title.clone()).filter(|title| !title.is_empty()),
        parent: session.parent.clone(),
        relation: session.relation.map(|relation| match relation {
            SessionRelation::Subagent => Relation::Subagent,
            SessionRelation::Fork => Relation::Fork,
        }),
        ..Header::new(&*session.agent)
    }
}

/// Writes under another name first, so that nobody ever sees a part of it; then the file is put into place, over one
/// that is there only when it is forced.
fn write_file(
    path: &Path,
    force: bool,
    write: impl FnOnce(&mut BufWriter<File>) -> Result<Exported, ExportError>,
) -> RpcResult<(u64, Exported)> {
    let is_there = path.symlink_metadata();
    if is_there.as_ref().is_ok_and(|there| !there.is_file() && !there.is_symlink()) {
        return Err(refused(format!("{} is no file", path.display()), "write elsewhere: -o FILE"));
    }
    if is_there.is_ok() && !force {
        return Err(in_the_way(path));
    }
    let failed = |error: io::Error| ExportError::File(error).told(path);
    let folder = path.parent().ok_or_else(|| errors::bad_value("no folder to write to", "give the whole path"))?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let partial = folder.join(format!(".{name}.{}.partial", std::process::id()));
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&partial).map_err(failed)?;
    let mut file = BufWriter::new(file);
    let outcome = write(&mut file).map_err(|error| error.told(path)).and_then(|exported| {
        let file = file.into_inner().map_err(|error| failed(error.into_error()))?;
        let bytes = file.metadata().map_err(failed)?.len();
        if force {
            fs::rename(&partial, path).map_err(failed)?;
        } else {
            // A link fails where a file came meanwhile.
            fs::hard_link(&partial, path).map_err(|error| match error.kind() {
                io::ErrorKind::AlreadyExists => in_the_way(path),
                _ => failed(error),
            })?;
        }
        Ok((bytes, exported))
    });
    match fs::remove_file(&partial) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            tracing::warn!(%error, file = %partial.display(), "a partial file is left");
        }
        _ => {}
    }
    outcome
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
            ExportError::File(error) => {
                refused(format!("cannot write {}: {error}", path.display()), "write elsewhere: -o FILE")
            }
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
