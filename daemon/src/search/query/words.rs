//! Lists of words that the query language treats apart.

/// English words that say little about what is looked for. They are indexed and may be required; beside other words
/// they are not scored. In order.
const STOP_WORDS: [&str; 66] = [
    "a", "about", "again", "all", "also", "am", "an", "and", "any", "are", "as", "at", "be", "been", "but", "by",
    "can", "could", "did", "do", "does", "for", "from", "had", "has", "have", "how", "i", "if", "in", "into", "is",
    "it", "its", "me", "my", "of", "on", "or", "our", "please", "should", "so", "some", "that", "the", "their", "them",
    "then", "there", "these", "they", "this", "those", "to", "us", "was", "we", "were", "what", "when", "where",
    "which", "why", "with", "you",
];

/// Commands whose short options (`rm -rf`) are words, not exclusions. In order.
const COMMANDS: [&str; 79] = [
    "adb",
    "ansible",
    "apt",
    "awk",
    "bash",
    "brew",
    "bun",
    "cargo",
    "cat",
    "cd",
    "chmod",
    "chown",
    "clang",
    "cmake",
    "cp",
    "curl",
    "deno",
    "df",
    "diff",
    "dig",
    "docker",
    "du",
    "echo",
    "find",
    "gcc",
    "gh",
    "git",
    "go",
    "gradle",
    "grep",
    "gzip",
    "head",
    "helm",
    "java",
    "jj",
    "jq",
    "kill",
    "kubectl",
    "less",
    "ln",
    "ls",
    "lsof",
    "make",
    "mkdir",
    "mv",
    "mvn",
    "nc",
    "node",
    "npm",
    "npx",
    "patch",
    "pip",
    "pnpm",
    "podman",
    "ps",
    "psql",
    "python",
    "python3",
    "rg",
    "rm",
    "rsync",
    "ruby",
    "rustc",
    "scp",
    "sed",
    "sort",
    "sqlite3",
    "ssh",
    "sudo",
    "tail",
    "tar",
    "terraform",
    "touch",
    "uv",
    "wc",
    "wget",
    "xargs",
    "yarn",
    "zip",
];

/// Whether the word, in lower case, is too common to be scored beside others.
pub(super) fn is_stop_word(word: &str) -> bool {
    STOP_WORDS.binary_search(&word).is_ok()
}

/// Whether the word is a command that people type options after.
pub(super) fn is_command(word: &str) -> bool {
    COMMANDS.binary_search(&word).is_ok()
}

/// The name nearest to what was typed, if it is near enough to be meant.
pub(super) fn nearest<'n>(typed: &str, names: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    near(typed, names, 1).pop()
}

/// The names that are near enough to what was typed to be meant, nearest first.
pub(super) fn near<'n>(typed: &str, names: impl IntoIterator<Item = &'n str>, most: usize) -> Vec<&'n str> {
    let typed = typed.to_lowercase();
    let length = typed.chars().count();
    let bound = if length <= 4 { 1 } else { 2 };
    let mut near: Vec<(usize, &str)> = names
        .into_iter()
        .map(|name| {
            let folded = name.to_lowercase();
            // A name that begins as typed is near, however much is missing.
            let begins = length >= 2 && folded.starts_with(&typed);
            (if begins { 1 } else { strsim::osa_distance(&typed, &folded) }, name)
        })
        .filter(|(distance, name)| *distance <= bound && *distance < name.chars().count())
        .collect();
    near.sort_by_key(|(distance, _)| *distance);
    near.into_iter().take(most).map(|(_, name)| name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_in_order() {
        assert!(STOP_WORDS.is_sorted());
        assert!(COMMANDS.is_sorted());
    }

    #[test]
    fn nearest_finds_slips_only() {
        let names = ["error", "subagent", "live", "edited"];
        assert_eq!(nearest("eror", names), Some("error"));
        assert_eq!(nearest("sub", names), Some("subagent"));
        assert_eq!(nearest("LIVE", names), Some("live"));
        assert_eq!(nearest("quux", names), None);
    }
}
