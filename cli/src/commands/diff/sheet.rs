//! A comparison laid out for a terminal: two columns where the width allows, else one thing below the other.

use std::borrow::Cow;

use opensession_hail::comparison::{ComparedFile, Comparison, Side};
use opensession_hail::handoff::{Outcome, Quote, Standing};

use super::Shares;
use crate::context::Context;
use crate::format::time::Times;
use crate::format::{cells, clean, number};
use crate::output::Style;
use crate::text;

/// From this width on the sessions stand side by side.
const BESIDE_FROM: usize = 120;
/// Lines are not laid out wider than this, so that the columns stay near each other.
const WIDEST: usize = 200;
/// Cells of the labels' column.
const LABEL: usize = 11;
/// Between the two columns.
const DIVIDER: &str = " | ";
/// Lines shown of what was said; entries of a group; rows of a file's changes.
const QUOTE_LINES: usize = 4;
const GROUP_ROWS: usize = 12;
const CHANGE_ROWS: usize = 24;
/// The same where nothing is folded.
const ENDLESS: usize = usize::MAX;
/// Changes that both made are folded when they are more than this.
const ALIKE_LINES: usize = 5;

type Dress = fn(Style, &str) -> Cow<'_, str>;

/// A text of one side, and how it is dressed.
#[derive(Clone)]
struct Part {
    text: String,
    dress: Option<Dress>,
}

/// An entry of a list: what it is, and what became of it, at the end of the line.
struct Entry {
    name: String,
    is_path: bool,
    stat: Part,
}

/// The lines.
pub(super) struct Sheet {
    style: Style,
    width: usize,
    /// The widths of the two columns.
    beside: Option<(usize, usize)>,
    full: bool,
    is_folded: bool,
    lines: Vec<String>,
}

impl Sheet {
    pub(super) fn of(comparison: &Comparison, context: &Context<'_>, full: bool) -> Self {
        let width = context.width().min(WIDEST);
        let columns = width.saturating_sub(LABEL + DIVIDER.len());
        let beside = (width >= BESIDE_FROM).then_some((LABEL + columns / 2, columns - columns / 2));
        let mut sheet = Self { style: context.style, width, beside, full, is_folded: false, lines: Vec::new() };
        sheet.facts(comparison, &context.times);
        sheet.checks(comparison);
        sheet.files(comparison);
        sheet.commands(comparison);
        sheet
    }

    pub(super) fn into_lines(self) -> Vec<String> {
        self.lines
    }

    /// Whether something is not shown that `--full` shows.
    pub(super) fn is_folded(&self) -> bool {
        self.is_folded
    }

    fn facts(&mut self, comparison: &Comparison, times: &Times<'_>) {
        let sides = [&comparison.a, &comparison.b];
        self.fact(text::SESSION, sides.map(|side| vec![Part::dressed(clean::one_line(short(side)), Style::id)]));
        self.fact(
            text::DIFF_TITLE,
            sides.map(|side| {
                vec![Part::dressed(clean::one_line(side.title.as_deref().unwrap_or_default()), Style::bold)]
            }),
        );
        let plain = |values: [String; 2]| values.map(|value| vec![Part::plain(value)]);
        self.fact(
            text::AGENT,
            plain(sides.map(|side| match &side.model {
                Some(model) => format!("{}, {}", clean::one_line(&side.agent), clean::one_line(model)),
                None => clean::one_line(&side.agent).into_owned(),
            })),
        );
        self.fact(text::DIFF_WHERE, plain(sides.map(place)));
        self.fact(
            text::FIELD_STARTED,
            plain(sides.map(|side| {
                let started = side.started.map_or_else(|| "-".to_owned(), |started| times.minute(started));
                if side.active_ms > 0 {
                    format!("{started}, {} {}", text::ACTIVE, number::duration(side.active_ms))
                } else {
                    started
                }
            })),
        );
        self.fact(text::DIFF_WORK, plain(sides.map(|side| text::diff_work(side.turns, side.calls, side.errors))));
        self.fact(text::TOKENS, plain(sides.map(|side| text::diff_tokens(&side.tokens, side.subagent_tokens))));
        self.fact(text::COST, plain(sides.map(|side| number::cost(side.cost, false))));
        self.fact(text::FILES, plain(sides.map(|side| text::diff_files(&side.files))));
        self.fact(text::DIFF_OUTCOME, sides.map(|side| self.outcome(side)));
        self.fact(text::DIFF_OBJECTIVE, sides.map(|side| self.quote(side.objective.as_ref())));
        if sides.iter().any(|side| side.latest.is_some()) {
            self.fact(text::DIFF_LATEST, sides.map(|side| self.quote(side.latest.as_ref())));
        }
        self.fact(text::DIFF_LAST_WORDS, sides.map(|side| self.quote(side.last_words.as_ref())));
        let rows = if self.full { ENDLESS } else { QUOTE_LINES };
        let widths = self.value_widths();
        let quotes = sides.into_iter().zip(widths).flat_map(|(side, width)| {
            [&side.objective, &side.latest, &side.last_words].into_iter().flatten().map(move |quote| (quote, width))
        });
        self.is_folded |= quotes.into_iter().any(|(quote, width)| wrapped(quote, width).len() > rows);
    }

