//! The interface on a made-up terminal, with a made-up daemon: keys go in, what is seen comes out.

mod anything;
mod lists;
mod made_up;
mod pages;
mod sessions;
mod stage;
mod typing;
