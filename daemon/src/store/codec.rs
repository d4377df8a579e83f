//! What a start reads of every source and every session, in a few hundred bytes each.
//!
//! A value begins with a version byte; what follows is in the order of the fields: numbers as LEB128, signed ones
//! zigzag, texts with their length before them, an optional value after a byte that tells whether it is there. A field
//! is only ever appended, with a higher version: a reader takes what a row's version has, and defaults for the rest.
//! Rows of the first stores are JSON, which begins with a brace; they are read as such, and written anew in this form
//! when their session changes.

pub(crate) mod timeline;

use std::sync::Arc;

use jiff::Timestamp;
use opensession_agents::{Cursor, derive::Activity};
use opensession_hail::Relation;
use opensession_protocol::{SessionInfo, SessionRelation, SessionState, SessionStats};

use crate::catalog::{StoredEntry, Traits};

/// The version that is written. Never that of a brace.
const VERSION: u8 = 2;
/// The first byte of a row written as JSON.
const JSON: u8 = b'{';

/// A cursor as bytes.
pub(super) fn encode_cursor(cursor: &Cursor) -> Vec<u8> {
    // Every field is named, so that a new one cannot be forgotten here.
    let Cursor {
        generation,
        offset,
        records,
        identity,
        size,
        modified_ns,
        head,
        head_length,
        tail,
        tail_length,
        side,
        rows,
    } = cursor;
    let mut out = Encoder::new();
    out.number(u64::from(*generation));
    out.number(*offset);
    out.number(*records);
    out.number(identity.0);
    out.number(identity.1);
    out.number(*size);
    out.signed(*modified_ns);
    out.fixed(*head);
    out.number(u64::from(*head_length));
    out.fixed(*tail);
    out.number(u64::from(*tail_length));
    out.fixed(*side);
    out.bytes(rows);
    out.bytes
}

/// The cursor in some bytes; `None` when they are damaged or of a later version.
pub(super) fn decode_cursor(bytes: &[u8]) -> Option<Cursor> {
    if bytes.first() == Some(&JSON) {
        return serde_json::from_slice(bytes).ok();
    }
    let mut from = Decoder::new(bytes)?;
    Some(Cursor {
        generation: from.small()?,
        offset: from.number()?,
        records: from.number()?,
        identity: (from.number()?, from.number()?),
        size: from.number()?,
        modified_ns: from.signed()?,
        head: from.fixed()?,
        head_length: from.small()?,
        tail: from.fixed()?,
        tail_length: from.small()?,
        side: from.fixed()?,
        rows: from.bytes()?.to_vec(),
    })
}

/// A session's entry as bytes.
pub(super) fn encode_entry(entry: &StoredEntry) -> Vec<u8> {
    let StoredEntry { info, repository_identity, updated_ms, traits, activity, parent, titled, leaves, timeline } =
        entry;
    let mut out = Encoder::new();
    encode_info(&mut out, info);
    out.optional_text(repository_identity.as_deref());
    out.signed(*updated_ms);
    let Traits { todo, image, thinking, compacted, command, pull_request } = *traits;
    out.flags(&[todo, image, thinking, compacted, command, pull_request, *titled, parent.is_some()]);
    out.number(match activity {
        Activity::Idle => 0,
        Activity::Working => 1,
        Activity::Interrupted => 2,
    });
    if let Some((id, relation)) = parent {
        out.text(id);
        out.number(match relation {
            Relation::Subagent => 0,
            Relation::Fork => 1,
        });
    }
    out.number(leaves.len() as u64);
    for leaf in leaves {
        out.text(leaf);
    }
    out.optional_text(info.host.as_deref());
    out.bytes(timeline);
    out.bytes
}

