//! Do-not-call: scope, evidence, clearing.

use serde_json::json;

use super::*;
use crate::dnc_import::{DncChange, DncStage, DncStart, DncUndo, DncUndone};
use crate::error::Error;
use crate::model::{AuditQuery, DncAdded, DncClear, DncEntry, DncQuery};

fn entry(world: &World, number: usize, project: Option<ProjectId>) -> DncEntry {
    DncEntry {
        project,
        evidence: Some("2026-11-01の書面".into()),
        ..DncEntry::by_hand(phone(number).national(), "希望により", world.actor(), world.now)
    }
}

fn clear(world: &World, number: usize, project: Option<ProjectId>, reason: &str) -> DncClear {
    DncClear {
        phone: phone(number).national(),
        project,
        reason: reason.into(),
        by: world.actor(),
        now: world.now + 1,
    }
}

/// X6: per project, one or many, or for the whole company; S4.53: with who, why and on what evidence.
#[test]
fn an_entry_holds_for_a_project_or_for_all_and_says_why() {
    let mut world = World::new(2);
    let project = world.project;
    let other = world.db.ensure_project("別件", None, NOW).unwrap();
    let entries = [entry(&world, 0, Some(project)), entry(&world, 0, Some(other)), entry(&world, 1, None)];
    assert_eq!(world.db.dnc_add_all(&entries).unwrap().added, 3);
    assert_eq!(world.db.dnc_add_all(&entries).unwrap().added, 0, "there already");
    let rows = world.reader().dnc_entries(&DncQuery::default()).unwrap();
    assert_eq!(rows.len(), 3);
    assert_eq!((rows[0].project_name.as_deref(), rows[0].by_login.as_deref()), (Some("案件"), Some("alice")));
    assert_eq!(rows[2].evidence.as_deref(), Some("2026-11-01の書面"));
    let of_project = DncQuery { project: Some(project), ..DncQuery::default() };
    assert_eq!(world.reader().dnc_entries(&of_project).unwrap().len(), 2, "its own and the company's");
    let page = DncQuery { after: Some(rows[0].id), limit: 1, ..DncQuery::default() };
    assert_eq!(world.reader().dnc_entries(&page).unwrap(), rows[1..2]);
    let one = DncQuery { phone: Some(phone(1).display_national()), ..DncQuery::default() };
    assert_eq!(world.reader().dnc_entries(&one).unwrap(), rows[2..]);
}

/// Whoever types two numbers with a stroke between asked for both: neither is called. To clear them is to clear both, or neither.
#[test]
fn every_number_of_a_text_is_entered_and_cleared() {
    let mut world = World::new(3);
    let both = format!("{} / {}", phone(0).display_national(), phone(1).display_national());
    let add = DncEntry { phone: both.clone(), ..entry(&world, 0, None) };
    assert_eq!(
        world.db.dnc_add_all(std::slice::from_ref(&add)).unwrap(),
        DncAdded { added: 2, completed: 0 }
    );
    let comma = DncEntry { phone: both.replace(" / ", "、"), evidence: None, ..add };
    assert_eq!(world.db.dnc_add_all(&[comma]).unwrap(), DncAdded::default(), "both are there");
    assert_eq!(world.states(), [LeadState::Skipped, LeadState::Skipped, LeadState::Ready]);
    let of = |phone: &str| DncQuery { phone: Some(phone.into()), ..DncQuery::default() };
    assert_eq!(world.reader().dnc_entries(&of(&both)).unwrap().len(), 2);
    let half = format!("{}/{}", phone(0).national(), phone(2).national());
    let off = |phone: &str| DncClear { phone: phone.into(), ..clear(&world, 0, None, "誤り") };
    let (half, whole) = (off(&half), off(&both));
    let refused = world.db.dnc_clear_all(&[half]).unwrap_err();
    assert!(matches!(refused, Error::NotFound { what: "do-not-call entry", .. }), "{refused}");
    assert_eq!(world.reader().dnc_entries(&of(&both)).unwrap().len(), 2, "none of it was cleared");
    assert_eq!(world.db.dnc_clear_all(&[whole]).unwrap(), 2);
    assert!(world.reader().dnc_entries(&DncQuery::default()).unwrap().is_empty());
}

