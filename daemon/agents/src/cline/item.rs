//! What the person was shown. Where the model's view is there too, only what it does not hold is taken from here: usage,
//! todo lists, errors, compaction, and which files are new.

use opensession_hail::{Body, Compaction, Content, ErrorEvent, Status, Thinking, Usage};
use serde_json::Value;

use super::{
    derive::{At, Task, non_empty},
    edit,
    message::image_of_url,
    state::{OUTPUT_BYTES, Waiting},
    text,
};
use crate::{derive::Activity, rows};

impl Task {
    pub(super) fn item(&mut self, item: &Value, at: &mut At<'_>) {
        let words = item["text"].as_str().unwrap_or_default();
        if let Some(model) = non_empty(item["modelInfo"]["modelId"].as_str()) {
            self.state.facts.model = Some(model);
        }
        let Some(kind) = item["say"].as_str().or(item["ask"].as_str()) else { return };
        let alone = !self.state.messages;
        match kind {
            "api_req_started" | "api_req_finished" | "deleted_api_reqs" => self.request(words, kind, at),
            "task_progress" => self.todo(words, at),
            "error" | "diff_error" | "api_req_failed" | "error_retry" | "mistake_limit_reached" => failed(words, at),
            "condense_context" | "sliding_window_truncation" | "condense" | "summarize_task" | "compaction" => {
                let summary = item["contextCondense"]["summary"].as_str().unwrap_or(words);
                let tokens_before = item["contextCondense"]["prevContextTokens"].as_u64();
                at.push(Body::Compaction(Compaction {
                    content: summary.to_owned(),
                    tokens_before,
                    ..Compaction::default()
                }));
            }
            "tool" => self.tool(words, alone, at),
            "completion_result" if words.is_empty() => self.state.facts.activity = Activity::Idle,
            _ if !alone => {}
            "task" | "user_feedback" | "user_feedback_diff" => self.typed(item, words, at),
            "text" if !self.state.prompted => self.typed(item, words, at),
            // The mark tells the window that there is something to compare.
            "text" | "completion_result" => self.answer(words.strip_suffix("HAS_CHANGES").unwrap_or(words), at),
            "reasoning" if !words.trim().is_empty() => {
                let model = self.state.facts.model.clone();
                at.push(Body::Thinking(Thinking { content: words.trim().to_owned(), model }));
            }
            "followup" | "plan_mode_respond" => {
                let value: Value = serde_json::from_str(words).unwrap_or_default();
                self.answer(value["question"].as_str().or(value["response"].as_str()).unwrap_or(words), at);
            }
            "command" => {
                let line = words.strip_suffix("REQ_APP").unwrap_or(words);
                self.shown("execute_command", &serde_json::json!({ "command": line }), Vec::new(), at);
            }
            "command_output" => self.put_out(words),
            "use_mcp_server" => {
                let input: Value = serde_json::from_str(words).unwrap_or_default();
                self.shown("use_mcp_tool", &input, Vec::new(), at);
            }
            "load_mcp_documentation" => self.shown(kind, &Value::Object(serde_json::Map::new()), Vec::new(), at),
            _ => {}
        }
    }

    fn typed(&mut self, item: &Value, words: &str, at: &mut At<'_>) {
        let images = item["images"].as_array().map(Vec::as_slice).unwrap_or_default();
        let images = images.iter().filter_map(Value::as_str).map(image_of_url).collect();
        self.prompt(words, images, at);
    }

    /// A request to the model: what it cost, and in Cline what it answered to.
    fn request(&mut self, words: &str, kind: &str, at: &mut At<'_>) {
        let value: Value = serde_json::from_str(words).unwrap_or_default();
        if kind == "api_req_started" {
            let request = value["request"].as_str().unwrap_or_default();
            self.environment(request);
            self.state.shown = 0;
            if !self.state.messages {
                self.answered(request, at);
            }
        }
        let count = |key: &str| value[key].as_u64().unwrap_or(0);
        let usage = Usage {
            model: self.state.facts.model.clone(),
            input: count("tokensIn"),
            output: count("tokensOut"),
            cache_read: count("cacheReads"),
            cache_write: count("cacheWrites"),
            cost: value["cost"].as_f64(),
            ..Usage::default()
        };
        if usage.input + usage.output + usage.cache_read + usage.cache_write > 0 {
            at.push(Body::Usage(usage));
        }
        match value["cancelReason"].as_str() {
            Some("user_cancelled") => {
                self.state.facts.activity = Activity::Interrupted;
                let error = ErrorEvent { message: "cancelled".to_owned(), code: Some("interrupted".to_owned()) };
                at.push(Body::Error(error));
            }
            Some(reason) => {
                let message = value["streamingFailedMessage"].as_str().unwrap_or(reason).to_owned();
                at.push(Body::Error(ErrorEvent { message, code: None }));
            }
            None => {}
        }
    }