    fn outcome(&self, side: &Side) -> Vec<Part> {
        let dress: Option<Dress> = match side.standing {
            Standing::Interrupted | Standing::WaitingForUser => Some(Style::waiting),
            Standing::Working | Standing::WaitingForTool => Some(Style::live),
            Standing::Finished => None,
        };
        let outcome = clean::one_line(&side.outcome);
        let width = self.value_widths().into_iter().min().unwrap_or(0);
        cells::wrap(&outcome, width).into_iter().map(|text| Part { text, dress }).collect()
    }

    /// What was said, in a few lines, and which event it is.
    fn quote(&self, quote: Option<&Quote>) -> Vec<Part> {
        let Some(quote) = quote else { return vec![Part::plain("-")] };
        let width = self.value_widths().into_iter().min().unwrap_or(0);
        let rows = if self.full { ENDLESS } else { QUOTE_LINES };
        let mut lines = wrapped(quote, width);
        if lines.len() > rows {
            lines.truncate(rows);
            if let Some(last) = lines.last_mut() {
                let ellipsis = self.style.ellipsis();
                *last = cells::cut_end(&format!("{last} {ellipsis}"), width, ellipsis);
            }
        }
        lines.into_iter().map(Part::plain).collect()
    }

    /// Cells that a fact has in each column.
    fn value_widths(&self) -> [usize; 2] {
        match self.beside {
            Some((left, right)) => [left - LABEL, right],
            None => [self.width.saturating_sub(LABEL + 2).max(8); 2],
        }
    }

    /// Adds a fact of both: side by side, or one below the other with the side before it.
    fn fact(&mut self, label: &str, values: [Vec<Part>; 2]) {
        let widths = self.value_widths();
        let labelled = |label: &str| format!("{}{}", self.style.dim(label), cells::padding(label, LABEL));
        let mut lines = Vec::new();
        if self.beside.is_some() {
            let [a, b] = &values;
            for row in 0..a.len().max(b.len()) {
                let label = labelled(if row == 0 { label } else { "" });
                let left = a.get(row).map_or_else(|| " ".repeat(widths[0]), |part| self.column(part, widths[0]));
                let right = b.get(row).map(|part| self.part(part, widths[1])).unwrap_or_default();
                lines.push(format!("{label}{left}{DIVIDER}{right}"));
            }
        } else {
            for ((side, parts), width) in ["A", "B"].into_iter().zip(&values).zip(widths) {
                for (row, part) in parts.iter().enumerate() {
                    let label = labelled(if row == 0 && side == "A" { label } else { "" });
                    let side = if row == 0 { side } else { " " };
                    lines.push(format!("{label}{} {}", self.style.bold(side), self.part(part, width)));
                }
            }
        }
        self.push(lines);
    }

