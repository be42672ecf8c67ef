//! `[[account]]`.

use std::time::Duration;

use super::{Context, check_name, identity, password, required, sources, tls, voice};
use crate::error::ErrorKind;
use crate::identity::{Preset, UriForm};
use crate::reader::{Found, Report, Table};
use crate::types::{Account, AccountKind, Dtmf, Keepalive, NumberFormat, Transport};

pub(super) const FORMATS: [(&str, NumberFormat); 3] =
    [("national", NumberFormat::National), ("e164", NumberFormat::E164), ("+e164", NumberFormat::E164Plus)];

const KINDS: [(&str, AccountKind); 3] =
    [("trunk", AccountKind::Trunk), ("pbx", AccountKind::Pbx), ("practice", AccountKind::Practice)];

pub(super) fn account(
    mut table: Table<'_, '_>,
    context: &Context<'_>,
    report: &mut Report,
) -> Option<Found<Account>> {
    let at = table.at().clone();
    let before = report.errors.len();
    let name = table.string("name", report);
    if let Some(name) = &name {
        check_name(name, report);
    }
    let name = required(name, &table, "name", "name = \"main\"", before, report);

    let before = report.errors.len();
    let kind = table.choice("kind", &KINDS, report);
    if kind.is_none() && report.errors.len() == before {
        report.error(
            ErrorKind::Missing,
            &table.place("kind"),
            (
                "必須のキーです。\"trunk\"、\"pbx\"、\"practice\" のいずれかを書いてください",
                "this key must be set: \"trunk\", \"pbx\" or \"practice\"",
            ),
        );
    }
    let kind = kind.map_or(AccountKind::Trunk, |found| found.value);

    let before = report.errors.len();
    let aor = sip_uri(&mut table, "aor", Part::UserAndHost, report);
    let aor = required(aor, &table, "aor", "aor = \"sip:100@pbx.example\"", before, report);
    let registrar = sip_uri(&mut table, "registrar", Part::Host, report);
    let proxy = sip_uri(&mut table, "proxy", Part::Host, report).map(|found| found.value);
    let register = table.boolean("register", report).is_none_or(|found| found.value);
    if let (false, Some(registrar)) = (register, &registrar) {
        report.error(
            ErrorKind::Conflict,
            &registrar.at,
            (
                "registrar と register = false は同時に書けません。どちらかを削除してください",
                "a registrar and register = false contradict each other; remove one of them",
            ),
        );
    }
    let username = table.string("username", report);
    let secret = password::password(&mut table, context, report);
    if register && !secret.mentioned {
        report.error(
            ErrorKind::Missing,
            &table.place("password"),
            (
                "登録するアカウントにはパスワードが必要です(例: password = { file = \"main.password\" })。\
                 アドレスで認証するトランクなら register = false にしてください",
                "an account that registers needs a password, for example password = { file = \"main.password\" }; \
                 a trunk that knows us by address has register = false instead",
            ),
        );
    }

    let transports = [
        ("udp", Transport::Udp),
        ("tcp", Transport::Tcp),
        ("tls", Transport::Tls),
        ("auto", Transport::Auto),
    ];
    let transport = table.choice("transport", &transports, report);
    let texts = [Some(&aor), registrar.as_ref().map(|found| &found.value), proxy.as_ref()];
    let secure = texts.into_iter().flatten().any(|text| text.starts_with("sips:"));
    if secure && let Some(found) = transport.as_ref().filter(|found| !found.value.may_be_tls()) {
        report.error(
            ErrorKind::Conflict,
            &found.at,
            (
                "sips: のURIには TLS でしか接続できません。transport = \"tls\" にするか、URIを sip: にしてください",
                "a sips: URI is reached by TLS only; write transport = \"tls\", or sip: in the URI",
            ),
        );
    }
    let usual = if secure { Transport::Tls } else { Transport::Udp };
    let transport = transport.map_or(usual, |found| found.value);
    let tls = tls::client(&mut table, transport, context, report);
    let keepalives = [
        ("auto", Keepalive::Auto),
        ("off", Keepalive::Off),
        ("crlf", Keepalive::Crlf),
        ("stun", Keepalive::Stun),
    ];
    let keepalive = table.choice("keepalive", &keepalives, report);
    let shortest = Duration::from_millis(if kind == AccountKind::Practice { 500 } else { 5_000 });
    let keepalive_interval =
        table.duration("keepalive_interval", shortest, Duration::from_secs(3_600), report);
    let (least_expires, least_retry, usual_retry) = match kind {
        // Practice has no network to spare: tests shorten both.
        AccountKind::Practice => (Duration::from_secs(1), Duration::from_millis(100), Duration::from_secs(1)),
        AccountKind::Trunk | AccountKind::Pbx => {
            (Duration::from_secs(60), Duration::from_secs(30), Duration::from_secs(30))
        }
    };
    // A carrier sees every box of a call centre: more often than this is a burden and finds nothing sooner.
    let least_options = Duration::from_secs(if kind == AccountKind::Practice { 1 } else { 10 });
    let day = Duration::from_secs(86_400);
    let expires = table.duration("expires", least_expires, day, report);
    let options_interval =
        table.duration("options_interval", least_options, Duration::from_secs(3_600), report);
    let (session_expires, session_min) = session(&mut table, report);
    let outbound = table.boolean("outbound", report);
    let retry_min = table.duration("retry_min", least_retry, Duration::from_secs(3_600), report);
    let retry_max = table.duration("retry_max", least_retry, day, report);
    let preset = identity::preset(&mut table, report);
    let identity = identity::identity(&mut table, preset, report);
    let clir = identity::clir(&mut table, report);
    let dial = identity::dial_rules(&mut table, report);
    let number_format = table.choice("number_format", &FORMATS, report);
    let prefix = prefix(&mut table, report).unwrap_or_default();
    let pauses =
        prefix.contains(',') || dial.iter().any(|rule| rule.prefix.as_deref().unwrap_or("").contains(','));
    if pauses && identity.uri == UriForm::Tel {
        report.error(
            ErrorKind::Conflict,
            &table.place("uri"),
            (
                "tel: のURIにポーズは入れられません。prefix の「,」を削除してください",
                "a tel: URI holds no pause; remove the ',' of the prefix",
            ),
        );
    }
    let caller_id = caller_id(&mut table, report);
    let display_name = display_name(&mut table, report);
    let lines = table.integer("lines", 0..100_001, report).map(|found| found.value).filter(|most| *most > 0);
    let usual_retry = preset.and_then(Preset::retry_min).unwrap_or(usual_retry);
    let codecs = voice::codecs(&mut table, preset.and_then(Preset::codecs), report);
    let opus_bitrate = voice::opus_bitrate(&mut table, &codecs, report);
    let ptime = voice::ptime(&mut table, report);
    let trusted_sources = sources::trusted(&mut table, kind, report);
    let dtmf =
        [("auto", Dtmf::Auto), ("rfc4733", Dtmf::Rfc4733), ("info", Dtmf::Info), ("inband", Dtmf::Inband)];
    let dtmf = table.choice("dtmf", &dtmf, report);
    let usual_dtmf = preset.and_then(Preset::dtmf).unwrap_or_default();
    let (srtp, srtp_keying) = voice::srtp(&mut table, transport, report);

    let longest_retry = retry_max.as_ref().map_or(Duration::from_secs(600), |found| found.value);
    let mut account = Account {
        name,
        kind,
        aor,
        registrar: None,
        proxy,
        username: String::new(),
        password: secret.value,
        password_source: secret.source,
        transport,
        tls,
        keepalive: keepalive.map_or(Keepalive::Auto, |found| found.value),
        keepalive_interval: keepalive_interval.map(|found| found.value),
        expires: expires.map_or(Duration::from_secs(300), |found| found.value),
        outbound: outbound.is_none_or(|found| found.value),
        options_interval: options_interval.map(|found| found.value),
        session_expires,
        session_min,
        retry_min: retry_min.as_ref().map_or(usual_retry.min(longest_retry), |found| found.value),
        retry_max: longest_retry,
        number_format: number_format.map_or(NumberFormat::National, |found| found.value),
        prefix,
        dial,
        clir,
        identity,
        caller_id,
        display_name,
        lines,
        codecs,
        trusted_sources,
        dtmf: dtmf.map_or(usual_dtmf, |found| found.value),
        opus_bitrate,
        ptime,
        srtp,
        srtp_keying,
    };
    if let Some(retry) = retry_max.or(retry_min)
        && account.retry_min > account.retry_max
    {
        report.error(
            ErrorKind::Conflict,
            &retry.at,
            (
                "retry_min が retry_max より長くなっています。入れ替えるか直してください",
                "retry_min is longer than retry_max; exchange or change them",
            ),
        );
    }
    if register {
        let default = || format!("{}:{}", account.scheme(), account.aor_host());
        account.registrar = Some(registrar.map_or_else(default, |found| found.value));
    }
    account.username = username.map_or_else(|| account.aor_user().to_owned(), |found| found.value);
    table.finish(report);
    Some(Found { value: account, at })
}

