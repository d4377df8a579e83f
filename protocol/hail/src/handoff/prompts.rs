//! What people asked for: which prompts ask for something, and which correct the agent.

use super::mark::Mark;
use super::quote::bounded;

/// Bytes kept of a prompt.
const LINE_BYTES: usize = 1024;
/// Bytes kept of the first and of the latest one.
const WHOLE_BYTES: usize = 24 * 1024;
/// Prompts kept; beyond, those in the middle go.
const MAX_PROMPTS: usize = 4000;
/// Prompts kept from the beginning.
const FIRST_PROMPTS: usize = 1000;

/// Slash commands that the clients carry out themselves: nobody is asked for anything.
const LOCAL_COMMANDS: [&str; 52] = [
    "/exit",
    "/quit",
    "/q",
    "/clear",
    "/new",
    "/reset",
    "/compact",
    "/compress",
    "/model",
    "/models",
    "/config",
    "/settings",
    "/cost",
    "/stats",
    "/status",
    "/usage",
    "/context",
    "/help",
    "/login",
    "/logout",
    "/resume",
    "/continue",
    "/mcp",
    "/agents",
    "/hooks",
    "/permissions",
    "/memory",
    "/doctor",
    "/terminal-setup",
    "/vim",
    "/ide",
    "/add-dir",
    "/export",
    "/rename",
    "/plugin",
    "/plugins",
    "/statusline",
    "/theme",
    "/fast",
    "/rewind",
    "/undo",
    "/todos",
    "/tasks",
    "/bug",
    "/feedback",
    "/release-notes",
    "/upgrade",
    "/output-style",
    "/approvals",
    "/diff",
    "/copy",
    "/extra-usage",
];

/// A prompt as it is kept.
#[derive(Debug, Clone)]
pub(crate) struct Prompt {
    pub(crate) text: String,
    pub(crate) mark: Mark,
}

/// Follows prompts.
#[derive(Debug, Default)]
pub(crate) struct Prompts {
    first: Vec<Prompt>,
    last: std::collections::VecDeque<Prompt>,
    /// Left out of the middle.
    pub(crate) left_out: u64,
    /// The first that asks for something.
    pub(crate) objective: Option<Prompt>,
    /// The first of any kind, for sessions in which none asks.
    fallback: Option<Prompt>,
    /// The latest that is in words.
    pub(crate) latest: Option<Prompt>,
    /// A slash command for the agent that came after it.
    pub(crate) latest_slash: Option<Prompt>,
}

impl Prompts {
    pub(crate) fn add(&mut self, text: &str, mark: Mark) {
        let nature = nature(text);
        let whole = || Prompt { text: bounded(text.trim(), WHOLE_BYTES).to_owned(), mark };
        if nature == Nature::Request && self.objective.is_none() {
            self.objective = Some(whole());
        }
        if self.fallback.is_none() && nature != Nature::Boilerplate {
            self.fallback = Some(whole());
        }
        match nature {
            Nature::Request | Nature::GoOn => {
                self.latest = Some(whole());
                self.latest_slash = None;
            }
            Nature::Slash => self.latest_slash = Some(whole()),
            Nature::Local | Nature::Boilerplate => {}
        }
        let prompt = Prompt { text: bounded(text.trim(), LINE_BYTES).to_owned(), mark };
        if self.first.len() < FIRST_PROMPTS {
            self.first.push(prompt);
            return;
        }
        if self.last.len() >= MAX_PROMPTS - FIRST_PROMPTS {
            self.last.pop_front();
            self.left_out += 1;
        }
        self.last.push_back(prompt);
    }

    /// The prompt that says what it was all for.
    pub(crate) fn objective(&self) -> Option<&Prompt> {
        self.objective.as_ref().or(self.fallback.as_ref())
    }

    /// All that are kept, in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Prompt> {
        self.first.iter().chain(&self.last)
    }
}

/// What a prompt is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Nature {
    /// It asks for something.
    Request,
    /// It only tells the agent to go on.
    GoOn,
    /// A slash command for the agent.
    Slash,
    /// A slash command for the client.
    Local,
    /// Written by the client.
    Boilerplate,
}

