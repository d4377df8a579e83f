//! A session's document: what of it folds, its outline, and where its text leads to.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use opensession_hail::Kind;
use opensession_protocol::{DocumentEvent, SessionDetail, SessionDocument, uri::SessionUri};
use serde_json::json;
use tower_lsp::{
    jsonrpc::Result,
    ls_types::{
        DocumentLink, DocumentSymbol, DocumentSymbolResponse, FoldingRange, FoldingRangeKind, Position, Range,
        SymbolKind, Uri,
    },
};

use super::{daemon::Daemon, words};

/// Names of files that are looked for on disk, for one document.
const FILES_LOOKED_FOR: usize = 1_000;
/// Characters of a symbol's name.
const NAME_CHARACTERS: usize = 120;

/// Turns, and within them the events that have a body. `None` for documents of others.
pub(super) async fn folding(daemon: &Daemon, uri: &Uri) -> Result<Option<Vec<FoldingRange>>> {
    let Some(document) = read(daemon, uri).await? else { return Ok(None) };
    let turns = turns(&document.outline).map(|(prompt, last)| (prompt.line, last));
    let bodies = document.outline.iter().filter(|event| event.kind != Some(Kind::Prompt));
    let bodies = bodies.map(|event| (event.line, event.last));
    let mut ranges: Vec<(u32, u32)> = turns.chain(bodies).filter(|(start, end)| start < end).collect();
    ranges.sort_unstable();
    let ranges = ranges.into_iter().map(|(start_line, end_line)| FoldingRange {
        start_line,
        end_line,
        kind: Some(FoldingRangeKind::Region),
        ..FoldingRange::default()
    });
    Ok(Some(ranges.collect()))
}

/// Prompts, and below each of them the edits and failures of its turn.
pub(super) async fn symbols(daemon: &Daemon, uri: &Uri) -> Result<Option<DocumentSymbolResponse>> {
    let Some(document) = read(daemon, uri).await? else { return Ok(None) };
    let lines: Vec<&str> = document.text.lines().collect();
    let line = |event: &DocumentEvent| lines.get(event.line as usize).copied().unwrap_or_default();
    let mut top: Vec<DocumentSymbol> = Vec::new();
    let mut ends = turns(&document.outline).map(|(_, last)| last);
    for event in &document.outline {
        let kind = match event.kind {
            Some(Kind::Prompt) => SymbolKind::STRING,
            Some(Kind::Edit) => SymbolKind::FILE,
            _ if event.failed => SymbolKind::EVENT,
            _ => continue,
        };
        let is_prompt = event.kind == Some(Kind::Prompt);
        let end = if is_prompt { ends.next().unwrap_or(event.last) } else { event.last };
        let symbol = symbol(event, kind, line(event), end);
        match top.last_mut() {
            Some(turn) if !is_prompt && turn.kind == SymbolKind::STRING => {
                turn.children.get_or_insert_default().push(symbol);
            }
            _ => top.push(symbol),
        }
    }
    Ok(Some(DocumentSymbolResponse::Nested(top)))
}

/// Sessions and events that the text names, and files with a line (`src/lock.rs:88`) that are there.
pub(super) async fn links(daemon: &Daemon, uri: &Uri) -> Result<Option<Vec<DocumentLink>>> {
    let Some(document) = read(daemon, uri).await? else { return Ok(None) };
    let detail: SessionDetail = daemon.ask("session/get", json!({ "session": document.session })).await?;
    let mut files = Files { folder: detail.session.cwd.map(PathBuf::from), found: HashMap::new() };
    let mut links = Vec::new();
    for (number, line) in (0..).zip(document.text.lines()) {
        for word in words_of(line) {
            let Some((length, target)) = target(word.text, &mut files) else { continue };
            let start = Position::new(number, units(&line[..word.start]));
            let end = Position::new(number, start.character + units(&word.text[..length]));
            links.push(DocumentLink { range: Range { start, end }, target: Some(target), tooltip: None, data: None });
        }
    }
    Ok(Some(links))
}

/// The document that an editor's address names. Editors may say in a query what part of it they show: `from=900`, or
/// `event=7`.
async fn read(daemon: &Daemon, uri: &Uri) -> Result<Option<SessionDocument>> {
    let text = uri.as_str();
    let Ok(mut address) = text.parse::<SessionUri>() else { return Ok(None) };
    let query = text.split('#').next().and_then(|text| text.split_once('?')).map(|(_, query)| query);
    let asked =
        query.and_then(|query| query.split_once('=')).and_then(|(key, number)| Some((key, number.parse().ok()?)));
    let mut from: Option<u32> = None;
    match asked {
        Some(("event", event)) => address.event = Some(event),
        Some(("from", event)) => from = Some(event),
        _ => {}
    }
    daemon.ask("session/document", json!({ "session": address.name(), "from": from })).await.map(Some)
}

