//! Result statuses of a site.

use super::*;
use crate::error::Error;
use crate::model::{
    DispositionChange, DispositionDraft, DispositionFlags, HistoryQuery, LeadNext, PageAt, SortColumn,
    StatsQuery, ViewFilter, ViewQuery,
};

fn draft(label: &str) -> DispositionDraft {
    DispositionDraft { code: None, label: label.into(), project: None, flags: DispositionFlags::default() }
}

fn labels(world: &mut World) -> Vec<String> {
    world.db.dispositions().unwrap().into_iter().map(|status| status.label).collect()
}

/// S4.7: any number of own statuses, each with its row of the matrix.
#[test]
fn a_site_adds_as_many_as_it_wants() {
    let mut world = World::new(1);
    let by = world.actor();
    for number in 0..500 {
        world.db.disposition_add(&draft(&format!("結果{number}")), by, NOW).unwrap();
    }
    let mut absent = draft("担当不在");
    absent.code = Some("absent".into());
    absent.flags = DispositionFlags {
        keep_recording: Some(false),
        counts_connect: Some(false),
        lead_next: Some(LeadNext::Retry),
        hotkey: Some("F".into()),
        color: Some("#FF8800".into()),
        position: Some(1),
        ..DispositionFlags::default()
    };
    let made = world.db.disposition_add(&absent, by, NOW).unwrap();
    assert_eq!(
        (made.hotkey.as_deref(), made.color.as_deref(), made.position),
        (Some("f"), Some("#ff8800"), 1)
    );
    assert_eq!(world.db.dispositions().unwrap().len(), 7 + 501);
    let claimed = world.call("担当不在");
    assert_eq!(world.lead(claimed.lead).state, LeadState::Ready, "again in the next round");
    let stats = world.reader().stats(&StatsQuery::default()).unwrap();
    assert_eq!((stats.calls, stats.connects), (1, 0));
}

/// S4.6: the six are refused in code; only key, colour and place are a matter of taste.
#[test]
fn the_built_in_ones_cannot_be_renamed_or_archived() {
    let mut world = World::new(0);
    let by = world.actor();
    for status in ["不通", "fax", "現アナ", "見込", "再コール", "クレーム"] {
        for change in [
            DispositionChange { label: Some("x".into()), ..Default::default() },
            DispositionChange { archived: Some(true), ..Default::default() },
            DispositionChange {
                flags: DispositionFlags { counts_call: Some(false), ..Default::default() },
                ..Default::default()
            },
        ] {
            let refused = world.db.disposition_change(status, &change, by, NOW).unwrap_err();
            assert!(matches!(refused, Error::StatusBuiltin), "{status}: {refused}");
        }
        let flags =
            DispositionFlags { color: Some("#000000".into()), position: Some(3), ..Default::default() };
        let change = DispositionChange { flags, ..Default::default() };
        assert_eq!(world.db.disposition_change(status, &change, by, NOW).unwrap().position, 3);
    }
    assert_eq!(world.audited().iter().filter(|action| *action == "status.edit").count(), 6);
}

#[test]
fn one_place_is_taken_by_one_and_the_order_is_kept() {
    let mut world = World::new(0);
    let by = world.actor();
    world.db.disposition_add(&draft("後日"), by, NOW).unwrap();
    let flags = DispositionFlags { position: Some(2), ..Default::default() };
    let change = DispositionChange { flags, ..Default::default() };
    world.db.disposition_change("後日", &change, by, NOW).unwrap();
    assert_eq!(
        labels(&mut world),
        ["不通", "後日", "FAX", "現アナ", "見込", "再コール", "クレーム", "通話済"]
    );
    let flags = DispositionFlags { position: Some(99), ..Default::default() };
    let change = DispositionChange { flags, ..Default::default() };
    world.db.disposition_change("不通", &change, by, NOW).unwrap();
    assert_eq!(labels(&mut world).last().unwrap(), "不通");
}

