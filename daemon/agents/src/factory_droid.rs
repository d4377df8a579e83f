//! Factory's Droid: `~/.factory/sessions/[<directory>/]<id>.jsonl`, with totals in `<id>.settings.json`.

mod record;
#[cfg(test)]
mod tests;

use std::path::Path;

use crate::{
    Agent, Cursor, Cut, CutError, Deriver, Environment, Limits, Problem, Root, Sink, Source, SourceKind, StateError,
    lines,
    transcript::{Transcript, walk},
};

/// The agent.
pub struct FactoryDroid;

impl Agent for FactoryDroid {
    fn id(&self) -> &'static str {
        "factory-droid"
    }

    fn name(&self) -> &'static str {
        "Factory Droid"
    }

    fn switch(&self) -> &'static str {
        "factory_droid"
    }

    fn roots(&self, environment: &Environment) -> Vec<Root> {
        let mut homes = vec![environment.home.clone()];
        homes.extend(environment.windows_homes());
        homes.into_iter().map(|home| Root { path: home.join(".factory/sessions"), recursive: true }).collect()
    }

    fn find(&self, root: &Root, found: &mut dyn FnMut(Source)) -> Vec<Problem> {
        walk::files(&root.path, 1, &mut |folder, name| {
            if name.strip_suffix(".jsonl").is_some()
                && let Some(source) = self.source_at(root, &folder.join(name))
            {
                found(source);
            }
        })
    }

    fn source_at(&self, root: &Root, path: &Path) -> Option<Source> {
        let names = walk::names_below(&root.path, path)?;
        let ([file] | [_, file]) = names[..] else { return None };
        let stem = file.strip_suffix(".jsonl").or_else(|| file.strip_suffix(".settings.json"))?;
        Some(Source {
            path: path.with_file_name(format!("{stem}.jsonl")),
            kind: SourceKind::Lines,
            native_id: stem.to_owned(),
            parent: None,
            side_files: vec![path.with_file_name(format!("{stem}.settings.json"))],
            version: 0,
        })
    }

    fn cut(
        &self,
        source: &Source,
        cursor: Option<&Cursor>,
        limits: &Limits,
        sink: &mut dyn Sink,
    ) -> Result<Cut, CutError> {
        lines::cut(source, cursor, limits, sink)
    }

    fn deriver(&self, source: &Source, state: Option<&[u8]>) -> Result<Box<dyn Deriver>, StateError> {
        let format = record::Droid { native_id: source.native_id.clone() };
        Ok(Box::new(Transcript::new(format, state)?))
    }

    fn resume(&self, native_id: &str) -> Option<Vec<String>> {
        Some(["droid", "--resume", native_id].map(str::to_owned).to_vec())
    }

    fn begin(&self) -> Option<crate::Begin> {
        Some(crate::Begin::with(&["droid"]))
    }
}
