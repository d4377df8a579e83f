//! Takes secrets out of text.
//!
//! Works on parsed string values, never on serialised JSON. What is taken out becomes `[REDACTED:rule]`; the same text
//! always becomes the same, and text that was redacted is left as it is. Ids, hashes and paths keep their meaning; of a
//! path into a home directory only the directory itself becomes `~`.

mod event;
mod rules;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use regex_automata::meta::Regex;
use regex_automata::{Input, MatchKind};

use rules::{RULES, Rule};

/// The longest text that is looked at in one piece, in bytes; a longer one is taken in pieces that overlap nowhere but
/// end between lines.
const MAX_PIECE: usize = 1024 * 1024;

/// Bytes of the automaton that is kept while text is looked at; with less it is made again and again.
const CACHE_BYTES: usize = 16 << 20;

/// Finds secrets, and counts what it took out.
#[derive(Debug)]
pub struct Redactor {
    regex: Arc<Regex>,
    /// How often each rule took something out.
    found: BTreeMap<String, u64>,
}

impl Default for Redactor {
    fn default() -> Self {
        Self::new()
    }
}

impl Redactor {
    /// The rules that always hold. Building takes some milliseconds: keep one and [`Redactor::fresh`] it.
    #[expect(clippy::missing_panics_doc, reason = "the patterns are fixed, and tests build them")]
    pub fn new() -> Self {
        // Where words begin and end is told by ASCII alone: secrets are ASCII, whatever stands beside them, and the fast
        // engines know no other boundary in text that holds other characters.
        let patterns: Vec<String> = RULES.iter().map(|rule| rule.pattern.replace(r"\b", r"(?-u:\b)")).collect();
        let regex = Regex::builder()
            .configure(
                Regex::config()
                    .match_kind(MatchKind::LeftmostFirst)
                    .nfa_size_limit(Some(64 << 20))
                    .hybrid_cache_capacity(CACHE_BYTES),
            )
            .build_many(&patterns)
            .expect("the patterns are fixed, and a test builds them");
        Self { regex: Arc::new(regex), found: BTreeMap::new() }
    }

    /// The same rules, with nothing counted yet. Cheap.
    #[must_use]
    pub fn fresh(&self) -> Self {
        Self { regex: Arc::clone(&self.regex), found: BTreeMap::new() }
    }

    /// How often each rule took something out so far.
    pub fn found(&self) -> &BTreeMap<String, u64> {
        &self.found
    }

    /// `text` without secrets.
    pub fn text<'t>(&mut self, text: &'t str) -> Cow<'t, str> {
        if text.len() <= MAX_PIECE {
            return self.piece(text);
        }
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while rest.len() > MAX_PIECE {
            let limit = rest.floor_char_boundary(MAX_PIECE);
            let end = rest[..limit].rfind('\n').map_or(limit, |line_end| line_end + 1);
            out.push_str(&self.piece(&rest[..end]));
            rest = &rest[end..];
        }
        out.push_str(&self.piece(rest));
        Cow::Owned(out)
    }

    fn piece<'t>(&mut self, text: &'t str) -> Cow<'t, str> {
        let mut out = String::new();
        let mut copied = 0;
        let mut from = 0;
        let mut captures = self.regex.create_captures();
        while from <= text.len() {
            self.regex.search_captures(&Input::new(text).range(from..), &mut captures);
            let Some(whole) = captures.get_match() else { break };
            let rule = &RULES[whole.pattern().as_usize()];
            // The first group is the secret itself; without a group all of it is.
            let span = captures.get_group(1).unwrap_or(whole.span());
            let secret = &text[span.start..span.end];
            let takes = !secret.starts_with("[REDACTED:") && (rule.is_secret)(secret, &text[whole.start()..span.start]);
            if takes {
                out.push_str(&text[copied..span.start]);
                out.push_str(&replacement(rule));
                copied = span.end;
                *self.found.entry(rule.name.to_owned()).or_default() += 1;
                from = span.end.max(from + 1);
            } else {
                // Another rule may find something inside.
                from = next_start(text, whole.start().max(from));
            }
            while !text.is_char_boundary(from.min(text.len())) {
                from += 1;
            }
        }
        if copied == 0 && out.is_empty() {
            return Cow::Borrowed(text);
        }
        out.push_str(&text[copied..]);
        Cow::Owned(out)
    }
}

fn replacement(rule: &Rule) -> String {
    match rule.stands_for {
        Some(text) => text.to_owned(),
        None => format!("[REDACTED:{}]", rule.name),
    }
}