/// Tells what a prompt is.
pub(crate) fn nature(text: &str) -> Nature {
    const BOILERPLATE: [&str; 8] = [
        "This session is being continued from a previous conversation",
        "Caveat: The messages below were generated",
        "[Request interrupted by user",
        "<local-command-",
        "<command-name>",
        "<command-message>",
        "<system-reminder>",
        "<environment_context>",
    ];
    let text = text.trim();
    if text.is_empty() || BOILERPLATE.iter().any(|start| text.starts_with(start)) {
        return Nature::Boilerplate;
    }
    if let Some(name) = slash_command(text) {
        // With words, these ask something in clients that know such questions.
        let asks = matches!(name, "/help" | "/context") && text[name.len()..].split_whitespace().count() > 1;
        if !asks && LOCAL_COMMANDS.contains(&name.to_ascii_lowercase().as_str()) {
            return Nature::Local;
        }
        // With words after it, it asks for what they say.
        return if text.len() > name.len() { Nature::Request } else { Nature::Slash };
    }
    let bare = text.trim_end_matches(['.', '!']).to_lowercase();
    let goes_on = [
        "continue",
        "go on",
        "resume",
        "proceed",
        "keep going",
        "please continue",
        "continue please",
        "계속",
        "계속해",
        "계속해줘",
    ];
    if goes_on.contains(&bare.as_str()) || bare.starts_with("continue from where you left off") && bare.len() < 60 {
        return Nature::GoOn;
    }
    Nature::Request
}

/// The name with which a slash command begins: `/review`. A path is none.
fn slash_command(text: &str) -> Option<&str> {
    let name = text.split(char::is_whitespace).next()?;
    let rest = name.strip_prefix('/')?;
    let is_name = !rest.is_empty()
        && rest.starts_with(|c: char| c.is_ascii_alphabetic())
        && rest.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | ':' | '.'));
    is_name.then_some(name)
}

/// Whether a prompt that is not the first corrects what the agent did. Only clear openings count.
pub(crate) fn corrects(text: &str) -> bool {
    const OPENINGS: [&str; 42] = [
        "no,",
        "no ",
        "no.",
        "nope",
        "don't",
        "dont ",
        "do not",
        "stop",
        "instead",
        "actually",
        "wait",
        "that's wrong",
        "that is wrong",
        "this is wrong",
        "that's not",
        "thats not",
        "that is not",
        "this is not",
        "not what i",
        "you forgot",
        "you missed",
        "you broke",
        "you should not",
        "you shouldn't",
        "i said",
        "i didn't",
        "i did not",
        "i don't want",
        "i do not want",
        "revert",
        "undo",
        "wrong",
        "please don't",
        "never ",
        "why did you",
        "hmm, no",
        "아니",
        "하지 마",
        "하지마",
        "말고",
        "다시 해",
        "취소",
    ];
    let text = text.trim_start().to_lowercase();
    OPENINGS.iter().any(|opening| text.starts_with(opening))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prompts_are_told_apart() {
        for (text, expected) in [
            ("Fix the lock", Nature::Request),
            ("/exit", Nature::Local),
            ("/review", Nature::Slash),
            ("/help", Nature::Local),
            ("/help how do I undo", Nature::Request),
            ("/plan rewrite the lock so that it is fair", Nature::Request),
            ("/home/mina/app is broken", Nature::Request),
            ("continue", Nature::GoOn),
            ("Caveat: The messages below were generated by the user", Nature::Boilerplate),
            ("This session is being continued from a previous conversation that ran out", Nature::Boilerplate),
            ("", Nature::Boilerplate),
        ] {
            assert_eq!(nature(text), expected, "{text}");
        }
    }

    #[test]
    fn corrections_are_seen() {
        assert!(corrects("No, keep the old name"));
        assert!(corrects("아니 그거 말고"));
        assert!(!corrects("Now run the tests"));
        assert!(!corrects("Note that it is slow"));
    }
}
