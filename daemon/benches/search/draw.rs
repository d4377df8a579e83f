//! Queries drawn from the events themselves, the same in every run.

use std::collections::HashMap;

use opensession_daemon::search::SearchDocument;
use opensession_daemon::search::tokenizer::{TokenBuffer, TokenKind, tokenize};

/// The class of queries that somebody is still typing.
pub(crate) const TYPING: &str = "typing";

pub(crate) struct Draw {
    rare: Vec<String>,
    common: Vec<String>,
    middle: Vec<String>,
    pairs: Vec<String>,
    phrases: Vec<String>,
    paths: Vec<String>,
}

/// A plain linear generator: the queries must not change from run to run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % limit.max(1)
    }

    fn pick<'s>(&mut self, from: &'s [String]) -> &'s str {
        &from[self.below(from.len())]
    }
}

impl Draw {
    pub(crate) fn new(documents: &[SearchDocument]) -> Self {
        let mut counts: HashMap<String, (u32, u32)> = HashMap::new();
        let mut buffer = TokenBuffer::default();
        let mut dice = Dice(7);
        let (mut pairs, mut phrases, mut paths) = (Vec::new(), Vec::new(), Vec::new());
        for (number, document) in (1..).zip(documents) {
            let mut words: Vec<String> = Vec::new();
            tokenize(&document.text, &mut buffer, |token| {
                if token.kind == TokenKind::Word && token.text.len() > 2 {
                    words.push(token.text.to_owned());
                }
                match counts.get_mut(token.text) {
                    Some(count) if count.1 == number => {}
                    Some(count) => *count = (count.0 + 1, number),
                    None => drop(counts.insert(token.text.to_owned(), (1, number))),
                }
            });
            if words.len() > 4 && dice.below(20) == 0 {
                let (first, second) = (dice.below(words.len()), dice.below(words.len()));
                pairs.push(format!("{} {}", words[first], words[second]));
                let at = dice.below(words.len() - 3);
                let text: Vec<&str> = document.text.split_whitespace().collect();
                if text.len() > 8 {
                    let from = dice.below(text.len() - 3);
                    let phrase = text[from..from + 3].join(" ").replace('"', " ");
                    phrases.push(format!("\"{phrase}\""));
                } else {
                    phrases.push(format!("\"{} {}\"", words[at], words[at + 1]));
                }
            }
            for (_, path) in &document.paths {
                let parts: Vec<&str> = path.rsplit('/').take(2).collect();
                paths.push(parts.into_iter().rev().collect::<Vec<_>>().join("/"));
            }
        }
        let plain = |word: &String| word.len() > 3 && word.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let mut vocabulary: Vec<(String, u32)> =
            counts.into_iter().filter(|(word, _)| plain(word)).map(|(word, (count, _))| (word, count)).collect();
        vocabulary.sort_unstable_by(|left, right| right.1.cmp(&left.1).then(left.0.cmp(&right.0)));
        let words = |from: usize, to: usize| vocabulary[from..to].iter().map(|(word, _)| word.clone()).collect();
        let rare = vocabulary.partition_point(|(_, count)| *count > 5);
        Draw {
            common: words(0, 400),
            middle: words(400, 6000.min(rare)),
            rare: words(rare, vocabulary.len()),
            pairs,
            phrases,
            paths,
        }
    }

    /// The classes: name, bar for the median in milliseconds, queries.
    pub(crate) fn classes(&self, count: usize) -> Vec<(&'static str, f64, Vec<String>)> {
        let mut dice = Dice(42);
        let mut draw = |make: &mut dyn FnMut(&mut Dice) -> String| -> Vec<String> {
            (0..count).map(|_| make(&mut dice)).collect()
        };
        vec![
            ("rare", 0.2, draw(&mut |dice| dice.pick(&self.rare).to_owned())),
            ("middle", 0.2, draw(&mut |dice| dice.pick(&self.middle).to_owned())),
            ("common", 0.2, draw(&mut |dice| dice.pick(&self.common).to_owned())),
            ("two words", 0.6, draw(&mut |dice| dice.pick(&self.pairs).to_owned())),
            ("two common", 0.6, draw(&mut |dice| format!("{} {}", dice.pick(&self.common), dice.pick(&self.common)))),
            ("phrase", 0.2, draw(&mut |dice| dice.pick(&self.phrases).to_owned())),
            ("path", 0.2, draw(&mut |dice| dice.pick(&self.paths).to_owned())),
            ("path:", 0.2, draw(&mut |dice| format!("path:{}", dice.pick(&self.paths)))),
            (
                "prefix",
                0.2,
                draw(&mut |dice| {
                    let word = dice.pick(&self.middle).to_owned();
                    format!("{}*", &word[..word.len().min(5)])
                }),
            ),
            (
                "substring",
                0.2,
                draw(&mut |dice| {
                    let word = dice.pick(&self.middle).to_owned();
                    format!("*{}*", &word[1..word.len().min(6)])
                }),
            ),
            (
                "fielded",
                0.6,
                draw(&mut |dice| {
                    let field = ["tool:bash", "kind:prompt", "-kind:output", "role:human", "tool:edit"][dice.below(5)];
                    format!("{field} {}", dice.pick(&self.middle))
                }),
            ),
            (
                TYPING,
                0.6,
                draw(&mut |dice| {
                    // Stopped at any letter: a first word's, or the second's.
                    let text = format!("{} {}", dice.pick(&self.middle), dice.pick(&self.middle));
                    text[..=dice.below(text.len())].trim_end().to_owned()
                }),
            ),
            ("without", 0.6, draw(&mut |dice| format!("{} -{}", dice.pick(&self.middle), dice.pick(&self.middle)))),
            ("either", 0.6, draw(&mut |dice| format!("{} OR {}", dice.pick(&self.middle), dice.pick(&self.middle)))),
            (
                "fields only",
                0.6,
                draw(&mut |dice| {
                    format!(
                        "tool:{} kind:{}",
                        ["bash", "edit", "read"][dice.below(3)],
                        ["call", "command"][dice.below(2)]
                    )
                }),
            ),
        ]
    }
}
