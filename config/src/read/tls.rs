//! The keys of TLS, of an account and of the listener.

use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;

use super::Context;
use crate::error::{ErrorKind, reason_ja};
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
                (
                    "このキーには transport = \"tls\"(または \"auto\")が必要です。なければ暗号化されません",
                    "this key needs transport = \"tls\" (or \"auto\"); without it nothing is encrypted",
                ),
            );
        }
        return Tls::default();
    }
    if let Some(verify) = &verify {
        match verify.value {
            TlsVerify::Full => {}
            TlsVerify::Authority => report.warn(
                &verify.at,
                (
                    "信頼された認証局の証明書があれば、どの交換機でも本物として扱われます。代わりに tls_name で名前を指定するか、\
                     自前の tls_ca があるときだけにしてください",
                    "any exchange with a certificate of a trusted authority passes for this one; name it by tls_name \
                     instead, or keep this only with a tls_ca of your own",
                ),
            ),
            TlsVerify::Nothing => report.warn(
                &verify.at,
                (
                    "危険: 交換機の証明書を確認しません。途中の誰でも通話を聞き、パスワードを盗めます。\
                     tls_ca で交換機の認証局を指定し、このキーを削除してください",
                    "DANGER: the exchange's certificate is not verified; anybody on the way can listen to calls and take \
                     the password. Give the exchange's authority by tls_ca and remove this key",
                ),
            ),
        }
    }
    if let Some(name) = &name
        && (name.value.is_empty() || name.value.contains(['/', ':', '@', ' ']) && !is_address(&name.value))
    {
        report.invalid(
            &name.at,
            (
                "交換機の証明書にあるホスト名を \"pbx.example\" のように書いてください",
                "write the host name in the exchange's certificate, such as \"pbx.example\"",
            ),
        );
    }
    let identity = match (certificate, key) {
        (Some(certificate), Some(key)) => identity(&certificate, &key, context, report),
        (None, None) => None,
        (Some(lone), None) | (None, Some(lone)) => {
            report.error(
                ErrorKind::Conflict,
                &lone.at,
                ("tls_cert と tls_key は両方指定してください", "tls_cert and tls_key go together; give both"),
            );
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
    let expected =
        ("\"0.0.0.0:5061\" のようなアドレスとポート", "an address with port such as \"0.0.0.0:5061\"");
    let address = table.parsed("tls_listen", expected, report);
    let certificate = table.string("tls_cert", report);
    let key = table.string("tls_key", report);
    let client_ca = table.string("tls_client_ca", report);
    let Some(address) = address else {
        for found in [&certificate, &key, &client_ca].into_iter().flatten() {
            report.error(
                ErrorKind::Conflict,
                &found.at,
                (
                    "このキーには tls_listen が必要です(例: \"0.0.0.0:5061\")",
                    "this key needs tls_listen, such as \"0.0.0.0:5061\"",
                ),
            );
        }
        return None;
    };
    let (Some(certificate), Some(key)) = (certificate, key) else {
        report.error(
            ErrorKind::Missing,
            &address.at,
            (
                "TLS の待ち受けには tls_cert と tls_key が必要です",
                "a TLS listener needs tls_cert and tls_key",
            ),
        );
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
        let (mode, path) = (mode & 0o777, path.display());
        report.error(
            ErrorKind::Secret,
            &key.at,
            (
                format!("この秘密鍵は他のユーザーも使えます(モード {mode:03o})。chmod 600 {path} を実行してください"),
                format!("others can use this private key (mode {mode:03o}); chmod 600 {path}"),
            ),
        );
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
            let path = path.display();
            report.error(
                ErrorKind::Secret,
                &found.at,
                (
                    format!("{path} を読めません({})。パスと権限を確認してください", reason_ja(&error)),
                    format!("cannot read {path} ({error}); check its path and permissions"),
                ),
            );
            None
        }
    }
}

fn is_address(text: &str) -> bool {
    text.parse::<std::net::IpAddr>().is_ok()
}
