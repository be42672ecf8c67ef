use std::fmt::Write as _;

use super::*;
use crate::dnc_import::{DncImport, DncImported};
use crate::dnc_preview::DncEffect;
use crate::error::Error;
use crate::export::ExportOptions;
use crate::id::AttemptId;
use crate::import::{Cancel, ImportJob, ImportSource};
use crate::model::{
    Actor, Advance, AuditQuery, ClaimSpec, DialRules, DncQuery, HistoryQuery, ListSpec, Role,
};
use crate::phone::DialPlan;
use crate::progress::Progress;

const NOW: i64 = 1_795_222_800_000;

fn csv(rows: usize) -> ImportSource {
    let mut text = String::from("取引先会社名,取引先担当者名,電話番号,カテゴリー\n");
    for row in 0..rows {
        writeln!(text, "会社{row},,03{:08},関東", 30_000_000 + row * 7 % 9_999_991).unwrap();
    }
    ImportSource::Bytes(text.into_bytes())
}

#[tokio::test]
async fn calls_are_served_while_an_import_runs() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("kakeru.db");
    let store = Store::open(&path, OpenOptions::default()).unwrap();
    store.recover(NOW).await.unwrap();
    let project = store.ensure_project("案件", None, NOW).await.unwrap();
    let user = store.ensure_user("alice", "Alice", Role::Operator, NOW).await.unwrap();
    let small = store
        .create_list(ListSpec { name: "small".into(), project }, Actor::default(), NOW)
        .await
        .unwrap()
        .id;
    let big =
        store.create_list(ListSpec { name: "big".into(), project }, Actor::default(), NOW).await.unwrap().id;
    let job = |list, rows| ImportJob::into_list(list, csv(rows), NOW);
    assert_eq!(store.import(job(small, 1)).await.unwrap().inserted, 1);
    let importing = store.import(job(big, 3000));
    let dialing = async {
        // Another import into the same list waits for nobody: it is refused.
        tokio::task::yield_now().await;
        let claim = ClaimSpec {
            attempt: AttemptId::generate(NOW),
            list: small,
            plan: DialPlan::default(),
            dial_now: true,
            rules: DialRules::lawful(),
            claim_until: NOW + 60_000,
            skip: Vec::new(),
            account: "main".into(),
            caller_id: None,
        };
        let step =
            Advance { now: NOW, seat: "a".into(), user, save: None, seal_attempt: None, claim: Some(claim) };
        store.advance(step).await.unwrap().claimed
    };
    let (report, claimed) = tokio::join!(importing, dialing);
    assert!(claimed.is_some());
    assert_eq!(report.unwrap().inserted, 3000);
    let lists = store.lists().await.unwrap();
    assert_eq!(lists.iter().map(|list| list.total).collect::<Vec<_>>(), [3000, 1]);
    store.ping().await.unwrap();
    assert!(!store.disk_full());

    // The file can be opened again as soon as the last handle is closed; handles that are left say so.
    let left = store.clone();
    store.close().await;
    assert!(matches!(left.ping().await, Err(Error::Closed)));
    assert!(matches!(left.lists().await, Err(Error::Closed)));
    drop(left);
    let again = Store::open(&path, OpenOptions::default()).unwrap();
    assert_eq!(again.recover(NOW).await.unwrap().interrupted.len(), 1);
    drop(again);
    assert!(Store::open(&path, OpenOptions::default()).is_ok());
}

