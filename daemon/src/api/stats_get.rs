//! `stats/get`

use std::collections::{BTreeMap, HashMap, HashSet};

use jiff::{Timestamp, Zoned, tz::TimeZone};
use jsonrpsee::core::RpcResult;
use opensession_hail::statistics::{SLOT_SECONDS, Slot, Timeline, Tokens, Work};
use opensession_protocol::{SessionFilter, SessionStats, StatsAnswer, StatsBy, StatsRow};

use super::{filter, scope};
use crate::{
    catalog::{SessionEntry, SessionKey},
    engine::Engine,
    prices::{AS_OF, Prices},
    search::query::TimeRange,
    store::timeline,
};

/// Models without a price that are named at most.
const UNPRICED_MOST: usize = 20;

pub(super) fn answer(
    engine: &Engine,
    wanted: &SessionFilter,
    by: StatsBy,
    time_zone: Option<&str>,
) -> RpcResult<StatsAnswer> {
    let catalog = engine.catalog();
    let zone = scope::time_zone(time_zone)?;
    let range = time_range(engine, wanted, time_zone)?;
    // A session that went on after the end of the time that is looked at counts with what it did before.
    let sessions = SessionFilter { until: None, ..wanted.clone() };
    let left = filter::apply(engine, &catalog, &sessions, time_zone)?;
    // What sub-agents used belongs to the session that started them.
    let roots: HashSet<SessionKey> = left.sessions.iter().map(|entry| entry.root).collect();
    let mut sum = Sum::new(by, zone);
    let prices = engine.prices();
    for entry in catalog.iter().filter(|entry| roots.contains(&entry.root)) {
        let root = catalog.get(entry.root).unwrap_or(entry);
        sum.add(entry, root, range, &prices);
    }
    let (rows, total, unpriced_models) = sum.finish();
    let prices_as_of = AS_OF.to_owned();
    Ok(StatsAnswer { rows, total, unpriced_models, prices_as_of, scope_repository: left.scope_repository })
}

/// The time that is looked at, in milliseconds since 1970.
fn time_range(engine: &Engine, wanted: &SessionFilter, time_zone: Option<&str>) -> RpcResult<(i64, i64)> {
    let context = filter::context(engine, time_zone)?;
    let read = |name: &str, value: Option<&String>| -> RpcResult<Option<TimeRange>> {
        value.map(|value| filter::time_range(name, value, &context)).transpose()
    };
    let since = read("since", wanted.since.as_ref())?.and_then(|range| range.from_ms);
    let until = read("until", wanted.until.as_ref())?.and_then(|range| range.until_ms);
    Ok((since.unwrap_or(i64::MIN), until.unwrap_or(i64::MAX)))
}

/// Figures being added up.
struct Sum {
    by: StatsBy,
    zone: TimeZone,
    rows: BTreeMap<String, (StatsRow, HashSet<SessionKey>)>,
    total: StatsRow,
    sessions: HashSet<SessionKey>,
    unpriced: HashMap<String, u64>,
}

impl Sum {
    fn new(by: StatsBy, zone: TimeZone) -> Self {
        let mut rows = BTreeMap::new();
        let fixed: Vec<String> = match by {
            StatsBy::Hour => (0..24).map(|hour| format!("{hour:02}")).collect(),
            StatsBy::Weekday => WEEKDAYS.map(str::to_owned).to_vec(),
            _ => Vec::new(),
        };
        for key in fixed {
            rows.insert(key.clone(), (StatsRow { key, ..StatsRow::default() }, HashSet::new()));
        }
        let total = StatsRow { key: "total".into(), ..StatsRow::default() };
        Self { by, zone, rows, total, sessions: HashSet::new(), unpriced: HashMap::new() }
    }

    /// Adds what a session did in the time that is looked at.
    fn add(&mut self, entry: &SessionEntry, root: &SessionEntry, range: (i64, i64), prices: &Prices) {
        let timeline = timeline::decode(&entry.timeline).filter(|timeline| !timeline.slots().is_empty());
        let timeline = timeline.unwrap_or_else(|| undated(entry));
        let stats = &entry.info.stats;
        let is_logged = stats.cost.is_some() && !stats.cost_estimated;
        let is_root = entry.key == entry.root;
        let mut did_something = false;
        for slot in timeline.slots() {
            let ms = if slot.start == 0 { entry.updated_ms } else { slot.start.saturating_mul(1_000) };
            if ms.saturating_add(SLOT_SECONDS * 1_000) <= range.0 || ms >= range.1 {
                continue;
            }
            did_something = true;
            let model = timeline.models().get(usize::from(slot.model)).map_or("", String::as_str);
            let rates = prices.rates(model, slot.start);
            let tokens = slot.work.tokens.total();
            let (cost, unpriced) = match (is_logged, rates) {
                (true, _) => (slot.work.cost, 0),
                (false, Some(rates)) if tokens > 0 => (Some(rates.cost(&slot.work.tokens)), 0),
                (false, Some(_)) => (None, 0),
                (false, None) => (None, tokens),
            };
            if unpriced > 0 {
                *self.unpriced.entry(if model.is_empty() { UNKNOWN } else { model }.to_owned()).or_default() +=
                    unpriced;
            }
            let key = self.group(root, model, ms);
            let (row, sessions) = self
                .rows
                .entry(key.clone())
                .or_insert_with(|| (StatsRow { key, ..StatsRow::default() }, HashSet::new()));
            sessions.insert(entry.root);
            for row in [row, &mut self.total] {
                add(&mut row.stats, &slot.work, is_root);
                if let Some(cost) = cost {
                    row.stats.cost = Some(row.stats.cost.unwrap_or_default() + cost);
                    row.stats.cost_estimated |= !is_logged;
                }
                row.unpriced_tokens += unpriced;
            }
        }
        if did_something {
            self.sessions.insert(entry.root);
            self.total.stats.problems += stats.problems;
        }
    }

