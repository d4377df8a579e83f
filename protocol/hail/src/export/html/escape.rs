//! The one way by which text comes into a page.
//!
//! *Invariant*: whatever is not a literal of this crate's source goes through [`text`], between tags and in quoted
//! attributes alike.

use std::borrow::Cow;

use crate::handoff::quote;

/// `text` without what commands a terminal or hides: see [`quote::clean_code`].
pub(super) fn clean(text: &str) -> Cow<'_, str> {
    quote::clean_code(text)
}

/// Appends `text`, harmless in elements and in quoted attributes.
pub(super) fn text(out: &mut String, text: &str) {
    let text = clean(text);
    let mut rest = &*text;
    while let Some(at) = rest.find(['&', '<', '>', '"', '\'']) {
        out.push_str(&rest[..at]);
        out.push_str(match rest.as_bytes()[at] {
            b'&' => "&amp;",
            b'<' => "&lt;",
            b'>' => "&gt;",
            b'"' => "&quot;",
            _ => "&#39;",
        });
        rest = &rest[at + 1..];
    }
    out.push_str(rest);
}

/// The attribute by which a block of Korean is marked, with a space before it; else nothing.
pub(super) fn language(text: &str) -> &'static str {
    let is_korean = text.chars().take(4_000).any(|character| matches!(character, '가'..='힣'));
    if is_korean { " lang=\"ko\"" } else { "" }
}

/// Whether a link may lead there: to the web, and nowhere else.
pub(in crate::export) fn is_web_address(address: &str) -> bool {
    let lower = address.get(..8).unwrap_or(address).to_ascii_lowercase();
    (lower.starts_with("https://") || lower.starts_with("http://")) && !address.contains(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_becomes_markup() {
        let mut out = String::new();
        text(&mut out, "<a b='c' d=\"e\">&amp;\u{1b}[31m\u{0}\u{202e}x\u{feff}\ttab\r\n");
        assert_eq!(out, "&lt;a b=&#39;c&#39; d=&quot;e&quot;&gt;&amp;amp;‹U+202E›x\ttab\n");
    }

    #[test]
    fn links_lead_to_the_web_only() {
        assert!(is_web_address("https://a.b") && is_web_address("HTTP://a"));
        for address in ["javascript:alert(1)", " https://a", "data:text/html,x", "//a", "file:///etc", "java\nscript:"]
        {
            assert!(!is_web_address(address), "{address}");
        }
    }
}