/// The entry in some bytes; `None` when they are damaged or of a later version.
pub(super) fn decode_entry(bytes: &[u8]) -> Option<StoredEntry> {
    if bytes.first() == Some(&JSON) {
        return serde_json::from_slice(bytes).ok();
    }
    let mut from = Decoder::new(bytes)?;
    let mut info = decode_info(&mut from)?;
    let repository_identity = from.optional_text()?;
    let updated_ms = from.signed()?;
    let [todo, image, thinking, compacted, command, pull_request, titled, has_parent] = from.flags()?;
    let activity = match from.number()? {
        0 => Activity::Idle,
        1 => Activity::Working,
        2 => Activity::Interrupted,
        _ => return None,
    };
    let parent = if has_parent {
        let id = from.text()?;
        let relation = match from.number()? {
            0 => Relation::Subagent,
            1 => Relation::Fork,
            _ => return None,
        };
        Some((id, relation))
    } else {
        None
    };
    let count = from.number()?;
    let mut leaves = Vec::new();
    for _ in 0..count {
        leaves.push(from.text()?);
    }
    if from.version >= 2 {
        info.host = from.optional_text()?;
    }
    let traits = Traits { todo, image, thinking, compacted, command, pull_request };
    let timeline = if from.version >= 2 { from.bytes()?.into() } else { Arc::default() };
    let info = Arc::new(info);
    Some(StoredEntry { info, repository_identity, updated_ms, traits, activity, parent, titled, leaves, timeline })
}

fn encode_info(out: &mut Encoder, info: &SessionInfo) {
    let SessionInfo {
        id,
        short_id,
        agent,
        native_id,
        title,
        state,
        parent,
        relation,
        subagent_type,
        // Came later: at the end of the entry.
        host: _,
        cwd,
        repository,
        remote,
        branch,
        commit,
        model,
        agent_version,
        started,
        updated,
        events,
        stats,
        last_check,
        last_check_ok,
        first_prompt,
        path,
        vanished,
        // Kept by itself: it outlives what is derived.
        starred: _,
    } = info;
    for text in [id, short_id, agent, native_id, title, path] {
        out.text(text);
    }
    out.number(STATES.iter().position(|known| known == state).unwrap_or(0) as u64);
    out.number(match relation {
        None => 0,
        Some(SessionRelation::Subagent) => 1,
        Some(SessionRelation::Fork) => 2,
    });
    let texts = [
        parent,
        subagent_type,
        cwd,
        repository,
        remote,
        branch,
        commit,
        model,
        agent_version,
        last_check,
        first_prompt,
    ];
    for text in texts {
        out.optional_text(text.as_deref());
    }
    out.time(*started);
    out.time(*updated);
    out.number(u64::from(*events));
    encode_stats(out, stats);
    out.flags(&[*vanished, last_check_ok.is_some(), *last_check_ok == Some(true)]);
}

fn decode_info(from: &mut Decoder<'_>) -> Option<SessionInfo> {
    let (id, short_id, agent) = (from.text()?, from.text()?, from.text()?);
    let (native_id, title, path) = (from.text()?, from.text()?, from.text()?);
    let state = *STATES.get(usize::try_from(from.number()?).ok()?)?;
    let relation = match from.number()? {
        0 => None,
        1 => Some(SessionRelation::Subagent),
        2 => Some(SessionRelation::Fork),
        _ => return None,
    };
    let mut info = SessionInfo {
        id,
        short_id,
        agent,
        native_id,
        title,
        state,
        relation,
        path,
        parent: from.optional_text()?,
        subagent_type: from.optional_text()?,
        cwd: from.optional_text()?,
        repository: from.optional_text()?,
        remote: from.optional_text()?,
        branch: from.optional_text()?,
        commit: from.optional_text()?,
        model: from.optional_text()?,
        agent_version: from.optional_text()?,
        last_check: from.optional_text()?,
        first_prompt: from.optional_text()?,
        started: from.time()?,
        updated: from.time()?,
        events: from.small()?,
        stats: decode_stats(from)?,
        ..SessionInfo::default()
    };
    let [vanished, has_check, check_ok, ..] = from.flags()?;
    info.vanished = vanished;
    info.last_check_ok = has_check.then_some(check_ok);
    Some(info)
}

