//! `host/add`

use std::path::{Path, PathBuf};

use jsonrpsee::core::RpcResult;
use opensession_protocol::{HostAdded, HostInfo};

use super::{errors, host_sync};
use crate::{
    engine::Engine,
    hosts::{
        AddError, Address, Home, HostRow, Hosts, INTERVAL_LEAST_SECS, INTERVAL_SECS, check_name, original_home,
        suggested_name,
    },
};

/// What to add.
pub(super) struct Asked {
    pub(super) folder: Option<String>,
    pub(super) address: Option<String>,
    pub(super) name: Option<String>,
    pub(super) interval_secs: Option<u32>,
}

pub(super) fn answer(engine: &Engine, asked: Asked) -> RpcResult<HostAdded> {
    if let Some(name) = &asked.name {
        check_name(name).map_err(|fault| errors::bad_value(fault.to_string(), "give another name"))?;
    }
    match (&asked.folder, &asked.address) {
        (Some(folder), None) => from_folder(engine, folder, asked.name),
        (None, Some(address)) => from_address(engine, address, asked.name, asked.interval_secs),
        _ => Err(errors::bad_value("either a folder or an address is added", "give one of them")),
    }
}

fn from_folder(engine: &Engine, folder: &str, name: Option<String>) -> RpcResult<HostAdded> {
    let path = Path::new(folder);
    if !path.is_absolute() {
        return Err(errors::bad_value(format!("{folder} is not an absolute path"), "give the whole path"));
    }
    let own_home = engine.environment().home.clone();
    // Without `..` and links, so that one folder is one machine.
    let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let prefix = Home::recognise(&path, &own_home).map_err(|error| {
        errors::bad_value(error.to_string(), "name a home directory, or an agent's own folder such as .claude")
    })?;
    let (row, is_new) = match engine.hosts.find(|row| row.folder == path) {
        Some(row) if name.as_deref().is_none_or(|name| name == row.name) => (row, false),
        Some(row) => {
            let hint = format!("opensession import remove {}, and import it again", row.name);
            return Err(errors::bad_value(format!("{} is imported as {}", path.display(), row.name), hint));
        }
        None => {
            let name = name.or_else(|| suggested_name(&path)).ok_or_else(|| {
                errors::bad_value(format!("{folder} tells no name of a machine"), "give one: --name NAME")
            })?;
            let original = original_of(&path, &prefix);
            let row = HostRow { name, folder: path, prefix, original, ..HostRow::default() };
            (engine.hosts.add(row).map_err(|error| refused(error, "--name NAME gives it another name"))?, true)
        }
    };
    host_sync::await_reading(engine)?;
    let home = Hosts::homes(std::slice::from_ref(&row), &own_home).remove(0);
    let agents = home.agents().map(|agent| agent.id().to_owned()).collect();
    Ok(HostAdded { host: info(engine, &row.name)?, is_new, agents })
}

fn from_address(
    engine: &Engine,
    address: &str,
    name: Option<String>,
    interval_secs: Option<u32>,
) -> RpcResult<HostAdded> {
    let parsed: Address = address.parse().map_err(|error| {
        errors::bad_value(
            format!("{address:?} is no address: {error}"),
            "write user@host, user@host:port, or a host of ~/.ssh/config",
        )
    })?;
    let interval_secs = interval_secs.unwrap_or(INTERVAL_SECS);
    if interval_secs < INTERVAL_LEAST_SECS {
        let message = format!("every {interval_secs} s is too often");
        return Err(errors::bad_value(message, format!("{INTERVAL_LEAST_SECS} s are the least")));
    }
    let address = parsed.to_string();
    if let Some(row) = engine.hosts.find(|row| row.address.as_ref() == Some(&address)) {
        return Ok(HostAdded { host: info(engine, &row.name)?, is_new: false, agents: Vec::new() });
    }
    let name = name.unwrap_or_else(|| parsed.host().to_owned());
    check_name(&name).map_err(|fault| errors::bad_value(fault.to_string(), "give one: --name NAME"))?;
    let row = HostRow { name, address: Some(address), interval_secs: Some(interval_secs), ..HostRow::default() };
    let row = engine.hosts.add(row).map_err(|error| refused(error, "--name NAME gives it another name"))?;
    Ok(HostAdded { host: info(engine, &row.name)?, is_new: true, agents: Vec::new() })
}

/// The home directory that the folder was on its machine, as its path tells.
fn original_of(folder: &Path, prefix: &Path) -> Option<PathBuf> {
    if !folder.ends_with(prefix) {
        return None;
    }
    original_home(folder.ancestors().nth(prefix.components().count())?)
}

pub(super) fn info(engine: &Engine, name: &str) -> RpcResult<HostInfo> {
    let found = engine.hosts.list().into_iter().find(|host| host.name == name);
    found.ok_or_else(|| unknown(engine, name))
}

/// There is no such machine.
pub(super) fn unknown(engine: &Engine, name: &str) -> jsonrpsee::types::ErrorObjectOwned {
    let names: Vec<String> = engine.hosts.list().into_iter().map(|host| host.name).collect();
    let hint = if names.is_empty() {
        "none is known: opensession remote add user@host, opensession import DIR".to_owned()
    } else {
        format!("known are {}", names.join(", "))
    };
    errors::bad_value(format!("no machine is called {name}"), hint)
}

pub(super) fn refused(error: AddError, hint: &str) -> jsonrpsee::types::ErrorObjectOwned {
    match error {
        AddError::NameTaken(_) => errors::bad_value(error.to_string(), hint),
        AddError::Store(error) => errors::store(error),
        AddError::Ending => errors::ending(),
    }
}
