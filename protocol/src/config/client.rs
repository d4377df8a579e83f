//! `config.toml`: what the commands need.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Identity, Server, Settings, check};

/// `config.toml`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ClientConfig {
    /// The team server.
    pub server: Server,
    /// Who publishes.
    pub identity: Identity,
    /// How the terminal interface looks.
    pub ui: UiSettings,
}

/// `[ui]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct UiSettings {
    /// Draw with ASCII only. Default: `false`.
    pub ascii: bool,
    /// Use the mouse. Default: `true`.
    pub mouse: bool,
}

impl Default for UiSettings {
    fn default() -> Self {
        Self { ascii: false, mouse: true }
    }
}

impl Settings for ClientConfig {
    fn known(_names: &[&str]) -> check::Known {
        check::Known::tables(&[
            ("server", &["url", "api_key"]),
            ("identity", &["nickname", "team_id"]),
            ("ui", &["ascii", "mouse"]),
        ])
    }

    fn validate(&self, report: &mut check::Report<'_>) {
        self.server.validate(report);
    }
}
