//! Messages made of parts: runs of text, and what stands between them.

use std::borrow::Cow;

use opensession_hail::{Content, Extra, Part};

use super::{
    Session,
    json::{self, Value},
};

/// Texts and images that stand one after the other: one message.
#[derive(Debug, Default)]
pub(crate) struct Run<'v> {
    texts: Vec<Cow<'v, str>>,
    parts: Vec<Part>,
    /// Messages that were made of earlier runs of the same record.
    made: usize,
}

impl<'v> Run<'v> {
    /// Adds a text; one without anything in it is left out.
    pub(crate) fn text(&mut self, text: impl Into<Cow<'v, str>>) {
        let text = text.into();
        if text.trim().is_empty() {
            return;
        }
        if self.parts.is_empty() {
            self.texts.push(text);
        } else {
            self.parts.push(text_part(text.into_owned()));
        }
    }

    /// Adds an image or document.
    pub(crate) fn part(&mut self, part: Part) {
        if self.parts.is_empty() {
            self.parts = self.texts.drain(..).map(|text| text_part(text.into_owned())).collect();
        }
        self.parts.push(part);
    }

    /// The message that it is, if it says something, and which one of its record.
    pub(crate) fn take(&mut self) -> Option<(usize, Content)> {
        let content = if !self.parts.is_empty() {
            Content::Parts(std::mem::take(&mut self.parts))
        } else if !self.texts.is_empty() {
            Content::Text(self.texts.drain(..).collect::<Vec<_>>().join("\n"))
        } else {
            return None;
        };
        self.made += 1;
        Some((self.made - 1, content))
    }

    /// Tells the agent's message that it is, if it says something.
    pub(crate) fn tell<Own>(&mut self, id: Option<&str>, session: &mut Session<'_, Own>) {
        if let Some((number, content)) = self.take() {
            session.agent(id.map(|id| numbered(id, number)), content);
        }
    }
}

/// The id of the `number`th event of its kind that came of the record `id`.
pub(crate) fn numbered(id: &str, number: usize) -> String {
    if number == 0 { id.to_owned() } else { format!("{id}:{number}") }
}

/// A part of text.
pub(crate) fn text_part(text: String) -> Part {
    Part { kind: "text".to_owned(), text: Some(text), media_type: None, bytes: None, extra: Extra::new() }
}

/// An image or document of which `characters` of base64 are left out.
pub(crate) fn data_part(media_type: Option<&str>, name: Option<&str>, characters: Option<usize>) -> Part {
    let kind = match media_type {
        Some(media) if !media.starts_with("image/") => "document",
        _ => "image",
    };
    Part {
        kind: kind.to_owned(),
        text: name.map(str::to_owned),
        media_type: media_type.map(str::to_owned),
        bytes: characters.map(|characters| characters as u64 / 4 * 3),
        extra: Extra::new(),
    }
}

/// An image given by its URL: what a `data:` URL tells of it, or the address.
pub(crate) fn url_part(url: &str) -> Part {
    match url.strip_prefix("data:").and_then(|rest| rest.split_once(',')) {
        Some((head, data)) => {
            data_part(head.split(';').next().filter(|media| !media.is_empty()), None, Some(data.len()))
        }
        None => data_part(None, Some(url).filter(|url| url.len() <= 4096), None),
    }
}

/// The image or document that a block of type `image` is, in the forms of Anthropic's messages and of pi's.
pub(crate) fn image_part(block: &Value<'_>) -> Part {
    let source = json::member(block, "source").unwrap_or(block);
    if let Some(url) = json::text_of(source, &["url", "image_url"]) {
        return url_part(url);
    }
    let media_type = json::text_of(source, &["media_type", "mimeType", "mime_type", "mediaType"]);
    data_part(
        media_type,
        json::text_of(block, &["filename", "fileName", "path"]),
        json::text(source, "data").map(str::len),
    )
}

/// What a result shows: a text, or an array of texts, text blocks and images; the JSON of anything else.
pub(crate) fn content(value: Option<&Value<'_>>) -> Content {
    let Some(value) = value else { return Content::default() };
    let Some(blocks) = value.as_array() else { return Content::Text(json::shown(value)) };
    let mut run = Run::default();
    for block in blocks {
        match json::text(block, "type") {
            _ if block.as_str().is_some() => run.text(block.as_str().unwrap_or_default()),
            Some("image" | "document" | "image_url") => run.part(image_part(block)),
            _ => match json::text_of(block, &["text", "output", "content"]) {
                Some(text) => run.text(text),
                None if json::member(block, "text").is_some() => {}
                None => run.text(block.to_string()),
            },
        }
    }
    run.take().map(|(_, content)| content).unwrap_or_default()
}
