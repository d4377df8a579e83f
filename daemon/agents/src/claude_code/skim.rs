//! Stepping through JSON text without building anything: objects and arrays are walked, the text of a value is handed
//! out as it stands, and what nobody asks for is only passed over.
//!
//! Most bytes of a transcript are strings that we do not need (whole files, images, signatures). A string's end is
//! found with `memchr`, which is several times faster than parsing it. In return, what is passed over is not checked:
//! an invalid escape or number is noticed only where the value is read.

use std::borrow::Cow;

use memchr::memchr;
use serde_json::Value;

/// A place in JSON text.
#[derive(Debug, Clone)]
pub(super) struct Skim<'a> {
    text: &'a str,
    at: usize,
}

/// The text is not JSON from `at` on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Broken {
    /// Byte offset.
    pub(super) at: usize,
    /// What was expected there.
    pub(super) reason: &'static str,
}

type Step = Result<(), Broken>;

impl<'a> Skim<'a> {
    pub(super) fn new(text: &'a str, at: usize) -> Self {
        Self { text, at }
    }

    /// Byte offset of the place.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// The first byte of the next value or sign, after white space.
    pub(super) fn peek(&mut self) -> Option<u8> {
        let bytes = self.text.as_bytes();
        while let Some(&byte) = bytes.get(self.at) {
            if !matches!(byte, b' ' | b'\t' | b'\r' | b'\n') {
                return Some(byte);
            }
            self.at += 1;
        }
        None
    }

    /// Steps through an object. `each` is called with every key, as it is written, and must take the value.
    pub(super) fn object(&mut self, mut each: impl FnMut(&mut Self, &'a str) -> Step) -> Step {
        self.sign(b'{', "expected an object")?;
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(());
        }
        loop {
            if self.peek() != Some(b'"') {
                return Err(self.broken("expected a key"));
            }
            let key = self.string()?;
            self.sign(b':', "expected a colon")?;
            each(self, &key[1..key.len() - 1])?;
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => {
                    self.at += 1;
                    return Ok(());
                }
                _ => return Err(self.broken("expected a comma or the end of an object")),
            }
        }
    }

    /// Steps through an array. `each` must take the element.
    pub(super) fn array(&mut self, mut each: impl FnMut(&mut Self) -> Step) -> Step {
        self.sign(b'[', "expected an array")?;
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(());
        }
        loop {
            each(self)?;
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => {
                    self.at += 1;
                    return Ok(());
                }
                _ => return Err(self.broken("expected a comma or the end of an array")),
            }
        }
    }

    /// Takes the next value, whatever it is, as it is written.
    pub(super) fn value(&mut self) -> Result<&'a str, Broken> {
        match self.peek() {
            Some(b'"') => self.string(),
            Some(b'{' | b'[') => self.nested(),
            Some(b'-' | b'0'..=b'9' | b't' | b'f' | b'n') => Ok(self.word()),
            Some(_) => Err(self.broken("expected a value")),
            None => Err(self.broken("the record ends too early")),
        }
    }

    /// Takes an object or array; a flat loop, so that depth costs nothing.
    fn nested(&mut self) -> Result<&'a str, Broken> {
        let bytes = self.text.as_bytes();
        let begin = self.at;
        let mut depth = 0_usize;
        while let Some(&byte) = bytes.get(self.at) {
            match byte {
                b'"' => {
                    self.string()?;
                    continue;
                }
                b'{' | b'[' => depth += 1,
                b'}' | b']' => {
                    depth -= 1;
                    if depth == 0 {
                        self.at += 1;
                        return Ok(&self.text[begin..self.at]);
                    }
                }
                _ => {}
            }
            self.at += 1;
        }
        Err(self.broken("the record ends too early"))
    }

    /// Takes a string with its quotes.
    fn string(&mut self) -> Result<&'a str, Broken> {
        let bytes = self.text.as_bytes();
        let begin = self.at;
        let mut from = begin + 1;
        while let Some(quote) = next_quote(bytes, from) {
            from = quote + 1;
            // Preceded by an odd number of backslashes it is a part of the string.
            let mut place = quote;
            while bytes[place - 1] == b'\\' {
                place -= 1;
            }
            if (quote - place) % 2 == 0 {
                self.at = from;
                return Ok(&self.text[begin..from]);
            }
        }
        self.at = bytes.len();
        Err(self.broken("the record ends inside a string"))
    }

    fn word(&mut self) -> &'a str {
        let begin = self.at;
        let rest = &self.text.as_bytes()[begin..];
        let length =
            rest.iter().position(|byte| !matches!(byte, b'+' | b'-' | b'.' | b'0'..=b'9' | b'a'..=b'z' | b'E'));
        self.at = begin + length.unwrap_or(rest.len());
        &self.text[begin..self.at]
    }

    fn sign(&mut self, sign: u8, reason: &'static str) -> Step {
        if self.peek() != Some(sign) {
            return Err(self.broken(reason));
        }
        self.at += 1;
        Ok(())
    }

    fn broken(&self, reason: &'static str) -> Broken {
        let reason = if self.at >= self.text.len() { "the record ends too early" } else { reason };
        Broken { at: self.at, reason }
    }
}

