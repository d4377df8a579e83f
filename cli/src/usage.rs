//! What was typed wrong, told as every other failure is: the fact, and a hint.

use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::failure::Failure;
use crate::text;

/// The failure that a parser's error is.
pub(crate) fn failure(error: &clap::Error, command: Option<&str>) -> Failure {
    let one = |kind: ContextKind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.clone()),
        Some(ContextValue::Strings(texts)) => texts.first().cloned(),
        Some(ContextValue::StyledStr(text)) => Some(text.to_string()),
        _ => None,
    };
    let all = |kind: ContextKind| match error.get(kind) {
        Some(ContextValue::Strings(texts)) => texts.join(", "),
        Some(ContextValue::String(text)) => text.clone(),
        _ => String::new(),
    };
    let argument = one(ContextKind::InvalidArg).unwrap_or_default();
    let flag = |argument: &str| argument.split(' ').next().unwrap_or_default().to_owned();
    let help = match command {
        Some(command) => text::help_of(&format!("opensession {command}")),
        None => text::help_of("opensession"),
    };
    match error.kind() {
        ErrorKind::InvalidSubcommand => {
            let failure =
                Failure::wrong_input(text::no_such_command(&one(ContextKind::InvalidSubcommand).unwrap_or_default()));
            match one(ContextKind::SuggestedSubcommand) {
                Some(near) => failure.hint(text::did_you_mean_word(&near)),
                None => failure.hint("opensession --help"),
            }
        }
        ErrorKind::UnknownArgument => {
            let is_flag = argument.starts_with('-');
            let fact = if is_flag { text::unknown_flag(&argument) } else { text::unexpected(&argument) };
            let failure = Failure::wrong_input(fact);
            match one(ContextKind::SuggestedArg) {
                Some(near) => failure.hint(text::did_you_mean_word(&flag(&near))),
                None if is_flag && command == Some("search") => failure.hint(text::HINT_DASHES),
                None => failure.hint(help),
            }
        }
        ErrorKind::InvalidValue | ErrorKind::ValueValidation | ErrorKind::NoEquals => {
            let value = one(ContextKind::InvalidValue).unwrap_or_default();
            let failure =
                Failure::wrong_input(text::bad_flag_value(&value, flag(&argument).trim_matches(['<', '>', '[', ']'])));
            let values = all(ContextKind::ValidValue);
            match one(ContextKind::SuggestedValue) {
                Some(near) => failure.hint(text::did_you_mean_word(&near)),
                None if !values.is_empty() => failure.hint(text::possible_values(&values)),
                None => failure.hint(help),
            }
        }
        ErrorKind::MissingRequiredArgument => {
            let missing = all(ContextKind::InvalidArg).replace(['<', '>'], "").replace("...", "");
            Failure::wrong_input(text::missing_argument(&missing)).hint(help)
        }
        ErrorKind::ArgumentConflict => {
            let other = one(ContextKind::PriorArg).unwrap_or_default();
            Failure::wrong_input(text::conflict(&flag(&argument), &flag(&other))).hint(help)
        }
        _ => {
            let rendered = error.render().to_string();
            let first = rendered.lines().next().unwrap_or_default();
            Failure::wrong_input(first.strip_prefix(text::ERROR).unwrap_or(first).trim()).hint(help)
        }
    }
}