/// Exports and the recount tell how far they are, and end with nothing kept when nobody wants them any more.
#[tokio::test]
async fn long_reads_count_and_end_when_nobody_wants_them() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(&dir.path().join("kakeru.db"), OpenOptions::default()).unwrap();
    store.recover(NOW).await.unwrap();
    let project = store.ensure_project("案件", None, NOW).await.unwrap();
    let spec = ListSpec { name: "名簿".into(), project };
    let list = store.create_list(spec, Actor::default(), NOW).await.unwrap().id;
    store.import(ImportJob::into_list(list, csv(2_500), NOW)).await.unwrap();
    for number in ["0312340001", "0312340002"] {
        let entry = crate::DncEntry::by_hand(number, "希望", Actor::default(), NOW);
        store.dnc_add(entry).await.unwrap();
    }
    let path = dir.path().join("out.csv");
    let options = |progress: &Progress| ExportOptions {
        path: path.clone(),
        progress: progress.clone(),
        ..ExportOptions::default()
    };
    let (contacts, calls, dnc, list_rows, verify) = (
        Progress::default(),
        Progress::default(),
        Progress::default(),
        Progress::default(),
        Progress::default(),
    );
    let (query, of_dnc) = (HistoryQuery::default(), DncQuery::default());
    store.export_contacts(options(&contacts)).await.unwrap();
    store.export_history(query.clone(), options(&calls)).await.unwrap();
    store.export_dnc(of_dnc.clone(), options(&dnc)).await.unwrap();
    store.export_list(list, options(&list_rows)).await.unwrap();
    assert!(store.verify(Default::default(), verify.clone()).await.unwrap().is_empty());
    for (progress, rows) in
        [(&contacts, 2_500), (&calls, 0), (&dnc, 2), (&list_rows, 2_500), (&verify, 7_500)]
    {
        assert_eq!((progress.done(), progress.total()), (rows, rows));
    }
    std::fs::remove_file(&path).unwrap();
    let stopped = Progress::default();
    stopped.stop();
    let ended = [
        store.export_contacts(options(&stopped)).await.err(),
        store.export_history(query, options(&stopped)).await.err(),
        store.export_dnc(of_dnc, options(&stopped)).await.err(),
        store.export_list(list, options(&stopped)).await.err(),
        store.verify(Default::default(), stopped).await.err(),
    ];
    let codes = ended.map(|error| error.map_or("", |error| error.code()));
    assert_eq!(codes, ["E-IMPORT-STOPPED"; 5]);
    let left: Vec<_> =
        std::fs::read_dir(dir.path()).unwrap().flatten().map(|file| file.file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().starts_with("out")), "{left:?}");
}

