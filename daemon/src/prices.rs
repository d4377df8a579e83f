//! What tokens cost, for the agents that do not log it: list prices, and the user's own before them.

use jiff::{Timestamp, civil::Date, tz::TimeZone};
use opensession_hail::statistics::{Timeline, Tokens};
use opensession_protocol::config;
use rustc_hash::FxHashMap;

/// The table, a line a price.
const TABLE: &str = include_str!("prices/table.txt");

/// The day on which the table was right.
pub const AS_OF: &str = "2026-11-05";

/// Endings of names that say how a model is asked, not which one it is.
const SAME_PRICE: &[&str] = &[
    "latest",
    "preview",
    "exp",
    "experimental",
    "thinking",
    "minimal",
    "low",
    "medium",
    "high",
    "xhigh",
    "001",
    "002",
];

/// Prices of models.
#[derive(Debug, Clone)]
pub struct Prices {
    /// The user's own, by their normal names, the longest name first.
    own: Vec<(String, Rates)>,
    /// By normal name: from when on (in seconds since 1970), oldest first.
    listed: FxHashMap<&'static str, Vec<(i64, Rates)>>,
}

/// US dollars for a million tokens.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rates {
    /// Input that came from no cache.
    pub input: f64,
    /// Output, reasoning included.
    pub output: f64,
    /// Input read from a cache.
    pub cache_read: f64,
    /// Input written to a cache.
    pub cache_write: f64,
}

/// What some tokens cost.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Estimate {
    /// US dollars; `None` where no token had a price.
    pub cost: Option<f64>,
    /// Tokens that have no price.
    pub unpriced: u64,
}

impl Prices {
    /// The listed prices, and before them the user's own.
    pub fn new(own: &config::Prices) -> Self {
        let mut own: Vec<(String, Rates)> =
            own.0.iter().map(|(model, price)| (normal_name(model), Rates::from(*price))).collect();
        own.sort_by_key(|(model, _)| std::cmp::Reverse(model.len()));
        let mut listed: FxHashMap<&'static str, Vec<(i64, Rates)>> = FxHashMap::default();
        for (model, from, rates) in TABLE.lines().filter_map(row) {
            listed.entry(model).or_default().push((from, rates));
        }
        Self { own, listed }
    }

    /// What tokens of `model` cost at a time, in seconds since 1970; at zero, what they cost today.
    pub fn rates(&self, model: &str, at: i64) -> Option<Rates> {
        let mut name = normal_name(model);
        let begins = |own: &str| name.strip_prefix(own).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'));
        if let Some((_, rates)) = self.own.iter().find(|(own, _)| begins(own)) {
            return Some(*rates);
        }
        loop {
            if let Some(dated) = self.listed.get(name.as_str()) {
                let now = if at == 0 { Timestamp::now().as_second() } else { at };
                let holds = dated.iter().rev().find(|(from, _)| *from <= now);
                return holds.or(dated.first()).map(|(_, rates)| *rates);
            }
            let length = name.rsplit_once('-').filter(|(_, last)| SAME_PRICE.contains(last))?.0.len();
            name.truncate(length);
        }
    }

    /// What a session's tokens cost, as far as they have a price.
    pub fn estimate(&self, timeline: &Timeline) -> Estimate {
        let mut estimate = Estimate::default();
        // Nearly always one model and one price: looked up once for each run of slots.
        let mut last: Option<(u16, Option<Rates>, i64)> = None;
        for slot in timeline.slots() {
            let day = slot.start.div_euclid(86_400);
            let rates = match last {
                Some((model, rates, known)) if model == slot.model && known == day => rates,
                _ => timeline.models().get(usize::from(slot.model)).and_then(|model| self.rates(model, slot.start)),
            };
            last = Some((slot.model, rates, day));
            estimate.add(rates, &slot.work.tokens);
        }
        estimate
    }
}

impl Default for Prices {
    fn default() -> Self {
        Self::new(&config::Prices::default())
    }
}