/// S4.7: archived instead of deleted. Old calls keep the label, a new status may take it.
#[test]
fn an_archived_status_stays_on_old_calls_and_leaves_the_choice() {
    let mut world = World::new(2);
    let by = world.actor();
    world.db.disposition_add(&draft("後日"), by, NOW).unwrap();
    world.call("後日");
    let archive = DispositionChange { archived: Some(true), ..Default::default() };
    world.db.disposition_change("後日", &archive, by, NOW).unwrap();
    let attempt = world.dial().unwrap().attempt;
    assert_eq!(world.db.save(&world.save(attempt, "後日")).unwrap_err().code(), "E-STATUS-UNKNOWN");
    let query = HistoryQuery { status: Some("後日".into()), ..HistoryQuery::default() };
    assert_eq!(world.reader().history(&query).unwrap()[0].status_label.as_deref(), Some("後日"));
    let again = world.db.disposition_add(&draft("後日"), by, NOW).unwrap();
    assert!(
        world.db.save(&world.save(attempt, "後日")).unwrap().status.as_deref() == Some(again.code.as_str())
    );
    // The old one cannot come back beside it under the same label.
    let old = world.db.all_dispositions().unwrap().into_iter().find(|s| s.archived_at.is_some()).unwrap();
    let back = DispositionChange { archived: Some(false), ..Default::default() };
    assert_eq!(world.db.disposition_change(&old.code, &back, by, NOW).unwrap_err().code(), "E-STATUS-DUP");
}

#[test]
fn a_call_that_was_saved_before_the_status_was_archived_is_sealed() {
    let mut world = World::new(1);
    let by = world.actor();
    world.db.disposition_add(&draft("後日"), by, NOW).unwrap();
    let attempt = world.dial().unwrap().attempt;
    world.db.end_attempt(&world.ended(attempt)).unwrap();
    world.db.save(&world.save(attempt, "後日")).unwrap();
    let archive = DispositionChange { archived: Some(true), ..Default::default() };
    world.db.disposition_change("後日", &archive, by, NOW).unwrap();
    world.db.seal(attempt, NOW).unwrap();
    assert_eq!(world.states(), [LeadState::Done]);
}

/// S4.7: per project or global; the project's own goes first.
#[test]
fn a_status_of_another_project_is_not_offered() {
    let mut world = World::new(1);
    let by = world.actor();
    let other = world.db.ensure_project("別件", None, NOW).unwrap();
    let of_other = DispositionDraft { project: Some(other), ..draft("資料請求") };
    let theirs = world.db.disposition_add(&of_other, by, NOW).unwrap();
    let attempt = world.dial().unwrap().attempt;
    assert_eq!(world.db.save(&world.save(attempt, "資料請求")).unwrap_err().code(), "E-STATUS-UNKNOWN");
    let ours = DispositionDraft { project: Some(world.project), ..draft("資料請求") };
    let ours = world.db.disposition_add(&ours, by, NOW).unwrap();
    assert_ne!(ours.code, theirs.code);
    let saved = world.db.save(&world.save(attempt, "資料請求")).unwrap();
    assert_eq!(saved.status, Some(ours.code));
}

/// C15: one code per status, whatever it is called; labels, old names and codes mean one status and no two mean the same.
#[test]
fn what_is_typed_means_one_status() {
    let mut world = World::new(0);
    let by = world.actor();
    for label in ["不通", "fax", "架電禁止", " 見込 "] {
        let refused = world.db.disposition_add(&draft(label), by, NOW).unwrap_err();
        assert_eq!(refused.code(), "E-STATUS-DUP", "{label}");
    }
    for (code, expected) in [("FAX2", "E-VALUE"), ("fax", "E-STATUS-DUP"), ("", "E-VALUE")] {
        let refused = DispositionDraft { code: Some(code.into()), ..draft("新") };
        assert_eq!(world.db.disposition_add(&refused, by, NOW).unwrap_err().code(), expected, "{code}");
    }
    let key = |key: &str| DispositionFlags { hotkey: Some(key.into()), ..Default::default() };
    world.db.disposition_add(&DispositionDraft { flags: key("z"), ..draft("A") }, by, NOW).unwrap();
    let taken = DispositionDraft { flags: key("Z"), ..draft("B") };
    assert_eq!(world.db.disposition_add(&taken, by, NOW).unwrap_err().code(), "E-STATUS-DUP");
    // In a project those of all projects are offered too; what is archived is not.
    let project = Some(world.project);
    let of_project = DispositionDraft { project, flags: key("z"), ..draft("C") };
    let refused = world.db.disposition_add(&of_project, by, NOW).unwrap_err();
    assert!(refused.code() == "E-STATUS-DUP" && refused.ja().contains("A (z)"), "{}", refused.ja());
    let of_project = DispositionDraft { flags: key("y"), ..of_project };
    let made = world.db.disposition_add(&of_project, by, NOW).unwrap();
    let everywhere = DispositionDraft { flags: key("y"), ..draft("D") };
    assert_eq!(world.db.disposition_add(&everywhere, by, NOW).unwrap_err().code(), "E-STATUS-DUP");
    let change = |archived| DispositionChange { archived: Some(archived), ..Default::default() };
    world.db.disposition_change(&made.code, &change(true), by, NOW).unwrap();
    world.db.disposition_add(&everywhere, by, NOW).unwrap();
    let back = world.db.disposition_change(&made.code, &change(false), by, NOW).unwrap_err();
    assert_eq!(back.code(), "E-STATUS-DUP");
    for flags in [key("zz"), DispositionFlags { color: Some("red".into()), ..Default::default() }] {
        let refused = DispositionDraft { flags, ..draft("C") };
        assert_eq!(world.db.disposition_add(&refused, by, NOW).unwrap_err().code(), "E-VALUE");
    }
}

