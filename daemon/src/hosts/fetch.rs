//! Files on their way into the mirror: what each lacks is asked for, many requests under way at once.

use std::{
    collections::VecDeque,
    fs::File,
    path::{Path, PathBuf},
};

use super::{
    checksum,
    entry::{self, Entry},
    mirror::{self, Mirror},
    pull::{Course, PullError},
    shell::{Answer, Shell},
    wanted::{How, Wanted},
};

/// Bytes asked for at once of one file.
const CHUNK: u64 = 4 << 20;
/// Bytes asked for at once of all files.
const UNDER_WAY_BYTES: u64 = 8 << 20;
/// Requests under way.
const UNDER_WAY: usize = 48;
/// Bytes at the beginning of a file by which it is recognised.
const HEAD: u64 = 1024;
/// Bytes before the place where it is gone on with, likewise.
const TAIL: u64 = 4096;
/// A line that is longer goes into the mirror before it is whole.
const LINE_MOST: usize = 32 << 20;

/// A file on its way.
struct Task {
    entry: Entry,
    step: Step,
}

/// What is awaited next.
enum Step {
    /// Its beginning, to be compared with what is here.
    Head,
    /// Checksum and length: it has the size that it has here.
    Checksum,
    /// Lines from `written` on. What follows the last line terminator waits, unless the file ends with it.
    Lines { written: u64, overlap: u64, waiting: Vec<u8> },
    /// All of it, put together at `staged`.
    Whole { staged: PathBuf, has: u64 },
}

/// Brings the files here. Those that cannot be had are told to `course`; what cannot go on is an error.
pub(super) fn fetch(
    shell: &mut Shell,
    mirror: &Mirror,
    files: Vec<Wanted>,
    course: &mut Course<'_>,
) -> Result<(), PullError> {
    let mut ready: VecDeque<Task> = files.into_iter().map(|wanted| Task::new(wanted, mirror)).collect();
    let mut under_way: VecDeque<(Task, u64)> = VecDeque::new();
    loop {
        let mut bytes: u64 = under_way.iter().map(|(_, most)| most).sum();
        while under_way.len() < UNDER_WAY && bytes < UNDER_WAY_BYTES {
            let Some(task) = ready.pop_front() else { break };
            if task.is_empty() {
                task.end(mirror, course)?;
                continue;
            }
            // Names were checked when they were listed.
            let Some((request, most)) = task.request() else { continue };
            shell.ask(&request)?;
            bytes += most;
            under_way.push_back((task, most));
        }
        let Some((task, most)) = under_way.pop_front() else { return Ok(()) };
        let answer = shell.answer(most)?;
        course.received(answer.bytes.len() as u64);
        if let Some(next) = task.take(answer, most, mirror, course)? {
            // Before others: a file that is half here is finished first.
            ready.push_front(next);
        }
    }
}

impl Task {
    fn new(wanted: Wanted, mirror: &Mirror) -> Self {
        let Wanted { entry, how, .. } = wanted;
        let here = mirror.stamp(&entry.path).map(|(size, _)| size);
        let step = match (how, here) {
            (_, Some(size)) if size == entry.size => Step::Checksum,
            (How::Lines, None) => Step::Lines { written: 0, overlap: 0, waiting: Vec::new() },
            (How::Lines, Some(size)) if size < entry.size => Step::Head,
            _ => Step::whole(&entry, mirror),
        };
        Self { entry, step }
    }

    /// Nothing is to be asked for.
    fn is_empty(&self) -> bool {
        match &self.step {
            Step::Lines { written, waiting, .. } => written + waiting.len() as u64 == self.entry.size,
            Step::Whole { has, .. } => *has == self.entry.size,
            Step::Head | Step::Checksum => false,
        }
    }

    /// The file is here as it is there, but for its time.
    fn end(self, mirror: &Mirror, course: &mut Course<'_>) -> Result<(), PullError> {
        let is_settled = course.is_settled(&self.entry);
        match self.step {
            Step::Whole { staged, .. } => {
                if self.entry.size == 0 {
                    Mirror::stage(&staged, 0, b"")?;
                }
                mirror.place(&staged, &self.entry, is_settled)?;
            }
            Step::Lines { written, waiting, .. } => {
                mirror.append(&self.entry.path, written, &waiting)?;
                mirror.finish(&self.entry, is_settled)?;
            }
            Step::Head | Step::Checksum => mirror.finish(&self.entry, is_settled)?,
        }
        course.brought();
        Ok(())
    }

