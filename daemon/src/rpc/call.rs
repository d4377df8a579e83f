//! Running one request: dispatch, a bound on its time, and a wall around its panics.

use std::{
    any::Any,
    future::poll_fn,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::Arc,
    task::Poll,
};

use jsonrpsee::{
    ConnectionId, Extensions, MethodCallback, MethodResponse, MethodSink, Methods, SubscriptionState,
    core::traits::IdProvider,
    server::RandomIntegerIdProvider,
    types::{ErrorObjectOwned, Id, Params, error::ErrorCode},
};
use opensession_protocol::{error, limits};
use serde_json::value::RawValue;
use tokio::sync::Semaphore;

use super::message::{self, Incoming};

/// A request under way; gives its response, or nothing when the response went another way.
pub(super) type Running = Pin<Box<dyn Future<Output = Option<Box<RawValue>>> + Send>>;

/// Calls methods for one connection.
#[derive(Debug, Clone)]
pub(super) struct Dispatcher {
    methods: Methods,
    connection: ConnectionId,
    sink: MethodSink,
    subscriptions: Arc<Semaphore>,
}

impl Dispatcher {
    pub(super) fn new(methods: Methods, connection: ConnectionId, sink: MethodSink) -> Self {
        Self { methods, connection, sink, subscriptions: Arc::new(Semaphore::new(limits::SUBSCRIPTIONS)) }
    }

    /// Whether a subscription of this connection is alive.
    pub(super) fn has_subscriptions(&self) -> bool {
        self.subscriptions.available_permits() < limits::SUBSCRIPTIONS
    }

    /// Whether there is a method of this name.
    pub(super) fn knows(&self, method: &str) -> bool {
        self.methods.method(method).is_some()
    }

    /// Prepares a call. A subscription answers through the connection's sink, before its first notification.
    pub(super) fn call(&self, id: Id<'static>, incoming: &Incoming<'_>) -> Running {
        let Some((method, callback)) = self.methods.method_with_name(&incoming.method) else {
            return ready(no_such_method(id, &incoming.method));
        };
        let params = Params::new(incoming.params.map(RawValue::get)).into_owned();
        let this = self.clone();
        let callback = callback.clone();
        let call = {
            let id = id.clone();
            async move { this.run(id, params, callback).await }
        };
        Box::pin(async move {
            let response = guarded(id, method, call).await;
            (!response.is_subscription()).then(|| finish(response))
        })
    }

    /// Prepares a batch: its calls run one after the other and are answered together.
    pub(super) fn batch(&self, requests: &[&RawValue]) -> Running {
        let requests: Vec<Box<RawValue>> = requests.iter().map(|request| (*request).to_owned()).collect();
        let this = self.clone();
        Box::pin(async move {
            let mut responses = String::from("[");
            for request in requests {
                let response = match message::read(request.get().as_bytes()) {
                    Ok(Incoming { id: None, .. }) => None,
                    Ok(Incoming { id: Some(id), method, .. }) if this.is_subscription(&method) => {
                        Some(subscription_in_batch(id.into_owned()).into_json())
                    }
                    Ok(incoming) => {
                        let id = incoming.id.clone().unwrap_or(Id::Null).into_owned();
                        let call = this.call(id, &incoming);
                        call.await
                    }
                    Err(refusal) => Some(refusal.into_json()),
                };
                let Some(response) = response else { continue };
                if responses.len() + response.get().len() > limits::RESPONSE_BYTES {
                    let hint = "ask for less, or in several batches";
                    let error = message::error(ErrorCode::InternalError.code(), "the answers are too long", hint);
                    return Some(MethodResponse::error(Id::Null, error).into_json());
                }
                if responses.len() > 1 {
                    responses.push(',');
                }
                responses.push_str(response.get());
            }
            // Nothing but notifications: nothing is answered.
            if responses.len() == 1 {
                return None;
            }
            responses.push(']');
            Some(RawValue::from_string(responses).expect("a list of JSON values is JSON"))
        })
    }

