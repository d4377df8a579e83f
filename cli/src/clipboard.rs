//! Copying: by the system's own program; where there is none, by the terminal (OSC 52).

use std::io::Write;
use std::process::{Command, Stdio};

/// Bytes that terminals are known to take.
const TERMINAL_MOST: usize = 74_000;

/// What is left to do for a copy.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Copied {
    /// Nothing: it is on the clipboard.
    Done,
    /// The terminal must be sent this.
    Send(String),
    /// It is too long for a terminal.
    TooLong,
}

/// Puts `copied` on the clipboard, or says how; `variable` reads the environment.
pub(crate) fn copy(copied: &str, variable: &dyn Fn(&str) -> Option<String>) -> Copied {
    let has = |name: &str| variable(name).is_some_and(|value| !value.is_empty());
    let programs: &[&[&str]] = if cfg!(target_os = "macos") {
        &[&["pbcopy"]]
    } else if has("WAYLAND_DISPLAY") {
        &[&["wl-copy"]]
    } else if has("DISPLAY") {
        &[&["xclip", "-selection", "clipboard"], &["xsel", "--clipboard", "--input"]]
    } else if has("WSL_DISTRO_NAME") {
        &[&["clip.exe"]]
    } else {
        &[]
    };
    if programs.iter().any(|program| feed(program, copied)) {
        return Copied::Done;
    }
    if copied.len() <= TERMINAL_MOST {
        return Copied::Send(format!("\u{1b}]52;c;{}\u{7}", base64(copied.as_bytes())));
    }
    Copied::TooLong
}

fn feed(program: &[&str], copied: &str) -> bool {
    let Some((name, arguments)) = program.split_first() else { return false };
    let child =
        Command::new(name).args(arguments).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    let Ok(mut child) = child else { return false };
    let written = child.stdin.take().is_some_and(|mut input| input.write_all(copied.as_bytes()).is_ok());
    child.wait().is_ok_and(|status| status.success()) && written
}

/// RFC 4648, section 4.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let at = |index: usize| u32::from(group.get(index).copied().unwrap_or(0));
        let bits = at(0) << 16 | at(1) << 8 | at(2);
        for index in 0..4 {
            let letter = LETTERS[(bits >> (18 - 6 * index) & 63) as usize];
            text.push(if index > group.len() { '=' } else { char::from(letter) });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_that_of_the_rfc() {
        for (text, expected) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(base64(text.as_bytes()), expected);
        }
    }
}
