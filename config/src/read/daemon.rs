//! `[daemon]`, `[sip]`, `[media]`, `[recording]`, `[log]`.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use super::{Context, check_name, tls};
use crate::reader::{Report, Table};
use crate::types::{
    Daemon, Locale, Log, LogFormat, Media, NoticeTone, Outbox, Recording, ReliableProvisionals, Sip,
};

pub(super) fn daemon(
    section: Option<Table<'_, '_>>,
    context: &Context<'_>,
    report: &mut Report,
) -> (Daemon, Outbox) {
    let mut daemon = Daemon {
        box_id: "box-1".to_owned(),
        state_dir: context.paths.state_dir.clone(),
        database: PathBuf::new(),
        recordings_dir: PathBuf::new(),
        socket: context.paths.socket.clone(),
        locale: Locale::default(),
    };
    let (mut recordings, mut drop_dir) = (None, None);
    if let Some(mut table) = section {
        if let Some(name) = table.string("box", report) {
            check_name(&name, report);
            daemon.box_id = name.value;
        }
        let mut folder = |key, report: &mut Report| {
            let found = table.string(key, report)?;
            if found.value.is_empty() {
                report.invalid(
                    &found.at,
                    (
                        "パスが空です。パスを書くか、既定値でよければキーを削除してください",
                        "an empty path; write one or remove the key for the default",
                    ),
                );
            }
            Some(context.absolute(&found.value))
        };
        if let Some(path) = folder("state_dir", report) {
            daemon.state_dir = path;
        }
        recordings = folder("recordings_dir", report);
        drop_dir = folder("drop_dir", report);
        if let Some(path) = folder("socket", report) {
            daemon.socket = path;
        }
        if let Some(locale) = table.choice("locale", &[("ja", Locale::Ja), ("en", Locale::En)], report) {
            daemon.locale = locale.value;
        }
        // sockaddr_un holds 108 bytes, the closing zero included.
        if daemon.socket.as_os_str().len() > 107 {
            report.invalid(
                &table.place("socket"),
                (
                    "ソケットのパスは107バイトまでです。短くしてください",
                    "longer than the 107 bytes of a socket path; choose a shorter one",
                ),
            );
        }
        table.finish(report);
    }
    daemon.database = daemon.state_dir.join("kakeru.db");
    daemon.recordings_dir = recordings.unwrap_or_else(|| daemon.state_dir.join("recordings"));
    let outbox = Outbox { drop_dir: drop_dir.unwrap_or_else(|| daemon.state_dir.join("outbox")) };
    (daemon, outbox)
}