/// D16: an entry says why it is there; one that came from a call has that.
#[test]
fn an_entry_without_a_reason_is_refused() {
    let mut world = World::new(1);
    let call = world.call("通話済").attempt;
    let silent = DncEntry { reason: " ".into(), ..entry(&world, 0, None) };
    assert!(matches!(
        world.db.dnc_add_all(std::slice::from_ref(&silent)).unwrap_err(),
        Error::ReasonRequired
    ));
    let of_call = DncEntry { attempt: Some(call), ..silent.clone() };
    assert_eq!(world.db.dnc_add_all(&[of_call]).unwrap().added, 1);
    assert_eq!(world.db.dnc_add_all(&[silent]).unwrap().added, 0, "it stands there, and says why");
}

/// X6: what is given for a number that stands there already is lost no more than what stood there, and the audit log has both.
#[test]
fn an_entry_takes_in_what_is_given_once_more() {
    let mut world = World::new(1);
    let call = world.call("通話済").attempt;
    let given = |reason: &str, evidence: Option<&str>, attempt| DncEntry {
        reason: reason.into(),
        evidence: evidence.map(str::to_owned),
        attempt,
        ..entry(&world, 0, None)
    };
    let first = given("希望により", None, None);
    let letter = given("希望により", Some("2026-11-20の書面"), Some(call));
    let mail = given("再度の申し出", Some("2026-11-22のメール"), None);
    let nothing = given("", None, None);
    let long = given(&"長".repeat(22_000), None, None);
    let mut added = |entry: &DncEntry| world.db.dnc_add_all(std::slice::from_ref(entry));
    let of = |added, completed| DncAdded { added, completed };
    assert_eq!(added(&first).unwrap(), of(1, 0));
    assert_eq!(added(&letter).unwrap(), of(0, 1));
    assert_eq!(added(&mail).unwrap(), of(0, 1));
    for again in [&first, &letter, &mail, &nothing] {
        assert_eq!(added(again).unwrap(), of(0, 0), "{again:?}");
    }
    assert_eq!(added(&long).unwrap_err().code(), "E-VALUE");
    let row = world.reader().dnc_entries(&DncQuery::default()).unwrap().remove(0);
    assert_eq!(row.reason, "希望により / 再度の申し出");
    assert_eq!(row.evidence.as_deref(), Some("2026-11-20の書面 / 2026-11-22のメール"));
    assert_eq!((row.attempt, row.at, row.by_login.as_deref()), (Some(call), NOW, Some("alice")));
    let log = world.reader().audit_log(&AuditQuery::default()).unwrap();
    let said: Vec<_> = log.iter().filter(|row| row.action == "dnc.complete").map(|row| &row.detail).collect();
    assert_eq!(said[0]["reason"], serde_json::json!(["希望により", "希望により / 再度の申し出"]));
    assert_eq!(said[1]["attempt"], serde_json::json!([null, call]));
}

/// X6: a file's reason and evidence are written beside what an entry says already, once; the call that it names as its own is known.
#[test]
fn a_file_completes_entries_that_hold() {
    let mut world = World::new(2);
    let call = world.call("クレーム").attempt;
    let row = |reason: &str, evidence: Option<String>| DncChange {
        phone: phone(0).expose().to_owned(),
        project: None,
        reason: reason.into(),
        evidence,
        said: Default::default(),
    };
    let rows = [
        row("クレーム", Some(format!("通話 {call}"))),
        row("書面", Some(format!("2026-11-20の書面 / 通話 {call}"))),
        row("", Some("2026-11-20の書面".into())),
        row("書面 / クレーム", None),
        row(&"長".repeat(22_000), None),
    ];
    let stage = begin(&mut world, false);
    let (mut from, mut done) = (0, DncAdded::default());
    while from < rows.len() {
        let (written, more) = world.db.dnc_stage(stage, &rows[from..]).unwrap();
        from += written;
        done += more;
    }
    assert_eq!(done, DncAdded { added: 0, completed: 1 });
    let entry = world.reader().dnc_entries(&DncQuery::default()).unwrap().remove(0);
    assert_eq!(entry.reason, "クレーム / 書面");
    assert_eq!((entry.evidence.as_deref(), entry.attempt), (Some("2026-11-20の書面"), Some(call)));
    assert_eq!(world.audited().iter().filter(|action| *action == "dnc.complete").count(), 1);
}

