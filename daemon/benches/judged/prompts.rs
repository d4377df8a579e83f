//! Short queries of a prompt's rarest words; the same with a slip of the pen, and with the last word not typed to its end.

use super::{Dice, Drawn, Material};

/// Letters that a slip may put in place of another.
const LETTERS: &[u8] = b"aeioulnrst";
/// Shorter words are not misspelt, nor cut short.
const MIN_LETTERS: usize = 5;

/// Two to four words of a prompt that the fewest sessions have.
pub(super) fn short(material: &Material<'_>, dice: &mut Dice) -> Vec<Drawn> {
    words(material, dice).into_iter().map(|(session, words)| Drawn::new(words.join(" "), [(session, 2)])).collect()
}

/// With one letter wrong, missing or too many in the longest word.
pub(super) fn misspelt(material: &Material<'_>, dice: &mut Dice) -> Vec<Drawn> {
    let mut drawn = Vec::new();
    for (session, mut words) in words(material, dice) {
        let Some(longest) = words.iter_mut().max_by_key(|word| word.len()) else { continue };
        if longest.len() < MIN_LETTERS {
            continue;
        }
        // The first letter is hardly ever wrong.
        let at = 1 + dice.below(longest.len() - 1);
        let letter = char::from(LETTERS[dice.below(LETTERS.len())]);
        let before = longest.clone();
        match dice.below(3) {
            0 => longest.replace_range(at..=at, letter.encode_utf8(&mut [0; 4])),
            1 => drop(longest.remove(at)),
            _ => longest.insert(at, letter),
        }
        if *longest != before {
            drawn.push(Drawn::new(words.join(" "), [(session, 2)]));
        }
    }
    drawn
}

/// Without the last letters of the last word.
pub(super) fn cut_short(material: &Material<'_>, dice: &mut Dice) -> Vec<Drawn> {
    let mut drawn = Vec::new();
    for (session, mut words) in words(material, dice) {
        let Some(last) = words.last_mut().filter(|last| last.len() > MIN_LETTERS) else { continue };
        let kept = last.len() - 1 - dice.below(2);
        last.truncate(kept);
        drawn.push(Drawn::new(words.join(" "), [(session, 2)]));
    }
    drawn
}

/// For each prompt that has enough, some of its rarest words, in its order.
fn words(material: &Material<'_>, dice: &mut Dice) -> Vec<(usize, Vec<String>)> {
    let mut all = Vec::new();
    for (session, transcript) in material.transcripts.iter().enumerate() {
        for prompt in &transcript.prompts {
            let wanted = 2 + dice.below(3);
            let rarest = rarest_words(&prompt.text, material, wanted);
            if rarest.len() == wanted {
                all.push((session, rarest));
            }
        }
    }
    all
}

/// The words of a text that the fewest sessions have, in the order of the text.
pub(super) fn rarest_words(text: &str, material: &Material<'_>, wanted: usize) -> Vec<String> {
    let mut words: Vec<&str> = Vec::new();
    for word in text.split(|letter: char| !letter.is_ascii_alphabetic()) {
        if (4..=16).contains(&word.len()) && word.is_ascii() && !words.contains(&word) {
            words.push(word);
        }
    }
    let spread = |word: &str| material.spread.get(&word.to_lowercase()).copied().unwrap_or(0);
    // A word of one session alone is a slip as often as not.
    let mut ranked: Vec<(u32, usize)> =
        words.iter().enumerate().map(|(at, word)| (spread(word), at)).filter(|(spread, _)| *spread > 1).collect();
    ranked.sort_unstable();
    let mut chosen: Vec<usize> = ranked.into_iter().take(wanted).map(|(_, at)| at).collect();
    chosen.sort_unstable();
    chosen.into_iter().map(|at| words[at].to_lowercase()).collect()
}
