//! A title for a session that was given none: its first prompt, on one line.

use unicode_segmentation::UnicodeSegmentation;

/// The longest title, in grapheme clusters, the ellipsis included.
pub const MAX_TITLE_GRAPHEMES: usize = 80;

/// How far a prompt is looked at, in bytes.
const MAX_PROMPT_BYTES: usize = 64 * 1024;

/// A first line of at least this many letters is the title by itself; a shorter one (`Task:`) goes on with the next.
const ENOUGH_LETTERS: usize = 16;

/// Elements that clients put around a prompt and that the person did not write: dropped with what they hold. Of all
/// other elements only the tags are dropped.
const INJECTED: [&str; 18] = [
    "system-reminder",
    "system_reminder",
    "environment_context",
    "environment_details",
    "user_instructions",
    "user_info",
    "project_layout",
    "INSTRUCTIONS",
    "permissions",
    "local-command-stdout",
    "local-command-stderr",
    "local-command-caveat",
    "command-message",
    "ide_opened_file",
    "ide_selection",
    "attached_files",
    "additional_data",
    "open_and_recently_viewed_files",
];

/// The title that a first prompt makes: its first line, or as many lines as make sense of it, or the heading that its
/// first line announces, without Markdown and the elements that clients wrap prompts in, white space folded, cut at a
/// word to [`MAX_TITLE_GRAPHEMES`]. `None` when nothing is left.
pub fn title_from_prompt(prompt: &str) -> Option<String> {
    let prompt = &prompt[..prompt.floor_char_boundary(MAX_PROMPT_BYTES)];
    let text = without_elements(prompt);
    let title = title_of_lines(&text, true);
    // A prompt that is nothing but a code block is better than none.
    let title = if title.is_empty() { title_of_lines(&text, false) } else { title };
    (!title.is_empty()).then(|| cut(&title))
}

fn title_of_lines(text: &str, skip_code: bool) -> String {
    let mut title = String::new();
    let mut in_code = false;
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if line.trim_start().starts_with("```") || line.trim_start().starts_with("~~~") {
            in_code = !in_code;
            continue;
        }
        if in_code && skip_code {
            continue;
        }
        // `Implement the following plan:` announces what names itself.
        if !in_code && title.ends_with(':') && is_heading(line) {
            title.clear();
        }
        let line = if in_code { line.to_owned() } else { without_markdown(line) };
        for word in line.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()) {
            if !title.is_empty() {
                title.push(' ');
            }
            title.push_str(word);
        }
        let is_enough = title.chars().filter(|c| c.is_alphanumeric()).count() >= ENOUGH_LETTERS;
        let is_announcement =
            title.ends_with(':') && lines.clone().find(|line| !line.trim().is_empty()).is_some_and(is_heading);
        if is_enough && !is_announcement {
            break;
        }
    }
    title
}

/// Whether a line is a heading of Markdown.
fn is_heading(line: &str) -> bool {
    let line = line.trim_start();
    let text = line.trim_start_matches('#');
    text.len() < line.len() && text.starts_with(' ')
}

/// Takes out the tags of elements that are closed, and all of those that clients inject. Generic types and comparisons
/// (`Vec<T>`, `a < b`) have no closing tag and stay.
fn without_elements(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    // Bounds the search for closing tags on input made of opening ones.
    let mut tags_left = 256;
    while let Some(at) = rest.find('<') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let Some((tag, after)) = tag(rest).filter(|_| tags_left > 0) else {
            out.push('<');
            rest = &rest[1..];
            continue;
        };
        tags_left -= 1;
        match tag {
            Tag::Closing => {
                out.push(' ');
                rest = after;
            }
            Tag::Opening(name) => match after.find(&format!("</{name}>")) {
                Some(end) if INJECTED.contains(&name) => rest = &after[end + name.len() + 3..],
                Some(_) => {
                    out.push(' ');
                    rest = after;
                }
                None => {
                    out.push('<');
                    rest = &rest[1..];
                }
            },
        }
    }
    out.push_str(rest);
    out
}

