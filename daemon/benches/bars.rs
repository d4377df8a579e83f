//! Prints what the bars of this project measure on a home directory of real sessions, as `measured / bar`.
//!
//! `OPENSESSION_CORPUS_M=HOME cargo bench -p opensession-daemon --bench bars`. Times are CPU times, and ratios are to
//! something simple on the same files taken in the same run. What takes long, or other programs, is asked for:
//!
//! | variable | what |
//! | --- | --- |
//! | `OPENSESSION_BENCH_ONLY=P2,P8` | only these |
//! | `OPENSESSION_BENCH_PROGRAM=FILE` | the `opensession` that P5, P6, P9 and P10 run; else the one that the same profile built |
//! | `OPENSESSION_BENCH_IDLE=600` | P9: watch an idle daemon for so many seconds |
//! | `OPENSESSION_BENCH_BUSY=300` | P10: let ten sessions grow for so many seconds |
//! | `OPENSESSION_BENCH_LARGE=9` | P11, and P4 on it: the corpus so many times over, each time other ids and words, in the temporary folder |

#![expect(clippy::print_stdout, reason = "a bench says what it measured")]

#[path = "bars/cold.rs"]
mod cold;
#[path = "search/corpus.rs"]
#[expect(dead_code, reason = "the search bench uses the rest")]
mod corpus;
#[path = "search/draw.rs"]
mod draw;
#[path = "bars/home.rs"]
mod home;
#[path = "bars/large.rs"]
mod large;
#[path = "bars/measure.rs"]
mod measure;
#[path = "bars/process.rs"]
mod process;
#[path = "bars/queries.rs"]
mod queries;
#[path = "bars/starts.rs"]
mod starts;

use std::path::{Path, PathBuf};

/// Bars that are measured together, and how.
type Group = (&'static [&'static str], fn(&Path));

fn main() {
    let Some(home) = std::env::var_os("OPENSESSION_CORPUS_M").map(PathBuf::from) else {
        println!("skipped: OPENSESSION_CORPUS_M names no home directory of sessions");
        return;
    };
    let only = std::env::var("OPENSESSION_BENCH_ONLY").unwrap_or_default();
    let asked = |bars: &[&str]| only.is_empty() || only.split(',').any(|one| bars.contains(&one.trim()));
    let groups: [Group; 6] = [
        (&["P1", "P3", "P4", "P7"], cold::measure),
        (&["P2"], |_| starts::nothing_changed()),
        (&["P5", "P6", "P9"], process::searching_and_idle),
        (&["P8"], |_| starts::long_session()),
        (&["P10"], |_| process::busy()),
        (&["P11"], large::measure),
    ];
    for (bars, measure) in groups {
        if asked(bars) {
            measure(&home);
        }
    }
}
