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
