//! Import, export, import is identity: for lists, contacts and do-not-call numbers, by the rules of every product, in every
//! encoding and with every delimiter.

use proptest::prelude::*;

use super::*;
use crate::dnc_import::DncImport;
use crate::export::strip_neutraliser;
use crate::handle::{OpenOptions, Store};
use crate::model::{Actor, DncQuery, ListSpec};

const NOW: i64 = 1_780_000_000_000;
const ENCODINGS: [Encoding; 6] = [
    Encoding::Utf8,
    Encoding::Cp932,
    Encoding::Utf16Le,
    Encoding::Utf16Be,
    Encoding::EucJp,
    Encoding::Iso2022Jp,
];
const EXPORTS: [ExportEncoding; 3] = [ExportEncoding::Utf8, ExportEncoding::Utf8Bom, ExportEncoding::Cp932];
const DELIMITERS: [(u8, Delimiter); 3] =
    [(b',', Delimiter::Comma), (b'\t', Delimiter::Tab), (b';', Delimiter::Semicolon)];

/// What every encoding has, with all that a cell needs quotes or a neutraliser for.
fn text() -> impl Strategy<Value = String> {
    "[A-Za-z0-9 ぁ-んァ-ヶ亜哀愛山川田中本社商店㈱①ソ表能,;\"'\n=+@-]{1,16}"
        .prop_map(|text| text.trim().to_owned())
        .prop_filter("not empty", |text| !text.is_empty())
}

fn phone() -> impl Strategy<Value = String> {
    "0(3[2-9]|6[4-7])[0-9]{7}"
}

/// Company, person, number, category, a further text. Both names, since some products want both.
type Row = (String, String, String, Option<String>, Option<String>);

fn rows() -> impl Strategy<Value = Vec<Row>> {
    let row = (text(), text(), phone(), proptest::option::of(text()), proptest::option::of(text()));
    proptest::collection::vec(row, 1..12).prop_map(|mut rows| {
        let mut seen = std::collections::HashSet::new();
        rows.retain(|row| seen.insert(row.2.clone()));
        rows
    })
}

/// The choices of one file: profile, encoding and delimiter of what comes in, encoding of what goes out.
fn ways() -> impl Strategy<Value = (&'static str, Encoding, (u8, Delimiter), ExportEncoding)> {
    let profiles = prop::sample::select(vec!["open", "miitel", "calltree", "zoho"]);
    (
        profiles,
        prop::sample::select(ENCODINGS.to_vec()),
        prop::sample::select(DELIMITERS.to_vec()),
        prop::sample::select(EXPORTS.to_vec()),
    )
}

/// A sheet in that encoding; `None` where the encoding lacks a character.
fn sheet(lines: &[Vec<&str>], delimiter: u8, encoding: Encoding) -> Option<Vec<u8>> {
    let mut builder = csv::WriterBuilder::new();
    builder.delimiter(delimiter).terminator(csv::Terminator::CRLF).flexible(true);
    let mut writer = builder.from_writer(Vec::new());
    for line in lines {
        writer.write_record(line).unwrap();
    }
    let mut text = String::from_utf8(writer.into_inner().unwrap()).unwrap();
    // With and without a mark, where an encoding has one.
    if matches!(encoding, Encoding::Utf8 | Encoding::Utf16Le | Encoding::Utf16Be)
        && lines.len().is_multiple_of(2)
    {
        text.insert(0, '\u{FEFF}');
    }
    let by = |encoding: &'static encoding_rs::Encoding| {
        let (bytes, _, failed) = encoding.encode(&text);
        (!failed).then(|| bytes.into_owned())
    };
    match encoding {
        Encoding::Utf8 => Some(text.into_bytes()),
        Encoding::Cp932 => by(encoding_rs::SHIFT_JIS),
        Encoding::EucJp => by(encoding_rs::EUC_JP),
        Encoding::Iso2022Jp => by(encoding_rs::ISO_2022_JP),
        Encoding::Utf16Le => Some(text.encode_utf16().flat_map(u16::to_le_bytes).collect()),
        Encoding::Utf16Be => Some(text.encode_utf16().flat_map(u16::to_be_bytes).collect()),
    }
}