/// S4.6: what a built-in status is called means that status in every project; one of an earlier version that took its place there
/// no longer does.
#[test]
fn no_project_takes_the_place_of_a_built_in_status() {
    let mut world = World::new(1);
    let by = world.actor();
    let of_project =
        |label: &str| DispositionDraft { project: Some(ProjectId(world.project.0)), ..draft(label) };
    let mine = of_project("担当不在");
    let refused: Vec<_> =
        ["不通", "FAX", "現アナ", "見込", "再コール", "クレーム", "見込み", "fax"].map(of_project).into();
    for draft in refused {
        let error = world.db.disposition_add(&draft, by, NOW).unwrap_err();
        assert_eq!(error.code(), "E-STATUS-DUP", "{}", draft.label);
    }
    let own = world.db.disposition_add(&mine, by, NOW).unwrap();
    let rename = DispositionChange { label: Some("不通".into()), ..DispositionChange::default() };
    assert_eq!(world.db.disposition_change(&own.code, &rename, by, NOW).unwrap_err().code(), "E-STATUS-DUP");
    // As an earlier version let it in.
    world.db.db.execute("UPDATE dispositions SET label = '不通' WHERE code = ?1", [&own.code]).unwrap();
    let claimed = world.call("不通");
    assert_eq!(world.db.attempt(claimed.attempt).unwrap().status.as_deref(), Some("no_contact"));
    let found = HistoryQuery { status: Some("不通".into()), ..Default::default() };
    assert_eq!(world.reader().history(&found).unwrap().len(), 1);
}

/// C15, S4.7: a status is typed as a name is searched: whatever its width, case and kana. No two are alike then.
#[test]
fn a_status_is_found_in_every_spelling_of_it() {
    let mut world = World::new(1);
    let by = world.actor();
    let absent = DispositionDraft { project: Some(world.project), ..draft("担当 不在ﾒﾓ") };
    let absent = world.db.disposition_add(&absent, by, NOW).unwrap();
    let attempt = world.dial().unwrap().attempt;
    for (typed, code) in [
        ("ＦＡＸ", "fax"),
        ("Fax", "fax"),
        ("ｸﾚｰﾑ", "do_not_call"),
        ("くれーむ", "do_not_call"),
        ("再ｺｰﾙ", "callback"),
        ("　見込　み", "prospect"),
        ("ＰＲＯＳＰＥＣＴ", "prospect"),
        ("担当不在メモ", absent.code.as_str()),
    ] {
        let saved = world.db.save(&world.save(attempt, typed)).unwrap();
        assert_eq!(saved.status.as_deref(), Some(code), "{typed}");
    }
    for alike in ["ｆａｘ", "担当不在めも", "見込　ミ"] {
        let refused = DispositionDraft { project: Some(world.project), ..draft(alike) };
        assert_eq!(
            world.db.disposition_add(&refused, by, NOW).unwrap_err().code(),
            "E-STATUS-DUP",
            "{alike}"
        );
    }
}

