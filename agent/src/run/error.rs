//! Why the daemon did not start.

use media::engine::StartError;
use sip_stack::driver::TlsSetupError;
use thiserror::Error;

/// Why the daemon did not start. Each says what to do.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RunError {
    /// The runtime could not be built.
    #[error("cannot start the event loop")]
    Runtime(#[source] std::io::Error),
    /// The database cannot be used.
    #[error("cannot open the database {path}")]
    Store {
        /// The file.
        path: String,
        /// Why, and what to do.
        #[source]
        source: Box<store::OpenError>,
    },
    /// A verb of the store failed at start.
    #[error("cannot read the database")]
    StoreVerb(#[source] Box<store::Error>),
    /// The SIP sockets cannot be bound.
    #[error("cannot listen for SIP on {address}; is another phone running?")]
    Bind {
        /// The address.
        address: String,
        /// Why.
        #[source]
        source: sip_stack::driver::BindError,
    },
    /// There is no certificate for DTLS.
    #[error(transparent)]
    Identity(#[from] media::dtls::IdentityError),
    /// An account's TLS files cannot be used.
    #[error("account {account}: TLS cannot be used; see the keys tls_ca, tls_cert and tls_key")]
    Tls {
        /// Name of the account.
        account: String,
        /// Why.
        #[source]
        source: TlsSetupError,
    },
    /// The media engine did not start.
    #[error("cannot start the media engine")]
    Media(#[source] StartError),
    /// The control socket cannot be made.
    #[error("cannot open the control socket {path}; is another kakeru running?")]
    Control {
        /// The socket.
        path: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A folder cannot be made.
    #[error("cannot use the folder {path}")]
    Folder {
        /// The folder.
        path: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// An account's URI is not one.
    #[error("account {account}: {uri} is not a SIP URI")]
    Uri {
        /// The account.
        account: String,
        /// What was written.
        uri: String,
    },
}

impl RunError {
    /// Which thing could not be used, and why where the system says it, in Japanese.
    pub(crate) fn ja(&self) -> String {
        match self {
            Self::Runtime(error) => format!("イベントループ: {}", store::os(error)),
            Self::Store { source, .. } => source.ja(),
            Self::StoreVerb(error) => error.ja(),
            Self::Bind { address, .. } => {
                format!("SIPで {address} を使えません。ほかの電話が動いていませんか")
            }
            Self::Identity(_) => "DTLSの証明書を用意できません".to_owned(),
            Self::Tls { account, .. } => {
                format!("アカウント {account}: TLSを使えません。tls_ca、tls_cert、tls_key を確認してください")
            }
            Self::Media(_) => "音声の処理を始められません".to_owned(),
            Self::Control { path, source } => {
                format!("制御ソケット {path}: {}。ほかのkakeruが動いていませんか", store::os(source))
            }
            Self::Folder { path, source } => format!("フォルダー {path}: {}", store::os(source)),
            Self::Uri { account, uri } => format!("アカウント {account}: {uri} はSIP URIではありません"),
        }
    }
}

impl From<store::Error> for RunError {
    fn from(error: store::Error) -> Self {
        Self::StoreVerb(Box::new(error))
    }
}