    /// A tool that was shown: twice, where it was approved after it had been asked for.
    fn tool(&mut self, words: &str, alone: bool, at: &mut At<'_>) {
        let value: Value = serde_json::from_str(words).unwrap_or_default();
        let Some(tool) = value["tool"].as_str() else { return };
        let path = value["path"].as_str().unwrap_or_default();
        if tool == "newFileCreated" && !path.is_empty() {
            if self.state.created.len() == 32 {
                self.state.created.remove(0);
            }
            self.state.created.push(path[..path.floor_char_boundary(500)].to_owned());
        }
        if !alone {
            return;
        }
        let hash = rows::mark(b"tool", words.as_bytes());
        if hash == self.state.shown {
            return;
        }
        self.state.shown = hash;
        let content = value["content"].as_str().or(value["diff"].as_str()).unwrap_or_default();
        let diff = value["diff"].as_str().unwrap_or(content);
        let (name, edits) = match tool {
            "readFile" => ("read_file", Vec::new()),
            "editedExistingFile" if edit::is_diff(diff) => ("replace_in_file", vec![edit::of_diff(path, diff)]),
            "newFileCreated" | "editedExistingFile" => ("write_to_file", vec![edit::whole(path, content)]),
            "appliedDiff" => ("apply_diff", vec![edit::of_diff(path, diff)]),
            "fileDeleted" => {
                let operation = opensession_hail::EditOperation::Delete;
                ("delete_file", vec![Waiting { path: path.to_owned(), operation, ..Waiting::default() }])
            }
            "listFilesTopLevel" | "listFilesRecursive" => ("list_files", Vec::new()),
            "listCodeDefinitionNames" => ("list_code_definition_names", Vec::new()),
            "searchFiles" => ("search_files", Vec::new()),
            "webFetch" => ("web_fetch", Vec::new()),
            "webSearch" => ("web_search", Vec::new()),
            "newTask" => ("new_task", Vec::new()),
            "switchMode" => ("switch_mode", Vec::new()),
            "codebaseSearch" => ("codebase_search", Vec::new()),
            "updateTodoList" => ("update_todo_list", Vec::new()),
            other => (other, Vec::new()),
        };
        self.shown(name, &value, edits, at);
    }

    /// A call that is known only from what was shown.
    fn shown(&mut self, name: &str, input: &Value, edits: Vec<Waiting>, at: &mut At<'_>) {
        let id = self.state.call_id();
        self.begin(id, name, input, edits, at);
    }

    /// Keeps what the last command put out, in case that no request tells its result.
    fn put_out(&mut self, words: &str) {
        let kept: usize = self.state.calls.iter().map(|call| call.output.len()).sum();
        let room = OUTPUT_BYTES.saturating_sub(kept);
        if let Some(call) = self.state.calls.iter_mut().rev().find(|call| call.name == "execute_command")
            && !words.is_empty()
        {
            call.output.push_str(&words[..words.floor_char_boundary(room)]);
            call.output.push('\n');
        }
    }

    /// Gives commands what they put out as results.
    fn commands_ended(&mut self, at: &mut At<'_>) {
        let ended = self.state.calls.iter_mut().filter(|call| !call.output.trim().is_empty());
        let ended: Vec<(String, String)> =
            ended.map(|call| (call.id.clone(), std::mem::take(&mut call.output).trim().to_owned())).collect();
        for (id, output) in ended {
            self.result(Some(&id), None, Content::Text(output), Status::Ok, at);
        }
    }

    /// The results that a request carries to the model, for the calls that wait.
    fn answered(&mut self, request: &str, at: &mut At<'_>) {
        let end = request.find("<environment_details>").unwrap_or(request.len());
        let request = request[..end].trim();
        if text::result(request).is_none() {
            self.commands_ended(at);
        } else {
            let mut rest = request;
            let waiting: Vec<String> = self.state.calls.iter().map(|call| call.name.clone()).collect();
            for (place, _) in waiting.iter().enumerate() {
                let Some((name, content)) = text::result(rest) else { break };
                // Contents may hold lines of the same form: the next one that waits is looked for by its name.
                let next = waiting.get(place + 1).and_then(|next| content.find(&*format!("\n[{next}")));
                let (own, after) = next.map_or((content, ""), |next| (&content[..next], &content[next + 1..]));
                let own = own.trim();
                self.result(None, Some(name), Content::Text(own.to_owned()), text::status(own), at);
                rest = after;
            }
        }
        // Whatever has no result by now will have none.
        self.state.calls.clear();
    }
}

fn failed(words: &str, at: &mut At<'_>) {
    let value: Value = serde_json::from_str(words).unwrap_or_default();
    let message = value["errorMessage"].as_str().or(value["message"].as_str()).unwrap_or(words).trim();
    if !message.is_empty() {
        let code = value["status"].as_i64().map(|code| code.to_string());
        at.push(Body::Error(ErrorEvent { message: message.to_owned(), code }));
    }
}
