//! `opensession doctor`

use opensession_protocol::{AgentInfo, DaemonStatus, IndexState, ProblemPage};
use serde_json::json;

use crate::arguments::HELP_TEMPLATE;
use crate::context::Context;
use crate::failure::{Exit, Failure};
use crate::format::{cells, clean};
use crate::text;

/// Problems that are listed at most.
const PROBLEMS_MOST: u32 = 10_000;

/// Check that everything works, and say what to do where it does not.
#[derive(Debug, clap::Args)]
#[command(
    help_template = HELP_TEMPLATE,
    before_help = "Examples:\n  opensession doctor\n  opensession doctor --problems",
    after_help = "Exit code 1 when something fails, 3 when the daemon cannot be reached."
)]
pub(crate) struct Arguments {
    /// List what could not be read
    #[arg(long)]
    problems: bool,
    /// Only problems of this agent
    #[arg(long, value_name = "AGENT", requires = "problems")]
    agent: Option<String>,
    /// One JSON object a line: checks or problems, then a summary
    #[arg(long, help_heading = "Display")]
    json: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Ok,
    Warn,
    Fail,
}

struct Check {
    verdict: Verdict,
    subject: String,
    message: String,
    remedy: Option<String>,
}

pub(crate) fn run(arguments: &Arguments, context: &mut Context<'_>) -> Result<Exit, Failure> {
    if arguments.problems {
        return list_problems(arguments, context);
    }
    let mut checks = Vec::new();
    let reached = check_daemon(&mut checks, context);
    let (failures, warnings) = (count(&checks, Verdict::Fail), count(&checks, Verdict::Warn));
    for check in &checks {
        if arguments.json {
            context.json(&json!({
                "type": "check",
                "verdict": check.verdict.word(),
                "subject": check.subject,
                "message": check.message,
                "remedy": check.remedy,
            }))?;
        } else {
            show(check, context)?;
        }
    }
    if arguments.json {
        context.json(&json!({ "type": "summary", "failures": failures, "warnings": warnings }))?;
    } else {
        context.output.talk(&text::doctor_summary(failures, warnings));
    }
    Ok(match (reached, failures) {
        (false, _) => Exit::OutOfReach,
        (true, 0) => Exit::Done,
        _ => Exit::NothingFound,
    })
}

/// Checks what the daemon tells of itself; `false` when it does not answer.
fn check_daemon(checks: &mut Vec<Check>, context: &mut Context<'_>) -> bool {
    let status: Result<DaemonStatus, Failure> = context.ask("daemon/status", &json!({}));
    let status = match status {
        Ok(status) => status,
        Err(failure) => {
            checks.push(Check::from_failure(text::CHECK_DAEMON, failure));
            return false;
        }
    };
    let version = clean::one_line(&status.version).into_owned();
    checks.push(if status.version == env!("CARGO_PKG_VERSION") {
        Check::ok(text::CHECK_DAEMON, text::same_version(&version))
    } else {
        Check::new(Verdict::Warn, text::CHECK_DAEMON, text::other_version(&version), Some(text::REMEDY_RESTART))
    });
    checks.push(match status.index.state {
        IndexState::Failed => {
            Check::new(Verdict::Fail, text::CHECK_INDEX, text::index_line(&status.index), Some(text::REMEDY_REBUILD))
        }
        _ => Check::ok(text::CHECK_INDEX, text::index_line(&status.index)),
    });
    let agents: Result<Vec<AgentInfo>, Failure> = context.ask("agent/list", &json!({}));
    match agents {
        Ok(agents) => checks.extend(check_agents(&agents)),
        Err(failure) => checks.push(Check::from_failure(text::CHECK_READING, failure)),
    }
    for warning in &status.warnings {
        checks.push(Check {
            verdict: if warning.subject == "store" { Verdict::Fail } else { Verdict::Warn },
            subject: clean::one_line(&warning.subject).into_owned(),
            message: clean::one_line(&warning.message).into_owned(),
            remedy: warning.remedy.as_deref().map(|remedy| clean::one_line(remedy).into_owned()),
        });
    }
    true
}

fn check_agents(agents: &[AgentInfo]) -> Vec<Check> {
    let sum = |of: fn(&AgentInfo) -> u64| agents.iter().map(of).sum::<u64>();
    let sessions = sum(|agent| agent.sessions.saturating_sub(agent.subagents));
    let with_sessions = agents.iter().filter(|agent| agent.sessions > 0).count() as u64;
    let (problems, sources) = (sum(|agent| agent.problems), sum(|agent| agent.sources_with_problems));
    let mut checks = vec![if with_sessions == 0 {
        Check::new(Verdict::Warn, text::CHECK_AGENTS, text::NO_AGENT.to_owned(), Some(text::REMEDY_DISCOVER))
    } else {
        Check::ok(text::CHECK_AGENTS, text::discovered(sessions, with_sessions, 0, 0))
    }];
    checks.push(if problems == 0 {
        Check::ok(text::CHECK_READING, text::ALL_READ.to_owned())
    } else {
        let whole = sum(|agent| agent.unreadable.len() as u64);
        Check::new(Verdict::Warn, text::CHECK_READING, text::damaged(problems, sources, whole), None)
    });
    checks
}

