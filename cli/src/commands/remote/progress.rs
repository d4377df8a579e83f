//! How far pulls are while they are awaited.

use std::time::Duration;

use opensession_protocol::HostInfo;
use serde_json::json;

use crate::connection::{self, Update};
use crate::context::Context;
use crate::failure::Failure;
use crate::format::{cells, clean};
use crate::text;

/// How often it is looked whether the call is done.
const LOOK: Duration = Duration::from_millis(50);

/// Pulls from the machine of that name, or from all, and shows meanwhile how far it is.
pub(super) fn during(context: &mut Context<'_>, name: Option<&str>) -> Result<Vec<HostInfo>, Failure> {
    let mut caller = context.second_connection()?;
    let mut watcher = context.second_connection()?;
    let terminal = context.terminal();
    let in_place = terminal.stderr && context.variable("TERM").is_none_or(|term| term != "dumb");
    let style = context.talk_style;
    let params = json!({ "name": name });
    let mut is_drawn = false;
    let answer = std::thread::scope(|scope| {
        let call = scope.spawn(move || caller.ask::<Vec<HostInfo>>("host/sync", &params));
        // The call decides; that nobody can look on is no failure of it.
        let mut updates = watcher.subscribe("host/subscribe", &json!({})).ok().filter(|_| in_place);
        while let Some(source) = updates.as_mut().filter(|_| !call.is_finished()) {
            match source.next(Some(LOOK)) {
                Ok(Update::Said(update)) => {
                    let hosts: Vec<HostInfo> = connection::read(&update).unwrap_or_default();
                    let lines: Vec<String> = hosts
                        .iter()
                        .filter_map(|host| Some((host, host.progress?)))
                        .map(|(host, progress)| {
                            format!("{}: {}", clean::one_line(&host.name), text::pulling(&progress))
                        })
                        .collect();
                    if !lines.is_empty() {
                        let line = cells::cut_end(&lines.join(", "), terminal.width, style.ellipsis());
                        context.output.say(&format!("\r{line}\u{1b}[K"));
                        is_drawn = true;
                    }
                }
                Ok(Update::Quiet) => {}
                Ok(Update::Ended) | Err(_) => updates = None,
            }
        }
        call.join()
    });
    if is_drawn {
        context.output.say("\r\u{1b}[K");
    }
    match answer {
        Ok(answer) => answer.map_err(|error| context.refused(error, None)),
        Err(panic) => std::panic::resume_unwind(panic),
    }
}
