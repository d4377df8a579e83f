//! Writes the session in a HAIL file (standard input) to standard output: `export [hail|md|json|html]`.

use std::io::{BufWriter, Error, Write, stdin, stdout};

use opensession_hail::export::{Exporter, Form, Subject};
use opensession_hail::redact::Redactor;
use opensession_hail::{Item, read_any};

fn main() -> Result<(), Error> {
    let form = match std::env::args().nth(1).as_deref() {
        Some("hail") => Form::Hail,
        Some("md") => Form::Markdown,
        Some("json") => Form::Json,
        _ => Form::Html,
    };
    let mut items = read_any(stdin().lock())?;
    let Some(Item::Header(header)) = items.next().transpose()? else { return Err(Error::other("no header")) };
    let subject = Subject::of_header(header);
    let mut exporter = Exporter::new(BufWriter::new(stdout().lock()), form, subject, Some(Redactor::new()))?;
    for (number, item) in (1..).zip(items.filter(|item| matches!(item, Ok(Item::Event(_)) | Err(_)))) {
        if let Item::Event(event) = item? {
            exporter.event(number, event)?;
        }
    }
    exporter.finish()?.0.flush()
}