/// The records of an exported file, sorted: contacts have no order of their own.
fn records(bytes: &[u8], columns: usize) -> Vec<Vec<String>> {
    let (text, _, failed) = match std::str::from_utf8(bytes) {
        Ok(_) => encoding_rs::UTF_8.decode(bytes),
        Err(_) => encoding_rs::SHIFT_JIS.decode(bytes),
    };
    assert!(!failed);
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
    let record = |record: csv::Result<csv::StringRecord>| {
        record.unwrap().iter().take(columns).map(str::to_owned).collect::<Vec<_>>()
    };
    let mut found: Vec<_> = reader.records().map(record).collect();
    found.sort();
    found
}

fn open(folder: &std::path::Path, name: &str) -> Store {
    Store::open(&folder.join(format!("{name}.db")), OpenOptions::default()).unwrap()
}

fn block<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

/// Into a new list and out again.
async fn list(
    store: &Store,
    name: &str,
    bytes: Vec<u8>,
    options: ImportOptions,
    out: &ExportOptions,
) -> Vec<u8> {
    let project = store.ensure_project("案件", None, NOW).await.unwrap();
    let spec = ListSpec { name: name.to_owned(), project };
    let list = store.create_list(spec, Actor::default(), NOW).await.unwrap().id;
    let job = ImportJob { options, ..ImportJob::into_list(list, ImportSource::Bytes(bytes), NOW) };
    let report = store.import(job).await.unwrap();
    assert!(report.applied, "{:?}", report.problems);
    let done = store.export_list(list, out.clone()).await.unwrap();
    assert!(done.written);
    std::fs::read(&out.path).unwrap()
}

/// Into the book of a box and out again.
async fn book(store: &Store, bytes: Vec<u8>, options: ImportOptions, out: &ExportOptions) -> Vec<u8> {
    let job = ImportJob { options, ..ImportJob::into_contacts(ImportSource::Bytes(bytes), NOW) };
    let report = store.import(job).await.unwrap();
    assert!(report.applied, "{:?}", report.problems);
    assert!(store.export_contacts(out.clone()).await.unwrap().written);
    std::fs::read(&out.path).unwrap()
}

