//! What people should know of the daemon's state: at most one warning a subject, gone when it no longer holds.

use std::sync::{Mutex, PoisonError};

use opensession_protocol::Warning;

/// Warnings in force.
#[derive(Debug, Default)]
pub struct Warnings(Mutex<Vec<Warning>>);

impl Warnings {
    /// Puts a warning in force, in place of an earlier one of its subject.
    pub fn set(&self, warning: Warning) {
        let mut warnings = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        warnings.retain(|known| known.subject != warning.subject);
        warnings.push(warning);
    }

    /// What the subject's warning said no longer holds.
    pub fn clear(&self, subject: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).retain(|known| known.subject != subject);
    }

    /// All warnings in force.
    pub fn all(&self) -> Vec<Warning> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
