//! What `search` says.

use opensession_protocol::{FacetCount, SearchAnswer};

use super::capitalized;
use crate::format::{cells, clean, number};

pub(crate) const STILL_READING: &str = "Still reading: more may be found. How far it is: opensession index";
pub(crate) const DID_YOU_MEAN: &str = "did you mean this?";

pub(crate) fn more_hits(more: u64, query: &str) -> String {
    format!("+{} more: {query}", number::count(more))
}

pub(crate) fn missing(words: &str) -> String {
    format!("without: {words}")
}

pub(crate) fn copies(copies: u64) -> String {
    number::counted(copies, "more session has the same events", "more sessions have the same events")
}

/// How much was found, and where; the parts that do not fit into `width` come on a second line.
pub(crate) fn search_summary(answer: &SearchAnswer, shown: u64, width: usize) -> Vec<String> {
    let all = answer.matching_all;
    let any = answer.matching_any;
    // Where no session has every word, those with some are what was found.
    let (count, has_all) = if all.value > 0 { (all, true) } else { (any, any.value == 0) };
    let at_least = if count.at_least { "at least " } else { "" };
    let mut found = format!("{at_least}{}", number::counted(count.value, "session", "sessions"));
    if !has_all {
        found.push_str(" with some of the words");
    } else if any.value > all.value {
        found = format!("{found} ({} more with some of the words)", number::count(any.value - all.value));
    }
    let mut found = vec![capitalized(&found), number::counted(answer.hits, "hit", "hits")];
    if shown < any.value.max(all.value) {
        found.push(format!("{} shown", number::count(shown)));
    }
    let found = found.join(", ");
    let facets = |name: &str, counts: &[FacetCount]| {
        let counts: Vec<String> = counts
            .iter()
            .take(3)
            .map(|facet| format!("{} {}", clean::one_line(&facet.value), number::count(facet.count)))
            .collect();
        if counts.is_empty() { String::new() } else { format!("{name}: {}", counts.join(", ")) }
    };
    let facets: Vec<String> = [facets("agent", &answer.by_agent), facets("kind", &answer.by_kind)]
        .into_iter()
        .filter(|facet| !facet.is_empty())
        .collect();
    let facets = facets.join(". ");
    if facets.is_empty() {
        return vec![format!("{found}.")];
    }
    let together = format!("{found}. {facets}");
    if cells::cells(&together) <= width { vec![together] } else { vec![format!("{found}."), facets] }
}

pub(crate) fn no_session_matches(query: &str) -> String {
    format!("No session matches  {query}")
}

pub(crate) fn without(part: &str) -> String {
    format!("without {part}")
}

pub(crate) fn elsewhere(sessions: u64) -> String {
    format!("  {} in other repositories: --all-repos", number::counted(sessions, "session", "sessions"))
}

pub(crate) fn searched(sessions: u64, here: Option<&str>, has_date: bool) -> String {
    let place = here.map(|here| format!(" of {here}")).unwrap_or_default();
    let time = if has_date { "" } else { ", all time" };
    format!(
        "Searched {}{place}{time}. Syntax: opensession help search",
        number::counted(sessions, "session", "sessions")
    )
}

pub(crate) fn as_words(words: &str) -> String {
    format!("as words, not as a phrase: opensession search {words}")
}
