//! Messages, reasoning and plans: what is said, taken once though it is written twice.

use std::borrow::Cow;

use opensession_hail::{Body, Content, Message, Part, Role, Thinking, ToolCall};

use super::{
    image, output,
    prompt::{Prompt, classify, without_blocks},
    record::{Item, Piece, Raw, Text, elements, read, string},
    rollout::{At, Rollout},
    state::{Said, Stream, hash_id, hash_words},
};
use crate::derive::Activity;

impl Rollout {
    /// A user message: the person's words, and what the client put beside them.
    pub(super) fn user(&mut self, stream: Stream, item: &Item<'_>, at: &mut At<'_>) {
        let pieces: Vec<Piece<'_>> = elements(item.content);
        let mut typed: Vec<&str> = Vec::new();
        let mut images: Vec<Part> = Vec::new();
        let whole = string(item.content);
        let texts =
            pieces.iter().filter_map(|piece| piece.text.get()).chain(whole.as_deref()).chain(item.message.get());
        for text in texts {
            match classify(text) {
                Prompt::Typed(text) => typed.push(text),
                Prompt::Added(text) => self.added(text, at),
                Prompt::Environment(Some(directory)) => self.moved(directory),
                Prompt::Shell { command, result } => self.typed_command(stream, command, result, at),
                Prompt::Aborted => self.aborted(stream, None, at),
                Prompt::Environment(None) | Prompt::Nothing => {}
            }
        }
        images.extend(pieces.iter().filter_map(image::part));
        images.extend(
            elements::<&serde_json::value::RawValue>(item.images).into_iter().map(|url| image::of_url(Some(url))),
        );
        images.extend(
            elements::<Text<'_>>(item.local_images).into_iter().filter_map(|path| path.owned()).map(image::named),
        );
        if typed.is_empty() && images.is_empty() {
            return;
        }
        let text = typed.join("\n");
        let key = if text.is_empty() {
            hash_words("human images", &images.len().to_string())
        } else {
            hash_words("human", &text)
        };
        self.state.facts.activity = Activity::Working;
        if !self.is_first(stream, Said::Prompt, key, item.id.get().map(hash_id)) {
            return;
        }
        self.state.facts.prompted(&text);
        let content = if images.is_empty() {
            Content::Text(text)
        } else {
            let texts = Some(text).filter(|text| !text.is_empty()).map(image::text_part);
            Content::Parts(texts.into_iter().chain(images).collect())
        };
        let id = item.id.owned().unwrap_or_else(|| self.state.ids.next(key));
        at.push(id, message(Role::Human, content, None));
    }

    /// Text that the client put into the conversation, shown once however often it is repeated.
    fn added(&mut self, text: &str, at: &mut At<'_>) {
        let hash = hash_words("system", text);
        if self.state.added.is_new(hash) {
            let id = self.state.ids.next(hash);
            at.push(id, message(Role::System, Content::Text(text.to_owned()), None));
        }
    }

    fn moved(&mut self, directory: &str) {
        let facts = &mut self.state.facts;
        if facts.cwd.is_none() {
            facts.cwd = Some(directory.to_owned());
        }
        if facts.last_cwd.as_deref() != Some(directory) {
            facts.last_cwd = Some(directory.to_owned());
        }
    }

    /// The agent's words; a plan that it proposes in them is taken out.
    pub(super) fn agent_message(&mut self, stream: Stream, item: &Item<'_>, at: &mut At<'_>) {
        let pieces: Vec<Piece<'_>> = elements(item.content);
        let whole = string(item.content);
        let id = item.id.get();
        let mut sections: Vec<String> = Vec::new();
        let texts =
            pieces.iter().filter_map(|piece| piece.text.get()).chain(whole.as_deref()).chain(item.message.get());
        for text in texts {
            let (text, _) = without_blocks(text, "oai-mem-citation");
            let (text, plans) = without_blocks(&text, "proposed_plan");
            if self.is_new_section(stream, Said::Agent, &text, id) {
                sections.push(text.trim().to_owned());
            }
            for plan in plans {
                self.plan(stream, None, plan, at);
            }
        }
        let commentary = item.phase.get() == Some("commentary");
        self.state.facts.activity = if commentary { Activity::Working } else { Activity::Idle };
        if sections.is_empty() {
            return;
        }
        let text = sections.join("\n\n");
        let id = item.id.owned().unwrap_or_else(|| self.state.ids.next(hash_words("agent", &text)));
        at.push(id, message(Role::Agent, Content::Text(text), self.state.facts.model.clone()));
    }