/// Prompts, each with the last line of its turn.
fn turns(outline: &[DocumentEvent]) -> impl Iterator<Item = (&DocumentEvent, u32)> {
    let prompts = outline.iter().enumerate().filter(|(_, event)| event.kind == Some(Kind::Prompt));
    prompts.map(|(index, prompt)| {
        let rest = outline[index + 1..].iter().take_while(|event| event.kind != Some(Kind::Prompt));
        (prompt, rest.last().map_or(prompt.last, |event| event.last))
    })
}

fn symbol(event: &DocumentEvent, kind: SymbolKind, line: &str, end: u32) -> DocumentSymbol {
    // `#131 you 14:31  Run it…`: what stands after two spaces tells most.
    let line = line.trim_start();
    let about = line.split_once("  ").map_or("", |(_, about)| about.trim());
    let name = if about.is_empty() { line } else { about };
    let head = Range::new(Position::new(event.line, 0), Position::new(event.line, units(line)));
    #[expect(deprecated, reason = "a field that has to be named")]
    DocumentSymbol {
        name: words::cut(name, NAME_CHARACTERS),
        detail: Some(format!("#{}", event.event)),
        kind,
        tags: None,
        deprecated: None,
        range: Range::new(head.start, Position::new(end.max(event.line + 1), 0)),
        selection_range: head,
        children: None,
    }
}

/// A word of a line, and the byte at which it begins.
struct Word<'l> {
    start: usize,
    text: &'l str,
}

/// Runs of the characters that paths and addresses are written with.
fn words_of(line: &str) -> impl Iterator<Item = Word<'_>> {
    let is_part = |character: char| character.is_alphanumeric() || "_./~@+-:#".contains(character);
    let mut rest = line;
    std::iter::from_fn(move || {
        let begin = rest.find(is_part)?;
        let length = rest[begin..].find(|character| !is_part(character)).unwrap_or(rest.len() - begin);
        let start = line.len() - rest.len() + begin;
        rest = &rest[begin + length..];
        Some(Word { start, text: &line[start..start + length] })
    })
}

/// Where a word leads to, and how many bytes of it say so.
fn target(word: &str, files: &mut Files) -> Option<(usize, Uri)> {
    if word.starts_with("opensession://") {
        let word = word.trim_end_matches([':', '.', '#']);
        word.parse::<SessionUri>().ok()?;
        return Some((word.len(), word.parse().ok()?));
    }
    let (path, rest) = word.split_once(':')?;
    let digits = rest.find(|character: char| !character.is_ascii_digit()).unwrap_or(rest.len());
    let line: u32 = rest[..digits].parse().ok()?;
    if !path.contains('.') || path.len() > 1_000 {
        return None;
    }
    let file = files.find(path)?;
    let uri = format!("{}#{line}", Uri::from_file_path(file)?.as_str());
    Some((path.len() + 1 + digits, uri.parse().ok()?))
}

/// Files of a session that are there, by the names that its text gives them.
struct Files {
    folder: Option<PathBuf>,
    found: HashMap<String, Option<PathBuf>>,
}

impl Files {
    fn find(&mut self, name: &str) -> Option<PathBuf> {
        if let Some(known) = self.found.get(name) {
            return known.clone();
        }
        if self.found.len() >= FILES_LOOKED_FOR {
            return None;
        }
        let path = match &self.folder {
            Some(folder) => folder.join(name),
            None => PathBuf::from(name),
        };
        let found = (path.is_absolute() && Path::is_file(&path)).then_some(path);
        self.found.insert(name.to_owned(), found.clone());
        found
    }
}

/// The length in the units that editors count in: those of UTF-16.
fn units(text: &str) -> u32 {
    u32::try_from(text.encode_utf16().count()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_lead_to_events_and_to_files_that_are_there() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("src")).unwrap();
        std::fs::write(folder.path().join("src/lock.rs"), "").unwrap();
        let mut files = Files { folder: Some(folder.path().to_owned()), found: HashMap::new() };
        let line = "잠금 at src/lock.rs:88:5, src/none.rs:3 (opensession://session/4f2a#8): 12:30 no.rs";
        let found: Vec<(usize, &str, String)> = words_of(line)
            .filter_map(|word| {
                let (length, target) = target(word.text, &mut files)?;
                let target = target.as_str().rsplit_once('/').map(|(_, name)| name.to_owned())?;
                Some((word.start, &word.text[..length], target))
            })
            .collect();
        assert_eq!(
            found,
            [
                (10, "src/lock.rs:88", "lock.rs#88".to_owned()),
                (43, "opensession://session/4f2a#8", "4f2a#8".to_owned())
            ]
        );
        assert_eq!(units("잠금🔒"), 4);
    }

    #[test]
    fn a_turn_ends_before_the_next_prompt() {
        let event = |event, line, last, kind| DocumentEvent { event, line, last, kind, ..DocumentEvent::default() };
        let outline = [
            event(1, 3, 3, Some(Kind::Prompt)),
            event(2, 4, 9, Some(Kind::Output)),
            event(3, 10, 10, None),
            event(4, 12, 14, Some(Kind::Prompt)),
        ];
        let turns: Vec<(u32, u32)> = turns(&outline).map(|(prompt, last)| (prompt.event, last)).collect();
        assert_eq!(turns, [(1, 10), (4, 14)]);
    }
}
