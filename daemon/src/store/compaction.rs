//! Packing what came in small pieces: a session that grew line by line has as many frames as it had commits.

use rusqlite::{OptionalExtension, params};

use super::{BlockBuilder, EventRange, RawFrame, StoreError, Writer};
use crate::catalog::SessionKey;

/// Sources packed in one go, so that a commit never waits long.
const SOURCES_AT_ONCE: u32 = 8;
/// So many frames are packed, however small.
const FRAMES_LEAST: u32 = 8;
/// So many plain bytes are packed, however few their frames.
const BYTES_LEAST: usize = 64 << 10;
/// Plain bytes of a packed raw frame.
const PACKED_BYTES: u64 = 8 << 20;
/// Compression of packed frames: slow, done once.
const PACKED_LEVEL: i32 = 9;
/// Size of the dictionary, in bytes.
const DICTIONARY_BYTES: usize = 64 << 10;
/// Uncompressed bytes that the dictionary is trained on.
const TRAINING_BYTES: usize = 2 << 20;
/// Too few samples give a dictionary that helps nobody.
const SAMPLES_LEAST: usize = 500;

impl Writer {
    /// Packs what came in since the last time, some sources at once. Tells whether there is more to pack.
    pub fn pack_at_rest(&self) -> Result<bool, StoreError> {
        self.train_dictionary()?;
        let sources: Vec<(i64, u32)> = self
            .connection
            .prepare_cached(
                "SELECT source, generation FROM raw_frame WHERE packed = 0 GROUP BY source, generation
                 HAVING count(*) >= ?1 OR sum(length) >= ?2 LIMIT ?3",
            )?
            .query_map(params![FRAMES_LEAST, BYTES_LEAST as i64, SOURCES_AT_ONCE], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })?
            .collect::<Result<_, _>>()?;
        for (source, generation) in &sources {
            self.in_transaction(|| self.pack_raw(*source, *generation))?;
        }
        let sessions: Vec<SessionKey> = self
            .connection
            .prepare_cached(
                "SELECT session FROM event_block WHERE packed = 0 GROUP BY session
                 HAVING count(*) >= ?1 OR sum(length(bytes)) >= ?2 LIMIT ?3",
            )?
            .query_map(params![FRAMES_LEAST, BYTES_LEAST as i64 / 8, SOURCES_AT_ONCE], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        for session in &sessions {
            self.in_transaction(|| self.pack_events(*session))?;
        }
        let more = sources.len().max(sessions.len()) == SOURCES_AT_ONCE as usize;
        if !more {
            // Gives the freed pages back. The statement does a page a step.
            let mut vacuum = self.connection.prepare("PRAGMA incremental_vacuum")?;
            let mut rows = vacuum.query([])?;
            while rows.next()?.is_some() {}
        }
        Ok(more)
    }

    fn in_transaction(&self, work: impl FnOnce() -> Result<(), StoreError>) -> Result<(), StoreError> {
        self.begin()?;
        work().and_then(|()| self.commit()).inspect_err(|_| self.roll_back())
    }

