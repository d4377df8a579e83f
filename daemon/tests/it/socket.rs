//! The socket, its dialects and the life of a daemon, with a daemon whose answers are made up.

mod clients;
mod fake;
mod hostile;
mod http;
mod language;
mod lifecycle;
mod lines;
