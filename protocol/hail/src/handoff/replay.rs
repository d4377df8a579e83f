//! One file's edits, one after the other: how many lines the session added and removed in the end.
//!
//! Edits are hunks: a few lines and where they stand. The file itself is not known. It is kept as runs of lines that
//! nobody touched and lines that the session wrote, so that a line that is written and removed again counts for nothing,
//! and one that is removed and written again neither.

use std::collections::BTreeMap;

use similar::{Algorithm, DiffOp, capture_diff_slices};

/// Comparing takes at worst as many steps as one side has lines times the other's. Beyond this many, lines are compared
/// without their order.
const STEPS: usize = 16_000_000;
/// How far from where a hunk says it stands it is looked for, in lines, when something else stands there.
const DRIFT: u64 = 2_000;
/// Regions whose place in the file is not known.
const MAX_REGIONS: usize = 256;

/// A line of a hunk: its sign and the hash of its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct HunkLine {
    sign: u8,
    hash: u64,
}

/// What the session made of one file so far.
#[derive(Debug, Clone)]
pub(crate) struct Replay {
    /// The file; then parts of it whose place is not known, each numbered from its own beginning.
    regions: Vec<Region>,
    /// Hashes kept.
    pub(crate) size: usize,
    /// An edit did not tell its lines.
    unknown: bool,
    /// The file was not there before: nothing of it can have been removed.
    is_new: bool,
}

#[derive(Debug, Clone, Default)]
struct Region {
    pieces: Vec<Piece>,
    /// Lines of the file as it was before, as far as hunks showed them, by number from zero.
    original: BTreeMap<u64, u64>,
    /// The file ended here: nothing is behind the last piece.
    originals: u64,
}

#[derive(Debug, Clone)]
enum Piece {
    /// Lines of the file as it was before.
    Kept { from: u64, lines: u64 },
    /// Lines that the session wrote.
    New(Vec<u64>),
}

/// So many lines that no file has them.
const ENDLESS: u64 = 1 << 40;

impl Replay {
    /// A file that was there before, of which nothing is known.
    pub(crate) fn of_existing() -> Self {
        Self { regions: vec![Region::existing(ENDLESS)], size: 0, unknown: false, is_new: false }
    }

    /// A file that was not there.
    pub(crate) fn of_new() -> Self {
        Self { regions: vec![Region::default()], size: 0, unknown: false, is_new: true }
    }

    /// The file is new and has so many lines, of which nothing else is known.
    pub(crate) fn create_counted(&mut self, lines: u64) {
        const MOST: u64 = 1_000_000;
        if lines > MOST || !self.is_new {
            self.unknown = true;
            return;
        }
        // Each is like no other line.
        let hashes: Vec<u64> = (0..lines).map(|line| run_hash(line, ENDLESS)).collect();
        self.size += hashes.len();
        self.regions[0].pieces = vec![Piece::New(hashes)];
    }

    /// Applies the hunks of a unified diff.
    pub(crate) fn apply(&mut self, diff: &str) {
        let mut lines: Vec<HunkLine> = Vec::new();
        let mut start = None;
        let mut drift = 0_i64;
        for line in diff.lines().chain(std::iter::once("@@")) {
            if line.starts_with("@@") {
                if !lines.is_empty() {
                    self.hunk(start.unwrap_or((0, 0)), &lines, &mut drift);
                    lines.clear();
                }
                start = hunk_start(line);
                continue;
            }
            let sign = match line.as_bytes().first() {
                None => b' ',
                Some(sign @ (b' ' | b'+' | b'-')) => *sign,
                // `\ No newline at end of file`, headers
                Some(_) => continue,
            };
            lines.push(HunkLine { sign, hash: line_hash(line.get(1..).unwrap_or_default()) });
        }
    }

    /// An edit happened that does not tell which lines it changed.
    pub(crate) fn apply_unknown(&mut self) {
        self.unknown = true;
    }

    /// The file is gone; `diff` may show the lines that went.
    pub(crate) fn delete(&mut self, diff: Option<&str>) {
        match diff {
            Some(diff) if diff.lines().any(|line| line.starts_with('-')) => self.apply(diff),
            _ => self.unknown |= self.regions.iter().any(|region| region.originals > 0),
        }
        // Whatever the session wrote is gone with it.
        for region in &mut self.regions {
            region.pieces.retain(|piece| matches!(piece, Piece::Kept { .. }));
        }
    }