pub(super) fn sip(section: Option<Table<'_, '_>>, context: &Context<'_>, report: &mut Report) -> Sip {
    let mut sip = Sip {
        listen: SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 5060),
        advertise: None,
        dns: Vec::new(),
        t1: Duration::from_millis(500),
        tls: None,
        reliable_provisionals: ReliableProvisionals::Required,
        max_call_length: None,
        trace_mib: 8,
        // CS3, signalling (RFC 4594 4.2 has CS5; telephone networks use CS3 or AF31).
        dscp: 24,
    };
    let Some(mut table) = section else { return sip };
    let expected =
        ("\"0.0.0.0:5060\" のようなアドレスとポート", "an address with port such as \"0.0.0.0:5060\"");
    if let Some(listen) = table.parsed("listen", expected, report) {
        sip.listen = listen.value;
    }
    let expected = ("IPアドレス(ポートなし)", "an IP address without port");
    if let Some(address) = table.parsed::<IpAddr>("advertise", expected, report) {
        if address.value.is_unspecified() || address.value.is_multicast() {
            report.invalid(
                &address.at,
                (
                    "このアドレスには誰も送れません。相手から届くアドレスを書いてください",
                    "nobody can send to this address; write the one peers reach us at",
                ),
            );
        }
        sip.advertise = Some(address.value);
    }
    for server in table.strings("dns", report).map(|found| found.value).unwrap_or_default() {
        let text = server.value.as_str();
        match text.parse().or_else(|_| text.parse().map(|ip: IpAddr| SocketAddr::new(ip, 53))) {
            Ok(address) => sip.dns.push(address),
            Err(_) => report.invalid(
                &server.at,
                (
                    format!("{text:?} はアドレスではありません。\"192.0.2.53\" か \"192.0.2.53:5353\" のように書いてください"),
                    format!("{text:?} is no address; write \"192.0.2.53\" or \"192.0.2.53:5353\""),
                ),
            ),
        }
    }
    if let Some(t1) = table.duration("t1", Duration::from_millis(20), Duration::from_secs(4), report) {
        sip.t1 = t1.value;
    }
    sip.tls = tls::listen(&mut table, context, report);
    let reliable = [
        ("never", ReliableProvisionals::Never),
        ("required", ReliableProvisionals::Required),
        ("supported", ReliableProvisionals::Supported),
    ];
    if let Some(reliable) = table.choice("reliable_provisionals", &reliable, report) {
        sip.reliable_provisionals = reliable.value;
    }
    let longest = table.duration("max_call_length", Duration::ZERO, Duration::from_secs(86_400), report);
    sip.max_call_length = longest.map(|found| found.value).filter(|longest| !longest.is_zero());
    if let Some(mib) = table.integer("trace_mib", 0..257, report) {
        sip.trace_mib = mib.value;
    }
    if let Some(code_point) = dscp(&mut table, report) {
        sip.dscp = code_point;
    }
    table.finish(report);
    sip
}

pub(super) fn media(section: Option<Table<'_, '_>>, report: &mut Report) -> Media {
    // EF, Expedited Forwarding (RFC 3246).
    let mut media = Media { ports: 16_384..=32_767, workers: None, dscp: 46, rtp_timeout: None };
    let Some(mut table) = section else { return media };
    if let Some(found) = table.string("ports", report) {
        match ports(&found.value) {
            Some(ports) => media.ports = ports,
            None => report.invalid(
                &found.at,
                (
                    format!("{:?} は1024以上のポート4つ以上の範囲ではありません。\"16384-32767\" のように書いてください", found.value),
                    format!(
                        "{:?} is not a range of at least four ports from 1024; write \"16384-32767\"",
                        found.value
                    ),
                ),
            ),
        }
    }
    media.workers =
        table.integer("workers", 1..65, report).and_then(|found| usize::try_from(found.value).ok());
    if let Some(code_point) = dscp(&mut table, report) {
        media.dscp = code_point;
    }
    let hour = Duration::from_secs(3_600);
    if let Some(found) = table.duration("rtp_timeout", Duration::ZERO, hour, report) {
        if !found.value.is_zero() && found.value < Duration::from_secs(10) {
            report.invalid(
                &found.at,
                (
                    "無音を検出できるのは10秒からです。\"10s\" 以上か、検出しないなら \"0s\" にしてください",
                    "silence is noticed after 10 s; write \"10s\" or longer, or \"0s\" for never",
                ),
            );
        }
        media.rtp_timeout = Some(found.value).filter(|time| !time.is_zero());
    }
    table.finish(report);
    media
}

/// S4.34: what is kept unless the file says otherwise, some 7,000 hours of archives.
const QUOTA_GB: u64 = 50;
const GB: u64 = 1_000_000_000;

pub(super) fn recording(section: Option<Table<'_, '_>>, report: &mut Report) -> Recording {
    let mut recording =
        Recording { enabled: true, archive: true, quota: Some(QUOTA_GB * GB), max_age: None, notice: None };
    let Some(mut table) = section else { return recording };
    if let Some(enabled) = table.boolean("enabled", report) {
        recording.enabled = enabled.value;
    }
    if let Some(archive) = table.boolean("archive", report) {
        recording.archive = archive.value;
    }
    if let Some(quota) = table.decimal("quota_gb", 1_000_000, report) {
        // Rounded up: what is more than nothing is not "as much as the disk takes".
        let bytes = (quota.value * GB as f64).ceil() as u64;
        recording.quota = Some(bytes).filter(|bytes| *bytes > 0);
    }
    if let Some(days) = table.integer("max_age_days", 0..36_501, report) {
        recording.max_age =
            Some(Duration::from_secs(u64::from(days.value) * 86_400)).filter(|age| !age.is_zero());
    }
    recording.notice = notice_tone(&mut table, report);
    table.finish(report);
    recording
}

