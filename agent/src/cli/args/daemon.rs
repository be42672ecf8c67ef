//! What may be typed to run something: the daemon, the demo, the practice exchange; and about the configuration.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

/// `kakeru run`; the file is the global `--config`.
#[derive(Clone, Debug, Default, Args)]
pub struct RunArgs {}

/// `kakeru demo`; `--json` is global.
#[derive(Clone, Debug, Default, Args)]
pub struct DemoArgs {
    /// Shorten ringing and talk: under 30 seconds
    #[arg(long)]
    pub fast: bool,
    /// Play no sound even where there is a device
    #[arg(long)]
    pub mute: bool,
    /// Keep database, recordings and results in this folder [default: a temporary one]
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
}

/// `kakeru exchange`; `--json` is global.
#[derive(Clone, Debug, Args)]
pub struct ExchangeArgs {
    /// Address and port for UDP and TCP; port 0: any free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:5060")]
    pub listen: SocketAddr,
    /// The one user who may register
    #[arg(long, default_value = "100")]
    pub user: String,
    /// The user's password
    #[arg(long, default_value = "practice")]
    pub password: String,
    /// Digest algorithms to offer: many phones know MD5 only and give up at anything else
    #[arg(long, value_enum, default_value = "md5")]
    pub digest: DigestArg,
    /// Have the message bodies signed too (qop=auth-int)
    #[arg(long)]
    pub auth_int: bool,
    /// Address and port for TLS; needs --tls-cert and --tls-key
    #[arg(long, value_name = "ADDR", requires = "tls_cert")]
    pub tls: Option<SocketAddr>,
    /// The exchange's certificate, a PEM file
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub tls_cert: Option<PathBuf>,
    /// Its private key, a PEM file
    #[arg(long, value_name = "FILE", requires = "tls")]
    pub tls_key: Option<PathBuf>,
    /// Shorten ringing and talk
    #[arg(long)]
    pub fast: bool,
}

/// Digest algorithms of the practice exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DigestArg {
    /// MD5.
    Md5,
    /// MD5-sess.
    Md5Sess,
    /// SHA-256.
    Sha256,
    /// SHA-512-256.
    #[value(name = "sha512-256")]
    Sha512T256,
    /// SHA-256, then MD5, as RFC 8760 has it.
    Both,
    /// SHA-512-256, SHA-256, then MD5.
    All,
}

/// `kakeru config …`.
#[derive(Debug, Subcommand)]
pub enum ConfigVerb {
    /// Check the file and print every mistake with its line
    Check {
        /// The file [default: as --config]
        file: Option<PathBuf>,
        /// What an account would send.
        #[command(flatten)]
        explain: ExplainArgs,
    },
    /// Print the commented example
    Example,
}

/// What `kakeru config check` prints besides mistakes.
#[derive(Clone, Debug, Default, Args)]
pub struct ExplainArgs {
    /// Print the INVITE that this account would send; nothing is sent
    #[arg(long, value_name = "ACCOUNT")]
    pub explain: Option<String>,
    /// To this number instead of a made-up one; 184 and 186 may stand before it
    #[arg(long, requires = "explain")]
    pub number: Option<String>,
    /// Print the numbers whole
    #[arg(long, requires = "explain")]
    pub show_numbers: bool,
}
