//! What went to and came from the model: messages of the Anthropic form.

use opensession_hail::{Body, Compaction, Content, Extra, Part, Role, Status, Thinking, Usage};
use serde_json::Value;

use super::{
    derive::{At, Task, non_empty},
    text::{self, Piece, Said},
};

impl Task {
    pub(super) fn message(&mut self, message: &Value, at: &mut At<'_>) {
        let text = message["content"].as_str();
        let whole = text.map(|text| serde_json::json!([{ "type": "text", "text": text }]));
        let blocks = whole.as_ref().unwrap_or(&message["content"]).as_array().map(Vec::as_slice).unwrap_or_default();
        if message["role"] == "assistant" {
            self.assistant(message, blocks, at);
        } else if message["role"] == "user" {
            self.user(message, blocks, at);
        }
    }

    fn user(&mut self, message: &Value, blocks: &[Value], at: &mut At<'_>) {
        if message["metadata"]["kind"] == "compaction" || message["isSummary"] == true {
            let texts: Vec<&str> = blocks.iter().filter_map(|block| block["text"].as_str()).collect();
            let compaction = Compaction {
                content: texts.join("\n"),
                tokens_before: message["metadata"]["usageBefore"]["inputTokens"].as_u64(),
                ..Compaction::default()
            };
            return at.push(Body::Compaction(compaction));
        }
        let mut typed: Vec<&str> = Vec::new();
        let mut parts = Vec::new();
        // A result's content stands in the next block where its head stands alone.
        let mut heading: Option<&str> = None;
        for block in blocks {
            let words = block["text"].as_str().unwrap_or_default();
            match block["type"].as_str().unwrap_or_default() {
                "text" => {
                    self.environment(words);
                    if let Some(name) = heading.take()
                        && !words.starts_with('[')
                        && !words.starts_with("<environment_details>")
                    {
                        self.result(None, Some(name), Content::Text(words.trim().to_owned()), text::status(words), at);
                        continue;
                    }
                    match text::classify(words) {
                        Said::Typed(texts) => typed.extend(texts),
                        Said::Result { name, content: "", .. } if blocks.len() > 1 && !Self::is_said(name) => {
                            heading = Some(name);
                        }
                        Said::Result { name, content, typed: inner } => {
                            let result = Content::Text(content.to_owned());
                            self.result(None, Some(name), result, text::status(content), at);
                            typed.extend(inner);
                        }
                        Said::Added(added) => at.say(Role::System, Content::Text(added.to_owned()), None),
                        Said::Nothing => {}
                    }
                }
                "tool_result" => {
                    let (content, status) = answer(block);
                    let status = if block["is_error"] == true { Status::Error } else { status };
                    self.result(block["tool_use_id"].as_str(), block["name"].as_str(), content, status, at);
                }
                "image" => parts.push(image(&block["source"])),
                "file" | "document" => parts.push(part("document", non_empty(block["path"].as_str()))),
                _ => {}
            }
        }
        self.prompt(&typed.join("\n\n"), parts, at);
    }

    fn assistant(&mut self, message: &Value, blocks: &[Value], at: &mut At<'_>) {
        let model = &message["modelInfo"];
        let model = [&model["modelId"], &model["id"], &message["model"]];
        if let Some(model) = model.into_iter().find_map(|model| non_empty(model.as_str())) {
            self.state.facts.model = Some(model);
        }
        for block in blocks {
            match block["type"].as_str().unwrap_or_default() {
                "thinking" | "reasoning" => {
                    let thought = block["thinking"].as_str().or(block["text"].as_str()).unwrap_or_default().trim();
                    if !thought.is_empty() {
                        let model = self.state.facts.model.clone();
                        at.push(Body::Thinking(Thinking { content: thought.to_owned(), model }));
                    }
                }
                "text" => {
                    for piece in text::pieces(block["text"].as_str().unwrap_or_default()) {
                        match piece {
                            Piece::Words(words) => self.words(words, at),
                            Piece::Call { name, parameters } => {
                                let entries = parameters.into_iter().map(|(key, value)| (key.to_owned(), value.into()));
                                self.call(None, name, &Value::Object(entries.collect()), at);
                            }
                        }
                    }
                }
                "tool_use" => {
                    let name = block["name"].as_str().unwrap_or_default();
                    if !name.is_empty() {
                        self.call(non_empty(block["id"].as_str()), name, &block["input"], at);
                    }
                }
                _ => {}
            }
        }
        // What the person was shown tells the usage, where it is there.
        if !self.state.items {
            self.usage(message, at);
        }
    }

