//! Images in messages and outputs: what is said of them; the data itself is never carried.

use std::borrow::Cow;

use opensession_hail::{Extra, Part};

use super::record::{Piece, Raw, string};

/// A part of text.
pub(super) fn text_part(text: String) -> Part {
    Part { kind: "text".to_owned(), text: Some(text), media_type: None, bytes: None, extra: Extra::new() }
}

/// The part that stands for an image or another piece that is not text; `None` for a piece that says nothing.
pub(super) fn part(piece: &Piece<'_>) -> Option<Part> {
    if let Some(path) = piece.path.owned() {
        return Some(named(path));
    }
    if let Some(url) = piece.image_url {
        return Some(of_url(Some(url)));
    }
    let data = piece.data?;
    Some(Part {
        kind: "image".to_owned(),
        text: None,
        media_type: piece.mime_type.owned(),
        bytes: Some(decoded_length(data.get().len().saturating_sub(2))),
        extra: Extra::new(),
    })
}

/// An image given by its file's name.
pub(super) fn named(path: String) -> Part {
    Part { kind: "image".to_owned(), text: Some(path), media_type: None, bytes: None, extra: Extra::new() }
}

/// An image given by its URL: what a `data:` URL tells of it, or the address.
pub(super) fn of_url(url: Raw<'_>) -> Part {
    let mut part = Part { kind: "image".to_owned(), text: None, media_type: None, bytes: None, extra: Extra::new() };
    let Some(raw) = url.map(|raw| raw.get().trim_matches('"')) else { return part };
    if let Some((head, data)) = raw.strip_prefix("data:").and_then(|rest| rest.split_once(',')) {
        part.media_type = head.split(';').next().filter(|media| !media.is_empty()).map(str::to_owned);
        part.bytes = Some(decoded_length(data.len()));
    } else {
        part.text = string(url).map(Cow::into_owned).filter(|url| url.len() <= 4096);
    }
    part
}

/// How many bytes so many characters of base64 stand for, give or take the padding.
fn decoded_length(characters: usize) -> u64 {
    characters as u64 / 4 * 3
}
