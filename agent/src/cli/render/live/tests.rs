use protocol::{Incoming, Reply};
use serde_json::{Value, json};

use super::*;
use crate::cli::table::width;

/// The status of the golden file, its first seat changed.
fn status_with(change: impl Fn(&mut Value)) -> StatusResult {
    let golden = include_str!("../../../../protocol/golden/reply.status.get.json");
    let Ok(Incoming::Reply(Reply { outcome: Ok(mut status), .. })) = Incoming::parse(golden.as_bytes())
    else {
        panic!("the golden status is a reply")
    };
    change(&mut status);
    serde_json::from_value(status).unwrap()
}

fn in_lang(lang: Lang) -> Out {
    Out { json: false, lang }
}

/// S4.12, F2: when a list goes on is read whole, however long its name and the reason are.
#[test]
fn the_time_at_which_a_list_goes_on_is_whole() {
    let status = status_with(|status| {
        let dial = &mut status["seats"][0]["dial"];
        dial["list"] = json!("春の新規開拓キャンペーン 首都圏 製造業 従業員300名以上 その2");
        (dial["state"], dial["waiting"]) = (json!("waiting"), json!("hours"));
        dial["until"] = json!(1_795_434_000_000_i64);
    });
    for (lang, reason) in
        [(Lang::Ja, "待ち (架電可能時間外)"), (Lang::En, "waiting (outside the calling hours)")]
    {
        let lines = seats(&status, in_lang(lang)).lines();
        assert!(lines[1].contains("2026-11-23 20:40:00"), "{lines:#?}");
        assert!(lines[1].contains(reason), "{lines:#?}");
        assert!(lines[1].contains("春の新規開拓キャンペーン 首都圏") && lines[1].contains('…'), "{lines:#?}");
        let line = seat_line(&status.seats[0], in_lang(lang));
        assert!(line.ends_with(" 2026-11-23 20:40:00"), "{line}");
    }
}

/// Why an account is not registered, and what to do, is read whole; so is when it is tried next.
#[test]
fn why_an_account_is_not_registered_is_whole() {
    let status = status_with(|status| {
        status["accounts"][1]["code"] = Value::Null;
        status["accounts"][1]["why"] = json!("E-PRACTICE-ONLY-LOOPBACK");
    });
    let status = StatusResult { accounts: vec![status.accounts[1].clone()], ..status };
    let lines = accounts(&status, in_lang(Lang::Ja)).lines();
    assert!(lines[1].contains("10:41:00") && lines[1].ends_with("127.0.0.1 にしてください"), "{lines:#?}");
}

/// S0.8: a name of any length leaves room for what stands behind it.
#[test]
fn long_names_are_cut_in_the_line_of_a_seat() {
    let long = "株式会社".repeat(80);
    let status = status_with(|status| {
        status["seats"][0]["call"]["company"] = json!(long);
        status["seats"][0]["call"]["label"] = json!("見込");
    });
    let line = seat_line(&status.seats[0], in_lang(Lang::Ja));
    assert!(width(&line) < 200 && line.contains('…') && line.contains("[見込]"), "{line}");
    let lines = seats(&status, in_lang(Lang::Ja)).lines();
    assert!(width(&lines[1]) < 300 && lines[1].contains("[見込]"), "{lines:#?}");
}