    /// Words, perhaps with thoughts in front of them as older models wrote them.
    fn words(&mut self, words: &str, at: &mut At<'_>) {
        if let Some(rest) = words.strip_prefix("<thinking>")
            && let Some((thought, answer)) = rest.split_once("</thinking>")
        {
            let model = self.state.facts.model.clone();
            at.push(Body::Thinking(Thinking { content: thought.trim().to_owned(), model }));
            return self.answer(answer, at);
        }
        self.answer(words, at);
    }

    fn usage(&mut self, message: &Value, at: &mut At<'_>) {
        let metrics = &message["metrics"];
        let tokens = &metrics["tokens"];
        let count = |one: &Value, other: &Value| one.as_u64().or(other.as_u64()).unwrap_or(0);
        let cache_read = count(&metrics["cacheReadTokens"], &tokens["cached"]);
        let cache_write = count(&metrics["cacheWriteTokens"], &Value::Null);
        // Since version 4 the input holds what comes from the cache; before, it does not.
        let input =
            metrics["inputTokens"].as_u64().map(|input| input.saturating_sub(cache_read).saturating_sub(cache_write));
        let input = input.or(tokens["prompt"].as_u64()).unwrap_or(0);
        let output = count(&metrics["outputTokens"], &tokens["completion"]);
        if input + output + cache_read + cache_write > 0 {
            at.push(Body::Usage(Usage {
                message_id: at.id.clone(),
                model: self.state.facts.model.clone(),
                input,
                output,
                cache_read,
                cache_write,
                cost: metrics["cost"].as_f64(),
                ..Usage::default()
            }));
        }
    }
}

/// What a result holds: text, or since version 4 answers to queries, as JSON or as JSON in a text.
fn answer(block: &Value) -> (Content, Status) {
    let content = &block["content"];
    let parsed = content.as_str().filter(|text| text.starts_with(['{', '[']));
    let parsed = parsed.and_then(|text| serde_json::from_str::<Value>(text).ok()).filter(is_answer);
    let content = parsed.as_ref().unwrap_or(content);
    if let Some(text) = content.as_str() {
        return (Content::Text(text.to_owned()), text::status(text));
    }
    let one = std::slice::from_ref(content);
    let answers = content.as_array().map_or(one, Vec::as_slice);
    let mut status = Status::Ok;
    let mut parts = Vec::new();
    for answer in answers {
        if answer["success"] == false || answer["error"].as_str().is_some_and(|error| !error.is_empty()) {
            status = Status::Error;
        }
        if answer["type"] == "image" {
            parts.push(image(&answer["source"]));
        }
        let texts = [&answer["text"], &answer["result"], &answer["error"]];
        for text in texts.into_iter().filter_map(Value::as_str).filter(|text| !text.is_empty()) {
            parts.push(part("text", Some(text.to_owned())));
        }
    }
    if parts.iter().all(|part| part.kind == "text") {
        let texts: Vec<String> = parts.into_iter().filter_map(|part| part.text).collect();
        let text = texts.join("\n");
        let status = if status == Status::Ok && answers.len() == 1 { text::status(&text) } else { status };
        return (Content::Text(text), status);
    }
    (Content::Parts(parts), status)
}

fn is_answer(value: &Value) -> bool {
    let is_one = |value: &Value| value["query"].is_string();
    value.as_array().map_or_else(|| is_one(value), |list| list.iter().all(is_one))
}

/// A part without data.
pub(crate) fn part(kind: &str, text: Option<String>) -> Part {
    Part { kind: kind.to_owned(), text, media_type: None, bytes: None, extra: Extra::new() }
}

/// An image, of which only the media type and the size are told.
fn image(source: &Value) -> Part {
    let bytes = source["data"].as_str().map(|data| data.len() as u64 / 4 * 3);
    Part { media_type: non_empty(source["media_type"].as_str()), bytes, ..part("image", None) }
}

/// An image given as `data:` URL.
pub(crate) fn image_of_url(url: &str) -> Part {
    let Some((head, data)) = url.strip_prefix("data:").and_then(|rest| rest.split_once(',')) else {
        return part("image", Some(url.to_owned()).filter(|url| url.len() <= 4096));
    };
    let media_type = head.split(';').next().filter(|media| !media.is_empty()).map(str::to_owned);
    Part { media_type, bytes: Some(data.len() as u64 / 4 * 3), ..part("image", None) }
}
