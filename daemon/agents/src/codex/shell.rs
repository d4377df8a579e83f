//! Command lines and directories, in the forms in which the shell tools write them.

use std::borrow::Cow;

use super::record::{Raw, Text, elements, string};

/// The command line that `command` is: a string, or arguments of which a shell's script is taken out.
pub(super) fn line(command: Raw<'_>) -> Option<String> {
    if let Some(line) = string(command) {
        return Some(line.into_owned());
    }
    let words: Vec<Text<'_>> = elements(command);
    let words: Vec<&str> = words.iter().map(|word| word.0.as_deref().unwrap_or_default()).collect();
    match words.as_slice() {
        [] => None,
        [program, script] if is_patch_program(program) => Some(format!("apply_patch {script}")),
        [program, flag, script] if is_shell(program) && is_script_flag(flag) => Some((*script).to_owned()),
        words => Some(words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ")),
    }
}

/// Whether `command` is a call of `apply_patch` and nothing else, as the earliest versions wrote it.
pub(super) fn is_patch_alone(command: Raw<'_>) -> bool {
    let words: Vec<Text<'_>> = elements(command);
    words.len() == 2 && words.first().and_then(Text::get).is_some_and(is_patch_program)
}

fn is_patch_program(program: &str) -> bool {
    matches!(program, "apply_patch" | "applypatch")
}

fn is_shell(program: &str) -> bool {
    let name = program.rsplit(['/', '\\']).next().unwrap_or(program);
    let name = name.strip_suffix(".exe").unwrap_or(name);
    matches!(name, "bash" | "sh" | "zsh" | "dash" | "fish" | "ksh" | "pwsh" | "powershell" | "cmd")
}

fn is_script_flag(flag: &str) -> bool {
    matches!(flag, "-c" | "-lc" | "-cl" | "-ic" | "-lic" | "-Command" | "-command" | "/c" | "/C")
}

/// A word as a shell would have to be given it.
fn quoted(word: &str) -> Cow<'_, str> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./=:,@%+".contains(&byte) || byte >= 0x80;
    if !word.is_empty() && word.bytes().all(plain) {
        return Cow::Borrowed(word);
    }
    Cow::Owned(format!("'{}'", word.replace('\'', r"'\''")))
}

/// The path that a `file://` URL names; anything else as it is.
pub(crate) fn path_of_url(text: &str) -> Cow<'_, str> {
    let Some(path) = text.strip_prefix("file://") else { return Cow::Borrowed(text) };
    // `file:///C:/x` names a path with a drive.
    let path = match path.as_bytes() {
        [b'/', drive, b':', ..] if drive.is_ascii_alphabetic() => &path[1..],
        _ => path,
    };
    if !path.contains('%') {
        return Cow::Borrowed(path);
    }
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let digit = |at: usize| after.get(at).and_then(|digit| (*digit as char).to_digit(16));
        if let (b'%', Some(high), Some(low)) = (byte, digit(0), digit(1)) {
            bytes.push((high * 16 + low) as u8);
            rest = &after[2..];
        } else {
            bytes.push(byte);
            rest = after;
        }
    }
    Cow::Owned(String::from_utf8_lossy(&bytes).into_owned())
}

/// `directory` as seen from `base`: a relative one below it, `.` is `base` itself.
pub(super) fn resolve<'a>(base: Option<&'a str>, directory: &'a str) -> Cow<'a, str> {
    let directory = directory.trim();
    let trimmed = directory.strip_suffix('/').filter(|rest| !rest.is_empty()).unwrap_or(directory);
    let absolute = trimmed.starts_with(['/', '\\', '~']) || trimmed.as_bytes().get(1) == Some(&b':');
    match base {
        Some(base) if trimmed.is_empty() || trimmed == "." => Cow::Borrowed(base),
        Some(base) if !absolute => {
            let below = trimmed.strip_prefix("./").unwrap_or(trimmed);
            Cow::Owned(format!("{}/{below}", base.trim_end_matches('/')))
        }
        _ => Cow::Borrowed(trimmed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn command_lines() {
        let cases = [
            (r#""make test""#, Some("make test")),
            (r#"["bash","-lc","make && ls"]"#, Some("make && ls")),
            (r#"["/bin/zsh","-lc","ls"]"#, Some("ls")),
            (r#"["C:\\x\\powershell.exe","-Command","dir"]"#, Some("dir")),
            (r#"["git","commit","-m","it's done"]"#, Some(r"git commit -m 'it'\''s done'")),
            ("[]", None),
            ("7", None),
        ];
        for (command, expected) in cases {
            let raw = serde_json::from_str(command).expect("JSON");
            assert_eq!(line(raw).as_deref(), expected, "{command}");
        }
    }

    #[test]
    fn directories() {
        assert_eq!(path_of_url("file:///home/a%20b"), "/home/a b");
        assert_eq!(path_of_url("file:///C:/x"), "C:/x");
        assert_eq!(path_of_url("/x%20"), "/x%20");
        assert_eq!(path_of_url("file:///a%2"), "/a%2");
        assert_eq!(resolve(Some("/r"), "."), "/r");
        assert_eq!(resolve(Some("/r"), "./a/"), "/r/a");
        assert_eq!(resolve(Some("/r"), "/"), "/");
        assert_eq!(resolve(Some("/r"), r"C:\x"), r"C:\x");
        assert_eq!(resolve(None, "a"), "a");
    }
}
