use super::*;

#[test]
fn sizes_are_told_in_powers_of_ten() {
    let shown = [0, 999, 1_000, 1_999, 50_000_000_000, u64::MAX].map(size);
    assert_eq!(shown, ["0 B", "999 B", "1.0 kB", "1.9 kB", "50.0 GB", "18446744.0 TB"]);
}

/// S4.33: what is told is why, and only that.
#[test]
fn more_than_the_quota_says_why() {
    let quota = |held, unsynced, unsealed, removable| {
        let text = serde_json::json!({ "count": 9, "bytes": 9_000_000, "duration_ms": 1, "quota": 8_000_000,
            "max_age_days": null, "over_quota": true, "disk_free": null, "held_bytes": held, "unsynced_bytes": unsynced,
            "unsealed_bytes": unsealed, "removable_bytes": removable, "oldest_at": 1, "hours_left": 0, "days_left": 0 });
        serde_json::from_value::<QuotaResult>(text).unwrap()
    };
    let told = |quota: &QuotaResult, lang| full(quota, Out { json: false, lang });
    let soon = quota(1_000_000, 0, 0, 8_000_000);
    assert!(told(&soon, Lang::En).ends_with("the oldest go within a minute."));
    assert!(told(&soon, Lang::Ja).contains("1分以内") && !told(&soon, Lang::Ja).contains("保持"));
    let held = told(&quota(9_000_000, 0, 0, 0), Lang::En);
    assert!(
        held.ends_with("none of them may go (on hold 9.0 MB): release holds or raise quota_gb."),
        "{held}"
    );
    let several = told(&quota(0, 4_000_000, 5_000_000, 0), Lang::Ja);
    assert!(
        several.contains("(未送信 4.0 MB、未保存の通話 5.0 MB)") && !several.contains("保持中"),
        "{several}"
    );
}