/// States by their numbers here.
const STATES: [SessionState; 4] =
    [SessionState::Finished, SessionState::Live, SessionState::Waiting, SessionState::Interrupted];

fn encode_stats(out: &mut Encoder, stats: &SessionStats) {
    let SessionStats {
        turns,
        agent_messages,
        calls,
        results,
        errors,
        edits,
        files,
        added,
        removed,
        input_tokens,
        output_tokens,
        cache_read_tokens,
        cache_write_tokens,
        cost,
        // An estimate is made anew whenever the session is shown.
        cost_estimated: _,
        active_ms,
        problems,
    } = stats;
    let numbers = [
        turns,
        agent_messages,
        calls,
        results,
        errors,
        edits,
        files,
        added,
        removed,
        input_tokens,
        output_tokens,
        cache_read_tokens,
        cache_write_tokens,
        active_ms,
        problems,
    ];
    for number in numbers {
        out.number(*number);
    }
    out.flags(&[cost.is_some()]);
    if let Some(cost) = cost {
        out.fixed(cost.to_bits());
    }
}

fn decode_stats(from: &mut Decoder<'_>) -> Option<SessionStats> {
    let mut stats = SessionStats {
        turns: from.number()?,
        agent_messages: from.number()?,
        calls: from.number()?,
        results: from.number()?,
        errors: from.number()?,
        edits: from.number()?,
        files: from.number()?,
        added: from.number()?,
        removed: from.number()?,
        input_tokens: from.number()?,
        output_tokens: from.number()?,
        cache_read_tokens: from.number()?,
        cache_write_tokens: from.number()?,
        active_ms: from.number()?,
        problems: from.number()?,
        cost: None,
        cost_estimated: false,
    };
    let [has_cost, ..] = from.flags()?;
    if has_cost {
        stats.cost = Some(f64::from_bits(from.fixed()?));
    }
    Some(stats)
}

struct Encoder {
    bytes: Vec<u8>,
}

impl Encoder {
    fn new() -> Self {
        let mut bytes = Vec::with_capacity(512);
        bytes.push(VERSION);
        Self { bytes }
    }

    fn number(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.bytes.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.bytes.push(number as u8);
    }

    fn signed(&mut self, number: i64) {
        self.number((number << 1 ^ number >> 63) as u64);
    }

    /// A number whose bits are all alike: a hash.
    fn fixed(&mut self, number: u64) {
        self.bytes.extend_from_slice(&number.to_le_bytes());
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.number(bytes.len() as u64);
        self.bytes.extend_from_slice(bytes);
    }

    fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    /// The length and one, so that nothing and an empty text differ.
    fn optional_text(&mut self, text: Option<&str>) {
        match text {
            None => self.number(0),
            Some(text) => {
                self.number(text.len() as u64 + 1);
                self.bytes.extend_from_slice(text.as_bytes());
            }
        }
    }

    fn time(&mut self, time: Option<Timestamp>) {
        self.flags(&[time.is_some()]);
        if let Some(time) = time {
            self.signed(time.as_second());
            self.signed(i64::from(time.subsec_nanosecond()));
        }
    }

    /// At most eight.
    fn flags(&mut self, flags: &[bool]) {
        self.bytes.push((0..).zip(flags).fold(0, |byte, (bit, flag)| byte | u8::from(*flag) << bit));
    }
}

struct Decoder<'b> {
    /// The version of the row.
    version: u8,
    rest: &'b [u8],
}

