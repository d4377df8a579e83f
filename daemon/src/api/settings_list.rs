//! `settings/list`

use std::{fs, io};

use jsonrpsee::{core::RpcResult, types::ErrorObjectOwned};
use opensession_protocol::{
    Settings,
    config::{self, ConfigError},
};

use super::errors;
use crate::{engine::Engine, run};

pub(super) fn answer(engine: &Engine) -> RpcResult<Settings> {
    of(engine, &text(engine)?)
}

/// The settings that a text of the file makes.
pub(super) fn of(engine: &Engine, text: &str) -> RpcResult<Settings> {
    let file = engine.paths.daemon_config_file();
    let settings = config::settings(text, &file, &run::SWITCHES).map_err(refused)?;
    Ok(Settings { file: file.display().to_string(), settings })
}

/// The text of the file; empty where there is none.
pub(super) fn text(engine: &Engine) -> RpcResult<String> {
    let file = engine.paths.daemon_config_file();
    match fs::metadata(&file) {
        Ok(metadata) if metadata.len() > config::FILE_LIMIT => {
            return Err(errors::bad_value(
                format!("{} is larger than 1 MiB", file.display()),
                "a file of settings has a few lines: look at what is in it",
            ));
        }
        _ => {}
    }
    match fs::read_to_string(&file) {
        Ok(text) => Ok(text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
        Err(source) => Err(refused(ConfigError::Io { path: file, source })),
    }
}

pub(super) fn refused(failure: ConfigError) -> ErrorObjectOwned {
    errors::bad_value(failure.to_string(), failure.hint())
}
