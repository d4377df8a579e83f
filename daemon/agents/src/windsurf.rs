//! Windsurf: its conversations are encrypted. That they are there is said; they are not read, and not listed.

use std::path::Path;

use crate::{
    Agent, Cursor, Cut, CutError, Deriver, Environment, Limits, Problem, Root, Sink, Source, StateError,
    transcript::walk,
};

/// The agent.
pub struct Windsurf;

/// Why nothing of it is read.
const REASON: &str = "Windsurf encrypts its conversations";

impl Agent for Windsurf {
    fn id(&self) -> &'static str {
        "windsurf"
    }

    fn name(&self) -> &'static str {
        "Windsurf"
    }

    fn switch(&self) -> &'static str {
        "windsurf"
    }

    fn roots(&self, environment: &Environment) -> Vec<Root> {
        let mut homes = vec![environment.home.clone()];
        homes.extend(environment.windows_homes());
        let folders = homes.into_iter().map(|home| home.join(".codeium/windsurf/cascade"));
        folders.map(|path| Root { path, recursive: false }).collect()
    }

    fn find(&self, root: &Root, _found: &mut dyn FnMut(Source)) -> Vec<Problem> {
        let mut conversations = 0_u64;
        let mut problems = walk::files(&root.path, 0, &mut |_, name| {
            conversations += u64::from(Path::new(name).extension().is_some_and(|extension| extension == "pb"));
        });
        if conversations > 0 {
            let reason = format!(
                "{conversations} conversations in {} cannot be read and are not listed: {REASON}",
                root.path.display()
            );
            problems.push(Problem { record: 0, position: 0, reason });
        }
        problems
    }

    fn source_at(&self, _root: &Root, _path: &Path) -> Option<Source> {
        None
    }

    fn cut(
        &self,
        _source: &Source,
        _cursor: Option<&Cursor>,
        _limits: &Limits,
        _sink: &mut dyn Sink,
    ) -> Result<Cut, CutError> {
        Err(CutError::Malformed(REASON.to_owned()))
    }

    fn deriver(&self, _source: &Source, _state: Option<&[u8]>) -> Result<Box<dyn Deriver>, StateError> {
        Err(StateError(REASON.to_owned()))
    }

    fn resume(&self, _native_id: &str) -> Option<Vec<String>> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check;

    #[test]
    fn conversations_are_told_of_but_not_listed() {
        let home = check::home(&[(".codeium/windsurf/cascade/a.pb", "x"), (".codeium/windsurf/cascade/b.pb", "y")]);
        let roots = Windsurf.roots(&check::environment(home.path()));
        let problems = Windsurf.find(&roots[0], &mut |source| panic!("{source:?}"));
        assert_eq!(problems.len(), 1);
        assert!(problems[0].reason.starts_with("2 conversations in "), "{problems:?}");
        let nothing = check::home(&[]);
        let roots = Windsurf.roots(&check::environment(nothing.path()));
        assert_eq!(Windsurf.find(&roots[0], &mut |source| panic!("{source:?}")), []);
    }
}