enum Tag<'a> {
    Opening(&'a str),
    Closing,
}

/// The tag at the beginning of `text`, and what follows it.
fn tag(text: &str) -> Option<(Tag<'_>, &str)> {
    const MAX_TAG_BYTES: usize = 512;
    let inner = text.strip_prefix('<')?;
    let (closing, inner) = inner.strip_prefix('/').map_or((false, inner), |inner| (true, inner));
    let name_end = inner.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_')))?;
    let name = &inner[..name_end];
    let end = inner[..inner.floor_char_boundary(MAX_TAG_BYTES)].find('>')?;
    let attributes = &inner[name_end..end];
    if !name.starts_with(|c: char| c.is_ascii_alphabetic())
        || attributes.contains('<')
        || !(attributes.is_empty() || attributes.starts_with(char::is_whitespace))
    {
        return None;
    }
    Some((if closing { Tag::Closing } else { Tag::Opening(name) }, &inner[end + 1..]))
}

/// Takes the marks of Markdown off a line: headings, quotes, list items, emphasis, code, links, images. Placeholders
/// for pasted things (`[Image #1]`) go too.
fn without_markdown(line: &str) -> String {
    let mut line = line.trim();
    loop {
        let before = line;
        line = line.trim_start_matches(['#', '>']).trim_start();
        for bullet in ["- ", "* ", "+ ", "[ ] ", "[x] "] {
            line = line.strip_prefix(bullet).unwrap_or(line).trim_start();
        }
        if line == before {
            break;
        }
    }
    if line.bytes().all(|byte| matches!(byte, b'-' | b'*' | b'_' | b'=' | b' ')) {
        return String::new();
    }
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(at) = rest.find(['`', '*', '[', '!']) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        if let Some(after) = placeholder(rest) {
            rest = after;
        } else if let Some((text, after)) = link(rest) {
            out.push_str(text);
            rest = after;
        } else if let Some(after) = rest.strip_prefix("**") {
            rest = after;
        } else if let Some(after) = rest.strip_prefix('`') {
            rest = after;
        } else {
            out.push_str(&rest[..1]);
            rest = &rest[1..];
        }
    }
    out.push_str(rest);
    out
}

/// `[Image #1]`, `[Pasted text #2 +30 lines]`.
fn placeholder(text: &str) -> Option<&str> {
    let inner = text.strip_prefix("[Image #").or_else(|| text.strip_prefix("[Pasted text #"))?;
    let end = inner[..inner.floor_char_boundary(40)].find(']')?;
    Some(&inner[end + 1..])
}

/// `[text](address)` and `![text](address)`: the text, and what follows.
fn link(text: &str) -> Option<(&str, &str)> {
    const MAX_LINK_BYTES: usize = 4096;
    let inner = text.strip_prefix('!').unwrap_or(text).strip_prefix('[')?;
    let near = &inner[..inner.floor_char_boundary(MAX_LINK_BYTES)];
    let end = near.find("](")?;
    let close = end + near[end..].find(')')?;
    (!near[..end].contains(']')).then(|| (&inner[..end], &inner[close + 1..]))
}

fn cut(title: &str) -> String {
    if title.graphemes(true).nth(MAX_TITLE_GRAPHEMES).is_none() {
        return title.to_owned();
    }
    let end = title.grapheme_indices(true).nth(MAX_TITLE_GRAPHEMES - 1).map_or(title.len(), |(at, _)| at);
    let kept = &title[..end];
    // Languages without spaces, and very long words, are cut anywhere.
    let kept = match kept.rfind(' ') {
        Some(space) if !title[end..].starts_with(' ') && space >= end / 2 => &kept[..space],
        _ => kept,
    };
    format!("{}…", kept.trim_end().trim_end_matches([',', ';', ':', '.', '-']))
}
