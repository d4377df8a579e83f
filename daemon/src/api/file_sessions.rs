//! `file/sessions`

use std::{
    collections::HashMap,
    path::{Component, Path, PathBuf},
    sync::Arc,
};

use jiff::Timestamp;
use jsonrpsee::core::RpcResult;
use opensession_hail::{Body, Event, Role};
use opensession_protocol::{FileSession, FileSessions, Scope};

use super::{errors, filter};
use crate::{
    catalog::{Catalog, SessionEntry, SessionKey},
    engine::Engine,
    git,
    search::{FoundHit, SearchRequest},
    store::{EventRange, Reader, StoreError},
};

/// Sessions of an answer, unless the caller says.
const LIMIT: u32 = 20;
/// Sessions of an answer at most.
const LIMIT_MOST: u32 = 200;
/// Sessions and hits of one session looked at.
const SESSIONS_LOOKED_AT: usize = 2_000;
const HITS_LOOKED_AT: usize = 200;
/// Bytes of a path.
const PATH_BYTES: usize = 4_096;
/// Characters of a prompt.
const PROMPT_CHARACTERS: usize = 500;
/// Events read at once, and at most, on the way back to a prompt.
const WINDOW: u32 = 200;
const BACK_MOST: u32 = 5_000;

pub(super) fn answer(
    engine: &Engine,
    path: &str,
    limit: Option<u32>,
    exclude: &[String],
    wanted: &Scope,
) -> RpcResult<FileSessions> {
    if path.is_empty() || path.len() > PATH_BYTES {
        return Err(errors::bad_value("a path has 1 to 4,096 bytes", "give the path of one file"));
    }
    let catalog = engine.catalog();
    let file = File::resolve(engine, path, wanted);
    let exclude = exclude
        .iter()
        .map(|name| catalog.named(name, |_| true).map(|named| named.session.root).map_err(errors::name))
        .collect::<RpcResult<Vec<_>>>()?;
    let hits = hits(engine, &catalog, &file)?;
    let mut touched = engine
        .texts
        .with_reader(|reader| {
            let mut touched: HashMap<SessionKey, Touched> = HashMap::new();
            for (holder, hits) in hits {
                let Some(entry) = catalog.get(holder).filter(|entry| !exclude.contains(&entry.root)) else { continue };
                let Some(row) = reader.session(holder)? else { continue };
                let mut files = row.statistics.files.iter().filter(|(path, _)| file.is(path, entry)).peekable();
                if files.peek().is_none() {
                    continue;
                }
                let session = touched.entry(entry.root).or_default();
                for (_, statistics) in files {
                    session.edits += statistics.edits;
                    session.added += statistics.added;
                    session.removed += statistics.removed;
                }
                session.hits.extend(hits);
            }
            Ok(touched)
        })
        .map_err(errors::store)?;
    let mut order: Vec<(i64, SessionKey)> = touched
        .iter_mut()
        .map(|(root, session)| {
            session.hits.sort_by_key(|hit| std::cmp::Reverse((hit.ts_ms, hit.event)));
            (session.hits.first().map_or(0, |hit| hit.ts_ms), *root)
        })
        .collect();
    order.sort_unstable_by(|one, other| other.cmp(one));
    let total = order.len() as u64;
    order.truncate(limit.unwrap_or(LIMIT).clamp(1, LIMIT_MOST) as usize);
    let sessions = engine
        .texts
        .with_reader(|reader| {
            let mut sessions = Vec::new();
            for (_, root) in &order {
                if let (Some(entry), Some(touched)) = (catalog.get(*root), touched.get(root)) {
                    sessions.push(row(reader, &catalog, entry, touched, &file)?);
                }
            }
            Ok(sessions)
        })
        .map_err(errors::store)?;
    Ok(FileSessions { path: file.name, repository: file.repository.map(|(_, name)| name), sessions, total })
}

/// What a session and its sub-agents did to the file.
#[derive(Default)]
struct Touched {
    edits: u64,
    added: u64,
    removed: u64,
    /// Events that may be edits of it, last first.
    hits: Vec<FoundHit>,
}

/// The file that is asked about.
struct File {
    /// Below the work tree, or the whole path where there is none.
    name: String,
    absolute: Option<PathBuf>,
    /// Identity and name of its repository.
    repository: Option<(Arc<str>, String)>,
}

impl File {
    fn resolve(engine: &Engine, path: &str, wanted: &Scope) -> File {
        let home = Path::new(&engine.environment().home);
        let written = match path.strip_prefix("~/") {
            Some(rest) => home.join(rest),
            None => PathBuf::from(path),
        };
        let absolute = match (written.is_absolute(), wanted.cwd.as_deref()) {
            (true, _) => Some(tidy(&written)),
            (false, Some(cwd)) => Some(tidy(&Path::new(cwd).join(&written))),
            (false, None) => None,
        };
        // The file's folder may be gone: what is above it tells the repository.
        let folder = absolute.as_deref().and_then(|path| path.ancestors().skip(1).find(|folder| folder.is_dir()));
        let tree = folder.and_then(git::work_tree);
        let place = folder.and_then(|folder| engine.places.find(folder));
        let below = match (&tree, &absolute) {
            (Some(tree), Some(absolute)) => absolute.strip_prefix(tree).ok(),
            _ => None,
        };
        if let (Some(below), Some(place)) = (below, place) {
            let repository = Some((Arc::from(place.identity.as_str()), place.name.clone()));
            return File { name: below.display().to_string(), repository, absolute };
        }
        let name = absolute.as_deref().unwrap_or(&tidy(&written)).display().to_string();
        File { name, repository: None, absolute }
    }

