//! The cut of a task: the elements of its two documents as rows of one table.
//!
//! `conversationHistoryIndex` of what the person was shown is the number of the last message that had gone to the model
//! by then: so message *n* stands before the first element that names *n* or more. Where no element has one, messages
//! stand in the order of their times, and those without a time at the end.

use std::{
    fmt::Write as _,
    fs::{self, File},
    io::{self, Read},
    os::unix::fs::MetadataExt,
    path::Path,
};

use serde::Deserialize;
use serde_json::{Value, json, value::RawValue};

use super::{API, MESSAGES, OLD_UI, UI};
use crate::{
    Cursor, Cut, CutError, Limits, Sink, Source, lenient_json,
    rows::{self, Row, Rows},
};

/// Small files beside a task's that tell more of it.
pub(super) const SIDES: [&str; 2] = ["history_item.json", "task_metadata.json"];
/// The side record's name.
pub(super) const SIDE: &str = "task";
/// More of a side file is not read.
const SIDE_BYTES: u64 = 512 << 10;

pub(super) fn cut(
    source: &Source,
    cursor: Option<&Cursor>,
    limits: &Limits,
    sink: &mut dyn Sink,
) -> Result<Cut, CutError> {
    let stat = fs::metadata(&source.path).map_err(gone)?;
    if !stat.is_file() {
        return Err(CutError::Malformed("not a regular file".to_owned()));
    }
    let stamp = stamp(source);
    if let Some(cursor) = cursor
        && cursor.tail == stamp
        && cursor.modified_ns != i64::MIN
        && !(limits.take_torn && rows::waits(cursor))
    {
        return Ok(Cut { cursor: cursor.clone(), restarted: false, more: false });
    }
    let mut table = Table::read(source, limits)?;
    let mut cut = rows::cut(source, cursor, limits, sink, &mut table)?;
    if stamp != self::stamp(source) {
        return Err(CutError::Busy("the files are being written".to_owned()));
    }
    cut.cursor.tail = stamp;
    cut.cursor.size = stat.len();
    cut.cursor.identity = (stat.dev(), stat.ino());
    if !cut.more {
        cut.cursor.modified_ns = stat.mtime().saturating_mul(1_000_000_000).saturating_add(stat.mtime_nsec());
    }
    Ok(cut)
}

/// The state of all files that the rows are made of.
fn stamp(source: &Source) -> u64 {
    let mut text = String::new();
    for path in std::iter::once(&source.path).chain(&source.side_files) {
        if let Ok(stat) = fs::metadata(path) {
            let part = (path.file_name(), stat.len(), stat.mtime(), stat.mtime_nsec(), stat.ino());
            write!(text, "{part:?};").expect("writing to a string cannot fail");
        }
    }
    rows::mark(b"files", text.as_bytes())
}

struct Table {
    /// Each on one line.
    rows: Vec<Vec<u8>>,
    marks: Vec<u64>,
    /// The last row is still being written.
    growing: Option<usize>,
    side: Value,
}

/// The fields of an element that order it and tell it apart.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Element<'a> {
    #[serde(borrow)]
    ts: Option<&'a RawValue>,
    #[serde(borrow)]
    role: Option<&'a RawValue>,
    #[serde(borrow)]
    say: Option<&'a RawValue>,
    #[serde(borrow)]
    ask: Option<&'a RawValue>,
    #[serde(borrow)]
    text: Option<&'a RawValue>,
    #[serde(borrow)]
    content: Option<&'a RawValue>,
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    #[serde(borrow)]
    partial: Option<&'a RawValue>,
    #[serde(borrow, rename = "conversationHistoryIndex")]
    index: Option<&'a RawValue>,
}

impl Element<'_> {
    /// What tells it from its earlier states; what is filled in later without being shown does not count.
    fn mark(&self) -> u64 {
        let parts = [self.role, self.say, self.ask, self.text, self.content, self.id];
        let text: Vec<&str> = parts.iter().map(|part| part.map_or("", RawValue::get)).collect();
        rows::mark(self.ts.map_or("", RawValue::get).as_bytes(), text.join("\u{0}").as_bytes())
    }

    fn is_message(&self) -> bool {
        self.role.is_some()
    }

    fn is(&self, kind: &str) -> bool {
        self.say.is_some_and(|say| say.get().trim_matches('"') == kind)
    }
}

fn number(raw: Option<&RawValue>) -> Option<i64> {
    raw?.get().parse().ok()
}

