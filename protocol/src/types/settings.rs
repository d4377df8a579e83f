//! The settings of the daemon.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The settings of the daemon that can be changed one by one.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Settings {
    /// The file in which they stand, whether or not it is there.
    pub file: String,
    /// The settings.
    pub settings: Vec<Setting>,
}

/// One setting.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Setting {
    /// Its table and key: `storage.retention`.
    pub name: String,
    /// What it can be.
    pub kind: SettingKind,
    /// What it is.
    pub value: Value,
    /// What it is where nobody says otherwise.
    pub default: Value,
    /// What it means, in a few words; empty where its name says all.
    pub about: String,
    /// The line of the file, from 1, in which it stands; absent where the default is in force.
    pub line: Option<u32>,
}

/// What a setting can be.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SettingKind {
    /// `true` or `false`.
    Switch,
    /// A text.
    #[default]
    Text,
    /// A list of texts.
    List,
}

/// New values of settings, by name; null is the default.
pub type SettingChanges = BTreeMap<String, Value>;
