//! The checksum of POSIX `cksum`: what every other machine can work out for itself without anything being installed.

use std::io::{self, Read};

/// The polynomial, most significant bit first.
const POLYNOMIAL: u32 = 0x04c1_1db7;

/// What each byte does to the register.
static TABLE: std::sync::LazyLock<[u32; 256]> = std::sync::LazyLock::new(|| {
    let mut table = [0; 256];
    for (byte, entry) in (0_u32..).zip(&mut table) {
        *entry = (0..8).fold(byte << 24, |register, _| {
            if register & 0x8000_0000 == 0 { register << 1 } else { register << 1 ^ POLYNOMIAL }
        });
    }
    table
});

/// A checksum under way.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Checksum {
    register: u32,
    length: u64,
}

impl Checksum {
    /// Takes more bytes.
    pub(super) fn add(&mut self, bytes: &[u8]) {
        self.length += bytes.len() as u64;
        self.register = bytes.iter().fold(self.register, |register, byte| step(register, *byte));
    }

    /// The checksum of all bytes taken.
    pub(super) fn value(self) -> u32 {
        let (mut register, mut length) = (self.register, self.length);
        while length > 0 {
            register = step(register, length as u8);
            length >>= 8;
        }
        !register
    }
}

/// The checksum of everything that `from` gives.
pub(super) fn of(mut from: impl Read) -> io::Result<u32> {
    let mut checksum = Checksum::default();
    let mut block = vec![0; 64 << 10];
    loop {
        match from.read(&mut block)? {
            0 => return Ok(checksum.value()),
            read => checksum.add(&block[..read]),
        }
    }
}

/// Checksum and length, as `cksum` prints them.
pub(super) fn printed(text: &[u8]) -> Option<(u32, u64)> {
    let mut words = std::str::from_utf8(text).ok()?.split_ascii_whitespace();
    Some((words.next()?.parse().ok()?, words.next()?.parse().ok()?))
}

fn step(register: u32, byte: u8) -> u32 {
    register << 8 ^ TABLE[usize::from((register >> 24) as u8 ^ byte)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_checksum_of_posix() {
        // As `printf … | cksum` prints it.
        for (text, checksum) in [("", 4_294_967_295), ("a", 1_220_704_766), ("123456789", 930_766_865)] {
            assert_eq!(of(text.as_bytes()).unwrap(), checksum, "{text}");
        }
        assert_eq!(printed(b"930766865 9\n"), Some((930_766_865, 9)));
        assert_eq!(printed(b"no"), None);
    }
}
