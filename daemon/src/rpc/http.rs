//! HTTP and WebSocket by jsonrpsee's server: `POST /` calls, an upgrade begins a WebSocket, `GET /health` answers.

use std::{convert::Infallible, sync::Arc};

use hyper::{Method, StatusCode, body::Incoming, header, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use jsonrpsee::{
    MethodResponse, Methods,
    core::middleware::{Batch, BatchEntry, Notification, RpcServiceBuilder, RpcServiceT},
    server::{
        BatchRequestConfig, BatchResponseBuilder, HttpBody, HttpRequest, HttpResponse, Server, ServerConfig,
        StopHandle, TowerServiceBuilder,
    },
    types::{ErrorObject, Id, Request, error::ErrorCode},
};
use opensession_protocol::{PROTOCOL_VERSION, limits};
use tokio::{net::UnixStream, sync::OwnedSemaphorePermit};
use tokio_util::sync::CancellationToken;
use tower::{Service, layer::util::Identity};

use super::call::{guarded, is_subscription, subscription_in_batch};

/// Serves the connection to its end. `permit` is held for as long, a WebSocket's life included.
pub(super) async fn serve(
    stream: UnixStream,
    methods: Methods,
    id: u32,
    permit: OwnedSemaphorePermit,
    stop: CancellationToken,
    stop_handle: StopHandle,
) {
    let permit = Arc::new(permit);
    let layer = {
        let methods = methods.clone();
        RpcServiceBuilder::new().layer_fn(move |service| Guard { service, methods: methods.clone() })
    };
    let service = builder().connection_id(id).set_rpc_middleware(layer).build(methods, stop_handle);
    let answer = service_fn(move |request: hyper::Request<Incoming>| {
        let (mut service, permit) = (service.clone(), permit.clone());
        async move {
            if request.method() == Method::GET && request.uri().path() == "/health" {
                return Ok::<_, Infallible>(health());
            }
            if request.headers().contains_key(header::UPGRADE) {
                let closed = service.on_session_closed();
                tokio::spawn(async move {
                    closed.await;
                    drop(permit);
                });
            }
            let request: HttpRequest<Incoming> = request;
            Ok(service.call(request).await.unwrap_or_else(|error| {
                tracing::warn!(%error, "an HTTP request failed");
                response(StatusCode::INTERNAL_SERVER_ERROR, "the request failed inside the daemon\n".to_owned())
            }))
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits::REQUEST_ARRIVAL_TIME)
        .serve_connection(TokioIo::new(stream), answer)
        .with_upgrades();
    let mut connection = std::pin::pin!(connection);
    let result = tokio::select! {
        result = connection.as_mut() => result,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = result {
        tracing::debug!(connection = id, %error, "an HTTP connection ended");
    }
}

fn builder() -> TowerServiceBuilder<Identity, Identity> {
    let config = ServerConfig::builder()
        .max_request_body_size(limits::REQUEST_BYTES as u32)
        .max_response_body_size(limits::RESPONSE_BYTES as u32)
        .max_connections(limits::CONNECTIONS as u32)
        .max_subscriptions_per_connection(limits::SUBSCRIPTIONS as u32)
        .set_batch_request_config(BatchRequestConfig::Limit(limits::BATCH_REQUESTS as u32))
        .build();
    Server::builder().set_config(config).to_service_builder()
}

fn health() -> HttpResponse {
    let body = format!(r#"{{"status":"ok","version":"{}","protocol":{PROTOCOL_VERSION}}}"#, env!("CARGO_PKG_VERSION"));
    response(StatusCode::OK, body + "\n")
}

fn response(status: StatusCode, body: String) -> HttpResponse {
    let mut response = HttpResponse::new(HttpBody::from(body));
    *response.status_mut() = status;
    if status == StatusCode::OK {
        response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/json"));
    }
    response
}

/// Puts the same wall and the same time limit around requests that jsonrpsee dispatches as around our own.
#[derive(Debug, Clone)]
struct Guard<S> {
    service: S,
    methods: Methods,
}

impl<S> RpcServiceT for Guard<S>
where
    S: RpcServiceT<
            MethodResponse = MethodResponse,
            BatchResponse = MethodResponse,
            NotificationResponse = MethodResponse,
        > + Clone
        + Send
        + Sync
        + 'static,
{
    type MethodResponse = MethodResponse;
    type NotificationResponse = MethodResponse;
    type BatchResponse = MethodResponse;

    fn call<'a>(&self, request: Request<'a>) -> impl Future<Output = MethodResponse> + Send + 'a {
        let service = self.service.clone();
        let (id, method) = (request.id().into_owned(), request.method_name().to_owned());
        async move { guarded(id, &method, async move { service.call(request).await }).await }
    }

    fn batch<'a>(&self, batch: Batch<'a>) -> impl Future<Output = MethodResponse> + Send + 'a {
        let this = self.clone();
        async move {
            let mut responses = BatchResponseBuilder::new_with_limit(limits::RESPONSE_BYTES);
            let mut notified = false;
            for entry in batch {
                let response = match entry {
                    Ok(BatchEntry::Call(request)) if is_subscription(&this.methods, request.method_name()) => {
                        subscription_in_batch(request.id().into_owned())
                    }
                    Ok(BatchEntry::Call(request)) => this.call(request).await,
                    Ok(BatchEntry::Notification(_)) => {
                        notified = true;
                        continue;
                    }
                    Err(error) => {
                        let (error, id) = error.into_parts();
                        MethodResponse::error(id, error)
                    }
                };
                if let Err(too_long) = responses.append(response) {
                    return too_long;
                }
            }
            if responses.is_empty() {
                if notified {
                    return MethodResponse::notification();
                }
                return MethodResponse::error(Id::Null, ErrorObject::from(ErrorCode::InvalidRequest));
            }
            MethodResponse::from_batch(responses.finish())
        }
    }

    fn notification<'a>(&self, notification: Notification<'a>) -> impl Future<Output = MethodResponse> + Send + 'a {
        self.service.notification(notification)
    }
}
