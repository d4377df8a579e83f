use std::{collections::BTreeMap, fs, path::Path};

use super::*;

/// What the source of the trait says of one method.
#[derive(Debug, Default, PartialEq)]
struct Declared {
    description: String,
    /// Name, and whether it may be left out.
    params: Vec<(String, bool)>,
    notification: Option<String>,
    unsubscribe: Option<String>,
}

/// Reads the trait's source: documentation, attributes and parameters.
fn declared() -> BTreeMap<String, Declared> {
    let source = include_str!("../rpc.rs");
    let body = source.split_once("pub trait Daemon {").unwrap().1;
    let quoted = |text: &str| text.split('"').nth(1).unwrap().to_owned();
    let mut methods = BTreeMap::new();
    for item in body.split(";\n").filter(|item| item.contains("async fn")) {
        let docs: Vec<&str> = item.lines().filter_map(|line| line.trim().strip_prefix("/// ")).collect();
        let attribute = &item[item.find("#[").unwrap()..item.find("async fn").unwrap()];
        let name = quoted(attribute.split_once("name = ").unwrap().1);
        let after = |key: &str| attribute.split_once(key).map(|(_, rest)| quoted(rest));
        let list = &item[item.find("&self").unwrap() + 5..item.find(") ->").unwrap()];
        let params = list
            .split(": ")
            .collect::<Vec<_>>()
            .windows(2)
            .map(|pair| {
                let name = pair[0].rsplit([',', ' ', '\n']).next().unwrap().to_owned();
                (name, pair[1].starts_with("Option<"))
            })
            .collect();
        let declared = Declared {
            description: docs.join(" "),
            params,
            notification: after("=> "),
            unsubscribe: after("unsubscribe = "),
        };
        methods.insert(name, declared);
    }
    methods
}

#[test]
fn the_table_is_the_trait() {
    let mut generator = generator();
    let table: BTreeMap<String, Declared> = methods::methods(&mut generator)
        .into_iter()
        .map(|method| {
            let (notification, unsubscribe) = match method.kind {
                Kind::Call { .. } => (None, None),
                Kind::Subscription { notification, unsubscribe, .. } => (Some(notification), Some(unsubscribe)),
            };
            (
                method.name.to_owned(),
                Declared {
                    description: method.description.to_owned(),
                    params: method.params.into_iter().map(|param| (param.name.to_owned(), !param.required)).collect(),
                    notification: notification.map(ToOwned::to_owned),
                    unsubscribe: unsubscribe.map(ToOwned::to_owned),
                },
            )
        })
        .collect();
    let declared = declared();
    assert!(declared.len() >= 17, "the source of the trait was not understood");
    assert_eq!(table.keys().collect::<Vec<_>>(), declared.keys().collect::<Vec<_>>());
    for (name, declared) in &declared {
        assert_eq!(&table[name], declared, "{name}");
    }
}

#[test]
fn the_errors_are_those_of_the_source() {
    let mut declared = Vec::new();
    let mut docs: Vec<&str> = Vec::new();
    for line in include_str!("../error.rs").lines() {
        if let Some(doc) = line.strip_prefix("/// ") {
            docs.push(doc);
        } else if let Some(rest) = line.strip_prefix("pub const ") {
            let (name, value) = rest.split_once(": i32 = ").unwrap();
            declared.push((name.to_owned(), value.trim_end_matches(';').parse::<i32>().unwrap(), docs.join(" ")));
            docs.clear();
        } else {
            docs.clear();
        }
    }
    let table: Vec<_> =
        methods::ERRORS.iter().map(|(name, code, text)| ((*name).to_owned(), *code, (*text).to_owned())).collect();
    assert_eq!(table, declared);
}

#[test]
fn every_reference_in_the_document_resolves() {
    fn references<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
        match value {
            Value::Object(fields) => {
                found.extend(fields.get("$ref").and_then(Value::as_str));
                fields.values().for_each(|value| references(value, found));
            }
            Value::Array(items) => items.iter().for_each(|value| references(value, found)),
            _ => {}
        }
    }
    let mut found = Vec::new();
    references(document(), &mut found);
    assert!(found.len() > 20);
    for reference in found {
        assert!(document().pointer(reference.trim_start_matches('#')).is_some(), "{reference}");
    }
    assert_eq!(document()["methods"][0]["result"]["schema"]["$ref"], "#/components/schemas/Hello");
}

#[test]
fn the_page_holds_the_reference() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let page = fs::read_to_string(&path).unwrap();
    let (head, rest) = page.split_once(REFERENCE_BEGIN).expect("the page has a place for the reference");
    let (_, tail) = rest.split_once(REFERENCE_END).expect("the reference ends in the page");
    let expected = format!("{head}{REFERENCE_BEGIN}\n\n{}\n{REFERENCE_END}{tail}", reference());
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, expected).unwrap();
        return;
    }
    assert!(page == expected, "protocol/README.md is not up to date: UPDATE_DOCS=1 cargo test -p opensession-protocol");
}
