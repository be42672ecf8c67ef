//! `kakeru demo` and `kakeru exchange`.

use std::io;

use serde_json::json;
use sip_stack::auth::{Algorithm, Qop};
use sip_stack::driver::{TlsIdentity, TlsListen};
use tokio::signal::unix::{SignalKind, signal};

use super::Failure;
use super::args::{DemoArgs, DigestArg, ExchangeArgs};
use super::output::{Out, REFUSED, chain};
use crate::demo::DemoOptions;
use crate::exchange::{ExchangeConfig, Pace};
use crate::logging;

pub(super) fn demo(args: DemoArgs, out: Out) -> Result<(), Failure> {
    // The table is the output; `KAKERU_LOG` shows what is behind it.
    logging::init(logging::Format::Text, "error");
    let options =
        DemoOptions { fast: args.fast, json: out.json, dir: args.dir, mute: args.mute, lang: out.lang };
    match crate::demo::run(options, &mut io::stdout().lock()) {
        Ok(_) => Ok(()),
        Err(error) => Err(refused(&error, out)),
    }
}

pub(super) fn exchange(args: ExchangeArgs, out: Out) -> Result<(), Failure> {
    logging::init(logging::Format::Text, "info");
    let config = ExchangeConfig {
        listen: args.listen,
        user: args.user,
        password: args.password,
        digest: match args.digest {
            DigestArg::Md5 => &[Algorithm::Md5],
            DigestArg::Md5Sess => &[Algorithm::Md5Sess],
            DigestArg::Sha256 => &[Algorithm::Sha256],
            DigestArg::Sha512T256 => &[Algorithm::Sha512T256],
            DigestArg::Both => &[Algorithm::Sha256, Algorithm::Md5],
            DigestArg::All => &[Algorithm::Sha512T256, Algorithm::Sha256, Algorithm::Md5],
        },
        qop: if args.auth_int { &[Qop::AuthInt] } else { &[Qop::Auth] },
        tls: match (args.tls, args.tls_cert, args.tls_key) {
            (Some(address), Some(certificate), Some(key)) => {
                let identity = TlsIdentity { certificate, key };
                Some(TlsListen { address, identity, client_authorities: None })
            }
            _ => None,
        },
        pace: if args.fast { Pace::FAST } else { Pace::REAL },
        ..ExchangeConfig::default()
    };
    let (user, realm) = (config.user.clone(), config.realm.clone());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| refused(&error, out))?;
    runtime.block_on(async {
        let stopped = async {
            let (mut term, mut int) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
            tokio::select! {
                _ = term.recv() => {}
                _ = int.recv() => {}
            }
            io::Result::Ok(())
        };
        let ready = |address| {
            // A reader that went away does not end the exchange.
            let _ = if out.json {
                out.object(&json!({ "listen": address, "user": user, "realm": realm }))
            } else {
                let text = out.text("練習用交換機を開始しました", "practice exchange listening on");
                out.line(&format!("{text} {address}  user {user}  realm {realm}"))
            };
        };
        tokio::select! {
            served = crate::exchange::serve(config, ready) => served.map_err(|error| refused(&error, out)),
            stopped = stopped => stopped.map_err(|error| refused(&error, out)),
        }
    })
}

/// Says why. The exit code is 1.
fn refused(error: &(dyn std::error::Error + 'static), out: Out) -> Failure {
    let text = chain(error);
    if out.json {
        let _ = out.object(&json!({ "error": { "message": text } }));
    } else {
        out.note(&text);
    }
    Failure::Exit(REFUSED)
}
