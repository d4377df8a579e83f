//! The interface described as an OpenRPC document (<https://spec.open-rpc.org>, 1.3.2): what `rpc.discover` answers, and
//! what the reference page is made from.
//!
//! OpenRPC knows no subscriptions: a method that begins one carries `x-subscription`, with the method that ends it, the
//! notification's method and the schema of an item.

mod methods;
mod reference;

use std::sync::OnceLock;

use schemars::{SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value, json};

pub use reference::{REFERENCE_BEGIN, REFERENCE_END, reference};

use crate::{PROTOCOL_VERSION, error};
use methods::{Kind, Method};

/// The document.
pub fn document() -> &'static Value {
    static DOCUMENT: OnceLock<Value> = OnceLock::new();
    DOCUMENT.get_or_init(build)
}

/// The names of all methods that can be called, those that end subscriptions and `rpc.discover` included.
pub fn method_names() -> Vec<&'static str> {
    let mut generator = generator();
    let methods = methods::methods(&mut generator);
    let ends = methods.iter().filter_map(|method| match &method.kind {
        Kind::Call { .. } => None,
        Kind::Subscription { unsubscribe, .. } => Some(*unsubscribe),
    });
    methods.iter().map(|method| method.name).chain(ends).chain(["rpc.discover"]).collect()
}

fn generator() -> SchemaGenerator {
    SchemaSettings::draft2020_12().with(|settings| settings.definitions_path = "/components/schemas".into()).into()
}

fn build() -> Value {
    let mut generator = generator();
    let methods: Vec<Value> = methods::methods(&mut generator).into_iter().map(describe).collect();
    generator.subschema_for::<error::ErrorData>();
    let schemas: Map<String, Value> = generator.take_definitions(true);
    let errors: Map<String, Value> = methods::ERRORS
        .iter()
        .map(|(name, code, message)| ((*name).to_owned(), json!({ "code": code, "message": message })))
        .collect();
    json!({
        "openrpc": "1.3.2",
        "info": {
            "title": "OpenSession daemon",
            "version": PROTOCOL_VERSION.to_string(),
            "license": { "name": "MIT" },
        },
        "methods": methods,
        "components": { "schemas": schemas, "errors": errors },
    })
}

fn describe(method: Method) -> Value {
    let params: Vec<Value> = method
        .params
        .into_iter()
        .map(|param| json!({ "name": param.name, "required": param.required, "schema": param.schema }))
        .collect();
    let mut described = json!({
        "name": method.name,
        "description": method.description,
        "paramStructure": "by-name",
        "params": params,
    });
    match method.kind {
        Kind::Call { result } => described["result"] = json!({ "name": "result", "schema": result }),
        Kind::Subscription { unsubscribe, notification, item } => {
            described["result"] = json!({ "name": "subscription", "schema": { "type": ["integer", "string"] } });
            described["x-subscription"] =
                json!({ "unsubscribe": unsubscribe, "notification": notification, "item": item });
        }
    }
    described
}

#[cfg(test)]
mod tests;