/// X6: what a file of do-not-call numbers would do is shown row by row, and nothing of it is done.
#[tokio::test]
async fn a_do_not_call_file_is_shown_as_it_would_be_entered() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(&dir.path().join("kakeru.db"), OpenOptions::default()).unwrap();
    store.recover(NOW).await.unwrap();
    let spring = store.ensure_project("春", None, NOW).await.unwrap();
    let autumn = store.ensure_project("秋", None, NOW).await.unwrap();
    let job = |text: String, clear: bool, projects: Vec<crate::ProjectId>, dry_run: bool| DncImport {
        source: ImportSource::Bytes(text.into_bytes()),
        file_name: None,
        encoding: None,
        max_rows: None,
        projects,
        reason: "名簿".into(),
        clear,
        partial: false,
        dry_run,
        error_csv: None,
        warning_csv: None,
        lang: crate::Lang::Ja,
        cancel: Cancel::default(),
        by: Actor::default(),
        now: NOW,
        progress: None,
    };
    let known = "電話番号,案件\n0312340001,\n0312340002,春\n".to_owned();
    assert_eq!(store.import_dnc(job(known, false, Vec::new(), false)).await.unwrap().changed, 2);
    let file = "理由,電話番号,案件,根拠\n断り,03-1234-0001,,書面\n,０３１２３４０００２,,\n,0312340002,春,\n,110,,\n,3-1234-0003/0312340004,,\n,0312340003,,\n";
    let shown = |done: &DncImported| -> Vec<_> {
        let rows = done.preview.iter();
        rows.map(|row| (row.line, row.phone.clone(), row.project, row.reason.to_string(), row.effect))
            .collect()
    };
    let row =
        |line, number: &str, project, effect| (line, number.to_owned(), project, "名簿".to_owned(), effect);
    let looked = store.import_dnc(job(file.into(), false, Vec::new(), true)).await.unwrap();
    let refused = DncEffect::Refused(crate::Code::PhoneForbidden);
    let expected = [
        (2, "+81312340001".into(), None, "断り".into(), DncEffect::Completed),
        row(3, "+81312340002", None, DncEffect::New),
        row(4, "+81312340002", Some(spring), DncEffect::Known),
        (5, "110".into(), None, String::new(), refused),
        row(6, "+81312340003", None, DncEffect::New),
        row(6, "+81312340004", None, DncEffect::New),
        row(7, "+81312340003", None, DncEffect::Known),
    ];
    assert_eq!(shown(&looked), expected);
    assert_eq!(looked.preview[0].evidence.as_deref(), Some("書面"));
    assert_eq!((looked.report.refused, looked.report.applied, looked.changed), (1, false, 0));
    // What the file would do as a whole is what it then does, each number once.
    let partial = |text: &str, clear, projects: Vec<crate::ProjectId>, dry_run| DncImport {
        partial: true,
        ..job(text.to_owned(), clear, projects, dry_run)
    };
    let file_of_all = file;
    let looked = store.import_dnc(partial(file_of_all, false, Vec::new(), true)).await.unwrap();
    assert_eq!((looked.changed, looked.unchanged), (3, 3));
    // A row that names no project counts for each that is given.
    let file = "電話番号\n0312340002\n0312340001\n0312340002\n";
    let looked = store.import_dnc(job(file.into(), true, vec![spring, autumn], true)).await.unwrap();
    let expected = [
        row(2, "+81312340002", Some(spring), DncEffect::Cleared),
        row(2, "+81312340002", Some(autumn), DncEffect::Absent),
        row(3, "+81312340001", Some(spring), DncEffect::Absent),
        row(3, "+81312340001", Some(autumn), DncEffect::Absent),
        row(4, "+81312340002", Some(spring), DncEffect::Absent),
        row(4, "+81312340002", Some(autumn), DncEffect::Absent),
    ];
    assert_eq!(shown(&looked), expected);
    assert_eq!((looked.changed, looked.unchanged), (1, 5));
    // A project that nobody made refuses its row and no other, and clears and enters nothing.
    let typing = "電話番号,案件\n0312340005,はる\n0312340006,春\n";
    let looked = store.import_dnc(partial(typing, false, Vec::new(), true)).await.unwrap();
    let problem = &looked.report.problems[0];
    assert_eq!(
        (problem.line, problem.code, problem.value.as_str()),
        (2, crate::Code::ProjectUnknown, "はる")
    );
    assert_eq!((problem.column.as_deref(), looked.changed), (Some("案件"), 1));
    // Only the first rows are shown, refused ones among them, however many there are.
    let many: String =
        (0..50).map(|row| if row % 2 == 0 { format!("03123401{row:02}\n") } else { "x\n".into() }).collect();
    let looked = store.import_dnc(job(many, false, Vec::new(), true)).await.unwrap();
    let lines: Vec<u64> = looked.preview.iter().map(|row| row.line).collect();
    assert_eq!(lines, (1..=20).collect::<Vec<_>>());
    assert_eq!(store.dnc_entries(DncQuery::default()).await.unwrap().len(), 2, "nothing was entered");
    let done = store.import_dnc(partial(file_of_all, false, Vec::new(), false)).await.unwrap();
    assert_eq!((done.changed, done.unchanged), (3, 3), "as it was shown");
}

/// Work that takes long on a large database says how far it is.
#[tokio::test]
async fn long_work_tells_how_far_it_is() {
    use crate::model::{LeadChange, ViewFilter};
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("kakeru.db");
    let store = Store::open(&path, OpenOptions::default()).unwrap();
    store.recover(NOW).await.unwrap();
    let project = store.ensure_project("案件", None, NOW).await.unwrap();
    let by = Actor::default();
    let list = store.create_list(ListSpec { name: "春".into(), project }, by, NOW).await.unwrap().id;
    store.import(ImportJob::into_list(list, csv(300), NOW)).await.unwrap();
    let leads = store.find_leads(list, ViewFilter::default()).await.unwrap();
    store.change_leads(list, leads, LeadChange::Delete, by, NOW, Progress::default()).await.unwrap();
    let progress = Progress::default();
    assert_eq!(
        store.restore_leads(list, NOW, Some(300), by, NOW, progress.clone()).await.unwrap().changed,
        300
    );
    assert_eq!(progress.done(), 300);
    let progress = Progress::default();
    assert!(store.check(true, progress.clone()).await.unwrap().is_sound());
    assert!(progress.done() >= 300 && progress.total() >= progress.done(), "{progress:?}");
    let stopped = Progress::default();
    stopped.stop();
    assert_eq!(store.check(true, stopped).await.unwrap_err().code(), "E-IMPORT-STOPPED");
    let copy = dir.path().join("copy.db");
    store.backup(copy.clone(), false, None, None).await.unwrap();
    store.close().await;
    let mut told = Vec::new();
    crate::restore_told(&copy, &path, "x", (Actor::default(), NOW), &mut |done, total| {
        told.push((done, total))
    })
    .unwrap();
    assert_eq!(told.first(), Some(&(0, 0)), "the copy is looked at first");
    assert!(told.last().is_some_and(|(done, total)| *done > 0 && done == total), "{told:?}");
}