    fn checks(&mut self, comparison: &Comparison) {
        let style = self.style;
        let entries = comparison.checks.iter().map(|check| {
            [&check.a, &check.b].map(|side| {
                side.as_ref().map(|side| Entry {
                    name: clean::one_line(&check.command).into_owned(),
                    is_path: false,
                    stat: Part { text: text::check_ran(side, style), dress: dress(side.outcome) },
                })
            })
        });
        let entries: Vec<_> = entries.collect();
        self.list(text::DIFF_CHECKS, &entries, comparison.omitted.get("checks"), |_, _| {});
    }

    fn commands(&mut self, comparison: &Comparison) {
        let style = self.style;
        let entries = comparison.commands.iter().map(|command| {
            [&command.a, &command.b].map(|side| {
                side.as_ref().map(|side| Entry {
                    name: clean::one_line(&command.command).into_owned(),
                    is_path: false,
                    stat: Part { text: text::command_ran(side, style), dress: dress(side.outcome) },
                })
            })
        });
        let entries: Vec<_> = entries.collect();
        self.list(text::DIFF_COMMANDS, &entries, comparison.omitted.get("commands"), |_, _| {});
    }

    fn files(&mut self, comparison: &Comparison) {
        let entries = comparison.files.iter().map(|file| {
            [&file.a, &file.b].map(|side| {
                side.as_ref().map(|side| Entry {
                    name: clean::one_line(&side.path).into_owned(),
                    is_path: true,
                    stat: Part::plain(text::file_changed(side)),
                })
            })
        });
        let entries: Vec<_> = entries.collect();
        self.list(text::FILES, &entries, comparison.omitted.get("files"), |sheet, at| {
            sheet.changes(&comparison.files[at]);
        });
    }

    /// Adds a list: what both have, with more of each from `below`; then what only one has.
    fn list(
        &mut self,
        name: &str,
        entries: &[[Option<Entry>; 2]],
        left_out: Option<&u64>,
        below: impl Fn(&mut Self, usize),
    ) {
        if entries.is_empty() {
            return;
        }
        let shares = Shares::of(entries.iter().map(|[a, b]| (a.is_some(), b.is_some())));
        let heading = text::diff_shares(shares.both, shares.a, shares.b);
        self.push(vec![String::new(), format!("{}  {heading}", self.style.bold(name))]);
        let most = if self.full { ENDLESS } else { GROUP_ROWS };
        for (at, pair) in entries.iter().enumerate().take(shares.both.min(most)) {
            if let [Some(a), Some(b)] = pair {
                self.shared(a, b);
                below(self, at);
            }
        }
        self.fold(shares.both, most);
        let only = |side: usize| {
            let of_one = entries.iter().filter(move |pair| pair[1 - side].is_none());
            of_one.filter_map(move |pair| pair[side].as_ref()).collect::<Vec<&Entry>>()
        };
        self.only([only(0), only(1)], most);
        if let Some(left_out) = left_out {
            self.push(vec![format!("  {}", text::diff_left_out(*left_out))]);
        }
    }

    fn shared(&mut self, a: &Entry, b: &Entry) {
        let line = if let Some((left, right)) = self.beside {
            let left = format!("  {}", self.entry(a, left - 2));
            vec![format!("{left}{DIVIDER}{}", self.entry(b, right))]
        } else {
            let stats = [a, b].map(|entry| cells::cells(&entry.stat.text));
            let stat = stats.into_iter().max().unwrap_or(0).min(self.width / 2);
            let room = self.width.saturating_sub(stat + 6);
            let name = self.cut(a, room);
            let other = if a.name == b.name { String::new() } else { self.cut(b, room) };
            let row = |side: &str, name: &str, entry: &Entry| {
                let padding = cells::padding(name, room);
                format!("  {name}{padding}  {} {}", self.style.bold(side), self.part(&entry.stat, stat))
            };
            vec![row("A", &name, a), row("B", &other, b)]
        };
        self.push(line);
    }

