//! A session as a page for a browser: timeline, folded calls, coloured diffs, an outline, search. The page needs no
//! other file, no network and no script to be read.
//!
//! *Invariants*: no text of a session becomes markup (`html/escape.rs` is the one way in); the page's own policy lets no
//! other script run than [`SCRIPT`] and loads nothing; elements nest well whatever the session holds.

mod call;
mod code;
mod escape;
mod prose;
mod text;
mod timeline;

use std::collections::BTreeMap;
use std::io::{self, Write};

pub(super) use call::about as call_about;
pub(super) use escape::is_web_address;
use timeline::Timeline;

use super::joined::Joiner;
use super::{Subject, words};
use crate::Event;

/// The page's style sheet.
pub const STYLE: &str = include_str!("html/page.css");
/// The page's script. Without it all is there to be read; with it there are search, keys and themes.
pub const SCRIPT: &str = include_str!("html/page.js");
/// What the page may do: nothing but its own style and script, which are told by their hashes.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; \
    style-src 'sha256-T++oxwoKrodm2zSTCUjJA2PxF2lamKj9wXoQhLWuHrk='; \
    script-src 'sha256-WIQAXHrp2zyMPDDASwG01EbFA5rqPpA2N/eaXmYXZmc='; \
    base-uri 'none'; form-action 'none'";

/// Bytes gathered before they are written.
const BUFFER: usize = 64 * 1024;
const STYLE_OF_SUBAGENT: &str = " sub";

/// A page as it is written.
#[derive(Debug)]
pub struct Page<W> {
    writer: W,
    joiner: Joiner,
    timeline: Timeline,
}

impl<W: Write> Page<W> {
    /// Writes the head.
    pub fn new(writer: W, subject: Subject) -> io::Result<Self> {
        let mut page = Self { writer, joiner: Joiner::default(), timeline: Timeline::new(subject) };
        page.head();
        page.write_out()?;
        Ok(page)
    }

    /// Adds the next event.
    pub fn event(&mut self, number: u32, event: Event) -> io::Result<()> {
        while let Some(joined) = self.joiner.next(Some(&event)) {
            self.timeline.add(&joined);
        }
        self.joiner.push(number, event);
        if self.timeline.out.len() >= BUFFER { self.write_out() } else { Ok(()) }
    }

    /// Writes the rest: what was held back, the outline, and what was taken out.
    pub fn finish(mut self, redactions: &BTreeMap<String, u64>) -> io::Result<W> {
        while let Some(joined) = self.joiner.next(None) {
            self.timeline.add(&joined);
        }
        self.timeline.finish();
        self.outline();
        let out = &mut self.timeline.out;
        out.push_str("<footer><p>");
        escape::text(out, "Exported by OpenSession. ");
        escape::text(out, &words::redacted(redactions));
        out.push_str("</p></footer>\n<script>");
        out.push_str(SCRIPT);
        out.push_str("</script>\n</body>\n</html>\n");
        self.write_out()?;
        self.writer.flush()?;
        Ok(self.writer)
    }

    fn write_out(&mut self) -> io::Result<()> {
        self.writer.write_all(self.timeline.out.as_bytes())?;
        self.timeline.taken += self.timeline.out.len();
        self.timeline.out.clear();
        Ok(())
    }