fn notice_tone(table: &mut Table<'_, '_>, report: &mut Report) -> Option<NoticeTone> {
    let ears = [
        ("off", (false, false)),
        ("callee", (true, false)),
        ("operator", (false, true)),
        ("both", (true, true)),
    ];
    let (to_callee, to_operator) =
        table.choice("notice_tone", &ears, report).map_or((false, false), |f| f.value);
    let bounds = (Duration::from_secs(2), Duration::from_secs(3_600));
    let every = table.duration("notice_tone_every", bounds.0, bounds.1, report);
    let level = table.level("notice_tone_level", -40..=-10, report);
    (to_callee || to_operator).then(|| NoticeTone {
        to_callee,
        to_operator,
        every: every.map_or(Duration::from_secs(15), |found| found.value),
        level_dbm0: level.map_or(-24, |found| found.value),
    })
}

pub(super) fn log(section: Option<Table<'_, '_>>, report: &mut Report) -> Log {
    let mut log = Log { format: LogFormat::Text, level: "info".to_owned() };
    let Some(mut table) = section else { return log };
    let formats = [("text", LogFormat::Text), ("json", LogFormat::Json)];
    if let Some(format) = table.choice("format", &formats, report) {
        log.format = format.value;
    }
    if let Some(level) = table.string("level", report) {
        let known = |part: &str| {
            let level = part.rsplit('=').next().unwrap_or(part).trim();
            ["off", "error", "warn", "info", "debug", "trace"].contains(&level.to_ascii_lowercase().as_str())
        };
        if !level.value.split(',').all(known) {
            report.invalid(
                &level.at,
                (
                    format!("{:?} を読み取れません。error、warn、info、debug、trace のいずれか、または \"info,sip_stack=debug\" のように書いてください", level.value),
                    format!("{:?} is not understood; write error, warn, info, debug or trace, or parts such as \"info,sip_stack=debug\"", level.value),
                ),
            );
        }
        log.level = level.value;
    }
    table.finish(report);
    log
}

/// `dscp`: a code point by its name (RFC 2474, 2597, 3246) or number.
fn dscp(table: &mut Table<'_, '_>, report: &mut Report) -> Option<u8> {
    let found = table.string("dscp", report)?;
    let point = code_point(&found.value);
    if point.is_none() {
        report.invalid(
            &found.at,
            (
                format!("{:?} はDSCPの値ではありません。\"ef\"、\"cs0\" から \"cs7\"、\"af11\" から \"af43\"、\"0\" から \"63\" のいずれかを書いてください", found.value),
                format!("{:?} is no code point; write \"ef\", \"cs0\" to \"cs7\", \"af11\" to \"af43\" or \"0\" to \"63\"", found.value),
            ),
        );
    }
    point
}

fn code_point(text: &str) -> Option<u8> {
    let text = text.to_ascii_lowercase();
    let digits = |name: &str| text.strip_prefix(name).map(str::as_bytes);
    if text == "ef" {
        return Some(46);
    }
    match (digits("cs"), digits("af")) {
        (Some([class @ b'0'..=b'7']), _) => Some((class - b'0') * 8),
        (_, Some([class @ b'1'..=b'4', drop @ b'1'..=b'3'])) => Some((class - b'0') * 8 + (drop - b'0') * 2),
        _ => text.parse().ok().filter(|point| *point < 64),
    }
}

/// `first-last`, at least two RTP/RTCP pairs, no privileged port.
fn ports(text: &str) -> Option<RangeInclusive<u16>> {
    let (first, last) = text.split_once('-')?;
    let (first, last): (u16, u16) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
    (first >= 1024 && last >= first.checked_add(3)?).then_some(first..=last)
}
