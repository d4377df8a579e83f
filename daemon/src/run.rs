//! The daemon as a whole: the engine and its methods, put into the frame of a process's life.

use std::sync::Arc;

use jsonrpsee::Methods;
use opensession_agents::{Environment, Platform};
use opensession_protocol::{
    Warning,
    config::{ConfigError, DaemonConfig, Loaded},
    paths,
};

use crate::{
    api::Api,
    engine::Engine,
    lifecycle::{self, ConfigWatcher, Options, RunError, Start, watch_config},
    rpc,
};

/// Switches of the agents that are read, for the configuration.
static SWITCHES: std::sync::LazyLock<Vec<&'static str>> =
    std::sync::LazyLock::new(|| opensession_agents::all().iter().map(|agent| agent.switch()).collect());

/// Runs a daemon to its end.
pub fn run(options: &Options) -> Result<(), RunError> {
    lifecycle::run(options, begin)
}

struct Daemon {
    engine: Arc<Engine>,
    methods: Methods,
    _config: Option<ConfigWatcher>,
}

async fn begin(start: Start) -> anyhow::Result<Daemon> {
    let loaded = DaemonConfig::load(&start.paths.daemon_config_file(), &SWITCHES)?;
    let config = loaded.settings.clone();
    let engine = Engine::start(start.paths.clone(), agents_environment(), config.clone())?;
    tell(&engine, &loaded);
    let changed = {
        let engine = engine.clone();
        move |outcome: Result<Loaded<DaemonConfig>, ConfigError>| match outcome {
            Ok(loaded) => {
                tell(&engine, &loaded);
                engine.configure(loaded.settings);
            }
            Err(error) => {
                tracing::warn!(%error, "the configuration is not taken; the one before stays in force");
                engine.warnings.set(Warning {
                    subject: "config".into(),
                    message: format!("{error}; the settings before stay in force"),
                    remedy: Some(error.hint()),
                });
            }
        }
    };
    let watcher = watch_config(&start.paths, &SWITCHES, config, changed)
        .inspect_err(|error| tracing::warn!(%error, "changes of the configuration are seen at the next start only"))
        .ok();
    let methods = rpc::methods(Api::new(engine.clone(), start.stop))?;
    Ok(Daemon { engine, methods, _config: watcher })
}

impl lifecycle::Engine for Daemon {
    fn methods(&self) -> Methods {
        self.methods.clone()
    }

    async fn finish(self) -> anyhow::Result<()> {
        let engine = self.engine;
        tokio::task::spawn_blocking(move || engine.stop()).await?;
        Ok(())
    }
}

/// Warns of what is odd about a configuration.
fn tell(engine: &Engine, loaded: &Loaded<DaemonConfig>) {
    match loaded.warnings.first() {
        Some(first) => engine.warnings.set(Warning {
            subject: "config".into(),
            message: match loaded.warnings.len() {
                1 => first.to_string(),
                several => format!("{first}, and {} more", several - 1),
            },
            remedy: Some(first.remedy.clone()),
        }),
        None => engine.warnings.clear("config"),
    }
}

/// What readers may know of this machine.
fn agents_environment() -> Environment {
    let platform = if cfg!(target_os = "macos") {
        Platform::MacOs
    } else if std::fs::read_to_string("/proc/sys/kernel/osrelease").is_ok_and(|release| release.contains("microsoft")) {
        Platform::Wsl
    } else {
        Platform::Linux
    };
    let variables = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    Environment { home: paths::Environment::read().home, variables, platform, projects: Vec::new() }
}
