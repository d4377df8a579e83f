//! Samples as long as people's sessions are: what a short file says, again and again, each time under other ids.

use std::{fs, io, path::Path};

use serde_json::Value;

/// Copies the folder `from` into `to`, and makes each transcript in it about `bytes` long.
pub(crate) fn copy(from: &Path, to: &Path, bytes: usize) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        let kind = entry.file_type()?;
        if kind.is_dir() {
            copy(&entry.path(), &target, bytes)?;
        } else if kind.is_file() {
            let content = fs::read(entry.path())?;
            let extension = entry.path().extension().map(std::ffi::OsStr::to_os_string);
            let longer = match extension.as_deref().and_then(std::ffi::OsStr::to_str) {
                Some("jsonl") => lines(&content, bytes),
                Some("json") => document(&content, bytes),
                _ => None,
            };
            fs::write(target, longer.unwrap_or(content))?;
        }
    }
    Ok(())
}

/// A file of lines: all but the first, which tells of the session, are repeated.
fn lines(content: &[u8], bytes: usize) -> Option<Vec<u8>> {
    let records: Vec<Value> =
        serde_json::Deserializer::from_slice(content).into_iter().collect::<Result<_, _>>().ok()?;
    let (first, rest) = records.split_first()?;
    if rest.is_empty() {
        return None;
    }
    let mut out = first.to_string().into_bytes();
    out.push(b'\n');
    for round in 0.. {
        for record in rest {
            let mut record = record.clone();
            rename(&mut record, round);
            out.extend_from_slice(record.to_string().as_bytes());
            out.push(b'\n');
        }
        if out.len() >= bytes {
            break;
        }
    }
    Some(out)
}

/// A document: its longest list, or the list that it is, is repeated.
fn document(content: &[u8], bytes: usize) -> Option<Vec<u8>> {
    let mut document: Value = serde_json::from_slice(content).ok()?;
    let list = match &mut document {
        Value::Array(list) => list,
        Value::Object(members) => {
            let lists = members.values_mut().filter_map(Value::as_array_mut);
            lists.max_by_key(|list| list.iter().map(|element| element.to_string().len()).sum::<usize>())?
        }
        _ => return None,
    };
    let once = std::mem::take(list);
    let length: usize = once.iter().map(|element| element.to_string().len()).sum();
    if length == 0 || !once.iter().all(Value::is_object) {
        return None;
    }
    for round in 0..bytes.div_ceil(length) {
        for mut element in once.iter().cloned() {
            rename(&mut element, round);
            list.push(element);
        }
    }
    Some(document.to_string().into_bytes())
}

/// Gives everything in a record another id, but for the session that it belongs to.
fn rename(value: &mut Value, round: usize) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                let lower = name.to_ascii_lowercase();
                let is_id = lower.ends_with("id")
                    && !["session", "thread", "task", "model"].iter().any(|of| lower.contains(of));
                match member {
                    Value::String(id) if is_id => id.push_str(&format!("-{round}")),
                    other => rename(other, round),
                }
            }
        }
        Value::Array(list) => list.iter_mut().for_each(|element| rename(element, round)),
        _ => {}
    }
}
