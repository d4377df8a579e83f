//! What `rpc` says.

pub(crate) const PARAMETERS_ARE_NO_OBJECT: &str = "parameters are a JSON object";

pub(crate) fn parameters_are_no_json(reason: &str) -> String {
    format!("the parameters are not JSON: {reason}")
}

pub(crate) fn cannot_read_parameters(reason: &str) -> String {
    format!("cannot read the parameters: {reason}")
}
