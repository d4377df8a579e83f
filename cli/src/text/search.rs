//! What `search` says.

use opensession_protocol::{FacetCount, IndexState, Interpretation, Reading, SearchAnswer};

use super::capitalized;
use crate::format::{cells, clean, number};

pub(crate) const STILL_READING: &str = "Still reading: more may be found. How far it is: opensession index";
pub(crate) const DID_YOU_MEAN: &str = "did you mean this?";
pub(crate) const NOTHING_HAS_IT: &str = "nothing has it";
pub(crate) const NOTHING_SAVED: &str = "No search is saved.";
pub(crate) const HINT_SAVE: &str = "opensession search --save NAME QUERY";
pub(crate) const NO_HISTORY: &str = "No query is kept yet.";
pub(crate) const HISTORY_OFF: &str = "Queries are not kept: history is false under [search] in daemon.toml.";
pub(crate) const HISTORY_FORGOTTEN: &str = "Forgotten: the queries that were run.";
pub(crate) const HINT_SAVED: &str = "opensession search --saved lists them";

/// A word that stands nowhere, and what it was taken for.
pub(crate) fn interpreted(word: &Interpretation) -> String {
    let terms = word.terms.iter().map(|term| clean::one_line(term)).collect::<Vec<_>>().join(", ");
    let taken = match word.reading {
        Reading::Beginning => "looked for words that begin so",
        Reading::Substring => "looked for words that contain it",
        Reading::Parts => "looked for its parts",
        Reading::Near => "looked for words near to it",
    };
    format!("`{}` stands nowhere; {taken}: {terms}", clean::one_line(&word.word))
}

/// Why an index finds less than there is.
pub(crate) fn index_state(state: IndexState) -> Option<&'static str> {
    match state {
        IndexState::Ready | IndexState::Reading => None,
        IndexState::Rebuilding => Some("The index is being built anew; more may be found then: opensession index"),
        IndexState::Failed => Some("The index cannot be written, so new events are not found: opensession doctor"),
    }
}

pub(crate) fn saved_as(name: &str) -> String {
    format!("Saved: opensession search --saved {name}")
}

pub(crate) fn unsaved(name: &str, query: &str) -> String {
    format!("Forgotten: {name}  {query}")
}

pub(crate) fn no_saved_search(name: &str) -> String {
    format!("no saved search {name}")
}

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
pub(crate) fn search_summary(answer: &SearchAnswer, shown: u64, width: usize, all_facets: bool) -> Vec<String> {
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
    let hits_at_least = if answer.hits_at_least { "at least " } else { "" };
    let hits = format!("{hits_at_least}{}", number::counted(answer.hits, "hit", "hits"));
    let mut found = vec![capitalized(&found), hits];
    if shown < any.value.max(all.value) {
        found.push(format!("{} shown", number::count(shown)));
    }
    let found = found.join(", ");
    if all_facets {
        let all = [
            ("agent", &answer.by_agent),
            ("kind", &answer.by_kind),
            ("repo", &answer.by_repository),
            ("month", &answer.by_month),
        ];
        let lines = all.iter().flat_map(|(name, counts)| facet_lines(name, counts, width));
        return std::iter::once(format!("{found}.")).chain(lines).collect();
    }
    let facets = |name: &str, counts: &[FacetCount]| {
        let counts: Vec<String> = counts.iter().take(3).map(facet).collect();
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

fn facet(facet: &FacetCount) -> String {
    format!("{} {}", clean::one_line(&facet.value), number::count(facet.count))
}

/// All counts of one kind, on as many lines as they need.
fn facet_lines(name: &str, counts: &[FacetCount], width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for (index, one) in counts.iter().map(facet).enumerate() {
        let comma = if index + 1 < counts.len() { "," } else { "" };
        match lines.last_mut() {
            Some(line) if cells::cells(line) + 1 + cells::cells(&one) + comma.len() <= width => {
                line.extend([" ", &one, comma]);
            }
            Some(_) => lines.push(format!("       {one}{comma}")),
            None => lines.push(format!("{:<6} {one}{comma}", format!("{name}:"))),
        }
    }
    lines
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