/// The call that brought an entry stays its call, and takes back nothing of it that somebody wrote since.
#[test]
fn another_call_becomes_evidence_beside_the_first() {
    let mut world = World::new(2);
    let complaint = world.call("クレーム");
    let other = world.call("通話済").attempt;
    let phone = world.reader().dnc_entries(&DncQuery::default()).unwrap().remove(0).phone;
    let more = DncEntry { phone, reason: String::new(), attempt: Some(other), ..entry(&world, 0, None) };
    world.db.dnc_add_all(&[DncEntry { evidence: None, project: None, ..more }]).unwrap();
    let row = world.reader().dnc_entries(&DncQuery::default()).unwrap().remove(0);
    assert_eq!((row.attempt, row.evidence), (Some(complaint.attempt), Some(format!("通話 {other}"))));
}

/// A bad row in a batch adds none of it; a call named as evidence must exist.
#[test]
fn a_batch_is_added_whole_or_not_at_all() {
    let mut world = World::new(1);
    let mut bad = entry(&world, 0, None);
    bad.phone = "abc".into();
    assert_eq!(world.db.dnc_add_all(&[entry(&world, 0, None), bad]).unwrap_err().code(), "E-PHONE-INVALID");
    let mut evidence = entry(&world, 0, None);
    evidence.attempt = Some(AttemptId(7));
    assert_eq!(world.db.dnc_add_all(&[evidence.clone()]).unwrap_err().code(), "E-NOT-FOUND");
    assert!(world.reader().dnc_entries(&DncQuery::default()).unwrap().is_empty());
    evidence.attempt = Some(world.call("通話済").attempt);
    assert_eq!(world.db.dnc_add_all(&[evidence]).unwrap().added, 1);
}

/// X6, D16: cleared with a reason; the row stays and says who, when, why. The lead has its turn again.
#[test]
fn an_entry_is_cleared_with_a_reason_and_never_deleted() {
    let mut world = World::new(1);
    let added = [entry(&world, 0, None)];
    world.db.dnc_add_all(&added).unwrap();
    assert!(world.dial().is_none());
    assert_eq!(world.states(), [LeadState::Skipped]);
    let silent = world.db.dnc_clear_all(&[clear(&world, 0, None, " ")]).unwrap_err();
    assert!(matches!(silent, Error::ReasonRequired));
    let cleared = [clear(&world, 0, None, "本人から再開の依頼")];
    assert_eq!(world.db.dnc_clear_all(&cleared).unwrap(), 1);
    assert_eq!(world.db.dnc_clear_all(&cleared).unwrap(), 0, "nothing left to clear");
    assert!(world.reader().dnc_entries(&DncQuery::default()).unwrap().is_empty());
    let all = DncQuery { include_cleared: true, ..DncQuery::default() };
    let row = world.reader().dnc_entries(&all).unwrap().remove(0);
    assert_eq!(row.revoked_at, Some(NOW + 1));
    assert_eq!(
        (row.revoked_by.as_deref(), row.revoked_reason.as_deref()),
        (Some("alice"), Some("本人から再開の依頼"))
    );
    assert!(world.dial().is_some());
    assert!(world.db.db.execute("DELETE FROM do_not_call", []).is_err(), "not in the database either");
    let audited = world.audited();
    assert!(audited.ends_with(&["dnc.add".to_owned(), "dnc.clear".to_owned()]), "{audited:?}");
}

#[test]
fn clearing_one_project_leaves_the_others() {
    let mut world = World::new(1);
    let project = world.project;
    let entries = [entry(&world, 0, None), entry(&world, 0, Some(project))];
    world.db.dnc_add_all(&entries).unwrap();
    assert_eq!(world.db.dnc_clear_all(&[clear(&world, 0, Some(project), "x")]).unwrap(), 1);
    assert!(world.dial().is_none(), "the company's entry still holds");
}

