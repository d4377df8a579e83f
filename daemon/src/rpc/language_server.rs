//! The language server of one connection: tower-lsp's service behind our own framing and dispatch.
//!
//! tower-lsp ends its connection on malformed JSON, on a batch and when a handler panics, and refuses an id that a panic
//! left behind. So it sees none of these: it is given single, well-formed requests under ids of our own.

use std::{
    borrow::Cow,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
};

use futures_util::{FutureExt as _, Sink as _, StreamExt as _};
use jsonrpsee::{
    MethodResponse, Methods, ResponsePayload,
    types::{ErrorObjectOwned, Id},
};
use opensession_protocol::limits;
use serde_json::{
    Value, json,
    value::{RawValue, to_raw_value},
};
use tower::Service as _;
use tower_lsp::{
    ClientSocket, LspService,
    jsonrpc::{Error, ErrorCode, Request, Response},
};

use super::{
    call::{Running, finish, guarded, no_such_method, ready},
    message::Incoming,
};
use crate::lsp::{self, Backend};

type Service = Arc<Mutex<LspService<Backend>>>;

/// The language server of one connection.
pub(super) struct LanguageServer {
    service: Service,
    /// What it asks its client, and where the answers go.
    client: ClientSocket,
    next_id: i64,
    exited: bool,
}

impl LanguageServer {
    pub(super) fn new(methods: Methods) -> Self {
        let (service, client) = lsp::service(methods);
        Self { service: Arc::new(Mutex::new(service)), client, next_id: 0, exited: false }
    }

    /// Whether the client said that it leaves.
    pub(super) fn has_exited(&self) -> bool {
        self.exited
    }

    /// Prepares a call.
    pub(super) fn call(&mut self, id: Id<'static>, incoming: &Incoming<'_>) -> Running {
        let Some(method) = lsp::REQUESTS.iter().copied().find(|known| **known == *incoming.method) else {
            return ready(no_such_method(id, &incoming.method));
        };
        self.next_id += 1;
        let request = request(method, incoming.params).map(|request| request.id(self.next_id).finish());
        let under_way = UnderWay { service: self.service.clone(), id: self.next_id };
        Box::pin(async move {
            let service = under_way.service.clone();
            let call = {
                let id = id.clone();
                async move {
                    let answer = match request {
                        Ok(request) => ask(&service, request).await,
                        Err(error) => Err(error),
                    };
                    respond(id, method, answer)
                }
            };
            let response = guarded(id, method, call).await;
            drop(under_way);
            Some(finish(response))
        })
    }

    /// Prepares a notification; `None` for those that tell us nothing.
    pub(super) fn notify(&mut self, method: &str, params: Option<&RawValue>) -> Option<Running> {
        let method = lsp::NOTIFICATIONS.iter().copied().find(|known| *known == method)?;
        let request = request(method, params).ok()?.finish();
        self.exited |= method == "exit";
        let service = self.service.clone();
        Some(Box::pin(async move {
            let call = async move {
                // Nobody waits for what comes of it.
                ask(&service, request).await.ok();
                MethodResponse::notification()
            };
            guarded(Id::Null, method, call).await;
            None
        }))
    }

    /// Takes the client's answer to something that it was asked; `false` when it is none.
    pub(super) fn take_answer(&mut self, text: &[u8]) -> bool {
        let Ok(answer) = serde_json::from_slice::<Response>(text) else { return false };
        // An error says that the client has left.
        Pin::new(&mut self.client).start_send(answer).ok();
        true
    }

    /// Waits for what the server asks its client or tells it.
    pub(super) async fn next_request(&mut self) -> Box<RawValue> {
        loop {
            let Some(request) = self.client.next().await else { return std::future::pending().await };
            match to_raw_value(&request) {
                Ok(json) => return json,
                Err(error) => tracing::error!(%error, "a message to the client could not be written as JSON"),
            }
        }
    }
}

/// A request that the service remembers until it has ended, also when it ends by being dropped.
struct UnderWay {
    service: Service,
    id: i64,
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let cancel = Request::build("$/cancelRequest").params(json!({ "id": self.id })).finish();
        // It ends at its first poll: all it does is to forget.
        lock(&self.service).call(cancel).now_or_never();
    }
}

fn lock(service: &Service) -> std::sync::MutexGuard<'_, LspService<Backend>> {
    service.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn ask(service: &Service, request: Request) -> Result<Value, Error> {
    let answer = lock(service).call(request);
    match answer.await {
        Ok(Some(response)) => response.into_parts().1,
        Ok(None) => Ok(Value::Null),
        Err(exited) => Err(Error { message: exited.to_string().into(), ..Error::invalid_request() }),
    }
}

fn request(method: &'static str, params: Option<&RawValue>) -> Result<tower_lsp::jsonrpc::RequestBuilder, Error> {
    let request = Request::build(method);
    let Some(params) = params else { return Ok(request) };
    match serde_json::from_str::<Value>(params.get()) {
        // The protocol has methods without parameters; clients write null for none.
        Ok(Value::Null) => Ok(request),
        Ok(params) => Ok(request.params(params)),
        Err(error) => Err(Error::invalid_params(error.to_string())),
    }
}

fn respond(id: Id<'static>, method: &'static str, answer: Result<Value, Error>) -> MethodResponse {
    match answer {
        Ok(mut result) => {
            if method == "initialize" {
                lsp::announce(&mut result);
            }
            MethodResponse::response(id, ResponsePayload::success(result), limits::RESPONSE_BYTES)
        }
        Err(error) if error.code == ErrorCode::MethodNotFound => no_such_method(id, method),
        Err(Error { code, message, data }) => {
            let message: Cow<'static, str> = message;
            MethodResponse::error(id, ErrorObjectOwned::owned(code.code() as i32, message, data))
        }
    }
}
