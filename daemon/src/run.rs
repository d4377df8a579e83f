//! The daemon as a whole: the engine and its methods, put into the frame of a process's life.

use std::sync::Arc;

use jsonrpsee::Methods;
use opensession_agents::{Environment, Platform, external::Reader, registry};
use opensession_protocol::{
    Warning,
    config::{ConfigError, DaemonConfig, Loaded, ReaderSettings},
    paths,
};

use crate::{
    api::Api,
    engine::Engine,
    lifecycle::{self, ConfigWatcher, Options, RunError, Start, watch_config},
    rpc,
};

/// Switches of the agents that are read, for the configuration.
pub(crate) static SWITCHES: std::sync::LazyLock<Vec<&'static str>> =
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
    let readers = config.readers.clone();
    // The checks of the configuration leave no name that is taken.
    registry::configure(readers.iter().map(reader).collect())?;
    let engine = Engine::start(start.paths.clone(), agents_environment(), config.clone())?;
    tell(&engine, &loaded);
    look_through(&engine, &loaded.settings)?;
    let changed = {
        let engine = engine.clone();
        move |outcome: Result<Loaded<DaemonConfig>, ConfigError>| match outcome {
            Ok(loaded) => {
                tell(&engine, &loaded);
                if loaded.settings.readers == readers {
                    engine.warnings.clear("readers");
                } else {
                    engine.warnings.set(Warning {
                        subject: "readers".into(),
                        message: "the readers in daemon.toml changed; those from the start stay in force".into(),
                        remedy: Some("opensession daemon restart".into()),
                    });
                }
                if let Err(error) = look_through(&engine, &loaded.settings) {
                    tracing::warn!(%error, "folders of projects are not looked through");
                }
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

/// A reader as the configuration names it.
fn reader(settings: &ReaderSettings) -> Reader {
    Reader {
        name: settings.name.clone(),
        command: settings.command.clone(),
        roots: settings.roots.clone(),
        pattern: settings.pattern.clone(),
    }
}

/// Looks through the configured folders for projects with sessions in them, in a thread of its own: it may take long.
fn look_through(engine: &Arc<Engine>, config: &DaemonConfig) -> std::io::Result<()> {
    let home = engine.environment().home.clone();
    let absolute = |folder: &String| match folder.strip_prefix("~/") {
        Some(rest) => home.join(rest),
        None => folder.into(),
    };
    let folders: Vec<std::path::PathBuf> = config.discovery.projects.iter().map(absolute).collect();
    if folders.is_empty() {
        return Ok(());
    }
    let engine = engine.clone();
    let look = move || {
        for folder in folders {
            if let Err(error) = Api::scan_folder(&engine, &folder.display().to_string()) {
                tracing::warn!(folder = %folder.display(), error = error.message(), "it was not looked through");
            }
        }
    };
    std::thread::Builder::new().name("projects".into()).spawn(look).map(drop)
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
    Environment {
        home: paths::Environment::read().home,
        variables,
        platform,
        projects: Vec::new(),
        out_of_sight: false,
    }
}