/// S4.23 for entries: who entered it is named after their account is deleted.
#[test]
fn an_entry_names_a_deleted_user() {
    let mut world = World::new(1);
    let added = [entry(&world, 0, None)];
    world.db.dnc_add_all(&added).unwrap();
    world.delete_user(world.user, HandOver::Nothing, Actor::default(), NOW).unwrap();
    let row = world.reader().dnc_entries(&DncQuery::default()).unwrap().remove(0);
    assert_eq!(row.by_login.as_deref(), Some("alice"));
}

/// S4.49, S4.53: a number whose クレーム is taken back before the seal has its turn again on the lists that passed it over meanwhile;
/// what another entry forbids stays forbidden.
#[test]
fn a_complaint_taken_back_leaves_no_lead_passed_over() {
    for forbidden in [false, true] {
        let mut world = World::new(1);
        let second = world.list("二");
        world.import(second, &[row(0), row(1)]);
        let attempt = world.dial().unwrap().attempt;
        world.db.end_attempt(&world.ended(attempt)).unwrap();
        world.db.save(&world.save(attempt, "クレーム")).unwrap();
        world.now += 10 * MINUTE;
        world.list = second;
        assert_eq!(world.dial().unwrap().position, 2);
        assert_eq!(world.states(), [LeadState::Skipped, LeadState::Claimed]);
        if forbidden {
            let of_project = entry(&world, 0, Some(world.project));
            world.db.dnc_add_all(&[of_project]).unwrap();
        }
        world.db.save(&world.save(attempt, "通話済")).unwrap();
        let stands = if forbidden { LeadState::Skipped } else { LeadState::Ready };
        assert_eq!(world.states(), [stands, LeadState::Claimed]);
        world.now += 10 * MINUTE;
        assert_eq!(world.dial().map(|claimed| claimed.position), Some(1).filter(|_| !forbidden));
    }
}

/// S4.49, S4.53: a クレーム that was saved more than once, as with a memo, is taken back like any other; one that somebody else entered
/// too stays.
#[test]
fn a_complaint_that_was_saved_again_is_taken_back() {
    for again in ["", "クレーム"] {
        for (others, left) in [(false, 0), (true, 1)] {
            let mut world = World::new(1);
            let attempt = world.dial().unwrap().attempt;
            world.db.end_attempt(&world.ended(attempt)).unwrap();
            world.db.save(&world.save(attempt, "クレーム")).unwrap();
            if others {
                world.db.dnc_add_all(&[entry(&world, 0, None)]).unwrap();
            }
            let memo = Save { memo: Some("苦情の内容".into()), ..world.save(attempt, again) };
            world.db.save(&memo).unwrap();
            world.db.save(&world.save(attempt, "通話済")).unwrap();
            assert_eq!(live(&world).len(), left, "{again:?}");
        }
    }
}

fn begin(world: &mut World, clear: bool) -> DncStage {
    let start =
        DncStart { source: "x.csv".into(), clear, rows: 50, refused: 2, by: world.actor(), now: world.now };
    world.db.dnc_begin(&start).unwrap()
}

/// Writes the numbers of some leads, as an import does.
fn write(world: &mut World, stage: DncStage, numbers: std::ops::Range<usize>) -> u64 {
    let change = |number| DncChange {
        phone: phone(number).expose().to_owned(),
        project: None,
        reason: "名簿".into(),
        said: Default::default(),
        evidence: None,
    };
    let rows: Vec<DncChange> = numbers.map(change).collect();
    let (mut from, mut changed) = (0, 0);
    while from < rows.len() {
        let (written, DncAdded { added: more, .. }) = world.db.dnc_stage(stage, &rows[from..]).unwrap();
        (from, changed) = (from + written, changed + more);
    }
    changed
}

fn live(world: &World) -> Vec<(String, String)> {
    let rows = world.reader().dnc_entries(&DncQuery { limit: 1000, ..DncQuery::default() }).unwrap();
    rows.into_iter().map(|row| (row.phone, row.reason)).collect()
}

