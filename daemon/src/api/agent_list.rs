//! `agent/list`

use std::{
    collections::{BTreeSet, HashMap},
    path::Path,
};

use jsonrpsee::core::RpcResult;
use opensession_protocol::{AgentBegin, AgentInfo};

use super::errors;
use crate::engine::Engine;

/// Reasons named for each agent at most.
const UNREADABLE_MOST: usize = 20;

pub(super) fn answer(engine: &Engine) -> RpcResult<Vec<AgentInfo>> {
    let catalog = engine.catalog();
    let config = engine.config();
    let rows = engine.texts.with_reader(|reader| reader.sources()).map_err(errors::store)?;
    let mut agents: Vec<AgentInfo> = opensession_agents::registry::agents()
        .iter()
        .map(|agent| {
            let roots = agent.roots(engine.environment());
            let (there, absent): (Vec<_>, Vec<_>) = roots.iter().partition(|root| root.path.is_dir());
            let text = |roots: Vec<&opensession_agents::Root>| {
                roots.iter().map(|root| root.path.display().to_string()).collect()
            };
            AgentInfo {
                id: agent.id().to_owned(),
                name: agent.name().to_owned(),
                enabled: config.watchers.enabled(agent.switch()),
                roots: text(there),
                absent_roots: text(absent),
                begin: agent.begin().map(|begin| AgentBegin {
                    command: begin.command.iter().map(|&word| word.to_owned()).collect(),
                    from_file: begin.from_file,
                }),
                takes_sessions: agent.writer().is_some(),
                ..AgentInfo::default()
            }
        })
        .collect();
    let at: HashMap<String, usize> = agents.iter().enumerate().map(|(index, info)| (info.id.clone(), index)).collect();
    let mut projects: HashMap<usize, BTreeSet<String>> = HashMap::new();
    let mut with_sessions: std::collections::HashSet<i64> = std::collections::HashSet::new();
    for entry in catalog.iter() {
        let Some(info) = at.get(&entry.info.agent).map(|index| &mut agents[*index]) else { continue };
        with_sessions.insert(entry.source);
        if entry.root == entry.key {
            info.sessions += 1;
        } else {
            info.subagents += 1;
        }
        info.latest = info.latest.max(entry.info.updated);
    }
    for row in rows {
        let Some(info) = at.get(&row.agent).map(|index| &mut agents[*index]) else { continue };
        if row.forgotten {
            continue;
        }
        if let Some(failure) = &row.failure
            && info.unreadable.len() < UNREADABLE_MOST
        {
            info.unreadable.push(format!("{}: {failure}", row.source.path.display()));
        }
        if row.source.native_id.is_empty() {
            // A container that could not be listed holds no session that could be counted.
            info.problems += u64::from(row.failure.is_some());
            info.sources_with_problems += u64::from(row.failure.is_some());
            continue;
        }
        // Where an agent has no folder of its own, its sessions lie in projects.
        if info.roots.is_empty()
            && let Some(folder) = folder_of(&row.source.path)
        {
            projects.entry(at[&row.agent]).or_default().insert(folder);
        }
        info.sources += 1;
        info.sources_read += u64::from(row.failure.is_none());
        info.bytes += row.cursor.offset;
        info.empty += u64::from(!with_sessions.contains(&row.id));
        let problems = row.problems + u64::from(row.failure.is_some());
        info.problems += problems;
        info.sources_with_problems += u64::from(problems > 0);
    }
    let progress = engine.progress().borrow().clone();
    for (agent, drafts) in progress.drafts {
        if let Some(index) = at.get(agent) {
            agents[*index].empty += drafts;
        }
    }
    for (agent, reason) in progress.unreadable {
        let Some(info) = at.get(agent).map(|index| &mut agents[*index]) else { continue };
        info.problems += 1;
        if info.unreadable.len() < UNREADABLE_MOST {
            info.unreadable.push(reason);
        }
    }
    for (index, folders) in projects {
        agents[index].roots.extend(folders);
    }
    for info in &mut agents {
        info.sessions += info.subagents;
    }
    Ok(agents)
}

/// The folder of a source. One in a container is named by the container's path, `#` and its own id.
fn folder_of(path: &Path) -> Option<String> {
    let text = path.to_str()?;
    let file = text.split_once('#').map_or(text, |(container, _)| container);
    Some(Path::new(file).parent()?.to_str()?.to_owned()).filter(|folder| !folder.is_empty())
}
