//! `session_index.jsonl`: the names that people gave their threads.

use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use super::record::Text;
use crate::{Derived, Deriver, Facts, Problem, Record, StateError};

/// Derives titles of other sessions; it yields no events.
pub(super) struct Index {
    facts: Facts,
    /// Where each session's title stands.
    places: FxHashMap<String, usize>,
}

#[derive(Serialize, Deserialize)]
struct State {
    titles: Vec<(String, String)>,
}

#[derive(Deserialize)]
struct Name<'a> {
    #[serde(default, borrow)]
    id: Text<'a>,
    #[serde(default, borrow)]
    thread_name: Text<'a>,
}

/// At most so many names are kept; when there are more, the older half is forgotten.
const CAPACITY: usize = 16_384;
/// A name is cut to so many bytes.
const NAME_BYTES: usize = 1000;

impl Index {
    pub(super) fn new(state: Option<&[u8]>) -> Result<Self, StateError> {
        let titles = match state {
            Some(bytes) => {
                let state: State = serde_json::from_slice(bytes).map_err(|error| StateError(error.to_string()))?;
                state.titles
            }
            None => Vec::new(),
        };
        let places = places(&titles);
        Ok(Self { facts: Facts { titles_elsewhere: titles, ..Facts::default() }, places })
    }
}

impl Deriver for Index {
    fn derive(&mut self, record: &Record<'_>, derived: &mut Derived) {
        if record.bytes.iter().all(u8::is_ascii_whitespace) {
            return;
        }
        let name: Name<'_> = match serde_json::from_slice(record.bytes) {
            Ok(name) => name,
            Err(error) => {
                derived.problems.push(Problem::of(record, format!("not JSON: {error}")));
                return;
            }
        };
        let (Some(id), Some(title)) = (name.id.get(), name.thread_name.get()) else { return };
        let id = format!("session:{id}");
        let title = title[..title.floor_char_boundary(NAME_BYTES)].to_owned();
        let titles = &mut self.facts.titles_elsewhere;
        if let Some(known) = self.places.get(&id).and_then(|at| titles.get_mut(*at)) {
            known.1 = title;
            return;
        }
        if titles.len() == CAPACITY {
            titles.drain(..CAPACITY / 2);
            self.places = places(titles);
        }
        self.places.insert(id.clone(), titles.len());
        titles.push((id, title));
    }

    fn facts(&self) -> &Facts {
        &self.facts
    }

    fn state(&self) -> Vec<u8> {
        let state = State { titles: self.facts.titles_elsewhere.clone() };
        serde_json::to_vec(&state).expect("pairs of strings serialize")
    }
}

fn places(titles: &[(String, String)]) -> FxHashMap<String, usize> {
    titles.iter().enumerate().map(|(at, (id, _))| (id.clone(), at)).collect()
}