/// S4.14-S4.19: what a status counts as is fixed by the first call that has it; everything else of it may change.
#[tokio::test]
async fn what_a_used_status_counts_as_is_fixed() {
    use crate::model::{DispositionChange, DispositionFlags};
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(&dir.path().join("kakeru.db"), OpenOptions::default()).unwrap();
    store.recover(NOW).await.unwrap();
    let project = store.ensure_project("案件", None, NOW).await.unwrap();
    let user = store.ensure_user("alice", "Alice", Role::Operator, NOW).await.unwrap();
    let by = Actor::default();
    let counts = |counts: bool| DispositionChange {
        flags: DispositionFlags { counts_connect: Some(counts), ..Default::default() },
        ..Default::default()
    };
    store.disposition_change("talked", counts(false), by, NOW).await.unwrap();
    store.disposition_change("talked", counts(true), by, NOW).await.unwrap();
    let call = crate::model::ManualCall {
        attempt: None,
        phone: "03-5555-0000".into(),
        plan: DialPlan::default(),
        seat: "a".into(),
        user,
        project: Some(project),
        named: false,
        account: "main".into(),
        caller_id: None,
        origin: crate::model::Origin::Manual,
        now: NOW,
        rules: DialRules::lawful(),
        second: None,
        stub: false,
        lead: None,
    };
    let attempt = store.open_manual(call).await.unwrap().attempt;
    let save = crate::model::Save::new(attempt, "talked", user, NOW);
    store.save(save).await.unwrap();
    let refused = store.disposition_change("talked", counts(false), by, NOW).await.unwrap_err();
    assert!(matches!(&refused, Error::StatusUsed { calls: 1, .. }), "{refused}");
    assert_eq!(refused.code(), "E-STATUS-USED");
    store.disposition_change("talked", counts(true), by, NOW).await.unwrap();
    let rename = DispositionChange { label: Some("会話".into()), ..DispositionChange::default() };
    assert_eq!(store.disposition_change("talked", rename, by, NOW).await.unwrap().label, "会話");
}

/// A database that is too large to be looked at before the start is looked at afterwards; whoever meets damage first, it is told once.
#[tokio::test]
async fn damage_in_a_large_database_is_found_and_told() {
    use std::os::unix::fs::FileExt as _;

    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("kakeru.db");
    let store = Store::open(&path, OpenOptions::default()).unwrap();
    store.recover(NOW).await.unwrap();
    let project = store.ensure_project("案件", None, NOW).await.unwrap();
    let spec = ListSpec { name: "名簿".into(), project };
    let list = store.create_list(spec, Actor::default(), NOW).await.unwrap().id;
    let (by, progress) = (Actor::default(), None);
    let source = csv(15_000);
    let job = ImportJob { by, progress, ..ImportJob::into_list(list, source, NOW) };
    store.import(job).await.unwrap();
    store.look_for_damage(Progress::default()).await.unwrap();
    assert!(store.damage().borrow().is_none());
    store.close().await;

    let file = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
    let bytes = file.metadata().unwrap().len();
    assert!(bytes > 5 << 20, "{bytes} bytes would be looked at when opened");
    let middle = bytes / 2 / 4096 * 4096;
    file.write_all_at(&[0x5a; 4096 * 32], middle).unwrap();
    drop(file);
    let store = Store::open(&path, OpenOptions::default()).unwrap();
    let mut told = store.damage();
    assert!(told.borrow_and_update().is_none());
    let stopped = Progress::default();
    stopped.stop();
    store.look_for_damage(stopped).await.unwrap();
    assert_eq!(store.look_for_damage(Progress::default()).await.unwrap_err().code(), "E-STORE-CORRUPT");
    assert!(told.has_changed().unwrap() && told.borrow_and_update().is_some());
    // A verb that meets it says nothing new, whether it can go on or not.
    assert!(meets_damage(&store).await);
    assert!(!told.has_changed().unwrap());
    store.close().await;

    // Nor need it be looked for.
    let store = Store::open(&path, OpenOptions::default()).unwrap();
    assert!(meets_damage(&store).await);
    assert!(store.damage().borrow().is_some());
}

