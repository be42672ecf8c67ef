//! What is foreseen of a file of do-not-call numbers is what becomes of it.

use proptest::prelude::*;

use super::*;
use crate::import::{Cancel, ImportSource};
use crate::model::{DncEntry, Role};

const NOW: i64 = 1_780_000_000_000;

fn job(text: &str, clear: bool, partial: bool, projects: Vec<ProjectId>) -> DncImport {
    DncImport {
        source: ImportSource::Bytes(text.as_bytes().to_vec()),
        file_name: Some("dnc.csv".into()),
        encoding: None,
        max_rows: None,
        projects,
        reason: "名簿".into(),
        clear,
        partial,
        dry_run: true,
        error_csv: None,
        warning_csv: None,
        lang: crate::Lang::Ja,
        cancel: Cancel::default(),
        by: Actor::default(),
        now: NOW + 1_000,
        progress: None,
    }
}

fn figures(done: &DncImported) -> [u64; 6] {
    [done.changed, done.unchanged, done.completed, done.past, done.report.rows, done.report.refused]
}

#[derive(Clone, Debug)]
struct Line(usize, usize, usize, usize, bool);

fn line() -> impl Strategy<Value = Line> {
    (0..7_usize, 0..3_usize, 0..4_usize, 0..4_usize, any::<bool>())
        .prop_map(|(n, p, r, e, past)| Line(n, p, r, e, past))
}

/// Some are bad, one says that it was cleared, and most are there twice.
fn sheet(lines: &[Line]) -> String {
    let mut text = "電話番号,案件,理由,根拠,解除日時,解除理由\n".to_owned();
    for Line(number, project, reason, evidence, past) in lines {
        let number = if *number == 6 { "abc".to_owned() } else { format!("031234000{number}") };
        let project = ["", "春", "秋"][*project];
        let reason = ["", "断り", "苦情", "断り / 移転"][*reason];
        let evidence = ["", "書面", "電話で", "書面 / 電話で"][*evidence];
        let cleared = if *past && reason == "苦情" { "2026-01-01 09:00:00,本人から" } else { "," };
        text.push_str(&format!("{number},{project},{reason},{evidence},{cleared}\n"));
    }
    text
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// S1.14, S4.27: a preview has the figures of the import, whatever stands there and in the file.
    #[test]
    fn a_preview_of_numbers_has_the_figures_of_the_import(
        before in proptest::collection::vec(line(), 0..12),
        files in proptest::collection::vec((proptest::collection::vec(line(), 0..14), any::<bool>(), any::<bool>(), 0..3_usize), 1..4),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let folder = tempfile::tempdir().unwrap();
            let store = Store::open(&folder.path().join("kakeru.db"), OpenOptions::default()).unwrap();
            let spring = store.ensure_project("春", None, NOW).await.unwrap();
            let autumn = store.ensure_project("秋", None, NOW).await.unwrap();
            let user = store.ensure_user("alice", "利用者", Role::Manager, NOW).await.unwrap();
            for Line(number, project, reason, ..) in &before {
                let (phone, by) = (format!("031234000{number}"), Actor { user: Some(user), uid: None });
                let entry = DncEntry {
                    project: [None, Some(spring), Some(autumn)][*project],
                    ..DncEntry::by_hand(phone, ["手で", "断り", "苦情", "移転"][*reason], by, NOW)
                };
                store.dnc_add(entry).await.unwrap();
            }
            for (lines, clear, partial, usual) in &files {
                let usual = [vec![], vec![spring], vec![spring, autumn]][*usual].clone();
                let looked = job(&sheet(lines), *clear, *partial, usual);
                let foreseen = store.import_dnc(looked.clone()).await.unwrap();
                let done = store.import_dnc(DncImport { dry_run: false, ..looked }).await.unwrap();
                prop_assert_eq!(figures(&foreseen), figures(&done), "{} {} {}", sheet(lines), clear, partial);
                prop_assert!(!foreseen.report.applied && foreseen.report.import.is_none());
            }
            let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
            prop_assert!(left.iter().all(|name| !name.to_string_lossy().contains("trial")), "{left:?}");
            Ok(())
        })?;
    }
}

/// D16: an entry that came from a call takes in what a file says, in a preview too, where the call is not.
#[tokio::test]
async fn what_an_entry_of_a_call_takes_in_is_foreseen() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kakeru.db");
    let store = Store::open(&path, OpenOptions::default()).unwrap();
    let database = rusqlite::Connection::open(&path).unwrap();
    database.pragma_update(None, "foreign_keys", false).unwrap();
    let sql = "INSERT INTO do_not_call (phone, reason, source, attempt_id, at) VALUES ('+81312340001', 'クレーム', 'status', ?1, 1)";
    database.execute(sql, [[7_u8; 16]]).unwrap();
    let foreseen = store
        .import_dnc(job("電話番号,理由\n0312340001,断り\n0312340002,断り\n", false, false, Vec::new()))
        .await;
    assert_eq!(figures(&foreseen.unwrap()), [1, 1, 1, 0, 2, 0]);
}
