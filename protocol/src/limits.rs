//! Bounds that both ends of the socket know.

use std::time::Duration;

/// Bytes of one request, or of one batch of them.
pub const REQUEST_BYTES: usize = 16 << 20;
/// Bytes of one response.
pub const RESPONSE_BYTES: usize = 64 << 20;
/// Requests of one connection that are answered at the same time; further ones are not read until one is answered.
pub const REQUESTS_IN_FLIGHT: usize = 64;
/// Requests in one batch.
pub const BATCH_REQUESTS: usize = 1_000;
/// Subscriptions of one connection.
pub const SUBSCRIPTIONS: usize = 64;
/// Connections at the same time.
pub const CONNECTIONS: usize = 256;
/// How long a client may take to read what was written for it, before the connection is closed.
pub const WRITE_TIME: Duration = Duration::from_secs(30);
/// How long a request may take to arrive once its first byte has come, before the connection is closed.
pub const REQUEST_ARRIVAL_TIME: Duration = Duration::from_mins(1);
/// How long the daemon waits for requests under way when it ends.
pub const DRAIN_TIME: Duration = Duration::from_secs(5);
/// How long a client waits for a daemon that it started.
pub const START_TIME: Duration = Duration::from_secs(5);

/// How long a request of this method may take: a minute; ten for those that read every session, look through many
/// folders, or write a session that may be of any length; as long as a pull from another machine.
pub fn request_time(method: &str) -> Duration {
    match method {
        "index/refresh" | "index/rebuild" | "agent/scan" | "session/export" | "host/add" | "host/remove" => {
            Duration::from_mins(10)
        }
        "host/sync" => Duration::from_mins(40),
        _ => Duration::from_mins(1),
    }
}
