//! The lines of a rollout as they are written, borrowed from the record.
//!
//! One struct takes every kind of payload in one pass: what a payload does not have stays empty, what nobody asks for
//! (instructions, encrypted reasoning, snapshots of the world) is skipped without being copied. A field of another
//! type than expected counts as absent, so that a new version of the agent costs us that field and no more.

use std::{borrow::Cow, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{Error, IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use serde_json::value::RawValue;

/// A line of the generations with an envelope; a line of the generation before has neither `payload` nor, often, a
/// `timestamp`, and is an [`Item`] itself.
#[derive(Debug, Deserialize)]
pub(super) struct Line<'a> {
    #[serde(default, borrow)]
    pub(super) timestamp: Text<'a>,
    #[serde(default, borrow, rename = "type")]
    pub(super) kind: Text<'a>,
    #[serde(default, borrow)]
    pub(super) payload: Option<Item<'a>>,
    #[serde(default, borrow)]
    pub(super) record_type: Text<'a>,
}

/// A session written as one JSON object, by the earliest versions.
#[derive(Debug, Deserialize)]
pub(super) struct Document<'a> {
    #[serde(default, borrow)]
    pub(super) session: Option<Item<'a>>,
    #[serde(default, borrow)]
    pub(super) items: Vec<&'a RawValue>,
}

/// A payload: the fields of all kinds of them that are read.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Item<'a> {
    #[serde(borrow, rename = "type")]
    pub(super) kind: Text<'a>,
    #[serde(borrow)]
    pub(super) id: Text<'a>,

    // What was said.
    #[serde(borrow)]
    pub(super) role: Text<'a>,
    #[serde(borrow)]
    pub(super) content: Raw<'a>,
    #[serde(borrow)]
    pub(super) summary: Raw<'a>,
    #[serde(borrow)]
    pub(super) summary_text: Raw<'a>,
    #[serde(borrow)]
    pub(super) raw_content: Raw<'a>,
    #[serde(borrow)]
    pub(super) message: Text<'a>,
    #[serde(borrow)]
    pub(super) text: Text<'a>,
    #[serde(borrow)]
    pub(super) phase: Text<'a>,
    #[serde(borrow)]
    pub(super) images: Raw<'a>,
    #[serde(borrow)]
    pub(super) local_images: Raw<'a>,
    #[serde(borrow)]
    pub(super) review_output: Raw<'a>,

    // Calls and what came back.
    #[serde(borrow, alias = "callId")]
    pub(super) call_id: Text<'a>,
    #[serde(borrow)]
    pub(super) name: Text<'a>,
    #[serde(borrow)]
    pub(super) namespace: Text<'a>,
    #[serde(borrow)]
    pub(super) arguments: Raw<'a>,
    #[serde(borrow)]
    pub(super) input: Raw<'a>,
    #[serde(borrow)]
    pub(super) output: Raw<'a>,
    #[serde(borrow)]
    pub(super) action: Raw<'a>,
    #[serde(borrow)]
    pub(super) status: Raw<'a>,
    #[serde(borrow)]
    pub(super) tools: Raw<'a>,
    #[serde(borrow)]
    pub(super) command: Raw<'a>,
    #[serde(borrow)]
    pub(super) aggregated_output: Text<'a>,
    pub(super) exit_code: Number,
    #[serde(borrow)]
    pub(super) duration: Raw<'a>,
    pub(super) success: Flag,
    #[serde(borrow)]
    pub(super) stdout: Text<'a>,
    #[serde(borrow)]
    pub(super) stderr: Text<'a>,
    #[serde(borrow)]
    pub(super) changes: Raw<'a>,
    #[serde(borrow)]
    pub(super) invocation: Raw<'a>,
    #[serde(borrow)]
    pub(super) result: Raw<'a>,
    #[serde(borrow)]
    pub(super) error: Raw<'a>,
    #[serde(borrow)]
    pub(super) server: Text<'a>,
    #[serde(borrow)]
    pub(super) tool: Text<'a>,
    #[serde(borrow)]
    pub(super) query: Text<'a>,
    #[serde(borrow)]
    pub(super) results: Raw<'a>,
    #[serde(borrow)]
    pub(super) path: Text<'a>,
    #[serde(borrow)]
    pub(super) revised_prompt: Text<'a>,
    #[serde(borrow)]
    pub(super) content_items: Raw<'a>,

    // Sub-agents.
    #[serde(borrow)]
    pub(super) new_thread_id: Text<'a>,
    #[serde(borrow)]
    pub(super) new_agent_role: Text<'a>,
    #[serde(borrow)]
    pub(super) receiver_thread_id: Text<'a>,
    #[serde(borrow)]
    pub(super) prompt: Text<'a>,

    // The session, its turns and their bookkeeping.
    #[serde(borrow)]
    pub(super) timestamp: Text<'a>,
    #[serde(borrow)]
    pub(super) session_id: Text<'a>,
    #[serde(borrow)]
    pub(super) cwd: Text<'a>,
    #[serde(borrow)]
    pub(super) cli_version: Text<'a>,
    #[serde(borrow)]
    pub(super) source: Raw<'a>,
    #[serde(borrow)]
    pub(super) git: Raw<'a>,
    #[serde(borrow)]
    pub(super) forked_from_id: Text<'a>,
    #[serde(borrow)]
    pub(super) parent_thread_id: Text<'a>,
    #[serde(borrow)]
    pub(super) agent_role: Text<'a>,
    #[serde(borrow)]
    pub(super) model: Text<'a>,
    #[serde(borrow)]
    pub(super) info: Raw<'a>,
    #[serde(borrow)]
    pub(super) usage: Raw<'a>,
    #[serde(borrow)]
    pub(super) response_id: Text<'a>,
    #[serde(borrow)]
    pub(super) reason: Text<'a>,
    #[serde(borrow)]
    pub(super) codex_error_info: Raw<'a>,
    pub(super) num_turns: Number,
    #[serde(borrow)]
    pub(super) thread_name: Text<'a>,
    /// Another payload, of `item_completed`. Read apart: within, it would nest as deep as a record says.
    #[serde(borrow, rename = "item")]
    pub(super) completed: Raw<'a>,
}

