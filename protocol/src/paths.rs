//! Where things are: configuration, data, logs, the socket. Everything is worked out from an [`Environment`] that the
//! caller gives; only [`Environment::read`] looks at the process.

mod private;

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

pub use private::{DirectoryError, create_private_directory, tighten_private_directory, verify_private_directory};

/// What a socket is called until it is ready to be found.
pub const UNFINISHED_SOCKET: &str = ".new";

/// Bytes that a socket's path may have: what the system takes (108 with the closing zero on Linux, 104 on macOS), less
/// [`UNFINISHED_SOCKET`].
pub const SOCKET_PATH_LIMIT: usize =
    if cfg!(any(target_os = "macos", target_os = "ios")) { 103 } else { 107 } - UNFINISHED_SOCKET.len();

/// What paths depend on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Environment {
    /// `HOME`.
    pub home: PathBuf,
    /// `XDG_CONFIG_HOME`; ignored unless absolute, like the other XDG variables.
    pub config_home: Option<PathBuf>,
    /// `XDG_DATA_HOME`.
    pub data_home: Option<PathBuf>,
    /// `XDG_STATE_HOME`.
    pub state_home: Option<PathBuf>,
    /// `XDG_RUNTIME_DIR`.
    pub runtime_dir: Option<PathBuf>,
    /// `TMPDIR`; a private directory of the user on macOS, and looked at only there.
    pub temporary: Option<PathBuf>,
    /// `OPENSESSION_SOCKET`: the socket itself, instead of all rules.
    pub socket: Option<PathBuf>,
    /// The user.
    pub uid: u32,
    /// `/run/user/UID`, where it exists and belongs to the user.
    pub run_user: Option<PathBuf>,
    /// Whether `OPENSESSION_NO_SPAWN` forbids starting a daemon.
    pub no_spawn: bool,
}

/// Why there are no paths.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum PathsError {
    /// `HOME` is unset, or is no absolute path.
    #[error("HOME is not set to an absolute path")]
    NoHome,
    /// The socket's path is longer than the system takes, and the user named it himself.
    #[error("the socket path {} has {length} bytes; {SOCKET_PATH_LIMIT} are possible", path.display())]
    SocketTooLong {
        /// The path.
        path: PathBuf,
        /// Its length in bytes.
        length: usize,
    },
    /// `OPENSESSION_SOCKET` is relative: the daemon and its clients run in different directories.
    #[error("OPENSESSION_SOCKET is not an absolute path: {}", path.display())]
    SocketRelative {
        /// The path.
        path: PathBuf,
    },
}

impl PathsError {
    /// What the user can do.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NoHome => "set HOME to your home directory",
            Self::SocketTooLong { .. } => "name a shorter path in OPENSESSION_SOCKET",
            Self::SocketRelative { .. } => "write the whole path, beginning with /",
        }
    }
}

impl Environment {
    /// The environment of this process.
    pub fn read() -> Self {
        let uid = rustix::process::getuid().as_raw();
        let mut environment = Self::from_variables(uid, |name| std::env::var_os(name));
        // Asked only when it will be used: this runs on every command.
        if environment.runtime_dir.is_none() && environment.socket.is_none() && cfg!(target_os = "linux") {
            let run_user = PathBuf::from(format!("/run/user/{uid}"));
            environment.run_user = private::belongs_to(&run_user, uid).then_some(run_user);
        }
        environment
    }

    /// The environment that `variable` tells of; `/run/user` is not looked at.
    pub fn from_variables(uid: u32, variable: impl Fn(&str) -> Option<OsString>) -> Self {
        let value = |name: &str| variable(name).filter(|value| !value.is_empty());
        let absolute = |name: &str| value(name).map(PathBuf::from).filter(|path| path.is_absolute());
        Self {
            home: value("HOME").map(PathBuf::from).unwrap_or_default(),
            config_home: absolute("XDG_CONFIG_HOME"),
            data_home: absolute("XDG_DATA_HOME"),
            state_home: absolute("XDG_STATE_HOME"),
            runtime_dir: absolute("XDG_RUNTIME_DIR"),
            temporary: absolute("TMPDIR"),
            socket: value("OPENSESSION_SOCKET").map(PathBuf::from),
            uid,
            run_user: None,
            no_spawn: value("OPENSESSION_NO_SPAWN").is_some_and(|value| value != "0"),
        }
    }
}

