//! `kakeru config check --explain ACCOUNT`: the INVITE that an account's keys make, without sending it.

use std::net::SocketAddr;
use std::time::Duration;

use media::dtls::DtlsIdentity;
use protocol::{Detail, ErrorCode, RpcError};
use serde_json::json;
use sip_stack::transport::{Flow, TransportKind};
use sip_stack::ua::{Invite, UaConfig, UserAgent};
use store::phone::{DialPlan, Phone, PhoneError};

use super::output::{BAD_CONFIG, Out};
use super::{Failure, args::ExplainArgs};
use crate::core::account::AccountRuntime;
use crate::core::identity;
use crate::run::sip_account;
use crate::stream::makes_keys_by_dtls;

/// Prints the request line and headers, numbers masked unless asked for.
pub(super) fn explain(config: &config::Config, args: &ExplainArgs, out: Out) -> Result<(), Failure> {
    let name = args.explain.as_deref().unwrap_or_default();
    let Some(account) = config.account(name) else {
        let known: Vec<_> = config.accounts.iter().map(|account| account.name.as_str()).collect();
        let known = known.join(", ");
        let detail = (
            format!("アカウント {name} はありません: {known}"),
            format!("no account {name}; one of {known}"),
        );
        return Err(RpcError::with_detail(ErrorCode::Config, detail).into());
    };
    let number = args.number.as_deref().unwrap_or(SAMPLE);
    match invite(account, number) {
        Ok(text) => {
            let text = if args.show_numbers { text } else { masked(&text) };
            if out.json {
                let lines: Vec<_> = text.lines().collect();
                return Ok(out.object(&json!({ "account": name, "invite": lines }))?);
            }
            Ok(text.lines().try_for_each(|line| out.line(line))?)
        }
        Err(code) => {
            out.refused(&RpcError::with_detail(code, Detail::name(name)));
            Err(Failure::Exit(BAD_CONFIG))
        }
    }
}

/// Request line and headers of the INVITE to `number`, which may have a 184 or 186 before it.
fn invite(account: &config::Account, number: &str) -> Result<String, ErrorCode> {
    let parsed = Phone::parse(number).map_err(|PhoneError { code, .. }| match code.as_str() {
        "E-PHONE-FORBIDDEN" => ErrorCode::PhoneForbidden,
        _ => ErrorCode::PhoneInvalid,
    })?;
    let dialing = identity::plan(account).dial(&parsed.phone, parsed.clir).ok_or(ErrorCode::TrunkRule)?;
    let judge = DialPlan { prefix: dialing.prefix.clone(), ..DialPlan::default() };
    if judge.is_forbidden(&dialing.string) {
        return Err(ErrorCode::PhoneForbidden);
    }
    let target = identity::target(account, &dialing.string, &parsed.phone).ok_or(ErrorCode::PhoneInvalid)?;
    let headers = identity::headers(account, account.caller_id.as_deref(), dialing.signalled)
        .ok_or(ErrorCode::CallerIdInvalid)?;
    let now = crate::clock::now().mono;
    let mut ua = UserAgent::new(UaConfig::default(), now);
    ua.set_local_addresses(Some(LOCAL), Some(LOCAL));
    let id = ua.add_account(sip_account(account).map_err(|_| ErrorCode::BadRequest)?);
    let transport = ua.account(id).map_or(TransportKind::Udp, |account| account.transport);
    ua.set_targets(id, vec![Flow { transport, peer: PEER }], now);
    let identity = makes_keys_by_dtls(account).then(DtlsIdentity::generate).transpose();
    let runtime = AccountRuntime {
        id,
        config: account.clone(),
        identity: identity.map_err(|_| ErrorCode::Internal)?,
        register_when_lawful: false,
        status: None,
        told: None,
    };
    let capabilities = runtime.offer(LOCAL.ip(), 16_384);
    let ring_timeout = Duration::from_secs(30);
    let invite = Invite { target, capabilities, ring_timeout, headers };
    ua.invite(id, invite, now).map_err(|_| ErrorCode::BadRequest)?;
    let sent = ua.poll_transmit().ok_or(ErrorCode::Internal)?;
    let text = String::from_utf8_lossy(&sent.bytes).replace("\r\n", "\n");
    Ok(text.split("\n\n").next().unwrap_or_default().to_owned())
}

/// The middle of every number replaced, so that its form can still be seen: `+813****5678`.
fn masked(text: &str) -> String {
    let lines = text.lines().map(|line| {
        let told = line.starts_with("INVITE ") || TELLING.iter().any(|name| line.starts_with(name));
        let end = if told { line.find(";tag=").unwrap_or(line.len()) } else { 0 };
        format!("{}{}", masked_line(&line[..end]), &line[end..])
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn masked_line(line: &str) -> String {
    let mut out = String::new();
    let mut rest = line;
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
        let digits = rest[start..].find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len() - start);
        let run = &rest[start..start + digits];
        out.push_str(&rest[..start]);
        match digits.checked_sub(8).filter(|kept| *kept > 0) {
            Some(kept) => out.extend([&run[..kept], "****", &run[digits - 4..]]),
            None => out.push_str(run),
        }
        rest = &rest[start + digits..];
    }
    out + rest
}

/// A number nobody has, for where none is given.
const SAMPLE: &str = "0312345678";
/// Headers that hold numbers.
const TELLING: [&str; 5] = ["From:", "To:", "Contact:", "P-Asserted-Identity:", "P-Preferred-Identity:"];
/// Addresses of documentation (RFC 5737).
const LOCAL: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 10)), 5060);
const PEER: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1)), 5060);

#[cfg(test)]
#[path = "explain_tests.rs"]
mod tests;