/// The session interval to ask for and the least one (RFC 4028 4, 5).
fn session(table: &mut Table<'_, '_>, report: &mut Report) -> (Duration, Duration) {
    let (least, day) = (Duration::from_secs(90), Duration::from_secs(86_400));
    let expires = table.duration("session_expires", Duration::ZERO, day, report);
    let min = table.duration("session_min", least, day, report);
    let shortest = min.as_ref().map_or(least, |found| found.value);
    if let Some(found) = expires.as_ref().filter(|found| !found.value.is_zero() && found.value < shortest) {
        report.error(
            ErrorKind::Conflict,
            &found.at,
            (
                "session_min(90 秒以上)より短くなっています。長くするか、求めないなら \"0s\" にしてください",
                "shorter than session_min, at least 90 s; write a longer time, or \"0s\" to ask for none",
            ),
        );
    }
    (expires.map_or(Duration::from_secs(1_800).max(shortest), |found| found.value), shortest)
}

/// What a SIP URI must consist of.
#[derive(Clone, Copy, PartialEq)]
enum Part {
    UserAndHost,
    Host,
}

/// A coarse check that catches what people mistype; the SIP stack parses it in full.
fn sip_uri(
    table: &mut Table<'_, '_>,
    key: &'static str,
    part: Part,
    report: &mut Report,
) -> Option<Found<String>> {
    let found = table.string(key, report)?;
    let (ja, en) = match part {
        Part::UserAndHost => ("\"sip:100@pbx.example\"", "\"sip:100@pbx.example\""),
        Part::Host => {
            ("\"sip:pbx.example\" や \"sip:192.0.2.1:5060\"", "\"sip:pbx.example\" or \"sip:192.0.2.1:5060\"")
        }
    };
    let text = found.value.as_str();
    if !is_sip_uri(text, part) {
        report.invalid(
            &found.at,
            (
                format!("{text:?} を読み取れません。{ja} のように書いてください"),
                format!("{text:?} is not understood; write {en}"),
            ),
        );
        return None;
    }
    Some(found)
}