/// Where everything of one user is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paths {
    /// `~/.config/opensession`.
    pub config_dir: PathBuf,
    /// `~/.local/share/opensession`.
    pub data_dir: PathBuf,
    /// `~/.local/state/opensession`.
    pub state_dir: PathBuf,
    /// The daemon's socket.
    pub socket: PathBuf,
    /// The user whose directories these must be.
    pub uid: u32,
}

impl Paths {
    /// Works the paths out.
    ///
    /// The socket is the first of: `OPENSESSION_SOCKET`; `$XDG_RUNTIME_DIR/opensession/daemon.sock`;
    /// `/run/user/UID/opensession/daemon.sock`; on macOS `$TMPDIR/opensession/daemon.sock`;
    /// `/tmp/opensession-UID/daemon.sock`. One that is longer than [`SOCKET_PATH_LIMIT`] gives way to
    /// `/tmp/opensession-UID/HASH.sock`, with a hash of the long path, so that two of them never meet.
    pub fn new(environment: &Environment) -> Result<Self, PathsError> {
        let home = &environment.home;
        if !home.is_absolute() {
            return Err(PathsError::NoHome);
        }
        let under = |variable: &Option<PathBuf>, fallback: &str| {
            variable.clone().unwrap_or_else(|| home.join(fallback)).join("opensession")
        };
        Ok(Self {
            config_dir: under(&environment.config_home, ".config"),
            data_dir: under(&environment.data_home, ".local/share"),
            state_dir: under(&environment.state_home, ".local/state"),
            socket: socket(environment)?,
            uid: environment.uid,
        })
    }

    /// Settings of the commands: server, key, team.
    pub fn config_file(&self) -> PathBuf {
        self.config_dir.join("config.toml")
    }

    /// Settings of the daemon.
    pub fn daemon_config_file(&self) -> PathBuf {
        self.config_dir.join("daemon.toml")
    }

    /// The database.
    pub fn store(&self) -> PathBuf {
        self.data_dir.join("local.db")
    }

    /// The directory of the search index.
    pub fn index_dir(&self) -> PathBuf {
        self.data_dir.join("index")
    }

    /// The directory with the mirrors of other machines' home directories.
    pub fn mirrors_dir(&self) -> PathBuf {
        self.data_dir.join("remotes")
    }

    /// The daemon's log.
    pub fn log(&self) -> PathBuf {
        self.state_dir.join("daemon.log")
    }

    /// The directory of the socket: 0700, verified before use.
    pub fn runtime_dir(&self) -> &Path {
        self.socket.parent().unwrap_or(Path::new("/"))
    }

    /// Locked as long as a daemon serves this socket; holds an account of the daemon for clients and for people.
    ///
    /// When it stays behind after a crash nothing needs to be done: the lock went with the process, and the next daemon
    /// takes the file over.
    pub fn lock_file(&self) -> PathBuf {
        self.socket.with_extension("lock")
    }

    /// Locked by a client while it starts a daemon, so that many clients start one.
    pub fn startup_lock_file(&self) -> PathBuf {
        self.socket.with_extension("startup.lock")
    }

    /// Locked as long as a daemon uses the database: two daemons with different sockets must not share it.
    pub fn store_lock_file(&self) -> PathBuf {
        self.data_dir.join("daemon.lock")
    }
}

fn socket(environment: &Environment) -> Result<PathBuf, PathsError> {
    if let Some(path) = &environment.socket {
        if !path.is_absolute() {
            return Err(PathsError::SocketRelative { path: path.clone() });
        }
        let length = path.as_os_str().len();
        if length > SOCKET_PATH_LIMIT {
            return Err(PathsError::SocketTooLong { path: path.clone(), length });
        }
        return Ok(path.clone());
    }
    let temporary = environment.temporary.clone().filter(|_| cfg!(target_os = "macos"));
    let shared = PathBuf::from(format!("/tmp/opensession-{}", environment.uid));
    let directory = environment
        .runtime_dir
        .clone()
        .or_else(|| environment.run_user.clone())
        .or(temporary)
        .map_or_else(|| shared.clone(), |base| base.join("opensession"));
    let path = directory.join("daemon.sock");
    if path.as_os_str().len() <= SOCKET_PATH_LIMIT {
        return Ok(path);
    }
    Ok(shared.join(format!("{:016x}.sock", fnv1a(path.as_os_str().as_encoded_bytes()))))
}

