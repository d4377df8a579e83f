//! Cutting a stream of bytes into JSON messages, in linear time and without parsing them.
//!
//! A message ends where its brackets do: on one line, on several (a pretty-printed request), or glued to the next one.
//! What begins with no bracket ends with its line. A line that was cut off does not swallow those after it: where two
//! neighbouring tokens on both sides of a line break cannot stand beside each other in JSON, the message ends there,
//! broken, and the next one begins.

/// Finds the ends of messages in a growing buffer.
#[derive(Debug, Default)]
pub struct Framing {
    /// Bytes of the buffer that were looked at.
    seen: usize,
    /// Where the message begins, once a byte of it was seen.
    start: usize,
    place: Place,
    /// Open brackets.
    depth: usize,
    /// The last byte that was no white space.
    last: u8,
    /// Whether a line break came after `last`.
    line_break: bool,
}

/// Where the next byte stands.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Before a message.
    #[default]
    Between,
    /// In a message that began with no bracket.
    Line,
    /// Inside brackets.
    Tokens,
    /// In a string inside brackets.
    String,
    /// After a backslash in a string.
    Escape,
}

/// What the buffer holds.
#[derive(Debug, PartialEq, Eq)]
pub enum Frame {
    /// A message, whole or broken, in these bytes; all up to its end is done with.
    Message(std::ops::Range<usize>),
    /// Nothing whole yet. The bytes before this place are done with.
    Incomplete(usize),
}

impl Framing {
    /// Looks at the buffer from where it stopped. After [`Self::consume`] the buffer must have lost as many bytes at its
    /// beginning.
    pub fn next(&mut self, buffer: &[u8]) -> Frame {
        while let Some(byte) = buffer.get(self.seen).copied() {
            let at = self.seen;
            match self.place {
                Place::Between if byte.is_ascii_whitespace() => {}
                Place::Between => self.begin(at, byte),
                // A string holds no raw line break: there too the line was cut off.
                Place::Line | Place::String | Place::Escape if byte == b'\n' => return self.end(at, at + 1),
                Place::Line => {}
                Place::Escape => self.place = Place::String,
                Place::String => match byte {
                    b'\\' => self.place = Place::Escape,
                    b'"' => self.place = Place::Tokens,
                    _ => {}
                },
                Place::Tokens if byte.is_ascii_whitespace() => self.line_break |= byte == b'\n',
                Place::Tokens if self.line_break && !may_continue(self.last, byte) => return self.end(at, at),
                Place::Tokens => {
                    self.last = byte;
                    self.line_break = false;
                    match byte {
                        b'"' => self.place = Place::String,
                        b'{' | b'[' => self.depth += 1,
                        b'}' | b']' => self.depth -= 1,
                        _ => {}
                    }
                    if self.depth == 0 {
                        return self.end(at + 1, at + 1);
                    }
                }
            }
            self.seen += 1;
        }
        Frame::Incomplete(if self.place == Place::Between { self.seen } else { self.start })
    }

    /// Takes note that so many bytes were removed from the beginning of the buffer.
    pub fn consume(&mut self, bytes: usize) {
        self.seen -= bytes;
        self.start = self.start.saturating_sub(bytes);
    }

    /// The bytes of the message that has begun; `None` between messages.
    pub fn begun(&self) -> Option<usize> {
        (self.place != Place::Between).then(|| self.seen - self.start)
    }

    fn begin(&mut self, at: usize, byte: u8) {
        let bracket = matches!(byte, b'{' | b'[');
        self.start = at;
        self.place = if bracket { Place::Tokens } else { Place::Line };
        self.depth = usize::from(bracket);
        self.last = byte;
        self.line_break = false;
    }

    /// The message ends before `end`; looking goes on at `next`.
    fn end(&mut self, end: usize, next: usize) -> Frame {
        self.place = Place::Between;
        self.seen = next;
        Frame::Message(self.start..end)
    }
}