    fn is_subscription(&self, method: &str) -> bool {
        is_subscription(&self.methods, method)
    }

    async fn run(self, id: Id<'static>, params: Params<'static>, callback: MethodCallback) -> MethodResponse {
        let mut extensions = Extensions::new();
        extensions.insert(self.connection);
        match callback {
            MethodCallback::Sync(callback) => callback(id, params, limits::RESPONSE_BYTES, extensions),
            MethodCallback::Async(callback) => {
                callback(id, params, self.connection, limits::RESPONSE_BYTES, extensions).await
            }
            MethodCallback::Subscription(callback) => {
                let Ok(subscription_permit) = self.subscriptions.try_acquire_owned() else {
                    let message = format!("this connection has {} subscriptions", limits::SUBSCRIPTIONS);
                    return MethodResponse::error(id, message::error(error::TOO_MANY, message, "end one of them"));
                };
                let id_provider: &dyn IdProvider = &RandomIntegerIdProvider;
                let state = SubscriptionState { conn_id: self.connection, id_provider, subscription_permit };
                callback(id, params, self.sink, state, extensions).await
            }
            MethodCallback::Unsubscription(callback) => {
                callback(id, params, self.connection, limits::RESPONSE_BYTES, extensions)
            }
        }
    }
}

/// Runs a call within the time its method has. A panic becomes the error of this one request.
pub(super) async fn guarded(
    id: Id<'static>,
    method: &str,
    call: impl Future<Output = MethodResponse> + Send,
) -> MethodResponse {
    let mut call = Box::pin(call);
    let caught = poll_fn(|context| match catch_unwind(AssertUnwindSafe(|| call.as_mut().poll(context))) {
        Ok(Poll::Ready(response)) => Poll::Ready(Ok(response)),
        Ok(Poll::Pending) => Poll::Pending,
        Err(panic) => Poll::Ready(Err(panic)),
    });
    let limit = limits::request_time(method);
    match tokio::time::timeout(limit, caught).await {
        Ok(Ok(response)) => response,
        Ok(Err(panic)) => {
            tracing::error!(method, panic = panic_message(&*panic), "a request panicked");
            let hint = "this is a fault of the daemon, which goes on; its log tells more: opensession daemon logs";
            MethodResponse::error(
                id,
                message::error(error::INTERNAL, format!("{method} failed inside the daemon"), hint),
            )
        }
        Err(_elapsed) => {
            tracing::warn!(method, seconds = limit.as_secs(), "a request took too long");
            let message = format!("{method} took longer than {}s", limit.as_secs());
            MethodResponse::error(id, message::error(error::TIMED_OUT, message, "ask for less"))
        }
    }
}

/// The answer to a subscription in a batch, where its own answer and the batch's would both be sent.
pub(super) fn subscription_in_batch(id: Id<'static>) -> MethodResponse {
    let code = ErrorCode::InvalidRequest.code();
    MethodResponse::error(id, message::error(code, "a batch cannot hold a subscription", "send it by itself"))
}

pub(super) fn is_subscription(methods: &Methods, method: &str) -> bool {
    matches!(methods.method(method), Some(MethodCallback::Subscription(_)))
}

pub(super) fn no_such_method(id: Id<'_>, method: &str) -> MethodResponse {
    let shown: String = method.chars().take(100).collect();
    let error: ErrorObjectOwned = message::error(
        ErrorCode::MethodNotFound.code(),
        format!("there is no method `{shown}`"),
        "rpc.discover describes all methods",
    );
    MethodResponse::error(id, error)
}

pub(super) fn ready(response: MethodResponse) -> Running {
    Box::pin(std::future::ready(Some(finish(response))))
}

pub(super) fn finish(response: MethodResponse) -> Box<RawValue> {
    let success = response.is_success();
    let (json, notify, _extensions) = response.into_parts();
    if let Some(notify) = notify {
        notify.notify(success);
    }
    json
}

fn panic_message(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("of an unknown kind")
}
