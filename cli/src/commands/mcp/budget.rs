//! Answers that fit into what a model can spare.

/// Tokens of an answer, unless the model says.
pub(super) const TOKENS: u64 = 2_000;
/// What a model may ask for.
pub(super) const TOKENS_LEAST: u64 = 200;
pub(super) const TOKENS_MOST: u64 = 20_000;
/// Tokens kept for the line that tells what to do next.
const RESERVED: u64 = 100;

/// An answer that grows line by line until its budget is spent.
#[derive(Debug)]
pub(super) struct Answer {
    text: String,
    left: u64,
    cut: bool,
}

impl Answer {
    pub(super) fn new(tokens: Option<u64>, usual: u64) -> Self {
        let tokens = tokens.unwrap_or(usual).clamp(TOKENS_LEAST, TOKENS_MOST);
        Self { text: String::new(), left: tokens - RESERVED, cut: false }
    }

    /// Adds a line; `false` when there is no room for it, nor for any after it.
    pub(super) fn line(&mut self, line: &str) -> bool {
        let cost = tokens(line) + 1;
        if self.cut || cost > self.left {
            self.cut = true;
            return false;
        }
        self.left -= cost;
        self.text.push_str(line);
        self.text.push('\n');
        true
    }

    /// Whether something had no room.
    pub(super) fn is_cut(&self) -> bool {
        self.cut
    }

    /// Tokens that are left.
    pub(super) fn left(&self) -> u64 {
        self.left
    }

    /// Adds a text, with its middle left out where it has no room: how something begins and how it ends tells most.
    pub(super) fn text(&mut self, text: &str) {
        let lines: Vec<&str> = text.lines().collect();
        let whole: u64 = lines.iter().map(|line| tokens(line) + 1).sum();
        if whole <= self.left {
            for line in lines {
                self.line(line);
            }
            return;
        }
        let half = self.left.saturating_sub(20) / 2;
        let head = fitting(lines.iter(), half);
        let tail = fitting(lines[head..].iter().rev(), half);
        for line in &lines[..head] {
            self.line(line);
        }
        // A single line may be longer than everything that fits.
        if head == 0
            && let Some(first) = lines.first()
        {
            self.line(&cut(first, half));
        }
        let left_out = lines.len() - head - tail;
        self.line(&format!("[… {left_out} lines left out: ask with more max_tokens …]"));
        for line in &lines[lines.len() - tail..] {
            self.line(line);
        }
    }

    /// The answer, with what to do next at its end.
    pub(super) fn finish(mut self, next: &str) -> String {
        if !next.is_empty() {
            self.text.push_str("\nNext: ");
            self.text.push_str(next);
            self.text.push('\n');
        }
        self.text
    }
}

/// How many of these lines fit.
fn fitting<'a>(lines: impl Iterator<Item = &'a &'a str>, mut room: u64) -> usize {
    lines
        .take_while(|line| {
            let cost = tokens(line) + 1;
            let fits = cost <= room;
            room = room.saturating_sub(cost);
            fits
        })
        .count()
}

/// About how many tokens a text is: four bytes of ASCII to one, and each other character one.
pub(super) fn tokens(text: &str) -> u64 {
    let ascii = text.bytes().filter(u8::is_ascii).count() as u64;
    let others = text.chars().filter(|character| !character.is_ascii()).count() as u64;
    ascii.div_ceil(4) + others
}

/// The beginning of a text that costs so many tokens.
pub(super) fn cut(text: &str, room: u64) -> String {
    if tokens(text) <= room {
        return text.to_owned();
    }
    let mut quarters = room.saturating_sub(1) * 4;
    let kept: String = text
        .chars()
        .take_while(|character| {
            let cost = if character.is_ascii() { 1 } else { 4 };
            let fits = cost <= quarters;
            quarters = quarters.saturating_sub(cost);
            fits
        })
        .collect();
    format!("{}…", kept.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbered(count: u32) -> String {
        (0..count).map(|line| format!("line {line}")).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn an_answer_never_costs_more_than_its_budget() {
        for (text, budget) in
            [("word ".repeat(10_000), 300), ("한국어 문장\n".repeat(3_000), 500), (numbered(5_000), 1_000)]
        {
            let mut answer = Answer::new(Some(budget), TOKENS);
            answer.text(&text);
            let text = answer.finish("get_event reads it in full");
            assert!(tokens(&text) <= budget, "{} of {budget}", tokens(&text));
            assert!(text.contains("left out"));
        }
    }

    #[test]
    fn the_beginning_and_the_end_are_kept() {
        let lines = numbered(1_000);
        let mut answer = Answer::new(Some(200), TOKENS);
        answer.text(&lines);
        let text = answer.finish("");
        assert!(text.starts_with("line 0\n") && text.ends_with("line 999\n"), "{text}");
        assert!(Answer::new(Some(1), TOKENS).left() > 0);
    }
}