/// Keys and most values are short: for these a plain loop is quicker than `memchr`.
#[inline]
fn next_quote(bytes: &[u8], from: usize) -> Option<usize> {
    const SHORT: usize = 16;
    let rest = bytes.get(from..)?;
    let short = &rest[..rest.len().min(SHORT)];
    if let Some(at) = short.iter().position(|&byte| byte == b'"') {
        return Some(from + at);
    }
    memchr(b'"', &rest[short.len()..]).map(|at| from + short.len() + at)
}

/// The text of a value that is a string, its escapes resolved; `None` for any other value. Half a surrogate pair and
/// other escapes that mean nothing become U+FFFD.
pub(super) fn text(value: &str) -> Option<Cow<'_, str>> {
    let inner = value.strip_prefix('"')?.strip_suffix('"')?;
    if memchr(b'\\', inner.as_bytes()).is_none() {
        return Some(Cow::Borrowed(inner));
    }
    let mut text = String::with_capacity(inner.len());
    unescape(inner, &mut text);
    Some(Cow::Owned(text))
}

/// [`text`], owned; empty strings are `None` too.
pub(super) fn string(value: Option<&str>) -> Option<String> {
    value.and_then(text).filter(|text| !text.is_empty()).map(Cow::into_owned)
}

/// Appends `inner`, the inside of a JSON string, to `text`.
pub(super) fn unescape(inner: &str, text: &mut String) {
    let mut rest = inner;
    while let Some(at) = memchr(b'\\', rest.as_bytes()) {
        text.push_str(&rest[..at]);
        let mut chars = rest[at + 1..].chars();
        match chars.next() {
            Some('n') => text.push('\n'),
            Some('t') => text.push('\t'),
            Some('r') => text.push('\r'),
            Some('b') => text.push('\u{8}'),
            Some('f') => text.push('\u{c}'),
            Some('u') => {
                let (char, after) = code_point(chars.as_str());
                text.push(char);
                rest = after;
                continue;
            }
            Some(char @ ('"' | '\\' | '/')) => text.push(char),
            Some(_) | None => text.push(char::REPLACEMENT_CHARACTER),
        }
        rest = chars.as_str();
    }
    text.push_str(rest);
}

/// The character after `\u`, and what follows it.
fn code_point(rest: &str) -> (char, &str) {
    let unit = |text: &str| {
        let digits = text.get(..4).filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))?;
        u32::from_str_radix(digits, 16).ok()
    };
    let Some(first) = unit(rest) else { return (char::REPLACEMENT_CHARACTER, rest) };
    let after = &rest[4..];
    if let Some(char) = char::from_u32(first) {
        return (char, after);
    }
    let low = after.strip_prefix("\\u").and_then(unit).filter(|low| (0xDC00..0xE000).contains(low));
    match low {
        Some(low) if first < 0xDC00 => {
            let code = 0x1_0000 + ((first - 0xD800) << 10) + (low - 0xDC00);
            (char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER), &after[6..])
        }
        _ => (char::REPLACEMENT_CHARACTER, after),
    }
}

/// The value as a tree. One that `serde_json` refuses (half a surrogate pair, too deep, not JSON) becomes a string
/// that holds its text, so that it can still be found.
pub(super) fn tree(value: &str) -> Value {
    serde_json::from_str(value).unwrap_or_else(|_| {
        let mut text = String::with_capacity(value.len());
        unescape(value, &mut text);
        Value::String(text)
    })
}

/// A value that is a whole number that is not negative; a number with a fraction is cut.
pub(super) fn number(value: Option<&str>) -> Option<u64> {
    let value = value?;
    value.parse().ok().or_else(|| {
        let number: f64 = value.parse().ok()?;
        // Within these bounds the conversion is exact but for the fraction.
        (number.is_finite() && (0.0..9e15).contains(&number)).then_some(number as u64)
    })
}

/// Whether a value is `true`.
pub(super) fn is_true(value: Option<&str>) -> bool {
    value == Some("true")
}

/// The first value under `key` in an object.
pub(super) fn member<'a>(object: &'a str, key: &str) -> Option<&'a str> {
    let mut found = None;
    // What comes before damage is good.
    _ = Skim::new(object, 0).object(|skim, name| {
        let value = skim.value()?;
        if name == key && found.is_none() {
            found = Some(value);
        }
        Ok(())
    });
    found
}
