use std::fs;
use std::path::Path;

use opensession_hail::handoff::schema;
use serde_json::Value;

use super::schema::violation;

#[test]
fn the_checked_in_schema_is_that_of_the_types() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("handoff.schema.json");
    let now = serde_json::to_string_pretty(&schema()).unwrap() + "\n";
    if std::env::var_os("UPDATE_SCHEMA").is_some() {
        fs::write(&path, &now).unwrap();
    }
    let checked_in = fs::read_to_string(&path).unwrap_or_default();
    assert!(checked_in == now, "out of date: UPDATE_SCHEMA=1 cargo test -p opensession-hail schema writes it");
}