impl<'b> Decoder<'b> {
    /// After the version, which must be one that is known.
    fn new(bytes: &'b [u8]) -> Option<Self> {
        match bytes.split_first() {
            Some((&version @ 1..=VERSION, rest)) => Some(Self { version, rest }),
            _ => None,
        }
    }

    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*first)
    }

    fn number(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    fn small(&mut self) -> Option<u32> {
        u32::try_from(self.number()?).ok()
    }

    fn signed(&mut self) -> Option<i64> {
        let number = self.number()?;
        Some((number >> 1) as i64 ^ -((number & 1) as i64))
    }

    fn fixed(&mut self) -> Option<u64> {
        let (bytes, rest) = self.rest.split_first_chunk()?;
        self.rest = rest;
        Some(u64::from_le_bytes(*bytes))
    }

    fn take(&mut self, length: u64) -> Option<&'b [u8]> {
        let (taken, rest) = self.rest.split_at_checked(usize::try_from(length).ok()?)?;
        self.rest = rest;
        Some(taken)
    }

    fn bytes(&mut self) -> Option<&'b [u8]> {
        let length = self.number()?;
        self.take(length)
    }

    fn text(&mut self) -> Option<String> {
        Some(std::str::from_utf8(self.bytes()?).ok()?.to_owned())
    }

    #[expect(clippy::option_option, reason = "the outer one says that the bytes are damaged")]
    fn optional_text(&mut self) -> Option<Option<String>> {
        match self.number()? {
            0 => Some(None),
            length => Some(Some(std::str::from_utf8(self.take(length - 1)?).ok()?.to_owned())),
        }
    }

    #[expect(clippy::option_option, reason = "the outer one says that the bytes are damaged")]
    fn time(&mut self) -> Option<Option<Timestamp>> {
        let [has_time, ..] = self.flags()?;
        if !has_time {
            return Some(None);
        }
        let (second, nanosecond) = (self.signed()?, i32::try_from(self.signed()?).ok()?);
        Timestamp::new(second, nanosecond).ok().map(Some)
    }

    fn flags(&mut self) -> Option<[bool; 8]> {
        let byte = self.byte()?;
        Some(std::array::from_fn(|bit| byte >> bit & 1 == 1))
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, option, prelude::*};

    use super::*;

    fn cursors() -> impl Strategy<Value = Cursor> {
        let numbers = any::<(u32, u64, u64, (u64, u64), u64, i64)>();
        (numbers, any::<(u64, u32, u64, u32, u64)>(), vec(any::<u8>(), 0..40)).prop_map(|(first, second, rows)| {
            let (generation, offset, records, identity, size, modified_ns) = first;
            let (head, head_length, tail, tail_length, side) = second;
            Cursor {
                generation,
                offset,
                records,
                identity,
                size,
                modified_ns,
                head,
                head_length,
                tail,
                tail_length,
                side,
                rows,
            }
        })
    }

    fn times() -> impl Strategy<Value = Option<Timestamp>> {
        option::of(
            (-1_000_000_000_000_i64..4_000_000_000_000_000).prop_map(|us| Timestamp::from_microsecond(us).unwrap()),
        )
    }

    fn infos() -> impl Strategy<Value = SessionInfo> {
        let texts = vec(".{0,12}", 6);
        let options = vec(option::of(".{0,12}"), 12);
        let others = (0..STATES.len(), 0..3_usize, times(), times(), any::<(u32, bool, Option<bool>)>());
        (texts, options, others, vec(any::<u64>(), 15), option::of(0.0..1e9)).prop_map(
            |(texts, options, (state, relation, started, updated, rest), numbers, cost)| {
                let text = |index: usize| texts[index].clone();
                let option = |index: usize| options[index].clone();
                SessionInfo {
                    id: text(0),
                    short_id: text(1),
                    agent: text(2),
                    native_id: text(3),
                    title: text(4),
                    path: text(5),
                    state: STATES[state],
                    relation: [None, Some(SessionRelation::Subagent), Some(SessionRelation::Fork)][relation],
                    parent: option(0),
                    subagent_type: option(1),
                    cwd: option(2),
                    repository: option(3),
                    remote: option(4),
                    branch: option(5),
                    commit: option(6),
                    model: option(7),
                    agent_version: option(8),
                    last_check: option(9),
                    first_prompt: option(10),
                    host: option(11),
                    started,
                    updated,
                    events: rest.0,
                    vanished: rest.1,
                    starred: false,
                    last_check_ok: rest.2,
                    stats: SessionStats {
                        turns: numbers[0],
                        agent_messages: numbers[1],
                        calls: numbers[2],
                        results: numbers[3],
                        errors: numbers[4],
                        edits: numbers[5],
                        files: numbers[6],
                        added: numbers[7],
                        removed: numbers[8],
                        input_tokens: numbers[9],
                        output_tokens: numbers[10],
                        cache_read_tokens: numbers[11],
                        cache_write_tokens: numbers[12],
                        active_ms: numbers[13],
                        problems: numbers[14],
                        cost,
                        cost_estimated: false,
                    },
                }
            },
        )
    }

    fn entries() -> impl Strategy<Value = StoredEntry> {
        let activities = prop_oneof![Just(Activity::Idle), Just(Activity::Working), Just(Activity::Interrupted)];
        let relations = prop_oneof![Just(Relation::Subagent), Just(Relation::Fork)];
        let rest = (option::of(".{0,12}"), any::<i64>(), any::<[bool; 7]>(), activities);
        (infos(), rest, option::of((".{0,12}", relations)), vec(".{0,12}", 0..4)).prop_map(
            |(info, (repository_identity, updated_ms, flags, activity), parent, leaves)| {
                let [todo, image, thinking, compacted, command, pull_request, titled] = flags;
                let traits = Traits { todo, image, thinking, compacted, command, pull_request };
                let timeline = Arc::default();
                StoredEntry {
                    info: Arc::new(info),
                    repository_identity,
                    updated_ms,
                    traits,
                    activity,
                    parent,
                    titled,
                    leaves,
                    timeline,
                }
            },
        )
    }

    fn json(entry: &StoredEntry) -> serde_json::Value {
        serde_json::to_value(entry).unwrap()
    }

    proptest! {
        #[test]
        fn cursors_come_back(cursor in cursors()) {
            let bytes = encode_cursor(&cursor);
            prop_assert_eq!(decode_cursor(&bytes), Some(cursor.clone()));
            let text = serde_json::to_vec(&cursor).unwrap();
            prop_assert_eq!(decode_cursor(&text), Some(cursor));
            for cut in 0..bytes.len() {
                prop_assert_eq!(decode_cursor(&bytes[..cut]), None);
            }
        }

        #[test]
        fn entries_come_back(entry in entries()) {
            let bytes = encode_entry(&entry);
            prop_assert_eq!(json(&decode_entry(&bytes).unwrap()), json(&entry));
            let text = serde_json::to_vec(&entry).unwrap();
            prop_assert_eq!(json(&decode_entry(&text).unwrap()), json(&entry));
            for cut in 0..bytes.len() {
                prop_assert!(decode_entry(&bytes[..cut]).is_none());
            }
        }

        #[test]
        fn any_bytes_are_refused_or_read(bytes in vec(any::<u8>(), 0..200)) {
            let versioned = [&[VERSION], bytes.as_slice()].concat();
            for bytes in [bytes.as_slice(), &versioned] {
                decode_cursor(bytes);
                decode_entry(bytes);
            }
        }
    }

    #[test]
    fn an_earlier_version_lacks_what_came_later() {
        let info = SessionInfo { title: "old".into(), host: Some("x".into()), ..SessionInfo::default() };
        let timeline = Arc::from([1, 2, 3].as_slice());
        let mut bytes = encode_entry(&StoredEntry { info: info.into(), timeline, ..StoredEntry::default() });
        assert_eq!(*decode_entry(&bytes).unwrap().timeline, [1, 2, 3]);
        bytes[0] = 1;
        // The name with its length, and the bytes with theirs.
        bytes.truncate(bytes.len() - 2 - 4);
        let entry = decode_entry(&bytes).unwrap();
        assert_eq!((entry.info.title.as_str(), entry.info.host.as_deref()), ("old", None));
        assert!(entry.timeline.is_empty());
    }

    #[test]
    fn a_later_version_is_refused() {
        let mut bytes = encode_cursor(&Cursor::default());
        bytes[0] = VERSION + 1;
        assert_eq!(decode_cursor(&bytes), None);
    }
}