async fn meets_damage(store: &Store) -> bool {
    match store.check(false, Progress::default()).await {
        Ok(report) => !report.damage.is_empty(),
        Err(error) => error.code() == "E-STORE-CORRUPT",
    }
}

/// X7: the audit log has who cancelled an import, and that its rows went by them and not by who imported; one that nobody
/// waited for any more is nobody's cancel.
#[tokio::test]
async fn who_cancels_an_import_is_in_the_audit_log() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(&dir.path().join("kakeru.db"), OpenOptions::default()).unwrap();
    store.recover(NOW).await.unwrap();
    let project = store.ensure_project("案件", None, NOW).await.unwrap();
    let spec = ListSpec { name: "春".into(), project };
    let list = store.create_list(spec, Actor::default(), NOW).await.unwrap().id;
    let (alice, bob) = (Actor { user: None, uid: Some(1) }, Actor { user: None, uid: Some(2) });
    let cancel = Cancel::default();
    cancel.cancel(bob, NOW + 7);
    cancel.cancel(alice, NOW + 8);
    let mut job = ImportJob::into_list(list, csv(3000), NOW);
    (job.by, job.options.cancel) = (alice, Some(cancel));
    assert_eq!(store.import(job).await.unwrap_err().code(), "E-IMPORT-STOPPED");
    let abandoned = Cancel::default();
    abandoned.abandon();
    let mut job = ImportJob::into_list(list, csv(3000), NOW);
    (job.by, job.options.cancel) = (alice, Some(abandoned));
    assert_eq!(store.import(job).await.unwrap_err().code(), "E-IMPORT-STOPPED");
    let log = store
        .audit_log(AuditQuery { action: Some("import.".into()), ..AuditQuery::default() })
        .await
        .unwrap();
    let told: Vec<_> = log.iter().rev().map(|row| (row.action.as_str(), row.uid, row.at)).collect();
    let by_bob = [("import.cancel", Some(2), NOW + 7), ("import.undo", Some(2), NOW + 7)];
    assert_eq!(told, [&by_bob[..], &[("import.undo", None, NOW)]].concat());
}

/// S0.20: an undo that failed, and was told as failed, is not finished by the next start over what somebody did since. It says so,
/// and can be begun again.
#[tokio::test]
async fn an_undo_that_failed_is_not_finished_later() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("kakeru.db");
    let by = Actor::default();
    let store = Store::open(&path, OpenOptions::default()).unwrap();
    store.recover(NOW).await.unwrap();
    let project = store.ensure_project("案件", None, NOW).await.unwrap();
    let list = store.create_list(ListSpec { name: "春".into(), project }, by, NOW).await.unwrap().id;
    let import = store.import(ImportJob::into_list(list, csv(300), NOW)).await.unwrap().import.unwrap();
    // What it has to remove leads from is not there for a while.
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute_batch("ALTER TABLE lead_phones RENAME TO away").unwrap();
    let failed = store.undo_import(import, by, NOW + 1, Progress::default()).await.unwrap_err();
    other.execute_batch("ALTER TABLE away RENAME TO lead_phones").unwrap();
    let told = store.find_import(&import.to_string()).await.unwrap();
    assert_eq!((told.state.as_str(), &told.report["undoing"]), ("committed", &serde_json::Value::Null));
    assert_eq!(told.report["undo_ended"]["code"], failed.code());
    let query = AuditQuery { action: Some("import.undo".into()), limit: 10, ..AuditQuery::default() };
    let log = store.audit_log(query).await.unwrap();
    assert_eq!(
        log.iter().map(|row| row.detail["ended"]["code"].clone()).collect::<Vec<_>>(),
        [failed.code()]
    );
    store.close().await;
    let store = Store::open(&path, OpenOptions::default()).unwrap();
    assert!(store.recover(NOW + 2).await.unwrap().imports.is_empty());
    assert_eq!(store.list_by_name("春").await.unwrap().total, 300);
    let undone = store.undo_import(import, by, NOW + 3, Progress::default()).await.unwrap();
    let told = store.find_import(&import.to_string()).await.unwrap();
    assert_eq!((undone.removed, told.state.as_str()), (300, "undone"));
    assert_eq!(told.report["undo_ended"], serde_json::Value::Null);
}

