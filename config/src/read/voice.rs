//! The keys of an account's voice.

use std::time::Duration;

use crate::error::ErrorKind;
use crate::reader::{Place, Report, Table};
use crate::types::{Codec, Srtp, SrtpKeying, Transport};

pub(super) fn codecs(
    table: &mut Table<'_, '_>,
    usual: Option<Vec<Codec>>,
    report: &mut Report,
) -> Vec<Codec> {
    // G.722 last but one: a peer that has Opus does better with it, and PCMU stays first.
    let all = vec![Codec::Pcmu, Codec::Pcma, Codec::Opus, Codec::G722];
    let Some(found) = table.strings("codecs", report) else { return usual.unwrap_or(all) };
    let mut codecs = Vec::new();
    for item in &found.value {
        let Some(codec) = all.iter().copied().find(|codec| codec.as_str().eq_ignore_ascii_case(&item.value))
        else {
            report.invalid(&item.at, no_codec(&item.value));
            continue;
        };
        if codecs.contains(&codec) {
            report.error(ErrorKind::Conflict, &item.at, twice(&item.value));
        }
        codecs.push(codec);
    }
    if found.value.is_empty() {
        let at = Place { path: found.at.path.clone(), line: found.at.line };
        report.invalid(
            &at,
            (
                "コーデックがないと音声が通りません。[\"PCMU\"] などを書くか、キーを削除してください",
                "no codec, no voice: write at least [\"PCMU\"] or remove the key",
            ),
        );
    }
    codecs
}

/// The word is no codec.
pub(super) fn no_codec(word: &str) -> (String, String) {
    (
        format!(
            "{word:?} は指定できません。\"PCMU\"、\"PCMA\"、\"G722\"、\"opus\" のいずれかを書いてください"
        ),
        format!("{word:?} is not known; write \"PCMU\", \"PCMA\", \"G722\" or \"opus\""),
    )
}

/// The codec stands there already.
pub(super) fn twice(word: &str) -> (String, String) {
    (format!("{word:?} が2回あります。1つにしてください"), format!("{word:?} is named twice; remove one"))
}

/// Bits per second of Opus, both ways; without the codec the key would do nothing.
pub(super) fn opus_bitrate(table: &mut Table<'_, '_>, codecs: &[Codec], report: &mut Report) -> Option<u32> {
    let found = table.integer("opus_bitrate", 6_000..128_001, report)?;
    if !codecs.contains(&Codec::Opus) {
        report.error(
            ErrorKind::Conflict,
            &found.at,
            (
                "このアカウントの codecs に \"opus\" がありません。加えるか、このキーを削除してください",
                "this account does not have \"opus\" among its codecs; add it or remove this key",
            ),
        );
    }
    Some(found.value)
}

/// The packet length that is asked for.
pub(super) fn ptime(table: &mut Table<'_, '_>, report: &mut Report) -> Duration {
    let usual = Duration::from_millis(20);
    let (least, most) = (Duration::from_millis(10), Duration::from_millis(60));
    let Some(found) = table.duration("ptime", least, most, report) else { return usual };
    if found.value.as_millis() % 10 != 0 {
        report.invalid(
            &found.at,
            (
                "音声パケットの長さは 10、20、30、40、50、60 ms のいずれかです",
                "voice packets are 10, 20, 30, 40, 50 or 60 ms long",
            ),
        );
    }
    found.value
}

/// Whether voice is encrypted, and where the keys come from. Those of SDES are as secret as the signalling that carries
/// them (RFC 4568 1).
pub(super) fn srtp(
    table: &mut Table<'_, '_>,
    transport: Transport,
    report: &mut Report,
) -> (Srtp, SrtpKeying) {
    let srtp = table.choice("srtp", &SRTP, report);
    let policy = srtp.as_ref().map_or(Srtp::Off, |found| found.value);
    let keying = keying(table, policy, report);
    if let Some(found) = srtp.filter(|found| found.value != Srtp::Off)
        && keying == SrtpKeying::Sdes
        && transport != Transport::Tls
    {
        report.warn(
            &found.at,
            (
                "鍵は途中で誰でも読めるシグナリングで送られます。transport = \"tls\" にしてください",
                "the keys travel in the signalling, which anybody on the way can read; use transport = \"tls\" as well",
            ),
        );
    }
    (policy, keying)
}

/// Where the keys of voice come from that is encrypted as `policy` says.
pub(super) fn keying(table: &mut Table<'_, '_>, policy: Srtp, report: &mut Report) -> SrtpKeying {
    let words = [("sdes", SrtpKeying::Sdes), ("dtls", SrtpKeying::Dtls)];
    let Some(found) = table.choice("srtp_keying", &words, report) else { return SrtpKeying::Sdes };
    if policy == Srtp::Off && found.value == SrtpKeying::Dtls {
        report.error(
            ErrorKind::Conflict,
            &found.at,
            ("音声を暗号化しない設定です。srtp も指定してください", "nothing is encrypted; set srtp as well"),
        );
    }
    found.value
}

/// What `srtp` may be.
pub(super) const SRTP: [(&str, Srtp); 3] =
    [("off", Srtp::Off), ("optional", Srtp::Optional), ("required", Srtp::Required)];
