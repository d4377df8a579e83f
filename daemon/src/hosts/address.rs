//! How a machine is named for `ssh`, and how people name it.

use std::{fmt, str::FromStr};

/// Longer ones are refused.
const LONGEST: usize = 255;
/// Longer names are refused.
const NAME_LONGEST: usize = 64;
/// What sessions of this machine are called where a host is asked for.
pub(crate) const THIS_MACHINE: &str = "local";

/// A machine as `ssh` takes it: `user@host`, or a host of the user's own ssh configuration, with a port perhaps.
///
/// It comes to stand on a command line, so it holds nothing that could be an option, a second word, or part of a shell's
/// language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    user: Option<String>,
    host: String,
    port: Option<u16>,
}

/// Why an address is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Nothing stands where the host should.
    #[error("there is no host in it")]
    NoHost,
    /// `-o…` would be an option of ssh.
    #[error("a host or user may not begin with `-`")]
    Option,
    /// White space, a control character, a quote, ….
    #[error("the character {0:?} cannot stand in it")]
    Character(char),
    /// The port is none.
    #[error("`{0}` is no port")]
    Port(String),
    /// It is too long.
    #[error("it is longer than {LONGEST} characters")]
    TooLong,
}

/// Why a name is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameFault {
    /// It is not made of the characters of names.
    #[error(
        "a host's name is made of letters, digits, `.`, `-` and `_`, begins with a letter or digit, and has at most {NAME_LONGEST}"
    )]
    Form,
    /// It means this machine.
    #[error("`{THIS_MACHINE}` is this machine")]
    ThisMachine,
}

/// Whether a host may be called that: the name is a folder's, a value in queries, and stands in lists.
pub fn check_name(name: &str) -> Result<(), NameFault> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    let begins = name.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric());
    if !begins || name.len() > NAME_LONGEST || !name.bytes().all(plain) {
        return Err(NameFault::Form);
    }
    if name.eq_ignore_ascii_case(THIS_MACHINE) { Err(NameFault::ThisMachine) } else { Ok(()) }
}

impl Address {
    /// `user@host`, as the word before the command on ssh's command line.
    pub fn destination(&self) -> String {
        match &self.user {
            Some(user) => format!("{user}@{}", self.host),
            None => self.host.clone(),
        }
    }

    /// The host alone.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port, where it is not the one of the user's ssh configuration.
    pub fn port(&self) -> Option<u16> {
        self.port
    }

    /// What is typed to reach it: `ssh -p 2222 user@host`.
    pub fn command(&self) -> String {
        match self.port {
            Some(port) => format!("ssh -p {port} {}", self.destination()),
            None => format!("ssh {}", self.destination()),
        }
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        if text.len() > LONGEST {
            return Err(AddressError::TooLong);
        }
        let (user, rest) = match text.rsplit_once('@') {
            Some((user, rest)) => (Some(user), rest),
            None => (None, text),
        };
        let (host, port) = match rest.strip_prefix('[') {
            Some(rest) => {
                let (host, rest) = rest.split_once(']').ok_or(AddressError::Character('['))?;
                match rest.strip_prefix(':') {
                    Some(port) => (host, Some(port)),
                    None if rest.is_empty() => (host, None),
                    None => return Err(AddressError::Character(rest.chars().next().unwrap_or(']'))),
                }
            }
            // More than one colon is an IPv6 address without brackets.
            None => match rest.split_once(':') {
                Some((host, port)) if !port.contains(':') => (host, Some(port)),
                _ => (rest, None),
            },
        };
        let is_plain = |character: char| character.is_ascii_alphanumeric() || matches!(character, '.' | '-' | '_');
        if let Some(user) = user {
            check(user, |character| is_plain(character) || matches!(character, '+' | '\\'))?;
        }
        check(host, |character| is_plain(character) || matches!(character, ':' | '%'))?;
        let number = |port: &str| port.parse::<u16>().ok().filter(|port| *port > 0);
        let port = match port {
            Some(port) => Some(number(port).ok_or_else(|| AddressError::Port(port.to_owned()))?),
            None => None,
        };
        Ok(Self { user: user.map(str::to_owned), host: host.to_owned(), port })
    }
}

fn check(part: &str, allowed: impl Fn(char) -> bool) -> Result<(), AddressError> {
    match part.chars().next() {
        None => return Err(AddressError::NoHost),
        Some('-') => return Err(AddressError::Option),
        Some(_) => {}
    }
    part.chars().find(|character| !allowed(*character)).map_or(Ok(()), |bad| Err(AddressError::Character(bad)))
}

impl fmt::Display for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let user = self.user.as_deref().map(|user| format!("{user}@")).unwrap_or_default();
        match self.port {
            Some(port) if self.host.contains(':') => write!(formatter, "{user}[{}]:{port}", self.host),
            Some(port) => write!(formatter, "{user}{}:{port}", self.host),
            None => write!(formatter, "{user}{}", self.host),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_taken_as_ssh_takes_them_and_nothing_else_is() {
        let read = |text: &str| match text.parse::<Address>() {
            Ok(address) => format!("{} = {}", address.command(), address),
            Err(error) => format!("{error}"),
        };
        let table: Vec<String> = [
            "ann@build.example.org",
            "build",
            "ann@build:2222",
            "ann@::1",
            "ann@[::1]:22",
            "[fe80::1%eth0]",
            "",
            "ann@",
            "@build",
            "-oProxyCommand=x",
            "ann@-oProxyCommand=x",
            "-l@build",
            "a b",
            "build\n",
            "build;id",
            "$(id)",
            "ann@build:0",
            "ann@build:ssh",
            "[::1",
            "[::1]x",
            "a'b",
            "ann@b@uild",
        ]
        .iter()
        .map(|text| format!("{text:?}: {}", read(text)))
        .collect();
        insta::assert_snapshot!(table.join("\n"));
        assert_eq!("x".repeat(256).parse::<Address>(), Err(AddressError::TooLong));
    }

    #[test]
    fn names_are_harmless_as_folders_and_in_queries() {
        for good in ["laptop", "build.example.org", "old_laptop-2", "9"] {
            assert_eq!(check_name(good), Ok(()), "{good}");
        }
        for bad in ["", ".", "..", ".x", "-x", "a/b", "a b", "a\n", "é", &"x".repeat(65)] {
            assert_eq!(check_name(bad), Err(NameFault::Form), "{bad}");
        }
        assert_eq!(check_name("Local"), Err(NameFault::ThisMachine));
    }

    proptest::proptest! {
        #[test]
        fn what_is_taken_is_one_harmless_word(text in r"\PC{0,40}") {
            if let Ok(address) = text.parse::<Address>() {
                let word = address.destination();
                proptest::prop_assert!(!word.starts_with('-'));
                proptest::prop_assert!(word.chars().all(|c| c.is_ascii_graphic() && !"'\"$`;&|<>()*?#~".contains(c)));
                proptest::prop_assert_eq!(address.to_string().parse::<Address>(), Ok(address));
            }
        }
    }
}