/// S1.12, S0.23: what comes back from a bin fits, or stays there.
#[tokio::test]
async fn what_does_not_fit_stays_in_the_bin() {
    use crate::model::{ContactQuery, LeadChange, ViewFilter};
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(&dir.path().join("kakeru.db"), OpenOptions::default()).unwrap();
    store.recover(NOW).await.unwrap();
    let project = store.ensure_project("案件", None, NOW).await.unwrap();
    let by = Actor::default();
    let list = store.create_list(ListSpec { name: "春".into(), project }, by, NOW).await.unwrap().id;
    store.import(ImportJob::into_list(list, csv(30), NOW)).await.unwrap();
    let leads = store.find_leads(list, ViewFilter::default()).await.unwrap();
    store.change_leads(list, leads, LeadChange::Delete, by, NOW, Progress::default()).await.unwrap();
    // Ten of the numbers are on it again, and stay in the bin anyway.
    store.import(ImportJob::into_list(list, csv(10), NOW)).await.unwrap();
    let restore = |most| store.restore_leads(list, NOW, Some(most), by, NOW, Progress::default());
    let full = restore(29).await.unwrap_err();
    assert_eq!((full.code(), &full.facts()["free"]), ("E-LIST-FULL", &19.into()));
    assert_eq!(store.list_by_name("春").await.unwrap().total, 10, "none of them came back");
    assert_eq!(restore(30).await.unwrap().changed, 20);
    let contact = store.contacts(ContactQuery::default()).await.unwrap()[0].id;
    store.contacts_delete(vec![contact], by, NOW).await.unwrap();
    assert_eq!(store.contact_undo(contact, Some(29), by, NOW).await.unwrap_err().code(), "E-CONTACTS-FULL");
    assert_eq!(store.contact_undo(contact, Some(30), by, NOW).await.unwrap().id, contact);
}

/// Calls, and saves that are gone through while somebody is in wrap-up, come one after the other all day on a box with many seats: the log
/// must not wait for a quiet moment.
#[tokio::test]
async fn the_log_stays_short_where_no_moment_is_quiet() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("kakeru.db");
    let store = Store::open(&path, OpenOptions::default()).unwrap();
    store.recover(NOW).await.unwrap();
    let mut frames = 0;
    let log = path.with_extension("db-wal");
    for at in 0..2_000 {
        let long = "名".repeat(60);
        store.ensure_project(&format!("{long}{at}"), None, NOW).await.unwrap();
        frames = frames.max(std::fs::metadata(&log).unwrap().len() / 4_120);
    }
    assert!(frames > 3_000, "too little was written to tell: {frames} frames");
    assert!(frames < 5_000, "{frames} frames");
    store.close().await;
}

/// S1.27: as lists and contacts, leads come back within 30 days; what is being emptied does not come back by halves.
#[tokio::test]
async fn leads_come_back_within_thirty_days() {
    use crate::model::{LeadChange, TRASH_MS, ViewFilter};
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(&dir.path().join("kakeru.db"), OpenOptions::default()).unwrap();
    store.recover(NOW).await.unwrap();
    let project = store.ensure_project("案件", None, NOW).await.unwrap();
    let by = Actor::default();
    let list = store.create_list(ListSpec { name: "春".into(), project }, by, NOW).await.unwrap().id;
    store.import(ImportJob::into_list(list, csv(3), NOW)).await.unwrap();
    let leads = store.find_leads(list, ViewFilter::default()).await.unwrap();
    store.change_leads(list, leads, LeadChange::Delete, by, NOW, Progress::default()).await.unwrap();
    let restore = |now| store.restore_leads(list, NOW, None, by, now, Progress::default());
    let late = restore(NOW + TRASH_MS + 1).await.unwrap_err();
    assert!(matches!(late, crate::Error::List(crate::ListError::NotInBin)), "{late:?}");
    assert_eq!(store.list_by_name("春").await.unwrap().total, 0);
    assert_eq!(restore(NOW + TRASH_MS).await.unwrap().changed, 3);
}