impl Estimate {
    /// Adds tokens that cost so much.
    pub fn add(&mut self, rates: Option<Rates>, tokens: &Tokens) {
        match rates {
            _ if tokens.total() == 0 => {}
            Some(rates) => self.cost = Some(self.cost.unwrap_or(0.0) + rates.cost(tokens)),
            None => self.unpriced += tokens.total(),
        }
    }
}

impl Rates {
    /// What tokens cost, in US dollars.
    pub fn cost(&self, tokens: &Tokens) -> f64 {
        let of = |tokens: u64, rate: f64| tokens as f64 * rate;
        let millionths = of(tokens.input, self.input)
            + of(tokens.output, self.output)
            + of(tokens.cache_read, self.cache_read)
            + of(tokens.cache_write, self.cache_write);
        millionths / 1e6
    }
}

impl From<config::Price> for Rates {
    fn from(price: config::Price) -> Self {
        Self {
            input: price.input,
            output: price.output,
            cache_read: price.cache_read.unwrap_or(price.input),
            cache_write: price.cache_write.unwrap_or(price.input),
        }
    }
}

/// A model's name without what differs between those who offer it: `anthropic/claude-opus-4.5` and
/// `us.anthropic.claude-opus-4-5-20251101-v1:0` are both `claude-opus-4-5`.
pub fn normal_name(model: &str) -> String {
    let name = model.trim().to_ascii_lowercase();
    let name = name.rsplit('/').next().unwrap_or_default();
    let name = name.rsplit_once("anthropic.").map_or(name, |(_, name)| name);
    let name = name.split(['@', ':', '[', ' ', '(']).next().unwrap_or_default();
    let name = name.replace(['.', '_'], "-");
    let name = name.strip_suffix("-v1").or(name.strip_suffix("-v2")).unwrap_or(&name);
    without_date(name).to_owned()
}

/// Without the day on which the model was frozen, in any of the ways in which it is written.
fn without_date(name: &str) -> &str {
    let mut rest = name;
    let mut digits = 0;
    while let Some((head, last)) = rest.rsplit_once('-') {
        let is_part = matches!(last.len(), 2 | 4 | 8) && last.bytes().all(|byte| byte.is_ascii_digit());
        if !is_part || digits + last.len() > 8 {
            break;
        }
        digits += last.len();
        rest = head;
        if matches!(digits, 8) {
            return rest;
        }
    }
    // `-05-06` after `preview` is month and day; `-4` and `-1` alone belong to the name.
    if digits == 4 && (rest.ends_with("-preview") || rest.ends_with("-exp")) { rest } else { name }
}