    /// What only one has: side by side, or one list below the other.
    fn only(&mut self, sides: [Vec<&Entry>; 2], most: usize) {
        let headings = ["A", "B"].map(text::diff_only);
        if let Some((left, right)) = self.beside {
            let rows = sides.iter().map(Vec::len).max().unwrap_or(0);
            if rows == 0 {
                return;
            }
            let [a, b] = headings.map(|heading| Part::dressed(heading, Style::dim));
            let mut lines = vec![format!("  {}{DIVIDER}{}", self.column(&a, left - 2), self.part(&b, right))];
            for row in 0..rows.min(most) {
                let [a, b] = [(0, left - 2), (1, right)].map(|(side, width)| {
                    sides[side].get(row).map_or_else(|| " ".repeat(width), |entry| self.entry(entry, width))
                });
                lines.push(format!("  {a}{DIVIDER}{b}"));
            }
            if rows > most {
                let more = [0, 1].map(|side| match sides[side].len().saturating_sub(most) {
                    0 => Part::plain(""),
                    more => Part::dressed(text::diff_more(more, self.style.ellipsis()), Style::dim),
                });
                lines.push(format!("  {}{DIVIDER}{}", self.column(&more[0], left - 2), self.part(&more[1], right)));
                self.is_folded = true;
            }
            self.push(lines);
            return;
        }
        for (entries, heading) in sides.into_iter().zip(headings) {
            if entries.is_empty() {
                continue;
            }
            let mut lines = vec![format!("  {}", self.style.dim(&heading))];
            lines.extend(entries.iter().take(most).map(|entry| format!("  {}", self.entry(entry, self.width - 2))));
            self.push(lines);
            self.fold(entries.len(), most);
        }
    }

    /// The lines of a file that each of the two changed.
    fn changes(&mut self, file: &ComparedFile) {
        let Some(compared) = &file.lines else { return };
        let mut rows: Vec<[Option<Part>; 2]> = Vec::new();
        for block in &compared.blocks {
            let is_long = block.both.len() > ALIKE_LINES && !self.full;
            let alike = if is_long { &block.both[..2] } else { &block.both[..] };
            rows.extend(alike.iter().map(|line| {
                let part = Part::dressed(code(line), Style::dim);
                [Some(part.clone()), Some(part)]
            }));
            if is_long {
                let more = text::diff_alike(block.both.len() - 2, self.style.ellipsis());
                let part = Part::dressed(more, Style::dim);
                rows.push([Some(part.clone()), Some(part)]);
                self.is_folded = true;
            }
            let change = |line: &String| {
                let dress: Dress = if line.starts_with('+') { Style::added } else { Style::removed };
                Part::dressed(code(line), dress)
            };
            let changes = |lines: &[String]| lines.iter().map(change).collect::<Vec<Part>>();
            let (a, b) = (changes(&block.a), changes(&block.b));
            if self.beside.is_some() {
                rows.extend((0..a.len().max(b.len())).map(|row| [a.get(row).cloned(), b.get(row).cloned()]));
            } else {
                rows.extend(a.into_iter().map(|part| [Some(part), None]));
                rows.extend(b.into_iter().map(|part| [None, Some(part)]));
            }
        }
        let most = if self.full { ENDLESS } else { CHANGE_ROWS };
        let more = rows.len().saturating_sub(most) as u64;
        let lines = rows.iter().take(most).map(|[a, b]| {
            if let Some((left, right)) = self.beside {
                let empty = Part::plain("");
                let left = self.column(a.as_ref().unwrap_or(&empty), left - 4);
                return format!("    {left}{DIVIDER}  {}", self.part(b.as_ref().unwrap_or(&empty), right - 2));
            }
            let side = match (a, b) {
                (Some(_), Some(_)) => " ",
                (Some(_), None) => "A",
                _ => "B",
            };
            let part = a.as_ref().or(b.as_ref());
            let shown = part.map(|part| self.part(part, self.width.saturating_sub(6))).unwrap_or_default();
            format!("    {} {shown}", self.style.bold(side))
        });
        let mut lines: Vec<String> = lines.collect();
        self.is_folded |= more > 0;
        if more + compared.left_out > 0 {
            let more = text::diff_more_lines(more, compared.left_out, self.style.ellipsis());
            lines.push(format!("    {}", self.style.dim(&more)));
        }
        self.push(lines);
    }

