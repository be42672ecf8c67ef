//! A do-not-call list goes from one box to another: what it says of each entry's registration goes with it.

use super::*;
use crate::dnc_import::{DncImport, DncImported};
use crate::error::Result;
use crate::export::ExportOptions;
use crate::import::{Cancel, ImportSource};
use crate::model::{Actor, AuditQuery, DncEntry, DncQuery, Role};

const NOW: i64 = 1_780_000_000_000;

struct Site {
    folder: tempfile::TempDir,
    store: Store,
    by: Actor,
}

async fn boxed(login: &str) -> Site {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("kakeru.db"), OpenOptions::default()).unwrap();
    store.ensure_project("春の案件", None, NOW).await.unwrap();
    let user = store.ensure_user(login, "利用者", Role::Manager, NOW).await.unwrap();
    Site { folder, store, by: Actor { user: Some(user), uid: None } }
}

impl Site {
    async fn add(&self, phone: &str, source: &str, evidence: Option<&str>, at: i64) {
        let entry = DncEntry {
            source: source.into(),
            evidence: evidence.map(str::to_owned),
            ..DncEntry::by_hand(phone, "断り", self.by, at)
        };
        self.store.dnc_add(entry).await.unwrap();
    }

    async fn import(&self, text: &str) -> Result<DncImported> {
        let job = DncImport {
            source: ImportSource::Bytes(text.as_bytes().to_vec()),
            file_name: Some("dnc.csv".into()),
            encoding: None,
            max_rows: None,
            projects: Vec::new(),
            reason: "名簿".into(),
            clear: false,
            partial: false,
            dry_run: false,
            error_csv: None,
            warning_csv: None,
            lang: crate::Lang::Ja,
            cancel: Cancel::default(),
            by: self.by,
            now: NOW + 1_000_000,
            progress: None,
        };
        self.store.import_dnc(job).await
    }

    async fn export(&self) -> String {
        let path = self.folder.path().join("out.csv");
        let options = ExportOptions { path: path.clone(), ..ExportOptions::default() };
        self.store.export_dnc(DncQuery::default(), options).await.unwrap();
        std::fs::read_to_string(path).unwrap()
    }
}

/// X6, S4.27: who registered a number, when, from where and with what evidence; who imported it is in the entry and in the audit log.
#[tokio::test]
async fn a_do_not_call_list_says_the_same_on_another_box() {
    let (here, there, third) = (boxed("alice").await, boxed("bob").await, boxed("carol").await);
    here.add("03-1234-0001", "manual", Some("書面"), NOW - 86_400_000).await;
    here.add("03-1234-0002", "status", None, NOW - 5_000).await;
    here.import("電話番号,案件,理由\n0312340003,春の案件,苦情\n").await.unwrap();
    let written = here.export().await;
    assert!(written.contains("alice") && written.contains("結果"), "{written}");
    assert!(!["status", "manual", "import"].iter().any(|word| written.contains(word)), "{written}");
    assert_eq!(there.import(&written).await.unwrap().changed, 3);
    assert_eq!(there.export().await, written);
    let rows = there.store.dnc_entries(DncQuery::default()).await.unwrap();
    assert_eq!(
        (rows[0].source.as_str(), rows[0].by_login.as_deref(), rows[0].at),
        ("manual", Some("alice"), NOW - 86_400_000)
    );
    assert_eq!((rows[0].imported_by.as_deref(), rows[0].imported_at), (Some("bob"), Some(NOW + 1_000_000)));
    let audit = AuditQuery { limit: 10, ..AuditQuery::default() };
    let log = there.store.audit_log(audit).await.unwrap();
    assert!(log.iter().any(|row| row.action == "dnc.import" && row.login.as_deref() == Some("bob")));
    // On a box that has them they stay, and once more it is the same.
    assert_eq!(here.import(&written).await.unwrap().changed, 0);
    assert_eq!(here.export().await, written);
    assert_eq!(third.import(&there.export().await).await.unwrap().changed, 3);
    assert_eq!(third.export().await, written);
    // A file of an earlier version has the words of the database.
    let fourth = boxed("dave").await;
    let earlier = written.replace("結果", "status").replace("手動", "manual").replace("取り込み", "import");
    assert_eq!(fourth.import(&earlier).await.unwrap().changed, 3);
    assert_eq!(fourth.export().await, written);
}

/// A spreadsheet writes times its own way; what is none is told and is the import's, as where the file says nothing.
#[tokio::test]
async fn times_of_spreadsheets_are_taken_and_others_told() {
    let here = boxed("alice").await;
    let text =
        "電話番号,登録者,登録日時\n0312340001,太郎,2026/1/31 9:05\n0312340002,太郎,去年\n0312340003,,\n";
    let report = here.import(text).await.unwrap().report;
    let told: Vec<_> = report.problems.iter().map(|one| (one.line, one.code.as_str(), &*one.value)).collect();
    assert_eq!(told, [(3, "W-TIME", "去年")]);
    let rows = here.store.dnc_entries(DncQuery::default()).await.unwrap();
    let said: Vec<_> = rows.iter().map(|row| (row.by_login.as_deref(), row.at)).collect();
    let at = crate::time::parse_japan_time("2026-01-31 09:05:00").unwrap();
    assert_eq!(said, [(Some("太郎"), at), (Some("太郎"), NOW + 1_000_000), (Some("alice"), NOW + 1_000_000)]);
    assert_eq!((rows[2].imported_at, rows[2].source.as_str()), (None, "import"));
}
