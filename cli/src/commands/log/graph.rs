//! Which session came from which, drawn as git draws commits: a session stands above the one that it came from.

use std::collections::{HashMap, HashSet};

use opensession_protocol::{SessionInfo, SessionRelation, SessionState};

use super::{Format, Pages, block};
use crate::context::Context;
use crate::failure::Failure;
use crate::format::cells;
use crate::output::Style;
use crate::session_line;

/// The sessions to draw: at most so many of people, and what came from them.
pub(super) fn sessions(
    pages: &mut Pages,
    limit: Option<u64>,
    context: &mut Context<'_>,
) -> Result<Vec<SessionInfo>, Failure> {
    let limit = limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX));
    let mut sessions: Vec<SessionInfo> = Vec::new();
    let mut people = 0;
    let mut earliest = None;
    'pages: while limit > 0
        && let Some(page) = pages.next(None, context)?
    {
        for session in page {
            // A sub-agent's session has not changed since before its parent's began.
            if people >= limit && earliest.is_some_and(|earliest| session.updated < earliest) {
                break 'pages;
            }
            if session.relation != Some(SessionRelation::Subagent) {
                if people >= limit {
                    continue;
                }
                people += 1;
                earliest = Some(earliest.map_or(session.started, |earliest: Option<_>| earliest.min(session.started)));
            }
            sessions.push(session);
        }
    }
    if people >= limit {
        keep_connected(&mut sessions);
    }
    Ok(sessions)
}

/// Drops sub-agents' sessions whose parents are not there.
fn keep_connected(sessions: &mut Vec<SessionInfo>) {
    loop {
        let ids: HashSet<String> = sessions.iter().map(|session| session.id.clone()).collect();
        let before = sessions.len();
        sessions.retain(|session| {
            session.relation != Some(SessionRelation::Subagent)
                || session.parent.as_ref().is_some_and(|parent| ids.contains(parent))
        });
        if sessions.len() == before {
            return;
        }
    }
}

/// Draws them.
pub(super) fn show(sessions: &[SessionInfo], format: &Format, context: &mut Context<'_>) -> Result<(), Failure> {
    let style = context.style;
    let nodes = nodes(sessions);
    let prefix_cells = nodes.iter().map(|node| 2 * (node.column + 1)).max().unwrap_or(0);
    let width = context.width().saturating_sub(prefix_cells).max(20);
    let ordered: Vec<&SessionInfo> = nodes.iter().map(|node| &sessions[node.session]).collect();
    // Columns are aligned over all rows.
    let rows = match format {
        Format::Oneline if context.to_terminal() => session_line::rows_in(width, &ordered, context),
        _ => Vec::new(),
    };
    for (index, node) in nodes.iter().enumerate() {
        let session = &sessions[node.session];
        let lines: Vec<String> = match format {
            Format::Template(template) => template.fill(session, context).lines().map(str::to_owned).collect(),
            _ if !context.to_terminal() => vec![session_line::tabs(session)],
            Format::Oneline => rows[index].lines().map(str::to_owned).collect(),
            Format::Short | Format::Full => block(session, format, width, context),
        };
        let bars = "| ".repeat(node.column);
        let is_long = lines.len() > 1;
        for (number, line) in lines.iter().enumerate() {
            let sign = if number == 0 { sign(session.state, style) } else { node.below().into() };
            let plain = format!("{bars}_ ");
            let padding = if context.to_terminal() { cells::padding(&plain, prefix_cells) } else { String::new() };
            context.output.line(format!("{bars}{sign} {padding}{line}").trim_end())?;
        }
        if node.joins {
            context.output.line(&format!("{}|/", "| ".repeat(node.column - 1)))?;
        } else if is_long && index + 1 < nodes.len() {
            context.output.line(format!("{bars}{}", node.below()).trim_end())?;
        }
    }
    Ok(())
}

/// A session in the drawing.
#[derive(Debug, PartialEq, Eq)]
struct Node {
    /// Its place in the list.
    session: usize,
    /// Its column; in all columns before it a line goes down.
    column: usize,
    /// Whether its line goes on down to the session that it came from.
    goes_on: bool,
    /// Whether its line ends in that of the column before, right below it.
    joins: bool,
}

impl Node {
    fn below(&self) -> &'static str {
        if self.goes_on { "|" } else { " " }
    }
}