    /// Reasoning as far as it can be read.
    pub(super) fn reasoning(&mut self, stream: Stream, item: &Item<'_>, at: &mut At<'_>) {
        let id = item.id.get();
        let pieces: Vec<Piece<'_>> = [item.summary, item.content].into_iter().flat_map(elements).collect();
        let plain: Vec<Text<'_>> = [item.summary_text, item.raw_content].into_iter().flat_map(elements).collect();
        let texts = pieces.iter().map(|piece| &piece.text).chain(&plain).chain([&item.text]).filter_map(Text::get);
        let mut sections: Vec<&str> = Vec::new();
        for text in texts {
            if self.is_new_section(stream, Said::Thinking, text, id) {
                sections.push(text.trim());
            }
        }
        if sections.is_empty() {
            return;
        }
        self.state.facts.activity = Activity::Working;
        let content = sections.join("\n\n");
        let id = item.id.owned().unwrap_or_else(|| self.state.ids.next(hash_words("thinking", &content)));
        at.push(id, Body::Thinking(Thinking { content, model: self.state.facts.model.clone() }));
    }

    /// A plan that the agent proposes to the person.
    pub(super) fn plan(&mut self, stream: Stream, id: Option<&str>, text: &str, at: &mut At<'_>) {
        if !self.is_new_section(stream, Said::Plan, text, id) {
            return;
        }
        let id = id.map_or_else(|| self.state.ids.next(hash_words("plan", text)), str::to_owned);
        let model = self.state.facts.model.clone();
        let call =
            ToolCall { call_id: None, name: "plan".to_owned(), input: serde_json::json!({ "plan": text }), model };
        at.push(id, Body::ToolCall(call));
    }

    /// Mail from another agent of the same tree.
    pub(super) fn mail(&mut self, item: &Item<'_>, at: &mut At<'_>) {
        let pieces: Vec<Piece<'_>> = elements(item.content);
        let texts: Vec<&str> = pieces.iter().filter_map(|piece| piece.text.get()).collect();
        if texts.is_empty() {
            return;
        }
        let text = texts.join("\n");
        let id = item.id.owned().unwrap_or_else(|| self.state.ids.next(hash_words("mail", &text)));
        at.push(id, message(Role::System, Content::Text(text), None));
    }

    /// What a review found.
    pub(super) fn reviewed(&mut self, item: &Item<'_>, at: &mut At<'_>) {
        #[derive(Default, serde::Deserialize)]
        #[serde(default)]
        struct Review<'a> {
            #[serde(borrow)]
            overall_explanation: Text<'a>,
            #[serde(borrow)]
            findings: Raw<'a>,
        }
        #[derive(Default, serde::Deserialize)]
        #[serde(default)]
        struct Finding<'a> {
            #[serde(borrow)]
            title: Text<'a>,
            #[serde(borrow)]
            body: Text<'a>,
        }
        let Some(review) = read::<Review<'_>>(item.review_output) else { return };
        let findings: Vec<Finding<'_>> = elements(review.findings);
        let lines: Vec<Cow<'_, str>> = review
            .overall_explanation
            .get()
            .map(Cow::Borrowed)
            .into_iter()
            .chain(findings.iter().map(|finding| {
                let (title, body) = (finding.title.get().unwrap_or_default(), finding.body.get().unwrap_or_default());
                Cow::Owned(format!("{title}\n{body}"))
            }))
            .collect();
        if lines.is_empty() {
            return;
        }
        let text = lines.join("\n\n");
        let id = self.state.ids.next(hash_words("review", &text));
        at.push(id, message(Role::System, Content::Text(text), None));
    }

    /// A command that the person typed to the client.
    fn typed_command(&mut self, stream: Stream, command: &str, result: Option<&str>, at: &mut At<'_>) {
        let hash = hash_words("shell", command);
        if !self.is_first(stream, Said::Shell, hash, None) {
            return;
        }
        let call_id = self.state.ids.next(hash);
        let result = result.map(|text| output::plain(Cow::Borrowed(text)));
        self.whole_command(&call_id, "user_shell", command.to_owned(), result, at);
    }

    /// Whether `text` is neither empty nor the twin of what was seen.
    fn is_new_section(&mut self, stream: Stream, said: Said, text: &str, id: Option<&str>) -> bool {
        !text.trim().is_empty() && self.is_first(stream, said, hash_words("", text), id.map(hash_id))
    }
}

fn message(role: Role, content: Content, model: Option<String>) -> Body {
    Body::Message(Message { role, content, tool_calls: Vec::new(), model })
}
