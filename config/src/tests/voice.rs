//! How voice is sent.

use super::*;

#[test]
fn keys_of_the_voice() {
    let usual = account("");
    assert_eq!(usual.codecs, [Codec::Pcmu, Codec::Pcma, Codec::Opus, Codec::G722]);
    assert_eq!((usual.opus_bitrate, usual.ptime), (None, Duration::from_millis(20)));
    let own = account("codecs = [\"g722\", \"OPUS\"]\nopus_bitrate = 16000\nptime = \"40ms\"");
    assert_eq!(own.codecs, [Codec::G722, Codec::Opus]);
    assert_eq!((own.opus_bitrate, own.ptime), (Some(16_000), Duration::from_millis(40)));
    for wrong in [
        "codecs = [\"G729\"]",
        "codecs = []",
        "codecs = [\"PCMU\", \"pcmu\"]",
        "opus_bitrate = 5999",
        "codecs = [\"PCMU\"]\nopus_bitrate = 16000",
        "ptime = \"25ms\"",
        "ptime = \"70ms\"",
        "ptime = 20",
    ] {
        let text = MINIMAL.replacen("[[seat]]", &format!("{wrong}\n[[seat]]"), 1);
        assert_eq!(parse(&text).unwrap_err().len(), 1, "{wrong}");
    }
}

#[test]
fn code_points_and_the_end_of_silent_calls() {
    let usual = parse(MINIMAL).unwrap();
    assert_eq!((usual.sip.dscp, usual.media.dscp, usual.media.rtp_timeout), (24, 46, None));
    for (word, point) in
        [("EF", 46), ("cs0", 0), ("cs3", 24), ("cs7", 56), ("af31", 26), ("AF43", 38), ("0", 0), ("63", 63)]
    {
        let config =
            parse(&format!("[sip]\ndscp = \"{word}\"\n[media]\ndscp = \"{word}\"\n{MINIMAL}")).unwrap();
        assert_eq!((config.sip.dscp, config.media.dscp), (point, point), "{word}");
    }
    for wrong in
        ["dscp = \"cs8\"", "dscp = \"af50\"", "dscp = \"af14\"", "dscp = \"64\"", "dscp = 46", "dscp = \"\""]
    {
        assert_eq!(parse(&format!("[media]\n{wrong}\n{MINIMAL}")).unwrap_err().len(), 1, "{wrong}");
    }
    let silent = |time: &str| parse(&format!("[media]\nrtp_timeout = \"{time}\"\n{MINIMAL}"));
    assert_eq!(silent("0s").unwrap().media.rtp_timeout, None);
    assert_eq!(silent("10s").unwrap().media.rtp_timeout, Some(Duration::from_secs(10)));
    assert!(silent("9s").is_err() && silent("2h").is_err());
}

#[test]
fn encryption_of_voice_wants_encrypted_signalling() {
    assert_eq!(account("").srtp, Srtp::Off);
    for (word, srtp) in [("off", Srtp::Off), ("optional", Srtp::Optional), ("required", Srtp::Required)] {
        let clear = parse(&with_account(&format!("srtp = \"{word}\""))).unwrap();
        assert_eq!((clear.accounts[0].srtp, clear.warnings.len()), (srtp, usize::from(srtp != Srtp::Off)));
        let secret = parse(&with_account(&format!("transport = \"tls\"\nsrtp = \"{word}\""))).unwrap();
        assert_eq!(secret.warnings, []);
    }
    let dtls = parse(&with_account("srtp = \"required\"\nsrtp_keying = \"dtls\"")).unwrap();
    assert_eq!((dtls.accounts[0].srtp_keying, dtls.warnings.len()), (SrtpKeying::Dtls, 0));
    assert_eq!(account("").srtp_keying, SrtpKeying::Sdes);
    assert!(parse(&with_account("srtp_keying = \"dtls\"")).is_err(), "nothing is encrypted");
    assert!(parse(&with_account("srtp = true")).is_err() && parse(&with_account("srtp = \"yes\"")).is_err());
}

#[test]
fn operators_are_told_of_a_tap_as_the_site_wants() {
    let notice =
        |lines: &str| parse(&format!("[people]\n{lines}\n{MINIMAL}")).map(|config| config.people.tap_notice);
    assert_eq!(notice("").unwrap(), TapNotice::Shown);
    for (word, wanted) in [("none", TapNotice::None), ("shown", TapNotice::Shown), ("tone", TapNotice::Tone)]
    {
        assert_eq!(notice(&format!("tap_notice = \"{word}\"")).unwrap(), wanted);
    }
    assert!(notice("tap_notice = true").is_err() && notice("tap_notice = \"loud\"").is_err());
}
