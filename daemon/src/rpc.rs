//! The socket: three dialects of JSON-RPC on one Unix socket, all of them the methods of one
//! [`DaemonServer`].
//!
//! A client's first byte tells its [`Dialect`]. Lines and messages with heads are dispatched here (`connection`), the
//! latter to a language server too, where they are no methods of ours; HTTP and WebSocket by jsonrpsee's server. Whatever the dialect: a panic is the error of one request, every request has a time limit, and
//! no client can make another one wait or memory grow without bound.

mod call;
mod connection;
mod dialect;
mod framing;
mod heads;
mod http;
mod language_server;
mod listener;
mod message;
mod wire;

use std::{io, sync::Arc, time::Duration};

use jsonrpsee::{
    ConnectionId, MethodResponse, Methods, RpcModule,
    core::RegisterMethodError,
    server::{ServerHandle, StopHandle, stop_channel},
    types::Id,
};
use opensession_protocol::{error, limits, openrpc, rpc::DaemonServer};
use rustix::process::geteuid;
use tokio::{
    net::{UnixListener, UnixStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    task::JoinSet,
};
pub use tokio_util::sync::CancellationToken;

use heads::Heads;
use language_server::LanguageServer;
use wire::Wire;

pub use dialect::Dialect;
pub use framing::{Frame, Framing};
pub use listener::{BoundSocket, ListenError};

/// Pause after the system could give no connection (no file descriptors left).
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// The methods of a daemon, `rpc.discover` included.
pub fn methods(daemon: impl DaemonServer) -> Result<Methods, RegisterMethodError> {
    let mut module: RpcModule<_> = daemon.into_rpc();
    module.register_method("rpc.discover", |_params, _context, _extensions| openrpc::document().clone())?;
    Ok(module.into())
}

/// Serves connections until `stop` is given, then lets requests under way finish, for at most
/// [`limits::DRAIN_TIME`].
pub async fn serve(listener: UnixListener, methods: Methods, stop: CancellationToken) {
    let (stop_handle, server_handle) = stop_channel();
    let server = Server { methods, stop, stop_handle, slots: Arc::new(Semaphore::new(limits::CONNECTIONS)) };
    server.run(listener, server_handle).await;
}

struct Server {
    methods: Methods,
    stop: CancellationToken,
    stop_handle: StopHandle,
    slots: Arc<Semaphore>,
}

impl Server {
    async fn run(self, listener: UnixListener, server_handle: ServerHandle) {
        let mut connections = JoinSet::new();
        let mut next_id = 0_u32;
        loop {
            tokio::select! {
                accepted = listener.accept() => match accepted {
                    Ok((stream, _address)) => {
                        next_id = next_id.wrapping_add(1);
                        self.welcome(stream, next_id, &mut connections);
                    }
                    Err(error) => {
                        tracing::warn!(%error, "a connection could not be accepted");
                        tokio::time::sleep(ACCEPT_PAUSE).await;
                    }
                },
                Some(ended) = connections.join_next() => report(ended),
                () = self.stop.cancelled() => break,
            }
        }
        drop(listener);
        // It fails only when the WebSockets have ended already.
        server_handle.stop().ok();
        // A WebSocket lives in a task of jsonrpsee's; like every connection it holds a slot.
        let all_ended = self.slots.acquire_many(limits::CONNECTIONS as u32);
        if tokio::time::timeout(limits::DRAIN_TIME, all_ended).await.is_err() {
            tracing::warn!(connections = connections.len(), "requests under way were cut off");
        }
        connections.shutdown().await;
    }

    fn welcome(&self, stream: UnixStream, id: u32, connections: &mut JoinSet<()>) {
        match stream.peer_cred() {
            Ok(peer) if peer.uid() == geteuid().as_raw() || peer.uid() == 0 => {}
            Ok(peer) => {
                tracing::warn!(uid = peer.uid(), pid = peer.pid(), "another user's connection was closed");
                return;
            }
            Err(error) => {
                tracing::warn!(%error, "a connection without credentials was closed");
                return;
            }
        }
        let Ok(permit) = self.slots.clone().try_acquire_owned() else {
            tracing::warn!(limit = limits::CONNECTIONS, "a connection was refused: there are too many");
            refuse(&stream);
            return;
        };
        let (methods, stop, stop_handle) = (self.methods.clone(), self.stop.clone(), self.stop_handle.clone());
        connections.spawn(attend(stream, methods, id, permit, stop, stop_handle));
    }
}

async fn attend(
    stream: UnixStream,
    methods: Methods,
    id: u32,
    permit: OwnedSemaphorePermit,
    stop: CancellationToken,
    stop_handle: StopHandle,
) {
    let detected = tokio::select! {
        detected = dialect::detect(&stream) => detected,
        () = stop.cancelled() => return,
    };
    match detected {
        Ok(Some(Dialect::Lines)) => {
            // The greater part of the connections; the permit goes when this returns.
            let wire = Wire::Lines(Framing::default());
            connection::serve(stream, methods, ConnectionId(id as usize), stop, wire, None).await;
            drop(permit);
        }
        Ok(Some(Dialect::Http)) => Box::pin(http::serve(stream, methods, id, permit, stop, stop_handle)).await,
        Ok(Some(Dialect::LanguageServer)) => {
            let language_server = Some(LanguageServer::new(methods.clone()));
            let (id, wire) = (ConnectionId(id as usize), Wire::Heads(Heads::default()));
            Box::pin(connection::serve(stream, methods, id, stop, wire, language_server)).await;
            drop(permit);
        }
        Ok(None) => {}
        Err(error) => tracing::debug!(%error, "a connection ended before its first byte"),
    }
}

/// Tells a client that there are too many; it need not have said anything.
fn refuse(stream: &UnixStream) {
    let message = format!("there are {} connections", limits::CONNECTIONS);
    let error = message::error(error::TOO_MANY, message, "close some of them, and try again");
    let line = format!("{}\n", MethodResponse::error(Id::Null, error));
    // A new socket has room for a line; whoever is gone needs none.
    stream.try_write(line.as_bytes()).map_or_else(|error| tracing::debug!(%error, "nobody was told"), drop);
}

fn report(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended
        && error.is_panic()
    {
        tracing::error!(%error, "a connection's task panicked");
    }
}

/// The listener, ready for [`serve`].
pub fn into_tokio(listener: std::os::unix::net::UnixListener) -> io::Result<UnixListener> {
    listener.set_nonblocking(true)?;
    UnixListener::from_std(listener)
}