/// S4.7: who mistypes a status is told all that may stand there, those of the call's project among them.
#[test]
fn an_unknown_status_is_refused_with_those_there_are() {
    let mut world = World::new(1);
    let by = world.actor();
    let other = world.db.ensure_project("別件", None, NOW).unwrap();
    for (label, project) in [("担当不在", world.project), ("資料請求", other)] {
        world
            .db
            .disposition_add(&DispositionDraft { project: Some(project), ..draft(label) }, by, NOW)
            .unwrap();
    }
    let attempt = world.dial().unwrap().attempt;
    let refused = world.db.save(&world.save(attempt, "無い")).unwrap_err();
    let ja = refused.ja();
    assert!(
        ja.starts_with("「無い」。使えるのは: 不通、FAX、現アナ、") && ja.ends_with("、担当不在"),
        "{ja}"
    );
    assert!(!ja.contains("資料請求"), "{ja}");
    assert_eq!(
        refused.facts()["statuses"].as_array().map(Vec::len),
        Some(world.db.dispositions().unwrap().len() - 1)
    );
}

/// A rate of connects is a share of the calls: no status counts as a connect of none.
#[test]
fn what_is_no_call_is_no_connect() {
    let mut world = World::new(2);
    let by = world.actor();
    let flags = |call: Option<bool>, connect: Option<bool>| DispositionFlags {
        counts_call: call,
        counts_connect: connect,
        ..DispositionFlags::default()
    };
    let both = DispositionDraft { flags: flags(Some(false), Some(true)), ..draft("社内") };
    let refused = world.db.disposition_add(&both, by, NOW).unwrap_err();
    assert!(refused.code() == "E-VALUE" && refused.ja().contains("--counts-connect no"), "{refused}");
    let no_call = DispositionDraft { flags: flags(Some(false), None), ..draft("社内") };
    let made = world.db.disposition_add(&no_call, by, NOW).unwrap();
    assert_eq!((made.counts_call, made.counts_connect), (false, false));
    for (status, flags) in [("社内", flags(None, Some(true))), ("talked", flags(Some(false), None))] {
        let change = DispositionChange { flags, ..DispositionChange::default() };
        assert_eq!(world.db.disposition_change(status, &change, by, NOW).unwrap_err().code(), "E-VALUE");
    }
    let off = DispositionChange { flags: flags(Some(false), Some(false)), ..DispositionChange::default() };
    assert!(!world.db.disposition_change("talked", &off, by, NOW).unwrap().counts_connect);
    // As an earlier version let it in: it is shown and changed, and counts as nothing.
    world.db.db.execute("UPDATE dispositions SET counts_connect = 1 WHERE code = ?1", [&made.code]).unwrap();
    let color = DispositionFlags { color: Some("#000000".into()), ..DispositionFlags::default() };
    let change =
        DispositionChange { label: Some("社内用".into()), flags: color, ..DispositionChange::default() };
    world.db.disposition_change("社内", &change, by, NOW).unwrap();
    world.call("社内用");
    world.call("見込");
    let stats = world.reader().stats(&StatsQuery::default()).unwrap();
    assert_eq!((stats.calls, stats.connects), (1, 1));
    assert_eq!(stats, world.reader().stats_recount(&StatsQuery::default()).unwrap());
}

/// Several projects may have a status of one label: whoever looks for it finds the calls of all, and each list its own.
#[test]
fn a_label_of_several_projects_is_found_in_all_of_them() {
    let mut world = World::new(2);
    let by = world.actor();
    let other = world.db.ensure_project("別件", None, NOW).unwrap();
    for project in [other, world.project] {
        world
            .db
            .disposition_add(&DispositionDraft { project: Some(project), ..draft("アポ") }, by, NOW)
            .unwrap();
    }
    world.call("アポ");
    world.call("見込");
    for typed in ["アポ", "ｱﾎﾟ", "あぽ"] {
        let query = HistoryQuery { status: Some(typed.into()), ..HistoryQuery::default() };
        assert_eq!(world.reader().history(&query).unwrap().len(), 1, "{typed}");
        let filter = ViewFilter { status: Some(typed.into()), ..ViewFilter::default() };
        let query = ViewQuery {
            list: world.list,
            filter,
            sort: SortColumn::Position,
            descending: false,
            page: PageAt::First,
            limit: 100,
            opaque: false,
        };
        assert_eq!(world.reader().view(&query).unwrap().rows.len(), 1, "{typed}");
    }
    // One code is one status.
    let code =
        world.db.dispositions().unwrap().into_iter().find(|one| one.project == Some(other)).unwrap().code;
    let query = HistoryQuery { status: Some(code), ..HistoryQuery::default() };
    assert!(world.reader().history(&query).unwrap().is_empty());
    // Of one project, or of none, there is one of a label.
    world.db.disposition_add(&draft("アポ"), by, NOW).unwrap();
    for project in [Some(other), None] {
        let alike = DispositionDraft { project, ..draft("ｱﾎﾟ") };
        assert_eq!(
            world.db.disposition_add(&alike, by, NOW).unwrap_err().code(),
            "E-STATUS-DUP",
            "{project:?}"
        );
    }
}