/// Until nothing is left to do.
fn in_slices(mut slice: impl FnMut(i64) -> Option<i64>) {
    let mut after = Some(0);
    while let Some(from) = after {
        after = slice(from);
    }
}

fn undo(world: &mut World, import: ImportId) -> DncUndone {
    let undo = DncUndo { import, by: world.actor(), reason: "別の名簿だった".into(), now: world.now };
    let mut undone = DncUndone::default();
    in_slices(|from| {
        let (slice, next) = world.db.dnc_undo(&undo, from).unwrap();
        undone += slice;
        next
    });
    undone
}

/// Another start; what it found of imports: their states.
fn crash(world: World) -> (World, Vec<String>) {
    let mut world = world.reopen();
    let found = world.db.recover(NOW + 9).unwrap().imports;
    (world, found.into_iter().map(|import| import.state).collect())
}

/// X6: what a file added before a crash stays blocked, start after start, until somebody takes it back with a reason.
#[test]
fn a_file_that_a_crash_cuts_short_stays_blocked() {
    let mut world = World::new(3);
    world.db.dnc_add_all(&[entry(&world, 0, None)]).unwrap();
    let stage = begin(&mut world, false);
    assert_eq!(write(&mut world, stage, 0..20), 19, "one is there already");
    world.db.dnc_add_all(&[entry(&world, 30, None)]).unwrap();
    for _ in 0..2 {
        let (again, found) = crash(world);
        world = again;
        assert_eq!(found, ["staging"], "told of at every start");
        assert_eq!(live(&world).len(), 21);
    }
    assert!(world.dial().is_none(), "nobody is called");
    let listed = world.reader().dnc_imports(None, 10).unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!((listed[0].source.as_str(), listed[0].interrupted_at), ("x.csv", Some(NOW + 9)));
    let told = &listed[0].report;
    let told = ["rows", "refused", "changed", "completed"].map(|what| told[what].as_u64());
    assert_eq!(told, [50, 2, 19, 1].map(Some), "what was done, and one entry has its reason besides");
    assert!(crate::sqlite::may_undo_dnc(&listed[0]).is_ok());
    assert!(world.reader().imports(None, None, 100).unwrap().iter().all(|import| import.source != "x.csv"));
    // The journal of staged leads is not kept for it.
    world.db.dnc_clear_all(&[clear(&world, 0, None, "本人から")]).unwrap();
    world.call("通話済");
    let touched: i64 =
        world.db.db.query_row("SELECT count(*) FROM import_touched", [], |r| r.get(0)).unwrap();
    assert_eq!(touched, 0);

    assert_eq!(undo(&mut world, stage.import), DncUndone { cleared: 19, kept: 0 });
    assert_eq!(live(&world), [(phone(30).expose().to_owned(), "希望により".to_owned())]);
    let log = world.reader().audit_log(&AuditQuery::default()).unwrap();
    let imports = log.iter().map(|row| row.action.as_str()).filter(|action| action.starts_with("import."));
    assert_eq!(imports.take(2).collect::<Vec<_>>(), ["import.undo", "import.interrupted"]);
    let detail = |action: &str| log.iter().find(|row| row.action == action).unwrap().detail.clone();
    assert_eq!(detail("import.interrupted"), json!({ "register": "dnc", "changed": 19, "completed": 1 }));
    let undone = detail("import.undo");
    assert_eq!((&undone["cleared"], &undone["kept"]), (&json!(19), &json!(0)), "{undone}");
    assert!(world.dial().is_some(), "those of the file have their turn again");
    let listed = world.reader().dnc_imports(None, 10).unwrap().remove(0);
    let refused = crate::sqlite::may_undo_dnc(&listed).unwrap_err();
    assert_eq!(
        (refused.code(), refused.to_string().contains("19 cleared")),
        ("E-IMPORT-UNDO", true),
        "{refused}"
    );
    assert_eq!(listed.report["changed"], 19, "it had added them");
    assert_eq!(crash(world).1, [""; 0]);
}

