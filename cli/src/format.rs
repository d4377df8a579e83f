//! Values as people read them: numbers, times, widths, paths; and text made harmless.

pub(crate) mod cells;
pub(crate) mod clean;
pub(crate) mod number;
pub(crate) mod path;
pub(crate) mod time;