fn is_sip_uri(text: &str, part: Part) -> bool {
    let Some(rest) = text.strip_prefix("sip:").or_else(|| text.strip_prefix("sips:")) else { return false };
    if text.chars().any(|c| c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | '"')) {
        return false;
    }
    let (user, host) = match rest.split_once('@') {
        Some((user, host)) => (Some(user), host),
        None => (None, rest),
    };
    let user_fits = match part {
        Part::UserAndHost => user.is_some_and(|user| !user.is_empty() && !user.contains(':')),
        Part::Host => user.is_none(),
    };
    let host = host.split([';', '?']).next().unwrap_or(host);
    let (host, port) = match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((inner, tail)) if inner.parse::<std::net::Ipv6Addr>().is_ok() => ("v6", tail.strip_prefix(':')),
        Some(_) => return false,
        None => match host.split_once(':') {
            Some((name, port)) => (name, Some(port)),
            None => (host, None),
        },
    };
    let port_fits = port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0));
    let host_fits =
        !host.is_empty() && host.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'));
    user_fits && host_fits && port_fits
}

pub(super) fn prefix(table: &mut Table<'_, '_>, report: &mut Report) -> Option<String> {
    let found = table.string("prefix", report)?;
    let fits = found.value.len() <= 8
        && found.value.chars().all(|c| c.is_ascii_digit() || matches!(c, '*' | '#' | ','));
    if !fits {
        report.invalid(
            &found.at,
            (
                "番号の前に付ける prefix は、数字・*・#・ポーズ(,)で8文字までです(例: \"0\"、\"0,\")",
                "the prefix before every number is at most 8 digits, '*', '#' or pauses ',', such as \"0\" or \"0,\"",
            ),
        );
    }
    Some(found.value)
}

fn caller_id(table: &mut Table<'_, '_>, report: &mut Report) -> Option<String> {
    let found = table.string("caller_id", report)?;
    let digits = found.value.strip_prefix('+').unwrap_or(&found.value);
    if digits.is_empty() || digits.len() > 20 || !digits.chars().all(|c| c.is_ascii_digit()) {
        report.invalid(
            &found.at,
            (
                "発信者番号は \"0312345678\" のように数字だけで書いてください",
                "write the number to present with digits only, such as \"0312345678\"",
            ),
        );
    }
    Some(found.value)
}

fn display_name(table: &mut Table<'_, '_>, report: &mut Report) -> Option<String> {
    let found = table.string("display_name", report)?;
    if found.value.chars().any(char::is_control) || found.value.len() > 128 {
        report.invalid(
            &found.at,
            ("表示名は1行、128バイトまでです", "a display name is one line of at most 128 bytes"),
        );
    }
    Some(found.value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uris_are_checked_for_what_people_mistype() {
        for good in
            ["sip:100@pbx.example", "sip:100@192.0.2.1:5070", "sip:a.b@[2001:db8::1]:5060", "sip:1@h;x=y"]
        {
            assert!(is_sip_uri(good, Part::UserAndHost), "{good}");
        }
        for bad in [
            "100@pbx",
            "sip:pbx.example",
            "sip:@pbx",
            "sip:1@",
            "sip:1@h:0",
            "sip:1@h:x",
            "sip:1 2@h",
            "sip:1:pw@h",
            "sip:1@[::g]",
        ] {
            assert!(!is_sip_uri(bad, Part::UserAndHost), "{bad}");
        }
        assert!(is_sip_uri("sip:pbx.example;transport=tcp", Part::Host));
        assert!(is_sip_uri("sips:pbx.example", Part::Host));
        assert!(!is_sip_uri("sip:100@pbx.example", Part::Host));
    }
}
