//! How lists are called, and the law's limits.

use super::*;

fn with_dialing(line: &str) -> String {
    format!("[dialing]\n{line}\n{MINIMAL}")
}

#[test]
fn the_law_s_limits_hold_and_their_edges_are_allowed() {
    for line in [
        "ring_timeout = \"120s\"",
        "repeat_gap = \"180s\"",
        "max_repeats_per_day = 15",
        "repeat_gap = \"3m\"",
    ] {
        assert!(parse(&with_dialing(line)).is_ok(), "{line}");
    }
    for line in [
        "ring_timeout = \"2m1s\"",
        "repeat_gap = \"2m59s\"",
        "max_repeats_per_day = -1",
        "ring_timeout = \"0s\"",
    ] {
        assert_eq!(errors(&with_dialing(line)).len(), 1, "{line}");
    }
    let window = |text: &str| parse(&format!("{MINIMAL}[dialing.window]\n{text}\n"));
    let wide = window("from = \"08:00\"\nto = \"21:00\"").unwrap();
    assert_eq!((wide.dialing.window.from, wide.dialing.window.to), (CEILING_FROM, CEILING_TO));
    for text in [
        "to = \"21:01\"",
        "from = \"07:59\"",
        "from = \"20:00\"\nto = \"20:00\"",
        "from = \"9:00\"",
        "days = []",
    ] {
        assert_eq!(window(text).unwrap_err().len(), 1, "{text}");
    }
}

#[test]
fn a_status_code_stands_for_its_outcomes() {
    let config = parse(&with_dialing("auto_disposition = [\"no_contact\"]")).unwrap();
    let chosen: Vec<_> = config.dialing.auto_disposition.iter().map(|o| o.as_str()).collect();
    assert_eq!(chosen, ["no_answer", "busy", "out_of_reach"]);
    assert!(parse(&with_dialing("auto_disposition = []")).unwrap().dialing.auto_disposition.is_empty());
}

#[test]
fn toml_s_own_dates_close_days_too() {
    let config =
        parse(&format!("{MINIMAL}[dialing.window]\nclosed = [2026-12-31, \"2027-01-01/2027-01-03\"]\n"))
            .unwrap();
    assert_eq!(config.dialing.window.closed[0].from, Date::new(2026, 12, 31).unwrap());
    assert_eq!(config.dialing.window.closed[1].to, Date::new(2027, 1, 3).unwrap());
}

#[test]
fn a_notice_tone_is_asked_for() {
    let tone = |lines: &str| {
        parse(&format!("[recording]\n{lines}\n{MINIMAL}")).map(|config| config.recording.notice)
    };
    assert_eq!(tone("notice_tone_every = \"20s\"").unwrap(), None);
    let notice = tone("notice_tone = \"callee\"").unwrap().unwrap();
    assert_eq!((notice.to_callee, notice.to_operator, notice.level_dbm0), (true, false, -24));
    let notice = tone("notice_tone = \"both\"\nnotice_tone_every = \"30s\"\nnotice_tone_level = -30")
        .unwrap()
        .unwrap();
    assert_eq!((notice.every, notice.level_dbm0, notice.to_operator), (Duration::from_secs(30), -30, true));
    for wrong in [
        "notice_tone = \"loud\"",
        "notice_tone_every = \"1s\"",
        "notice_tone_level = -9",
        "notice_tone_level = \"-20\"",
    ] {
        assert!(tone(wrong).is_err(), "{wrong}");
    }
}

/// S4.35: the quota is a number of GB, whole or not; 0 is none.
#[test]
fn a_quota_may_be_half_a_gigabyte() {
    let quota = |text: &str| {
        parse(&format!("[recording]\nquota_gb = {text}\n{MINIMAL}")).map(|config| config.recording.quota)
    };
    for (text, bytes) in [
        ("50", Some(50_000_000_000)),
        ("0.5", Some(500_000_000)),
        ("1.25", Some(1_250_000_000)),
        ("1e-12", Some(1)),
        ("0", None),
        ("0.0", None),
    ] {
        assert_eq!(quota(text).unwrap(), bytes, "{text}");
    }
    for wrong in ["-1", "-0.5", "1000000.5", "nan", "inf", "\"50\"", "true"] {
        assert!(quota(wrong).is_err(), "{wrong}");
    }
}
