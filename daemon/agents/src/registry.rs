//! All agents that a process reads: those of [`crate::all`], and those that its user configured.
//!
//! A process calls [`configure`] once, before it asks for agents; who never calls it has the built-in ones.

use std::sync::OnceLock;

use crate::{
    Agent,
    external::{Bounds, External, Reader},
};

static AGENTS: OnceLock<Vec<&'static dyn Agent>> = OnceLock::new();

/// Why a reader is not one of this process.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RegistryError {
    /// Its name is that of another agent.
    #[error("the reader `{0}` has the name of another agent")]
    Taken(String),
    /// Agents were asked for already, or configured before.
    #[error("readers are configured once, before agents are asked for")]
    Late,
}

/// Adds the readers of the user's configuration to the built-in agents. Nothing is added where one of them has a name
/// that is taken.
pub fn configure(readers: Vec<Reader>) -> Result<(), RegistryError> {
    let mut agents = crate::all().to_vec();
    for reader in readers {
        let switch = reader.name.replace('-', "_");
        if agents.iter().any(|agent| agent.id() == reader.name || agent.switch() == switch) {
            return Err(RegistryError::Taken(reader.name));
        }
        let agent: &'static External = Box::leak(Box::new(External::new(reader, Bounds::default())));
        agents.push(agent);
    }
    AGENTS.set(agents).map_err(|_| RegistryError::Late)
}

/// Every agent, the built-in ones first.
pub fn agents() -> &'static [&'static dyn Agent] {
    AGENTS.get_or_init(|| crate::all().to_vec())
}

/// The agent of that id.
pub fn by_id(id: &str) -> Option<&'static dyn Agent> {
    agents().iter().copied().find(|agent| agent.id() == id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readers_are_configured_once_and_have_names_of_their_own() {
        let reader = |name: &str| Reader {
            name: name.to_owned(),
            command: vec!["x".to_owned()],
            roots: Vec::new(),
            pattern: "*".to_owned(),
        };
        assert_eq!(configure(vec![reader("codex")]), Err(RegistryError::Taken("codex".to_owned())));
        assert_eq!(configure(vec![reader("a"), reader("a")]), Err(RegistryError::Taken("a".to_owned())));
        assert_eq!(configure(vec![reader("my-agent")]), Ok(()));
        assert_eq!(by_id("my-agent").map(Agent::switch), Some("my_agent"));
        assert_eq!(agents().len(), crate::all().len() + 1);
        assert_eq!(configure(Vec::new()), Err(RegistryError::Late));
    }
}
