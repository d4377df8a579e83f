//! What both files have: the team server, and who publishes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Secret, check::Report};

/// `[server]`
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Server {
    /// Its address: `https://sessions.example.org`. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The key by which it knows us. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_key: Option<Secret>,
}

/// `[identity]`
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Identity {
    /// The name others see. Default: the server's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nickname: Option<String>,
    /// The team that sessions are published to. Default: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub team_id: Option<String>,
}

impl Server {
    pub(super) fn validate(&self, report: &mut Report<'_>) {
        if let Some(url) = &self.url {
            let host = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://")).unwrap_or_default();
            if host.is_empty() || host.starts_with('/') || host.contains(char::is_whitespace) {
                report.error("server", "url", "it is no web address", "write it as https://sessions.example.org");
            } else if host.split('/').next().is_some_and(|authority| authority.contains('@')) {
                report.error("server", "url", "it holds a name or a password", "use api_key for the key");
            }
        }
        if self.api_key.as_ref().is_some_and(|key| key.expose().chars().any(|c| c.is_control() || c.is_whitespace())) {
            report.error("server", "api_key", "it holds a space or a line break", "copy the key again");
        }
    }
}
