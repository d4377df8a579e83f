//! One session in several places: which of them is read.
//!
//! An agent may keep a session in several places of one home directory (a file that was imported into a database and left
//! where it is): the reader ranks them, and the best stands for all. A session may also lie on several machines: the copy
//! here is read, else that of the machine that was added first, and the others are left alone as long as nothing is in
//! them that the one that is read lacks. Ids alone do not tell that, for some agents count their sessions; so contents
//! are compared.

use std::{
    fs::{self, File},
    io::{self, Read},
};

use opensession_agents::{CutError, SourceKind, lines};

use super::{super::stamp::Stamp, Known, SourceIndex, Sources};

/// Files that are not made of lines are compared whole up to this size; larger ones are taken for different.
const COMPARED_MOST: u64 = 16 << 20;
/// Bytes at the beginning of two files that are compared.
const HEAD: u64 = 4096;

impl Sources {
    /// Whether another source stands for this one's session: it is not read then.
    pub(super) fn is_shadowed(&self, index: SourceIndex) -> bool {
        let known = &self.known[index];
        let rank = known.agent.rank(&known.source);
        self.others(index).any(|other| {
            if other.host == known.host {
                let other_rank = other.agent.rank(&other.source);
                other_rank != rank && (other.forgotten || (!other.vanished && other_rank < rank))
            } else {
                self.comes_before(other, known) && is_within(known, other)
            }
        })
    }

    /// Whether the session was read from another place before, for which this source stands from now on.
    pub(super) fn takes_over(&self, index: SourceIndex) -> bool {
        let known = &self.known[index];
        let rank = known.agent.rank(&known.source);
        known.id.is_none()
            && self.others(index).any(|other| {
                other.id.is_some()
                    && if other.host == known.host {
                        other.agent.rank(&other.source) != rank
                    } else {
                        self.comes_before(known, other) && is_within(other, known)
                    }
            })
    }

    /// Other sources of a session of the same agent and id.
    fn others(&self, index: SourceIndex) -> impl Iterator<Item = &Known> {
        let known = &self.known[index];
        let same = self.by_native_id.get(&(known.agent.id(), known.source.native_id.clone()));
        same.into_iter().flatten().filter(move |other| **other != index).map(|other| &self.known[*other])
    }

    /// Whether the one's machine comes before the other's: this one, then the others as they were added. A machine that
    /// is not followed any more comes last.
    fn comes_before(&self, one: &Known, other: &Known) -> bool {
        self.seniority(one) < self.seniority(other)
    }

    fn seniority(&self, known: &Known) -> u32 {
        match &known.host {
            None => 0,
            Some(host) => self.home_of(host).map_or(u32::MAX, |home| home.seniority),
        }
    }
}

/// Whether everything that is in the one is in the other, as far as can be told without reading them whole. What cannot
/// be told is no.
fn is_within(one: &Known, other: &Known) -> bool {
    if one.source.container().is_some() && other.source.container().is_some() {
        // The version tells the state that the session is in.
        let version = Stamp::of_version(&one.source);
        return version.modified_ns != 0 && (version == other.stamp || version == Stamp::of_version(&other.source));
    }
    if (one.source.kind, other.source.kind) == (SourceKind::Lines, SourceKind::Lines) {
        return is_beginning(one, other).unwrap_or(false);
    }
    let files = [one, other].map(|known| known.source.container().is_none().then(|| content(known)));
    matches!(files, [Some(Ok(one)), Some(Ok(other))] if one == other)
}

/// Whether a file of lines is the beginning of another, which need not be there any more once it was read.
fn is_beginning(one: &Known, other: &Known) -> Result<bool, CutError> {
    let length = |known: &Known| match fs::metadata(&known.source.path) {
        Ok(stat) => Ok(Some(stat.len())),
        // Compressed, whose length says nothing; such a file does not grow.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    };
    let (own, there) = (length(one)?, length(other)?);
    if own.is_some_and(|own| own > there.unwrap_or(0).max(other.offset)) {
        return Ok(false);
    }
    if own.is_some() && there.is_some() {
        let head = |known: &Known| {
            let mut bytes = Vec::new();
            File::open(&known.source.path)?.take(HEAD).read_to_end(&mut bytes).map(|_| bytes)
        };
        let (one, other) = (head(one)?, head(other)?);
        return Ok(!one.is_empty() && other.starts_with(&one));
    }
    other.head.map_or(Ok(false), |(hash, bytes)| lines::begins_with(&one.source.path, hash, bytes))
}

fn content(known: &Known) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(&known.source.path)?.take(COMPARED_MOST + 1).read_to_end(&mut bytes)?;
    if bytes.is_empty() || bytes.len() as u64 > COMPARED_MOST {
        return Err(io::ErrorKind::InvalidData.into());
    }
    Ok(bytes)
}