    fn fold(&mut self, count: usize, most: usize) {
        if count > most {
            let more = text::diff_more(count - most, self.style.ellipsis());
            self.push(vec![format!("  {}", self.style.dim(&more))]);
            self.is_folded = true;
        }
    }

    /// An entry in exactly `width` cells: its name, and at the end what became of it.
    fn entry(&self, entry: &Entry, width: usize) -> String {
        let stat = cells::cut_end(&entry.stat.text, width / 2, self.style.ellipsis());
        let room = width.saturating_sub(cells::cells(&stat) + 2);
        let name = self.cut(entry, room);
        let dressed = self.part(&Part { text: stat, dress: entry.stat.dress }, width);
        format!("{name}{}  {dressed}", cells::padding(&name, room))
    }

    fn cut(&self, entry: &Entry, width: usize) -> String {
        let cut = if entry.is_path { cells::cut_middle } else { cells::cut_end };
        cut(&entry.name, width, self.style.ellipsis())
    }

    /// A part in at most `width` cells.
    fn part(&self, part: &Part, width: usize) -> String {
        let text = cells::cut_end(&part.text, width, self.style.ellipsis());
        match part.dress {
            Some(dress) => dress(self.style, &text).into_owned(),
            None => text,
        }
    }

    /// A part in exactly `width` cells.
    fn column(&self, part: &Part, width: usize) -> String {
        let cut = cells::cut_end(&part.text, width, self.style.ellipsis());
        let padding = cells::padding(&cut, width);
        format!("{}{padding}", self.part(part, width))
    }

    fn push(&mut self, lines: Vec<String>) {
        self.lines.extend(lines.into_iter().map(|mut line| {
            line.truncate(line.trim_end_matches(' ').len());
            line
        }));
    }
}

impl Part {
    fn plain(text: impl Into<String>) -> Self {
        Self { text: text.into(), dress: None }
    }

    fn dressed(text: impl Into<String>, dress: Dress) -> Self {
        Self { text: text.into(), dress: Some(dress) }
    }
}

fn dress(outcome: Outcome) -> Option<Dress> {
    match outcome {
        Outcome::Ok => Some(Style::ok),
        Outcome::Failed => Some(Style::failed),
        Outcome::Running => Some(Style::live),
        Outcome::Rejected | Outcome::Interrupted => Some(Style::waiting),
        Outcome::Unknown => None,
    }
}

fn short(side: &Side) -> &str {
    match (side.short_id.as_str(), side.id.as_str()) {
        ("", "") => "-",
        ("", id) | (id, _) => id,
    }
}

/// `app@main`, else the directory.
fn place(side: &Side) -> String {
    let repository = side.repository.as_deref().map(clean::one_line).unwrap_or_default();
    let name = repository.rsplit('/').next().unwrap_or_default();
    let branch = side.branch.as_deref().map(clean::one_line).unwrap_or_default();
    match (name, &*branch) {
        ("", "") => side.cwd.as_deref().map(clean::one_line).unwrap_or_default().into_owned(),
        (name, "") => name.to_owned(),
        (name, branch) => format!("{name}@{branch}"),
    }
}

/// What was said without its empty lines, in lines of `width` cells, the event before it.
fn wrapped(quote: &Quote, width: usize) -> Vec<String> {
    let said = clean::lines(&quote.text);
    let said: Vec<&str> = said.lines().map(str::trim_end).filter(|line| !line.is_empty()).collect();
    cells::wrap(&format!("{} {}", clean::one_line(&quote.cite), said.join("\n")), width)
}

/// A line of a file: its spaces stay.
fn code(line: &str) -> String {
    clean::lines(line).replace('\n', " ")
}
