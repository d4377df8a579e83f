//! A set of small numbers.

/// A set of numbers below a limit that is given when it is made. Others are never in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Bits {
    words: Vec<u64>,
    limit: usize,
}

impl Bits {
    pub(crate) fn empty(limit: usize) -> Self {
        Self { words: vec![0; limit.div_ceil(64)], limit }
    }

    pub(crate) fn full(limit: usize) -> Self {
        let mut bits = Self { words: vec![u64::MAX; limit.div_ceil(64)], limit };
        bits.cut();
        bits
    }

    /// Drops what a whole word holds beyond the limit.
    fn cut(&mut self) {
        let rest = self.limit % 64;
        if let (1.., Some(last)) = (rest, self.words.last_mut()) {
            *last &= (1 << rest) - 1;
        }
    }

    #[inline]
    pub(crate) fn insert(&mut self, number: u32) {
        if let Some(word) = self.words.get_mut(number as usize / 64) {
            *word |= 1 << (number % 64);
        }
    }

    #[inline]
    pub(crate) fn contains(&self, number: u32) -> bool {
        self.words.get(number as usize / 64).is_some_and(|word| word >> (number % 64) & 1 == 1)
    }

    pub(crate) fn remove(&mut self, number: u32) {
        if let Some(word) = self.words.get_mut(number as usize / 64) {
            *word &= !(1 << (number % 64));
        }
    }

    pub(crate) fn intersect(&mut self, other: &Bits) {
        for (word, other) in self.words.iter_mut().zip(&other.words) {
            *word &= other;
        }
    }

    pub(crate) fn unite(&mut self, other: &Bits) {
        for (word, other) in self.words.iter_mut().zip(&other.words) {
            *word |= other;
        }
    }

    pub(crate) fn invert(&mut self) {
        for word in &mut self.words {
            *word = !*word;
        }
        self.cut();
    }

    pub(crate) fn count(&self) -> u64 {
        self.words.iter().map(|word| u64::from(word.count_ones())).sum()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = u32> {
        self.words.iter().enumerate().flat_map(|(index, &word)| {
            let mut left = word;
            std::iter::from_fn(move || {
                let bit = left.trailing_zeros();
                left &= left.checked_sub(1)?;
                Some(index as u32 * 64 + bit)
            })
        })
    }
}
