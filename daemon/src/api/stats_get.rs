//! `stats/get`

use std::collections::{BTreeMap, HashSet};

use jiff::{Timestamp, tz::TimeZone};
use jsonrpsee::core::RpcResult;
use opensession_protocol::{SessionFilter, SessionStats, StatsAnswer, StatsBy, StatsRow};

use super::{filter, scope};
use crate::{catalog::SessionEntry, engine::Engine};

pub(super) fn answer(
    engine: &Engine,
    wanted: &SessionFilter,
    by: StatsBy,
    time_zone: Option<&str>,
) -> RpcResult<StatsAnswer> {
    let catalog = engine.catalog();
    let zone = scope::time_zone(time_zone)?;
    let left = filter::apply(engine, &catalog, wanted, time_zone)?;
    // What sub-agents used belongs to the session that started them.
    let roots: HashSet<u32> = left.sessions.iter().map(|entry| entry.root).collect();
    let mut rows: BTreeMap<String, StatsRow> = BTreeMap::new();
    let mut total = StatsRow { key: "total".into(), ..StatsRow::default() };
    for entry in catalog.iter().filter(|entry| roots.contains(&entry.root)) {
        let root = catalog.get(entry.root).unwrap_or(entry);
        let key = group(root, by, &zone);
        let row = rows.entry(key.clone()).or_insert_with(|| StatsRow { key, ..StatsRow::default() });
        let is_root = entry.key == entry.root;
        for row in [row, &mut total] {
            row.sessions += u64::from(is_root);
            add(&mut row.stats, &entry.info.stats, is_root);
        }
    }
    let mut rows: Vec<StatsRow> = rows.into_values().collect();
    if !matches!(by, StatsBy::Day | StatsBy::Week | StatsBy::Month) {
        rows.sort_by(|a, b| b.sessions.cmp(&a.sessions).then_with(|| a.key.cmp(&b.key)));
    }
    Ok(StatsAnswer { rows, total, scope_repository: left.scope_repository })
}

fn group(entry: &SessionEntry, by: StatsBy, zone: &TimeZone) -> String {
    let unknown = || "unknown".to_owned();
    match by {
        StatsBy::Agent => entry.info.agent.clone(),
        StatsBy::Model => entry.info.model.clone().unwrap_or_else(unknown),
        StatsBy::Repo => entry.info.repository.clone().unwrap_or_else(unknown),
        StatsBy::Day | StatsBy::Week | StatsBy::Month => {
            let Some(date) = entry.info.updated.map(|time: Timestamp| time.to_zoned(zone.clone()).date()) else {
                return unknown();
            };
            match by {
                StatsBy::Week => {
                    let week = date.iso_week_date();
                    format!("{}-W{:02}", week.year(), week.week())
                }
                StatsBy::Month => format!("{}-{:02}", date.year(), date.month()),
                _ => date.to_string(),
            }
        }
    }
}

fn add(sum: &mut SessionStats, stats: &SessionStats, is_root: bool) {
    if is_root {
        sum.turns += stats.turns;
        sum.active_ms += stats.active_ms;
    }
    sum.agent_messages += stats.agent_messages;
    sum.calls += stats.calls;
    sum.results += stats.results;
    sum.errors += stats.errors;
    sum.edits += stats.edits;
    sum.files += stats.files;
    sum.added += stats.added;
    sum.removed += stats.removed;
    sum.input_tokens += stats.input_tokens;
    sum.output_tokens += stats.output_tokens;
    sum.cache_read_tokens += stats.cache_read_tokens;
    sum.cache_write_tokens += stats.cache_write_tokens;
    sum.cost = match (sum.cost, stats.cost) {
        (None, None) => None,
        (a, b) => Some(a.unwrap_or_default() + b.unwrap_or_default()),
    };
    sum.problems += stats.problems;
}