    /// The file is written anew as a whole.
    pub(crate) fn rewrite(&mut self, diff: &str) {
        let lines: Vec<u64> = diff.lines().filter_map(|line| line.strip_prefix('+')).map(line_hash).collect();
        self.unknown |=
            self.regions.iter().any(|region| region.pieces.iter().any(|piece| matches!(piece, Piece::Kept { .. })));
        self.regions.truncate(1);
        self.size += lines.len();
        self.regions[0].pieces = vec![Piece::New(lines)];
    }

    /// Lines added and removed in the end; `None` where an edit did not tell.
    pub(crate) fn net(&self) -> Option<(u64, u64)> {
        if self.unknown {
            return None;
        }
        let nets = self.regions.iter().map(Region::net);
        let net = nets.fold((0, 0), |sum, net| (sum.0 + net.0, sum.1 + net.1));
        // Lines that go from a new file and that no edit had written: something else changed it in between.
        (!self.is_new || net.1 == 0).then_some(net)
    }

    /// The lines removed (`-`) and added (`+`) in the end, by their hashes, in the order of the file. `None` where an edit
    /// did not tell, or where there are too many to be put in order.
    pub(crate) fn net_lines(&self) -> Option<Vec<(char, u64)>> {
        if self.unknown {
            return None;
        }
        let mut changes = Vec::new();
        for region in &self.regions {
            let (old, new) = region.before_and_after();
            let (start, old_end, new_end) = differing(&old, &new);
            let (old, new) = (&old.hashes[start..old_end], &new.hashes[start..new_end]);
            if old.len().saturating_mul(new.len()) > STEPS {
                return None;
            }
            for op in capture_diff_slices(Algorithm::Myers, old, new) {
                if !matches!(op, DiffOp::Equal { .. }) {
                    changes.extend(old[op.old_range()].iter().map(|hash| ('-', *hash)));
                    changes.extend(new[op.new_range()].iter().map(|hash| ('+', *hash)));
                }
            }
        }
        Some(changes)
    }

    fn hunk(&mut self, (start, old_lines): (u64, u64), lines: &[HunkLine], drift: &mut i64) {
        // Of no lines the number is that of the line before.
        let position = if old_lines == 0 { start } else { start.saturating_sub(1) };
        let old: Vec<u64> = lines.iter().filter(|line| line.sign != b'+').map(|line| line.hash).collect();
        let Some((region, position)) = self.place(position, &old, *drift) else {
            // Something is known to stand there that is not this: its place is unknown.
            if self.regions.len() < MAX_REGIONS {
                let mut region = Region::existing(old.len() as u64);
                self.size += region.splice(0, lines);
                self.regions.push(region);
            } else {
                self.unknown = true;
            }
            return;
        };
        // Hunks of one diff are numbered by the file before all of them.
        *drift += lines.iter().map(|line| i64::from(line.sign == b'+') - i64::from(line.sign == b'-')).sum::<i64>();
        self.size += self.regions[region].splice(position, lines);
    }

