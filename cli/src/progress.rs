//! How far the reading is: in place on a terminal, a line per agent elsewhere.

use std::time::Duration;

use opensession_protocol::{AgentInfo, AgentProgress, IndexState, IndexStatus};
use serde_json::json;

use crate::connection::{self, Connection, Update};
use crate::context::Context;
use crate::failure::Failure;
use crate::format::{cells, clean, number};
use crate::output::Style;
use crate::text;

/// Cells of the bar.
const BAR: usize = 20;
/// How often it is looked whether a call is done while its progress is shown.
const LOOK: Duration = Duration::from_millis(50);
/// What is done sooner, in milliseconds, needs no progress.
const VISIBLE_AFTER: u64 = 200;

/// Shows how far the reading is, and returns when it is done; of the first one it is told what it is.
pub(crate) fn await_reading(context: &mut Context<'_>, status: &IndexStatus) -> Result<(), Failure> {
    context.output.flush()?;
    if status.first_run {
        context.output.say(&format!("{}\n", text::FIRST_RUN));
    }
    let mut connection = context.second_connection()?;
    let last = follow(context, &mut *connection, Some(status))?;
    if status.first_run { tell_ready(context, &last) } else { Ok(()) }
}

/// Shows how far the reading is, from `known` on, until nothing is read or built any more.
pub(crate) fn follow(
    context: &mut Context<'_>,
    connection: &mut dyn Connection,
    known: Option<&IndexStatus>,
) -> Result<IndexStatus, Failure> {
    let mut updates =
        connection.subscribe("index/subscribe", &json!({})).map_err(|error| context.refused(error, None))?;
    let started = context.now();
    let mut display = Display::new(context);
    if let Some(known) = known {
        display.show(context, known, 0);
    }
    // What changed between the first answer and the subscription is not sent again.
    let mut status: IndexStatus = context.ask("index/status", &json!({}))?;
    while matches!(status.state, IndexState::Reading | IndexState::Rebuilding) {
        let elapsed = context.since(started);
        display.show(context, &status, elapsed);
        match updates.next(None).map_err(|error| context.refused(error, None))? {
            Update::Said(update) => {
                status = connection::read(&update).map_err(|error| context.refused(error, None))?;
            }
            Update::Quiet | Update::Ended => break,
        }
    }
    let elapsed = context.since(started);
    display.end(context, &status, elapsed);
    Ok(status)
}

/// Calls a method that answers when a round is done, and shows meanwhile how far it is, unless it is done at once.
pub(crate) fn during(context: &mut Context<'_>, method: &str) -> Result<IndexStatus, Failure> {
    let mut caller = context.second_connection()?;
    let mut watcher = context.second_connection()?;
    let started = context.now();
    let mut display = Display::new(context);
    let answer = std::thread::scope(|scope| {
        let call = scope.spawn(move || caller.ask::<IndexStatus>(method, &json!({})));
        // The call decides; that nobody can look on is no failure of it.
        let mut updates = watcher.subscribe("index/subscribe", &json!({})).ok();
        while let Some(source) = updates.as_mut().filter(|_| !call.is_finished()) {
            match source.next(Some(LOOK)) {
                Ok(Update::Said(update)) => {
                    let status = connection::read::<IndexStatus>(&update);
                    let elapsed = context.since(started);
                    if let Some(status) = status.ok().filter(|_| elapsed >= VISIBLE_AFTER) {
                        display.show(context, &status, elapsed);
                    }
                }
                Ok(Update::Quiet) => {}
                Ok(Update::Ended) | Err(_) => updates = None,
            }
        }
        call.join()
    });
    match answer {
        Ok(answer) => {
            let status = answer.map_err(|error| context.refused(error, None))?;
            let elapsed = context.since(started);
            display.end(context, &status, elapsed);
            Ok(status)
        }
        Err(panic) => std::panic::resume_unwind(panic),
    }
}

/// The closing line of a first run.
fn tell_ready(context: &mut Context<'_>, status: &IndexStatus) -> Result<(), Failure> {
    let agents: Vec<AgentInfo> = context.ask("agent/list", &json!({}))?;
    let sessions = agents.iter().map(|agent| agent.sessions.saturating_sub(agent.subagents)).sum();
    let bytes = agents.iter().map(|agent| agent.bytes).sum();
    let agents = agents.iter().filter(|agent| agent.sessions > 0).count() as u64;
    let line = text::ready(sessions, agents, bytes, status.last_round_ms);
    context.output.say(&format!("{line}\n"));
    Ok(())
}

/// Lines that are drawn over one another.
struct Display {
    style: Style,
    in_place: bool,
    width: usize,
    drawn: usize,
    told: Vec<String>,
    /// What was read when it was last told.
    seen: Vec<AgentProgress>,
}

impl Display {
    fn new(context: &Context<'_>) -> Self {
        let terminal = context.terminal();
        let dumb = context.variable("TERM").is_some_and(|term| term == "dumb");
        Self {
            style: context.talk_style,
            in_place: terminal.stderr && !dumb,
            width: terminal.width,
            drawn: 0,
            told: Vec::new(),
            seen: Vec::new(),
        }
    }

