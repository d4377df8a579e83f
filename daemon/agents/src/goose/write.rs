//! A conversation as rows of Goose's database.

use jiff::tz::TimeZone;
use serde_json::json;

use super::{DATABASE, Goose};
use crate::{
    Agent, Environment,
    write::{Cell, Content, Conversation, Insert, Rows, WriteError, Writer, Written},
};

impl Writer for Goose {
    fn write(
        &self,
        conversation: &Conversation,
        environment: &Environment,
        _register: Option<&str>,
    ) -> Result<Written, WriteError> {
        let turns = conversation.plain_turns()?;
        let root = self.roots(environment).into_iter().next().ok_or(WriteError::NoFolder)?;
        // Goose counts its own sessions of a day: a name of another form is in nobody's way.
        let session = format!("handoff_{}", conversation.short_id(0));
        let seconds = conversation.time.timestamp().to_zoned(TimeZone::UTC).strftime("%Y-%m-%d %H:%M:%S").to_string();
        let text = |text: &str| Cell::Text(text.to_owned());
        let mut inserts = vec![Insert {
            table: "sessions",
            cells: vec![
                ("id", text(&session)),
                ("name", text(&conversation.title)),
                ("description", text(&conversation.title)),
                ("user_set_name", Cell::Integer(1)),
                ("session_type", text("user")),
                ("working_dir", text(&conversation.cwd)),
                ("created_at", text(&seconds)),
                ("updated_at", text(&seconds)),
                ("extension_data", text("{}")),
            ],
            may_be_there: false,
        }];
        for (number, turn) in (1..).zip(&turns) {
            inserts.push(Insert {
                table: "messages",
                cells: vec![
                    ("message_id", Cell::Text(format!("msg_{}", conversation.uuid(number)))),
                    ("session_id", text(&session)),
                    ("role", text(if turn.by_agent { "assistant" } else { "user" })),
                    ("content_json", Cell::Text(json!([{ "type": "text", "text": turn.text }]).to_string())),
                    ("created_timestamp", Cell::Integer(conversation.time_of(number).as_second())),
                    ("metadata_json", text(r#"{"userVisible":true,"agentVisible":true}"#)),
                ],
                may_be_there: false,
            });
        }
        let path = root.path.join(DATABASE);
        let content = Content::Rows(Rows { lookups: Vec::new(), inserts });
        Ok(Written { root, path, content, native_id: session, turns })
    }
}