/// A line of the table: model, from when on, price.
fn row(line: &'static str) -> Option<(&'static str, i64, Rates)> {
    let line = line.split('#').next().unwrap_or_default();
    let mut words = line.split_whitespace();
    let model = words.next()?;
    let mut number = || words.next()?.parse().ok();
    let rates = Rates { input: number()?, output: number()?, cache_read: number()?, cache_write: number()? };
    let from = words.next().and_then(|date| date.parse::<Date>().ok()?.to_zoned(TimeZone::UTC).ok());
    Some((model, from.map_or(i64::MIN, |from| from.timestamp().as_second()), rates))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use opensession_hail::{Event, statistics::Statistics};

    use super::*;

    #[test]
    fn every_line_of_the_table_is_a_price() {
        assert!(TABLE.contains(&format!("# As of {AS_OF}.")));
        let lines = TABLE.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        for line in lines {
            let (model, _, rates) = row(line).unwrap_or_else(|| panic!("{line}"));
            assert_eq!(normal_name(model), model, "{line}");
            let Rates { input, output, cache_read, cache_write } = rates;
            assert!(output > input && input > cache_read && cache_write >= input && cache_read > 0.0, "{line}");
            let has_date = line.split_whitespace().count() == 6;
            assert_eq!(has_date, row(line).unwrap().1 != i64::MIN, "{line}");
        }
    }

    #[test]
    fn models_are_known_by_all_their_names() {
        let prices = Prices::default();
        let rates = |model: &str| prices.rates(model, 1_767_225_600).map(|rates| (rates.input, rates.output));
        for name in [
            "claude-opus-4-5-20251101",
            "claude-opus-4-5",
            "claude-opus-4.5",
            "anthropic/claude-opus-4.5",
            "claude-opus-4-6[1m]",
            "us.anthropic.claude-opus-4-5-20251101-v1:0",
            "claude-opus-4-5@20251101",
            "copilot/claude-opus-4.5",
            "claude-opus-4-5-thinking",
        ] {
            assert_eq!(rates(name), Some((5.0, 25.0)), "{name}");
        }
        assert_eq!(rates("claude-opus-4-20250514"), Some((15.0, 75.0)));
        assert_eq!(rates("gpt-5.1-codex-max-xhigh"), Some((1.25, 10.0)));
        assert_eq!(rates("gpt-5-mini-2025-08-07"), Some((0.25, 2.0)));
        assert_eq!(rates("gemini-2.5-pro-preview-05-06"), Some((1.25, 10.0)));
        for unknown in ["", "default", "claude-opus-4-9", "claude-opus-4-8-fast", "gpt-5.4-pro", "opus", "my-model"] {
            assert_eq!(rates(unknown), None, "{unknown}");
        }
    }

    #[test]
    fn a_price_holds_from_its_day_on() {
        let prices = Prices::default();
        let at = |date: &str| {
            let time = date.parse::<Date>().unwrap().to_zoned(TimeZone::UTC).unwrap().timestamp().as_second();
            prices.rates("gpt-5.6-luna", time).map(|rates| rates.output)
        };
        let days = ["2026-07-29", "2026-07-30", "2027-01-01"];
        assert_eq!(days.map(at), [Some(6.0), Some(1.2), Some(1.2)]);
    }

    #[test]
    fn the_users_own_prices_come_first() {
        let price = |input| config::Price { input, output: 2.0, ..config::Price::default() };
        let own = [("gpt-5".to_owned(), price(7.0)), ("GPT-5.1-codex".to_owned(), price(8.0))];
        let prices = Prices::new(&config::Prices(BTreeMap::from(own)));
        let input = |model: &str| prices.rates(model, 0).map(|rates| rates.input);
        assert_eq!(input("gpt-5-mini"), Some(7.0));
        assert_eq!(input("gpt-5.1-codex-mini"), Some(8.0));
        assert_eq!(input("gpt-5.1-codex"), Some(8.0));
        assert_eq!(input("gpt-50"), None);
        let cache_read = prices.rates("gpt-5", 0).map(|rates| rates.cache_read);
        assert_eq!(cache_read, Some(7.0), "a cache that has no price of its own");
    }

    #[test]
    fn an_estimate_goes_by_the_model_of_each_answer() {
        let mut statistics = Statistics::default();
        for line in [
            r#"{"type":"usage","model":"claude-opus-4-5","input":1000000,"output":100000,"cache_read":2000000,"cache_write":400000,"ts":"2026-01-05T10:00:00Z"}"#,
            r#"{"type":"usage","model":"claude-haiku-4-5-20251001","output":1000000,"ts":"2026-01-05T10:01:00Z"}"#,
            r#"{"type":"usage","model":"nobody-knows","input":7,"output":3,"ts":"2026-01-06T10:01:00Z"}"#,
        ] {
            statistics.add(&Event::from_json(line.as_bytes()).unwrap());
        }
        let estimate = Prices::default().estimate(&statistics.timeline);
        assert_eq!(estimate.unpriced, 10);
        assert!((estimate.cost.unwrap() - (5.0 + 2.5 + 1.0 + 2.5 + 5.0)).abs() < 1e-9, "{estimate:?}");
        assert_eq!(Prices::default().estimate(&Timeline::default()), Estimate::default());
    }
}
