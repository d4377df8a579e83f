//! The terms of a segment in one piece of memory, for scans that a sorted dictionary cannot answer.

use memchr::memmem;
use regex_automata::{Input, meta::Regex};

/// What is looked for inside terms.
pub(crate) enum TermScan {
    /// A piece of a term.
    Substring(Box<memmem::Finder<'static>>),
    /// An expression found in a term.
    Regex(Regex),
}

impl TermScan {
    /// Looks for a piece of a term.
    pub(crate) fn substring(piece: &str) -> Self {
        TermScan::Substring(Box::new(memmem::Finder::new(piece.as_bytes()).into_owned()))
    }

    pub(crate) fn matches(&self, term: &[u8]) -> bool {
        match self {
            TermScan::Substring(finder) => finder.find(term).is_some(),
            TermScan::Regex(regex) => regex.is_match(term),
        }
    }
}

/// The terms, each after a line feed, which no term contains; one more at the end.
#[derive(Debug)]
pub(crate) struct Vocabulary {
    lines: Vec<u8>,
    /// Where each first one of [`MARKED`] terms begins.
    marks: Vec<u32>,
    count: usize,
}

/// Terms from one mark to the next.
const MARKED: usize = 32;

impl Vocabulary {
    pub(crate) fn new() -> Self {
        Self { lines: vec![b'\n'], marks: Vec::new(), count: 0 }
    }

    pub(crate) fn push(&mut self, term: &[u8]) {
        if self.count.is_multiple_of(MARKED) {
            self.marks.push(self.lines.len() as u32);
        }
        self.count += 1;
        // A path may hold a line feed; no query that is typed on one line finds it.
        self.lines.extend(term.iter().map(|&byte| if byte == b'\n' { b' ' } else { byte }));
        self.lines.push(b'\n');
    }

    /// Calls `found` with where each term that the scan finds stands, and the term, until it says `false`.
    pub(crate) fn scan(&self, scan: &TermScan, found: &mut dyn FnMut(usize, &[u8]) -> bool) {
        match scan {
            TermScan::Substring(finder) => {
                let mut from = 0;
                while let Some(at) = finder.find(&self.lines[from..]) {
                    let (start, end) = self.line_around(from + at);
                    if !found(start, &self.lines[start..end]) {
                        return;
                    }
                    from = end;
                }
            }
            TermScan::Regex(regex) => {
                // `^` and `$` stand at line ends. A match may run over one, so the line is looked at by itself again.
                let mut from = 1;
                while from < self.lines.len() {
                    let input = Input::new(&self.lines).span(from..self.lines.len());
                    let Some(place) = regex.search(&input) else { return };
                    let (start, end) = self.line_around(place.start());
                    if start >= end {
                        from = end + 1;
                        continue;
                    }
                    if regex.is_match(&self.lines[start..end]) && !found(start, &self.lines[start..end]) {
                        return;
                    }
                    from = end + 1;
                }
            }
        }
    }

    /// The number of the term that stands there, counted from zero in the order of the terms.
    pub(crate) fn number_at(&self, start: usize) -> usize {
        let marked = self.marks.partition_point(|&mark| mark as usize <= start).saturating_sub(1);
        let from = self.marks.get(marked).map_or(start, |&mark| mark as usize);
        marked * MARKED + memchr::memchr_iter(b'\n', &self.lines[from..start]).count()
    }

    fn line_around(&self, at: usize) -> (usize, usize) {
        let start = memchr::memrchr(b'\n', &self.lines[..at]).map_or(0, |feed| feed + 1);
        let end = memchr::memchr(b'\n', &self.lines[at..]).map_or(self.lines.len(), |feed| at + feed);
        (start, end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_are_numbered_in_order() {
        let mut vocabulary = Vocabulary::new();
        let terms: Vec<String> =
            (0..200).map(|number| format!("term{number:0width$}", width = 3 + number % 7)).collect();
        for term in &terms {
            vocabulary.push(term.as_bytes());
        }
        let mut numbers = Vec::new();
        vocabulary.scan(&TermScan::substring("term"), &mut |start, term| {
            assert_eq!(term, terms[vocabulary.number_at(start)].as_bytes());
            numbers.push(vocabulary.number_at(start));
            true
        });
        assert_eq!(numbers, (0..200).collect::<Vec<_>>());
    }
}