/// The sessions in their order from top to bottom: what came from a session stands above it, the newest first, and
/// families stand together.
fn nodes(sessions: &[SessionInfo]) -> Vec<Node> {
    let by_id: HashMap<&str, usize> = sessions.iter().enumerate().map(|(at, session)| (&*session.id, at)).collect();
    let parent_of = |at: usize| {
        let parent = sessions[at].parent.as_deref()?;
        by_id.get(parent).copied().filter(|parent| *parent != at)
    };
    let mut children: HashMap<usize, Vec<usize>> = HashMap::new();
    for at in 0..sessions.len() {
        if let Some(parent) = parent_of(at) {
            children.entry(parent).or_default().push(at);
        }
    }
    let mut seen = HashSet::new();
    let mut families: Vec<Vec<usize>> = Vec::new();
    let tops = (0..sessions.len()).filter(|at| parent_of(*at).is_none());
    // A damaged log may name sessions as each other's parents: those have no top.
    for top in tops.chain(0..sessions.len()) {
        let mut family = Vec::new();
        let mut waiting = vec![top];
        while let Some(at) = waiting.pop() {
            if seen.insert(at) {
                family.push(at);
                // Sessions come newest first. Taken from the end, reversed below: the newest stands at the top.
                waiting.extend(children.get(&at).into_iter().flatten().copied());
            }
        }
        family.reverse();
        families.extend(Some(family).filter(|family| !family.is_empty()));
    }
    families.sort_by_key(|family| {
        std::cmp::Reverse(family.iter().map(|at| sessions[*at].updated).max().unwrap_or_default())
    });
    families.iter().flat_map(|family| columns(family, parent_of)).collect()
}

fn columns(family: &[usize], parent_of: impl Fn(usize) -> Option<usize>) -> Vec<Node> {
    let members: HashSet<usize> = family.iter().copied().collect();
    // The session that each column's line goes down to.
    let mut lines: Vec<usize> = Vec::new();
    let mut nodes = Vec::new();
    for &session in family {
        let column = if lines.last() == Some(&session) {
            lines.pop();
            lines.len()
        } else {
            lines.len()
        };
        let parent = parent_of(session).filter(|parent| members.contains(parent));
        let joins = parent.is_some() && lines.last() == parent.as_ref();
        if let Some(parent) = parent.filter(|_| !joins) {
            lines.push(parent);
        }
        nodes.push(Node { session, column, goes_on: parent.is_some(), joins });
    }
    nodes
}

/// A session's sign: what it is doing.
fn sign(state: SessionState, style: Style) -> std::borrow::Cow<'static, str> {
    match state {
        SessionState::Live => style.live(style.live_sign()),
        SessionState::Waiting => style.waiting(style.waiting_sign()),
        SessionState::Finished | SessionState::Interrupted => "o".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sessions by name, newest first, each with the name of the one that it came from.
    fn drawn(sessions: &[(&str, &str)]) -> Vec<String> {
        let sessions: Vec<SessionInfo> = sessions
            .iter()
            .zip(0_i64..)
            .map(|((id, parent), age)| SessionInfo {
                id: (*id).to_owned(),
                parent: Some((*parent).to_owned()).filter(|parent| !parent.is_empty()),
                updated: jiff::Timestamp::from_second(1_000_000 - age).ok(),
                ..SessionInfo::default()
            })
            .collect();
        let nodes = nodes(&sessions);
        nodes
            .iter()
            .flat_map(|node| {
                let first = format!("{}o {}", "| ".repeat(node.column), sessions[node.session].id);
                [first].into_iter().chain(node.joins.then(|| format!("{}|/", "| ".repeat(node.column - 1))))
            })
            .collect()
    }

    #[test]
    fn what_came_from_a_session_stands_above_it() {
        assert_eq!(
            drawn(&[("a", ""), ("a1", "a"), ("b", ""), ("a2", "a"), ("a21", "a2"), ("a22", "a2"), ("a3", "a")]),
            ["o a1", "| o a21", "| | o a22", "| |/", "| o a2", "|/", "| o a3", "|/", "o a", "o b"]
        );
    }

    #[test]
    fn a_ring_of_parents_is_drawn_all_the_same() {
        assert_eq!(drawn(&[("a", "b"), ("b", "a"), ("c", "c"), ("d", "gone")]).len(), 4);
    }
}
