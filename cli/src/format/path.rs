//! Paths as people write them.

/// `path` with the home directory written `~`.
pub(crate) fn tilde(path: &str, home: Option<&str>) -> String {
    let home = home.map(|home| home.trim_end_matches('/')).filter(|home| !home.is_empty());
    match home.and_then(|home| path.strip_prefix(home)) {
        Some("") => "~".to_owned(),
        Some(rest) if rest.starts_with('/') => format!("~{rest}"),
        _ => path.to_owned(),
    }
}

/// `word` as a shell takes it as one word.
pub(crate) fn shell_word(word: &str) -> String {
    let plain = |character: char| character.is_alphanumeric() || "-_./:@#%+=,~".contains(character);
    let special_at_start = word.starts_with(['#', '~', '=']);
    if !word.is_empty() && !special_at_start && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// A command line from its words.
pub(crate) fn shell_line<S: AsRef<str>>(words: &[S]) -> String {
    words.iter().map(|word| shell_word(word.as_ref())).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_home_itself_becomes_a_tilde() {
        assert_eq!(tilde("/home/mina/app", Some("/home/mina/")), "~/app");
        assert_eq!(tilde("/home/mina", Some("/home/mina")), "~");
        assert_eq!(tilde("/home/minami/app", Some("/home/mina")), "/home/minami/app");
        assert_eq!(tilde("/etc", Some("/")), "/etc");
        assert_eq!(tilde("/etc", None), "/etc");
    }

    #[test]
    fn shells_get_their_words_back() {
        assert_eq!(shell_line(&["claude", "--resume", "4f2a", "it's here"]), r"claude --resume 4f2a 'it'\''s here'");
        assert_eq!(shell_line(&["agent:codex", "#242", "잠금", ""]), "agent:codex '#242' 잠금 ''");
    }
}
