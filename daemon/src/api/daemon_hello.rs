//! `daemon/hello`

use jsonrpsee::core::RpcResult;
use opensession_protocol::{Hello, PROTOCOL_VERSION, error, openrpc};

use super::errors;

pub(super) fn answer(required: &[String], optional: &[String]) -> RpcResult<Hello> {
    let capabilities: Vec<String> = openrpc::method_names().iter().map(|name| format!("method:{name}")).collect();
    let lacks = |wanted: &String| !capabilities.contains(wanted);
    let missing_required: Vec<String> = required.iter().filter(|wanted| lacks(wanted)).cloned().collect();
    if !missing_required.is_empty() {
        return Err(errors::with_hint(
            error::REFUSED,
            format!("this daemon ({}) lacks {}", env!("CARGO_PKG_VERSION"), missing_required.join(", ")),
            "update opensession, then: opensession daemon restart",
        ));
    }
    let missing = optional.iter().filter(|wanted| lacks(wanted)).cloned().collect();
    Ok(Hello {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        protocol: PROTOCOL_VERSION,
        pid: std::process::id(),
        capabilities,
        missing,
    })
}
