//! What every side of OpenSession agrees on: the daemon's RPC interface and its types, configuration, paths, and the
//! client of the socket.
//!
//! Only types of this crate (and of `opensession-hail`) cross a wire.

pub mod client;
pub mod config;
pub mod error;
pub mod limits;
pub mod openrpc;
pub mod paths;
pub mod rpc;
pub mod types;
pub mod uri;

pub use types::*;

/// The version of the RPC interface. Fields and methods are only ever added within one version; a client and a daemon
/// of different versions do not talk.
pub const PROTOCOL_VERSION: u32 = 1;
