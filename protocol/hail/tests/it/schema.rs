use std::fs;
use std::path::Path;

use opensession_hail::schema::line_schema;
use serde_json::Value;

use crate::conformance::inputs;

#[test]
fn the_checked_in_schema_is_that_of_the_types() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema.json");
    let now = serde_json::to_string_pretty(&line_schema()).unwrap() + "\n";
    if std::env::var_os("UPDATE_SCHEMA").is_some() {
        fs::write(&path, &now).unwrap();
    }
    let checked_in = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        checked_in == now,
        "protocol/hail/schema.json is not the schema of the types any more. If the change is meant and only adds to the \
         format, write it anew with: UPDATE_SCHEMA=1 cargo test -p opensession-hail schema"
    );
}

#[test]
fn valid_lines_match_the_schema() {
    let schema = Value::from(line_schema());
    for input in inputs("valid") {
        for line in fs::read_to_string(&input).unwrap().lines() {
            assert_eq!(violation(&schema, &serde_json::from_str(line).unwrap()), None, "{}: {line}", input.display());
        }
    }
}

#[test]
fn lines_with_wrong_fields_do_not_match_the_schema() {
    let schema = Value::from(line_schema());
    let input = inputs("invalid").into_iter().find(|path| path.ends_with("fields.hail.jsonl")).unwrap();
    for line in fs::read_to_string(input).unwrap().lines().skip(1) {
        // The form of a time is an annotation in JSON Schema.
        if !line.contains("2025-13") {
            assert_ne!(violation(&schema, &serde_json::from_str(line).unwrap()), None, "{line}");
        }
    }
    for line in [r#"{"v":"hail/0.1"}"#, r#"{"v":1,"tool":"x"}"#, "[]", "1"] {
        assert_ne!(violation(&schema, &serde_json::from_str(line).unwrap()), None, "{line}");
    }
}

#[test]
fn the_specification_names_every_field() {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let schema = Value::from(line_schema());
    for (name, definition) in schema["$defs"].as_object().unwrap() {
        for field in definition["properties"].as_object().into_iter().flatten().map(|(field, _)| field) {
            assert!(page.contains(&format!("`{field}`")), "{name}: `{field}` is not in README.md");
        }
    }
    for line in schema["anyOf"].as_array().unwrap() {
        if let Some(name) = line.pointer("/properties/type/const") {
            assert!(page.contains(&format!("`{}`: ", name.as_str().unwrap())), "{name} is not in README.md");
        }
    }
    let sample = page.split("```jsonl\n").nth(1).unwrap().split("```").next().unwrap();
    let report = opensession_hail::validate::validate(sample.as_bytes()).unwrap();
    assert_eq!(report.findings, []);
}

pub(crate) fn violation(schema: &Value, value: &Value) -> Option<String> {
    check(schema, schema, value).err()
}

/// As much of JSON Schema as the schema uses; a keyword that is not known here is a failure, so none goes unchecked.
fn check(root: &Value, schema: &Value, value: &Value) -> Result<(), String> {
    let keywords = match schema {
        Value::Bool(true) => return Ok(()),
        Value::Object(keywords) => keywords,
        other => return Err(format!("not a schema: {other}")),
    };
    let all = |schemas: &Value| schemas.as_array().unwrap().iter().try_for_each(|schema| check(root, schema, value));
    for (keyword, argument) in keywords {
        let holds = match keyword.as_str() {
            "$ref" => {
                let target = root.pointer(argument.as_str().unwrap().strip_prefix('#').unwrap()).unwrap();
                check(root, target, value)?;
                true
            }
            "allOf" => {
                all(argument)?;
                true
            }
            "anyOf" => argument.as_array().unwrap().iter().any(|schema| check(root, schema, value).is_ok()),
            "oneOf" => {
                argument.as_array().unwrap().iter().filter(|schema| check(root, schema, value).is_ok()).count() == 1
            }
            "not" => check(root, argument, value).is_err(),
            "type" => match argument {
                Value::Array(types) => types.iter().any(|name| is_type(name, value)),
                name => is_type(name, value),
            },
            "const" => argument == value,
            "enum" => argument.as_array().unwrap().contains(value),
            "minimum" => value.as_f64().is_none_or(|number| number >= argument.as_f64().unwrap()),
            "maximum" => value.as_f64().is_none_or(|number| number <= argument.as_f64().unwrap()),
            "required" => {
                let names = argument.as_array().unwrap();
                value
                    .as_object()
                    .is_none_or(|object| names.iter().all(|name| object.contains_key(name.as_str().unwrap())))
            }
            "properties" => {
                for (name, schema) in argument.as_object().unwrap() {
                    if let Some(value) = value.get(name) {
                        check(root, schema, value).map_err(|error| format!("{name}: {error}"))?;
                    }
                }
                true
            }
            "additionalProperties" => {
                let named = schema.get("properties").and_then(Value::as_object);
                for (name, value) in value.as_object().into_iter().flatten() {
                    if named.is_none_or(|named| !named.contains_key(name)) {
                        check(root, argument, value).map_err(|error| format!("{name}: {error}"))?;
                    }
                }
                true
            }
            "items" => {
                value.as_array().into_iter().flatten().try_for_each(|item| check(root, argument, item))?;
                true
            }
            "$schema" | "$defs" | "title" | "description" | "default" | "format" => true,
            unknown => panic!("the keyword {unknown} is not checked by this test"),
        };
        if !holds {
            return Err(format!("{value} is against {keyword} {argument}"));
        }
    }
    Ok(())
}

fn is_type(name: &Value, value: &Value) -> bool {
    match name.as_str().unwrap() {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        other => panic!("unknown type {other}"),
    }
}
