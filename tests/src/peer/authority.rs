//! A certificate authority made for one test, with its files.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use tempfile::TempDir;

/// An authority; its folder goes with it.
#[derive(Debug)]
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    folder: TempDir,
    file: PathBuf,
}

/// A certificate and its key, PEM files.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The certificate.
    pub certificate: PathBuf,
    /// The key, mode 0600.
    pub key: PathBuf,
}

impl Authority {
    /// A fresh one.
    #[expect(clippy::new_without_default, reason = "each is another authority")]
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("the temporary folder is writable");
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new(Vec::new()).expect("no names");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, "Test authority");
        let file = folder.path().join("ca.pem");
        let certificate = params.self_signed(&key).expect("a certificate");
        std::fs::write(&file, certificate.pem()).expect("the temporary folder is writable");
        Self { issuer: Issuer::new(params, key), folder, file }
    }

    /// The authority's own certificate.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// A certificate for a host name or address.
    pub fn issue(&self, name: &str) -> Identity {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new(vec![name.to_owned()]).expect("a name");
        params.distinguished_name.push(DnType::CommonName, name);
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate");
        let file = |kind: &str| self.folder.path().join(format!("{name}.{kind}"));
        let identity = Identity { certificate: file("crt"), key: file("key") };
        std::fs::write(&identity.certificate, certificate.pem()).expect("the temporary folder is writable");
        std::fs::write(&identity.key, key.serialize_pem()).expect("the temporary folder is writable");
        let private = std::fs::Permissions::from_mode(0o600);
        std::fs::set_permissions(&identity.key, private).expect("the file is ours");
        identity
    }
}
