//! `opensession rpc`

use std::io::Read;

use serde_json::{Value, json, value::RawValue};

use crate::arguments::HELP_TEMPLATE;
use crate::connection::Update;
use crate::context::Context;
use crate::failure::{Exit, Failure};
use crate::format::clean;
use crate::text;

/// Bytes of parameters that are read from standard input.
const PARAMETERS_MOST: u64 = 16 * 1024 * 1024;

/// Call a method of the daemon and print its result as JSON.
#[derive(Debug, clap::Args)]
#[command(
    help_template = HELP_TEMPLATE,
    before_help = "Examples:\n  opensession rpc daemon/status\n  opensession rpc search/query '{\"query\": \"lock panicked\"}'",
    after_help = "Methods that subscribe print what they are sent, one JSON value a line, until Ctrl-C. \
                  All methods: opensession rpc rpc.discover"
)]
pub(crate) struct Arguments {
    /// The method
    #[arg(value_name = "METHOD")]
    method: String,
    /// Its parameters, an object; - reads them from standard input
    #[arg(value_name = "JSON")]
    parameters: Option<String>,
}

pub(crate) fn run(arguments: &Arguments, context: &mut Context<'_>) -> Result<Exit, Failure> {
    let parameters = parameters(arguments.parameters.as_deref(), context)?;
    if arguments.method.ends_with("/subscribe") {
        let mut connection = context.second_connection()?;
        let updates = connection.subscribe(&arguments.method, &parameters);
        let mut updates = updates.map_err(|error| context.refused(error, None))?;
        while let Update::Said(update) = updates.next(None).map_err(|error| context.refused(error, None))? {
            print(&update, false, context)?;
            context.output.flush()?;
        }
        return Ok(Exit::Done);
    }
    let answer = context.connection()?.call(&arguments.method, &parameters);
    let answer = answer.map_err(|error| context.refused(error, parameters["query"].as_str()))?;
    print(&answer, context.to_terminal(), context)?;
    Ok(Exit::Done)
}

fn parameters(typed: Option<&str>, context: &mut Context<'_>) -> Result<Value, Failure> {
    let text = match typed {
        None => return Ok(json!({})),
        Some("-") => {
            let mut text = String::new();
            let read = Read::take(&mut *context.stdin, PARAMETERS_MOST).read_to_string(&mut text);
            read.map_err(|error| Failure::wrong_input(text::cannot_read_parameters(&error.to_string())))?;
            text
        }
        Some(typed) => typed.to_owned(),
    };
    let value: Value = serde_json::from_str(&text).map_err(|error| {
        Failure::wrong_input(text::parameters_are_no_json(&error.to_string()))
            .hint("opensession rpc session/get '{\"session\": \"@\"}'")
    })?;
    match value {
        Value::Object(_) | Value::Array(_) => Ok(value),
        Value::Null => Ok(json!({})),
        _ => Err(Failure::wrong_input(text::PARAMETERS_ARE_NO_OBJECT)),
    }
}

/// Prints a value, indented for people, on one line for programs.
fn print(value: &RawValue, indented: bool, context: &mut Context<'_>) -> Result<(), Failure> {
    let text = match serde_json::from_str::<Value>(value.get()) {
        Ok(value) if indented => format!("{value:#}"),
        Ok(value) => value.to_string(),
        // Deeper nested than a value may be: as it came.
        Err(_) => value.get().to_owned(),
    };
    let text = if context.to_terminal() { clean::json(&text) } else { text.as_str().into() };
    text.lines().try_for_each(|line| context.output.line(line))
}
