use std::io::{self, BufRead, BufReader, Read};

use opensession_hail::read::{Item, Reader, read_any};
use opensession_hail::{Event, Header, Writer};

fn items<R: BufRead>(reader: Reader<R>) -> Vec<Item> {
    reader.map(Result::unwrap).collect()
}

fn shown(items: impl IntoIterator<Item = Item>) -> String {
    let lines: Vec<String> = items
        .into_iter()
        .map(|item| match item {
            Item::Header(header) => format!("header {}", serde_json::to_string(&header).unwrap()),
            Item::Event(event) => format!("event {}", serde_json::to_string(&event).unwrap()),
            Item::Problem(problem) => match problem.column {
                Some(column) => format!("problem {}:{column}: {}", problem.line, problem.reason),
                None => format!("problem {}: {}", problem.line, problem.reason),
            },
        })
        .collect();
    lines.join("\n")
}

fn read(text: &str) -> String {
    shown(items(Reader::new(text.as_bytes())))
}

#[test]
fn marks_line_ends_and_blank_lines_are_tolerated() {
    let text = "\u{feff}\r\n{\"v\":\"hail/0.1\",\"tool\":\"x\"}\r\n\r\n  \n{\"role\":\"human\",\"content\":\"a\"}\r\n\t{\"a\":1} ";
    insta::assert_snapshot!(read(text), @r#"
    header {"v":"hail/0.1","tool":"x"}
    event {"role":"human","content":"a"}
    event {"a":1}
    "#);
}

#[test]
fn damaged_lines_are_reported_and_skipped() {
    insta::assert_snapshot!(read("{\"v\":\"hail/0.1\",\"tool\":\"x\"}\n{\"role\":\"human\"\n{\"type\":\"title\",\"title\":1}\n\0\n{} {}\n{\"v\":\"hail/0.1\",\"tool\":\"y\"}\n{\"type\":\"title\",\"title\":\"t\"}"), @r#"
    header {"v":"hail/0.1","tool":"x"}
    problem 2:15: cut off: EOF while parsing an object
    problem 3:25: `title`: invalid type: integer `1`, expected a string
    problem 4:1: not JSON: expected value
    problem 5:4: not JSON: trailing characters
    problem 6: a second header
    event {"type":"title","title":"t"}
    "#);
}

#[test]
fn files_without_a_good_header() {
    insta::assert_snapshot!(read(""), @"problem 0: the file is empty");
    insta::assert_snapshot!(read("\n\n"), @"problem 0: the file is empty");
    insta::assert_snapshot!(read("{\"role\":\"human\",\"content\":\"a\"}\n{}"), @r#"
    problem 1: the header is missing
    event {"role":"human","content":"a"}
    event {}
    "#);
    insta::assert_snapshot!(read("garbage\n{}"), @r#"
    problem 1: the header is missing
    problem 1:1: not JSON: expected value
    event {}
    "#);
    insta::assert_snapshot!(read("{\"v\":\"hail/0.1\"}\n{}"), @r#"
    problem 1: in the header: missing field `tool`
    event {}
    "#);
    insta::assert_snapshot!(read("{\"v\":\"hail/0.2\",\"tool\":\"x\",\"new\":1}\n{}"), @r#"
    header {"v":"hail/0.2","tool":"x","new":1}
    event {}
    "#);
    insta::assert_snapshot!(read("{\"v\":\"hail/2\",\"tool\":\"x\"}\n{}"), @r#"
    header {"v":"hail/2","tool":"x"}
    problem 1: version `hail/2` is not `hail/0.1`
    event {}
    "#);
}

#[test]
fn long_lines_are_skipped() {
    let header = "{\"v\":\"hail/0.1\",\"tool\":\"x\"}";
    for (length, whole) in [(99, true), (100, true), (101, false), (102, false), (103, false), (300_000, false)] {
        let padding = " ".repeat(10);
        let line = format!("{{\"a\":\"{}\"}}", "b".repeat(length - 8));
        assert_eq!(line.len(), length);
        for end in ["\n", "\r\n", ""] {
            let text = format!("{header}\n{line}{end}");
            let read = items(Reader::with_max_line(text.as_bytes(), 100));
            assert_eq!(read.len(), 2);
            assert_eq!(matches!(read[1], Item::Event(_)), whole, "{length} {end:?}");
        }
        let text = format!("{header}\n{padding}{line}\n{{}}\n");
        let read = items(Reader::with_max_line(text.as_bytes(), 100));
        assert!(matches!(read[2], Item::Event(_)), "what follows a long line is read");
    }
}

/// Gives its bytes, then fails.
struct Failing<'a>(&'a [u8]);

impl Read for Failing<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.0.read(buffer)? {
            0 => Err(io::Error::other("the disk is gone")),
            read => Ok(read),
        }
    }
}

#[test]
fn a_failing_reader_ends_it() {
    let text = "{\"v\":\"hail/0.1\",\"tool\":\"x\"}\n{}\n{\"half\"";
    let mut reader = Reader::new(BufReader::new(Failing(text.as_bytes())));
    assert!(matches!(reader.next(), Some(Ok(Item::Header(_)))));
    assert!(matches!(reader.next(), Some(Ok(Item::Event(_)))));
    assert_eq!(reader.next().unwrap().unwrap_err().to_string(), "the disk is gone");
    assert!(reader.next().is_none());
}

#[test]
fn what_is_written_is_read() {
    let header = Header { title: Some("T\n\"quoted\"".to_owned()), ..Header::new("x") };
    let events: Vec<Event> = [r#"{"role":"human","content":"line\nfeed \u2028"}"#, r#"{"type":"new","x":1}"#]
        .iter()
        .map(|line| Event::from_json(line.as_bytes()).unwrap())
        .collect();
    let mut writer = Writer::new(Vec::new(), &header).unwrap();
    for event in &events {
        writer.write(event).unwrap();
    }
    let bytes = writer.finish().unwrap();
    assert_eq!(bytes.split(|byte| *byte == b'\n').count() - 1, 3);
    let mut expected = vec![Item::Header(header)];
    expected.extend(events.into_iter().map(Item::Event));
    assert_eq!(items(Reader::new(&bytes[..])), expected);
    let any: Vec<Item> = read_any(&bytes[..]).unwrap().map(Result::unwrap).collect();
    assert_eq!(any, expected);
}

#[test]
fn the_front_door_knows_the_dialects() {
    for (text, is_imported) in [
        ("{\"v\":\"hail/0.1\",\"tool\":\"x\"}\n", false),
        ("\n\n{\"type\":\"header\",\"version\":\"hail-1.0.0\",\"session_id\":\"s\"}\n", true),
        ("\u{feff}{\"version\":\"hail-1.0.0\",\"events\":[]}", true),
        ("{\n  \"version\": \"hail-1.0.0\",\n  \"events\": []\n}\n", true),
        ("{\n  \"version\": \"hail-1.0.0\",\n  \"events\": [\n", false),
        ("{\"v\":\"hail/0.1\",\"to", false),
        ("{\"version\":\"hail-1.0.0\"}", false),
        ("{\"events\":[]}", false),
        ("", false),
    ] {
        let reader = read_any(text.as_bytes()).unwrap();
        assert_eq!(reader.is_imported(), is_imported, "{text}");
        let problems = reader.filter(|item| matches!(item, Ok(Item::Problem(_)))).count();
        assert_eq!(problems == 0, is_imported || text.ends_with("\"x\"}\n"), "{text}");
    }
}
