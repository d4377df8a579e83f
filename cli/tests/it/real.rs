//! The real binary, its real daemon, and the real socket, each test in a home of its own.

mod clients;
mod damaged;
mod export;
mod figures;
mod handoff;
mod history;
mod home;
mod hostile;
mod kept;
mod kill;
mod language;
mod life;
mod live;
mod mcp;
mod names;
mod records;
mod remote;
mod room;
mod screen;
mod settings;