/// X6: the same file once more settles what was interrupted; a part of it does not.
#[test]
fn a_file_imported_again_settles_what_was_interrupted() {
    let mut world = World::new(1);
    let first = begin(&mut world, false);
    write(&mut world, first, 0..20);
    let (mut world, _) = crash(world);
    let state = |world: &World| world.reader().dnc_imports(None, 9).unwrap().pop().unwrap().state;
    for (numbers, added, left) in [(0..12, 0, "staging"), (10..40, 20, "committed")] {
        let stage = begin(&mut world, false);
        let rows = numbers.len() as u64;
        assert_eq!(write(&mut world, stage, numbers), added);
        world.db.dnc_commit(stage, rows, 0, added).unwrap();
        assert_eq!(world.db.dnc_interrupted().unwrap(), [first.import]);
        in_slices(|from| world.db.dnc_settle(first.import, from, NOW).unwrap());
        in_slices(|from| world.db.dnc_forget(from).unwrap());
        assert_eq!(state(&world), left);
    }
    assert_eq!(live(&world).len(), 40);
    let remembered: i64 = world.db.db.query_row("SELECT count(*) FROM dnc_also", [], |r| r.get(0)).unwrap();
    assert_eq!(remembered, 0);
    assert_eq!(crash(world).1, [""; 0]);
}

/// X6: a number that another file, a person or a call entered too stays when the interrupted file is taken back.
#[test]
fn taking_a_file_back_keeps_what_others_entered_too() {
    let mut world = World::new(1);
    let call = world.dial().unwrap();
    let first = begin(&mut world, false);
    write(&mut world, first, 0..6);
    let (second, third) = (begin(&mut world, false), begin(&mut world, false));
    assert_eq!(write(&mut world, second, 1..3) + write(&mut world, third, 2..4), 0);
    world.db.dnc_commit(second, 2, 0, 0).unwrap();
    undo(&mut world, third.import);
    world.db.dnc_add_all(&[entry(&world, 4, None)]).unwrap();
    world.finish(call.attempt, "クレーム");
    assert_eq!(undo(&mut world, first.import), DncUndone { cleared: 2, kept: 4 });
    let left: Vec<String> = live(&world).into_iter().map(|(phone, _)| phone).collect();
    assert_eq!(left, [0, 1, 2, 4].map(|number| phone(number).expose().to_owned()));
}

/// S4.53, X6: a number that a file names too stays blocked when its call gets another status before it is closed.
#[test]
fn a_file_s_number_outlives_a_status_that_is_changed() {
    let mut world = World::new(2);
    let calls = [world.dial().unwrap(), world.dial().unwrap()];
    for call in &calls {
        world.db.end_attempt(&world.ended(call.attempt)).unwrap();
        world.db.save(&world.save(call.attempt, "クレーム")).unwrap();
    }
    let stage = begin(&mut world, false);
    assert_eq!(write(&mut world, stage, 0..1), 0);
    world.db.dnc_commit(stage, 1, 0, 0).unwrap();
    in_slices(|from| world.db.dnc_forget(from).unwrap());
    for call in &calls {
        world.db.save(&world.save(call.attempt, "通話済")).unwrap();
    }
    let left: Vec<String> = live(&world).into_iter().map(|(phone, _)| phone).collect();
    assert_eq!(left, [phone(0).expose().to_owned()], "only the one of the file");
}

/// X6: what a file clears holds until all of it is committed, and again when somebody enters it meanwhile.
#[test]
fn a_number_that_a_file_clears_holds_until_its_commit() {
    let mut world = World::new(1);
    let numbers: Vec<DncEntry> = (0..600).map(|number| entry(&world, number, None)).collect();
    world.db.dnc_add_all(&numbers).unwrap();
    let stage = begin(&mut world, true);
    assert_eq!(write(&mut world, stage, 0..500), 500);
    assert_eq!(live(&world).len(), 600);
    assert!(world.dial().is_none(), "not before all of the file is read");
    let (mut world, found) = crash(world);
    assert_eq!(found, ["undone"]);
    let listed = world.reader().dnc_imports(None, 1).unwrap().remove(0);
    assert_eq!(listed.report["changed"].as_u64().unwrap_or(0), 0, "nothing was cleared");
    let refused = crate::sqlite::may_undo_dnc(&listed).unwrap_err().to_string();
    assert!(refused.contains("import the file again"), "{refused}");
    assert_eq!(live(&world).len(), 600);
    assert_eq!(world.db.dnc_commit(stage, 500, 0, 500).unwrap_err().code(), "E-IMPORT-STOPPED");

    let stage = begin(&mut world, true);
    assert_eq!(write(&mut world, stage, 0..500), 500, "nothing is left of the one before");
    world.db.dnc_add_all(&[entry(&world, 7, None)]).unwrap();
    world.db.dnc_commit(stage, 500, 0, 500).unwrap();
    assert!(world.db.dnc_clear_slice(stage.import, 0).unwrap().is_some());
    assert!(live(&world).len() > 101, "in slices");
    let (mut world, found) = crash(world);
    assert_eq!(found, [""; 0]);
    assert_eq!(live(&world).len(), 101, "the rest is done at the next start");
    assert!(live(&world).iter().any(|(number, _)| number == phone(7).expose()), "it was entered again");
    assert!(world.dial().is_some());
}

