//! P4: queries inside the process, by class.

use std::{collections::HashSet, path::Path, time::Duration};

use opensession_daemon::{
    engine::Engine,
    search::{
        SearchRequest,
        query::{ParseContext, parse},
    },
};

use crate::{
    corpus,
    draw::{Draw, TYPING},
    measure::{at, ms, print, thread_cpu_time},
};

/// Queries of each class.
const QUERIES: usize = 1000;
/// The bar of the median for one unit, as [`Draw::classes`] gives it for the corpus as it is.
const ONE_UNIT: f64 = 0.2;

/// Bars for the medians of one unit and of several, and for the slowest of a hundred, in milliseconds.
pub(crate) struct Bars {
    name: &'static str,
    one: f64,
    several: f64,
    slowest: f64,
}

pub(crate) const MEDIUM: Bars = Bars { name: "P4", one: 0.2, several: 0.6, slowest: 5.0 };
pub(crate) const LARGE: Bars = Bars { name: "P4 L", one: 1.0, several: 3.0, slowest: f64::INFINITY };

/// Runs queries drawn from the texts of a home directory.
pub(crate) fn measure(engine: &Engine, home: &Path, bars: &Bars) {
    let draw = Draw::new(&corpus::read(&corpus::files(home)).documents);
    for (class, of_medium, queries) in draw.classes(QUERIES) {
        let typing = class == TYPING;
        // What is asked again is remembered: the median of those asked for the first time is told too.
        let mut asked = HashSet::new();
        for query in queries.iter().take(50) {
            run(engine, query, typing);
            asked.insert(query);
        }
        let (mut times, mut first): (Vec<Duration>, Vec<Duration>) = (Vec::new(), Vec::new());
        for query in &queries {
            let before = thread_cpu_time();
            run(engine, query, typing);
            let time = thread_cpu_time().saturating_sub(before);
            times.push(time);
            first.extend(asked.insert(query).then_some(time));
        }
        let bar = if of_medium > ONE_UNIT { bars.several } else { bars.one };
        let slowest = ms(at(times.clone(), 0.99));
        let over = if slowest > bars.slowest { ", over" } else { "" };
        let name = format!("{} {class}", bars.name);
        let told = first.len();
        let first = if told > 0 { ms(at(first, 0.5)) } else { 0.0 };
        let rest =
            format!("ms in the median ({told} asked at first: {first:.2}); of a hundred one takes {slowest:.2}{over}");
        print(&name, ms(at(times, 0.5)), bar, &rest);
    }
}

/// Sessions that a query finds.
pub(crate) fn search(engine: &Engine, text: &str) -> u64 {
    run(engine, text, false)
}

fn run(engine: &Engine, text: &str, typing: bool) -> u64 {
    let context = ParseContext { typing, ..ParseContext::new(jiff::Timestamp::now(), jiff::tz::TimeZone::UTC) };
    let request = SearchRequest { limit: 20, hits_per_session: 3, ..SearchRequest::default() };
    let found = engine.index.search(&parse(text, &context), &request, &engine.catalog(), &*engine.texts);
    found.map_or(0, |found| found.matching_all.value)
}
