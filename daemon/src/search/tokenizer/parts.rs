//! The parts of an identifier.

use super::MAX_PARTS;
use super::character::{DIGIT, LOWER, UNDERSCORE, UPPER};

/// Letters beside digits are cut from them where one side is at least this long: `phase3`, not `v2` or `k8s`.
const MIN_STRETCH: usize = 3;

/// Where the parts of a run stand in it, in characters.
#[derive(Debug)]
pub(super) struct Parts {
    ranges: [(u8, u8); MAX_PARTS],
    count: usize,
    too_many: bool,
}

impl Default for Parts {
    fn default() -> Self {
        Self { ranges: [(0, 0); MAX_PARTS], count: 0, too_many: false }
    }
}

impl Parts {
    /// Cuts a run, given the classes of its characters (64 at most), at `_`, from small letter to capital, before the
    /// last capital of several that a small letter follows, and between letters and digits.
    pub(super) fn cut(&mut self, classes: &[u8]) {
        let mut start = 0;
        for at in 0..classes.len() {
            let class = classes[at];
            if class == UNDERSCORE {
                self.cut_digits(classes, start, at);
                start = at + 1;
            } else if class == UPPER && at > start {
                let after_small = classes[at - 1] == LOWER;
                let last_capital = classes[at - 1] == UPPER && classes.get(at + 1) == Some(&LOWER);
                if after_small || last_capital {
                    self.cut_digits(classes, start, at);
                    start = at;
                }
            }
        }
        self.cut_digits(classes, start, classes.len());
        // The whole once more is no part.
        if self.too_many || (self.count == 1 && self.ranges[0] == (0, classes.len() as u8)) {
            self.count = 0;
        }
    }

    /// Cuts `start..end`, which holds letters and digits only, between letters and digits.
    fn cut_digits(&mut self, classes: &[u8], start: usize, end: usize) {
        let is_digit = |at: usize| classes[at] == DIGIT;
        let stretch_end = |from: usize| (from..end).find(|at| is_digit(*at) != is_digit(from)).unwrap_or(end);
        let mut part = start;
        let mut stretch = start;
        while stretch < end {
            let next = stretch_end(stretch);
            if next < end && (next - stretch >= MIN_STRETCH || stretch_end(next) - next >= MIN_STRETCH) {
                self.push(part, next);
                part = next;
            }
            stretch = next;
        }
        if part < end {
            self.push(part, end);
        }
    }

    fn push(&mut self, start: usize, end: usize) {
        match self.ranges.get_mut(self.count) {
            Some(range) => {
                *range = (start as u8, end as u8);
                self.count += 1;
            }
            None => self.too_many = true,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The parts, in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        self.ranges[..self.count].iter().map(|(start, end)| (usize::from(*start), usize::from(*end)))
    }
}
