//! Lines of HAIL to events, which they are already.

use opensession_hail::{Body, Event, Header, Role, Status};
use serde::{Deserialize, Serialize};

use crate::{
    Derived, Deriver, Facts, Problem, Record, StateError,
    derive::{self, Activity},
};

const VERSION: u32 = 1;
/// The side record of what could not be read of a file of the older dialect.
pub(super) const PROBLEMS: &str = "problems";

/// Derives one session.
pub(crate) struct Session {
    state: State,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct State {
    version: u32,
    facts: Facts,
}

impl Session {
    /// A deriver at the beginning of a session, or where `state` was taken.
    pub(crate) fn new(state: Option<&[u8]>) -> Result<Self, StateError> {
        let new = || Ok(State { version: VERSION, ..State::default() });
        Ok(Self { state: state.map_or_else(new, |state| derive::take_up(state, VERSION))? })
    }

    fn header(&mut self, header: Header) {
        let facts = &mut self.state.facts;
        facts.tool = Some(header.tool);
        facts.native_id = header.id;
        facts.model = header.model;
        facts.agent_version = header.agent_version;
        facts.cwd.clone_from(&header.cwd);
        facts.last_cwd = header.cwd;
        facts.agent_title = header.title;
        facts.started = header.ts;
        facts.updated = header.ts;
        if let Some(git) = header.git {
            (facts.branch, facts.commit, facts.repository) = (git.branch, git.commit, git.repository);
        }
        facts.parent = header.parent.zip(header.relation);
    }

    fn event(&mut self, event: &Event) {
        let facts = &mut self.state.facts;
        facts.saw(event.ts);
        if event.subagent.is_some() {
            return;
        }
        match &event.body {
            Body::Message(message) if message.role == Role::Human => {
                facts.activity = Activity::Working;
                facts.prompted(&message.content.text());
            }
            Body::Message(message) if message.role == Role::Agent => {
                facts.activity = Activity::Idle;
                if message.model.is_some() {
                    facts.model.clone_from(&message.model);
                }
            }
            Body::ToolResult(result) if result.status == Status::Interrupted => facts.activity = Activity::Interrupted,
            Body::ToolCall(_) | Body::Command(_) | Body::ToolResult(_) => facts.activity = Activity::Working,
            Body::Error(error) if error.code.as_deref() == Some("interrupted") => {
                facts.activity = Activity::Interrupted;
            }
            Body::Title(title) if title.source.as_deref() == Some("human") => {
                facts.custom_title = Some(title.title.clone());
            }
            Body::Title(title) => facts.agent_title = Some(title.title.clone()),
            _ => {}
        }
    }
}

impl Deriver for Session {
    fn derive(&mut self, record: &Record<'_>, derived: &mut Derived) {
        let mut problem = |record: u64, position: u64, reason: String| {
            derived.problems.push(Problem { record, position, reason });
        };
        if record.side == Some(PROBLEMS) {
            let reasons: Vec<String> = serde_json::from_slice(record.bytes).unwrap_or_default();
            return reasons.into_iter().for_each(|reason| problem(0, 0, reason));
        }
        let line = record.bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(record.bytes).trim_ascii();
        if line.is_empty() {
            return;
        }
        let is_header = record.number == 1 || line.starts_with(br#"{"v":"hail"#);
        if is_header && let Ok(header) = serde_json::from_slice::<Header>(line) {
            if record.number == 1 {
                if header.v != opensession_hail::VERSION {
                    let reason = format!("version `{}` is not `{}`", header.v, opensession_hail::VERSION);
                    problem(record.number, record.position, reason);
                }
                return self.header(header);
            }
            return problem(record.number, record.position, "a second header".to_owned());
        }
        if record.number == 1 {
            problem(record.number, record.position, "the header is missing".to_owned());
        }
        match Event::from_json(line) {
            Ok(event) => {
                self.event(&event);
                derived.events.push(event);
            }
            Err(error) => problem(record.number, record.position, error.to_string()),
        }
    }

    fn facts(&self) -> &Facts {
        &self.state.facts
    }

    fn state(&self) -> Vec<u8> {
        serde_json::to_vec(&self.state).expect("a state of texts and numbers can be written")
    }
}
