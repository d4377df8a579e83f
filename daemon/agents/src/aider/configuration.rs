//! Where the log was given another place: `AIDER_CHAT_HISTORY_FILE`, and `chat-history-file:` in `.aider.conf.yml`.

use std::{
    fs::File,
    io::Read,
    path::{Path, PathBuf},
};

use crate::Environment;

const FILE: &str = ".aider.conf.yml";
const KEY: &str = "chat-history-file";
/// More of a configuration file is not read.
const BYTES: u64 = 64 << 10;

/// Logs at places of their own that exist. A relative name is one in each project.
pub(super) fn logs(environment: &Environment) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let everywhere = [environment.variable("AIDER_CHAT_HISTORY_FILE").map(str::to_owned), named_in(&environment.home)];
    for name in everywhere.into_iter().flatten() {
        if Path::new(&name).is_absolute() || name.starts_with("~/") {
            found.push(resolved(environment, &environment.home, &name));
        } else {
            found.extend(environment.projects.iter().map(|project| project.join(&name)));
        }
    }
    for project in &environment.projects {
        found.extend(named_in(project).map(|name| resolved(environment, project, &name)));
    }
    found.retain(|path| path.is_file());
    found.sort();
    found.dedup();
    found
}

fn resolved(environment: &Environment, folder: &Path, name: &str) -> PathBuf {
    match name.strip_prefix("~/") {
        Some(rest) => environment.home.join(rest),
        None => folder.join(name),
    }
}

/// The value of the key in the configuration of `folder`: a plain or quoted scalar at the first level.
fn named_in(folder: &Path) -> Option<String> {
    let path = folder.join(FILE);
    if !path.is_file() {
        return None;
    }
    let mut text = String::new();
    File::open(path).ok()?.take(BYTES).read_to_string(&mut text).ok()?;
    text.lines().find_map(|line| value(line.strip_prefix(KEY)?.trim_start().strip_prefix(':')?))
}

fn value(text: &str) -> Option<String> {
    let text = text.trim();
    let value = match text.chars().next()? {
        quote @ ('"' | '\'') => text[1..].split(quote).next()?,
        _ => text.split(" #").next()?.trim_end(),
    };
    (!value.is_empty() && !value.starts_with('#')).then(|| value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values() {
        assert_eq!(value(" a/b.md # here"), Some("a/b.md".to_owned()));
        assert_eq!(value(" 'a b.md' # here"), Some("a b.md".to_owned()));
        assert_eq!(value(" # nothing"), None);
        assert_eq!(value(" \"\""), None);
    }
}
