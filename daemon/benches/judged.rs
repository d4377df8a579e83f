//! Q1b: how well the search ranks, on queries drawn by rule from real transcripts and the public history of the repository
//! that they are about, each with the sessions that answer it.
//!
//! `OPENSESSION_CORPUS_M=HOME OPENSESSION_JUDGED_REPOSITORY=GITDIR cargo bench -p opensession-daemon --bench judged`, where
//! `GITDIR` is a copy of the repository `entireio/cli` with its branch `entire/checkpoints/v1`, and `HOME` holds the
//! transcripts that are kept on that branch. Prints, by class of query, MRR and nDCG of the first ten and the share of
//! answers with the session first and among the first five, each for three ways to answer: the newest sessions with all
//! words, plain BM25 (the same tokens, any of them, the best event), and the search.
//!
//! | variable | what |
//! | --- | --- |
//! | `OPENSESSION_JUDGED_TEST=1` | the half of the set that no weight was chosen by too |
//! | `OPENSESSION_JUDGED_CHOOSE=1` | what each part of the ranking is worth, and better weights |
//! | `OPENSESSION_JUDGED_SHOW=CLASS` | each query of a class that is not answered first |

#![expect(clippy::print_stdout, reason = "a bench says what it measured")]

#[path = "judged/answers.rs"]
mod answers;
#[path = "judged/choose.rs"]
mod choose;
#[path = "judged/draw.rs"]
mod draw;
#[path = "judged/figures.rs"]
mod figures;
#[path = "judged/history.rs"]
mod history;
#[path = "bars/home.rs"]
#[expect(dead_code, reason = "the bars use the rest")]
mod home;
#[path = "bars/measure.rs"]
#[expect(dead_code, reason = "the bars use the rest")]
mod measure;
#[path = "judged/transcripts.rs"]
mod transcripts;

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use opensession_daemon::search::Ranking;

use crate::answers::{Answer, Clock, Searcher};
use crate::draw::{Judged, Material, cjk, draw};
use crate::figures::{Compared, Worth, worth};
use crate::transcripts::Transcript;

fn main() {
    let variable = |name: &str| std::env::var_os(name).map(PathBuf::from);
    let Some(original) = variable("OPENSESSION_CORPUS_M") else {
        println!("Q1b skipped: OPENSESSION_CORPUS_M names no home directory of sessions");
        return;
    };
    let Some(repository) = variable("OPENSESSION_JUDGED_REPOSITORY") else {
        println!("Q1b skipped: OPENSESSION_JUDGED_REPOSITORY names no git directory of entireio/cli");
        return;
    };
    let asked = |name: &str| variable(name).is_some();
    let searched = home::temporary();
    let mut files: Vec<PathBuf> = home::files(&original).into_iter().map(|(file, _)| file).collect();
    copy_without_titles(&original, &files, searched.path()).expect("room for a copy of the transcripts");
    files.extend(cjk::write(searched.path()).expect("room for a few transcripts more"));
    let transcripts = transcripts::read(&files);
    let history = history::read(&repository).expect("a history that git can read");
    let data = home::temporary();
    let engine = home::start(searched.path(), data.path());
    home::wait(&engine);
    let spread = spread(&transcripts, &files);
    let judged = draw(&Material { transcripts: &transcripts, history: &history, spread: &spread });
    let searcher = Searcher::new(&engine, &transcripts, &judged);
    println!(
        "judged set: {} queries on {} sessions ({} searched), {} commits, {} accounts",
        judged.len(),
        transcripts.len(),
        searcher.known(),
        history.commits.len(),
        history.accounts.len()
    );
    report(&searcher, &judged, asked("OPENSESSION_JUDGED_TEST"));
    if let Some(class) = variable("OPENSESSION_JUDGED_SHOW") {
        show(&searcher, &judged, &transcripts, &class.to_string_lossy());
    }
    if asked("OPENSESSION_JUDGED_CHOOSE") {
        choose::without_each(&searcher, &judged);
        choose::better_weights(&searcher, &judged);
    }
    engine.stop();
}

