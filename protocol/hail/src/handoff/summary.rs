//! A session in three lines.

use super::compose::{Draft, counted};
use super::document::{Outcome, Standing, Summary};
use super::quote::{cut, one_line};

/// Characters of a line at most.
const MOST: usize = 200;

impl Draft {
    /// Title, objective and outcome, each on one line.
    pub fn summary(&self) -> Summary {
        let handoff = &self.handoff;
        let objective = handoff.objective.first.as_ref().map(|quote| one_line(&quote.text)).unwrap_or_default();
        let title = handoff.sessions.last().and_then(|session| session.title.clone()).unwrap_or_default();
        Summary { title: cut(&title, MOST), objective: cut(&objective, MOST), outcome: cut(&self.outcome(), MOST) }
    }

    fn outcome(&self) -> String {
        let handoff = &self.handoff;
        let state = &handoff.state;
        let mut parts = vec![
            match state.standing {
                Standing::Finished => "finished",
                Standing::Interrupted => "interrupted",
                Standing::WaitingForUser => "waiting for the user",
                Standing::WaitingForTool => "waiting for a tool",
                Standing::Working => "live",
            }
            .to_owned(),
        ];
        if let Some(check) = handoff.checks.last() {
            let outcome = match check.outcome {
                Outcome::Ok if check.stale.is_some() => "ok, but edited since",
                Outcome::Ok => "ok",
                Outcome::Failed => "failed",
                Outcome::Rejected => "refused",
                Outcome::Interrupted => "interrupted",
                Outcome::Running | Outcome::Unknown => "without a result",
            };
            parts.push(format!("{} {outcome}", cut(&check.command, 48)));
        }
        if let Some(total) = handoff.files_total.filter(|total| total.files > 0) {
            parts.push(match total.unknown {
                Some(_) if total.added + total.removed == 0 => counted(total.files, "file", "files"),
                _ => format!("{} +{} -{}", counted(total.files, "file", "files"), total.added, total.removed),
            });
        }
        if let Some(commit) = &state.last_commit {
            parts.push(format!("commit {} {}", commit.sha, commit.subject));
        }
        if !handoff.todos.is_empty() {
            parts.push(counted(handoff.todos.len() as u64, "open todo", "open todos"));
        }
        parts.join("; ")
    }
}
