//! Kamailio as registrar and proxy with digest, over UDP and TCP of one loopback port, and over TLS of another.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;

use super::authority::Identity;
use crate::ports;
use crate::process::{self, Process};

/// The hash of the challenges.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Algorithm {
    /// RFC 3261's own.
    #[default]
    Md5,
    /// RFC 8760.
    Sha256,
}

/// What a Kamailio is to be; [`start`](Self::start) starts it.
#[derive(Debug)]
pub struct Setup {
    users: Vec<(String, String)>,
    algorithm: Algorithm,
    gateway: Option<SocketAddr>,
    nonce_expire: Duration,
    port: Option<u16>,
    tls: Option<(Identity, Option<PathBuf>)>,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            users: Vec::new(),
            algorithm: Algorithm::default(),
            gateway: None,
            nonce_expire: Duration::from_secs(300),
            port: None,
            tls: None,
        }
    }
}

impl Setup {
    /// A user who may register and call.
    #[must_use]
    pub fn user(mut self, name: &str, password: &str) -> Self {
        self.users.push((name.to_owned(), password.to_owned()));
        self
    }

    /// The hash of the challenges, MD5 unless set.
    #[must_use]
    pub fn algorithm(mut self, algorithm: Algorithm) -> Self {
        self.algorithm = algorithm;
        self
    }

    /// Where calls go whose number has not registered; without one they get 404 with Q.850 cause 1.
    #[must_use]
    pub fn gateway(mut self, gateway: SocketAddr) -> Self {
        self.gateway = Some(gateway);
        self
    }

    /// How long a nonce lives, 5 minutes unless set; an older one is answered with `stale=true`. Whole seconds.
    #[must_use]
    pub fn nonce_expire(mut self, time: Duration) -> Self {
        self.nonce_expire = time;
        self
    }

    /// A port known beforehand: for an exchange that was away and comes back.
    #[must_use]
    pub fn port(mut self, port: u16) -> Self {
        self.port = Some(port);
        self
    }

    /// TLS too, with that certificate; with `client_authority`, clients must show one of that authority.
    #[must_use]
    pub fn tls(mut self, identity: Identity, client_authority: Option<&Path>) -> Self {
        self.tls = Some((identity, client_authority.map(Path::to_path_buf)));
        self
    }

    /// Starts it and waits until its transports are open.
    ///
    /// # Panics
    /// When it is missing or does not start.
    pub fn start(self) -> Kamailio {
        let program = process::program("kamailio", "kamailio");
        let directory = tempfile::tempdir().expect("the temporary folder is writable");
        let path = directory.path();
        let port = self.port.unwrap_or_else(ports::free);
        let users =
            self.users.iter().map(|(name, password)| format!("    $sht(users=>{name}) = \"{password}\";\n"));
        let algorithm = match self.algorithm {
            Algorithm::Md5 => "MD5",
            Algorithm::Sha256 => "SHA-256",
        };
        let tls_port = self.tls.as_ref().map(|_| ports::free());
        let (tls_listen, tls_module) = match (&self.tls, tls_port) {
            (Some((identity, client_authority)), Some(port)) => {
                let module = format!("/usr/lib/{}-linux-gnu/kamailio/modules/tls.so", std::env::consts::ARCH);
                process::program(&module, "kamailio-tls-modules");
                tls_lines(identity, client_authority.as_deref(), port)
            }
            _ => (String::new(), String::new()),
        };
        let text = include_str!("kamailio.cfg")
            .replace("@TLS_LISTEN@", &tls_listen)
            .replace("@TLS_MODULE@", &tls_module)
            .replace("@PORT@", &port.to_string())
            .replace("@ALGORITHM@", algorithm)
            .replace("@NONCE_EXPIRE@", &self.nonce_expire.as_secs().to_string())
            .replace("@GATEWAY@", &self.gateway.map_or(String::new(), |gateway| format!("sip:{gateway}")))
            .replace("@USERS@", &users.collect::<String>());
        let config = path.join("kamailio.cfg");
        std::fs::write(&config, text).expect("the temporary folder is writable");
        let mut command = Command::new(program);
        // In the foreground, log to stderr, little memory, run-time files in its own folder.
        command.arg("-f").arg(&config).args(["-DD", "-E", "-m", "16", "-M", "4"]).arg("-Y").arg(path);
        command.arg("-w").arg(path);
        let mut process = Process::start("kamailio", &command, &path.join("output.log"));
        process.wait_until("open port", Duration::from_secs(10), || {
            ports::udp_bound(port) && ports::tcp_listening(port) && tls_port.is_none_or(ports::tcp_listening)
        });
        Kamailio { process, _directory: directory, port, tls_port }
    }
}

/// A running Kamailio, ended when dropped.
#[derive(Debug)]
pub struct Kamailio {
    process: Process,
    _directory: TempDir,
    port: u16,
    tls_port: Option<u16>,
}

/// The line that listens, and those that load the module. Sizes are small: `-m 16` is all its memory.
fn tls_lines(identity: &Identity, client_authority: Option<&Path>, port: u16) -> (String, String) {
    let mut module = format!(
        "loadmodule \"tls.so\"\nmodparam(\"tls\", \"tls_method\", \"TLSv1.2+\")\n\
         modparam(\"tls\", \"certificate\", \"{}\")\nmodparam(\"tls\", \"private_key\", \"{}\")\n\
         modparam(\"tls\", \"low_mem_threshold1\", 0)\nmodparam(\"tls\", \"low_mem_threshold2\", 0)\n",
        identity.certificate.display(),
        identity.key.display()
    );
    if let Some(authority) = client_authority {
        module.push_str(&format!(
            "modparam(\"tls\", \"ca_list\", \"{}\")\nmodparam(\"tls\", \"verify_certificate\", 1)\n\
             modparam(\"tls\", \"require_certificate\", 1)\n",
            authority.display()
        ));
    }
    (format!("enable_tls=yes\nlisten=tls:127.0.0.1:{port}\nalias=127.0.0.1:{port}\n"), module)
}

impl Kamailio {
    /// Its address for TLS.
    ///
    /// # Panics
    /// When it was started without.
    pub fn tls_address(&self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.tls_port.expect("started with TLS")))
    }

    /// Its SIP address, UDP and TCP.
    pub fn address(&self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.port))
    }

    /// The child process, for pid and signals.
    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }
}