/// Prints the tables, and what is held against the bar.
fn report(searcher: &Searcher<'_>, judged: &[Judged], test: bool) {
    for (clock, name) in [(Clock::Then, "with the clock"), (Clock::End, "without it")] {
        let worths = |answer: &dyn Fn(&Judged) -> Answer| -> Vec<Worth> {
            let one = |judged: &Judged| {
                let grades = judged.grades.iter().map(|(&session, &grade)| (session, grade));
                let visible = grades.filter(|&(session, _)| searcher.is_visible(judged, clock, session));
                worth(&answer(judged), &visible.collect())
            };
            judged.iter().map(one).collect()
        };
        let newest = worths(&|judged| searcher.newest(judged, clock));
        let plain = worths(&|judged| searcher.plain(judged, clock));
        let ours = choose::ours(searcher, judged, clock, &Ranking::default());
        let compared = Compared { judged, worths: [&newest, &plain, &ours] };
        let mut halves: Vec<(&str, Wanted)> = vec![("for choosing", |judged| judged.for_choosing)];
        if test {
            halves.push(("test", |judged| !judged.for_choosing));
            halves.push(("all", |_| true));
        }
        for (half, wanted) in halves {
            let (rank, gain, below) = compared.print(&format!("{name}, {half}"), &wanted);
            println!("Q1b MRR  above plain   {rank:+.3} / +0.050   ({name}, {half})");
            println!("Q1b nDCG above plain   {gain:+.3} / +0.050");
            println!("Q1b classes below      {} / 0   {}", below.len(), below.join(", "));
        }
    }
}

/// Which queries are looked at.
type Wanted = fn(&Judged) -> bool;

/// Prints the queries of a class whose session does not come first.
fn show(searcher: &Searcher<'_>, judged: &[Judged], transcripts: &[Transcript], class: &str) {
    for one in judged.iter().filter(|one| one.class == class && one.for_choosing) {
        let ours = searcher.ours(one, Clock::Then, &Ranking::default());
        let plain = searcher.plain(one, Clock::Then);
        let place = |answer: &Answer| answer.sessions.iter().position(|session| one.grades.get(session) == Some(&2));
        if place(&ours) != Some(0) {
            let told = |answer: &Answer| place(answer).map_or("none".to_owned(), |place| (place + 1).to_string());
            let wanted =
                one.grades.iter().find(|(_, grade)| **grade == 2).map_or("", |(&wanted, _)| &transcripts[wanted].id);
            println!("  {:?}  ours {}, plain {}  {wanted}", one.text, told(&ours), told(&plain));
        }
    }
}

/// Copies the transcripts, without the titles that queries are made of.
fn copy_without_titles(from: &Path, files: &[PathBuf], to: &Path) -> std::io::Result<()> {
    for file in files {
        let target = to.join(file.strip_prefix(from).unwrap_or(file));
        std::fs::create_dir_all(target.parent().unwrap_or(to))?;
        let mut reader = BufReader::with_capacity(1 << 20, std::fs::File::open(file)?);
        let mut writer = BufWriter::with_capacity(1 << 20, std::fs::File::create(target)?);
        let mut line = Vec::new();
        while reader.read_until(b'\n', &mut line)? > 0 {
            let head = &line[..line.len().min(80)];
            if memchr::memmem::find(head, b"\"type\":\"summary\"").is_none()
                && memchr::memmem::find(head, b"\"type\": \"summary\"").is_none()
            {
                writer.write_all(&line)?;
            }
            line.clear();
        }
        writer.flush()?;
    }
    Ok(())
}

/// In how many sessions each word of the prompts stands.
fn spread(transcripts: &[Transcript], files: &[PathBuf]) -> HashMap<String, u32> {
    let letters = |letter: char| !letter.is_ascii_alphabetic();
    let mut spread: HashMap<String, u32> = HashMap::new();
    for prompt in transcripts.iter().flat_map(|transcript| &transcript.prompts) {
        for word in prompt.text.split(letters).filter(|word| word.len() > 3) {
            spread.insert(word.to_lowercase(), 0);
        }
    }
    for file in files {
        let bytes = std::fs::read(file).expect("a transcript that can be read");
        let text = String::from_utf8_lossy(&bytes).to_lowercase();
        let words: std::collections::HashSet<&str> = text.split(letters).filter(|word| word.len() > 3).collect();
        for word in words {
            if let Some(count) = spread.get_mut(word) {
                *count += 1;
            }
        }
    }
    spread
}