    /// Where a hunk goes: at its own place unless what is known to stand there contradicts it, else at the nearest
    /// place where all of its old lines are known to stand.
    fn place(&self, position: u64, old: &[u64], drift: i64) -> Option<(usize, u64)> {
        let position = position.saturating_add_signed(drift);
        if self.regions[0].fits(position, old) != Fit::Contradicts {
            return Some((0, position.min(self.regions[0].end())));
        }
        if old.is_empty() {
            return Some((0, self.regions[0].end()));
        }
        for (index, region) in self.regions.iter().enumerate() {
            let mut places: Vec<u64> = region
                .known(old[0])
                .into_iter()
                .filter(|place| index > 0 || place.abs_diff(position) <= DRIFT)
                .collect();
            places.sort_by_key(|place| place.abs_diff(position));
            if let Some(place) = places.into_iter().find(|place| region.fits(*place, old) == Fit::Known) {
                return Some((index, place));
            }
        }
        // The first line may be one that no hunk showed yet.
        for distance in 1..=DRIFT.min(400) {
            for place in [position.checked_sub(distance), Some(position + distance)].into_iter().flatten() {
                if self.regions[0].fits(place, old) == Fit::Partly {
                    return Some((0, place));
                }
            }
        }
        None
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fit {
    /// All lines are known to stand there.
    Known,
    /// Some are, and nothing contradicts.
    Partly,
    /// Nothing is known of the place.
    Unknown,
    /// Something else stands there.
    Contradicts,
}

impl Region {
    fn existing(lines: u64) -> Self {
        let pieces = if lines == 0 { Vec::new() } else { vec![Piece::Kept { from: 0, lines }] };
        Self { pieces, original: BTreeMap::new(), originals: lines }
    }

    fn end(&self) -> u64 {
        self.pieces.iter().map(Piece::lines).sum()
    }

    fn fits(&self, position: u64, old: &[u64]) -> Fit {
        let mut known = 0;
        let mut index = 0;
        let mut before = 0;
        for (at, hash) in (position..).zip(old) {
            while index < self.pieces.len() && at >= before + self.pieces[index].lines() {
                before += self.pieces[index].lines();
                index += 1;
            }
            let Some(piece) = self.pieces.get(index) else { return Fit::Contradicts };
            let found = match piece {
                Piece::Kept { from, .. } => self.original.get(&(from + at - before)).copied(),
                Piece::New(lines) => Some(lines[(at - before) as usize]),
            };
            match found {
                Some(found) if found == *hash => known += 1,
                Some(_) => return Fit::Contradicts,
                None => {}
            }
        }
        match known {
            0 if !old.is_empty() => Fit::Unknown,
            _ if known == old.len() => Fit::Known,
            _ => Fit::Partly,
        }
    }

    /// Every place where a line of that hash is known to stand.
    fn known(&self, hash: u64) -> Vec<u64> {
        let mut places = Vec::new();
        let mut before = 0;
        for piece in &self.pieces {
            match piece {
                Piece::Kept { from, lines } => {
                    let known = self.original.range(*from..from + lines).filter(|(_, found)| **found == hash);
                    places.extend(known.map(|(number, _)| before + number - from));
                }
                Piece::New(lines) => {
                    let same = lines.iter().enumerate().filter(|(_, found)| **found == hash);
                    places.extend(same.map(|(at, _)| before + at as u64));
                }
            }
            before += piece.lines();
        }
        places
    }

    /// Applies a hunk whose old lines begin at `position`. Gives how many hashes are kept more.
    fn splice(&mut self, position: u64, lines: &[HunkLine]) -> usize {
        let mut rest = std::mem::take(&mut self.pieces).into_iter();
        let mut left: Vec<Piece> = Vec::new();
        let mut skip = position;
        let mut current = None;
        for piece in rest.by_ref() {
            if skip >= piece.lines() {
                skip -= piece.lines();
                left.push(piece);
            } else {
                let (head, tail) = piece.split(skip);
                left.extend(head);
                current = Some(tail);
                break;
            }
        }
        let mut kept = 0;
        let mut new: Vec<u64> = Vec::new();
        for line in lines {
            if line.sign == b'+' {
                new.push(line.hash);
                kept += 1;
                continue;
            }
            while current.as_ref().is_none_or(|piece| piece.lines() == 0) {
                match rest.next() {
                    Some(piece) => current = Some(piece),
                    None => break,
                }
            }
            match &mut current {
                Some(Piece::Kept { from, lines }) if *lines > 0 => {
                    self.original.insert(*from, line.hash);
                    kept += 1;
                    if line.sign == b' ' {
                        flush(&mut left, &mut new);
                        push_kept(&mut left, *from);
                    }
                    *from += 1;
                    *lines -= 1;
                }
                Some(Piece::New(written)) if !written.is_empty() => {
                    let first = written.remove(0);
                    if line.sign == b' ' {
                        new.push(first);
                    }
                }
                // Past the end of what there is: only a file that something else made longer.
                _ => {
                    if line.sign == b' ' {
                        flush(&mut left, &mut new);
                    }
                }
            }
        }
        flush(&mut left, &mut new);
        for piece in current.into_iter().chain(rest) {
            match piece {
                Piece::Kept { lines: 0, .. } => {}
                Piece::New(written) if written.is_empty() => {}
                Piece::New(mut written) => flush(&mut left, &mut written),
                Piece::Kept { from, lines } => match left.last_mut() {
                    Some(Piece::Kept { from: before, lines: length }) if *before + *length == from => *length += lines,
                    _ => left.push(Piece::Kept { from, lines }),
                },
            }
        }
        self.pieces = left;
        kept
    }

    fn net(&self) -> (u64, u64) {
        let (old, new) = self.before_and_after();
        compare(&old, &new)
    }

    /// The file before and after as lines, runs of unknown ones as one.
    fn before_and_after(&self) -> (Lines, Lines) {
        let mut ends: Vec<u64> = Vec::new();
        for piece in &self.pieces {
            if let Piece::Kept { from, lines } = piece {
                ends.extend([*from, from + lines]);
            }
        }
        let mut old = Lines::default();
        self.originals(0, self.originals, &ends, &mut old);
        let mut new = Lines::default();
        for piece in &self.pieces {
            match piece {
                Piece::Kept { from, lines } => self.originals(*from, from + lines, &ends, &mut new),
                Piece::New(lines) => lines.iter().for_each(|hash| new.push(*hash, 1)),
            }
        }
        (old, new)
    }

    /// The lines of the file before from `from` to `to`, cut at `ends`, which ascend.
    fn originals(&self, from: u64, to: u64, ends: &[u64], lines: &mut Lines) {
        let mut at = from;
        let unknown = |from: u64, to: u64, lines: &mut Lines| {
            let mut start = from;
            let first = ends.partition_point(|end| *end <= from);
            for end in ends[first..].iter().copied().take_while(|end| *end < to).chain([to]) {
                if end > start {
                    lines.push_run(start, end);
                    start = end;
                }
            }
        };
        for (number, hash) in self.original.range(from..to) {
            unknown(at, *number, lines);
            lines.push(*hash, 1);
            at = number + 1;
        }
        unknown(at, to, lines);
    }
}

/// Hashes of lines, or of runs of lines, and how many lines each is.
#[derive(Debug, Default)]
struct Lines {
    hashes: Vec<u64>,
    counts: Vec<u64>,
}

impl Lines {
    fn push(&mut self, hash: u64, count: u64) {
        self.hashes.push(hash);
        self.counts.push(count);
    }

    /// A run of unknown lines stands for as many, up to a bound: it is not given up for a few that are alike.
    fn push_run(&mut self, from: u64, to: u64) {
        const MOST: u64 = 64;
        let parts = (to - from).min(MOST);
        for part in 0..parts {
            let count = if part + 1 == parts { to - from - part } else { 1 };
            self.push(run_hash(from, to).wrapping_add(part), count);
        }
    }

    /// How many lines stand in a part of it.
    fn sum(&self, from: usize, length: usize) -> u64 {
        self.counts[from..from + length].iter().sum()
    }
}

/// What stands for lines that no hunk showed: like nothing else.
fn run_hash(from: u64, to: u64) -> u64 {
    let mix = |hash: u64, number: u64| (hash ^ number).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29);
    mix(mix(0x5851_f42d_4c95_7f2d, from), to)
}

impl Piece {
    fn lines(&self) -> u64 {
        match self {
            Piece::Kept { lines, .. } => *lines,
            Piece::New(lines) => lines.len() as u64,
        }
    }

