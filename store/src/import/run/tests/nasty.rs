//! Cells that a spreadsheet would run, through every file that we write and read.

use super::*;

const NASTY: [&str; 11] = [
    "=1+1",
    "=HYPERLINK(\"http://x\",\"y\")",
    "+cmd!A1",
    "-2+3",
    "@SUM(A1)",
    "＝1",
    "－x",
    "'=1",
    "''-a",
    "'+81312345678",
    "+81312345678",
];

/// Cells of a file, decoded; none of them runs in a spreadsheet.
fn safe_cells(path: &Path, encoding: ExportEncoding) -> Vec<Vec<String>> {
    let bytes = std::fs::read(path).unwrap();
    let text = match encoding {
        ExportEncoding::Cp932 => encoding_rs::SHIFT_JIS.decode(&bytes).0.into_owned(),
        _ => String::from_utf8(bytes).unwrap(),
    };
    let text = text.trim_start_matches('\u{FEFF}').as_bytes();
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text);
    let rows: Vec<Vec<String>> =
        reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect();
    for cell in rows.iter().flatten() {
        let runs = cell.starts_with(['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠']);
        assert!(!runs || cell == "+81312345678", "{cell:?} in {}", path.display());
    }
    rows
}

/// A sheet in which every text is a nasty one.
fn sheet() -> String {
    let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
    let mut sheet = "会社名,担当者名,電話番号,カテゴリー,\"'=備考\"\n".to_owned();
    for (row, text) in NASTY.iter().enumerate() {
        // What is read is what a spreadsheet shows: with a sign in front of each.
        let cell =
            quoted(&if text.starts_with('+') && row == 10 { (*text).to_owned() } else { format!("'{text}") });
        sheet.push_str(&format!("{cell},{cell},+81-3-1234-{row:04},{cell},{cell}\n"));
    }
    sheet
}

/// S1.29, S0.20: a list and the contact book come back cell for cell in every encoding, and nothing of them runs on the way.
#[tokio::test]
async fn nasty_cells_come_back_and_run_nowhere() {
    for encoding in [ExportEncoding::Cp932, ExportEncoding::Utf8, ExportEncoding::Utf8Bom] {
        let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let (from, first, second) = store(here.path()).await;
        let report = import(&from, first, bytes(&sheet()), ImportOptions::default()).await.unwrap();
        assert_eq!((report.applied, report.inserted), (true, NASTY.len() as u64), "{:?}", report.problems);
        let told = |row: LeadRow| (row.company, row.person, row.phone, row.categories, row.attrs);
        let given: Vec<_> = leads(&from, first).await.into_iter().map(told).collect();
        for (row, text) in given.iter().zip(NASTY) {
            assert_eq!((row.0.as_deref(), row.4["=備考"].as_str()), (Some(text), Some(text)));
        }
        let path = here.path().join("list.csv");
        let options = ExportOptions { path: path.clone(), encoding, ..ExportOptions::default() };
        assert!(from.export_list(first, options.clone()).await.unwrap().written);
        let cells = safe_cells(&path, encoding);
        let of_numbers = cells[1..].iter().all(|row| row[2].starts_with("03-1234-"));
        let plus = cells.iter().flatten().any(|cell| cell == "+81312345678");
        assert!(of_numbers && plus, "numbers stay numbers: {cells:?}");
        let file = ImportSource::Bytes(std::fs::read(&path).unwrap());
        import(&from, second, file, ImportOptions::default()).await.unwrap();
        let again: Vec<_> = leads(&from, second).await.into_iter().map(told).collect();
        assert_eq!(given, again);

        let book_file = here.path().join("book.csv");
        let options = ExportOptions { path: book_file.clone(), ..options };
        assert!(from.export_contacts(options).await.unwrap().written);
        safe_cells(&book_file, encoding);
        let (into, ..) = store(there.path()).await;
        let options = ImportOptions::for_contacts(super::super::super::Profile::named("open").unwrap());
        let file = ImportSource::Bytes(std::fs::read(&book_file).unwrap());
        let job = ImportJob { options, ..ImportJob::into_contacts(file, NOW) };
        let report = into.import(job).await.unwrap();
        assert_eq!(report.inserted, NASTY.len() as u64, "{:?}", report.problems);
        assert_eq!(same_contacts(&book(&into).await), same_contacts(&book(&from).await));
    }
}

/// Refused rows go to a file that people open in a spreadsheet to correct it: what stood in them does not run there, and comes
/// back as it would have come in.
#[tokio::test]
async fn refused_rows_run_nowhere_and_come_back() {
    let folder = tempfile::tempdir().unwrap();
    let (store, first, second) = store(folder.path()).await;
    let sheet = sheet().replace("\"'=備考\"", "=備考");
    // As a stranger's file has them, without a sign in front.
    let bare = sheet.replace("\"'", "\"");
    let path = folder.path().join("bad.csv");
    let broken = bare.replace("+81-3-1234-", "+81-3-x1234-");
    let options = ImportOptions { error_csv: Some(path.clone()), partial: true, ..ImportOptions::default() };
    let report = import(&store, first, bytes(&broken), options).await.unwrap();
    assert_eq!(report.refused, NASTY.len() as u64);
    safe_cells(&path, ExportEncoding::Utf8Bom);
    let corrected = std::fs::read_to_string(&path).unwrap().replace("-x1234-", "-1234-");
    let again = import(&store, first, bytes(&corrected), ImportOptions::default()).await.unwrap();
    assert_eq!(again.inserted, NASTY.len() as u64, "{:?}", again.problems);
    import(&store, second, bytes(&bare), ImportOptions::default()).await.unwrap();
    let told = |row: LeadRow| (row.company, row.person, row.phone, row.categories, row.attrs);
    let (one, two) = (leads(&store, first).await, leads(&store, second).await);
    assert_eq!(one.into_iter().map(told).collect::<Vec<_>>(), two.into_iter().map(told).collect::<Vec<_>>());
}