/// The beginning of the next word: nothing that starts inside the one that was refused is looked at.
fn next_start(text: &str, at: usize) -> usize {
    let bytes = text.as_bytes();
    let mut next = at + 1;
    while next < bytes.len()
        && (bytes[next - 1].is_ascii_alphanumeric() || bytes[next - 1] == b'_')
        && bytes[next].is_ascii_alphanumeric()
    {
        next += 1;
    }
    next
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redacted(text: &str) -> String {
        Redactor::new().text(text).into_owned()
    }

    // Put together here, so that no scanner takes this file for a leak.
    fn secret(parts: &[&str]) -> String {
        parts.concat()
    }

    #[test]
    fn provider_tokens_go() {
        let body = "aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC1dE3fG5";
        for (text, rule) in [
            (secret(&["AK", "IA", "IOSFODNN7EXAMPLQ"]), "aws-key"),
            (secret(&["gh", "p_", body]), "github"),
            (secret(&["github", "_pat_", body]), "github"),
            (secret(&["gl", "pat-", body]), "gitlab"),
            (secret(&["xo", "xb-", "123456789012-", body]), "slack"),
            (secret(&["sk-", "ant-api03-", body]), "anthropic"),
            (secret(&["sk-", "proj-", body]), "openai"),
            (secret(&["sk_", "live_", body]), "stripe"),
            (secret(&["AI", "za", "SyA1234567890abcdefghijklmnopqrstuv"]), "google"),
            (secret(&["np", "m_", body]), "npm"),
            (secret(&["hf", "_", body]), "huggingface"),
        ] {
            let shown = redacted(&format!("key {text}, and more"));
            assert_eq!(shown, format!("key [REDACTED:{rule}], and more"));
            assert_eq!(redacted(&shown), shown);
        }
    }

    #[test]
    fn keyed_values_go_and_their_keys_stay() {
        for (text, expected) in [
            ("password=hunter2hunter", "password=[REDACTED:keyed]"),
            (r#"{"api_key": "a1b2c3d4e5f6g7"}"#, r#"{"api_key": "[REDACTED:keyed]"}"#),
            ("export DB_PASSWORD='s3cr3t-value'", "export DB_PASSWORD='[REDACTED:keyed]'"),
            ("Authorization: Bearer abcdefgh12345678", "Authorization: Bearer [REDACTED:authorization]"),
            ("curl -u admin:s3cretpass1 https://x", "curl -u admin:[REDACTED:basic] https://x"),
            ("postgres://app:p4ssw0rd@db:5432/app", "postgres://app:[REDACTED:dsn]@db:5432/app"),
        ] {
            assert_eq!(redacted(text), expected);
            assert_eq!(redacted(expected), expected);
        }
    }

    #[test]
    fn keys_and_tokens_in_blocks_go() {
        let pem = secret(&["-----BEGIN RSA PRIV", "ATE KEY-----\nMIIE\nabc\n-----END RSA PRIV", "ATE KEY-----"]);
        assert_eq!(redacted(&format!("a\n{pem}\nb")), "a\n[REDACTED:private-key]\nb");
        let jwt = secret(&["ey", "JhbGciOiJIUzI1NiJ9.ey", "JzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N"]);
        assert_eq!(redacted(&jwt), "[REDACTED:jwt]");
    }

    #[test]
    fn code_and_ids_stay() {
        for text in [
            "password: string,",
            "let token = get_token();",
            "token=$GITHUB_TOKEN",
            "secret = os.environ[\"SECRET\"]",
            "api_key: process.env.API_KEY",
            "0b9c2f7e-1111-2222-3333-444455556666",
            "commit e53647ba1f1e5203bedff558b482f178db045555",
            "toolu_01AbCdEfGhIjKlMnOpQrStUv",
            "https://github.com/owner/app#readme",
            "tokens: 12345678",
            "sk-learn and task-runner-with-a-long-name-of-words",
            "[REDACTED:github]",
        ] {
            assert_eq!(redacted(text), text);
        }
    }

    #[test]
    fn home_directories_become_a_tilde() {
        assert_eq!(redacted("at /home/mina/app/src/lock.rs:8"), "at ~/app/src/lock.rs:8");
        assert_eq!(redacted("/Users/mina"), "~");
        assert_eq!(redacted(r"C:\Users\mina\app"), r"~\app");
        assert_eq!(redacted("https://x.test/home/a/b"), "https://x.test/home/a/b");
    }
}
