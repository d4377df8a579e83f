//! What two sessions did to one file, line by line.

use std::collections::HashMap;

use similar::{Algorithm, DiffOp, capture_diff_slices};

use super::document::{ComparedLines, LineBlock};
use crate::handoff::quote::bounded;
use crate::handoff::replay::{Replay, line_hash};

/// Bytes of changed lines that are kept of one session.
const MAX_BYTES: usize = 16 * 1024 * 1024;
/// Bytes kept of one line.
const LINE_BYTES: usize = 2048;
/// Changed lines of one file that are compared, on each side: comparing takes at worst as many steps as one side has
/// lines times the other's.
const COMPARED_MOST: usize = 2_000;
/// What stands for the lines of a private key.
const PRIVATE_KEY: &str = "[REDACTED:private-key]";

/// The texts of the lines that a session removed or added, by hash: its edits are followed by hashes alone.
#[derive(Debug, Default)]
pub(super) struct LineTexts {
    by_hash: HashMap<u64, String>,
    bytes: usize,
}

impl LineTexts {
    /// Takes the lines of an edit's diff.
    pub(super) fn add(&mut self, diff: &str) {
        let mut in_key = false;
        for line in diff.lines() {
            if !matches!(line.as_bytes().first(), Some(b'+' | b'-')) {
                continue;
            }
            let text = &line[1..];
            in_key |= text.contains("-----BEGIN") && text.contains("PRIVATE KEY");
            // A key is known by its first line: by themselves its lines look like nothing.
            let kept = if in_key { PRIVATE_KEY } else { bounded(text, LINE_BYTES) };
            in_key &= !text.contains("-----END");
            if self.bytes + kept.len() > MAX_BYTES {
                continue;
            }
            let bytes = &mut self.bytes;
            self.by_hash.entry(line_hash(text)).or_insert_with(|| {
                *bytes += kept.len();
                kept.to_owned()
            });
        }
    }

    /// What a file's edits come to, each line with its sign, and how many more there are; `None` where that cannot be
    /// told.
    pub(super) fn of(&self, replay: &Replay, mut shown: impl FnMut(&str) -> String) -> Option<(Vec<String>, u64)> {
        let net = replay.net_lines()?;
        let mut lines = Vec::new();
        let mut left_out = 0;
        for (sign, hash) in net {
            // Runs of lines that no edit showed have no text.
            match self.by_hash.get(&hash) {
                Some(text) if lines.len() < COMPARED_MOST => lines.push(format!("{sign}{}", shown(text))),
                _ => left_out += 1,
            }
        }
        Some((lines, left_out))
    }
}

/// Compares what two sessions did. The same whichever is the first, but for the sides.
pub(super) fn compare(a: &[String], b: &[String]) -> Vec<LineBlock> {
    // Which of several equally good alignments is found depends on the order, so the order is always the same.
    if a > b {
        let mut blocks = compare(b, a);
        for block in &mut blocks {
            std::mem::swap(&mut block.a, &mut block.b);
        }
        return blocks;
    }
    let mut blocks: Vec<LineBlock> = Vec::new();
    for op in capture_diff_slices(Algorithm::Myers, a, b) {
        if let DiffOp::Equal { .. } = op {
            blocks.push(LineBlock { both: a[op.old_range()].to_vec(), ..LineBlock::default() });
            continue;
        }
        if blocks.last().is_none_or(|block| !block.both.is_empty()) {
            blocks.push(LineBlock::default());
        }
        if let Some(block) = blocks.last_mut() {
            block.a.extend_from_slice(&a[op.old_range()]);
            block.b.extend_from_slice(&b[op.new_range()]);
        }
    }
    blocks
}

/// Cuts what was compared to `most` lines.
pub(super) fn cut(blocks: Vec<LineBlock>, already_left_out: u64, most: usize) -> ComparedLines {
    let mut compared = ComparedLines { left_out: already_left_out, ..ComparedLines::default() };
    let mut room = most;
    for mut block in blocks {
        let length = block.both.len() + block.a.len() + block.b.len();
        // Each side keeps as much as the other: what is cut does not depend on which is the first.
        let each = if block.both.is_empty() { room / 2 } else { room };
        if length > room {
            for lines in [&mut block.both, &mut block.a, &mut block.b] {
                lines.truncate(each);
            }
        }
        let kept = block.both.len() + block.a.len() + block.b.len();
        compared.left_out += (length - kept) as u64;
        room = if kept < length { 0 } else { room - kept };
        if kept > 0 {
            compared.blocks.push(block);
        }
    }
    compared
}
