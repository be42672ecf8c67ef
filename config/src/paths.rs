//! Where things are when nobody says: the user's set-up by the XDG rules, the system's under /etc, /var/lib and /run.
//! `STATE_DIRECTORY` and `RUNTIME_DIRECTORY`, which systemd sets for a unit, win over both.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// What of the process's surroundings the configuration depends on, as a value, so that tests can choose it.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    vars: BTreeMap<String, OsString>,
    uid: u32,
}

impl Environment {
    /// The environment of this process.
    pub fn of_process() -> Self {
        let vars =
            std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value))).collect();
        // The owner of /proc/self is the effective user, without a system call of our own.
        let uid = std::fs::metadata("/proc/self").map_or(0, |meta| meta.uid());
        Self { vars, uid }
    }

    /// An environment of exactly these variables.
    pub fn new<N: Into<String>, V: Into<OsString>>(uid: u32, vars: impl IntoIterator<Item = (N, V)>) -> Self {
        Self { vars: vars.into_iter().map(|(name, value)| (name.into(), value.into())).collect(), uid }
    }

    /// A variable; empty counts as unset.
    pub fn var(&self, name: &str) -> Option<&OsString> {
        self.vars.get(name).filter(|value| !value.is_empty())
    }

    /// The effective user.
    pub fn uid(&self) -> u32 {
        self.uid
    }

    fn path(&self, name: &str) -> Option<PathBuf> {
        let path = PathBuf::from(self.var(name)?);
        path.is_absolute().then_some(path)
    }
}

/// Which of the two documented set-ups applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setup {
    /// One user's session: the headset belongs to it.
    User,
    /// A system service.
    System,
}

/// The default paths of one set-up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paths {
    /// Which set-up.
    pub setup: Setup,
    /// The configuration file.
    pub config: PathBuf,
    /// The state folder.
    pub state_dir: PathBuf,
    /// The control socket.
    pub socket: PathBuf,
}

impl Paths {
    /// The paths for this process: the system's for root, for a process without a home and under a system unit.
    pub fn of(env: &Environment) -> Self {
        let state = env.var("STATE_DIRECTORY");
        let system_unit = state.is_some_and(|dirs| dirs.to_string_lossy().starts_with("/var/lib/"));
        if env.uid() == 0 || system_unit || env.path("HOME").is_none() {
            Self::system(env)
        } else {
            Self::user(env)
        }
    }

    /// The user's set-up.
    pub fn user(env: &Environment) -> Self {
        let home = env.path("HOME").unwrap_or_else(|| PathBuf::from("/"));
        let config_home = env.path("XDG_CONFIG_HOME").unwrap_or_else(|| home.join(".config"));
        let data_home = env.path("XDG_DATA_HOME").unwrap_or_else(|| home.join(".local/share"));
        let state_dir = first_dir(env, "STATE_DIRECTORY").unwrap_or_else(|| data_home.join("kakeru"));
        let socket_dir = first_dir(env, "RUNTIME_DIRECTORY")
            .or_else(|| Some(env.path("XDG_RUNTIME_DIR")?.join("kakeru")))
            .unwrap_or_else(|| state_dir.clone());
        Self {
            setup: Setup::User,
            config: config_home.join("kakeru/kakeru.toml"),
            state_dir,
            socket: socket_dir.join("control.sock"),
        }
    }

    /// The system's set-up.
    pub fn system(env: &Environment) -> Self {
        let state_dir = first_dir(env, "STATE_DIRECTORY").unwrap_or_else(|| PathBuf::from("/var/lib/kakeru"));
        let socket_dir = first_dir(env, "RUNTIME_DIRECTORY").unwrap_or_else(|| PathBuf::from("/run/kakeru"));
        Self {
            setup: Setup::System,
            config: PathBuf::from("/etc/kakeru/kakeru.toml"),
            state_dir,
            socket: socket_dir.join("control.sock"),
        }
    }

    /// The configuration file to use when none is named: the set-up's own if it exists, else the system's if that
    /// exists, else the set-up's own (whose absence the reader then reports).
    pub fn find_config(env: &Environment) -> PathBuf {
        Self::first_existing(env, |paths| paths.config)
    }

    /// The socket a client tries when none is named, by the same rule.
    pub fn find_socket(env: &Environment) -> PathBuf {
        Self::first_existing(env, |paths| paths.socket)
    }

    fn first_existing(env: &Environment, pick: fn(Self) -> PathBuf) -> PathBuf {
        let own = pick(Self::of(env));
        let system = pick(Self::system(env));
        if !exists(&own) && exists(&system) { system } else { own }
    }
}

/// systemd separates several directories by colons; ours is the first.
fn first_dir(env: &Environment, name: &str) -> Option<PathBuf> {
    let value = env.var(name)?.to_str()?;
    let path = PathBuf::from(value.split(':').next()?);
    path.is_absolute().then_some(path)
}

fn exists(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_gets_the_xdg_paths() {
        let env = Environment::new(1000, [("HOME", "/home/a"), ("XDG_RUNTIME_DIR", "/run/user/1000")]);
        let paths = Paths::of(&env);
        assert_eq!(paths.setup, Setup::User);
        assert_eq!(paths.config, Path::new("/home/a/.config/kakeru/kakeru.toml"));
        assert_eq!(paths.state_dir, Path::new("/home/a/.local/share/kakeru"));
        assert_eq!(paths.socket, Path::new("/run/user/1000/kakeru/control.sock"));
        let env = Environment::new(
            1000,
            [("HOME", "/home/a"), ("XDG_CONFIG_HOME", "/c"), ("XDG_DATA_HOME", "relative")],
        );
        let paths = Paths::of(&env);
        assert_eq!(paths.config, Path::new("/c/kakeru/kakeru.toml"));
        // A relative XDG path is invalid by the specification; without a runtime folder the socket stays with the state.
        assert_eq!(paths.socket, Path::new("/home/a/.local/share/kakeru/control.sock"));
    }

    #[test]
    fn root_and_a_system_unit_get_the_system_paths() {
        let root = Paths::of(&Environment::new(0, [("HOME", "/root")]));
        assert_eq!(root.setup, Setup::System);
        assert_eq!(root.config, Path::new("/etc/kakeru/kakeru.toml"));
        assert_eq!(root.state_dir, Path::new("/var/lib/kakeru"));
        assert_eq!(root.socket, Path::new("/run/kakeru/control.sock"));
        let unit = Environment::new(
            990,
            [
                ("HOME", "/var/lib/kakeru"),
                ("STATE_DIRECTORY", "/var/lib/kakeru:/x"),
                ("RUNTIME_DIRECTORY", "/run/k"),
            ],
        );
        let unit = Paths::of(&unit);
        assert_eq!(unit.setup, Setup::System);
        assert_eq!(unit.state_dir, Path::new("/var/lib/kakeru"));
        assert_eq!(unit.socket, Path::new("/run/k/control.sock"));
    }
}