    fn split(self, at: u64) -> (Option<Piece>, Piece) {
        if at == 0 {
            return (None, self);
        }
        match self {
            Piece::Kept { from, lines } => {
                (Some(Piece::Kept { from, lines: at }), Piece::Kept { from: from + at, lines: lines - at })
            }
            Piece::New(mut lines) => {
                let tail = lines.split_off(at as usize);
                (Some(Piece::New(lines)), Piece::New(tail))
            }
        }
    }
}

fn flush(pieces: &mut Vec<Piece>, new: &mut Vec<u64>) {
    if new.is_empty() {
        return;
    }
    match pieces.last_mut() {
        Some(Piece::New(lines)) => lines.append(new),
        _ => pieces.push(Piece::New(std::mem::take(new))),
    }
}

fn push_kept(pieces: &mut Vec<Piece>, number: u64) {
    match pieces.last_mut() {
        Some(Piece::Kept { from, lines }) if *from + *lines == number => *lines += 1,
        _ => pieces.push(Piece::Kept { from: number, lines: 1 }),
    }
}

/// The part between what both begin with and what both end with: where it begins, and where it ends in each.
fn differing(old: &Lines, new: &Lines) -> (usize, usize, usize) {
    let same_start = old.hashes.iter().zip(&new.hashes).take_while(|(one, other)| one == other).count();
    let most = old.hashes.len().min(new.hashes.len()) - same_start;
    let same_end =
        old.hashes.iter().rev().zip(new.hashes.iter().rev()).take(most).take_while(|(one, other)| one == other).count();
    (same_start, old.hashes.len() - same_end, new.hashes.len() - same_end)
}

/// Lines of `new` that `old` lacks, and the other way round, in order.
fn compare(old: &Lines, new: &Lines) -> (u64, u64) {
    let (same_start, old_end, new_end) = differing(old, new);
    let (old_part, new_part) = (&old.hashes[same_start..old_end], &new.hashes[same_start..new_end]);
    if old_part.len().saturating_mul(new_part.len()) > STEPS {
        let mut counts: BTreeMap<u64, i64> = BTreeMap::new();
        let mut add = |lines: &Lines, from: usize, to: usize, sign: i64| {
            for index in from..to {
                *counts.entry(lines.hashes[index]).or_default() += sign * lines.counts[index] as i64;
            }
        };
        add(new, same_start, new_end, 1);
        add(old, same_start, old_end, -1);
        let sum = |sign: i64| counts.values().map(|count| (count * sign).max(0) as u64).sum();
        return (sum(1), sum(-1));
    }
    let (mut added, mut removed) = (0, 0);
    for op in capture_diff_slices(Algorithm::Myers, old_part, new_part) {
        let (old_range, new_range) = (op.old_range(), op.new_range());
        if !matches!(op, DiffOp::Equal { .. }) {
            removed += old.sum(same_start + old_range.start, old_range.len());
            added += new.sum(same_start + new_range.start, new_range.len());
        }
    }
    (added, removed)
}

/// `@@ -12,3 +12,4 @@`: the first of the old lines and how many they are.
fn hunk_start(line: &str) -> Option<(u64, u64)> {
    let rest = line.strip_prefix("@@ -")?;
    let numbers = rest.split(' ').next()?;
    let (start, lines) = numbers.split_once(',').unwrap_or((numbers, "1"));
    Some((start.parse().ok()?, lines.parse().ok()?))
}

/// FNV-1a, 64 bits, of a line. <http://www.isthe.com/chongo/tech/comp/fnv/>
///
/// Claude Code writes two spaces for each leading tab in its patches, and the tabs themselves in the content of new
/// files: here both are the same.
pub(crate) fn line_hash(line: &str) -> u64 {
    let line = line.strip_suffix('\r').unwrap_or(line);
    let text = line.trim_start_matches('\t');
    let tabs = std::iter::repeat_n(b' ', (line.len() - text.len()) * 2);
    tabs.chain(text.bytes())
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn net(diffs: &[&str]) -> Option<(u64, u64)> {
        let mut replay = Replay::of_existing();
        for diff in diffs {
            replay.apply(diff);
        }
        replay.net()
    }

    #[test]
    fn lines_written_and_removed_again_count_for_nothing() {
        assert_eq!(net(&["@@ -1,2 +1,3 @@\n a\n+x\n b\n"]), Some((1, 0)));
        assert_eq!(net(&["@@ -1,2 +1,3 @@\n a\n+x\n b\n", "@@ -1,3 +1,2 @@\n a\n-x\n b\n"]), Some((0, 0)));
        assert_eq!(net(&["@@ -5,1 +5,1 @@\n-a\n+b\n", "@@ -5,1 +5,1 @@\n-b\n+c\n"]), Some((1, 1)));
        assert_eq!(net(&["@@ -5,1 +5,1 @@\n-a\n+b\n", "@@ -5,1 +5,1 @@\n-b\n+a\n"]), Some((0, 0)));
    }

    #[test]
    fn hunks_of_one_diff_count_by_the_file_before() {
        assert_eq!(
            net(&["@@ -1,1 +1,2 @@\n a\n+x\n@@ -10,1 +11,1 @@\n-b\n+c\n", "@@ -11,1 +11,1 @@\n-c\n+b\n"]),
            Some((1, 0))
        );
    }

    #[test]
    fn hunks_whose_place_moved_or_is_unknown_are_found() {
        // Something else put three lines before it.
        assert_eq!(net(&["@@ -5,4 +5,5 @@\n a\n+x\n b\n c\n d\n", "@@ -8,3 +8,2 @@\n a\n-x\n b\n"]), Some((0, 0)));
        // A form without line numbers.
        assert_eq!(
            net(&["@@ -1,1 +1,1 @@\n-a\n+b\n", "@@ -1,1 +1,1 @@\n-p\n+q\n", "@@ -1,1 +1,1 @@\n-q\n+r\n"]),
            Some((2, 2))
        );
    }

    #[test]
    fn new_files_are_counted_whole() {
        let mut replay = Replay::of_new();
        replay.apply("@@ -0,0 +1,3 @@\n+a\n+b\n+c\n");
        replay.apply("@@ -1,3 +1,3 @@\n a\n-b\n+d\n c\n");
        assert_eq!(replay.net(), Some((3, 0)));
        replay.rewrite("@@ -0,0 +1,1 @@\n+z\n");
        assert_eq!(replay.net(), Some((1, 0)));
        replay.delete(None);
        assert_eq!(replay.net(), Some((0, 0)));
    }

    #[test]
    fn a_new_file_loses_no_lines() {
        let mut replay = Replay::of_new();
        replay.apply("@@ -0,0 +1,3 @@\n+a\n+b\n+c\n");
        // Something else had written what this takes away.
        replay.apply("@@ -2,2 +2,1 @@\n-x\n-y\n+z\n");
        assert_eq!(replay.net(), None);
        let mut replay = Replay::of_new();
        replay.create_counted(5);
        assert_eq!(replay.net(), Some((5, 0)));
    }
}