/// FNV-1a, 64 bits (Fowler, Noll, Vo): equal on every machine and in every version, unlike the standard library's hash.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(variables: &[(&str, &str)]) -> Environment {
        Environment::from_variables(1000, |name| {
            variables.iter().find(|(key, _)| *key == name).map(|(_, value)| OsString::from(value))
        })
    }

    #[track_caller]
    fn socket_of(variables: &[(&str, &str)]) -> String {
        let mut all = vec![("HOME", "/home/ada")];
        all.extend_from_slice(variables);
        Paths::new(&environment(&all)).unwrap().socket.to_str().unwrap().to_owned()
    }

    #[test]
    fn follow_xdg() {
        let paths = Paths::new(&environment(&[("HOME", "/home/ada"), ("XDG_RUNTIME_DIR", "/run/user/1000")])).unwrap();
        assert_eq!(paths.daemon_config_file(), Path::new("/home/ada/.config/opensession/daemon.toml"));
        assert_eq!(paths.store(), Path::new("/home/ada/.local/share/opensession/local.db"));
        assert_eq!(paths.log(), Path::new("/home/ada/.local/state/opensession/daemon.log"));
        assert_eq!(paths.lock_file(), Path::new("/run/user/1000/opensession/daemon.lock"));
        assert_eq!(paths.startup_lock_file(), Path::new("/run/user/1000/opensession/daemon.startup.lock"));

        let moved = environment(&[("HOME", "/home/ada"), ("XDG_DATA_HOME", "/d"), ("XDG_CONFIG_HOME", "relative")]);
        let paths = Paths::new(&moved).unwrap();
        assert_eq!(paths.index_dir(), Path::new("/d/opensession/index"));
        assert_eq!(paths.config_file(), Path::new("/home/ada/.config/opensession/config.toml"));
    }

    #[test]
    fn the_socket_has_fallbacks() {
        assert_eq!(socket_of(&[("XDG_RUNTIME_DIR", "/run/user/1000")]), "/run/user/1000/opensession/daemon.sock");
        assert_eq!(socket_of(&[("XDG_RUNTIME_DIR", "")]), "/tmp/opensession-1000/daemon.sock");
        assert_eq!(socket_of(&[("OPENSESSION_SOCKET", "/s/o.sock"), ("XDG_RUNTIME_DIR", "/run")]), "/s/o.sock");
        let run_user = Environment {
            home: "/home/ada".into(),
            run_user: Some("/run/user/1000".into()),
            uid: 1000,
            ..Environment::default()
        };
        assert_eq!(
            Paths::new(&run_user).unwrap().socket,
            Path::new("/run/user/1000/opensession/daemon.sock"),
            "an unset XDG_RUNTIME_DIR means the same directory as a set one"
        );
    }

    #[test]
    fn a_long_socket_path_gives_way_to_a_short_one_of_its_own() {
        let (a, b) = (format!("/{}", "a".repeat(120)), format!("/{}", "b".repeat(120)));
        let (of_a, of_b) = (socket_of(&[("XDG_RUNTIME_DIR", &a)]), socket_of(&[("XDG_RUNTIME_DIR", &b)]));
        assert!(of_a.starts_with("/tmp/opensession-1000/") && of_a.len() <= SOCKET_PATH_LIMIT, "{of_a}");
        assert_ne!(of_a, of_b);
        assert_eq!(of_a, socket_of(&[("XDG_RUNTIME_DIR", &a)]));
    }

    #[test]
    fn refuses_what_cannot_work() {
        assert_eq!(Paths::new(&environment(&[])), Err(PathsError::NoHome));
        assert_eq!(Paths::new(&environment(&[("HOME", "home")])), Err(PathsError::NoHome));
        let long = format!("/{}", "s".repeat(SOCKET_PATH_LIMIT));
        let error = Paths::new(&environment(&[("HOME", "/h"), ("OPENSESSION_SOCKET", &long)])).unwrap_err();
        assert!(matches!(error, PathsError::SocketTooLong { length, .. } if length == SOCKET_PATH_LIMIT + 1));
        let error = Paths::new(&environment(&[("HOME", "/h"), ("OPENSESSION_SOCKET", "o.sock")])).unwrap_err();
        assert!(matches!(error, PathsError::SocketRelative { .. }));
    }
}