/// Whether a token that ends with `last` may be followed, on another line, by one that begins with `next`.
fn may_continue(last: u8, next: u8) -> bool {
    match last {
        b'{' => matches!(next, b'"' | b'}'),
        b'[' | b':' => !matches!(next, b',' | b':' | b'}'),
        b',' => !matches!(next, b',' | b':' | b'}' | b']'),
        _ => matches!(next, b',' | b':' | b'}' | b']'),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Cuts `input`, given in pieces of `piece` bytes, the way a connection does; the rest comes last.
    fn cut(input: &[u8], piece: usize) -> (Vec<String>, String) {
        let (mut framing, mut buffer, mut messages) = (Framing::default(), Vec::new(), Vec::new());
        for piece in input.chunks(piece.max(1)) {
            buffer.extend_from_slice(piece);
            loop {
                let done = match framing.next(&buffer) {
                    Frame::Message(range) => {
                        messages.push(String::from_utf8_lossy(&buffer[range.clone()]).into_owned());
                        range.end
                    }
                    Frame::Incomplete(done) => {
                        buffer.drain(..done);
                        framing.consume(done);
                        break;
                    }
                };
                buffer.drain(..done);
                framing.consume(done);
            }
        }
        (messages, String::from_utf8_lossy(&buffer).into_owned())
    }

    #[track_caller]
    fn check(input: &str, messages: &[&str], rest: &str) {
        for piece in [1, 2, 3, 1000] {
            let (found, left) = cut(input.as_bytes(), piece);
            assert_eq!(
                (found.iter().map(String::as_str).collect::<Vec<_>>(), left.as_str()),
                (messages.to_vec(), rest)
            );
        }
    }

    #[test]
    fn cuts_lines_glued_and_printed_messages() {
        check("{\"a\":1}\n{\"b\":2}\r\n", &["{\"a\":1}", "{\"b\":2}"], "");
        check("{\"a\":1}{\"b\":[2]} [3]", &["{\"a\":1}", "{\"b\":[2]}", "[3]"], "");
        check(
            "{\n  \"a\": [\n    1,\n    {}\n  ],\n  \"b\":\n  true\n}\n",
            &["{\n  \"a\": [\n    1,\n    {}\n  ],\n  \"b\":\n  true\n}"],
            "",
        );
        check(r#"{"a":"}\"{"}{"b":"\\"}"#, &[r#"{"a":"}\"{"}"#, r#"{"b":"\\"}"#], "");
        check("\n\n  {\"a\":", &[], "{\"a\":");
        check("", &[], "");
    }

    #[test]
    fn a_broken_line_does_not_swallow_the_next() {
        check("{\"a\":1\n{\"b\":2}\n", &["{\"a\":1\n", "{\"b\":2}"], "");
        check("{\"a\":\"x\n{\"b\":2}\n", &["{\"a\":\"x", "{\"b\":2}"], "");
        check("hello\n{\"b\":2}\n", &["hello", "{\"b\":2}"], "");
        check("{\"a\":1,\n{\"b\":{\"c\":2}}\n{\"d\":3}\n", &["{\"a\":1,\n{\"b\":{\"c\":2}}\n", "{\"d\":3}"], "");
        check("}\n[1]\n", &["}", "[1]"], "");
    }

    proptest! {
        #[test]
        fn loses_no_byte_and_never_panics(input in proptest::collection::vec(
            prop_oneof![Just(b'{'), Just(b'}'), Just(b'['), Just(b']'), Just(b'"'), Just(b'\\'), Just(b'\n'), Just(b','),
                Just(b':'), Just(b' '), Just(b'1'), any::<u8>()], 0..200), piece in 1usize..50) {
            let (whole, rest) = cut(&input, usize::MAX);
            prop_assert_eq!((whole.clone(), rest.clone()), cut(&input, piece), "pieces change nothing");
            let significant = |text: &str| text.bytes().filter(|byte| !byte.is_ascii_whitespace()).count();
            let found: usize = whole.iter().map(|message| significant(message)).sum::<usize>() + significant(&rest);
            // What is no UTF-8 is shown longer than it was.
            if std::str::from_utf8(&input).is_ok() {
                prop_assert_eq!(found, significant(std::str::from_utf8(&input).unwrap()));
            }
        }

        #[test]
        fn finds_every_message_among_others(values in proptest::collection::vec(
            proptest::collection::btree_map("[a-z{}\\[\\]\"\\\\,:\n]{0,6}", "[\\PC]{0,8}", 0..4), 0..8), pretty: bool) {
            let print = if pretty { serde_json::to_string_pretty } else { serde_json::to_string };
            let texts: Vec<String> = values.iter().map(|value| print(value).unwrap()).collect();
            let (found, rest) = cut((texts.join("\n") + "\n").as_bytes(), 7);
            prop_assert_eq!(found, texts);
            prop_assert_eq!(rest, "");
        }
    }
}
