//! What an agent says: Markdown, of which only what is harmless becomes markup. Images are not loaded, HTML is text, and
//! links lead to the web or nowhere.

use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Options, Parser, Tag};

use super::{code, escape};

/// Elements nest no deeper; what is below stands in the last one.
const MAX_DEPTH: usize = 24;
/// Tables nest less deep, because they take three elements.
const MAX_TABLE_DEPTH: usize = 20;

/// Appends `markdown` as blocks.
pub(super) fn markdown(out: &mut String, markdown: &str) {
    // A sequence that spans several pieces is seen only in the whole.
    let clean = escape::clean(markdown);
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    // The end of each open element; nothing where it was not begun.
    let mut open: Vec<&'static str> = Vec::new();
    let mut block: Option<(String, code::Language)> = None;
    let mut in_head = false;
    for event in Parser::new_ext(&clean, options) {
        match event {
            Event::Start(Tag::CodeBlock(kind)) => {
                let info = match &kind {
                    CodeBlockKind::Fenced(info) => info.as_ref(),
                    CodeBlockKind::Indented => "",
                };
                block = Some((String::new(), code::Language::from_name(info)));
                open.push("");
            }
            Event::Start(tag) => {
                if matches!(tag, Tag::TableHead) {
                    in_head = true;
                }
                open.push(start(out, &tag, open.len(), in_head));
            }
            Event::End(_) => {
                if let Some((text, language)) = block.take() {
                    out.push_str("<pre class=\"code\">");
                    code::highlight(out, text.trim_end_matches('\n'), language);
                    out.push_str("</pre>");
                }
                let end = open.pop().unwrap_or_default();
                if end.starts_with("</tr></thead>") {
                    in_head = false;
                }
                out.push_str(end);
            }
            Event::Text(text) => match &mut block {
                Some((code, _)) => code.push_str(&text),
                None => escape::text(out, &text),
            },
            Event::Code(text) | Event::InlineMath(text) | Event::DisplayMath(text) => {
                out.push_str("<code>");
                escape::text(out, &text);
                out.push_str("</code>");
            }
            Event::Html(text) | Event::InlineHtml(text) | Event::FootnoteReference(text) => escape::text(out, &text),
            Event::SoftBreak => out.push('\n'),
            Event::HardBreak => out.push_str("<br>"),
            Event::Rule => out.push_str("<hr>"),
            Event::TaskListMarker(done) => out.push_str(if done { "[x] " } else { "[ ] " }),
        }
    }
}

/// Appends the beginning of an element, and gives its end.
fn start(out: &mut String, tag: &Tag<'_>, depth: usize, in_head: bool) -> &'static str {
    if depth >= MAX_DEPTH || (depth >= MAX_TABLE_DEPTH && matches!(tag, Tag::Table(_))) {
        return "";
    }
    let (start, end) = match tag {
        Tag::Paragraph | Tag::HtmlBlock => ("<p>", "</p>"),
        // The page has the levels above.
        Tag::Heading { level: HeadingLevel::H1, .. } => ("<h3>", "</h3>"),
        Tag::Heading { level: HeadingLevel::H2, .. } => ("<h4>", "</h4>"),
        Tag::Heading { level: HeadingLevel::H3, .. } => ("<h5>", "</h5>"),
        Tag::Heading { .. } => ("<h6>", "</h6>"),
        Tag::BlockQuote(_) => ("<blockquote>", "</blockquote>"),
        Tag::List(None) => ("<ul>", "</ul>"),
        Tag::List(Some(1)) => ("<ol>", "</ol>"),
        Tag::List(Some(first)) => {
            out.push_str("<ol start=\"");
            out.push_str(&first.to_string());
            ("\">", "</ol>")
        }
        Tag::Item => ("<li>", "</li>"),
        Tag::Emphasis => ("<em>", "</em>"),
        Tag::Strong => ("<strong>", "</strong>"),
        Tag::Strikethrough => ("<del>", "</del>"),
        Tag::Table(_) => ("<div class=\"wide\"><table>", "</tbody></table></div>"),
        Tag::TableHead => ("<thead><tr>", "</tr></thead><tbody>"),
        Tag::TableRow => ("<tr>", "</tr>"),
        Tag::TableCell if in_head => ("<th>", "</th>"),
        Tag::TableCell => ("<td>", "</td>"),
        Tag::Link { dest_url, .. } if escape::is_web_address(dest_url) => {
            out.push_str("<a rel=\"noopener noreferrer nofollow\" href=\"");
            escape::text(out, dest_url);
            ("\">", "</a>")
        }
        Tag::Image { .. } => ("<span class=\"image\">", "</span>"),
        _ => ("", ""),
    };
    out.push_str(start);
    end
}

#[cfg(test)]
mod tests {
    use super::*;

    fn html(text: &str) -> String {
        let mut out = String::new();
        markdown(&mut out, text);
        out
    }

    #[test]
    fn the_usual_markup() {
        assert_eq!(html("# A\n\nb *c* `d<e`"), "<h3>A</h3><p>b <em>c</em> <code>d&lt;e</code></p>");
        assert_eq!(html("- a\n- b"), "<ul><li>a</li><li>b</li></ul>");
        assert_eq!(
            html("|a|\n|-|\n|b|"),
            "<div class=\"wide\"><table><thead><tr><th>a</th></tr></thead><tbody><tr><td>b</td></tr></tbody></table></div>"
        );
        assert_eq!(html("```rust\nlet a;\n```"), "<pre class=\"code\"><b>let</b> a;</pre>");
    }

    #[test]
    fn nothing_runs_or_loads() {
        assert_eq!(html("<img src=x onerror=alert(1)>"), "<p>&lt;img src=x onerror=alert(1)&gt;</p>");
        assert_eq!(html("[a](javascript:alert(1)) ![b](http://x/y.png)"), "<p>a <span class=\"image\">b</span></p>");
        assert_eq!(
            html("[a](https://x/\"onclick=1)"),
            "<p><a rel=\"noopener noreferrer nofollow\" href=\"https://x/&quot;onclick=1\">a</a></p>"
        );
        let deep = html(&"> ".repeat(5_000));
        assert!(
            deep.matches("<blockquote>").count() <= MAX_DEPTH && deep.matches("</blockquote>").count() <= MAX_DEPTH
        );
    }
}