/// Two files at once do not take each other's numbers back.
#[test]
fn two_files_at_once_are_apart() {
    let mut world = World::new(1);
    let (one, two) = (begin(&mut world, false), begin(&mut world, false));
    assert_ne!(one.at, two.at);
    write(&mut world, one, 0..3);
    write(&mut world, two, 3..5);
    undo(&mut world, one.import);
    world.db.dnc_commit(two, 2, 0, 2).unwrap();
    assert_eq!(live(&world).len(), 2);
    assert_eq!(world.db.dnc_commit(one, 3, 0, 3).unwrap_err().code(), "E-IMPORT-STOPPED");
}

/// X6: an entry whose evidence is a call says in an export which one.
#[test]
fn an_export_names_the_call_that_is_the_evidence() {
    let mut world = World::new(1);
    let call = world.call("クレーム");
    let path = world.path.with_file_name("dnc.csv");
    let options = crate::export::ExportOptions { path: path.clone(), ..Default::default() };
    let exported = |world: &World| {
        crate::export::export_dnc(&mut *world.reader(), &DncQuery::default(), &options).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        text
    };
    let text = exported(&world);
    assert!(text.contains(&format!(",通話 {},結果,", call.attempt)), "{text}");
    world.db.dnc_add_all(&[entry(&world, 0, None)]).unwrap();
    let text = exported(&world);
    assert!(text.contains(&format!(",2026-11-01の書面 / 通話 {},結果,", call.attempt)), "{text}");
}

/// D16: who asked a project that was deleted is not called by one that takes its name.
#[test]
fn a_project_that_takes_the_name_of_a_deleted_one_takes_its_entries() {
    let mut world = World::new(0);
    let by = world.actor();
    let first = world.db.create_project("夏", None, by, NOW).unwrap().id;
    let entries = [0, 1].map(|number| entry(&world, number, Some(first)));
    world.db.dnc_add_all(&entries).unwrap();
    let clear = clear(&world, 1, Some(first), "同意");
    world.db.dnc_clear_all(&[clear]).unwrap();
    world.db.delete_project(first, by, NOW).unwrap();
    let second = world.db.create_project("夏", None, by, NOW + 1).unwrap().id;
    let other = world.db.create_project("秋", None, by, NOW + 1).unwrap().id;
    let blocked = |world: &World, project: ProjectId| {
        [0, 1].map(|number| {
            crate::sqlite::dnc::blocked(&world.db.db, phone(number).expose(), Some(project)).unwrap()
        })
    };
    assert_eq!((blocked(&world, second), blocked(&world, other)), ([true, false], [false, false]));
    let query = DncQuery { project: Some(second), ..Default::default() };
    let found = world.reader().dnc_entries(&query).unwrap();
    assert_eq!((found.len(), found[0].evidence.as_deref()), (1, Some("2026-11-01の書面")));
    let name = Some("夏".to_owned());
    world.db.delete_project(second, by, NOW + 2).unwrap();
    let edit = crate::model::ProjectEdit { name, ..Default::default() };
    world.db.edit_project(other, &edit, by, NOW + 3).unwrap();
    assert_eq!(blocked(&world, other), [true, false]);
    assert!(world.is_sound());
}