    /// Trains the dictionary for small frames of events, once there are enough of them.
    fn train_dictionary(&self) -> Result<(), StoreError> {
        let trained: Option<i64> =
            self.connection.query_row("SELECT id FROM dictionary LIMIT 1", [], |row| row.get(0)).optional()?;
        if trained.is_some() {
            return Ok(());
        }
        let mut samples: Vec<Vec<u8>> = Vec::new();
        let mut bytes = 0;
        let mut reader = self.store().reader()?;
        let newest_first = reader.session_keys()?.into_iter().rev();
        'sessions: for session in newest_first {
            let mut of_session = 0;
            reader.event_lines(EventRange { session, from: 1, to: u32::MAX }, |_, _, line| {
                let shape = shape(&line[..line.len().min(4096)]);
                of_session += shape.len();
                samples.push(shape);
                // No single session may shape it alone.
                of_session < TRAINING_BYTES / 16
            })?;
            bytes += of_session;
            if bytes >= TRAINING_BYTES {
                break 'sessions;
            }
        }
        if samples.len() < SAMPLES_LEAST {
            return Ok(());
        }
        let dictionary = zstd::dict::from_samples(&samples, DICTIONARY_BYTES)
            .map_err(|error| StoreError::Damaged { what: "the samples".into(), reason: error.to_string() })?;
        self.connection.execute("INSERT INTO dictionary (bytes) VALUES (?)", [dictionary])?;
        Ok(())
    }

    /// Makes large frames of the small ones that came in one after the other.
    fn pack_raw(&self, source: i64, generation: u32) -> Result<(), StoreError> {
        let fresh: Vec<(i64, RawFrame)> = self
            .connection
            .prepare_cached(
                "SELECT id, start, length, record, bytes FROM raw_frame
                 WHERE source = ? AND generation = ? AND packed = 0 ORDER BY start",
            )?
            .query_map(params![source, generation], |row| {
                let frame = RawFrame {
                    start: row.get::<_, i64>(1)? as u64,
                    length: row.get::<_, i64>(2)? as u64,
                    record: row.get::<_, i64>(3)? as u64,
                    bytes: row.get(4)?,
                };
                Ok((row.get(0)?, frame))
            })?
            .collect::<Result<_, _>>()?;
        let mut delete = self.connection.prepare_cached("DELETE FROM raw_frame WHERE id = ?")?;
        let mut insert = self.connection.prepare_cached(
            "INSERT INTO raw_frame (source, generation, start, length, record, packed, bytes)
             VALUES (?, ?, ?, ?, ?, 1, ?)",
        )?;
        let mut rest = fresh.as_slice();
        while let Some((_, first)) = rest.first() {
            // Pieces of a record that is too long to be read are never mixed with whole records.
            let is_piece = first.record == 0;
            let mut end = first.start;
            let run = rest.iter().take_while(|(_, frame)| {
                let follows = frame.start == end && (frame.record == 0) == is_piece;
                end = frame.start + frame.length;
                follows && (frame.start == first.start || end - first.start <= PACKED_BYTES)
            });
            let run = run.count();
            let mut plain = Vec::new();
            for (id, frame) in &rest[..run] {
                plain.extend(RawFrame::open(&frame.bytes, frame.length)?);
                delete.execute([id])?;
            }
            let packed = RawFrame::pack_at(PACKED_LEVEL, first.start, first.record, &plain)?;
            insert.execute(params![
                source,
                generation,
                packed.start as i64,
                packed.length as i64,
                packed.record as i64,
                packed.bytes
            ])?;
            rest = &rest[run..];
        }
        Ok(())
    }

    /// Makes one block of the small ones that came in one after the other.
    fn pack_events(&self, session: SessionKey) -> Result<(), StoreError> {
        let fresh: Vec<(i64, u32, u32)> = self
            .connection
            .prepare_cached("SELECT id, first, count FROM event_block WHERE session = ? AND packed = 0 ORDER BY first")?
            .query_map([session], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
            .collect::<Result<_, _>>()?;
        let (Some((_, from, _)), Some((_, last, count))) = (fresh.first(), fresh.last()) else { return Ok(()) };
        let range = EventRange { session, from: *from, to: last + count - 1 };
        let mut reader = self.store().reader()?;
        let dictionary = reader.dictionary()?;
        let mut builder = BlockBuilder::new(PACKED_LEVEL, dictionary.as_deref())?;
        let mut turns = reader.turns_before(session, *from)?;
        builder.begin(*from, turns);
        let mut fault = None;
        reader.event_lines(range, |_, turn, line| {
            let is_turn = turn > turns;
            turns = turn;
            fault = builder.add_line(line, is_turn).err();
            fault.is_none()
        })?;
        if let Some(error) = fault {
            return Err(error);
        }
        let (packed, _) = builder.finish()?;
        for (id, _, _) in &fresh {
            self.connection.prepare_cached("DELETE FROM event_block WHERE id = ?")?.execute([id])?;
        }
        self.connection
            .prepare_cached(
                "INSERT INTO event_block (session, first, count, packed, layout, bytes) VALUES (?, ?, ?, 1, ?, ?)",
            )?
            .execute(params![session, packed.first, packed.count, packed.layout, packed.bytes])?;
        Ok(())
    }
}

/// A line of JSON with what people wrote taken out of it: of strings longer than a name only the beginning of an escape
/// stays. The dictionary outlives the sessions that it was trained on, so nothing of them may be in it.
fn shape(line: &[u8]) -> Vec<u8> {
    let mut shape = Vec::with_capacity(line.len() / 4);
    let mut rest = line;
    while let Some(quote) = memchr::memchr(b'"', rest) {
        shape.extend_from_slice(&rest[..=quote]);
        rest = &rest[quote + 1..];
        let mut end = 0;
        while let Some(&byte) = rest.get(end) {
            match byte {
                b'"' => break,
                b'\\' => end += 2,
                _ => end += 1,
            }
        }
        let end = end.min(rest.len());
        let text = &rest[..end];
        // A key, or one of the few words that the format itself has.
        let is_key = rest.get(end + 1) == Some(&b':');
        if is_key && end <= 32 || FORMAT_WORDS.contains(&text) {
            shape.extend_from_slice(text);
        }
        rest = &rest[end..];
        if rest.first() == Some(&b'"') {
            shape.push(b'"');
            rest = &rest[1..];
        }
    }
    shape
}

/// Values that are the format's, not a person's.
const FORMAT_WORDS: &[&[u8]] = &[
    b"human",
    b"agent",
    b"system",
    b"thinking",
    b"tool_call",
    b"command",
    b"tool_result",
    b"file_edit",
    b"todo",
    b"usage",
    b"ok",
    b"error",
    b"pending",
    b"in_progress",
    b"completed",
    b"text",
    b"Bash",
    b"Read",
    b"Edit",
    b"Write",
    b"Grep",
    b"Glob",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_people_wrote_is_in_a_shape() {
        let line = br#"{"role":"human","content":"my \"secret\" plan","id":"u1","ts":"2026-01-01T00:00:00Z"}"#;
        let shape = String::from_utf8(shape(line)).unwrap();
        assert_eq!(shape, r#"{"role":"human","content":"","id":"","ts":""#.to_owned() + r#"""#);
    }
}