    /// What to ask for, and how many bytes may come.
    fn request(&self) -> Option<(String, u64)> {
        let name = entry::quoted(&self.entry.path)?;
        let part = |from: u64, count: u64| (format!("R {name} {} {count}", from + 1), count);
        Some(match &self.step {
            Step::Head => part(0, HEAD.min(self.entry.size)),
            Step::Checksum => (format!("C {name}"), 64),
            Step::Lines { written, overlap, waiting } => {
                let at = written + waiting.len() as u64;
                part(at - overlap, overlap + CHUNK.min(self.entry.size - at))
            }
            Step::Whole { has, .. } => part(*has, CHUNK.min(self.entry.size - has)),
        })
    }

    /// Takes an answer; gives the task where there is more to ask for.
    fn take(
        mut self,
        answer: Answer,
        most: u64,
        mirror: &Mirror,
        course: &mut Course<'_>,
    ) -> Result<Option<Self>, PullError> {
        if answer.status != "ok" {
            // It went meanwhile: the next listing tells.
            return Ok(None);
        }
        let bytes = answer.bytes;
        // Another file than was listed: it is looked at again next time.
        let is_short = (bytes.len() as u64) < most;
        self.step = match self.step {
            Step::Head => {
                let here = mirror.read(&self.entry.path, 0, bytes.len()).unwrap_or_default();
                let written = mirror.stamp(&self.entry.path).map_or(0, |(size, _)| size);
                // The file here has fewer bytes than were asked for where it is short.
                let known = here.len().min(bytes.len());
                if written < self.entry.size && bytes[..known] == here[..known] && !is_short {
                    Step::Lines { written, overlap: written.min(TAIL), waiting: Vec::new() }
                } else {
                    Step::whole(&self.entry, mirror)
                }
            }
            Step::Checksum => {
                let same = checksum::printed(&bytes).is_some_and(|(sum, size)| {
                    let here = File::open(mirror.path(&self.entry.path)).and_then(checksum::of);
                    size == self.entry.size && here.is_ok_and(|here| here == sum)
                });
                if same {
                    let is_settled = course.is_settled(&self.entry);
                    mirror.finish(&self.entry, is_settled)?;
                    course.passed();
                    return Ok(None);
                }
                Step::whole(&self.entry, mirror)
            }
            Step::Lines { mut written, overlap, mut waiting } => {
                let overlapping = usize::try_from(overlap).unwrap_or(usize::MAX).min(bytes.len());
                let (known, new) = bytes.split_at(overlapping);
                let here = mirror.read(&self.entry.path, written - overlap, overlapping).unwrap_or_default();
                if overlap > 0 && (known.len() as u64 != overlap || known != here) {
                    Step::whole(&self.entry, mirror)
                } else {
                    waiting.extend_from_slice(new);
                    let lines = memchr::memrchr(b'\n', &waiting).map_or(0, |at| at + 1);
                    let ready = if waiting.len() > LINE_MOST { waiting.len() } else { lines };
                    let is_last = written + waiting.len() as u64 == self.entry.size;
                    if ready > 0 && !is_last {
                        mirror.append(&self.entry.path, written, &waiting[..ready])?;
                        written += ready as u64;
                        waiting.drain(..ready);
                    }
                    if is_short {
                        return Ok(None);
                    }
                    Step::Lines { written, overlap: 0, waiting }
                }
            }
            Step::Whole { staged, has } => {
                Mirror::stage(&staged, has, &bytes)?;
                if is_short {
                    return Ok(None);
                }
                Step::Whole { staged, has: has + bytes.len() as u64 }
            }
        };
        if self.is_empty() {
            self.end(mirror, course)?;
            return Ok(None);
        }
        Ok(Some(self))
    }
}

impl Step {
    /// All of it, from where it was broken off.
    fn whole(entry: &Entry, mirror: &Mirror) -> Self {
        let staged = mirror.staged(entry);
        let has = has(&staged, entry.size);
        Step::Whole { staged, has }
    }
}

/// Bytes of the file that were put together before.
fn has(staged: &Path, size: u64) -> u64 {
    let has = mirror::length(staged);
    if has > size { 0 } else { has }
}