fn show(check: &Check, context: &mut Context<'_>) -> Result<(), Failure> {
    if !context.to_terminal() {
        let remedy = check.remedy.as_deref().unwrap_or_default();
        let line = format!("{}\t{}\t{}\t{remedy}", check.verdict.word(), check.subject, check.message);
        return context.output.line(&line);
    }
    let style = context.style;
    let word = check.verdict.word();
    let dressed = match check.verdict {
        Verdict::Ok => style.ok(word),
        Verdict::Warn => style.waiting(word),
        Verdict::Fail => style.failed(word),
    };
    let padding = " ".repeat(4 - word.len());
    let subject_padding = cells::padding(&check.subject, 7);
    let indent = 6 + cells::cells(&check.subject).max(7) + 2;
    let room = context.width().saturating_sub(indent).max(20);
    for (index, part) in cells::wrap(&check.message, room).iter().enumerate() {
        if index == 0 {
            let line = format!("{dressed}{padding}  {}{subject_padding}  {part}", check.subject);
            context.output.line(&line)?;
        } else {
            context.output.line(&format!("{}{part}", " ".repeat(indent)))?;
        }
    }
    match &check.remedy {
        Some(remedy) => context.output.line(&format!("{}{} {remedy}", " ".repeat(indent), text::REMEDY)),
        None => Ok(()),
    }
}

fn list_problems(arguments: &Arguments, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let params = json!({ "agent": arguments.agent, "limit": PROBLEMS_MOST });
    let page: ProblemPage = context.ask("problem/list", &params)?;
    if arguments.json {
        for problem in &page.problems {
            context.json_as("problem", problem)?;
        }
        context.json(&json!({ "type": "summary", "problems": page.total, "sources": page.sources }))?;
        return Ok(Exit::Done);
    }
    let mut last_path = None;
    for problem in &page.problems {
        let reason = clean::one_line(&problem.reason);
        if !context.to_terminal() {
            let path = clean::one_line(&problem.path);
            let session = problem.session.as_deref().map(clean::one_line).unwrap_or_default();
            let agent = clean::one_line(&problem.agent);
            context.output.line(&format!("{agent}\t{path}\t{}\t{session}\t{reason}", problem.line))?;
            continue;
        }
        if last_path != Some(&problem.path) {
            let path = context.path(&problem.path);
            let id: Option<String> = problem.session.as_deref().map(|id| id.chars().take(8).collect());
            let id = id.map(|id| format!("  {}", clean::one_line(&id))).unwrap_or_default();
            let path = context.style.bold(&path).into_owned();
            context.output.line(&format!("{path}{id}"))?;
            last_path = Some(&problem.path);
        }
        let place = if problem.line == 0 { text::WHOLE_FILE.to_owned() } else { text::line_number(problem.line) };
        context.output.line(&format!("  {place}  {reason}"))?;
    }
    let rest = page.total.saturating_sub(page.problems.len() as u64);
    if rest > 0 {
        context.output.talk(&text::more_problems(rest));
    }
    context.output.talk(&if page.total == 0 {
        text::ALL_READ.to_owned()
    } else {
        text::problems(page.total, page.sources)
    });
    Ok(Exit::Done)
}

fn count(checks: &[Check], verdict: Verdict) -> u64 {
    checks.iter().filter(|check| check.verdict == verdict).count() as u64
}

impl Verdict {
    fn word(self) -> &'static str {
        match self {
            Self::Ok => text::OK,
            Self::Warn => text::WARN,
            Self::Fail => text::FAIL,
        }
    }
}

impl Check {
    fn new(verdict: Verdict, subject: &str, message: String, remedy: Option<&str>) -> Self {
        Self { verdict, subject: subject.to_owned(), message, remedy: remedy.map(str::to_owned) }
    }

    fn ok(subject: &str, message: String) -> Self {
        Self::new(Verdict::Ok, subject, message, None)
    }

    fn from_failure(subject: &str, failure: Failure) -> Self {
        match failure {
            Failure::BrokenPipe => Self::new(Verdict::Fail, subject, text::DAEMON_LOST.to_owned(), None),
            Failure::Said(said) => {
                let (message, remedy) = said.into_parts();
                Self {
                    verdict: Verdict::Fail,
                    subject: subject.to_owned(),
                    message: clean::one_line(&message).into_owned(),
                    remedy,
                }
            }
        }
    }
}
