use protocol::{Incoming, Reply};

use super::*;

/// S4.7, X4: a task is called what its call was given, not 再コール for every status that has a time.
#[test]
fn a_task_is_shown_with_the_label_of_its_status() {
    let golden = include_str!("../../../../protocol/golden/reply.task.ls.json");
    let Ok(Incoming::Reply(Reply { outcome: Ok(page), .. })) = Incoming::parse(golden.as_bytes()) else {
        panic!("the golden page is a reply")
    };
    let page: TaskPage = serde_json::from_value(page).unwrap();
    let named = |label: Option<&str>| TaskRow {
        kind: "callback".to_owned(),
        label: label.map(str::to_owned),
        ..page.rows[0].clone()
    };
    let rows = [named(Some("担当不在")), named(None)];
    let lines = task_table(&rows, Out { json: false, lang: Lang::Ja }).lines();
    assert!(lines[1].contains("担当不在") && !lines[1].contains("再コール"), "{lines:#?}");
    assert!(lines[2].contains("再コール"), "{lines:#?}");
}

/// S1.14, X6: a preview of do-not-call numbers says whether the import would take them, as that of a list does.
#[test]
fn a_preview_of_numbers_says_what_is_to_be_done() {
    let asked = |partial, dry_run| RowsArgs { partial, dry_run, report: None, report_warnings: None };
    let told = |rows: u64, refused: u64, committed: bool, asked: &RowsArgs, lang| {
        let done = serde_json::json!({ "file": "-", "encoding": "utf-8", "rows": rows, "changed": 0, "unchanged": 0,
            "refused": refused, "committed": committed, "errors": [], "warnings": [], "counts": {} });
        dnc_head(&serde_json::from_value(done).unwrap(), asked, Out { json: false, lang })
    };
    let mixed = told(3, 1, false, &asked(false, true), Lang::Ja);
    assert_eq!(mixed, "確認のみ(変更していません)。誤りを直すか --partial を付けてください");
    assert_eq!(told(3, 1, false, &asked(true, true), Lang::Ja), "確認のみ(変更していません)");
    assert_eq!(told(3, 0, false, &asked(false, true), Lang::En), "checked only, nothing changed");
    assert!(
        told(3, 3, false, &asked(true, true), Lang::En)
            .ends_with("; no row can be taken; correct the mistakes")
    );
    assert!(told(3, 1, false, &asked(false, false), Lang::Ja).starts_with("変更していません。誤りを直すか"));
    assert_eq!(told(3, 1, true, &asked(true, false), Lang::Ja), "反映しました");
}