    fn show(&mut self, context: &mut Context<'_>, status: &IndexStatus, elapsed: u64) {
        if !status.agents.is_empty() {
            self.seen.clone_from(&status.agents);
        }
        if !self.in_place {
            return self.tell_finished(context, &status.agents);
        }
        let mut text = self.back();
        let lines = lines(status, elapsed, self.width, self.style);
        self.drawn = lines.len();
        for line in lines {
            text.push_str(&line);
            text.push_str("\u{1b}[K\n");
        }
        context.output.say(&text);
    }

    /// Shows the last state. One that is done may name no agents any more: those that were read are read to their end.
    fn end(&mut self, context: &mut Context<'_>, status: &IndexStatus, elapsed: u64) {
        let mut last = status.clone();
        if last.agents.is_empty() {
            last.agents = std::mem::take(&mut self.seen);
            for agent in &mut last.agents {
                (agent.done, agent.bytes_done) = (agent.total, agent.bytes_total);
            }
        }
        if self.in_place && self.drawn > 0 {
            self.show(context, &last, elapsed);
        } else if !self.in_place {
            self.tell_finished(context, &last.agents);
        }
    }

    /// The cursor back to the first line drawn, and all from there on gone.
    fn back(&self) -> String {
        if self.drawn == 0 { String::new() } else { format!("\u{1b}[{}A\r\u{1b}[J", self.drawn) }
    }

    /// A line for every agent that is done and was not told yet.
    fn tell_finished(&mut self, context: &mut Context<'_>, agents: &[AgentProgress]) {
        for agent in agents {
            if agent.total > 0 && agent.done >= agent.total && !self.told.contains(&agent.agent) {
                self.told.push(agent.agent.clone());
                let line = text::agent_read(&clean::one_line(&agent.agent), agent.total, agent.bytes_total);
                context.output.say(&format!("  {line}\n"));
            }
        }
    }
}

/// A line per agent, or one for all of a rebuild.
fn lines(status: &IndexStatus, elapsed: u64, width: usize, style: Style) -> Vec<String> {
    if status.state == IndexState::Rebuilding {
        let part = AgentProgress {
            agent: text::REBUILDING.to_owned(),
            done: status.index_sequence,
            total: status.store_sequence,
            bytes_done: status.index_sequence,
            bytes_total: status.store_sequence,
        };
        return vec![line(&part, (0, 0), elapsed, width, style)];
    }
    let agents: Vec<&AgentProgress> = status.agents.iter().filter(|agent| agent.total > 0).collect();
    let widest = |text: fn(&AgentProgress) -> String| agents.iter().map(|agent| cells::cells(&text(agent))).max();
    let widths = (widest(|agent| agent.agent.clone()).unwrap_or(0), widest(counts).unwrap_or(0));
    agents.iter().map(|agent| line(agent, widths, elapsed, width, style)).collect()
}

fn counts(agent: &AgentProgress) -> String {
    format!("{} of {}", number::count(agent.done), number::count(agent.total))
}

/// `claude-code  184 of 277  [=============>      ]  66%  2s left`
fn line(agent: &AgentProgress, widths: (usize, usize), elapsed: u64, width: usize, style: Style) -> String {
    let name = clean::one_line(&agent.agent);
    let name = format!("{name}{}", cells::padding(&name, widths.0));
    let counts = counts(agent);
    let counts = format!("{counts}{}", cells::padding(&counts, widths.1));
    let (done, total) = if agent.bytes_total > 0 {
        (agent.bytes_done.min(agent.bytes_total), agent.bytes_total)
    } else {
        (agent.done.min(agent.total), agent.total)
    };
    let finished = agent.done >= agent.total;
    let filled = if finished { BAR } else { (done as f64 / total.max(1) as f64 * BAR as f64) as usize };
    let bar = match filled {
        BAR.. => "=".repeat(BAR),
        filled => format!("{}>{}", "=".repeat(filled), " ".repeat(BAR - filled - 1)),
    };
    let percent = if finished { "100%".to_owned() } else { number::percent(done, total) };
    let left = if finished || done == 0 || elapsed < 500 {
        String::new()
    } else {
        // As fast as until now.
        let left = (total - done) as f64 / done as f64 * elapsed as f64;
        format!("  {}", text::left(left as u64))
    };
    let short = format!("  {name}  {counts}  {percent}");
    let full = format!("  {name}  {counts}  [{bar}] {percent:>4}{left}");
    let chosen = if cells::cells(&full) <= width { full } else { short };
    cells::cut_end(&chosen, width, style.ellipsis())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_per_agent_with_a_bar() {
        let agent = |agent: &str, done, total, bytes_done, bytes_total| AgentProgress {
            agent: agent.to_owned(),
            done,
            total,
            bytes_done,
            bytes_total,
        };
        let status = IndexStatus {
            state: IndexState::Reading,
            agents: vec![
                agent("claude-code", 184, 277, 232_000_000, 351_000_000),
                agent("codex", 31, 31, 21_000_000, 21_000_000),
                agent("goose", 0, 4, 0, 1_000),
                agent("aider", 0, 0, 0, 0),
            ],
            ..IndexStatus::default()
        };
        let style = Style::default();
        assert_eq!(
            lines(&status, 4_000, 80, style),
            [
                "  claude-code  184 of 277  [=============>      ]  66%  2s left",
                "  codex        31 of 31    [====================] 100%",
                "  goose        0 of 4      [>                   ]   0%",
            ]
        );
        assert_eq!(lines(&status, 4_000, 40, style)[0], "  claude-code  184 of 277  66%");
    }
}