    /// Whether `path`, as the agent of this session wrote it, is the file. What only ends alike is not.
    fn is(&self, path: &str, session: &SessionEntry) -> bool {
        let path = Path::new(path);
        let cwd = session.info.cwd.as_deref().map(Path::new);
        let path = match cwd {
            Some(cwd) => tidy(&cwd.join(path)),
            None => tidy(path),
        };
        if self.absolute.as_deref() == Some(path.as_path()) {
            return true;
        }
        let Some((identity, _)) = &self.repository else {
            // Asked without a directory: any file whose path ends so.
            return self.absolute.is_none() && path.ends_with(&self.name);
        };
        if session.repository_identity.as_ref() != Some(identity) || !path.ends_with(&self.name) {
            return false;
        }
        // What stands before the name must be a work tree of the repository: here, or where it once was.
        let below = Path::new(&self.name).components().count();
        let Some(tree) = path.ancestors().nth(below) else { return false };
        if tree.as_os_str().is_empty() {
            return cwd.is_none();
        }
        if tree.is_dir() { tree.join(".git").exists() } else { cwd.is_some_and(|cwd| cwd.starts_with(tree)) }
    }
}

/// Events of the kind that changes files, by the session that holds them.
fn hits(engine: &Engine, catalog: &Catalog, file: &File) -> RpcResult<HashMap<SessionKey, Vec<FoundHit>>> {
    let context = filter::context(engine, None)?;
    let query = filter::read(&format!("{} sort:new", filter::quoted("file", &file.name)), &context)?;
    let request = SearchRequest {
        limit: SESSIONS_LOOKED_AT,
        hits_per_session: HITS_LOOKED_AT,
        now_ms: context.now.as_millisecond(),
        ..SearchRequest::default()
    };
    let found = engine.index.search(&query, &request, catalog, &*engine.texts).map_err(errors::search)?;
    let mut hits: HashMap<SessionKey, Vec<FoundHit>> = HashMap::new();
    for hit in found.sessions.into_iter().flat_map(|session| session.hits) {
        hits.entry(hit.session).or_default().push(hit);
    }
    Ok(hits)
}

fn row(
    reader: &mut Reader,
    catalog: &Catalog,
    entry: &SessionEntry,
    touched: &Touched,
    file: &File,
) -> Result<FileSession, StoreError> {
    let mut last = touched.hits.first();
    for hit in &touched.hits {
        let Some(holder) = catalog.get(hit.session) else { continue };
        let mut is_edit = false;
        let range = EventRange { session: hit.session, from: hit.event, to: hit.event };
        reader.event_lines(range, |_, _, line| {
            let event = Event::from_json(line).ok();
            is_edit = event.is_some_and(|event| match event.body {
                Body::Edit(edit) => file.is(&edit.path, holder) || edit.to.is_some_and(|to| file.is(&to, holder)),
                _ => false,
            });
            false
        })?;
        if is_edit {
            last = Some(hit);
            break;
        }
    }
    let mut session = FileSession {
        session: catalog.brief(entry),
        edits: touched.edits,
        added: touched.added,
        removed: touched.removed,
        ..FileSession::default()
    };
    if let Some(last) = last {
        session.event = last.event;
        session.ts = Timestamp::from_millisecond(last.ts_ms).ok().filter(|_| last.ts_ms > 0);
        session.holder =
            catalog.get(last.session).filter(|holder| holder.key != entry.key).map(|holder| holder.info.id.clone());
        if let Some((number, prompt)) = prompt_before(reader, last.session, last.event)? {
            session.prompt_event = Some(number);
            session.prompt = Some(prompt);
        }
    }
    Ok(session)
}

/// The prompt before an event, looked for backwards.
fn prompt_before(reader: &mut Reader, session: SessionKey, event: u32) -> Result<Option<(u32, String)>, StoreError> {
    let mut to = event;
    while to > 0 && event - to < BACK_MOST {
        let from = to.saturating_sub(WINDOW - 1).max(1);
        let mut found = None;
        reader.event_lines(EventRange { session, from, to }, |number, _, line| {
            if let Ok(Event { body: Body::Message(message), .. }) = Event::from_json(line)
                && message.role == Role::Human
            {
                found = Some((number, message.content.text().chars().take(PROMPT_CHARACTERS).collect()));
            }
            true
        })?;
        if found.is_some() {
            return Ok(found);
        }
        to = from - 1;
    }
    Ok(None)
}

/// The path without `.` and `..`, as far as that can be told without looking.
fn tidy(path: &Path) -> PathBuf {
    let mut tidied = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir if matches!(tidied.components().next_back(), Some(Component::Normal(_))) => {
                tidied.pop();
            }
            other => tidied.push(other),
        }
    }
    tidied
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_compared_without_their_detours() {
        for (path, tidied) in [("/a/./b/../c", "/a/c"), ("a/../../b", "../b"), ("/../a", "/../a"), ("a//b/", "a/b")] {
            assert_eq!(tidy(Path::new(path)), Path::new(tidied), "{path}");
        }
    }
}