/// Where a sub-agent's session came from, as `source` tells it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Origin<'a> {
    #[serde(borrow)]
    pub(super) subagent: Raw<'a>,
}

/// The inner part of `source.subagent`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Spawned<'a> {
    #[serde(borrow)]
    pub(super) thread_spawn: Option<Item<'a>>,
    #[serde(borrow)]
    pub(super) other: Text<'a>,
}

/// The repository at the start of a session.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Repository<'a> {
    #[serde(borrow)]
    pub(super) commit_hash: Text<'a>,
    #[serde(borrow)]
    pub(super) branch: Text<'a>,
    #[serde(borrow, rename = "repository_url")]
    pub(super) url: Text<'a>,
}

/// A part of a message's or of an output's content.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Piece<'a> {
    #[serde(borrow, rename = "type")]
    pub(super) kind: Text<'a>,
    #[serde(borrow)]
    pub(super) text: Text<'a>,
    #[serde(borrow)]
    pub(super) image_url: Raw<'a>,
    #[serde(borrow)]
    pub(super) data: Raw<'a>,
    #[serde(borrow, rename = "mimeType")]
    pub(super) mime_type: Text<'a>,
    #[serde(borrow)]
    pub(super) path: Text<'a>,
}

/// The arguments of the shell tools.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ShellArguments<'a> {
    #[serde(borrow)]
    pub(super) command: Raw<'a>,
    #[serde(borrow)]
    pub(super) cmd: Raw<'a>,
    #[serde(borrow)]
    pub(super) workdir: Text<'a>,
    #[serde(borrow)]
    pub(super) working_directory: Text<'a>,
    #[serde(borrow)]
    pub(super) justification: Text<'a>,
}