/// Into the register of a box and out again.
async fn register(store: &Store, bytes: Vec<u8>, encoding: Option<Encoding>, out: &ExportOptions) -> Vec<u8> {
    store.ensure_project("春", None, NOW).await.unwrap();
    let job = DncImport {
        source: ImportSource::Bytes(bytes),
        file_name: None,
        encoding,
        max_rows: None,
        projects: Vec::new(),
        reason: "名簿".to_owned(),
        clear: false,
        partial: false,
        dry_run: false,
        error_csv: None,
        warning_csv: None,
        lang: Lang::Ja,
        cancel: Cancel::default(),
        by: Actor::default(),
        now: NOW,
        progress: None,
    };
    let done = store.import_dnc(job).await.unwrap();
    assert!(done.report.applied, "{:?}", done.report.problems);
    assert!(store.export_dnc(DncQuery::default(), out.clone()).await.unwrap().written);
    std::fs::read(&out.path).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// S1.29, S0.12, S0.15, C1, C13: what a list holds goes out and in again the same, by the rules of whatever product and from
    /// whatever encoding and delimiter it came; where the product takes quotation marks it is what the first file said.
    #[test]
    fn a_list_of_any_product_goes_round(rows in rows(), (profile, encoding, (byte, delimiter), out) in ways()) {
        let profile = Profile::named(profile).unwrap();
        let mut lines = vec![vec!["取引先会社名", "取引先担当者名", "電話番号", "カテゴリー", "備考"]];
        lines.extend(rows.iter().map(|(company, person, phone, category, note)| {
            vec![company, person, phone, category.as_deref().unwrap_or(""), note.as_deref().unwrap_or("")]
        }));
        let bytes = sheet(&lines, byte, encoding);
        prop_assume!(bytes.is_some());
        let folder = tempfile::tempdir().unwrap();
        let export = ExportOptions {
            path: folder.path().join("out.csv"),
            encoding: out,
            without_results: true,
            ..ExportOptions::default()
        }
        .for_lists(profile);
        let first = ImportOptions { encoding: Some(encoding), delimiter, ..ImportOptions::for_lists(profile) };
        let (once, twice) = block(async {
            let store = open(folder.path(), "kakeru");
            let once = list(&store, "first", bytes.unwrap_or_default(), first, &export).await;
            let twice = list(&store, "second", once.clone(), ImportOptions::for_lists(profile), &export).await;
            store.close().await;
            (once, twice)
        });
        prop_assert_eq!(&once, &twice, "{}", String::from_utf8_lossy(&once));
        if !profile.no_quotes {
            let options = ImportOptions { encoding: Some(encoding), delimiter, ..ImportOptions::for_lists(profile) };
            let (came, _) = read(sheet(&lines, byte, encoding).unwrap(), options).unwrap();
            let (went, _) = read(once, ImportOptions::for_lists(profile)).unwrap();
            prop_assert_eq!(came.len(), rows.len());
            for ((came, went), row) in came.iter().zip(&went).zip(&rows) {
                prop_assert_eq!(&came.phone, &went.phone);
                prop_assert_eq!((&came.company, &came.person), (&went.company, &went.person));
                prop_assert_eq!((&came.categories, &came.attributes), (&went.categories, &went.attributes));
                // A sign before a formula is taken for an export's own, whoever wrote it.
                prop_assert_eq!(came.company.as_deref(), Some(strip_neutraliser(&row.0)));
            }
        }
    }

    /// S0.20, S3.4, S1.29: the contact book goes out and into an empty box the same.
    #[test]
    fn a_book_of_any_product_goes_round(rows in rows(), (profile, encoding, (byte, delimiter), out) in ways()) {
        let profile = Profile::named(profile).unwrap();
        let bare = profile.contact_header == HeaderMode::None;
        let mut lines = vec![vec!["取引先会社名", "取引先担当者名", "電話番号", "カテゴリー"]];
        if bare {
            lines.clear();
        }
        lines.extend(rows.iter().map(|(company, person, phone, category, _)| {
            vec![company.as_str(), person, phone, category.as_deref().unwrap_or("")]
        }));
        let bytes = sheet(&lines, byte, encoding);
        prop_assume!(bytes.is_some());
        let folder = tempfile::tempdir().unwrap();
        let export = ExportOptions {
            path: folder.path().join("out.csv"),
            encoding: out,
            ..ExportOptions::default()
        }
        .for_contacts(profile);
        let first = ImportOptions { encoding: Some(encoding), delimiter, ..ImportOptions::for_contacts(profile) };
        let again = ImportOptions { delimiter: Delimiter::Comma, ..ImportOptions::for_contacts(profile) };
        let (once, twice) = block(async {
            let (here, there) = (open(folder.path(), "here"), open(folder.path(), "there"));
            let once = book(&here, bytes.unwrap_or_default(), first, &export).await;
            let twice = book(&there, once.clone(), again, &export).await;
            here.close().await;
            there.close().await;
            (once, twice)
        });
        let found = records(&once, 9);
        prop_assert_eq!(&found, &records(&twice, 9));
        prop_assert_eq!(found.len(), rows.len() + usize::from(!bare));
    }

    /// X6, S1.29: the do-not-call register goes out and into an empty box the same: numbers, projects, reasons, evidence.
    #[test]
    fn a_register_goes_round(rows in rows(), (_, encoding, _, out) in ways(), tab in any::<bool>()) {
        let mut lines = vec![vec!["電話番号", "案件", "理由", "根拠"]];
        lines.extend(rows.iter().enumerate().map(|(at, (company, _, phone, reason, _))| {
            let project = if at % 2 == 0 { "春" } else { "" };
            vec![phone.as_str(), project, reason.as_deref().unwrap_or(""), company]
        }));
        let bytes = sheet(&lines, if tab { b'\t' } else { b',' }, encoding);
        prop_assume!(bytes.is_some());
        let folder = tempfile::tempdir().unwrap();
        let export = ExportOptions { path: folder.path().join("out.csv"), encoding: out, ..ExportOptions::default() };
        let (once, twice) = block(async {
            let (here, there) = (open(folder.path(), "here"), open(folder.path(), "there"));
            let once = register(&here, bytes.unwrap_or_default(), Some(encoding), &export).await;
            let twice = register(&there, once.clone(), None, &export).await;
            here.close().await;
            there.close().await;
            (once, twice)
        });
        let found = records(&once, 4);
        prop_assert_eq!(&found, &records(&twice, 4));
        prop_assert_eq!(found.len(), rows.len() + 1);
    }
}
