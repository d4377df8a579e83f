//! The daemon's methods, called in this process.

use jsonrpsee::{
    Methods, MethodsError,
    core::{server::Subscription, traits::ToRpcParams},
};
use serde::de::DeserializeOwned;
use serde_json::{
    Value,
    value::{RawValue, to_raw_value},
};
use tower_lsp::jsonrpc::{Error, ErrorCode, Result};

/// The daemon's methods.
#[derive(Debug, Clone)]
pub(super) struct Daemon {
    methods: Methods,
}

impl Daemon {
    pub(super) fn new(methods: Methods) -> Self {
        Self { methods }
    }

    /// Whether there is a method of this name.
    pub(super) fn knows(&self, method: &str) -> bool {
        self.methods.method(method).is_some()
    }

    /// Calls a method. Its error comes with code, message and data as every other client sees them.
    pub(super) async fn ask<T: DeserializeOwned + Clone>(&self, method: &str, params: Value) -> Result<T> {
        self.methods.call(method, Named(params)).await.map_err(explain)
    }

    /// Subscribes; no more than `waiting` items wait to be taken.
    pub(super) async fn subscribe(&self, method: &str, waiting: usize) -> Result<Subscription> {
        self.methods.subscribe(method, Named(Value::Null), waiting).await.map_err(explain)
    }
}

fn explain(error: MethodsError) -> Error {
    match error {
        MethodsError::JsonRpc(error) => Error {
            code: ErrorCode::from(i64::from(error.code())),
            message: error.message().to_owned().into(),
            data: error.data().and_then(|data| serde_json::from_str(data.get()).ok()),
        },
        other => {
            tracing::error!(error = %other, "an answer of the daemon was not understood");
            Error { message: other.to_string().into(), ..Error::internal_error() }
        }
    }
}

/// Parameters by name.
struct Named(Value);

impl ToRpcParams for Named {
    fn to_rpc_params(self) -> std::result::Result<Option<Box<RawValue>>, serde_json::Error> {
        if self.0.is_null() { Ok(None) } else { to_raw_value(&self.0).map(Some) }
    }
}
