//! The reference part of `protocol/README.md`, made from the document.

use std::fmt::Write;

use serde_json::{Map, Value};

use super::document;

/// The line after which the reference begins in the page.
pub const REFERENCE_BEGIN: &str =
    "<!-- reference: made from the types; UPDATE_DOCS=1 cargo test -p opensession-protocol -->";
/// The line before which it ends.
pub const REFERENCE_END: &str = "<!-- end of the reference -->";

/// Methods, types and errors as Markdown.
#[expect(clippy::missing_panics_doc, reason = "a String takes everything")]
pub fn reference() -> String {
    let mut page = String::new();
    write_methods(&mut page)
        .and_then(|()| write_types(&mut page))
        .and_then(|()| write_errors(&mut page))
        .expect("a String takes everything");
    page
}

fn write_methods(page: &mut String) -> std::fmt::Result {
    writeln!(page, "## Methods\n")?;
    for method in list(&document()["methods"]) {
        writeln!(page, "### `{}`\n\n{}\n", text(&method["name"]), text(&method["description"]))?;
        for param in list(&method["params"]) {
            let optional = if param["required"] == true { "" } else { ", optional" };
            writeln!(page, "- `{}`: {}{optional}", text(&param["name"]), kind(&param["schema"]))?;
        }
        let subscription = &method["x-subscription"];
        if subscription.is_null() {
            writeln!(page, "- answers {}\n", kind(&method["result"]["schema"]))?;
        } else {
            writeln!(page, "- answers the subscription's id")?;
            writeln!(page, "- sends `{}`: {}", text(&subscription["notification"]), kind(&subscription["item"]))?;
            writeln!(page, "- ended by `{}` with `[id]`\n", text(&subscription["unsubscribe"]))?;
        }
    }
    writeln!(page, "### `rpc.discover`\n\nGives this interface as an OpenRPC document.\n")
}

fn write_types(page: &mut String) -> std::fmt::Result {
    writeln!(page, "## Types\n")?;
    let schemas = document()["components"]["schemas"].as_object();
    for (name, schema) in schemas.into_iter().flatten() {
        writeln!(page, "### {name}\n")?;
        if !text(&schema["description"]).is_empty() {
            writeln!(page, "{}\n", paragraph(text(&schema["description"])))?;
        }
        if let Some(properties) = schema["properties"].as_object() {
            write_fields(page, properties, &schema["required"])?;
        }
        for variant in list(&schema["oneOf"]) {
            if variant["const"].is_null() {
                writeln!(page, "- {}: {}", kind(variant), paragraph(text(&variant["description"])))?;
            } else {
                writeln!(page, "- `{}`: {}", variant["const"], paragraph(text(&variant["description"])))?;
            }
        }
        for value in list(&schema["enum"]) {
            writeln!(page, "- `{value}`")?;
        }
        writeln!(page)?;
    }
    Ok(())
}

fn write_fields(page: &mut String, properties: &Map<String, Value>, required: &Value) -> std::fmt::Result {
    for (name, schema) in properties {
        let optional = if list(required).iter().any(|it| it == name) { "" } else { ", may be absent" };
        let description = paragraph(text(&schema["description"]));
        writeln!(page, "- `{name}`: {}{optional}. {description}", kind(schema))?;
    }
    Ok(())
}

fn write_errors(page: &mut String) -> std::fmt::Result {
    writeln!(page, "## Errors\n\nBesides JSON-RPC's own codes. `data` is an ErrorData.\n")?;
    let errors = document()["components"]["errors"].as_object();
    for (name, error) in errors.into_iter().flatten() {
        writeln!(page, "- `{}` {name}: {}", error["code"], paragraph(text(&error["message"])))?;
    }
    Ok(())
}

/// A schema in a few words.
fn kind(schema: &Value) -> String {
    if let Some(reference) = schema["$ref"].as_str() {
        let name = reference.rsplit('/').next().unwrap_or_default();
        return format!("[{name}](#{})", name.to_lowercase());
    }
    if let Some(alternatives) = schema["anyOf"].as_array() {
        let kinds: Vec<String> = alternatives.iter().map(kind).collect();
        return kinds.join(" or ");
    }
    let one = |name: &str| match name {
        "array" => format!("list of {}", kind(&schema["items"])),
        "object" if schema["additionalProperties"].is_object() => {
            format!("map to {}", kind(&schema["additionalProperties"]))
        }
        "string" if schema["format"] == "date-time" => "time".to_owned(),
        other => other.to_owned(),
    };
    match &schema["type"] {
        Value::String(name) => one(name),
        Value::Array(names) => names.iter().filter_map(Value::as_str).map(one).collect::<Vec<_>>().join(" or "),
        _ => "any value".to_owned(),
    }
}

/// One line of Markdown: links of the source code become plain names.
fn paragraph(text: &str) -> String {
    text.split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .replace("[`crate::", "[`")
        .replace("[`", "`")
        .replace("`]", "`")
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}