/// Tokens, of one response or added up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, serde::Serialize)]
#[serde(default)]
pub(super) struct Tokens {
    /// All of the input, what came from a cache included.
    #[serde(rename = "input_tokens")]
    pub(super) input: u64,
    #[serde(rename = "cached_input_tokens")]
    pub(super) cached: u64,
    #[serde(rename = "cache_write_input_tokens")]
    pub(super) written: u64,
    /// All of the output, reasoning included.
    #[serde(rename = "output_tokens")]
    pub(super) output: u64,
    #[serde(rename = "reasoning_output_tokens")]
    pub(super) reasoning: u64,
}

/// The `info` of a `token_count`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct TokenInfo {
    pub(super) total_token_usage: Option<Tokens>,
    pub(super) last_token_usage: Option<Tokens>,
}

/// JSON text that is looked at only when it is needed; `null` is absent.
pub(super) type Raw<'a> = Option<&'a RawValue>;

/// Reads `raw` as `T`; absent or of another shape is `None`.
pub(super) fn read<'a, T: Deserialize<'a>>(raw: Raw<'a>) -> Option<T> {
    serde_json::from_str(raw?.get()).ok()
}

/// The string that `raw` is.
pub(super) fn string(raw: Raw<'_>) -> Option<Cow<'_, str>> {
    let raw = raw?;
    if !raw.get().starts_with('"') {
        return None;
    }
    read::<Text<'_>>(Some(raw)).and_then(|text| text.0)
}

/// The elements of the array that `raw` is, those of another shape left out.
pub(super) fn elements<'a, T: Deserialize<'a>>(raw: Raw<'a>) -> Vec<T> {
    let Some(raw) = raw.filter(|raw| raw.get().starts_with('[')) else { return Vec::new() };
    serde_json::from_str(raw.get()).unwrap_or_else(|_| {
        let raws: Vec<&RawValue> = read(Some(raw)).unwrap_or_default();
        raws.into_iter().filter_map(|raw| read(Some(raw))).collect()
    })
}

/// A string; anything else counts as absent.
#[derive(Debug, Clone, Default)]
pub(super) struct Text<'a>(pub(super) Option<Cow<'a, str>>);

impl Text<'_> {
    /// The string, unless it is absent or empty.
    pub(super) fn get(&self) -> Option<&str> {
        self.0.as_deref().filter(|text| !text.is_empty())
    }

    /// The string as an own one, unless it is absent or empty.
    pub(super) fn owned(&self) -> Option<String> {
        self.get().map(str::to_owned)
    }
}

/// An integer; anything else counts as absent.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Number(pub(super) Option<i64>);

/// A truth value; anything else counts as absent.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Flag(pub(super) Option<bool>);

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Scalar).map(|value| match value {
            Found::Text(text) => Self(Some(text)),
            _ => Self(None),
        })
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Scalar).map(|value| match value {
            Found::Integer(number) => Self(Some(number)),
            _ => Self(None),
        })
    }
}

impl<'de> Deserialize<'de> for Flag {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Scalar).map(|value| match value {
            Found::Flag(flag) => Self(Some(flag)),
            _ => Self(None),
        })
    }
}

enum Found<'a> {
    Text(Cow<'a, str>),
    Integer(i64),
    Flag(bool),
    Other,
}

struct Scalar;

impl<'de> Visitor<'de> for Scalar {
    type Value = Found<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a value")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Found::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Found::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Self::Value, E> {
        Ok(Found::Text(Cow::Owned(text)))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
        Ok(Found::Integer(number))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
        Ok(i64::try_from(number).map_or(Found::Other, Found::Integer))
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Self::Value, E> {
        Ok(Found::Other)
    }

    fn visit_bool<E: Error>(self, flag: bool) -> Result<Self::Value, E> {
        Ok(Found::Flag(flag))
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Found::Other)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Self::Value, A::Error> {
        while elements.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Found::Other)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        while entries.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Found::Other)
    }
}