/// S4.7: what is changed is one status, never another project's: where several have the label they are named.
#[test]
fn a_label_of_several_projects_is_changed_in_none_of_them() {
    let mut world = World::new(1);
    let by = world.actor();
    let other = world.db.ensure_project("別件", None, NOW).unwrap();
    let mut made = |project| {
        let draft = DispositionDraft { project, ..draft("アポ") };
        world.db.disposition_add(&draft, by, NOW).unwrap().code
    };
    let [theirs, ours] = [Some(other), Some(world.project)].map(&mut made);
    let archive = |of| DispositionChange { of, archived: Some(true), ..Default::default() };
    let counts = DispositionFlags { counts_connect: Some(false), ..Default::default() };
    let counts = DispositionChange { flags: counts, ..Default::default() };
    for typed in ["アポ", "ｱﾎﾟ"] {
        let refused = world.db.disposition_change(typed, &archive(None), by, NOW).unwrap_err();
        assert_eq!(refused.code(), "E-AMBIGUOUS", "{typed}");
        for named in [&theirs, &ours, "別件", "--project"] {
            assert!(refused.ja().contains(named) && refused.to_string().contains(named), "{refused}");
        }
        let facts = serde_json::json!([
            { "code": theirs, "project": "別件" },
            { "code": ours, "project": "案件" },
        ]);
        assert_eq!(refused.facts()["statuses"], facts);
        assert_eq!(world.reader().countable(typed, &counts).unwrap_err().code(), "E-AMBIGUOUS", "{typed}");
    }
    // By its project, by its code; a code is no other project's.
    let changed = world.db.disposition_change("アポ", &archive(Some(other)), by, NOW).unwrap();
    assert_eq!(changed.code, theirs);
    let refused = world.db.disposition_change(&ours, &archive(Some(other)), by, NOW).unwrap_err();
    assert_eq!(refused.code(), "E-STATUS-UNKNOWN");
    // The one that is offered is meant, and the other one where it is to be offered again.
    let restore = DispositionChange { archived: Some(false), ..Default::default() };
    assert_eq!(world.db.disposition_change("アポ", &restore, by, NOW).unwrap().code, theirs);
    world.db.disposition_change(&theirs, &archive(None), by, NOW).unwrap();
    assert_eq!(world.db.disposition_change("アポ", &archive(None), by, NOW).unwrap().code, ours);
    assert_eq!(world.db.disposition_change("アポ", &restore, by, NOW).unwrap_err().code(), "E-AMBIGUOUS");
    world.db.disposition_change(&ours, &restore, by, NOW).unwrap();
    // What a project in the bin has is offered to nobody; one of all projects is.
    world.db.disposition_change(&theirs, &restore, by, NOW).unwrap();
    world.db.delete_project(other, by, NOW).unwrap();
    assert_eq!(world.db.disposition_change("アポ", &archive(None), by, NOW).unwrap().code, ours);
    world.db.disposition_change(&ours, &restore, by, NOW).unwrap();
    let all = world.db.disposition_add(&draft("アポ"), by, NOW).unwrap().code;
    let refused = world.db.disposition_change("アポ", &archive(None), by, NOW).unwrap_err();
    assert!(refused.ja().contains(&format!("{all}(全案件)")), "{}", refused.ja());
    assert!(!refused.ja().contains(&theirs), "{}", refused.ja());
}
