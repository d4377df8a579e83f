//! Writes the handoff of HAIL files: `cargo run --example handoff -- [--json] [--budget NAME] FILE…`. With `--into FOLDER`
//! every file gets a handoff of its own there, as Markdown and as JSON, for the judge beside this crate.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use opensession_hail::handoff::{Budget, Collector, Draft, Form, SessionFacts};
use opensession_hail::redact::Redactor;
use opensession_hail::{Item, read_any};

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            #[expect(clippy::print_stderr, reason = "a program for developers")]
            {
                eprintln!("{error}");
            }
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let (mut form, mut budget, mut into, mut files) = (Form::Markdown, Budget::Standard, None, Vec::new());
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--json" => form = Form::Json,
            "--budget" => {
                let name = arguments.next().unwrap_or_default();
                budget = Budget::from_name(&name).ok_or("no such budget")?;
            }
            "--into" => into = arguments.next().map(PathBuf::from),
            file => files.push(PathBuf::from(file)),
        }
    }
    let redactor = Redactor::new();
    if let Some(into) = into {
        for file in &files {
            let draft = draft(std::slice::from_ref(file), &redactor)?;
            let name = file.file_name().unwrap_or_default().to_string_lossy().replace(".hail.jsonl", "");
            std::fs::write(into.join(format!("{name}.md")), draft.fit(budget, Form::Markdown).1)?;
            std::fs::write(into.join(format!("{name}.json")), draft.fit(budget, Form::Json).1)?;
        }
        return Ok(());
    }
    #[expect(clippy::print_stdout, reason = "what it is for")]
    {
        print!("{}", draft(&files, &redactor)?.fit(budget, form).1);
    }
    Ok(())
}

fn draft(files: &[PathBuf], redactor: &Redactor) -> Result<Draft, Box<dyn std::error::Error>> {
    let mut collector = Collector::new();
    for file in files {
        add(file, &mut collector)?;
    }
    Ok(collector.finish(redactor))
}

fn add(file: &Path, collector: &mut Collector) -> Result<(), Box<dyn std::error::Error>> {
    let mut number = 0;
    for item in read_any(BufReader::new(File::open(file)?))? {
        match item? {
            Item::Header(header) => collector.begin(SessionFacts::of_header(&header)),
            Item::Event(event) => {
                number += 1;
                collector.add(number, &event);
            }
            Item::Problem(_) => {}
        }
    }
    Ok(())
}