impl Table {
    fn read(source: &Source, limits: &Limits) -> Result<Self, CutError> {
        let longest = limits.record_bytes.saturating_mul(8);
        let main = read(&source.path, longest)?;
        let mut elements = elements_of(&main)?;
        let name = source.path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let folder = source.path.parent().unwrap_or(Path::new(""));
        let messages;
        if name == UI || name == OLD_UI {
            match read(&folder.join(API), longest) {
                Ok(bytes) => {
                    messages = bytes;
                    elements = merged(elements, elements_of(&messages)?);
                }
                Err(CutError::Gone) => {}
                Err(error) => return Err(error),
            }
        }
        let (raws, kinds): (Vec<&RawValue>, Vec<Element<'_>>) = elements.into_iter().unzip();
        let line = |raw: &&RawValue| {
            let mut line = Vec::with_capacity(raw.get().len());
            lenient_json::push_line(raw.get(), &mut line);
            line
        };
        let rows = raws.iter().map(line).collect();
        let marks = kinds.iter().map(Element::mark).collect();
        let growing = growing(&kinds);
        let side = json!({
            "messages": kinds.iter().any(Element::is_message),
            "items": kinds.iter().any(|kind| !kind.is_message()),
            "history": side_file(source, SIDES[0]),
            "metadata": side_file(source, SIDES[1]).map(|metadata| json!({
                "models": metadata["model_usage"].as_array().and_then(|list| list.last()),
                "host": metadata["environment_history"].as_array().and_then(|list| list.last()),
            })),
            "session": name.ends_with(MESSAGES).then(|| source.side_files.first()).flatten().and_then(|path| small(path)),
        });
        Ok(Self { rows, marks, growing, side })
    }
}

impl Rows for Table {
    fn marks(&mut self) -> Result<Vec<u64>, CutError> {
        Ok(self.marks.clone())
    }

    fn read(&mut self, index: usize, json: &mut Vec<u8>) -> Result<Row, CutError> {
        json.extend_from_slice(&self.rows[index]);
        Ok(if self.growing.is_some_and(|growing| index >= growing) { Row::Growing } else { Row::Whole })
    }

    fn sides(&mut self) -> Result<Vec<(String, Vec<u8>)>, CutError> {
        Ok(vec![(SIDE.to_owned(), self.side.to_string().into_bytes())])
    }
}

/// The first row that is still being written: a text that streams, or a request whose tokens are not counted yet.
fn growing(kinds: &[Element<'_>]) -> Option<usize> {
    let last = kinds.iter().rposition(|kind| !kind.is_message())?;
    let request = kinds.iter().rposition(|kind| kind.is("api_req_started"));
    let open = request.filter(|at| {
        let text = kinds[*at].text.map_or("", RawValue::get);
        ![r#"\"tokensIn\""#, r#"\"cost\""#, r#"\"cancelReason\""#].iter().any(|mark| text.contains(mark))
    });
    let streams = kinds[last].partial.is_some_and(|partial| partial.get() == "true");
    open.into_iter().chain(streams.then_some(last)).min()
}

/// Messages to and from the model, put between what the person was shown.
fn merged<'a>(
    items: Vec<(&'a RawValue, Element<'a>)>,
    messages: Vec<(&'a RawValue, Element<'a>)>,
) -> Vec<(&'a RawValue, Element<'a>)> {
    let indexed = items.iter().any(|(_, item)| number(item.index).is_some());
    let mut merged = Vec::with_capacity(items.len() + messages.len());
    let mut waiting = messages.into_iter().enumerate().peekable();
    for item in items {
        let (index, ts) = (number(item.1.index), number(item.1.ts));
        while let Some((_, message)) = waiting.next_if(|(number_of, (_, message))| {
            if indexed {
                return index.is_some_and(|index| index >= *number_of as i64);
            }
            number(message.ts).zip(ts).is_some_and(|(own, ts)| own <= ts)
        }) {
            merged.push(message);
        }
        merged.push(item);
    }
    merged.extend(waiting.map(|(_, message)| message));
    merged
}

/// The elements of an array, or of the array `messages` of an object; each as it stands, and what orders it.
fn elements_of(bytes: &[u8]) -> Result<Vec<(&RawValue, Element<'_>)>, CutError> {
    #[derive(Deserialize)]
    struct Document<'a> {
        #[serde(default, borrow)]
        messages: Vec<&'a RawValue>,
    }
    let text = simdutf8::basic::from_utf8(bytes).map_err(|_| CutError::Malformed("not UTF-8".to_owned()))?;
    let text = text.trim_start_matches('\u{feff}').trim_start();
    let read = if text.starts_with('{') {
        serde_json::from_str::<Document<'_>>(text).map(|document| document.messages)
    } else {
        serde_json::from_str::<Vec<&RawValue>>(text)
    };
    // It is not replaced at once but written over: half of it may be there now.
    let raws = read.map_err(|error| CutError::Busy(format!("not JSON, or half-written: {error}")))?;
    Ok(raws.into_iter().map(|raw| (raw, serde_json::from_str(raw.get()).unwrap_or_default())).collect())
}

fn read(path: &Path, longest: u64) -> Result<Vec<u8>, CutError> {
    let stat = fs::metadata(path).map_err(gone)?;
    if !stat.is_file() {
        return Err(CutError::Malformed("not a regular file".to_owned()));
    }
    if stat.len() > longest {
        return Err(CutError::Malformed(format!("a document of {} MB is too long", stat.len() / 1_000_000)));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(stat.len()).unwrap_or(0));
    File::open(path).map_err(gone)?.take(longest).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn side_file(source: &Source, name: &str) -> Option<Value> {
    small(source.side_files.iter().find(|path| path.file_name().is_some_and(|file| file == name))?)
}

fn small(path: &Path) -> Option<Value> {
    serde_json::from_slice(&read(path, SIDE_BYTES).ok()?).ok()
}

fn gone(error: io::Error) -> CutError {
    match error.kind() {
        io::ErrorKind::NotFound => CutError::Gone,
        _ => CutError::Io(error),
    }
}