    fn group(&self, root: &SessionEntry, model: &str, ms: i64) -> String {
        let info = &root.info;
        let known = |name: Option<&str>| name.filter(|name| !name.is_empty()).unwrap_or(UNKNOWN).to_owned();
        match self.by {
            StatsBy::Agent => info.agent.clone(),
            StatsBy::Model => known(Some(model)),
            StatsBy::Repo => known(info.repository.as_deref()),
            StatsBy::Branch => match info.branch.as_deref() {
                Some(branch) => format!("{}@{branch}", info.repository.as_deref().unwrap_or_default()),
                None => known(None),
            },
            StatsBy::Day | StatsBy::Week | StatsBy::Month | StatsBy::Hour | StatsBy::Weekday => {
                let time = Timestamp::from_millisecond(ms).ok().filter(|_| ms != 0);
                match time {
                    Some(time) => period(self.by, &time.to_zoned(self.zone.clone())),
                    None => known(None),
                }
            }
        }
    }

    fn finish(mut self) -> (Vec<StatsRow>, StatsRow, Vec<String>) {
        self.total.sessions = self.sessions.len() as u64;
        let rows = self.rows.into_values();
        let mut rows: Vec<StatsRow> =
            rows.map(|(row, sessions)| StatsRow { sessions: sessions.len() as u64, ..row }).collect();
        match self.by {
            StatsBy::Agent | StatsBy::Model | StatsBy::Repo | StatsBy::Branch => {
                rows.sort_by(|a, b| b.sessions.cmp(&a.sessions).then_with(|| a.key.cmp(&b.key)));
            }
            StatsBy::Weekday => {
                rows.sort_by_key(|row| WEEKDAYS.iter().position(|day| *day == row.key));
                // What has no time stands last.
                let without_time = rows.iter().take_while(|row| row.key == UNKNOWN).count();
                rows.rotate_left(without_time);
            }
            StatsBy::Day | StatsBy::Week | StatsBy::Month | StatsBy::Hour => {}
        }
        if self.sessions.is_empty() {
            rows.clear();
        }
        let mut unpriced: Vec<(String, u64)> = self.unpriced.into_iter().collect();
        unpriced.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        unpriced.truncate(UNPRICED_MOST);
        (rows, self.total, unpriced.into_iter().map(|(model, _)| model).collect())
    }
}

const UNKNOWN: &str = "unknown";
const WEEKDAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/// The day, week, month, hour or day of the week of a time.
fn period(by: StatsBy, time: &Zoned) -> String {
    let date = time.date();
    match by {
        StatsBy::Week => {
            let week = date.iso_week_date();
            format!("{}-W{:02}", week.year(), week.week())
        }
        StatsBy::Month => format!("{}-{:02}", date.year(), date.month()),
        StatsBy::Hour => format!("{:02}", time.hour()),
        StatsBy::Weekday => WEEKDAYS[date.weekday().to_monday_zero_offset() as usize].to_owned(),
        _ => date.to_string(),
    }
}

/// The timeline of a session that was read before timelines were kept: all at its last change, by its last model.
fn undated(entry: &SessionEntry) -> Timeline {
    let stats = &entry.info.stats;
    let tokens = Tokens {
        input: stats.input_tokens,
        output: stats.output_tokens,
        cache_read: stats.cache_read_tokens,
        cache_write: stats.cache_write_tokens,
        reasoning: 0,
    };
    let work = Work {
        turns: stats.turns,
        active_ms: stats.active_ms,
        calls: stats.calls,
        results: stats.results,
        errors: stats.errors,
        edits: stats.edits,
        files: stats.files,
        added: stats.added,
        removed: stats.removed,
        tokens,
        cost: stats.cost.filter(|_| !stats.cost_estimated),
    };
    Timeline::new(vec![entry.info.model.clone().unwrap_or_default()], vec![Slot { start: 0, model: 0, work }])
}

fn add(sum: &mut SessionStats, work: &Work, is_root: bool) {
    if is_root {
        sum.turns += work.turns;
        sum.active_ms += work.active_ms;
    }
    sum.calls += work.calls;
    sum.results += work.results;
    sum.errors += work.errors;
    sum.edits += work.edits;
    sum.files += work.files;
    sum.added = sum.added.saturating_add(work.added);
    sum.removed = sum.removed.saturating_add(work.removed);
    sum.input_tokens = sum.input_tokens.saturating_add(work.tokens.input);
    sum.output_tokens = sum.output_tokens.saturating_add(work.tokens.output);
    sum.cache_read_tokens = sum.cache_read_tokens.saturating_add(work.tokens.cache_read);
    sum.cache_write_tokens = sum.cache_write_tokens.saturating_add(work.tokens.cache_write);
}
