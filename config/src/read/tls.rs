//! The keys of TLS, of an account and of the listener.

use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;

use super::Context;
use crate::error::ErrorKind;
use crate::reader::{Found, Report, Table};
use crate::types::{Tls, TlsIdentity, TlsListen, TlsVerify, Transport};

/// Bits that let anybody but the owner read or write.
const OTHERS: u32 = 0o077;

/// `tls_ca`, `tls_cert`, `tls_key`, `tls_name`, `tls_verify` of an account.
pub(super) fn client(
    table: &mut Table<'_, '_>,
    transport: Transport,
    context: &Context<'_>,
    report: &mut Report,
) -> Tls {
    let ca = table.string("tls_ca", report);
    let certificate = table.string("tls_cert", report);
    let key = table.string("tls_key", report);
    let name = table.string("tls_name", report);
    let kinds =
        [("full", TlsVerify::Full), ("authority", TlsVerify::Authority), ("nothing", TlsVerify::Nothing)];
    let verify = table.choice("tls_verify", &kinds, report);
    if !transport.may_be_tls() {
        let given = [&ca, &certificate, &key, &name].into_iter().flatten().map(|found| &found.at);
        for at in given.chain(verify.as_ref().map(|found| &found.at)) {
            report.error(
                ErrorKind::Conflict,
                at,
                "this key needs transport = \"tls\" (or \"auto\"); without it nothing is encrypted",
            );
        }
        return Tls::default();
    }
    if let Some(verify) = &verify {
        match verify.value {
            TlsVerify::Full => {}
            TlsVerify::Authority => report.warn(
                &verify.at,
                "any exchange with a certificate of a trusted authority passes for this one; name it by tls_name \
                 instead, or keep this only with a tls_ca of your own",
            ),
            TlsVerify::Nothing => report.warn(
                &verify.at,
                "DANGER: the exchange's certificate is not verified; anybody on the way can listen to calls and take \
                 the password. Give the exchange's authority by tls_ca and remove this key",
            ),
        }
    }
    if let Some(name) = &name
        && (name.value.is_empty() || name.value.contains(['/', ':', '@', ' ']) && !is_address(&name.value))
    {
        report
            .invalid(&name.at, "write the host name in the exchange's certificate, such as \"pbx.example\"");
    }
    let identity = match (certificate, key) {
        (Some(certificate), Some(key)) => identity(&certificate, &key, context, report),
        (None, None) => None,
        (Some(lone), None) | (None, Some(lone)) => {
            report.error(ErrorKind::Conflict, &lone.at, "tls_cert and tls_key go together; give both");
            None
        }
    };
    Tls {
        ca: ca.and_then(|found| file(&found, context, report)),
        identity,
        name: name.map(|found| found.value),
        verify: verify.map_or(TlsVerify::Full, |found| found.value),
    }
}

/// `tls_listen`, `tls_cert`, `tls_key`, `tls_client_ca` of `[sip]`.
pub(super) fn listen(
    table: &mut Table<'_, '_>,
    context: &Context<'_>,
    report: &mut Report,
) -> Option<TlsListen> {
    let address = table.parsed("tls_listen", "an address with port such as \"0.0.0.0:5061\"", report);
    let certificate = table.string("tls_cert", report);
    let key = table.string("tls_key", report);
    let client_ca = table.string("tls_client_ca", report);
    let Some(address) = address else {
        for found in [&certificate, &key, &client_ca].into_iter().flatten() {
            report.error(
                ErrorKind::Conflict,
                &found.at,
                "this key needs tls_listen, such as \"0.0.0.0:5061\"",
            );
        }
        return None;
    };
    let (Some(certificate), Some(key)) = (certificate, key) else {
        report.error(ErrorKind::Missing, &address.at, "a TLS listener needs tls_cert and tls_key");
        return None;
    };
    Some(TlsListen {
        address: address.value,
        identity: identity(&certificate, &key, context, report)?,
        client_ca: client_ca.and_then(|found| file(&found, context, report)),
    })
}

fn identity(
    certificate: &Found<String>,
    key: &Found<String>,
    context: &Context<'_>,
    report: &mut Report,
) -> Option<TlsIdentity> {
    let (certificate, path) = (file(certificate, context, report)?, file(key, context, report)?);
    let mode = std::fs::metadata(&path).map_or(0, |meta| meta.mode());
    if mode & OTHERS != 0 {
        let message = format!(
            "others can use this private key (mode {:03o}); chmod 600 {}",
            mode & 0o777,
            path.display()
        );
        report.error(ErrorKind::Secret, &key.at, message);
        return None;
    }
    Some(TlsIdentity { certificate, key: path })
}

/// A file that can be read; what is in it, the SIP stack checks.
fn file(found: &Found<String>, context: &Context<'_>, report: &mut Report) -> Option<PathBuf> {
    let path = context.absolute(&found.value);
    match std::fs::File::open(&path) {
        Ok(_) => Some(path),
        Err(error) => {
            report.error(ErrorKind::Secret, &found.at, format!("cannot read {} ({error})", path.display()));
            None
        }
    }
}

fn is_address(text: &str) -> bool {
    text.parse::<std::net::IpAddr>().is_ok()
}