    fn head(&mut self) {
        let Timeline { subject, out, .. } = &mut self.timeline;
        out.push_str("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
        out.push_str("<meta http-equiv=\"Content-Security-Policy\" content=\"");
        out.push_str(CONTENT_SECURITY_POLICY);
        out.push_str("\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
        out.push_str("<meta name=\"referrer\" content=\"no-referrer\">\n<meta name=\"robots\" content=\"noindex\">\n");
        out.push_str("<meta name=\"generator\" content=\"OpenSession\">\n<title>");
        let title = crate::handoff::quote::one_line(subject.title());
        let title = crate::handoff::quote::cut(&title, 300);
        escape::text(out, &title);
        out.push_str(" · OpenSession</title>\n<style>");
        out.push_str(STYLE);
        out.push_str("</style>\n</head>\n<body>\n<a class=\"skip\" href=\"#timeline\">Skip to the session</a>\n<header class=\"top\">\n<h1");
        out.push_str(escape::language(&title));
        out.push_str(" dir=\"auto\">");
        escape::text(out, &title);
        out.push_str("</h1>\n<p class=\"meta\">");
        if !subject.short_id.is_empty() {
            out.push_str("<code>");
            escape::text(out, &subject.short_id);
            out.push_str("</code> ");
        }
        list(out, &words::place(subject));
        out.push_str("</p>\n");
        if let Some(figures) = &subject.figures {
            out.push_str("<p class=\"meta\">");
            list(out, &words::figures(figures));
            out.push_str("</p>\n");
        }
        out.push_str(TOOLS);
        out.push_str("</header>\n<main id=\"timeline\">\n");
    }

    /// What the session holds, with links. It stands behind the events, because it is known only then; the style sheet
    /// puts it beside them.
    fn outline(&mut self) {
        let Timeline { out, prompts, prompts_left_out, files, files_left_out, failures, failures_left_out, .. } =
            &mut self.timeline;
        out.push_str("</main>\n<nav id=\"outline\" aria-label=\"Outline\">\n<h2>Prompts</h2>\n<ol>");
        for (number, text) in &*prompts {
            out.push_str("<li><a href=\"#e");
            out.push_str(&number.to_string());
            out.push_str("\" dir=\"auto\">");
            escape::text(out, if text.is_empty() { "(empty)" } else { text });
            out.push_str("</a></li>");
        }
        out.push_str("</ol>\n");
        more(out, *prompts_left_out);
        if !files.is_empty() {
            out.push_str("<h2>Files</h2>\n<ul class=\"files\">");
            for (path, (added, removed, number)) in &*files {
                out.push_str("<li><a href=\"#e");
                out.push_str(&number.to_string());
                out.push_str("\">");
                // A long path is broken behind a folder.
                for piece in escape::clean(path).split_inclusive('/') {
                    escape::text(out, piece);
                    out.push_str("<wbr>");
                }
                out.push_str("</a> <span class=\"pm\"><ins>+");
                out.push_str(&words::count(*added));
                out.push_str("</ins> <del>-");
                out.push_str(&words::count(*removed));
                out.push_str("</del></span></li>");
            }
            out.push_str("</ul>\n");
            if *files_left_out {
                out.push_str("<p class=\"dim\">and more</p>\n");
            }
        }
        if !failures.is_empty() {
            out.push_str("<h2>Errors</h2>\n<p class=\"errors\">");
            for number in &*failures {
                let number = number.to_string();
                out.push_str("<a href=\"#e");
                out.push_str(&number);
                out.push_str("\">#");
                out.push_str(&number);
                out.push_str("</a> ");
            }
            out.push_str("</p>\n");
            more(out, *failures_left_out);
        }
        out.push_str("</nav>\n");
    }
}

/// What only a script can do; it shows them.
const TOOLS: &str = r#"<div class="tools" hidden>
<input id="find" type="search" placeholder="Search this session  /" aria-label="Search this session" autocomplete="off" spellcheck="false">
<span id="found" role="status" aria-live="polite"></span>
<button id="previous" type="button" title="Previous hit">Previous</button>
<button id="next" type="button" title="Next hit">Next</button>
<button id="fold" type="button">Unfold all</button>
<button id="theme" type="button">Theme: system</button>
<button id="help" type="button" aria-haspopup="dialog">Keys</button>
</div>
<dialog id="keys" aria-label="Keys"><h2>Keys</h2><dl>
<dt>/</dt><dd>search</dd><dt>n N</dt><dd>next, previous hit</dd><dt>j k</dt><dd>next, previous event</dd>
<dt>] [</dt><dd>next, previous prompt</dd><dt>e</dt><dd>next error</dd><dt>c</dt><dd>next edit</dd>
<dt>z</dt><dd>fold or unfold the event</dd><dt>t</dt><dd>unfold or fold all thinking</dd>
<dt>y</dt><dd>copy a link to the event</dd><dt>Esc</dt><dd>close</dd></dl>
<p><label><input id="keys-on" type="checkbox" checked> keys work</label></p>
<form method="dialog"><button>Close</button></form></dialog>
"#;

fn list(out: &mut String, parts: &[String]) {
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            out.push_str(" <span class=\"dot\">·</span> ");
        }
        out.push_str("<span>");
        escape::text(out, part);
        out.push_str("</span>");
    }
}

fn more(out: &mut String, count: u64) {
    if count > 0 {
        out.push_str("<p class=\"dim\">");
        out.push_str(&words::count(count));
        out.push_str(" more</p>\n");
    }
}

#[cfg(test)]
mod tests {
    use sha2::{Digest, Sha256};

    use super::*;

    fn hash(text: &str) -> String {
        const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let digest = Sha256::digest(text.as_bytes());
        let mut out = String::new();
        for chunk in digest.chunks(3) {
            let number = chunk.iter().chain([0, 0].iter()).take(3).fold(0_u32, |sum, byte| sum << 8 | u32::from(*byte));
            for place in 0..=chunk.len() {
                out.push(char::from(LETTERS[(number >> (18 - 6 * place) & 63) as usize]));
            }
            out.push_str(&"=".repeat(3 - chunk.len()));
        }
        out
    }

    #[test]
    fn the_policy_names_the_style_and_the_script() {
        for (kind, text) in [("style", STYLE), ("script", SCRIPT)] {
            let wanted = format!("{kind}-src 'sha256-{}'", hash(text));
            assert!(CONTENT_SECURITY_POLICY.contains(&wanted), "the policy must say {wanted}");
        }
        assert!(!SCRIPT.contains("</script") && !STYLE.contains("</style"));
    }
}
