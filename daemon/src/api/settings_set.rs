//! `settings/set`

use std::sync::{Mutex, PoisonError};

use jsonrpsee::core::RpcResult;
use opensession_protocol::{SettingChanges, Settings, config, error::REFUSED, paths::tighten_private_directory};

use super::{errors, settings_list};
use crate::{engine::Engine, run};

/// Changes come one after the other: each begins with what the last one wrote.
static WRITING: Mutex<()> = Mutex::new(());

pub(super) fn answer(engine: &Engine, changes: &SettingChanges, check: bool) -> RpcResult<Settings> {
    let _writing = WRITING.lock().unwrap_or_else(PoisonError::into_inner);
    let file = engine.paths.daemon_config_file();
    let before = settings_list::text(engine)?;
    let (text, _) = config::changed(&before, changes, &file, &run::SWITCHES).map_err(settings_list::refused)?;
    if !check && text != before {
        tighten_private_directory(&engine.paths.config_dir, engine.paths.uid)
            .map_err(|error| errors::with_hint(REFUSED, error.to_string(), "look at the folder's owner and rights"))?;
        config::write_private(&file, &text)
            .map_err(|error| errors::with_hint(REFUSED, error.to_string(), error.hint()))?;
    }
    settings_list::of(engine, &text)
}
