//! Drives `conformance/`: see its README. `UPDATE_CONFORMANCE=1` writes what is read now as what is expected.

use std::fs;
use std::path::{Path, PathBuf};

use opensession_hail::Writer;
use opensession_hail::read::{Item, Reader, read_any};
use opensession_hail::validate::validate;

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("conformance").join(name)
}

/// The files to be read in a folder, in order.
pub(crate) fn inputs(name: &str) -> Vec<PathBuf> {
    let mut inputs: Vec<PathBuf> = fs::read_dir(folder(name))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            let name = path.file_name().unwrap().to_str().unwrap();
            name.ends_with(".hail.jsonl") && !name.contains(".expected.")
        })
        .collect();
    inputs.sort();
    assert!(!inputs.is_empty());
    inputs
}

fn lines(lines: Vec<String>) -> String {
    lines.into_iter().flat_map(|line| [line, "\n".to_owned()]).collect()
}

#[track_caller]
fn check(input: &Path, extension: &str, actual: &str) {
    let path = PathBuf::from(input.to_str().unwrap().replace(".hail.jsonl", extension));
    if std::env::var_os("UPDATE_CONFORMANCE").is_some() {
        fs::write(&path, actual).unwrap();
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    assert!(expected == actual, "{} differs; UPDATE_CONFORMANCE=1 rewrites it. Now:\n{actual}", path.display());
}

fn rewritten(items: impl Iterator<Item = std::io::Result<Item>>) -> (Vec<u8>, String) {
    let mut writer = None;
    let mut problems = Vec::new();
    for item in items {
        match item.unwrap() {
            Item::Header(header) => writer = Some(Writer::new(Vec::new(), &header).unwrap()),
            Item::Event(event) => writer.as_mut().unwrap().write(&event).unwrap(),
            Item::Problem(problem) => problems.push(format!("{}: {}", problem.line, problem.reason)),
        }
    }
    (writer.map(|writer| writer.finish().unwrap()).unwrap_or_default(), lines(problems))
}

#[test]
fn valid_files_are_read_without_problems_and_written_back_byte_for_byte() {
    for input in inputs("valid") {
        let bytes = fs::read(&input).unwrap();
        let (written, problems) = rewritten(Reader::new(&bytes[..]));
        assert_eq!(problems, "", "{}", input.display());
        assert_eq!(
            String::from_utf8(written).unwrap(),
            String::from_utf8(bytes.clone()).unwrap(),
            "{}",
            input.display()
        );
        let report = validate(&bytes[..]).unwrap();
        assert!(report.is_valid(), "{}", input.display());
        let findings = lines(report.findings.iter().map(ToString::to_string).collect());
        check(&input, ".expected.txt", &findings);
    }
}

#[test]
fn invalid_files_are_explained() {
    for input in inputs("invalid") {
        let report = validate(&fs::read(&input).unwrap()[..]).unwrap();
        assert!(!report.is_valid(), "{}", input.display());
        let findings = lines(report.findings.iter().map(ToString::to_string).collect());
        check(&input, ".expected.txt", &findings);
    }
}

#[test]
fn files_of_the_older_dialect_are_imported() {
    for input in inputs("import") {
        let bytes = fs::read(&input).unwrap();
        let reader = read_any(&bytes[..]).unwrap();
        assert!(reader.is_imported(), "{}", input.display());
        let (written, problems) = rewritten(reader);
        let (again, _) = rewritten(Reader::new(&written[..]));
        let written = String::from_utf8(written).unwrap();
        assert_eq!(written, String::from_utf8(again).unwrap(), "what was imported is stable");
        check(&input, ".expected.hail.jsonl", &written);
        check(&input, ".expected.txt", &problems);
    }
}

#[test]
fn cut_anywhere_no_file_is_a_panic() {
    for folder in ["valid", "invalid", "import"] {
        for input in inputs(folder) {
            let bytes = fs::read(&input).unwrap();
            for end in 0..bytes.len() {
                let items = read_any(&bytes[..end]).unwrap().flatten().count();
                assert!(items <= 3 * end + 1);
                validate(&bytes[..end]).unwrap();
            }
        }
    }
}
