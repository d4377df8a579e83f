//! What the program's own lines (`> …`) mean.

use opensession_hail::Usage;

/// A line of the program's, without its mark.
#[derive(Debug, PartialEq)]
pub(super) enum Status<'a> {
    /// Announcements and hints that say nothing of the session.
    Noise,
    /// The program's version.
    Version(&'a str),
    /// The model that answers from here on.
    Model(&'a str),
    /// Tokens of a response, with what it cost where the line tells.
    Tokens(Usage),
    /// An edit was made.
    Applied(&'a str),
    /// A file is new.
    Created(&'a str),
    /// The file that the line before names is new.
    CreatedBefore,
    /// The command that the line before names was approved.
    Approved,
    /// A command runs.
    Running(&'a str),
    /// The person interrupted, the agent or nothing at all.
    Interrupted,
    /// Something failed.
    Failed(&'a str),
    /// Anything else that people may look for.
    Said(&'a str),
}

const NOISE: [&str; 20] = [
    "Git repo:",
    "Repo-map:",
    "Editor model:",
    "Weak model:",
    "Use /help ",
    "You can use /undo ",
    "You can skip this check with ",
    "https://aider.chat/",
    "Retrying in ",
    "VSCode terminal detected",
    "Add .aider",
    "Added .aider",
    "Initial repo scan can be slow",
    "Would you like to see what's new in this version?",
    "Open documentation url for more info?",
    "Newer aider version ",
    "Cur working dir:",
    "Git working dir:",
    "Loaded ",
    "Multiline mode:",
];

const FAILURES: [&str; 5] =
    ["litellm.", "Unexpected error:", "The LLM did not conform to the edit format", "BadRequestError:", "openai."];

/// Tells what a line is.
pub(super) fn classify(text: &str) -> Status<'_> {
    let text = text.trim();
    if text.is_empty() || NOISE.iter().any(|noise| text.starts_with(noise)) {
        return Status::Noise;
    }
    if let Some(version) = text.strip_prefix("Aider v")
        && version.starts_with(|first: char| first.is_ascii_digit())
        && !version.contains(' ')
    {
        return Status::Version(version);
    }
    if let Some(model) = ["Main model: ", "Model: ", "Models: "].iter().find_map(|mark| text.strip_prefix(mark)) {
        let end = model.find(" with ").or_else(|| model.find(", ")).unwrap_or(model.len());
        return Status::Model(model[..end].trim());
    }
    // As it was told in 2023.
    if let Some((model, format)) = text.strip_prefix("Using ").and_then(|text| text.split_once(" with "))
        && format.ends_with(" edit format")
        && !model.contains(' ')
    {
        return Status::Model(model);
    }
    if let Some(rest) = text.strip_prefix("Tokens: ")
        && let Some(usage) = tokens(rest)
    {
        return Status::Tokens(usage);
    }
    if let Some(path) = text.strip_prefix("Applied edit to ") {
        return Status::Applied(path.trim());
    }
    if let Some(path) = text.strip_prefix("Creating empty file ") {
        return Status::Created(path.trim());
    }
    if text.starts_with("Create new file?") && is_yes(text) {
        return Status::CreatedBefore;
    }
    if text.starts_with("Run shell command") && is_yes(text) {
        return Status::Approved;
    }
    if let Some(command) = text.strip_prefix("Running ") {
        return Status::Running(command.trim());
    }
    if text.starts_with("^C ") {
        return Status::Interrupted;
    }
    let is_limit = text.starts_with("Model ") && text.contains(" has hit a token limit");
    if is_limit || text.contains("SEARCH/REPLACE block") && text.contains("failed to match") {
        return Status::Failed(text);
    }
    if FAILURES.iter().any(|failure| text.starts_with(failure)) {
        return Status::Failed(text);
    }
    Status::Said(text)
}

/// Whether a line is one of the program's even where it stands inside a reply and lacks its trailing blanks.
pub(super) fn is_known(text: &str) -> bool {
    !text.trim().is_empty() && !matches!(classify(text), Status::Said(_))
}

/// Whether a version tells after each reply how many tokens it took.
pub(super) fn tells_tokens(version: &str) -> bool {
    const SINCE: u32 = 40;
    let mut numbers = version.split('.').map_while(|number| number.parse::<u32>().ok());
    numbers.next().is_some_and(|major| major > 0) || numbers.next().is_some_and(|minor| minor >= SINCE)
}

/// Whether a question was answered with yes: `… (Y)es/(N)o [Yes]: y`, older `… y`.
fn is_yes(text: &str) -> bool {
    let answer = text.rsplit([' ', ':', '?']).next().unwrap_or_default().to_ascii_lowercase();
    matches!(&*answer, "y" | "yes" | "a" | "all")
}

/// `2.4k sent, 5.1k cache write, 20k cache hit, 104 received. Cost: $0.00042 message, $0.0013 session.` What is sent
/// holds what comes from and goes to the cache.
fn tokens(text: &str) -> Option<Usage> {
    let (counts, cost) = text.split_once("Cost:").map_or((text, None), |(counts, cost)| (counts, Some(cost)));
    let mut usage = Usage::default();
    let mut found = false;
    for part in counts.trim().trim_end_matches('.').split(", ") {
        let Some((number, what)) = part.trim().split_once(' ') else { continue };
        let Some(number) = count(number) else { continue };
        match what.trim_end_matches('.') {
            "sent" => (usage.input, found) = (number, true),
            "received" => usage.output = number,
            "cache write" => usage.cache_write = number,
            "cache hit" => usage.cache_read = number,
            _ => {}
        }
    }
    usage.input = usage.input.saturating_sub(usage.cache_read.saturating_add(usage.cache_write));
    usage.cost = cost.and_then(self::cost);
    found.then_some(usage)
}

/// `123`, `1,234`, `2.4k`, `12k`, `1.2M`.
fn count(text: &str) -> Option<u64> {
    let text = text.replace(',', "");
    let (digits, factor) = match text.as_bytes().last()? {
        b'k' => (&text[..text.len() - 1], 1e3),
        b'M' => (&text[..text.len() - 1], 1e6),
        _ => return text.parse().ok(),
    };
    let number: f64 = digits.parse().ok()?;
    (number.is_finite() && (0.0..1e9).contains(&number)).then(|| (number * factor).round() as u64)
}

/// The cost of one message: the first amount.
pub(super) fn cost(text: &str) -> Option<f64> {
    let amount = text.trim().strip_prefix('$')?;
    let end = amount.find([' ', ',']).unwrap_or(amount.len());
    amount[..end].parse().ok().filter(|cost: &f64| cost.is_finite() && *cost >= 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_many_versions() {
        let usage = |input, output, cache_read, cache_write, cost| {
            Status::Tokens(Usage { input, output, cache_read, cache_write, cost, ..Usage::default() })
        };
        let cases = [
            ("Aider v0.86.1", Status::Version("0.86.1")),
            (
                "Main model: anthropic/claude-sonnet-4 with diff edit format, 8k think tokens",
                Status::Model("anthropic/claude-sonnet-4"),
            ),
            ("Models: gpt-4o with ♾️ diff edit format, weak model x", Status::Model("gpt-4o")),
            ("Using gpt-4-0613 with diff edit format", Status::Model("gpt-4-0613")),
            ("Using sloppy words with an edit format", Status::Said("Using sloppy words with an edit format")),
            (
                "Tokens: 2.4k sent, 104 received. Cost: $0.00042 message, $0.0013 session.",
                usage(2400, 104, 0, 0, Some(0.00042)),
            ),
            ("Tokens: 1,234 sent, 56 received. Cost: $0.01 request, $0.02 session.", usage(1234, 56, 0, 0, Some(0.01))),
            ("Tokens: 30k sent, 5.1k cache write, 20k cache hit, 104 received.", usage(4900, 104, 20000, 5100, None)),
            ("Tokens: many", Status::Said("Tokens: many")),
            ("Applied edit to src\\a b.py", Status::Applied("src\\a b.py")),
            ("Create new file? (Y)es/(N)o [Yes]: y", Status::CreatedBefore),
            ("Create new file? (Y)es/(N)o [Yes]: n", Status::Said("Create new file? (Y)es/(N)o [Yes]: n")),
            ("Run shell command? (Y)es/(N)o/(S)kip all/(D)on't ask again [Yes]: y", Status::Approved),
            ("Running mkdir data", Status::Running("mkdir data")),
            ("^C KeyboardInterrupt", Status::Interrupted),
            ("litellm.RateLimitError: x", Status::Failed("litellm.RateLimitError: x")),
            ("Commit 1b2614a feat: x", Status::Said("Commit 1b2614a feat: x")),
            ("", Status::Noise),
        ];
        for (text, expected) in cases {
            assert_eq!(classify(text), expected, "{text}");
        }
    }
}
